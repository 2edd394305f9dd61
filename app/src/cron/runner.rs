//! Runs what is due. The scheduler gives one tick a second; a lease lets one process of several act on it, and a row
//! is kept of every run.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use fleuron_plugin_host::{CallContext, PluginHost, hook};
use tokio::task::{JoinHandle, JoinSet};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{
    job::{Due, JobKey, Timetable},
    record,
};
use crate::{database::Database, error::Result, events::Lease};

const TICK: Duration = Duration::from_secs(1);
/// How long a stop waits for the jobs that run.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// A running scheduler.
pub struct CronRunner {
    task: JoinHandle<()>,
    stop: tokio::sync::watch::Sender<bool>,
}

struct Runner {
    database: Database,
    hooks: PluginHost,
    lease: Lease,
    timetable: Timetable,
    synced: Option<u64>,
    /// Whether there may be rows of runs that ended with their process.
    untidy: bool,
    stopped: bool,
    running: Running,
    runs: JoinSet<()>,
}

/// The jobs that run now: no job runs twice at once.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<HashSet<JobKey>>>);

/// Marks a job as running until it is dropped, however its run ends.
struct RunningJob {
    running: Running,
    key: JobKey,
}

impl Running {
    /// None where the job runs already.
    fn enter(&self, key: &JobKey) -> Option<RunningJob> {
        let entered = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        entered.then(|| RunningJob { running: self.clone(), key: key.clone() })
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl CronRunner {
    /// Starts the scheduler.
    pub fn start(database: Database, hooks: PluginHost) -> Self {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let runner = Runner {
            lease: Lease::new(database.clone(), "cron"),
            database,
            hooks,
            timetable: Timetable::default(),
            synced: None,
            untidy: true,
            stopped: false,
            running: Running::default(),
            runs: JoinSet::new(),
        };
        let task = tokio::spawn(async move {
            if let Err(error) = run(runner, stopped).await {
                tracing::error!(%error, "the scheduler cannot run; no cron job will");
            }
        });
        Self { task, stop }
    }

    /// Lets no further job start, waits for those that run, at most ten seconds, and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn run(
    runner: Runner,
    mut stopped: tokio::sync::watch::Receiver<bool>,
) -> Result<(), JobSchedulerError> {
    let mut scheduler = JobScheduler::new().await?;
    let runner = Arc::new(tokio::sync::Mutex::new(runner));
    let ticking = Arc::clone(&runner);
    let tick = Job::new_repeated_async(TICK, move |_, _| {
        let runner = Arc::clone(&ticking);
        Box::pin(async move {
            // A tick that finds the one before still at work is not needed.
            if let Ok(mut runner) = runner.try_lock() {
                runner.tick().await;
            }
        })
    })?;
    scheduler.add(tick).await?;
    scheduler.start().await?;
    let _ = stopped.wait_for(|stop| *stop).await;
    scheduler.shutdown().await?;
    let mut runner = runner.lock().await;
    runner.drain().await;
    if let Err(error) = runner.lease.release().await {
        tracing::warn!(%error, "the cron lease was not given back");
    }
    Ok(())
}

impl Runner {
    async fn tick(&mut self) {
        if self.stopped {
            return;
        }
        let now = Utc::now();
        let generation = self.hooks.generation();
        if self.synced != Some(generation) {
            self.timetable.sync(&self.hooks.plugins(), now);
            self.synced = Some(generation);
        }
        while let Some(ended) = self.runs.try_join_next() {
            report_panic(ended);
        }
        let due = self.timetable.is_due(now);
        match self.hold_lease(due).await {
            // What is due stays due until it is known who runs it.
            Err(error) => tracing::error!(%error, "the lease for cron jobs cannot be taken; trying again"),
            Ok(true) => self.start_due(now),
            Ok(false) if due => {
                // Another process runs them.
                self.timetable.take_due(now);
                self.untidy = true;
            }
            Ok(false) => {}
        }
    }

    /// Whether this process is the one that runs jobs, asked where it matters: something is due, runs here or was left
    /// behind by a process that died.
    async fn hold_lease(&mut self, due: bool) -> Result<bool> {
        if self.untidy && self.runs.is_empty() {
            self.untidy = record::are_running(&self.database).await?;
        }
        if !due && !self.untidy && self.runs.is_empty() {
            return Ok(false);
        }
        let held = self.lease.hold().await?;
        // Whoever runs jobs keeps the lease meanwhile, so what seems to run has ended with its process.
        if held && self.untidy && self.runs.is_empty() {
            record::abort_left_behind(&self.database).await?;
            self.untidy = false;
        }
        Ok(held)
    }

    fn start_due(&mut self, now: DateTime<Utc>) {
        for due in self.timetable.take_due(now) {
            match self.running.enter(&due.key) {
                Some(job) => {
                    self.runs.spawn(execute(self.database.clone(), self.hooks.clone(), due, job));
                }
                None => {
                    tracing::warn!(plugin = %due.key.plugin, job = due.key.job_type, "still running; this run is skipped");
                }
            }
        }
    }

    async fn drain(&mut self) {
        self.stopped = true;
        let all = async {
            while let Some(ended) = self.runs.join_next().await {
                report_panic(ended);
            }
        };
        if tokio::time::timeout(DRAIN_LIMIT, all).await.is_err() {
            tracing::warn!(running = self.runs.len(), "cron jobs are still running; leaving them behind");
            self.runs.detach_all();
        }
    }
}

fn report_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a cron run ended in a panic");
    }
}

async fn execute(database: Database, hooks: PluginHost, due: Due, _job: RunningJob) {
    if let Err(error) = record_and_run(&database, &hooks, &due).await {
        tracing::error!(plugin = %due.key.plugin, job = due.key.job_type, %error, "a cron run could not be recorded");
    }
}

/// The row comes first: it is the record that the run was started.
async fn record_and_run(database: &Database, hooks: &PluginHost, due: &Due) -> Result<()> {
    let id = record::begin(database, due).await?;
    let context = CallContext { event_id: Some(id.to_string()), attempt: 1, ..CallContext::default() };
    let payload = Some(due.payload.clone());
    let outcome = hooks.notify_one::<hook::OnCronTick>(&due.key.plugin, payload, &context).await;
    if let Err(error) = &outcome {
        tracing::warn!(plugin = %due.key.plugin, job = due.key.job_type, %error, "a cron job failed");
    }
    record::end(database, id, due, &outcome).await
}

#[cfg(test)]
mod tests {
    use super::Running;
    use crate::cron::job::JobKey;

    #[tokio::test]
    async fn a_panic_does_not_block_a_job() {
        let running = Running::default();
        let key = JobKey::sample("com.example.a", "job");
        let job = running.enter(&key).expect("it does not run yet");
        assert!(running.enter(&key).is_none(), "it runs already");
        let run = tokio::spawn(async move {
            let _job = job;
            panic!("as a run may");
        });
        assert!(run.await.is_err());
        assert!(running.enter(&key).is_some(), "it may run again");
    }
}
