//! Jobs and their runs on the wire.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    job::{Outcome, Timing, Trigger},
    plugin_jobs::OutputLine,
    service::JobView,
};
use crate::{clock::Timestamp, entities::cron_runs};

/// A scheduled job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobResponse {
    /// The plugin that it belongs to; `site` for the site's own.
    pub owner: String,
    /// The owner's name for it.
    pub job_type: String,
    /// The name that people read.
    pub label: String,
    /// When it is due, in its time zone; null where that depends on something else, such as the posts that wait.
    pub cron_expr: Option<String>,
    /// The time zone.
    pub time_zone: String,
    /// Whether it runs unless an administrator says otherwise.
    pub enabled: bool,
    /// Whether it starts no more until an administrator resumes it.
    pub paused: bool,
    /// What becomes of due times that are over for more than a minute, because no server ran: `once`, one run for the
    /// last of them, or `skip`, none.
    pub catch_up: String,
    /// How long one run may take, in milliseconds; null for the site's own, which have no limit.
    pub timeout_ms: Option<u64>,
    /// When it is due next; null while it is paused, or where it is not due again.
    pub next_due: Option<Timestamp>,
    /// Whether it is at work.
    pub running: bool,
    /// The last run; null where there was none.
    pub last_run: Option<LastRunResponse>,
}

/// The last run of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastRunResponse {
    /// Identity.
    pub id: Uuid,
    /// When it was due.
    pub due_at: Timestamp,
    /// When it began; while it is at work, when it was taken on.
    pub started_at: Timestamp,
    /// When it ended; null while it is at work.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds, without what it waited for its turn.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Which attempt at this due time it was, from 1.
    pub attempt: i32,
}

/// A run of a job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunResponse {
    /// Identity.
    pub id: Uuid,
    /// The plugin that the job belongs to; `site` for the site's own.
    pub owner: String,
    /// The owner's name for the job.
    pub job_type: String,
    /// When it was due.
    pub due_at: Timestamp,
    /// Why it was started.
    pub trigger: Trigger,
    /// Which attempt at this due time it was, from 1.
    pub attempt: i32,
    /// When it began; while it is at work, when it was taken on.
    pub started_at: Timestamp,
    /// When it ended; null while it is at work.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds, without what it waited for its turn.
    pub duration_ms: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not succeed.
    pub detail: Option<String>,
}

/// A run of a job with what it wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunDetailResponse {
    /// The run.
    #[serde(flatten)]
    pub run: RunResponse,
    /// The last lines that it wrote to its log, oldest first, 8 KB at most; where some are left out, the first one says
    /// how many.
    pub output: Vec<OutputLineResponse>,
}

/// A line that a run wrote.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OutputLineResponse {
    /// When.
    pub at: Timestamp,
    /// How urgent: `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// What.
    pub text: String,
}

impl From<JobView> for JobResponse {
    fn from(view: JobView) -> Self {
        let JobView { job, is_paused, next_due, is_running, last_run } = view;
        let cron_expr = match &job.timing {
            Timing::Schedule { expression, .. } => Some(expression.clone()),
            Timing::Data(_) => None,
        };
        let timeout = job.longest().map(|limit| u64::try_from(limit.as_millis()).unwrap_or(u64::MAX));
        Self {
            owner: job.key.owner.to_string(),
            job_type: job.key.job_type.to_string(),
            label: job.label.clone(),
            cron_expr,
            time_zone: job.zone().to_owned(),
            enabled: job.enabled,
            paused: is_paused,
            catch_up: job.catch_up.as_str().to_owned(),
            timeout_ms: timeout,
            next_due,
            running: is_running,
            last_run: last_run.map(LastRunResponse::from),
        }
    }
}

impl From<cron_runs::Model> for LastRunResponse {
    fn from(row: cron_runs::Model) -> Self {
        let RunResponse { id, due_at, started_at, ended_at, duration_ms, outcome, attempt, .. } = row.into();
        Self { id, due_at, started_at, ended_at, duration_ms, outcome, attempt }
    }
}

impl From<cron_runs::Model> for RunResponse {
    fn from(row: cron_runs::Model) -> Self {
        Self {
            id: row.id,
            owner: row.owner,
            job_type: row.job_type,
            due_at: Timestamp::from_millis(row.due_at),
            trigger: Trigger::from_database(&row.trigger).unwrap_or(Trigger::Schedule),
            attempt: row.attempt,
            started_at: Timestamp::from_millis(row.started_at),
            ended_at: row.ended_at.map(Timestamp::from_millis),
            duration_ms: row.ended_at.map(|ended| ended.saturating_sub(row.started_at).max(0)),
            outcome: Outcome::from_database(&row.outcome).unwrap_or(Outcome::Failed),
            detail: row.detail,
        }
    }
}

impl From<cron_runs::Model> for RunDetailResponse {
    fn from(row: cron_runs::Model) -> Self {
        let lines: Option<Vec<OutputLine>> =
            row.output.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let output = lines.unwrap_or_default().into_iter().map(OutputLineResponse::from).collect();
        Self { run: row.into(), output }
    }
}

impl From<OutputLine> for OutputLineResponse {
    fn from(line: OutputLine) -> Self {
        let OutputLine { at, level, text } = line;
        Self { at, level, text }
    }
}
