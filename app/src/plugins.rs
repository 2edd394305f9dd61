//! The application's side of plugins: what the host's ports do, which plugins run, and the errors they cause.

pub mod bundled;
pub mod host_api;
pub mod manager;
pub mod scaffold;

use fleuron_plugin_host::Refusal;

pub use manager::PluginManager;

use crate::error::{ApiError, ErrorCode};

/// What a client hears when a plugin whose consent is needed did not give it.
pub(crate) fn refused(refusal: Refusal) -> ApiError {
    let plugin = refusal.plugin.to_string();
    let error = if refusal.is_unavailable() {
        let detail = "A plugin that must agree to this is resting after failures. Try again shortly.";
        ApiError::new(ErrorCode::Unavailable, detail).retry_after(30)
    } else {
        let detail = "A plugin that must agree to this failed. Nothing was changed.";
        ApiError::new(ErrorCode::RefusedByPlugin, detail)
    };
    error.by_plugin(plugin).caused_by(refusal)
}
