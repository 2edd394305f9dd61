//! Who starts what is due: one transaction says it for many jobs at once.
//!
//! The row of a job is held while it is decided, so that of several processes one goes first, and the others find that
//! it is due later by then. The unique key of runs stands behind that where a clock goes back.

use std::sync::Arc;

use fleuron_plugin_host::manifest::CatchUp;
use uuid::Uuid;

use super::{
    job::{JobDefinition, JobKey, Outcome, Trigger},
    repo,
};
use crate::{
    clock::Timestamp,
    database::Transaction,
    entities::{cron_jobs, cron_runs},
    error::Result,
};

/// How late a run may start, in milliseconds; what was due before that was missed.
const MISSED_AFTER: i64 = 60_000;
/// How late a server may be that is merely busy, in milliseconds: until then each due time of a job starts, one after
/// the other. Of those that are further back only the last one does.
const EACH_UNTIL: i64 = 5_000;
/// How long a lease is good without being renewed, in seconds.
pub(super) const LEASE: i64 = 10;

/// Who starts runs, and when.
#[derive(Clone, Copy)]
pub(super) struct Starter {
    pub(super) holder: Uuid,
    pub(super) now: Timestamp,
}

/// What was decided about a job.
pub(super) struct Claim {
    pub(super) job: Arc<JobDefinition>,
    /// When it is due next; the outer none: it stays due and is looked at again.
    pub(super) next: Option<Option<Timestamp>>,
    /// Its new row, if it got one.
    pub(super) run: Option<cron_runs::Model>,
}

/// What is to happen with a job that was said to be due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing: it is due at another time, or not at all.
    Wait(Option<Timestamp>),
    /// Nothing yet: a run that began after this due time is at work.
    Stay,
    /// It gets a row.
    Take { due: Timestamp, trigger: Trigger, outcome: Outcome, next: Option<Timestamp> },
}

/// Decides about a job with this row, of which a run is at work since some moment, if one is.
pub(super) fn decide(
    job: &JobDefinition,
    row: Option<&cron_jobs::Model>,
    at_work_since: Option<Timestamp>,
    now: Timestamp,
) -> Decision {
    // A job without a row belongs to a plugin that goes.
    let Some(row) = row else { return Decision::Wait(None) };
    if job.is_paused(row.paused) {
        return Decision::Wait(job.next_after(now));
    }
    // Without a due time its plugin is being switched off.
    let Some(first) = row.next_due.map(Timestamp::from_millis) else { return Decision::Wait(None) };
    // Another process was first.
    if first > now {
        return Decision::Wait(Some(first));
    }
    let is_late = |due: Timestamp, by| now.millis().saturating_sub(due.millis()) > by;
    let last = if is_late(first, EACH_UNTIL) { job.last_between(first, now) } else { None };
    let due = last.unwrap_or(first);
    let next = job.next_after(due);
    let taken = |trigger, outcome| Decision::Take { due, trigger, outcome, next };
    match job.catch_up {
        _ if !is_late(due, MISSED_AFTER) => {
            settled(due, at_work_since, |outcome| taken(Trigger::Schedule, outcome))
        }
        CatchUp::Once => settled(due, at_work_since, |outcome| taken(Trigger::CatchUp, outcome)),
        CatchUp::Skip => taken(Trigger::Schedule, Outcome::Missed),
    }
}

/// A run that was at work already at the due time is one too many. One that began later only shows that this process is
/// late: it is waited for, so that no due time is lost.
fn settled(
    due: Timestamp,
    at_work_since: Option<Timestamp>,
    taken: impl Fn(Outcome) -> Decision,
) -> Decision {
    match at_work_since {
        None => taken(Outcome::Running),
        Some(since) if since < due => taken(Outcome::Skipped),
        Some(_) => Decision::Stay,
    }
}

/// Claims what is due, at most [`repo::AT_ONCE`] jobs.
pub(super) async fn claim(
    transaction: &Transaction,
    jobs: &[Arc<JobDefinition>],
    starter: Starter,
) -> Result<Vec<Claim>> {
    let keys: Vec<JobKey> = jobs.iter().map(|job| job.key.clone()).collect();
    let mut rows = repo::jobs_to_change(transaction, &keys).await?;
    let at_work = repo::at_work(transaction, &keys).await?;
    let mut claims = Vec::with_capacity(jobs.len());
    let (mut runs, mut moved) = (Vec::new(), Vec::new());
    for job in jobs {
        let row = rows.remove(&job.key);
        let decision = decide(job, row.as_ref(), at_work.get(&job.key).copied(), starter.now);
        let (next, run) = match decision {
            Decision::Wait(next) => (Some(next), None),
            Decision::Stay => (None, None),
            Decision::Take { due, trigger, outcome, next } => {
                moved.extend(row.map(|row| moved_on(row, next, starter.now)));
                let run = starter.run(&job.key, due, 1, trigger, outcome);
                runs.push(run.clone());
                (Some(next), Some(run))
            }
        };
        claims.push(Claim { job: Arc::clone(job), next, run });
    }
    let added = repo::add_runs(transaction, &runs).await?;
    repo::save_next(transaction, &moved).await?;
    for claim in &mut claims {
        // Of a due time that has a run already there is nothing left to claim.
        claim.run = claim.run.take().filter(|run| added.contains(&run.id));
    }
    Ok(claims)
}

fn moved_on(mut row: cron_jobs::Model, next: Option<Timestamp>, now: Timestamp) -> cron_jobs::Model {
    row.next_due = next.map(Timestamp::millis);
    row.updated_at = now.millis();
    row
}

impl Starter {
    /// The row of a run that starts now, or that is over without having been at work.
    pub(super) fn run(
        self,
        key: &JobKey,
        due: Timestamp,
        attempt: i32,
        trigger: Trigger,
        outcome: Outcome,
    ) -> cron_runs::Model {
        let is_running = outcome == Outcome::Running;
        let detail = match outcome {
            Outcome::Skipped => Some("The run before it was still at work."),
            Outcome::Missed => Some("No server ran when it was due."),
            _ => None,
        };
        cron_runs::Model {
            id: Uuid::now_v7(),
            owner: key.owner.to_string(),
            job_type: key.job_type.to_string(),
            due_at: due.millis(),
            attempt,
            trigger: trigger.as_str().to_owned(),
            started_at: self.now.millis(),
            ended_at: (!is_running).then_some(self.now.millis()),
            outcome: outcome.as_str().to_owned(),
            detail: detail.map(str::to_owned),
            output: None,
            holder: is_running.then_some(self.holder),
            lease_until: is_running.then(|| self.now.plus_seconds(LEASE).millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::idle_job;
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-03-01T{text}Z")).unwrap()
    }

    fn row(next_due: Option<&str>, paused: Option<bool>) -> cron_jobs::Model {
        cron_jobs::Model {
            owner: "site".to_owned(),
            job_type: "job".to_owned(),
            expression: "*/5 * * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            next_due: next_due.map(|text| at(text).millis()),
            paused,
            updated_at: 0,
        }
    }

    fn taken(due: &str, trigger: Trigger, outcome: Outcome, next: &str) -> Decision {
        Decision::Take { due: at(due), trigger, outcome, next: Some(at(next)) }
    }

    #[test]
    fn decisions() {
        let mut job = idle_job("job", "*/5 * * * *");
        let due = row(Some("12:00:00"), None);
        let after = |job: &JobDefinition, row: &cron_jobs::Model, since: Option<&str>, now: &str| {
            decide(job, Some(row), since.map(at), at(now))
        };
        let start = taken("12:00:00", Trigger::Schedule, Outcome::Running, "12:05:00");
        assert_eq!(after(&job, &due, None, "12:00:00"), start);
        assert_eq!(after(&job, &due, None, "12:01:00"), start, "a minute late is late and not missed");
        let skipped = taken("12:00:00", Trigger::Schedule, Outcome::Skipped, "12:05:00");
        assert_eq!(after(&job, &due, Some("11:55:00"), "12:00:00"), skipped);
        assert_eq!(after(&job, &due, Some("12:00:00"), "12:00:30"), Decision::Stay);
        let later = row(Some("12:05:00"), None);
        assert_eq!(after(&job, &later, None, "12:00:00"), Decision::Wait(Some(at("12:05:00"))));
        assert_eq!(decide(&job, None, None, at("12:00:00")), Decision::Wait(None));
        assert_eq!(after(&job, &row(None, None), None, "12:00:00"), Decision::Wait(None));
        // Missed.
        let caught_up = taken("12:30:00", Trigger::CatchUp, Outcome::Running, "12:35:00");
        assert_eq!(after(&job, &due, None, "12:33:00"), caught_up);
        let skipped = taken("12:30:00", Trigger::CatchUp, Outcome::Skipped, "12:35:00");
        assert_eq!(after(&job, &due, Some("12:29:00"), "12:33:00"), skipped);
        job.catch_up = CatchUp::Skip;
        let missed = taken("12:30:00", Trigger::Schedule, Outcome::Missed, "12:35:00");
        assert_eq!(after(&job, &due, None, "12:33:00"), missed);
        assert_eq!(after(&job, &due, None, "12:00:10"), start);
        let last = taken("12:30:00", Trigger::Schedule, Outcome::Running, "12:35:00");
        assert_eq!(after(&job, &due, None, "12:30:30"), last, "the last one is late and not missed");
        // Paused.
        let paused = row(Some("12:00:00"), Some(true));
        assert_eq!(after(&job, &paused, None, "12:33:00"), Decision::Wait(Some(at("12:35:00"))));
        job.enabled = false;
        assert_eq!(after(&job, &due, None, "12:00:00"), Decision::Wait(Some(at("12:05:00"))));
        assert_eq!(after(&job, &row(Some("12:00:00"), Some(false)), None, "12:00:00"), start);
    }

    #[test]
    fn after_a_restart_only_the_last_due_time_is_run() {
        let (job, due) = (idle_job("job", "* * * * * *"), row(Some("12:00:00"), None));
        let after = |now| decide(&job, Some(&due), None, at(now));
        let first = taken("12:00:00", Trigger::Schedule, Outcome::Running, "12:00:01");
        assert_eq!(after("12:00:02"), first, "a server that is busy leaves nothing out");
        let last = taken("12:00:45", Trigger::Schedule, Outcome::Running, "12:00:46");
        assert_eq!(after("12:00:45"), last);
        let last = taken("15:00:00", Trigger::Schedule, Outcome::Running, "15:00:01");
        assert_eq!(after("15:00:00"), last);
    }
}
