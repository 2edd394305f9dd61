//! The jobs of plugins: what their manifests say, and how they are run.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use fleuron_plugin_host::{CallContext, CallError, PluginHost, PluginId, hook, manifest::CronEntry};
use serde::{Deserialize, Serialize};

use super::job::{Action, JobDefinition, JobKey, Outcome, Starts, Timing};
use crate::{
    clock::Timestamp,
    entities::cron_runs,
    plugins::host_api::{LogLine, PluginLogs},
};

/// The last log lines of a run that are kept with it.
const LINES: usize = 50;
/// Bytes of a line that are kept.
const LINE_BYTES: usize = 2048;

/// The plugins that are loaded, and what they log.
pub(super) struct PluginJobs {
    hooks: PluginHost,
    logs: PluginLogs,
}

/// What came of a run.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) detail: Option<String>,
    pub(super) output: Vec<OutputLine>,
}

/// A line that a run wrote, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OutputLine {
    pub(super) at: Timestamp,
    pub(super) level: String,
    pub(super) text: String,
}

/// What a tick carries when the manifest has no payload.
#[derive(Serialize)]
struct DefaultPayload<'a> {
    label: &'a str,
    job_type: &'a str,
    due: DateTime<Utc>,
}

impl PluginJobs {
    pub(super) fn new(hooks: PluginHost, logs: PluginLogs) -> Self {
        Self { hooks, logs }
    }

    /// Grows whenever a plugin comes, goes or is replaced.
    pub(super) fn generation(&self) -> u64 {
        self.hooks.generation()
    }

    /// The jobs of all plugins that are loaded.
    pub(super) fn definitions(&self) -> Vec<JobDefinition> {
        let plugins = self.hooks.plugins();
        let jobs =
            plugins.iter().flat_map(|plugin| plugin.cron.iter().map(|entry| definition(&plugin.id, entry)));
        jobs.collect()
    }

    /// Calls the plugin.
    pub(super) async fn run(&self, job: &JobDefinition, run: &cron_runs::Model) -> Ended {
        let Action::Plugin { plugin, payload, time_limit } = &job.action else {
            return Ended::failed("This is no job of a plugin.".to_owned());
        };
        let call = run.id.to_string();
        let context = CallContext {
            event_id: Some(call.clone()),
            attempt: run.attempt.max(1).unsigned_abs(),
            time_limit: *time_limit,
            ..CallContext::default()
        };
        let payload = payload.clone().or_else(|| default_payload(job, run));
        let called =
            self.hooks.notify_one::<hook::OnCronTick>(plugin, &Arc::new(payload), &Arc::new(context)).await;
        let (outcome, detail) = match called {
            Ok(()) => (Outcome::Succeeded, None),
            Err(error @ CallError::Timeout(_)) => (Outcome::TimedOut, Some(error.to_string())),
            Err(error) => (Outcome::Failed, Some(error.to_string())),
        };
        let output = self.logs.of_call(plugin, &call, LINES).into_iter().map(OutputLine::from).collect();
        Ended { outcome, detail, output }
    }
}

impl Ended {
    /// A run that failed for this reason.
    pub(super) fn failed(detail: String) -> Self {
        Self { outcome: Outcome::Failed, detail: Some(detail), output: Vec::new() }
    }
}

impl From<LogLine> for OutputLine {
    fn from(line: LogLine) -> Self {
        let mut text = line.text;
        text.truncate(text.floor_char_boundary(LINE_BYTES));
        Self { at: line.at, level: line.level.as_str().to_owned(), text }
    }
}

fn definition(plugin: &PluginId, entry: &CronEntry) -> JobDefinition {
    JobDefinition {
        key: JobKey::new(plugin.as_str(), &entry.job_type),
        label: entry.label.clone(),
        timing: Timing::Schedule {
            expression: entry.cron_expr.clone(),
            schedule: Box::new(entry.schedule.clone()),
        },
        action: Action::Plugin {
            plugin: plugin.clone(),
            payload: entry.payload.clone(),
            time_limit: entry.time_limit,
        },
        starts: Starts::Once,
        catch_up: entry.catch_up,
        enabled: entry.enabled,
    }
}

fn default_payload(job: &JobDefinition, run: &cron_runs::Model) -> Option<String> {
    let due = Timestamp::from_millis(run.due_at).to_datetime();
    serde_json::to_string(&DefaultPayload { label: &job.label, job_type: &job.key.job_type, due }).ok()
}
