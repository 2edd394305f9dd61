//! The last log lines of each plugin, for its administrator. The site's own log gets them too, from the host.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use fleuron_plugin_host::{
    PluginId,
    ports::{LogLevel, LogPort},
};

use crate::clock::Timestamp;

/// Lines kept per plugin.
const KEPT: usize = 500;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// How urgent.
    pub level: LogLevel,
    /// What.
    pub text: String,
}

/// The last lines of every plugin. Cheap to clone.
#[derive(Clone, Default)]
pub struct PluginLogs {
    lines: Arc<Mutex<HashMap<PluginId, VecDeque<LogLine>>>>,
}

impl PluginLogs {
    /// The last lines of a plugin, oldest first.
    pub fn of(&self, plugin: &PluginId) -> Vec<LogLine> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.get(plugin).map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }
}

impl LogPort for PluginLogs {
    fn log(&self, plugin: &PluginId, level: LogLevel, line: &str) {
        let mut all = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = all.entry(plugin.clone()).or_default();
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(LogLine { at: Timestamp::now(), level, text: line.to_owned() });
    }
}
