//! What the host tells about its plugins, for the admin and for metrics.

use std::path::PathBuf;

use crate::hook::HookPoint;
use crate::manifest::{CronEntry, HookSettings};
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
}

/// A folder whose plugin could not be loaded as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFault {
    /// The folder.
    pub folder: PathBuf,
    /// What is wrong, one entry per fault.
    pub problems: Vec<String>,
}
