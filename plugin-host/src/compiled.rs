//! A plugin's code, compiled, linked and looked through: which hooks it exports, with which signatures.

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::binary::{self, Bounds};
use crate::error::LoadError;
use crate::guest_state::GuestState;
use crate::hook::{COUNT, HookPoint};

/// What plugins may import, by the start of the name. Versions are the linker's business.
const OFFERED: [&str; 11] = [
    "raisfast:plugin-wit/host-api",
    "raisfast:plugin-wit/types",
    "fleuron:host/verdict@0.1.",
    "fleuron:host/context@0.1.",
    "fleuron:host/data@0.1.",
    "wasi:io/",
    "wasi:clocks/",
    "wasi:cli/",
    "wasi:filesystem/",
    "wasi:random/",
    "wasi:sockets/",
];

/// Linked code and its exports.
pub(crate) struct Compiled {
    pub(crate) pre: InstancePre<GuestState>,
    exports: [Option<ComponentExportIndex>; COUNT],
}

impl Compiled {
    /// Links compiled code, if it is such as this host takes.
    pub(crate) fn link(
        engine: &Engine,
        linker: &Linker<GuestState>,
        component: &Component,
    ) -> Result<Compiled, LoadError> {
        let unknown = unknown_imports(engine, component);
        if !unknown.is_empty() {
            return Err(LoadError::UnknownImports(unknown));
        }
        let exports = exports(component)?;
        let pre = linker
            .instantiate_pre(component)
            .map_err(|error| LoadError::Code(format!("it does not link: {error:#}")))?;
        Ok(Compiled { pre, exports })
    }

    /// Compiles in this process, and so within bounds that are counted beforehand. Takes its time: not for async threads.
    pub(crate) fn component(engine: &Engine, wasm: &[u8]) -> Result<Component, LoadError> {
        let bytes = binary::to_component(wasm, Bounds::Counted).map_err(LoadError::Code)?;
        Component::from_binary(engine, &bytes)
            .map_err(|error| LoadError::Code(format!("it does not compile: {error:#}")))
    }

    /// The export for a hook, if there is one.
    pub(crate) fn export(&self, point: HookPoint) -> Option<&ComponentExportIndex> {
        self.exports.get(point.index()).and_then(Option::as_ref)
    }

    /// The hooks that the code exports.
    pub(crate) fn exported(&self) -> impl Iterator<Item = HookPoint> + '_ {
        HookPoint::ALL.into_iter().filter(|point| self.export(*point).is_some())
    }
}

fn unknown_imports(engine: &Engine, component: &Component) -> Vec<String> {
    component
        .component_type()
        .imports(engine)
        .map(|(name, _)| name)
        .filter(|name| !OFFERED.iter().any(|offered| name.starts_with(offered)))
        .map(str::to_owned)
        .collect()
}

fn exports(component: &Component) -> Result<[Option<ComponentExportIndex>; COUNT], LoadError> {
    let mut exports = [const { None }; COUNT];
    let component_type = component.component_type();
    for point in HookPoint::ALL {
        let Some(interface) = component.get_export_index(None, point.interface()) else { continue };
        let Some((item, index)) = component.get_export(Some(&interface), point.name()) else { continue };
        let ComponentItem::ComponentFunc(function) = item else {
            return Err(LoadError::Signature { hook: point, reason: "it is not a function".to_owned() });
        };
        point
            .check_signature(&function, &component_type)
            .map_err(|error| LoadError::Signature { hook: point, reason: format!("{error:#}") })?;
        if let Some(slot) = exports.get_mut(point.index()) {
            *slot = Some(index);
        }
    }
    Ok(exports)
}
