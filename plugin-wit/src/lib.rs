#![doc = include_str!("../README.md")]

mod backend;
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod bindings;
mod export;
mod guest;
pub mod host_api;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod types;

pub use backend::HostBackend;
pub use guest::Guest;
pub use types::{CommentInput, ContentEvent, PostInput, PostOutput};

/// Everything a plugin's source needs, for `use fleuron_plugin::prelude::*;`.
pub mod prelude {
    pub use crate::{
        CommentInput, ContentEvent, Guest, PostInput, PostOutput, export_plugin_hooks, host_api,
    };
}

/// What [`export_plugin_hooks!`] expands to; no part of the interface.
#[doc(hidden)]
pub mod private {
    #[cfg(target_family = "wasm")]
    pub use crate::export::Exported;
}
