//! The one worker that empties the outbox. It wakes at once when something was committed here, and soon when another
//! process wrote; a lease keeps a second worker on the same database idle.

use std::time::Duration;

use fleuron_plugin_host::{CallContext, PluginHost};
use tokio::{sync::watch, task::JoinHandle};

use super::{DomainEvent, EventRecorder, Lease, bridge, outbox};
use crate::{database::Database, entities, error::Result};

/// How many entries are delivered between two acknowledgements.
const BATCH: u64 = 64;
/// How long to wait for another process's lease, and how often it is looked for work that nobody announced.
const IDLE: Duration = Duration::from_secs(5);

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

    /// Finishes the batch in hand and stops.
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
    let mut lease = Lease::new(database.clone(), "outbox");
    while !*stopped.borrow() {
        match work(&database, &hooks, &mut lease).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the outbox cannot be worked on; trying again"),
        }
        tokio::select! {
            () = events.woken() => {}
            () = database.changes().changed_elsewhere() => {}
            () = tokio::time::sleep(IDLE) => {}
            _ = stopped.changed() => {}
        }
    }
    if let Err(error) = lease.release().await {
        tracing::warn!(%error, "the outbox lease was not given back");
    }
}

/// Delivers one batch; says whether there may be more.
async fn work(database: &Database, hooks: &PluginHost, lease: &mut Lease) -> Result<bool> {
    let entries = outbox::oldest(database.reader(), BATCH).await?;
    if entries.is_empty() || !lease.hold().await? {
        return Ok(false);
    }
    let more = entries.len() as u64 == BATCH;
    let mut delivered = Vec::with_capacity(entries.len());
    for entry in entries {
        delivered.push(entry.id);
        deliver(hooks, entry).await;
    }
    database
        .write(delivered, |transaction, ids| {
            Box::pin(async move { Ok(outbox::acknowledge(transaction, ids).await?) })
        })
        .await?;
    Ok(more)
}

async fn deliver(hooks: &PluginHost, entry: entities::outbox::Model) {
    let event: DomainEvent = match serde_json::from_str(&entry.payload) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!(id = %entry.id, kind = entry.event_type, %error, "an outbox entry cannot be read");
            return;
        }
    };
    let context = CallContext {
        event_id: Some(entry.id.to_string()),
        attempt: 1,
        entity_id: Some(entry.entity_id),
        ..CallContext::default()
    };
    for delivery in bridge::deliver(hooks, event, &context).await {
        if let Err(error) = delivery.result {
            tracing::warn!(plugin = %delivery.plugin, event = entry.event_type, %error, "an action hook failed");
        }
    }
}
