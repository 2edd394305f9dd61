//! What the host tells about its plugins, for the admin and for metrics.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::hook::HookPoint;
use crate::manifest::{CronEntry, HookSettings, Manifest};
use crate::metrics::HookCounts;
use crate::package::Origin;
use crate::plugin_id::PluginId;

/// A loaded plugin as it is now.
#[derive(Clone, Debug)]
pub struct PluginStatus {
    /// Its id.
    pub id: PluginId,
    /// The name that people read.
    pub name: String,
    /// Its version.
    pub version: semver::Version,
    /// Where it comes from.
    pub origin: Origin,
    /// Everything that it says about itself.
    pub manifest: Arc<Manifest>,
    /// The hooks that fire for it.
    pub hooks: Vec<HookStatus>,
    /// Its jobs.
    pub cron: Vec<CronEntry>,
    /// Whether it runs.
    pub state: PluginState,
    /// Instances alive.
    pub instances: usize,
    /// Bytes of memory and tables that they hold.
    pub memory: usize,
    /// Host calls denied since it was loaded.
    pub denied_calls: u64,
    /// The same by call and reason.
    pub denials: Vec<Denial>,
}

/// What a plugin was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The host call.
    pub call: String,
    /// Which permission is missing, or why it is never possible.
    pub reason: String,
    /// How often, since the plugin was loaded.
    pub count: u64,
}

/// Whether a loaded plugin runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PluginState {
    /// It runs.
    Active,
    /// Its instances do not start; it waits to be loaded anew.
    Quarantined,
}

/// One hook of a loaded plugin.
#[derive(Clone, Debug)]
pub struct HookStatus {
    /// The hook.
    pub point: HookPoint,
    /// What the manifest says about it.
    pub settings: HookSettings,
    /// Calls, errors and times.
    pub counts: HookCounts,
    /// Whether it is left alone for the moment.
    pub breaker_open: bool,
    /// When it is tried again, where it is left alone.
    pub retry_in: Option<Duration>,
    /// Failures that count towards leaving it alone.
    pub recent_failures: usize,
    /// The last failure since the plugin was loaded.
    pub last_error: Option<String>,
}

/// A folder whose plugin could not be loaded as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFault {
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong, one entry per fault.
    pub problems: Vec<String>,
}
