//! What administrators do with webhooks.

use serde_json::{Value, json};

use super::{
    Answer, EventPattern, Secret, Webhook, WebhookId, WebhookSender, Webhooks,
    dto::{CreateWebhookRequest, RotateSecretRequest, UpdateWebhookRequest},
    health::WRITERS,
    pattern::TEST_EVENT,
    repo,
};
use crate::{
    audit,
    auth::{Actor, Permission},
    clock::Timestamp,
    database::{Database, Transaction, one_at_a_time},
    egress::EgressError,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{EventEnvelope, EventRecorder, discard_listener},
    http::{Cursor, IfMatch, Page},
    ids::EventId,
};

/// How many webhooks a site may have: each write asks all of them.
const MOST: u64 = 100;
const NAME_LENGTH: usize = 200;
const URL_LENGTH: usize = 2000;
const PATTERNS: usize = 50;
/// How long events are signed with the secret of before as well.
const OVERLAP_SECONDS: i64 = 24 * 60 * 60;

/// Webhooks for administrators. Cheap to clone.
#[derive(Clone)]
pub struct WebhookService {
    database: Database,
    webhooks: Webhooks,
    sender: WebhookSender,
    events: EventRecorder,
}

/// A change of a webhook, checked.
#[derive(Clone)]
struct Change {
    id: WebhookId,
    seen: IfMatch,
    actor: Actor,
    name: Option<String>,
    url: Option<String>,
    events: Option<Vec<EventPattern>>,
    enabled: Option<bool>,
    now: Timestamp,
}

impl WebhookService {
    /// Puts the service together. Changes are shown to `webhooks` at once, and to the worker through `events`.
    pub fn new(database: Database, webhooks: Webhooks, sender: WebhookSender, events: EventRecorder) -> Self {
        Self { database, webhooks, sender, events }
    }

    /// A page of webhooks, oldest first.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn list(&self, after: Option<WebhookId>, limit: u64) -> Result<Page<Webhook>> {
        let rows = repo::page(self.database.reader(), after, limit + 1).await?;
        let webhooks = rows.into_iter().map(repo::read).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(webhooks, limit, |webhook| Cursor { key: 0, id: webhook.id.0 }))
    }

    /// A webhook.
    ///
    /// # Errors
    /// `not_found` where there is none.
    pub async fn find(&self, id: WebhookId) -> Result<Webhook> {
        repo::find(self.database.reader(), id).await?.ok_or_else(not_found)
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// `validation_failed` with every fault, `not_possible` where there are as many as there may be.
    pub async fn create(&self, actor: &Actor, request: CreateWebhookRequest) -> Result<Webhook> {
        actor.require(Permission::ManageOperations)?;
        let mut faults = Vec::new();
        let name = checked_name(&request.name, &mut faults);
        let url = self.checked_url(&request.url, &mut faults);
        let events = checked_events(&request.events, &mut faults);
        let secret = checked_secret(request.secret.as_deref(), &mut faults)?;
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let now = Timestamp::now();
        let webhook = Webhook {
            id: WebhookId::generate(),
            name,
            url,
            events,
            secret,
            previous: None,
            enabled: request.enabled.unwrap_or(true),
            paused_reason: None,
            failing_since: None,
            created_by: actor.user_id(),
            created_at: now,
            updated_at: now,
        };
        let input = (actor.clone(), webhook.clone());
        self.database
            .write(input, |transaction, (actor, webhook)| Box::pin(insert(transaction, actor, webhook)))
            .await?;
        self.webhooks.reload(&self.database).await?;
        Ok(webhook)
    }

    /// Changes a webhook.
    ///
    /// # Errors
    /// `validation_failed` with every fault, `not_found`, `version_mismatch` where somebody else was faster.
    pub async fn update(
        &self,
        actor: &Actor,
        id: WebhookId,
        seen: IfMatch,
        request: UpdateWebhookRequest,
    ) -> Result<Webhook> {
        actor.require(Permission::ManageOperations)?;
        let mut faults = Vec::new();
        let change = Change {
            id,
            seen,
            actor: actor.clone(),
            name: request.name.map(|name| checked_name(&name.unwrap_or_default(), &mut faults)),
            url: request.url.map(|url| self.checked_url(&url, &mut faults)),
            events: request.events.map(|events| checked_events(&events, &mut faults)),
            enabled: request.enabled,
            now: Timestamp::now(),
        };
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let webhook =
            self.database.write(change, |transaction, change| Box::pin(apply(transaction, change))).await?;
        self.webhooks.reload(&self.database).await?;
        Ok(webhook)
    }

    /// Has a webhook told of events again, whether the server paused it or an administrator switched it off.
    ///
    /// # Errors
    /// `not_found` where there is none.
    pub async fn resume(&self, actor: &Actor, id: WebhookId) -> Result<Webhook> {
        actor.require(Permission::ManageOperations)?;
        let input = (actor.clone(), id, Timestamp::now());
        let webhook = self
            .database
            .write(input, |transaction, (actor, id, now)| {
                Box::pin(async move {
                    let mut webhook = to_change(transaction, *id).await?;
                    webhook.resume();
                    webhook.touch(*now);
                    repo::update(transaction, &webhook).await?;
                    note(transaction, actor, "webhook.resumed", *id, &json!({})).await?;
                    Ok(webhook)
                })
            })
            .await?;
        self.webhooks.reload(&self.database).await?;
        Ok(webhook)
    }

    /// Gives a webhook another secret. Events are signed with the one of before too, for a day.
    ///
    /// # Errors
    /// `validation_failed` where the secret that is given is none, or in use; `not_found`.
    pub async fn rotate_secret(
        &self,
        actor: &Actor,
        id: WebhookId,
        request: RotateSecretRequest,
    ) -> Result<Webhook> {
        actor.require(Permission::ManageOperations)?;
        let mut faults = Vec::new();
        let secret = checked_secret(request.secret.as_deref(), &mut faults)?;
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let input = (actor.clone(), id, secret, Timestamp::now());
        let webhook = self
            .database
            .write(input, |transaction, (actor, id, secret, now)| {
                Box::pin(rotate(transaction, actor, *id, secret, *now))
            })
            .await?;
        self.webhooks.reload(&self.database).await?;
        Ok(webhook)
    }

    /// Removes a webhook. What waits for it is discarded.
    ///
    /// # Errors
    /// `not_found` where there is none.
    pub async fn delete(&self, actor: &Actor, id: WebhookId) -> Result<()> {
        actor.require(Permission::ManageOperations)?;
        self.database
            .write((actor.clone(), id), |transaction, (actor, id)| {
                Box::pin(async move {
                    one_at_a_time(transaction, WRITERS).await?;
                    if !repo::delete(transaction, *id).await? {
                        return Err(not_found());
                    }
                    let reason = "The webhook was deleted.";
                    let discarded = discard_listener(transaction, &Webhook::listener(*id), reason).await?;
                    let detail = json!({ "discarded_deliveries": discarded });
                    note(transaction, actor, "webhook.deleted", *id, &detail).await
                })
            })
            .await?;
        self.webhooks.reload(&self.database).await?;
        self.events.deliveries_changed();
        Ok(())
    }

    /// Sends a test event at once, also to a webhook that is switched off. It is not repeated, and says nothing of the
    /// receiver's health.
    ///
    /// # Errors
    /// `not_found` where there is none.
    pub async fn test(&self, actor: &Actor, id: WebhookId) -> Result<Answer> {
        actor.require(Permission::ManageOperations)?;
        let webhook = self.find(id).await?;
        let event = EventEnvelope {
            id: EventId::generate(),
            event_type: TEST_EVENT.to_owned(),
            at: Timestamp::now(),
            data: json!({ "webhook_id": id, "user_id": actor.user_id() }),
        };
        Ok(self.sender.attempt(&webhook, &event).await)
    }

    /// An address that can be asked; the empty text, and a fault, where it cannot.
    fn checked_url(&self, text: &str, faults: &mut Vec<FieldError>) -> String {
        if text.chars().count() > URL_LENGTH {
            faults.push(FieldError::new("url", format!("Must have at most {URL_LENGTH} characters.")));
            return String::new();
        }
        match self.sender.egress().check_address(text) {
            Ok(url) => url.into(),
            Err(error) => {
                let cure = match &error {
                    EgressError::NotPublic { .. } => {
                        " FLEURON_EGRESS_ALLOW opens addresses in your own network."
                    }
                    _ => "",
                };
                faults.push(FieldError::new("url", format!("Cannot be sent to: {error}.{cure}")));
                String::new()
            }
        }
    }
}

fn not_found() -> ApiError {
    ApiError::not_found("webhook")
}

fn checked_name(text: &str, faults: &mut Vec<FieldError>) -> String {
    let name = text.trim();
    if name.chars().count() > NAME_LENGTH || name.chars().any(char::is_control) {
        faults
            .push(FieldError::new("name", format!("Must be one line of at most {NAME_LENGTH} characters.")));
    }
    name.to_owned()
}

fn checked_events(texts: &[String], faults: &mut Vec<FieldError>) -> Vec<EventPattern> {
    if !(1..=PATTERNS).contains(&texts.len()) {
        faults
            .push(FieldError::new("events", format!("Must be 1 to {PATTERNS} names of events; `*` is all.")));
        return Vec::new();
    }
    let mut patterns = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        match EventPattern::parse(text) {
            Ok(pattern) if patterns.contains(&pattern) => {}
            Ok(pattern) => patterns.push(pattern),
            Err(fault) => faults.push(FieldError::new(format!("events[{index}]"), fault)),
        }
    }
    patterns
}

/// The secret that is given, or a new one.
fn checked_secret(text: Option<&str>, faults: &mut Vec<FieldError>) -> Result<Secret> {
    match text.map(Secret::parse) {
        None => Secret::generate(),
        Some(Ok(secret)) => Ok(secret),
        Some(Err(fault)) => {
            faults.push(FieldError::new("secret", fault));
            Secret::generate()
        }
    }
}

async fn insert(transaction: &Transaction, actor: &Actor, webhook: &Webhook) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    if repo::count(transaction).await? >= MOST {
        let detail =
            format!("There are {MOST} webhooks, which is as many as there may be. Delete one first.");
        return Err(ApiError::new(ErrorCode::NotPossible, detail));
    }
    repo::insert(transaction, webhook).await?;
    // Where it is sent is left out: some receivers have a token in their address.
    let events: Vec<&str> = webhook.events.iter().map(EventPattern::as_str).collect();
    let detail = json!({ "name": webhook.name, "events": events, "enabled": webhook.enabled });
    note(transaction, actor, "webhook.created", webhook.id, &detail).await
}

/// The webhook that is there to be changed in this transaction, and in no other meanwhile.
async fn to_change(transaction: &Transaction, id: WebhookId) -> Result<Webhook> {
    one_at_a_time(transaction, WRITERS).await?;
    repo::find(transaction, id).await?.ok_or_else(not_found)
}

async fn apply(transaction: &Transaction, change: &Change) -> Result<Webhook> {
    let mut webhook = to_change(transaction, change.id).await?;
    change.seen.check(webhook.updated_at.millis())?;
    let mut changed = Vec::new();
    if let Some(name) = &change.name {
        webhook.name.clone_from(name);
        changed.push("name");
    }
    if let Some(url) = &change.url {
        webhook.url.clone_from(url);
        // The failures were another receiver's.
        webhook.failing_since = None;
        changed.push("url");
    }
    if let Some(events) = &change.events {
        webhook.events.clone_from(events);
        changed.push("events");
    }
    match change.enabled {
        Some(true) => webhook.resume(),
        Some(false) => webhook.enabled = false,
        None => {}
    }
    if change.enabled.is_some() {
        changed.push("enabled");
    }
    webhook.touch(change.now);
    repo::update(transaction, &webhook).await?;
    let detail = json!({ "fields": changed, "enabled": webhook.enabled });
    note(transaction, &change.actor, "webhook.updated", change.id, &detail).await?;
    Ok(webhook)
}

async fn rotate(
    transaction: &Transaction,
    actor: &Actor,
    id: WebhookId,
    secret: &Secret,
    now: Timestamp,
) -> Result<Webhook> {
    let mut webhook = to_change(transaction, id).await?;
    if webhook.secret == *secret {
        let fault = "Is in use already. Give another, or none to have one made.";
        return Err(ApiError::validation(vec![FieldError::new("secret", fault)]));
    }
    let until = now.plus_seconds(OVERLAP_SECONDS);
    let before = std::mem::replace(&mut webhook.secret, secret.clone());
    webhook.previous = Some((before, until));
    webhook.touch(now);
    repo::update(transaction, &webhook).await?;
    let detail = json!({ "previous_secret_until": until });
    note(transaction, actor, "webhook.secret_rotated", id, &detail).await?;
    Ok(webhook)
}

async fn note(
    transaction: &Transaction,
    actor: &Actor,
    action: &str,
    id: WebhookId,
    detail: &Value,
) -> Result<()> {
    audit::record(transaction, actor, action, &id.to_string(), detail).await
}
