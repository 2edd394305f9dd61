//! Webhooks on the wire. The secret is in the two answers that make it known, and nowhere else.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Webhook, WebhookId};
use crate::{clock::Timestamp, http::double_option, ids::UserId};

/// Another server that is told of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookResponse {
    /// Identity.
    pub id: WebhookId,
    /// What administrators call it; may be empty.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// Which events, as names or with a `*` at the end.
    pub events: Vec<String>,
    /// Whether it is told of events.
    pub enabled: bool,
    /// The last four characters of the secret.
    pub secret_hint: String,
    /// Until when events are signed with the secret of before, too; null where there is none.
    pub previous_secret_until: Option<Timestamp>,
    /// Why it was switched off, where the server itself did that.
    pub paused_reason: Option<String>,
    /// Since when every attempt has failed; null where the last one went well.
    pub failing_since: Option<Timestamp>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When an administrator changed it, or the server paused it.
    pub updated_at: Timestamp,
}

/// A webhook with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret)]
pub struct WebhookWithSecretResponse {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: WebhookResponse,
    /// What events are signed with: `whsec_` and base64. Give it to the receiver; it is not shown again.
    pub secret: String,
}

/// A webhook to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookRequest {
    /// What administrators call it; at most 200 characters.
    #[serde(default)]
    pub name: String,
    /// Where events are sent: http or https, at most 2000 characters, without user and password. Addresses in the
    /// server's own network are refused but for those in `FLEURON_EGRESS_ALLOW`.
    pub url: String,
    /// Which events, 1 to 50: names such as `post.published` or `plugin.com.example.shop.order-paid`, and `post.*`,
    /// `plugin.com.example.shop.*` or `*` for all beneath.
    pub events: Vec<String>,
    /// Whether it is told of events from now on; true if left out.
    pub enabled: Option<bool>,
    /// A secret of one's own: `whsec_` and 24 to 64 random bytes in base64. Made here if left out.
    pub secret: Option<String>,
}

/// What to change of a webhook; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhookRequest {
    /// What administrators call it; null: nothing.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub name: Option<Option<String>>,
    /// Where events are sent, as for a new one.
    pub url: Option<String>,
    /// Which events, as for a new one. Events that are recorded already go to whom they were recorded for.
    pub events: Option<Vec<String>>,
    /// Whether it is told of events. True also ends a pause. What waits for one that is switched off becomes dead
    /// letters, which can be replayed.
    pub enabled: Option<bool>,
}

/// A new secret.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecretRequest {
    /// A secret of one's own: `whsec_` and 24 to 64 random bytes in base64. Made here if left out.
    pub secret: Option<String>,
}

/// What the receiver made of a test.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookTestResponse {
    /// Whether it took the event: it answered 200 to 299.
    pub ok: bool,
    /// The status of its answer; null where there was none.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What went wrong.
    pub error: Option<String>,
    /// The beginning of its answer.
    pub response: Option<String>,
}

impl From<Webhook> for WebhookResponse {
    fn from(webhook: Webhook) -> Self {
        Self {
            id: webhook.id,
            name: webhook.name,
            url: webhook.url,
            events: webhook.events.iter().map(ToString::to_string).collect(),
            enabled: webhook.enabled,
            secret_hint: webhook.secret.hint(),
            previous_secret_until: webhook.previous.map(|(_, until)| until),
            paused_reason: webhook.paused_reason,
            failing_since: webhook.failing_since,
            created_by: webhook.created_by,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

impl From<Webhook> for WebhookWithSecretResponse {
    fn from(webhook: Webhook) -> Self {
        Self { secret: webhook.secret.reveal(), webhook: webhook.into() }
    }
}

impl From<Answer> for WebhookTestResponse {
    fn from(answer: Answer) -> Self {
        let attempt = answer.attempt;
        Self {
            ok: attempt.ok,
            status: attempt.status,
            duration_ms: attempt.duration_ms,
            error: attempt.error,
            response: attempt.response,
        }
    }
}
