//! `/api/v1/admin/events` and `/admin/deliveries`: what happened, who was told, and what to do where somebody was not.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    DeliveryState, EventService, Listener,
    dto::{
        DeliveryCountResponse, DeliveryResponse, DeliverySelectionRequest, EventDetailResponse,
        EventResponse, EventState,
    },
    service::{DeliveryFilter, EventFilter, Steering},
    stream,
};
use crate::{
    auth::{Guard, permission::ManageOperations},
    error::{ApiError, FieldError, Problem, Result},
    http::{Cursor, Json, Page, Path, Query},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .configure(stream::configure)
        .service(list_events)
        .service(read_event)
        .service(list_deliveries)
        .service(replay_deliveries)
        .service(discard_deliveries)
        .service(read_delivery)
        .service(replay_delivery)
        .service(discard_delivery);
}

/// Which events.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EventQuery {
    /// Only of this type, such as `post.created`; a `*` at the end stands for anything.
    event_type: Option<String>,
    /// Only about this, such as a post's id.
    entity_id: Option<String>,
    /// Only in this state.
    state: Option<EventState>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeliveryQuery {
    /// Only of this listener: `plugin:` and a plugin's id, or `webhook:` and a webhook's id.
    listener: Option<String>,
    /// Only in this state; `dead` are the dead letters.
    state: Option<DeliveryState>,
    /// Only of this event.
    event_id: Option<Uuid>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// Events that somebody was to hear of, newest first. Those that were delivered are kept for some days.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(EventQuery), responses(
    (status = 200, description = "A page of events", body = Page<EventResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/events")]
async fn list_events(
    events: web::Data<EventService>,
    _actor: Guard<ManageOperations>,
    query: Query<EventQuery>,
) -> Result<HttpResponse> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let limit = Cursor::limit(query.limit)?;
    let query = query.into_inner();
    let filter = EventFilter { event_type: query.event_type, entity_id: query.entity_id, state: query.state };
    let page = events.events(&filter, after, limit).await?;
    Ok(HttpResponse::Ok().json(page.map(EventResponse::from)))
}

/// An event with what happened and what became of it.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Its id")), responses(
    (status = 200, description = "The event", body = EventDetailResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/events/{id}")]
async fn read_event(
    events: web::Data<EventService>,
    _actor: Guard<ManageOperations>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    let (event, deliveries) = events.event(*id).await?;
    Ok(HttpResponse::Ok().json(EventDetailResponse::new(event, deliveries)))
}

/// Deliveries to webhooks, and those to plugins that were not taken at once, newest first.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(DeliveryQuery), responses(
    (status = 200, description = "A page of deliveries", body = Page<DeliveryResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/deliveries")]
async fn list_deliveries(
    events: web::Data<EventService>,
    _actor: Guard<ManageOperations>,
    query: Query<DeliveryQuery>,
) -> Result<HttpResponse> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let limit = Cursor::limit(query.limit)?;
    let query = query.into_inner();
    let filter =
        DeliveryFilter { listener: checked(query.listener)?, state: query.state, event_id: query.event_id };
    let page = events.deliveries(&filter, after, limit).await?;
    Ok(HttpResponse::Ok().json(page.map(DeliveryResponse::from)))
}

/// A delivery.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Its id")), responses(
    (status = 200, description = "The delivery", body = DeliveryResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/deliveries/{id}")]
async fn read_delivery(
    events: web::Data<EventService>,
    _actor: Guard<ManageOperations>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(DeliveryResponse::from(events.delivery(*id).await?)))
}

/// Tells the listener anew, whatever became of the delivery; one that waits for its next attempt gets it now. Attempts
/// are counted from the start, the event's id stays.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Its id")), responses(
    (status = 200, description = "The delivery, which waits now", body = DeliveryResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/deliveries/{id}/replay")]
async fn replay_delivery(
    events: web::Data<EventService>,
    actor: Guard<ManageOperations>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    let delivery = events.steer(&actor, *id, Steering::Replay).await?;
    Ok(HttpResponse::Ok().json(DeliveryResponse::from(delivery)))
}

/// Gives a delivery up that waits, or takes a dead letter from the list.
#[utoipa::path(tag = "events", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Its id")), responses(
    (status = 200, description = "The delivery", body = DeliveryResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/deliveries/{id}/discard")]
async fn discard_delivery(
    events: web::Data<EventService>,
    actor: Guard<ManageOperations>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    let delivery = events.steer(&actor, *id, Steering::Discard).await?;
    Ok(HttpResponse::Ok().json(DeliveryResponse::from(delivery)))
}

/// Replays all deliveries that fit; dead letters unless another state is given.
#[utoipa::path(tag = "events", security(("bearer" = [])), request_body = DeliverySelectionRequest, responses(
    (status = 200, description = "How many", body = DeliveryCountResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/deliveries/replay")]
async fn replay_deliveries(
    events: web::Data<EventService>,
    actor: Guard<ManageOperations>,
    request: Json<DeliverySelectionRequest>,
) -> Result<HttpResponse> {
    let deliveries = events.steer_all(&actor, selected(request)?.into(), Steering::Replay).await?;
    Ok(HttpResponse::Ok().json(DeliveryCountResponse { deliveries }))
}

/// Discards all deliveries that fit; dead letters unless another state is given.
#[utoipa::path(tag = "events", security(("bearer" = [])), request_body = DeliverySelectionRequest, responses(
    (status = 200, description = "How many", body = DeliveryCountResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/deliveries/discard")]
async fn discard_deliveries(
    events: web::Data<EventService>,
    actor: Guard<ManageOperations>,
    request: Json<DeliverySelectionRequest>,
) -> Result<HttpResponse> {
    let deliveries = events.steer_all(&actor, selected(request)?.into(), Steering::Discard).await?;
    Ok(HttpResponse::Ok().json(DeliveryCountResponse { deliveries }))
}

fn selected(request: Json<DeliverySelectionRequest>) -> Result<DeliverySelectionRequest> {
    let mut request = request.into_inner();
    request.listener = checked(request.listener)?;
    Ok(request)
}

/// A listener as it is written in the database.
fn checked(listener: Option<String>) -> Result<Option<String>> {
    let read = |text: String| {
        let listener: std::result::Result<Listener, String> = text.parse();
        listener
            .map(|listener| listener.to_string())
            .map_err(|fault| ApiError::validation(vec![FieldError::new("listener", fault)]))
    };
    listener.map(read).transpose()
}
