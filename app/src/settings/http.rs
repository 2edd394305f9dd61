//! `/api/v1/admin/settings`: what the site says of itself, for administrators.

use actix_web::{HttpResponse, get, patch, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{SettingsService, SiteSettings, UpdateSettingsRequest};
use crate::{
    auth::{Guard, permission::ManageSettings},
    error::{Problem, Result},
    http::Json,
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read_settings).service(update_settings);
}

/// The site's settings.
#[utoipa::path(tag = "settings", security(("bearer" = [])), responses(
    (status = 200, description = "The settings", body = SiteSettings),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/settings")]
async fn read_settings(
    settings: web::Data<SettingsService>,
    _actor: Guard<ManageSettings>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(settings.site().await?.as_ref()))
}

/// Change the site's settings; what is left out stays.
#[utoipa::path(tag = "settings", security(("bearer" = [])), request_body = UpdateSettingsRequest, responses(
    (status = 200, description = "The settings", body = SiteSettings),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[patch("/admin/settings")]
async fn update_settings(
    settings: web::Data<SettingsService>,
    actor: Guard<ManageSettings>,
    body: Json<UpdateSettingsRequest>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(settings.update(&actor, body.0).await?.as_ref()))
}
