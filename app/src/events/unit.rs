//! Telling: the first attempts for the events of one entity, and the further ones of a lane.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use fleuron_plugin_host::{CallContext, CallError, PluginHost, PluginId};
use tokio::sync::watch;

use super::{
    DomainEvent, EventEnvelope, EventMetrics, EventsConfig, Listener, bridge,
    delivery::{self, Attempt, Outcome, Settled},
    lanes::Lane,
    queue::Turn,
    repo,
    retry::RetryPolicy,
};
use crate::{
    clock::Timestamp,
    database::Database,
    entities::{deliveries, events},
    error::Result,
    ids::EventId,
    webhooks::{WebhookId, WebhookSender},
};

/// How long to wait for a plugin that rests or is busy.
const BUSY_PAUSE: Duration = Duration::from_secs(5);
/// How long to wait for a plugin that is not loaded; it is asked at once when it is.
const ABSENT_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Deliveries of a lane in one go.
const LANE_GO: u64 = 32;

/// Tells listeners. Cheap to clone.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) database: Database,
    pub(super) hooks: PluginHost,
    pub(super) webhooks: WebhookSender,
    pub(super) config: Arc<EventsConfig>,
    pub(super) metrics: EventMetrics,
    pub(super) stopped: watch::Receiver<bool>,
}

/// What a turn of first attempts came to.
#[derive(Debug, Default)]
pub(super) struct TurnOutcome {
    pub(super) entity_id: String,
    /// The events of which every listener was told, or stands in `deliveries`.
    pub(super) dispatched: Vec<i64>,
    /// What is to be tried again or later.
    pub(super) deliveries: Vec<deliveries::Model>,
}

/// What a go on a lane came to.
pub(super) struct LaneOutcome {
    pub(super) settled: Vec<deliveries::Model>,
    /// How long the lane rests; none where nothing is left.
    pub(super) next: Option<Duration>,
}

impl Teller {
    /// Tells all listeners of the events of one entity for the first time, in order. Those that are `behind` with it are
    /// not told: their deliveries are to wait.
    pub(super) async fn first_attempts(self, turn: Turn, behind: Vec<Listener>) -> TurnOutcome {
        let mut behind: HashSet<Listener> = behind.into_iter().collect();
        let mut outcome = TurnOutcome { entity_id: turn.entity_id, ..TurnOutcome::default() };
        for row in turn.events {
            if *self.stopped.borrow() {
                break;
            }
            let seq = row.seq;
            if let Some(event) = read(&row) {
                self.tell_all(&row, event, &mut behind, &mut outcome.deliveries).await;
            }
            outcome.dispatched.push(seq);
        }
        outcome
    }

    async fn tell_all(
        &self,
        row: &events::Model,
        event: DomainEvent,
        behind: &mut HashSet<Listener>,
        deliveries: &mut Vec<deliveries::Model>,
    ) {
        let listeners = self.listeners(row, &event);
        let context = event.context();
        let message = bridge::Message::new(event);
        for listener in listeners {
            let mut delivery = delivery::fresh(row, &listener, Timestamp::now());
            // What webhooks are told is written down first, so that there is a record of every request.
            if behind.contains(&listener) || matches!(listener, Listener::Webhook(_)) {
                deliveries.push(delivery);
                continue;
            }
            let Listener::Plugin(plugin) = &listener else { continue };
            let context = in_delivery(context.clone(), row, 1);
            let outcome = self.ask_plugin(plugin, &message, &context).await;
            if matches!(outcome, Outcome::Taken(_) | Outcome::Nobody { .. }) {
                self.metrics.settled(&listener, &outcome, false);
                continue;
            }
            let settled = self.settle(&mut delivery, &listener, outcome);
            deliveries.push(delivery);
            if matches!(settled, Settled::Rests(_)) {
                behind.insert(listener);
            }
        }
    }

    /// Who was to hear of it when it was recorded. An entry of an older server does not tell: whoever listens now.
    fn listeners(&self, row: &events::Model, event: &DomainEvent) -> Vec<Listener> {
        let recorded = row.listeners.as_deref().map(serde_json::from_str::<Vec<String>>);
        match recorded {
            Some(Ok(names)) => names.iter().filter_map(|name| name.parse().ok()).collect(),
            Some(Err(error)) => {
                tracing::error!(id = %row.id, %error, "who is to hear of an event cannot be read");
                Vec::new()
            }
            None => bridge::audience(&self.hooks, event).into_iter().map(Listener::Plugin).collect(),
        }
    }

    /// Goes on with a lane, in order, until it is done, fails or has had its turn.
    pub(super) async fn go_on(self, lane: Lane) -> (Lane, Result<LaneOutcome>) {
        let outcome = self.go_on_with(&lane).await;
        (lane, outcome)
    }

    async fn go_on_with(&self, lane: &Lane) -> Result<LaneOutcome> {
        let rows = repo::next_of(self.database.reader(), lane, LANE_GO).await?;
        let mut next = (rows.len() as u64 == LANE_GO).then_some(Duration::ZERO);
        let mut settled = Vec::with_capacity(rows.len());
        for mut delivery in rows {
            if *self.stopped.borrow() {
                break;
            }
            let event = repo::event(self.database.reader(), delivery.event_seq).await?;
            let outcome = self.try_again(&lane.listener, &delivery, event).await;
            let what_next = self.settle(&mut delivery, &lane.listener, outcome);
            settled.push(delivery);
            if let Settled::Rests(pause) = what_next {
                next = Some(pause);
                break;
            }
        }
        Ok(LaneOutcome { settled, next })
    }

    async fn try_again(
        &self,
        listener: &Listener,
        delivery: &deliveries::Model,
        row: Option<events::Model>,
    ) -> Outcome {
        let Some((row, event)) = row.and_then(|row| read(&row).map(|event| (row, event))) else {
            return Outcome::Nobody { reason: "the event is not kept any more".to_owned() };
        };
        match listener {
            Listener::Plugin(plugin) => {
                let attempt = delivery.attempts.unsigned_abs() + 1;
                let context = in_delivery(event.context(), &row, attempt);
                self.ask_plugin(plugin, &bridge::Message::new(event), &context).await
            }
            Listener::Webhook(id) => self.ask_webhook(*id, &row, &event).await,
        }
    }

    async fn ask_plugin(
        &self,
        plugin: &PluginId,
        message: &bridge::Message,
        context: &Arc<CallContext>,
    ) -> Outcome {
        let (at, started) = (Timestamp::now(), Instant::now());
        let result = message.tell(&self.hooks, plugin, context).await;
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let attempt = |error: Option<String>| {
            let ok = error.is_none();
            Attempt { at, ok, duration_ms, status: None, error, response: None }
        };
        match result {
            Ok(()) => Outcome::Taken(attempt(None)),
            Err(error @ CallError::NotListening) => Outcome::Nobody { reason: error.to_string() },
            Err(error @ CallError::NotLoaded) => {
                Outcome::NotAsked { reason: error.to_string(), pause: ABSENT_PAUSE }
            }
            Err(error) if error.was_not_tried() => {
                Outcome::NotAsked { reason: error.to_string(), pause: BUSY_PAUSE }
            }
            Err(error) => Outcome::Failed { attempt: attempt(Some(error.to_string())), retry_after: None },
        }
    }

    async fn ask_webhook(&self, id: WebhookId, row: &events::Model, event: &DomainEvent) -> Outcome {
        let at = Timestamp::from_millis(row.created_at);
        self.webhooks.deliver(id, &EventEnvelope::new(EventId(row.id), at, event)).await
    }

    fn settle(&self, delivery: &mut deliveries::Model, listener: &Listener, outcome: Outcome) -> Settled {
        let policy = match listener {
            Listener::Plugin(_) => RetryPolicy::of_plugins(&self.config),
            Listener::Webhook(_) => RetryPolicy::of_webhooks(&self.config),
        };
        let taken = outcome.clone();
        let settled =
            delivery::settle(delivery, outcome, policy, self.config.wait_for_plugins, Timestamp::now());
        let is_dead = delivery.state == delivery::DeliveryState::Dead.as_str();
        self.metrics.settled(listener, &taken, is_dead);
        if is_dead {
            tracing::error!(event = delivery.event_type, id = %delivery.event_id, %listener,
                error = delivery.last_error, "an event was not taken and is a dead letter now");
        }
        settled
    }
}

/// What plugins may ask about a delivery.
fn in_delivery(context: CallContext, row: &events::Model, attempt: u32) -> Arc<CallContext> {
    Arc::new(CallContext { event_id: Some(row.id.to_string()), attempt, ..context })
}

/// The fact; none where it cannot be read, which waiting would not change.
fn read(row: &events::Model) -> Option<DomainEvent> {
    serde_json::from_str(&row.payload)
        .map_err(
            |error| tracing::error!(id = %row.id, event = row.event_type, %error, "an event cannot be read"),
        )
        .ok()
}
