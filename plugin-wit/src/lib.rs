#![doc = include_str!("../README.md")]

mod backend;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
pub mod clock;
pub mod context;
pub mod data;
pub mod database;
mod export;
mod guest;
pub mod host_api;
pub mod html;
mod json;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod types;
pub mod verdict;

pub use backend::HostBackend;
pub use context::CallContext;
pub use guest::Guest;
pub use types::{CommentInput, ContentEvent, Event, PostInput, PostOutput};

/// Everything a plugin's source needs, for `use fleuron_plugin::prelude::*;`.
pub mod prelude {
    pub use crate::{
        CallContext, CommentInput, ContentEvent, Event, Guest, PostInput, PostOutput, clock, context, data,
        database, export_plugin_hooks, host_api, row, verdict,
    };
}

/// The guide, whose examples are tested with the crate.
#[cfg(any(doc, doctest))]
pub mod guide {
    #[doc = include_str!("../docs/first-plugin.md")]
    pub mod first_plugin {}
    #[doc = include_str!("../docs/hooks.md")]
    pub mod hooks {}
    #[doc = include_str!("../docs/host-calls.md")]
    pub mod host_calls {}
    #[doc = include_str!("../docs/tables.md")]
    pub mod tables {}
}

/// What [`export_plugin_hooks!`] expands to; no part of the interface.
#[doc(hidden)]
pub mod private {
    #[cfg(target_family = "wasm")]
    pub use crate::export::Exported;
}
