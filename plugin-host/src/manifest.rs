//! `manifest.toml`: who a plugin is, when it runs and what it asks for.
//!
//! A manifest is read into these types in one pass that collects every fault, so that an author sees all of them at
//! once. Nothing past this module handles manifest text.

mod cron;
mod faults;
mod parse;
mod permissions;
mod reference;
mod section;
mod settings;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::hook::HookPoint;
use crate::plugin_id::PluginId;
use crate::ports::{HttpPermission, SiteView};
pub use cron::{CatchUp, CronEntry};
pub use faults::{ManifestErrors, ManifestFault};
pub use reference::reference;
pub use settings::{Setting, SettingType};

/// The name of the file, and of the custom section that may stand in for it.
pub const MANIFEST_FILE: &str = "manifest.toml";

/// Everything a plugin says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Who it is.
    pub plugin: PluginInfo,
    /// Whether it wants to run; `[plugin] enabled`, true by default.
    pub enabled: bool,
    /// Whether instances are used again; `[plugin] isolation`.
    pub isolation: Isolation,
    /// What it asks for beyond the basics.
    pub permissions: Permissions,
    /// Limits that it asks for instead of the host's defaults.
    pub limits: Limits,
    /// The hooks it listens to. `on-cron-tick` is there whenever there are cron entries, `on-event` whenever there are
    /// subscriptions.
    pub hooks: BTreeMap<HookPoint, HookSettings>,
    /// Its jobs.
    pub cron: Vec<CronEntry>,
    /// The settings that it declares, by key.
    pub settings: BTreeMap<String, Setting>,
}

/// The section `[plugin]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginInfo {
    /// The id, immutable.
    pub id: PluginId,
    /// The name that people read.
    pub name: String,
    /// The version.
    pub version: semver::Version,
    /// The file with the code, relative to the manifest; `plugin.wasm` by default.
    pub entry: String,
    /// What it does, in a sentence.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Its licence.
    pub license: Option<String>,
}

/// Whether an instance serves more than one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Instances are pooled; state in linear memory survives between calls (`"instance"`).
    #[default]
    Instance,
    /// Every call gets a fresh instance (`"call"`).
    Call,
}

/// The section `[permissions]`, without its limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// Databases it reads or writes.
    pub database: Vec<DatabasePermission>,
    /// Hosts it may reach.
    pub http: Vec<HttpPermission>,
    /// Accepted for plugins written elsewhere: a plugin's own settings need no permission.
    pub config: Vec<String>,
    /// Whether it may emit events (`events = ["emit"]`).
    pub emit: bool,
}

/// One entry of `database`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabasePermission {
    /// Its own database (`own`).
    Own,
    /// Reading one view of the site (`read:posts`).
    Read(SiteView),
    /// Reading the entries of one of the site's own content types (`read:content:event`).
    ReadContent(String),
}

/// Limits that a manifest asks for; none means the host's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory of one instance (`max_memory_mb`).
    pub memory: Option<usize>,
    /// Wall time of one call (`timeout_ms`).
    pub timeout: Option<Duration>,
}

/// One section `[hooks.<name>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSettings {
    /// Lower runs first; 100 by default.
    pub priority: i64,
    /// What a failure means.
    pub on_error: OnError,
    /// Custom content types it wants; empty means all.
    pub content_types: Vec<String>,
    /// `on-event` only: the events it wants, by full name, or by what the name begins with and a `*` at the end.
    pub events: Vec<String>,
}

impl Default for HookSettings {
    fn default() -> HookSettings {
        HookSettings { priority: 100, on_error: OnError::Keep, content_types: Vec::new(), events: Vec::new() }
    }
}

/// What happens when a filter fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// The value stays as it was (`"keep"`).
    #[default]
    Keep,
    /// The request is refused (`"abort"`), for moderation and access rules.
    Abort,
}

impl Manifest {
    /// Reads a manifest in TOML, or in JSON where the text starts with `{`. `file` is named in faults.
    ///
    /// # Errors
    /// All faults at once, each with file, key, reason and what would be right.
    pub fn parse(text: &str, file: &Path) -> Result<Manifest, ManifestErrors> {
        parse::manifest(text, file)
    }

    /// The plugin's id.
    pub fn id(&self) -> &PluginId {
        &self.plugin.id
    }
}
