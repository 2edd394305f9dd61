//! What guests may call: `raisfast:plugin-wit/host-api` and the imports of `fleuron:host`.
//!
//! Each function counts itself, asks the grants, then a port, and answers in its contract's terms. Contract 1 has no
//! errors: an absent value, `false` or `{"error": ...}` stands for every failure, so the reason also goes to the
//! plugin's log.

mod contract;
mod data;
mod database;
mod json;
mod outward;
mod own;
mod selection;

use wasmtime::component::{HasSelf, Linker};

use crate::guest_state::GuestState;

/// Generated from contract 1: the imports alone, since exports are looked up by name.
mod contract_bindings {
    wasmtime::component::bindgen!({
        path: "../plugin-wit/plugin.wit",
        interfaces: "import raisfast:plugin-wit/host-api;",
        imports: {
            "raisfast:plugin-wit/host-api.log": trappable,
            default: async | trappable,
        },
    });
}

/// Generated from our own package, likewise.
mod own_bindings {
    wasmtime::component::bindgen!({
        path: "../plugin-wit/wit/host.wit",
        interfaces: "import fleuron:host/verdict@0.1.0; import fleuron:host/context@0.1.0; import fleuron:host/data@0.1.0;",
        imports: {
            "fleuron:host/data.new-id": trappable,
            "fleuron:host/verdict": trappable,
            "fleuron:host/context": trappable,
            default: async | trappable,
        },
    });
}

/// Adds everything that guests may import beside WASI.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    contract_bindings::raisfast::plugin_wit::host_api::add_to_linker::<_, HasSelf<GuestState>>(
        linker,
        |state| state,
    )?;
    own_bindings::fleuron::host::verdict::add_to_linker::<_, HasSelf<GuestState>>(linker, |state| state)?;
    own_bindings::fleuron::host::context::add_to_linker::<_, HasSelf<GuestState>>(linker, |state| state)?;
    own_bindings::fleuron::host::data::add_to_linker::<_, HasSelf<GuestState>>(linker, |state| state)
}
