//! How runs ended is written in batches, off the runs. Whoever is not the holder of a run any more writes nothing.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{engine::Shared, job::JobKey, repo};
use crate::{
    clock::Clock,
    database::{Database, Transaction},
    entities::cron_runs,
    error::Result,
};

/// Ends written in one transaction.
const BATCH: usize = 256;
/// The pause after a failure of the database.
const PAUSE: Duration = Duration::from_secs(1);

/// What the collector is told.
pub(super) enum Message {
    /// A run that was claimed has ended so.
    Ended(cron_runs::Model),
    /// A run that was not claimed is worth a row.
    Told(cron_runs::Model),
    /// Everything before is to be written, and then this to be answered.
    Flush(oneshot::Sender<()>),
}

/// Writes how runs ended.
pub(super) struct Collector {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shared: Arc<Shared>,
    pub(super) holder: Uuid,
}

/// What is written together.
#[derive(Default)]
struct Batch {
    ended: Vec<cron_runs::Model>,
    told: Vec<cron_runs::Model>,
}

impl Collector {
    /// Works until nobody is left who could tell it something.
    pub(super) async fn run(self, mut received: mpsc::UnboundedReceiver<Message>) {
        let mut messages = Vec::new();
        while received.recv_many(&mut messages, BATCH).await > 0 {
            let (mut batch, mut waiting) = (Batch::default(), Vec::new());
            for message in messages.drain(..) {
                match message {
                    Message::Ended(run) => batch.ended.push(run),
                    Message::Told(run) => batch.told.push(run),
                    Message::Flush(answer) => waiting.push(answer),
                }
            }
            if !batch.ended.is_empty() || !batch.told.is_empty() {
                self.write(Arc::new(batch), &received).await;
            }
            for answer in waiting {
                // Whoever asked may have given up.
                let _ = answer.send(());
            }
        }
    }

    /// Writes until it succeeds: a run without an end would be at work for ever.
    async fn write(&self, batch: Arc<Batch>, received: &mpsc::UnboundedReceiver<Message>) {
        loop {
            let input = (Arc::clone(&batch), self.holder);
            let written = self
                .database
                .write(input, |transaction, (batch, holder)| Box::pin(write(transaction, batch, *holder)))
                .await;
            match written {
                Ok(lost) => return self.settle(&batch, &lost),
                // Nobody is left but this task.
                Err(error) if received.is_closed() => {
                    tracing::error!(%error, "how runs of jobs ended could not be written");
                    return;
                }
                Err(error) => {
                    tracing::warn!(%error, "how runs of jobs ended cannot be written; trying again")
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn settle(&self, batch: &Batch, lost: &HashSet<Uuid>) {
        let now = self.clock.now();
        let mut is_due = false;
        {
            let mut state = self.shared.state();
            for run in &batch.ended {
                state.known.remove(&run.id);
                let key = JobKey::new(&run.owner, &run.job_type);
                is_due |= state.timetable.next(&key).is_some_and(|next| next <= now);
                if lost.contains(&run.id) {
                    tracing::warn!(job = %key, run = %run.id, "a run was given to another process before it ended");
                }
            }
        }
        self.shared.ended.notify_waiters();
        // The next due time of a job waited for this.
        if is_due {
            self.shared.wake.notify_one();
        }
    }
}

/// Writes a batch, and answers which runs this process does not hold any more.
async fn write(transaction: &Transaction, batch: &Batch, holder: Uuid) -> Result<HashSet<Uuid>> {
    let mut lost = HashSet::new();
    for run in &batch.ended {
        if !repo::end(transaction, run, holder).await? {
            lost.insert(run.id);
        }
    }
    repo::add_runs(transaction, &batch.told).await?;
    Ok(lost)
}
