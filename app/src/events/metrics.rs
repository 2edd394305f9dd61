//! Counts of deliveries.

use std::sync::atomic::AtomicI64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{Backlog, Listener, delivery::Outcome};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AttemptLabels {
    listener: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    listener: &'static str,
}

/// What the worker counts. Cheap to clone.
#[derive(Clone, Default)]
pub struct EventMetrics {
    attempts: Family<AttemptLabels, Counter>,
    dead: Family<KindLabels, Counter>,
    waiting: Gauge,
    retrying: Gauge,
    dead_letters: Gauge,
    lag: Gauge<i64, AtomicI64>,
}

impl EventMetrics {
    /// Adds them to what the server tells.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "event_delivery_attempts",
            "Attempts to tell a listener of an event; failed ones are tried again",
            self.attempts.clone(),
        );
        registry.register(
            "event_deliveries_given_up",
            "Deliveries that became dead letters",
            self.dead.clone(),
        );
        registry.register("outbox_waiting", "Events that nobody was told of yet", self.waiting.clone());
        registry.register("outbox_lag_seconds", "Age of the oldest of them", self.lag.clone());
        registry.register("outbox_retrying", "Deliveries to be tried again", self.retrying.clone());
        registry.register("outbox_dead_letters", "Dead letters that are kept", self.dead_letters.clone());
    }

    /// Takes over what the database says.
    pub fn show(&self, backlog: &Backlog) {
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.waiting.set(whole(backlog.waiting));
        self.retrying.set(whole(backlog.retrying));
        self.dead_letters.set(whole(backlog.dead));
        self.lag.set(whole(backlog.lag().as_secs()));
    }

    pub(super) fn settled(&self, listener: &Listener, outcome: &Outcome, is_dead: bool) {
        let listener = match listener {
            Listener::Plugin(_) => "plugin",
            Listener::Webhook(_) => "webhook",
        };
        let outcome = match outcome {
            Outcome::Taken(_) => "delivered",
            Outcome::Failed { .. } => "failed",
            Outcome::NotAsked { .. } | Outcome::GivenUp { .. } => "not_asked",
            Outcome::Nobody { .. } => "discarded",
        };
        self.attempts.get_or_create(&AttemptLabels { listener, outcome }).inc();
        if is_dead {
            self.dead.get_or_create(&KindLabels { listener }).inc();
        }
    }
}
