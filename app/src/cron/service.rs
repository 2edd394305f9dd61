//! What administrators see of jobs, and how they steer them.

use std::{collections::HashSet, sync::Arc};

use fleuron_plugin_host::{HostConfig, PluginHost};
use serde_json::json;
use uuid::Uuid;

use super::{
    claims::Starter,
    engine::Engine,
    job::{JobDefinition, JobKey, Outcome, Trigger},
    metrics::CronMetrics,
    repo::{self, RunFilter},
};
use crate::{
    audit,
    auth::Actor,
    clock::{Clock, Timestamp},
    database::{Database, Transaction},
    entities::{cron_jobs, cron_runs},
    error::{ApiError, ErrorCode, Result},
    http::{Cursor, Page},
    plugins::host_api::PluginLogs,
};

/// What scheduled work needs.
pub struct CronParts {
    /// The database.
    pub database: Database,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// The plugins and what they log; none: no jobs of plugins.
    pub plugins: Option<(PluginHost, PluginLogs)>,
    /// What the plugins are limited to.
    pub limits: HostConfig,
    /// What is counted.
    pub metrics: CronMetrics,
    /// The site's own jobs.
    pub builtin: Vec<JobDefinition>,
}

/// The jobs of a site. Cheap to clone.
#[derive(Clone)]
pub struct CronService {
    engine: Arc<Engine>,
}

/// A job as it stands.
pub(super) struct JobView {
    pub(super) job: Arc<JobDefinition>,
    pub(super) is_paused: bool,
    pub(super) next_due: Option<Timestamp>,
    pub(super) is_running: bool,
    pub(super) last_run: Option<cron_runs::Model>,
}

/// A word of an administrator about a job.
struct Word {
    actor: Actor,
    job: Arc<JobDefinition>,
    is_paused: bool,
    now: Timestamp,
}

/// A run that an administrator wants.
struct Wanted {
    actor: Actor,
    key: JobKey,
    run: cron_runs::Model,
}

impl CronService {
    /// The jobs of a site. Nothing starts by itself before a [`super::CronRunner`] drives them. To be called within the
    /// asynchronous runtime.
    pub fn new(parts: CronParts) -> Self {
        Self { engine: Engine::start(parts) }
    }

    pub(super) fn engine(&self) -> Arc<Engine> {
        Arc::clone(&self.engine)
    }

    /// All jobs, by owner and name.
    pub(super) async fn jobs(&self) -> Result<Vec<JobView>> {
        self.engine.ready().await?;
        let reader = self.engine.database.reader();
        let mut rows = repo::all_jobs(reader).await?;
        let mut last_runs = repo::last_runs(reader).await?;
        let running = self.running().await?;
        let views = self.scheduled(None).into_iter().map(|(job, next)| {
            let (row, last_run) = (rows.remove(&job.key), last_runs.remove(&job.key));
            JobView::new(job, next, row.as_ref(), &running, last_run)
        });
        Ok(views.collect())
    }

    /// One job; fails with `not_found`.
    pub(super) async fn job(&self, key: &JobKey) -> Result<JobView> {
        self.engine.ready().await?;
        let (job, next) = self.scheduled(Some(key)).pop().ok_or_else(unknown)?;
        let reader = self.engine.database.reader();
        let row = repo::jobs(reader, std::slice::from_ref(key)).await?.remove(key);
        let last_run = repo::last_run(reader, key).await?;
        Ok(JobView::new(job, next, row.as_ref(), &self.running().await?, last_run))
    }

    /// Runs of jobs, newest first.
    pub(super) async fn runs(
        &self,
        filter: &RunFilter,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<cron_runs::Model>> {
        let runs = repo::runs(self.engine.database.reader(), filter, after, limit + 1).await?;
        Ok(Page::cut(runs, limit, |run| Cursor { key: 0, id: run.id }))
    }

    /// One run; fails with `not_found`.
    pub(super) async fn read_run(&self, id: Uuid) -> Result<cron_runs::Model> {
        let run = repo::run(self.engine.database.reader(), id).await?;
        run.ok_or_else(|| ApiError::not_found("run of a job"))
    }

    /// Has a job run now, also one that is paused. Fails with `not_possible` while it is at work.
    pub(super) async fn run_now(&self, actor: &Actor, key: &JobKey) -> Result<cron_runs::Model> {
        let job = self.known(key).await?;
        if self.engine.is_stopping() {
            return Err(ApiError::new(ErrorCode::Unavailable, "The server is stopping. Try again shortly.")
                .retry_after(2));
        }
        if self.engine.state().local.contains(key) {
            return Err(at_work());
        }
        // A task of its own, so that a client that goes away leaves no row that nobody works on.
        let started = tokio::spawn(start_manual(self.engine(), actor.clone(), job));
        started.await.unwrap_or_else(|error| Err(ApiError::internal(error)))
    }

    /// Lets a job start no more until it is resumed. What runs, runs on.
    pub(super) async fn pause(&self, actor: &Actor, key: &JobKey) -> Result<JobView> {
        self.say(actor, key, true).await
    }

    /// Lets a job go on from now. What was due while it was paused is left out.
    pub(super) async fn resume(&self, actor: &Actor, key: &JobKey) -> Result<JobView> {
        self.say(actor, key, false).await
    }

    async fn say(&self, actor: &Actor, key: &JobKey, is_paused: bool) -> Result<JobView> {
        let job = self.known(key).await?;
        let now = self.engine.clock.now();
        let word = Word { actor: actor.clone(), job: Arc::clone(&job), is_paused, now };
        let next = self
            .engine
            .database
            .write(word, |transaction, word| Box::pin(note_word(transaction, word)))
            .await?;
        {
            let mut state = self.engine.state();
            state.held_back.remove(key);
            state.look_again = true;
            if let Some(next) = next {
                state.timetable.set_next(key, Some(next));
            }
        }
        self.engine.shared.wake.notify_one();
        self.job(key).await
    }

    async fn known(&self, key: &JobKey) -> Result<Arc<JobDefinition>> {
        self.engine.ready().await?;
        self.engine.state().timetable.job(key).cloned().ok_or_else(unknown)
    }

    /// All jobs, or one, with when they are due next.
    fn scheduled(&self, key: Option<&JobKey>) -> Vec<(Arc<JobDefinition>, Option<Timestamp>)> {
        let state = self.engine.state();
        let all = state.timetable.all().map(|(job, next)| (Arc::clone(job), next));
        match key {
            Some(key) => {
                let job = state.timetable.job(key).cloned();
                job.into_iter().map(|job| (job, state.timetable.next(key))).collect()
            }
            None => all.collect(),
        }
    }

    /// The jobs that are at work, anywhere.
    async fn running(&self) -> Result<HashSet<JobKey>> {
        let running = repo::running(self.engine.database.reader()).await?;
        let here = self.engine.state().local.clone();
        Ok(running.iter().map(|run| JobKey::new(&run.owner, &run.job_type)).chain(here).collect())
    }
}

impl JobView {
    fn new(
        job: Arc<JobDefinition>,
        next: Option<Timestamp>,
        row: Option<&cron_jobs::Model>,
        running: &HashSet<JobKey>,
        last_run: Option<cron_runs::Model>,
    ) -> Self {
        let is_paused = job.is_paused(row.and_then(|row| row.paused));
        let next_due = next.filter(|_| !is_paused);
        let is_running = running.contains(&job.key);
        Self { job, is_paused, next_due, is_running, last_run }
    }
}

/// Writes whether a job is paused. Answers when it is due next, where it goes on.
async fn note_word(transaction: &Transaction, word: &Word) -> Result<Option<Timestamp>> {
    let Word { actor, job, is_paused, now } = word;
    let rows = repo::jobs_to_change(transaction, std::slice::from_ref(&job.key)).await?;
    let mut row = rows.get(&job.key).cloned().ok_or_else(unknown)?;
    let was_paused = job.is_paused(row.paused);
    let next = match (is_paused, row.next_due) {
        (true, _) => None,
        // It goes on already.
        (false, Some(due)) if !was_paused => Some(Timestamp::from_millis(due)),
        (false, _) => job.next_after(*now),
    };
    row.paused = Some(*is_paused);
    row.next_due = next.filter(|_| !job.starts_everywhere()).map(Timestamp::millis);
    row.updated_at = now.millis();
    repo::save_paused(transaction, row).await?;
    let action = if *is_paused { "cron.paused" } else { "cron.resumed" };
    audit::record(transaction, actor, action, &job.key.to_string(), &json!({})).await?;
    Ok(next)
}

/// Starts a run that an administrator wants.
async fn start_manual(
    engine: Arc<Engine>,
    actor: Actor,
    job: Arc<JobDefinition>,
) -> Result<cron_runs::Model> {
    let now = engine.clock.now();
    let starter = Starter { holder: engine.holder, now };
    let run = starter.run(&job.key, beside_due_times(now), 1, Trigger::Manual, Outcome::Running);
    // From now on it is known here, so that nobody takes it for one that was left behind.
    engine.state().known.insert(run.id);
    let wanted = Wanted { actor, key: job.key.clone(), run: run.clone() };
    let claimed = engine
        .database
        .write(wanted, |transaction, wanted| Box::pin(claim_manual(transaction, wanted)))
        .await;
    if let Err(error) = claimed {
        engine.state().known.remove(&run.id);
        engine.shared.ended.notify_waiters();
        return Err(error);
    }
    engine.start_run(job, run.clone());
    Ok(run)
}

/// This moment, or a millisecond later where it may be a due time: those are whole seconds, and each starts once.
fn beside_due_times(now: Timestamp) -> Timestamp {
    if now.millis() % 1000 == 0 { Timestamp::from_millis(now.millis() + 1) } else { now }
}

/// Writes the row of a run that an administrator wants, unless the job is at work.
async fn claim_manual(transaction: &Transaction, wanted: &Wanted) -> Result<()> {
    let Wanted { actor, key, run } = wanted;
    // Whoever else wants to start it waits here.
    repo::jobs_to_change(transaction, std::slice::from_ref(key)).await?;
    if repo::at_work(transaction, std::slice::from_ref(key)).await?.contains_key(key) {
        return Err(at_work());
    }
    if repo::add_runs(transaction, std::slice::from_ref(run)).await?.is_empty() {
        return Err(at_work());
    }
    let detail = json!({ "run": run.id });
    audit::record(transaction, actor, "cron.run", &key.to_string(), &detail).await
}

fn unknown() -> ApiError {
    ApiError::not_found("job")
}

fn at_work() -> ApiError {
    ApiError::new(ErrorCode::NotPossible, "The job is at work. Wait until it has ended.")
}
