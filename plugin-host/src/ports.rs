//! What the application lends to plugins. The host owns these traits; the application implements them, so that no
//! arrow points from here to a database or a web framework.
//!
//! Every call names the plugin it is made for. Implementations scope what they touch to that plugin; the host has
//! already checked names and sizes.

mod database;
mod events;
mod http;
mod vfs_path;

use std::sync::Arc;

use async_trait::async_trait;

use crate::plugin_id::PluginId;
pub use database::{
    DatabaseAccess, DatabaseError, DatabaseErrorKind, DatabasePort, DatabaseTransaction, LaterMigrations,
    PluginDatabase, Rows, SiteView, SqlValue, Statement, StatementKind, is_content_type_name,
};
pub use events::{EmittedEvent, EventPort};
pub use http::{HostAllowList, HostPattern, HttpError, HttpPermission, HttpPort, HttpRequest};
pub use vfs_path::VfsPath;

/// Why a port could not answer. The plugin gets the contract's empty answer; the reason goes to its log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PortError(pub String);

impl PortError {
    /// An error with the given reason, in words that its plugin's author understands.
    pub fn new(reason: impl Into<String>) -> PortError {
        PortError(reason.into())
    }
}

/// Content, read only.
#[async_trait]
pub trait ContentPort: Send + Sync + 'static {
    /// The post with this slug as a JSON object; none where there is no such post. One that is not published is
    /// answered only where `drafts` says so; what is in the trash never is.
    async fn post(&self, plugin: &PluginId, slug: &str, drafts: bool) -> Result<Option<String>, PortError>;
}

/// What `vfs-stat` says about a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileStat {
    /// Size in bytes; 0 for a folder.
    pub size: u64,
    /// Whether the path is a folder.
    pub is_dir: bool,
    /// Last change in unix seconds; 0 where it is not known.
    pub modified: i64,
}

/// Text files under the plugin's own root.
#[async_trait]
pub trait FilePort: Send + Sync + 'static {
    /// The whole file; none where there is none.
    async fn read(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<String>, PortError>;
    /// Writes the whole file, creating its folders.
    async fn write(&self, plugin: &PluginId, path: &VfsPath, content: &str) -> Result<(), PortError>;
    /// Deletes the file; false where there was none.
    async fn delete(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError>;
    /// Whether a file or folder is there.
    async fn exists(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError>;
    /// Names directly inside a folder, folders ending in `/`, in any order; none where there is no such folder.
    /// The folder may be [`VfsPath::root`], which always exists.
    async fn list(&self, plugin: &PluginId, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError>;
    /// Size, kind and time of a file or folder; none where there is none.
    async fn stat(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<FileStat>, PortError>;
}

/// The plugin's settings as the administrator set them.
#[async_trait]
pub trait SettingsPort: Send + Sync + 'static {
    /// What the administrator set for one declared setting; none where its default holds.
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<String>, PortError>;
}

/// How urgent a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Details for the plugin's author.
    Debug,
    /// What happened.
    Info,
    /// What the administrator may want to look at.
    Warn,
    /// What failed.
    Error,
}

impl LogLevel {
    /// Reads a guest's word for a level; unknown words mean info.
    pub fn from_guest(word: &str) -> LogLevel {
        let is = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        if is(&["error", "err", "fatal", "critical"]) {
            LogLevel::Error
        } else if is(&["warn", "warning"]) {
            LogLevel::Warn
        } else if is(&["debug", "trace"]) {
            LogLevel::Debug
        } else {
            LogLevel::Info
        }
    }

    /// The level as a word: `debug`, `info`, `warn` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

/// Keeps the last lines of each plugin for its administrator. Called on hot paths: it must not block.
pub trait LogPort: Send + Sync + 'static {
    /// One line, already capped and free of control characters. `call` is the id of the event whose delivery, or of the
    /// run whose call the line belongs to, where it belongs to one.
    fn log(&self, plugin: &PluginId, level: LogLevel, line: &str, call: Option<&str>);
}

/// Everything the host asks of the application. Cheap to clone.
#[derive(Clone)]
pub struct Ports {
    /// Posts.
    pub content: Arc<dyn ContentPort>,
    /// Databases and key-value spaces.
    pub databases: Arc<dyn DatabasePort>,
    /// Requests to other servers.
    pub http: Arc<dyn HttpPort>,
    /// Events of plugins.
    pub events: Arc<dyn EventPort>,
    /// Files.
    pub files: Arc<dyn FilePort>,
    /// Settings.
    pub settings: Arc<dyn SettingsPort>,
    /// Logs.
    pub log: Arc<dyn LogPort>,
}
