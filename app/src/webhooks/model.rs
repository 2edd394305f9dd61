//! A webhook.

use super::{EventPattern, Secret, WebhookId};
use crate::{clock::Timestamp, ids::UserId};

/// Another server that is told of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Identity.
    pub id: WebhookId,
    /// What administrators call it; may be empty.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// Which events.
    pub events: Vec<EventPattern>,
    /// What they are signed with.
    pub secret: Secret,
    /// The secret before that one, with which they are signed too until this moment.
    pub previous: Option<(Secret, Timestamp)>,
    /// Whether it is told of events.
    pub enabled: bool,
    /// Why it was switched off, where the server itself did that.
    pub paused_reason: Option<String>,
    /// Since when every attempt has failed.
    pub failing_since: Option<Timestamp>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an administrator changed it, or the server paused it; later at every such change.
    pub updated_at: Timestamp,
}

impl Webhook {
    /// Whether it wants to hear of events of this type.
    pub fn hears(&self, event_type: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(event_type))
    }

    /// What to sign with at this moment.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &Secret> {
        let previous = self.previous.iter().filter(move |(_, until)| now < *until);
        std::iter::once(&self.secret).chain(previous.map(|(secret, _)| secret))
    }

    /// Has it told of events again, as if nothing had gone wrong.
    pub(super) fn resume(&mut self) {
        self.enabled = true;
        self.paused_reason = None;
        self.failing_since = None;
    }

    /// Makes this change the latest.
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.updated_at = now.max(Timestamp::from_millis(self.updated_at.millis() + 1));
    }

    /// The name of its deliveries' listener.
    pub(super) fn listener(id: WebhookId) -> String {
        format!("webhook:{id}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::webhook;
    use super::*;

    #[test]
    fn the_previous_secret_is_good_for_a_while() {
        let mut webhook = webhook("https://example.com/");
        let (now, later) = (Timestamp::from_millis(1_000), Timestamp::from_millis(2_000));
        assert_eq!(webhook.secrets(now).count(), 1);
        let previous = Secret::generate().unwrap();
        webhook.previous = Some((previous.clone(), later));
        assert_eq!(webhook.secrets(now).collect::<Vec<_>>(), [&webhook.secret, &previous]);
        assert_eq!(webhook.secrets(later).collect::<Vec<_>>(), [&webhook.secret]);
    }

    #[test]
    fn changes_grow_later_whatever_the_clock_says() {
        let mut webhook = webhook("https://example.com/");
        let before = webhook.updated_at;
        webhook.touch(Timestamp::from_millis(0));
        assert!(webhook.updated_at > before);
    }
}
