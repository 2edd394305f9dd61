//! Events and deliveries on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Attempt, DeliveryState, DomainEvent, EventEnvelope,
    delivery::log_of,
    service::{DeliverySelection, StoredEvent},
};
use crate::{clock::Timestamp, entities::deliveries, ids::EventId};

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EventState {
    /// Nobody was told of it yet.
    Waiting,
    /// Some listener did not take it yet.
    Retrying,
    /// It was given up for some listener.
    Dead,
    /// Every listener took it, or is not to hear of it any more.
    Delivered,
}

/// An event that somebody was to hear of.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventResponse {
    /// The same at every delivery.
    pub id: Uuid,
    /// Such as `post.created`, or `plugin.`, a plugin's id and its name for it.
    pub event_type: String,
    /// What it is about, and kept in order with: a post's id for posts and comments, a user's, or a plugin's.
    pub entity_id: String,
    /// Where it stands.
    pub state: EventState,
    /// Who was to hear of it: `plugin:` and a plugin's id, or `webhook:` and a webhook's id.
    pub listeners: Vec<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// An event with what happened and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventDetailResponse {
    /// The event.
    #[serde(flatten)]
    pub event: EventResponse,
    /// What happened, as webhooks are told; null where it cannot be read.
    #[schema(value_type = Object)]
    pub data: Value,
    /// What became of it where that was not settled at the first attempt, and at webhooks.
    pub deliveries: Vec<DeliveryResponse>,
}

/// What became of an event at one listener.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryResponse {
    /// Identity.
    pub id: Uuid,
    /// The event.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: String,
    /// What it is about.
    pub entity_id: String,
    /// Who is told.
    pub listener: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried again; null where it waits behind an earlier one of its listener and entity.
    pub next_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// The status of a webhook's last answer.
    pub last_status: Option<i32>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: Option<i64>,
    /// The last attempts, oldest first, at most 20.
    pub log: Vec<Attempt>,
    /// When it was first due, or replayed for the last time.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
}

/// Which deliveries are meant: all that fit everything that is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeliverySelectionRequest {
    /// These alone, at most 1000.
    pub ids: Option<Vec<Uuid>>,
    /// Of this listener.
    pub listener: Option<String>,
    /// Of this type of event.
    pub event_type: Option<String>,
    /// In this state; `dead` if left out.
    pub state: Option<DeliveryState>,
}

/// How many deliveries it was done to.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeliveryCountResponse {
    /// So many.
    pub deliveries: u64,
}

impl From<StoredEvent> for EventResponse {
    fn from(stored: StoredEvent) -> Self {
        let StoredEvent { row, state } = stored;
        let listeners = row.listeners.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            id: row.id,
            event_type: row.event_type,
            entity_id: row.entity_id,
            state,
            listeners: listeners.unwrap_or_default(),
            created_at: Timestamp::from_millis(row.created_at),
        }
    }
}

impl EventDetailResponse {
    /// An event with its deliveries.
    pub(super) fn new(stored: StoredEvent, deliveries: Vec<deliveries::Model>) -> Self {
        let event: Option<DomainEvent> = serde_json::from_str(&stored.row.payload).ok();
        let (id, at) = (EventId(stored.row.id), Timestamp::from_millis(stored.row.created_at));
        let data = event.map_or(Value::Null, |event| EventEnvelope::new(id, at, &event).data);
        let deliveries = deliveries.into_iter().map(DeliveryResponse::from).collect();
        Self { event: stored.into(), data, deliveries }
    }
}

impl From<deliveries::Model> for DeliveryResponse {
    fn from(row: deliveries::Model) -> Self {
        Self {
            log: log_of(&row),
            id: row.id,
            event_id: row.event_id,
            event_type: row.event_type,
            entity_id: row.entity_id,
            listener: row.listener,
            state: DeliveryState::from_database(&row.state),
            attempts: row.attempts,
            next_at: row.next_at.map(Timestamp::from_millis),
            last_error: row.last_error,
            last_status: row.last_status,
            duration_ms: row.duration_ms,
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
        }
    }
}

impl From<DeliverySelectionRequest> for DeliverySelection {
    fn from(request: DeliverySelectionRequest) -> Self {
        let DeliverySelectionRequest { ids, listener, event_type, state } = request;
        Self { ids, listener, event_type, state: state.unwrap_or(DeliveryState::Dead) }
    }
}
