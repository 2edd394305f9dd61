//! Runs: how they are at work, and what is said of them afterwards.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    ends::Message,
    engine::Engine,
    job::{Action, JobDefinition, Outcome, Starts, Trigger},
    plugin_jobs::{Ended, OutputLine},
    repo,
};
use crate::{clock::Timestamp, entities::cron_runs, error::Result};

/// How long a job that every process starts by itself is left alone after a failure, or while it is paused, in seconds.
const HELD_BACK: i64 = 10;

impl Engine {
    /// Has a run be at work whose row is written.
    pub(super) fn start_run(self: &Arc<Self>, job: Arc<JobDefinition>, mut run: cron_runs::Model) {
        self.state().known.insert(run.id);
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let _slot = engine.slots.take(&job.key.owner).await;
            if engine.is_abandoned() {
                return;
            }
            let started = engine.clock.now();
            run.started_at = started.millis();
            if run.attempt == 1 && run.trigger != Trigger::Manual.as_str() {
                engine.metrics.started(Timestamp::from_millis(run.due_at), started);
            }
            let work = AssertUnwindSafe(Box::pin(engine.perform(&job, &run))).catch_unwind().await;
            let ended = work.unwrap_or_else(|_panic| Ended::failed("The run panicked.".to_owned()));
            if ended.is_gone && engine.is_stopping() {
                engine.leave(run.id);
                return;
            }
            engine.note(&job, &ended);
            write_into(&mut run, ended, engine.clock.now());
            // The collector is there as long as the engine.
            let _ = engine.ends.send(Message::Ended(run));
        });
    }

    /// Has a job be at work that every process starts by itself, unless it is so already.
    pub(super) fn start_local(self: &Arc<Self>, job: Arc<JobDefinition>, due: Timestamp, now: Timestamp) {
        {
            let mut state = self.state();
            state.timetable.set_next(&job.key, job.next_after(now));
            let held_back = state.held_back.get(&job.key).copied();
            // One that is further ahead than any was set before the clock went back.
            if let Some(until) =
                held_back.filter(|until| *until > now && *until <= now.plus_seconds(HELD_BACK))
            {
                state.timetable.set_next(&job.key, Some(until));
                return;
            }
            if !state.local.insert(job.key.clone()) {
                return;
            }
        }
        let due = job.last_between(due, now).unwrap_or(due);
        let engine = Arc::clone(self);
        tokio::spawn(async move {
            let work = AssertUnwindSafe(Box::pin(engine.run_local(&job, due, now))).catch_unwind().await;
            if !matches!(work, Ok(Ok(()))) {
                engine.state().held_back.insert(job.key.clone(), now.plus_seconds(HELD_BACK));
            }
            match work {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(job = %job.key, %error, "a job could not be started"),
                Err(_panic) => tracing::error!(job = %job.key, "a job panicked"),
            }
            let mut state = engine.state();
            state.local.remove(&job.key);
            state.look_again = true;
            drop(state);
            engine.shared.ended.notify_waiters();
        });
    }

    /// Leaves a run to whoever comes next: its row says that it is at work.
    fn leave(&self, run: Uuid) {
        {
            let mut state = self.state();
            state.known.remove(&run);
            state.has_left_behind = true;
        }
        self.shared.ended.notify_waiters();
    }

    /// Waits until nothing is at work here any more and all ends are written.
    pub(super) async fn settle(&self) {
        loop {
            let ended = self.shared.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            {
                let state = self.state();
                if state.known.is_empty() && state.local.is_empty() {
                    break;
                }
            }
            ended.await;
        }
        let (answer, answered) = oneshot::channel();
        if self.ends.send(Message::Flush(answer)).is_ok() {
            // An answer that does not come means that the collector is gone, and everything with it.
            let _ = answered.await;
        }
    }

    async fn perform(&self, job: &JobDefinition, run: &cron_runs::Model) -> Ended {
        match (&job.action, &self.plugins) {
            (Action::Builtin(work), _) => match work(self.clock.now()).await {
                Ok(told) => Ended::succeeded(self.said(told)),
                Err(error) => Ended::failed(error.to_string()),
            },
            (Action::Plugin { .. }, Some(plugins)) => plugins.run(job, run).await,
            (Action::Plugin { .. }, None) => Ended::failed("There are no plugins here.".to_owned()),
        }
    }

    /// A run of a job that every process starts by itself. It leaves a row where there is something to tell.
    async fn run_local(&self, job: &JobDefinition, due: Timestamp, now: Timestamp) -> Result<()> {
        let rows = repo::jobs(self.database.reader(), std::slice::from_ref(&job.key)).await?;
        if rows.get(&job.key).is_some_and(|row| job.is_paused(row.paused)) {
            self.state().held_back.insert(job.key.clone(), now.plus_seconds(HELD_BACK));
            return Ok(());
        }
        let started = self.clock.now();
        let mut run = self.starter(started).run(&job.key, due, 1, Trigger::Schedule, Outcome::Running);
        self.metrics.started(due, started);
        let ended = self.perform(job, &run).await;
        self.note(job, &ended);
        let has_failed = ended.outcome != Outcome::Succeeded;
        if has_failed {
            self.state().held_back.insert(job.key.clone(), now.plus_seconds(HELD_BACK));
        }
        if has_failed || (!ended.output.is_empty() && self.is_to_be_told(job, now)) {
            write_into(&mut run, ended, self.clock.now());
            // The collector is there as long as the engine.
            let _ = self.ends.send(Message::Told(run));
        }
        Ok(())
    }

    /// Whether a run of this job that did something leaves a row again.
    fn is_to_be_told(&self, job: &JobDefinition, now: Timestamp) -> bool {
        let Starts::Everywhere { told_every } = job.starts else { return true };
        let mut state = self.state();
        let before = state.told.get(&job.key).copied();
        if before.is_some_and(|before| before <= now && elapsed(before, now) < told_every) {
            return false;
        }
        state.told.insert(job.key.clone(), now);
        true
    }

    fn note(&self, job: &JobDefinition, ended: &Ended) {
        self.metrics.ended(&job.key.owner, ended.outcome);
        if ended.outcome != Outcome::Succeeded {
            let error = ended.detail.as_deref().unwrap_or_default();
            tracing::warn!(job = %job.key, error, "a job failed");
        }
    }

    /// What a built-in job says, as a line of its run.
    fn said(&self, told: String) -> Vec<OutputLine> {
        if told.is_empty() {
            return Vec::new();
        }
        vec![OutputLine { at: self.clock.now(), level: "info".to_owned(), text: told }]
    }
}

fn elapsed(from: Timestamp, until: Timestamp) -> Duration {
    Duration::from_millis(until.millis().saturating_sub(from.millis()).max(0).unsigned_abs())
}

/// Says in a row how its run ended.
fn write_into(run: &mut cron_runs::Model, ended: Ended, now: Timestamp) {
    let Ended { outcome, detail, output, is_gone: _ } = ended;
    run.ended_at = Some(now.millis());
    run.outcome = outcome.as_str().to_owned();
    run.detail = detail;
    run.output = if output.is_empty() { None } else { serde_json::to_string(&output).ok() };
    run.lease_until = None;
}
