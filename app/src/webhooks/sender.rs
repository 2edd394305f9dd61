//! Tells webhooks of events, on behalf of the outbox and of the test button.

use std::{sync::Arc, time::Duration};

use super::{Answer, Webhook, WebhookId, Webhooks, attempt::attempt, health::Health, repo};
use crate::{
    clock::Timestamp,
    database::Database,
    egress::Egress,
    events::{EventEnvelope, Outcome},
};

/// How long to wait for a database that does not answer, and for a place among the requests under way.
const PAUSE: Duration = Duration::from_secs(5);

/// Sends events to webhooks. Cheap to clone.
#[derive(Clone)]
pub struct WebhookSender {
    database: Database,
    egress: Egress,
    webhooks: Webhooks,
    health: Health,
}

impl WebhookSender {
    /// A sender for these webhooks. One that fails for `pause_after` without a success is paused.
    pub fn new(database: Database, egress: Egress, webhooks: Webhooks, pause_after: Duration) -> Self {
        let health = Health::new(database.clone(), webhooks.clone(), pause_after);
        Self { database, egress, webhooks, health }
    }

    /// The way out that it takes.
    pub(super) fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Sends an event once, whether the webhook is switched on or not. What comes of it has no consequences.
    pub async fn attempt(&self, webhook: &Webhook, event: &EventEnvelope) -> Answer {
        attempt(&self.egress, webhook, event).await
    }

    /// Sends an event that the webhook is to hear. Its receiver's failures and its recovery are taken note of.
    pub(crate) async fn deliver(&self, id: WebhookId, event: &EventEnvelope) -> Outcome {
        let webhook = match self.enabled(id).await {
            Ok(webhook) => webhook,
            Err(outcome) => return outcome,
        };
        let answer = self.attempt(&webhook, event).await;
        if answer.is_unsent {
            let reason = answer.attempt.error.unwrap_or_default();
            return Outcome::NotAsked { reason, pause: PAUSE };
        }
        if let Err(error) = self.health.note(&webhook, &answer, Timestamp::now()).await {
            tracing::warn!(webhook = %id, %error, "how a webhook's receiver is could not be noted");
        }
        let Answer { attempt, retry_after, .. } = answer;
        match attempt.ok {
            true => Outcome::Taken(attempt),
            false => Outcome::Failed { attempt, retry_after },
        }
    }

    /// The webhook, or what becomes of an event that cannot be sent to it.
    async fn enabled(&self, id: WebhookId) -> Result<Arc<Webhook>, Outcome> {
        if let Some(webhook) = self.webhooks.get(id) {
            return Ok(webhook);
        }
        match repo::find(self.database.reader(), id).await {
            // Another process has just made it or switched it on.
            Ok(Some(webhook)) if webhook.enabled => Ok(Arc::new(webhook)),
            Ok(Some(webhook)) => Err(Outcome::GivenUp { reason: why_off(&webhook) }),
            Ok(None) => Err(Outcome::Nobody { reason: "The webhook was deleted.".to_owned() }),
            Err(error) => {
                tracing::warn!(webhook = %id, %error, "a webhook cannot be read; trying again");
                let reason = "The database did not answer.".to_owned();
                Err(Outcome::NotAsked { reason, pause: PAUSE })
            }
        }
    }
}

fn why_off(webhook: &Webhook) -> String {
    match &webhook.paused_reason {
        Some(reason) => format!("The webhook is paused. {reason}"),
        None => "The webhook is switched off.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{answering, database, event, insert, webhook};
    use super::*;
    use crate::egress::EgressConfig;

    #[tokio::test]
    async fn events_go_to_webhooks_that_are_there_and_on() {
        let (database, _folder) = database().await;
        let server = answering("503 Service Unavailable\r\nRetry-After: 7".to_owned(), b"busy").await;
        let config = EgressConfig { allow_private: vec![server.into()], ..EgressConfig::default() };
        let egress = Egress::new(config).unwrap();
        let sender =
            WebhookSender::new(database.clone(), egress, Webhooks::default(), Duration::from_secs(60));
        let on = webhook(&format!("http://{server}/"));
        let off = Webhook { enabled: false, ..webhook(&on.url) };
        insert(&database, &on).await;
        insert(&database, &off).await;
        match sender.deliver(on.id, &event()).await {
            Outcome::Failed { attempt, retry_after } => {
                assert_eq!((attempt.status, attempt.response.as_deref()), (Some(503), Some("busy")));
                assert_eq!(retry_after, Some(Duration::from_secs(7)));
            }
            other => panic!("{other:?}"),
        }
        assert!(sender.webhooks.get(on.id).is_some_and(|webhook| webhook.failing_since.is_some()));
        let given_up = sender.deliver(off.id, &event()).await;
        assert!(matches!(&given_up, Outcome::GivenUp { reason } if reason.contains("off")), "{given_up:?}");
        let nobody = sender.deliver(WebhookId::generate(), &event()).await;
        assert!(matches!(nobody, Outcome::Nobody { .. }), "{nobody:?}");
        database.close().await;
    }
}
