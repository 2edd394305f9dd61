//! `/api/v1/admin/webhooks`: other servers that are told of events.

use actix_web::{HttpResponse, delete, get, http::header, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Webhook, WebhookId, WebhookService,
    dto::{
        CreateWebhookRequest, RotateSecretRequest, UpdateWebhookRequest, WebhookResponse,
        WebhookTestResponse, WebhookWithSecretResponse,
    },
};
use crate::{
    auth::{Guard, permission::ManageOperations},
    error::{Problem, Result},
    http::{Cursor, IfMatch, Json, Page, Path, Query, entity_tag},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_webhooks)
        .service(create_webhook)
        .service(read_webhook)
        .service(update_webhook)
        .service(delete_webhook)
        .service(test_webhook)
        .service(rotate_webhook_secret)
        .service(resume_webhook);
}

/// Which webhooks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WebhookQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// All webhooks, oldest first.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(WebhookQuery), responses(
    (status = 200, description = "A page of webhooks", body = Page<WebhookResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/webhooks")]
async fn list_webhooks(
    webhooks: web::Data<WebhookService>,
    _actor: Guard<ManageOperations>,
    query: Query<WebhookQuery>,
) -> Result<HttpResponse> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?.map(|cursor| WebhookId(cursor.id));
    let page = webhooks.list(after, Cursor::limit(query.limit)?).await?;
    Ok(HttpResponse::Ok().json(page.map(WebhookResponse::from)))
}

/// Make a webhook. The answer has its secret, which is not shown again.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), request_body = CreateWebhookRequest, responses(
    (status = 201, description = "The webhook with its secret", body = WebhookWithSecretResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/webhooks")]
async fn create_webhook(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    body: Json<CreateWebhookRequest>,
) -> Result<HttpResponse> {
    let webhook = webhooks.create(&actor, body.0).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/admin/webhooks/{}", webhook.id)))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(tag_of(&webhook))
        .json(WebhookWithSecretResponse::from(webhook)))
}

/// A webhook.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(("id" = WebhookId, Path, description = "Its id")),
    responses(
    (status = 200, description = "The webhook", body = WebhookResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/webhooks/{id}")]
async fn read_webhook(
    webhooks: web::Data<WebhookService>,
    _actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
) -> Result<HttpResponse> {
    Ok(shown(webhooks.find(*id).await?))
}

/// Change a webhook. Switching it on also ends a pause.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])),
    params(("id" = WebhookId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)),
    request_body = UpdateWebhookRequest, responses(
    (status = 200, description = "The webhook", body = WebhookResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[patch("/admin/webhooks/{id}")]
async fn update_webhook(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
    seen: IfMatch,
    body: Json<UpdateWebhookRequest>,
) -> Result<HttpResponse> {
    Ok(shown(webhooks.update(&actor, *id, seen, body.0).await?))
}

/// Remove a webhook. What waits for it, and its dead letters, are discarded.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(("id" = WebhookId, Path, description = "Its id")),
    responses(
    (status = 204, description = "Gone"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[delete("/admin/webhooks/{id}")]
async fn delete_webhook(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
) -> Result<HttpResponse> {
    webhooks.delete(&actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Send the event `webhook.test` at once, also to a webhook that is switched off, and answer what came of it. It is
/// sent once.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(("id" = WebhookId, Path, description = "Its id")),
    responses(
    (status = 200, description = "What the receiver made of it, whatever that is", body = WebhookTestResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/webhooks/{id}/test")]
async fn test_webhook(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
) -> Result<HttpResponse> {
    let answer = webhooks.test(&actor, *id).await?;
    Ok(HttpResponse::Ok().json(WebhookTestResponse::from(answer)))
}

/// Give a webhook a new secret, which is shown this once. For 24 hours events are signed with the one of before, too,
/// so that the receiver can change over.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(("id" = WebhookId, Path, description = "Its id")),
    request_body = RotateSecretRequest, responses(
    (status = 200, description = "The webhook with its secret", body = WebhookWithSecretResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/webhooks/{id}/secret")]
async fn rotate_webhook_secret(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
    body: Json<RotateSecretRequest>,
) -> Result<HttpResponse> {
    let webhook = webhooks.rotate_secret(&actor, *id, body.0).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(tag_of(&webhook))
        .json(WebhookWithSecretResponse::from(webhook)))
}

/// Have a webhook told of events again that was paused after failures or switched off. What became dead letters
/// meanwhile can be replayed.
#[utoipa::path(tag = "webhooks", security(("bearer" = [])), params(("id" = WebhookId, Path, description = "Its id")),
    responses(
    (status = 200, description = "The webhook", body = WebhookResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/webhooks/{id}/resume")]
async fn resume_webhook(
    webhooks: web::Data<WebhookService>,
    actor: Guard<ManageOperations>,
    id: Path<WebhookId>,
) -> Result<HttpResponse> {
    Ok(shown(webhooks.resume(&actor, *id).await?))
}

fn shown(webhook: Webhook) -> HttpResponse {
    HttpResponse::Ok().insert_header(tag_of(&webhook)).json(WebhookResponse::from(webhook))
}

fn tag_of(webhook: &Webhook) -> header::ETag {
    entity_tag(webhook.updated_at.millis())
}
