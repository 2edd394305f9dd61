//! Runs what is due. The scheduler gives one tick a second; a lease lets one process of several act on it, and a row
//! is kept of every run.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::Utc;
use fleuron_plugin_host::{CallContext, PluginHost, hook};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait};
use tokio::task::JoinHandle;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use uuid::Uuid;

use super::job::{Due, JobKey, Timetable};
use crate::{clock::Timestamp, database::Database, entities::cron_runs, error::Result, events::Lease};

const TICK: Duration = Duration::from_secs(1);

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
    running: Arc<Mutex<HashSet<JobKey>>>,
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
            running: Arc::default(),
        };
        let task = tokio::spawn(async move {
            if let Err(error) = run(runner, stopped).await {
                tracing::error!(%error, "the scheduler cannot run; no cron job will");
            }
        });
        Self { task, stop }
    }

    /// Lets no further job start and stops.
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
    if let Err(error) = runner.lock().await.lease.release().await {
        tracing::warn!(%error, "the cron lease was not given back");
    }
    Ok(())
}

impl Runner {
    async fn tick(&mut self) {
        let now = Utc::now();
        let generation = self.hooks.generation();
        if self.synced != Some(generation) {
            self.timetable.sync(&self.hooks.plugins(), now);
            self.synced = Some(generation);
        }
        let due = self.timetable.take_due(now);
        if due.is_empty() {
            return;
        }
        match self.lease.hold().await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, "cron jobs are due, and the lease cannot be taken");
                return;
            }
        }
        for due in due {
            if self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(due.key.clone()) {
                tokio::spawn(execute(
                    self.database.clone(),
                    self.hooks.clone(),
                    due,
                    Arc::clone(&self.running),
                ));
            } else {
                tracing::warn!(plugin = %due.key.plugin, job = due.key.job_type, "still running; this run is skipped");
            }
        }
    }
}

async fn execute(database: Database, hooks: PluginHost, due: Due, running: Arc<Mutex<HashSet<JobKey>>>) {
    let key = due.key.clone();
    if let Err(error) = record_and_run(&database, &hooks, due).await {
        tracing::error!(plugin = %key.plugin, job = key.job_type, %error, "a cron run could not be recorded");
    }
    running.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
}

/// The row comes first: it is the record that the run was started.
async fn record_and_run(database: &Database, hooks: &PluginHost, due: Due) -> Result<()> {
    let id = Uuid::now_v7();
    let row = cron_runs::Model {
        id,
        plugin_id: due.key.plugin.to_string(),
        job_type: due.key.job_type.clone(),
        due_at: due.at.timestamp_millis(),
        started_at: Timestamp::now().millis(),
        ended_at: None,
        outcome: "running".to_owned(),
        detail: None,
    };
    database
        .write(row, |transaction, row| {
            Box::pin(async move {
                let row = cron_runs::ActiveModel::from(row.clone());
                cron_runs::Entity::insert(row).exec_without_returning(transaction).await?;
                Ok(())
            })
        })
        .await?;
    let context = CallContext { event_id: Some(id.to_string()), attempt: 1, ..CallContext::default() };
    let outcome = hooks.notify_one::<hook::OnCronTick>(&due.key.plugin, Some(due.payload), &context).await;
    let (outcome, detail) = match outcome {
        Ok(()) => ("succeeded", None),
        Err(error) => {
            tracing::warn!(plugin = %due.key.plugin, job = due.key.job_type, %error, "a cron job failed");
            ("failed", Some(error.to_string()))
        }
    };
    database
        .write((id, outcome, detail), |transaction, (id, outcome, detail)| {
            Box::pin(async move {
                let change = cron_runs::ActiveModel {
                    id: Set(*id),
                    ended_at: Set(Some(Timestamp::now().millis())),
                    outcome: Set((*outcome).to_owned()),
                    detail: Set(detail.clone()),
                    ..Default::default()
                };
                change.update(transaction).await?;
                Ok(())
            })
        })
        .await
}
