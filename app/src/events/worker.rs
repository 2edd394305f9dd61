//! The one worker that empties the outbox. It wakes at once when something was committed here, and soon when another
//! process wrote; a lease keeps a second worker on the same database idle.
//!
//! An entry that a listener did not take stays and is delivered again, to all listeners, with the same id and the next
//! attempt's number; entries of the same entity wait behind it, so that each entity's facts stay in order.

use std::time::Duration;

use fleuron_plugin_host::{CallContext, PluginHost};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use super::{DomainEvent, EventRecorder, Lease, bridge, outbox, queue::Queue};
use crate::{database::Database, entities, error::Result};

/// How long to wait for another process's lease, and how often it is looked for work that nobody announced.
const IDLE: Duration = Duration::from_secs(5);
/// How often an entry is delivered until it is given up.
const ATTEMPTS: i32 = 5;
/// How long a failed entry rests; twice as long after each further failure. All pauses together outlast the half minute
/// for which a plugin that fails too often is left alone.
const FIRST_PAUSE: Duration = Duration::from_secs(3);

/// A running worker.
pub struct OutboxWorker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl OutboxWorker {
    /// Starts the worker.
    pub fn start(database: Database, hooks: PluginHost, events: EventRecorder) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(database, hooks, events, stopped));
        Self { stop, task }
    }

    /// Finishes the entry in hand and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

async fn run(
    database: Database,
    hooks: PluginHost,
    events: EventRecorder,
    mut stopped: watch::Receiver<bool>,
) {
    let lease = Lease::new(database.clone(), "outbox");
    let mut worker = Worker { database, hooks, lease, stopped: stopped.clone(), queue: Queue::default() };
    while !*stopped.borrow() {
        match worker.work().await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the outbox cannot be worked on; trying again"),
        }
        tokio::select! {
            () = events.woken() => {}
            () = worker.database.changes().changed_elsewhere() => {}
            () = tokio::time::sleep(worker.next_look()) => {}
            _ = stopped.changed() => {}
        }
    }
    if let Err(error) = worker.lease.release().await {
        tracing::warn!(%error, "the outbox lease was not given back");
    }
}

struct Worker {
    database: Database,
    hooks: PluginHost,
    lease: Lease,
    stopped: watch::Receiver<bool>,
    queue: Queue,
}

/// What became of the entries of one go.
#[derive(Clone, Default)]
struct Outcomes {
    /// Delivered or given up.
    done: Vec<Uuid>,
    failed: Vec<Uuid>,
}

impl Worker {
    /// When to look again if nothing happens.
    fn next_look(&self) -> Duration {
        self.queue.next_end().map_or(IDLE, |end| end.min(IDLE))
    }

    /// Delivers what is due, as much as fits in one go; says whether there may be more.
    async fn work(&mut self) -> Result<bool> {
        let entries = self.queue.due(self.database.reader()).await?;
        if entries.is_empty() || !self.lease.hold().await? {
            return Ok(false);
        }
        let mut outcomes = Outcomes::default();
        let delivered = self.deliver_all(entries, &mut outcomes).await;
        // Whatever was delivered before an error is not to be delivered again.
        self.write_down(outcomes).await?;
        delivered
    }

    /// Delivers in order; false where it ended early, since the server stops or another process took over.
    async fn deliver_all(
        &mut self,
        entries: Vec<entities::outbox::Model>,
        outcomes: &mut Outcomes,
    ) -> Result<bool> {
        for entry in entries {
            if *self.stopped.borrow() || !self.lease.hold().await? {
                return Ok(false);
            }
            if self.queue.rests(&entry.entity_id) {
                continue;
            }
            let attempt = entry.attempts.saturating_add(1);
            if deliver(&self.hooks, &entry, attempt).await {
                outcomes.done.push(entry.id);
            } else if attempt >= ATTEMPTS {
                tracing::error!(id = %entry.id, event = entry.event_type, entity = entry.entity_id, attempt,
                    "an event was not taken and is given up");
                outcomes.done.push(entry.id);
            } else {
                self.queue.rest(entry.entity_id, pause_after(attempt));
                outcomes.failed.push(entry.id);
            }
        }
        Ok(true)
    }

    async fn write_down(&self, outcomes: Outcomes) -> Result<()> {
        if outcomes.done.is_empty() && outcomes.failed.is_empty() {
            return Ok(());
        }
        self.database
            .write(outcomes, |transaction, outcomes| {
                Box::pin(async move {
                    if !outcomes.done.is_empty() {
                        outbox::acknowledge(transaction, &outcomes.done).await?;
                    }
                    Ok(outbox::count_attempt(transaction, &outcomes.failed).await?)
                })
            })
            .await
    }
}

/// How long an entry rests after this many attempts.
fn pause_after(attempt: i32) -> Duration {
    FIRST_PAUSE * 2_u32.saturating_pow(attempt.saturating_sub(1).unsigned_abs())
}

/// Tells every listener; whether all of them took it.
async fn deliver(hooks: &PluginHost, entry: &entities::outbox::Model, attempt: i32) -> bool {
    let event: DomainEvent = match serde_json::from_str(&entry.payload) {
        Ok(event) => event,
        Err(error) => {
            // It would not become readable by waiting.
            tracing::error!(id = %entry.id, event = entry.event_type, %error, "an outbox entry cannot be read");
            return true;
        }
    };
    let context = CallContext {
        event_id: Some(entry.id.to_string()),
        attempt: attempt.unsigned_abs(),
        ..event.context()
    };
    let mut taken = true;
    for delivery in bridge::deliver(hooks, event, &context).await {
        if let Err(error) = delivery.result {
            taken = false;
            tracing::warn!(plugin = %delivery.plugin, event = entry.event_type, attempt, %error,
                "an action hook failed");
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ATTEMPTS, pause_after};

    #[test]
    fn the_pauses_outlast_a_breaker() {
        let pauses: Duration = (1..ATTEMPTS).map(pause_after).sum();
        assert_eq!(pauses, Duration::from_secs(3 + 6 + 12 + 24));
    }
}
