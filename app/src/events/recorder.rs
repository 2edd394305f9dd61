//! Writing facts down: in the transaction of the change they tell of, and only when somebody listens.

use std::sync::{Arc, OnceLock, Weak};

use fleuron_plugin_host::{PluginHost, PluginId};
use tokio::sync::Notify;

use super::{DomainEvent, bridge, outbox};
use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities,
    error::{ApiError, ErrorCode, Result},
};

/// How many events of one plugin may wait to be delivered.
const WAITING: u64 = 1_000;

/// Records facts. Cheap to clone.
#[derive(Clone)]
pub struct EventRecorder {
    shared: Arc<Shared>,
}

struct Shared {
    hooks: PluginHost,
    work: Notify,
}

/// A recorder to be, for those who must exist before it: the plugin host publishes through a recorder that asks the
/// plugin host who listens. It does not keep the recorder, and with it the host, alive. Cheap to clone.
#[derive(Clone, Default)]
pub struct RecorderHandle(Arc<OnceLock<Weak<Shared>>>);

impl EventRecorder {
    /// A recorder for the listeners of this host, reached through `handle` from now on.
    pub fn new(hooks: PluginHost, handle: &RecorderHandle) -> Self {
        let shared = Arc::new(Shared { hooks, work: Notify::new() });
        // A handle that has a recorder already keeps it: both ask the same host.
        let _ = handle.0.set(Arc::downgrade(&shared));
        Self { shared }
    }

    /// Writes the fact into the transaction of its change, if somebody listens.
    pub async fn record(&self, transaction: &Transaction, event: &DomainEvent) -> Result<()> {
        if !bridge::is_wanted(&self.shared.hooks, event) {
            return Ok(());
        }
        let row = entities::outbox::Model {
            id: event.entry_id().0,
            event_type: event.name().to_owned(),
            entity_id: event.entity_id(),
            payload: serde_json::to_string(event).map_err(ApiError::internal)?,
            attempts: 0,
            created_at: Timestamp::now().millis(),
        };
        Ok(outbox::insert(transaction, row).await?)
    }

    /// Records what a plugin emitted, all or nothing, in a transaction of its own. What nobody listens to is gone.
    ///
    /// # Errors
    /// Also where too many events of the plugin wait to be delivered, so that one that emits faster than others listen
    /// does not fill the database.
    pub async fn publish(
        &self,
        database: &Database,
        plugin: &PluginId,
        mut events: Vec<DomainEvent>,
    ) -> Result<()> {
        events.retain(|event| bridge::is_wanted(&self.shared.hooks, event));
        if events.is_empty() {
            return Ok(());
        }
        let recorder = self.clone();
        database
            .write((plugin.to_string(), events), move |transaction, (plugin, events)| {
                let recorder = recorder.clone();
                Box::pin(async move {
                    leave_room(transaction, plugin, events.len()).await?;
                    for event in events {
                        recorder.record(transaction, event).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.wake();
        Ok(())
    }

    /// To be called after the commit: there may be something to deliver.
    pub fn wake(&self) {
        self.shared.work.notify_one();
    }

    /// Returns when [`Self::wake`] was called.
    pub(super) async fn woken(&self) {
        self.shared.work.notified().await;
    }
}

impl RecorderHandle {
    /// The recorder; none before it is made and after it has gone.
    pub fn get(&self) -> Option<EventRecorder> {
        let shared = self.0.get()?.upgrade()?;
        Some(EventRecorder { shared })
    }
}

async fn leave_room(transaction: &Transaction, plugin: &str, more: usize) -> Result<()> {
    let waiting = outbox::count_of(transaction, plugin).await?;
    if waiting + more as u64 <= WAITING {
        return Ok(());
    }
    let detail = format!(
        "{waiting} events of this plugin wait to be delivered, and at most {WAITING} may; emit more once they are"
    );
    Err(ApiError::new(ErrorCode::RateLimited, detail))
}
