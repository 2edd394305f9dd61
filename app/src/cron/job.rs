//! What is due when: a list of jobs with their next due times, without a clock of its own.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use fleuron_plugin_host::{PluginId, PluginStatus, cron::Schedule};
use serde::Serialize;

/// A job of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct JobKey {
    pub(super) plugin: PluginId,
    pub(super) job_type: String,
    pub(super) label: String,
    expression: String,
}

#[cfg(test)]
impl JobKey {
    pub(super) fn sample(plugin: &str, job_type: &str) -> Self {
        let plugin = plugin.parse().expect("an id");
        Self { plugin, job_type: job_type.to_owned(), label: String::new(), expression: String::new() }
    }
}

/// A job that is to be run now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) key: JobKey,
    pub(super) at: DateTime<Utc>,
    pub(super) payload: String,
}

struct Entry {
    schedule: Schedule,
    payload: Option<String>,
    next: Option<DateTime<Utc>>,
}

/// What a tick carries when the manifest has no payload.
#[derive(Serialize)]
struct DefaultPayload<'a> {
    label: &'a str,
    job_type: &'a str,
    due: DateTime<Utc>,
}

/// All jobs and when they are due next.
#[derive(Default)]
pub(super) struct Timetable {
    entries: HashMap<JobKey, Entry>,
}

impl Timetable {
    /// Takes over the jobs of the plugins that are loaded. A job that stays keeps its next due time.
    pub(super) fn sync(&mut self, plugins: &[PluginStatus], now: DateTime<Utc>) {
        let mut entries = HashMap::new();
        for plugin in plugins {
            for job in &plugin.cron {
                let key = JobKey {
                    plugin: plugin.id.clone(),
                    job_type: job.job_type.clone(),
                    label: job.label.clone(),
                    expression: job.cron_expr.clone(),
                };
                let next = match self.entries.get(&key) {
                    Some(known) => known.next,
                    None => job.schedule.next_after(now),
                };
                let entry = Entry { schedule: job.schedule.clone(), payload: job.payload.clone(), next };
                entries.insert(key, entry);
            }
        }
        self.entries = entries;
    }

    /// Whether anything is due.
    pub(super) fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.entries.values().any(|entry| entry.next.is_some_and(|next| next <= now))
    }

    /// Takes what is due. However long nobody asked, each job is due once.
    pub(super) fn take_due(&mut self, now: DateTime<Utc>) -> Vec<Due> {
        let mut due = Vec::new();
        for (key, entry) in &mut self.entries {
            let Some(at) = entry.next.filter(|next| *next <= now) else { continue };
            entry.next = entry.schedule.next_after(now);
            let default = DefaultPayload { label: &key.label, job_type: &key.job_type, due: at };
            let payload = entry.payload.clone().or_else(|| serde_json::to_string(&default).ok());
            due.push(Due { key: key.clone(), at, payload: payload.unwrap_or_default() });
        }
        due.sort_by_key(|due| due.at);
        due
    }
}
