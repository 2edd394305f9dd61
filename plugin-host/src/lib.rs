#![doc = include_str!("../README.md")]

mod archive;
#[cfg(any(test, feature = "testing"))]
mod bare;
mod binary;
mod breaker;
mod call;
mod capability;
mod check;
mod compiled;
mod compiler;
mod config;
pub mod consent;
pub mod cron;
mod denials;
mod directory;
mod dispatch;
mod engine;
mod error;
mod guest_state;
pub mod hook;
mod host;
mod host_api;
mod instance;
mod limits;
pub mod manifest;
mod metrics;
mod package;
mod pending;
mod plugin;
mod plugin_id;
mod plugin_log;
mod pool;
pub mod ports;
#[cfg(test)]
mod random_plugins;
mod registry;
mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use archive::{Icon, PackageLimits, UploadedPackage, embed_manifest, pack, read_package};
pub use binary::{componentise_go, embed_world};
pub use check::{Problem, Severity, check_code, check_plugin};
pub use compiler::{Compiler, compile_child};
pub use config::HostConfig;
pub use directory::{DirectorySource, Finding, Found, WatchHandle};
pub use dispatch::{CallContext, Delivery, Filtered};
pub use error::{CallError, HostError, LoadError, Refusal, RefusalReason};
pub use hook::{
    ActionHook, CommentInput, ContentDeleted, ContentEvent, FilterHook, Hook, HookKind, HookPoint,
    PluginEvent, PostInput, PostOutput,
};
pub use host::PluginHost;
pub use manifest::{Manifest, ManifestErrors, ManifestFault};
pub use metrics::{BUCKET_BOUNDS, HookCounts};
pub use package::{Migration, Origin, Package};
pub use plugin_id::PluginId;
pub use ports::Ports;
pub use status::{Denial, HookStatus, PluginFault, PluginState, PluginStatus};
