//! Writing facts down: in the transaction of the change they tell of, and only when somebody listens.

use std::sync::{
    Arc, OnceLock, Weak,
    atomic::{AtomicBool, Ordering},
};

use fleuron_plugin_host::{PluginHost, PluginId};
use tokio::sync::Notify;

use super::{DomainEvent, EventEnvelope, Listener, LiveFeed, bridge, live::Audience, repo};
use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities::events,
    error::{ApiError, ErrorCode, Result},
    ids::EventId,
    webhooks::Webhooks,
};

/// How many events of one plugin may wait until somebody is told of them.
const WAITING: u64 = 1_000;
/// How many deliveries of its events may wait for listeners that fail.
const BEHIND: u64 = 10_000;

/// A fact that was recorded, to be handed back once its transaction is committed.
#[derive(Clone, Debug)]
pub struct Fact {
    id: EventId,
    event: DomainEvent,
    is_awaited: bool,
}

/// Records facts. Cheap to clone.
#[derive(Clone)]
pub struct EventRecorder {
    shared: Arc<Shared>,
}

struct Shared {
    hooks: PluginHost,
    webhooks: Webhooks,
    live: LiveFeed,
    work: Notify,
    /// Whether deliveries were changed behind the worker's back.
    replan: AtomicBool,
}

/// A recorder to be, for those who must exist before it: the plugin host publishes through a recorder that asks the
/// plugin host who listens. It does not keep the recorder, and with it the host, alive. Cheap to clone.
#[derive(Clone, Default)]
pub struct RecorderHandle(Arc<OnceLock<Weak<Shared>>>);

impl EventRecorder {
    /// A recorder for these listeners, reached through `handle` from now on.
    pub fn new(hooks: PluginHost, webhooks: Webhooks, live: LiveFeed, handle: &RecorderHandle) -> Self {
        let shared =
            Arc::new(Shared { hooks, webhooks, live, work: Notify::new(), replan: AtomicBool::new(false) });
        // A handle that has a recorder already keeps it: both ask the same host.
        let _ = handle.0.set(Arc::downgrade(&shared));
        Self { shared }
    }

    /// Writes the fact into the transaction of its change, with who is to hear of it, if anybody is. What it answers
    /// belongs to [`Self::committed`].
    pub async fn record(&self, transaction: &Transaction, event: DomainEvent) -> Result<Fact> {
        let listeners = self.listeners(&event);
        let fact = Fact { id: event.new_id(), event, is_awaited: !listeners.is_empty() };
        if fact.is_awaited {
            insert(transaction, &fact, &listeners).await?;
        }
        Ok(fact)
    }

    /// Whether anybody is to hear of, or follows, such a fact about an entry of a content type; where nobody does, it need
    /// not be made.
    pub fn hears_of_content(&self, name: &str, content_type: &str) -> bool {
        self.shared.live.is_followed()
            || bridge::hears_of_content(&self.shared.hooks, name, content_type)
            || !self.shared.webhooks.listening(name).is_empty()
    }

    /// To be called with what was recorded, after the commit: there may be something to deliver and to show.
    pub fn committed(&self, facts: impl IntoIterator<Item = Fact>) {
        let mut is_awaited = false;
        for fact in facts {
            is_awaited |= fact.is_awaited;
            if self.shared.live.is_followed() {
                let envelope = EventEnvelope::new(fact.id, Timestamp::now(), &fact.event);
                self.shared.live.push(envelope, Audience::of(&fact.event));
            }
        }
        if is_awaited {
            self.wake();
        }
    }

    /// Records what a plugin emitted, all or nothing, in a transaction of its own. What nobody listens to is only shown
    /// on the live stream.
    ///
    /// # Errors
    /// Also where too many events of the plugin wait to be delivered, so that one that emits faster than others listen
    /// does not fill the database.
    pub async fn publish(
        &self,
        database: &Database,
        plugin: &PluginId,
        events: Vec<DomainEvent>,
    ) -> Result<()> {
        if events.iter().all(|event| self.listeners(event).is_empty()) {
            let unheard = |event: DomainEvent| Fact { id: event.new_id(), event, is_awaited: false };
            self.committed(events.into_iter().map(unheard));
            return Ok(());
        }
        let recorder = self.clone();
        let facts = database
            .write((plugin.to_string(), events), move |transaction, (plugin, events)| {
                let recorder = recorder.clone();
                Box::pin(async move {
                    leave_room(transaction, plugin, events.len()).await?;
                    let mut facts = Vec::with_capacity(events.len());
                    for event in events {
                        facts.push(recorder.record(transaction, event.clone()).await?);
                    }
                    Ok(facts)
                })
            })
            .await?;
        self.committed(facts);
        Ok(())
    }

    /// Deliveries were put back or taken out in the database: whoever works on them must look anew.
    pub fn deliveries_changed(&self) {
        self.shared.replan.store(true, Ordering::Release);
        self.wake();
    }

    /// Who is to hear of an event: plugins in the order of their priorities, then webhooks. Costs no allocation where
    /// nobody is.
    fn listeners(&self, event: &DomainEvent) -> Vec<Listener> {
        let plugins = bridge::audience(&self.shared.hooks, event).into_iter().map(Listener::Plugin);
        let webhooks = self.shared.webhooks.listening(event.name()).into_iter().map(Listener::Webhook);
        plugins.chain(webhooks).collect()
    }

    fn wake(&self) {
        self.shared.work.notify_one();
    }

    /// Returns when there is something to do.
    pub(super) async fn woken(&self) {
        self.shared.work.notified().await;
    }

    /// Whether deliveries were changed since this was last asked.
    pub(super) fn must_replan(&self) -> bool {
        self.shared.replan.swap(false, Ordering::AcqRel)
    }
}

impl RecorderHandle {
    /// The recorder; none before it is made and after it has gone.
    pub fn get(&self) -> Option<EventRecorder> {
        let shared = self.0.get()?.upgrade()?;
        Some(EventRecorder { shared })
    }
}

async fn insert(transaction: &Transaction, fact: &Fact, listeners: &[Listener]) -> Result<()> {
    let names: Vec<String> = listeners.iter().map(Listener::to_string).collect();
    let row = events::Model {
        seq: 0,
        id: fact.id.0,
        event_type: fact.event.name().to_owned(),
        queue: fact.event.queue(),
        entity_id: fact.event.entity_id(),
        payload: serde_json::to_string(&fact.event).map_err(ApiError::internal)?,
        listeners: Some(serde_json::to_string(&names).map_err(ApiError::internal)?),
        created_at: Timestamp::now().millis(),
    };
    Ok(repo::insert(transaction, row).await?)
}

async fn leave_room(transaction: &Transaction, plugin: &str, more: usize) -> Result<()> {
    let waiting = repo::count_waiting(transaction, plugin).await?;
    if waiting + more as u64 > WAITING {
        let detail = format!(
            "{waiting} events of this plugin wait to be delivered, and at most {WAITING} may; emit more once they are"
        );
        return Err(ApiError::new(ErrorCode::RateLimited, detail));
    }
    if repo::count_pending(transaction, plugin, BEHIND).await? >= BEHIND {
        let detail = format!(
            "{BEHIND} deliveries of this plugin's events wait for listeners that fail; emit more once they are taken or \
             given up"
        );
        return Err(ApiError::new(ErrorCode::RateLimited, detail));
    }
    Ok(())
}
