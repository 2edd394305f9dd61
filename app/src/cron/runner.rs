//! What drives the jobs: the scheduler gives one tick on each whole second, and a due time that is near is waited for
//! by itself, so that what is due starts on time.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinHandle};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use super::{engine::Engine, service::CronService};

/// How long a stop waits for the jobs that run.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// A running scheduler.
pub struct CronRunner {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl CronRunner {
    /// Starts what is due from now on.
    pub fn start(service: &CronService) -> Self {
        let (stop, stopped) = watch::channel(false);
        let engine = service.engine();
        let task = tokio::spawn(async move {
            if let Err(error) = run(engine, stopped).await {
                tracing::error!(%error, "the scheduler cannot run; no job will");
            }
        });
        Self { task, stop }
    }

    /// Lets no further job start, waits for those that run, at most ten seconds, and stops. What still runs then is
    /// started again by another process, or by the next one.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn run(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) -> Result<(), JobSchedulerError> {
    let mut scheduler = JobScheduler::new().await?;
    let ticked = Arc::clone(&engine);
    let tick = Job::new_async("* * * * * *", move |_, _| {
        let engine = Arc::clone(&ticked);
        // A tick that finds the one before still at work is kept, and others with it are one.
        Box::pin(async move { engine.shared.wake.notify_one() })
    })?;
    scheduler.add(tick).await?;
    scheduler.start().await?;
    loop {
        let since = engine.clock.now();
        if let Err(error) = engine.tick().await {
            tracing::error!(%error, "jobs that are due cannot be started; trying again");
        }
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => break,
            () = engine.shared.wake.notified() => {}
            () = tokio::time::sleep(engine.wait(since)) => {}
        }
    }
    engine.stop();
    scheduler.shutdown().await?;
    drain(&engine).await;
    Ok(())
}

async fn drain(engine: &Engine) {
    let has_settled = tokio::time::timeout(DRAIN_LIMIT, engine.settle()).await.is_ok();
    if has_settled && !engine.state().has_left_behind {
        return;
    }
    tracing::warn!("jobs are still running; they are left to whoever comes next");
    // What has not begun by now does not begin here any more: its lease is about to be given up.
    engine.abandon();
    if let Err(error) = engine.give_up_leases().await {
        tracing::warn!(%error, "the runs that are left behind could not be given up");
    }
}
