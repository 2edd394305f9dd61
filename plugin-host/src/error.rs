//! What can go wrong, in three places: making the host, loading a plugin, calling one.

use std::fmt;
use std::time::Duration;

use crate::hook::HookPoint;
use crate::plugin_id::PluginId;

/// Why a host could not be made.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// wasmtime refused its configuration or the host functions.
    #[error("the WebAssembly engine cannot be set up: {0}")]
    Engine(String),
    /// The compiled-code cache's folder cannot be used.
    #[error("the compiled-code cache {folder} cannot be used: {reason}")]
    CodeCache {
        /// The folder.
        folder: String,
        /// What the operating system said.
        reason: String,
    },
    /// A thread could not be started.
    #[error("the plugin host cannot start its threads: {0}")]
    Threads(#[from] std::io::Error),
}

/// Why a plugin was not loaded. Whatever ran under its id before goes on running.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The code is not a WebAssembly component or module that this host takes.
    #[error("the code is refused: {0}")]
    Code(String),
    /// The code imports what this host does not offer.
    #[error(
        "the code imports {}, which this host does not offer; it offers raisfast:plugin-wit/host-api, \
         fleuron:host@0.1 (verdict, context, data) and WASI 0.2 (io, clocks, cli, filesystem, random, sockets)",
        list(.0)
    )]
    UnknownImports(Vec<String>),
    /// A hook is exported with another signature than the contract's.
    #[error("the code exports `{hook}` with another signature than its contract: {reason}")]
    Signature {
        /// The hook.
        hook: HookPoint,
        /// What differs.
        reason: String,
    },
    /// The code compiles but an instance of it does not start.
    #[error("an instance does not start: {0}")]
    Start(CallError),
    /// The plugin's database could not be brought up to date.
    #[error("its migrations cannot be run: {0}")]
    Migrations(String),
    /// The host is shutting down.
    #[error("the plugin host is shutting down")]
    ShuttingDown,
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Why a call into a plugin gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The plugin is not loaded.
    #[error("the plugin is not loaded")]
    NotLoaded,
    /// The plugin does not listen to this hook, or not for this.
    #[error("the plugin does not listen to this hook")]
    NotListening,
    /// The call ended well, and what it emitted could not be published.
    #[error("what the plugin emitted could not be published: {0}")]
    Unpublished(String),
    /// The guest trapped.
    #[error("the plugin trapped: {0}")]
    Trap(String),
    /// The call took longer than it may.
    #[error("the plugin did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The call used more of something than it may.
    #[error("the plugin went over its limit of {0}")]
    OverLimit(String),
    /// An instance for the call did not start.
    #[error("no instance could be started: {0}")]
    Start(String),
    /// The answer did not pass the application's check.
    #[error("the plugin's answer is refused: {0}")]
    Invalid(String),
    /// Too many failures of this hook; it is left alone for a while.
    #[error("the plugin failed too often and is left alone for a while")]
    BreakerOpen,
    /// The plugin's instances failed to start again and again; it waits for a reload.
    #[error("the plugin is quarantined until it is loaded anew, because its instances do not start")]
    Quarantined,
    /// All instances, of the plugin or of all plugins together, were at work for as long as the call may take, or had all
    /// the memory that there is for plugins.
    #[error("the plugin is busy: no instance came free in time, or plugins have no memory left")]
    Busy,
    /// The host is shutting down.
    #[error("the plugin host is shutting down")]
    ShuttingDown,
}

impl CallError {
    /// Whether nothing was tried, so that the failure says nothing new about the plugin.
    pub fn was_not_tried(&self) -> bool {
        matches!(
            self,
            CallError::NotLoaded
                | CallError::NotListening
                | CallError::Busy
                | CallError::BreakerOpen
                | CallError::Quarantined
                | CallError::ShuttingDown
        )
    }
}

/// What a filter guards must not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The plugin that did not agree.
    pub plugin: PluginId,
    /// The hook that it was asked at.
    pub hook: HookPoint,
    /// Why it did not.
    pub reason: RefusalReason,
}

/// Why a plugin did not agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// It had to agree (`on_error = "abort"`) and failed.
    Failed(CallError),
    /// It said no.
    Refused {
        /// Its code for programs: lower-case letters, digits, `-` and `_`.
        code: String,
        /// Its words for people, in one line.
        message: String,
    },
}

impl Refusal {
    /// Whether the plugin was not even asked, since its breaker is open or it is quarantined (HTTP: 503).
    pub fn is_unavailable(&self) -> bool {
        matches!(&self.reason, RefusalReason::Failed(error) if error.was_not_tried())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plugin, hook) = (&self.plugin, self.hook);
        match &self.reason {
            RefusalReason::Failed(error) => {
                write!(formatter, "the plugin {plugin} must agree at {hook} and could not: {error}")
            }
            RefusalReason::Refused { code, message } => {
                write!(formatter, "the plugin {plugin} refused at {hook}: {code}: {message}")
            }
        }
    }
}

impl std::error::Error for Refusal {}
