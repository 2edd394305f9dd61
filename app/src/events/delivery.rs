//! What became of an event at one listener.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Listener, retry::RetryPolicy};
use crate::{
    clock::Timestamp,
    entities::{deliveries, events},
};

/// As many attempts are remembered of one delivery; the oldest are forgotten first.
const REMEMBERED: usize = 20;

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is tried again, or waits behind one that is.
    Pending,
    /// The listener took it.
    Delivered,
    /// Given up; it can be replayed.
    Dead,
    /// Taken out by an administrator, or since the listener is gone.
    Discarded,
}

impl DeliveryState {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
        }
    }

    /// Reads a database value.
    pub(super) fn from_database(text: &str) -> Self {
        [Self::Delivered, Self::Dead, Self::Discarded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .unwrap_or(Self::Pending)
    }
}

/// One attempt, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// Whether the listener took it.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// The HTTP status of a webhook's answer.
    pub status: Option<u16>,
    /// What went wrong.
    pub error: Option<String>,
    /// The beginning of a webhook's answer.
    pub response: Option<String>,
}

/// What one attempt came to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// The listener took it.
    Taken(Attempt),
    /// It failed. A receiver may have said when to come again.
    Failed { attempt: Attempt, retry_after: Option<Duration> },
    /// The listener could not be asked, which says nothing about the event; ask again after the pause.
    NotAsked { reason: String, pause: Duration },
    /// There is nobody to tell any more.
    Nobody { reason: String },
    /// Given up at once; it can be replayed.
    GivenUp { reason: String },
}

/// What is to happen next with a lane after a delivery of it was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It is over for this delivery, well or not: on to the next one.
    Over,
    /// The lane rests for so long.
    Rests(Duration),
}

/// A delivery that nothing has been tried of.
pub(super) fn fresh(event: &events::Model, listener: &Listener, now: Timestamp) -> deliveries::Model {
    deliveries::Model {
        id: Uuid::now_v7(),
        event_seq: event.seq,
        event_id: event.id,
        event_type: event.event_type.clone(),
        entity_id: event.entity_id.clone(),
        listener: listener.to_string(),
        state: DeliveryState::Pending.as_str().to_owned(),
        attempts: 0,
        next_at: None,
        last_error: None,
        last_status: None,
        duration_ms: None,
        log: "[]".to_owned(),
        created_at: now.millis(),
        updated_at: now.millis(),
    }
}

/// Writes what an attempt came to into its row. `wait_limit` is how old an event may become while its listener cannot
/// be asked.
pub(super) fn settle(
    row: &mut deliveries::Model,
    outcome: Outcome,
    policy: RetryPolicy,
    wait_limit: Duration,
    now: Timestamp,
) -> Settled {
    row.updated_at = now.millis();
    row.next_at = None;
    match outcome {
        Outcome::Taken(attempt) => {
            row.attempts += 1;
            remember(row, attempt);
            over(row, DeliveryState::Delivered)
        }
        Outcome::Failed { attempt, retry_after } => {
            row.attempts += 1;
            remember(row, attempt);
            match policy.pause_after(row.attempts.unsigned_abs()) {
                Some(pause) => rest(row, pause.max(retry_after.unwrap_or_default()), now),
                None => over(row, DeliveryState::Dead),
            }
        }
        Outcome::NotAsked { reason, pause } => {
            row.last_error = Some(reason);
            let age = Duration::from_millis((now.millis() - row.created_at).max(0).unsigned_abs());
            if age > wait_limit { over(row, DeliveryState::Dead) } else { rest(row, pause, now) }
        }
        Outcome::Nobody { reason } => {
            row.last_error = Some(reason);
            over(row, DeliveryState::Discarded)
        }
        Outcome::GivenUp { reason } => {
            row.last_error = Some(reason);
            over(row, DeliveryState::Dead)
        }
    }
}

fn over(row: &mut deliveries::Model, state: DeliveryState) -> Settled {
    state.as_str().clone_into(&mut row.state);
    Settled::Over
}

fn rest(row: &mut deliveries::Model, pause: Duration, now: Timestamp) -> Settled {
    row.next_at = Some(now.millis().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)));
    Settled::Rests(pause)
}

fn remember(row: &mut deliveries::Model, attempt: Attempt) {
    row.last_error.clone_from(&attempt.error);
    row.last_status = attempt.status.map(i32::from);
    row.duration_ms = Some(attempt.duration_ms);
    let mut log = log_of(row);
    log.push(attempt);
    let extra = log.len().saturating_sub(REMEMBERED);
    log.drain(..extra);
    row.log = serde_json::to_string(&log).unwrap_or_else(|_error| "[]".to_owned());
}

/// The attempts that are remembered, oldest first.
pub(super) fn log_of(row: &deliveries::Model) -> Vec<Attempt> {
    serde_json::from_str(&row.log).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventsConfig;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn row() -> deliveries::Model {
        let event = events::Model {
            seq: 7,
            id: Uuid::now_v7(),
            event_type: "post.created".to_owned(),
            queue: "site".to_owned(),
            entity_id: "post".to_owned(),
            payload: String::new(),
            listeners: None,
            created_at: 0,
        };
        fresh(&event, &"plugin:com.example.a".parse().unwrap(), NOW)
    }

    fn attempt(error: Option<&str>) -> Attempt {
        let error = error.map(str::to_owned);
        Attempt { at: NOW, ok: error.is_none(), duration_ms: 3, status: None, error, response: None }
    }

    fn failed() -> Outcome {
        Outcome::Failed { attempt: attempt(Some("no")), retry_after: None }
    }

    fn settle_now(row: &mut deliveries::Model, outcome: Outcome) -> Settled {
        let policy = RetryPolicy::of_plugins(&EventsConfig { attempts: 3, ..EventsConfig::default() });
        settle(row, outcome, policy, Duration::from_secs(60), NOW)
    }

    #[test]
    fn failures_rest_and_end_as_a_dead_letter() {
        let mut row = row();
        for attempts in 1..3 {
            let Settled::Rests(pause) = settle_now(&mut row, failed()) else { panic!("it rests") };
            assert_eq!(row.attempts, attempts);
            assert_eq!(row.next_at, Some(NOW.millis() + i64::try_from(pause.as_millis()).unwrap()));
            assert_eq!((row.state.as_str(), row.last_error.as_deref()), ("pending", Some("no")));
        }
        assert_eq!(settle_now(&mut row, failed()), Settled::Over);
        assert_eq!((row.state.as_str(), row.next_at, row.attempts), ("dead", None, 3));
        assert_eq!(log_of(&row).len(), 3);
    }

    #[test]
    fn success_ends_it() {
        let mut row = row();
        settle_now(&mut row, failed());
        assert_eq!(settle_now(&mut row, Outcome::Taken(attempt(None))), Settled::Over);
        assert_eq!((row.state.as_str(), row.attempts, row.last_error.as_deref()), ("delivered", 2, None));
    }

    #[test]
    fn a_receiver_says_when_to_come_again() {
        let mut row = row();
        let retry_after = Some(Duration::from_secs(500));
        let outcome = Outcome::Failed { attempt: attempt(Some("busy")), retry_after };
        assert_eq!(settle_now(&mut row, outcome), Settled::Rests(Duration::from_secs(500)));
    }

    #[test]
    fn who_cannot_be_asked_costs_no_attempt_and_is_not_waited_for_for_ever() {
        let mut row = row();
        let outcome = || Outcome::NotAsked { reason: "not loaded".to_owned(), pause: Duration::from_secs(5) };
        assert_eq!(settle_now(&mut row, outcome()), Settled::Rests(Duration::from_secs(5)));
        assert_eq!(row.attempts, 0);
        row.created_at = NOW.millis() - 61_000;
        assert_eq!(settle_now(&mut row, outcome()), Settled::Over);
        assert_eq!(row.state, "dead");
    }

    #[test]
    fn only_the_last_attempts_are_remembered() {
        let mut row = row();
        for _ in 0..30 {
            remember(&mut row, attempt(Some("no")));
        }
        assert_eq!(log_of(&row).len(), REMEMBERED);
    }
}
