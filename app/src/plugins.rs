//! The application's side of plugins: what the host's ports do, which plugins run, and the errors they cause.

pub mod bundled;
pub mod host_api;
pub mod http;
pub mod manager;
pub mod packages;
mod refusal;
pub mod scaffold;
pub mod service;
pub mod settings;

pub use manager::PluginManager;
pub(crate) use refusal::refused;
pub use service::PluginService;
