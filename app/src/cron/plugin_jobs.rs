//! The jobs of plugins: what their manifests say, and how they are run.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use fleuron_plugin_host::{
    CallContext, CallError, HostConfig, PluginHost, PluginStatus, hook, manifest::CronEntry, ports::LogLevel,
};
use serde::{Deserialize, Serialize};

use super::job::{Action, JobDefinition, JobKey, Outcome, Starts, Timing};
use crate::{
    clock::Timestamp,
    entities::cron_runs,
    plugins::host_api::{LogLine, PluginLogs},
};

/// The last log lines of a run that are kept with it, and what they take at most, as they are written.
const LINES: usize = 50;
const OUTPUT_BYTES: usize = 8 * 1024;
/// What the line that tells of others and the brackets around all take at most.
const AROUND_BYTES: usize = 192;
/// Bytes of a line that are kept.
const LINE_BYTES: usize = 2048;

/// The plugins that are loaded, and what they log.
pub(super) struct PluginJobs {
    hooks: PluginHost,
    logs: PluginLogs,
    limits: HostConfig,
}

/// What came of a run.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) detail: Option<String>,
    pub(super) output: Vec<OutputLine>,
    /// The plugin was not there, as when the server stops.
    pub(super) is_gone: bool,
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
    /// `limits` are those of the plugin host.
    pub(super) fn new(hooks: PluginHost, logs: PluginLogs, limits: HostConfig) -> Self {
        Self { hooks, logs, limits }
    }

    /// Grows whenever a plugin comes, goes or is replaced.
    pub(super) fn generation(&self) -> u64 {
        self.hooks.generation()
    }

    /// The jobs of all plugins that are loaded.
    pub(super) fn definitions(&self) -> Vec<JobDefinition> {
        let plugins = self.hooks.plugins();
        let of_plugin = |plugin: &PluginStatus| -> Vec<JobDefinition> {
            let longest = |entry| longest(plugin, entry, &self.limits);
            plugin.cron.iter().map(|entry| definition(plugin, entry, longest(entry))).collect()
        };
        plugins.iter().flat_map(of_plugin).collect()
    }

    /// Calls the plugin.
    pub(super) async fn run(&self, job: &JobDefinition, run: &cron_runs::Model) -> Ended {
        let Action::Plugin { plugin, payload, time_limit, .. } = &job.action else {
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
        let is_gone = matches!(called, Err(CallError::NotLoaded | CallError::ShuttingDown));
        let (outcome, detail) = match called {
            Ok(()) => (Outcome::Succeeded, None),
            Err(error @ CallError::Timeout(_)) => (Outcome::TimedOut, Some(error.to_string())),
            Err(error) => (Outcome::Failed, Some(error.to_string())),
        };
        // All that are still there: it is told how many are left out.
        let lines = self.logs.of_call(plugin, &call, usize::MAX);
        let output = newest(lines.into_iter().map(OutputLine::from).collect());
        Ended { outcome, detail, output, is_gone }
    }
}

impl Ended {
    /// A run that did what it should, and wrote these lines.
    pub(super) fn succeeded(output: Vec<OutputLine>) -> Self {
        Self { outcome: Outcome::Succeeded, detail: None, output, is_gone: false }
    }

    /// A run that failed for this reason.
    pub(super) fn failed(detail: String) -> Self {
        Self { outcome: Outcome::Failed, detail: Some(detail), output: Vec::new(), is_gone: false }
    }
}

impl From<LogLine> for OutputLine {
    fn from(line: LogLine) -> Self {
        let mut text = line.text;
        text.truncate(text.floor_char_boundary(LINE_BYTES));
        Self { at: line.at, level: line.level.as_str().to_owned(), text }
    }
}

/// The newest lines, as many as are kept with a run, and before them how many are left out, if any are.
fn newest(mut lines: Vec<OutputLine>) -> Vec<OutputLine> {
    let mut left = OUTPUT_BYTES - AROUND_BYTES;
    let fits = |line: &&OutputLine| {
        // A comma stands between them.
        let size = serde_json::to_string(line).map_or(usize::MAX, |text| text.len() + 1);
        let rest = left.checked_sub(size);
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let kept = lines.iter().rev().take(LINES).take_while(fits).count();
    let left_out = lines.len() - kept;
    let last = left_out.checked_sub(1).and_then(|position| lines.get(position)).map(|line| line.at);
    let Some(at) = last else { return lines };
    let text = format!("({left_out} lines before these are left out)");
    let level = LogLevel::Info.as_str().to_owned();
    drop(lines.splice(..left_out, [OutputLine { at, level, text }]));
    lines
}

/// How long a run may take, whatever was asked for.
fn longest(plugin: &PluginStatus, entry: &CronEntry, limits: &HostConfig) -> Duration {
    let of_calls = plugin.manifest.limits.timeout.unwrap_or(limits.call_timeout);
    let of_calls = of_calls.min(limits.call_timeout_ceiling.max(limits.call_timeout));
    entry.time_limit.map_or(of_calls, |asked| asked.min(limits.job_timeout_ceiling))
}

fn definition(plugin: &PluginStatus, entry: &CronEntry, longest: Duration) -> JobDefinition {
    JobDefinition {
        key: JobKey::new(plugin.id.as_str(), &entry.job_type),
        label: entry.label.clone(),
        timing: Timing::Schedule {
            expression: entry.cron_expr.clone(),
            schedule: Box::new(entry.schedule.clone()),
        },
        action: Action::Plugin {
            plugin: plugin.id.clone(),
            payload: entry.payload.clone(),
            time_limit: entry.time_limit,
            longest,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize, text: &str) -> Vec<OutputLine> {
        let line = |number: usize| OutputLine {
            at: Timestamp::from_millis(0),
            level: "info".to_owned(),
            text: format!("{number} {text}"),
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn the_newest_lines_are_kept() {
        assert_eq!(newest(lines(LINES, "short")), lines(LINES, "short"));
        let many = newest(lines(LINES + 7, "short"));
        assert_eq!(many[0].text, "(7 lines before these are left out)");
        assert_eq!(many[1..], lines(LINES + 7, "short")[7..]);
        // Each quote takes two bytes as it is written.
        for text in ["x".repeat(LINE_BYTES), "\"".repeat(LINE_BYTES)] {
            let long = newest(lines(20, &text));
            let kept = long.len() - 1;
            assert!((1..=3).contains(&kept), "{kept}");
            assert_eq!(long[0].text, format!("({} lines before these are left out)", 20 - kept));
            assert!(long[kept].text.starts_with("19 "), "the last one");
            assert!(serde_json::to_string(&long).unwrap().len() <= OUTPUT_BYTES);
        }
    }
}
