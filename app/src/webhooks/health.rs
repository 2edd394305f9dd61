//! Whether a webhook's receiver is well. One that has failed for days is left alone: its webhook is paused until an
//! administrator resumes it. A healthy one costs no write.

use std::time::Duration;

use serde_json::json;

use super::{Answer, Webhook, WebhookId, Webhooks, repo};
use crate::{
    audit,
    auth::Actor,
    clock::Timestamp,
    database::{Database, Transaction, one_at_a_time},
    error::Result,
};

/// What changes of webhooks wait for each other by.
pub(super) const WRITERS: &str = "webhooks";

/// Keeps an eye on receivers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Health {
    database: Database,
    webhooks: Webhooks,
    /// How long a webhook may fail without a success until it is paused.
    pause_after: Duration,
}

/// A webhook that is to be paused.
struct Pause {
    id: WebhookId,
    reason: String,
    now: Timestamp,
    /// Only where it has failed since this moment or longer.
    failing_since: Option<Timestamp>,
}

impl Health {
    pub(super) fn new(database: Database, webhooks: Webhooks, pause_after: Duration) -> Self {
        Self { database, webhooks, pause_after }
    }

    /// Takes note of what an attempt came to. Answers why the webhook was paused, if it was.
    pub(super) async fn note(
        &self,
        webhook: &Webhook,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Option<String>> {
        if answer.is_gone {
            let reason = "The receiver answered 410 Gone: it wants no more events.".to_owned();
            return self.pause(Pause { id: webhook.id, reason, now, failing_since: None }).await;
        }
        match (answer.attempt.ok, webhook.failing_since) {
            (true, None) => Ok(None),
            (true, Some(_)) => self.set_failing_since(webhook.id, None).await,
            (false, None) => self.set_failing_since(webhook.id, Some(now)).await,
            (false, Some(since)) if self.is_too_long(since, now) => {
                let error = answer.attempt.error.as_deref().unwrap_or("unknown");
                let reason = format!("Every attempt since {since} failed, the last one with: {error}");
                let failing_since = Some(since);
                self.pause(Pause { id: webhook.id, reason, now, failing_since }).await
            }
            (false, Some(_)) => Ok(None),
        }
    }

    fn is_too_long(&self, since: Timestamp, now: Timestamp) -> bool {
        let failing = now.millis().saturating_sub(since.millis()).max(0).unsigned_abs();
        Duration::from_millis(failing) >= self.pause_after
    }

    async fn set_failing_since(&self, id: WebhookId, since: Option<Timestamp>) -> Result<Option<String>> {
        self.database
            .write((), move |transaction, ()| {
                Box::pin(async move {
                    one_at_a_time(transaction, WRITERS).await?;
                    Ok(repo::set_failing_since(transaction, id, since).await?)
                })
            })
            .await?;
        self.webhooks.reload(&self.database).await?;
        Ok(None)
    }

    async fn pause(&self, pause: Pause) -> Result<Option<String>> {
        let (id, reason) = (pause.id, pause.reason.clone());
        let paused =
            self.database.write(pause, |transaction, pause| Box::pin(apply(transaction, pause))).await?;
        self.webhooks.reload(&self.database).await?;
        if paused {
            tracing::warn!(webhook = %id, reason, "a webhook is paused");
        }
        Ok(paused.then_some(reason))
    }
}

/// Pauses it, unless it is off already, or did well or was resumed meanwhile.
async fn apply(transaction: &Transaction, pause: &Pause) -> Result<bool> {
    one_at_a_time(transaction, WRITERS).await?;
    let Some(mut webhook) = repo::find(transaction, pause.id).await?.filter(|webhook| webhook.enabled) else {
        return Ok(false);
    };
    if let Some(since) = pause.failing_since
        && webhook.failing_since.is_none_or(|fails| fails > since)
    {
        return Ok(false);
    }
    webhook.enabled = false;
    webhook.paused_reason = Some(pause.reason.clone());
    webhook.touch(pause.now);
    repo::update(transaction, &webhook).await?;
    let detail = json!({ "reason": pause.reason });
    audit::record(transaction, &Actor::System, "webhook.paused", &pause.id.to_string(), &detail).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{database, insert, webhook};
    use super::*;
    use crate::events::Attempt;

    const HOUR: i64 = 60 * 60;

    fn answer(ok: bool) -> Answer {
        let error = (!ok).then(|| "127.0.0.1 answered 500".to_owned());
        let at = Timestamp::from_millis(0);
        let attempt = Attempt { at, ok, duration_ms: 1, status: None, error, response: None };
        Answer { attempt, retry_after: None, is_gone: false, is_unsent: false }
    }

    /// A webhook as it stands, and what noting an answer to it says.
    async fn noted(
        health: &Health,
        id: WebhookId,
        answer: &Answer,
        now: Timestamp,
    ) -> (Webhook, Option<String>) {
        let before = repo::find(health.database.reader(), id).await.unwrap().unwrap();
        let reason = health.note(&before, answer, now).await.unwrap();
        (repo::find(health.database.reader(), id).await.unwrap().unwrap(), reason)
    }

    #[tokio::test]
    async fn a_receiver_that_fails_for_long_is_left_alone() {
        let (database, _folder) = database().await;
        let webhooks = Webhooks::default();
        let new = webhook("https://example.com/");
        insert(&database, &new).await;
        webhooks.reload(&database).await.unwrap();
        let health = Health::new(database.clone(), webhooks.clone(), Duration::from_secs(3600));
        let start = Timestamp::from_millis(1_000_000);
        assert_eq!(noted(&health, new.id, &answer(true), start).await, (new.clone(), None));

        let failing = |since| Webhook { failing_since: Some(since), ..new.clone() };
        assert_eq!(noted(&health, new.id, &answer(false), start).await, (failing(start), None));
        let later = start.plus_seconds(HOUR - 1);
        assert_eq!(noted(&health, new.id, &answer(false), later).await, (failing(start), None));
        assert_eq!(noted(&health, new.id, &answer(true), later).await, (new.clone(), None), "it recovered");

        noted(&health, new.id, &answer(false), later).await;
        let (paused, reason) = noted(&health, new.id, &answer(false), later.plus_seconds(HOUR)).await;
        assert!(!paused.enabled && paused.paused_reason == reason && paused.updated_at > new.updated_at);
        assert!(reason.is_some_and(|reason| reason.contains("answered 500")), "{paused:?}");
        assert!(webhooks.is_empty());
        let again = noted(&health, new.id, &answer(false), later.plus_seconds(2 * HOUR)).await;
        assert_eq!(again, (paused, None), "once is enough");
        database.close().await;
    }

    #[tokio::test]
    async fn who_wants_no_more_gets_no_more() {
        let (database, _folder) = database().await;
        let new = webhook("https://example.com/");
        insert(&database, &new).await;
        let health = Health::new(database.clone(), Webhooks::default(), Duration::from_secs(3600));
        let gone = Answer { is_gone: true, ..answer(false) };
        let (paused, reason) = noted(&health, new.id, &gone, Timestamp::from_millis(5_000)).await;
        assert!(!paused.enabled && reason.is_some_and(|reason| reason.contains("410")));
        database.close().await;
    }

    #[tokio::test]
    async fn what_did_well_meanwhile_is_not_paused() {
        let (database, _folder) = database().await;
        let new = webhook("https://example.com/");
        insert(&database, &new).await;
        let health = Health::new(database.clone(), Webhooks::default(), Duration::ZERO);
        let seen = Webhook { failing_since: Some(Timestamp::from_millis(1)), ..new.clone() };
        let reason = health.note(&seen, &answer(false), Timestamp::from_millis(5_000)).await.unwrap();
        assert_eq!(reason, None);
        assert_eq!(repo::find(database.reader(), new.id).await.unwrap(), Some(new));
        database.close().await;
    }
}
