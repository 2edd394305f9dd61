//! `/api/v1/admin/plugins` and `/api/v1/admin/hooks`: what plugins do here, for administrators.

pub mod consent;
pub mod hooks;
mod lifecycle;
pub mod limits;
mod logs;
pub mod plugins;
pub mod settings;

use actix_web::{HttpResponse, get, post, put, web};
use fleuron_plugin_host::PluginId;
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use self::{
    hooks::HookListenersResponse,
    plugins::{PluginResponse, PluginSummary},
    settings::{SettingResponse, UpdatePluginSettingsRequest},
};
use super::service::PluginService;
use crate::{
    auth::{Guard, permission::ManagePlugins},
    error::{ApiError, Problem, Result},
    http::{Json, Page, Path},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_plugins)
        .service(read_plugin)
        .service(read_plugin_settings)
        .service(update_plugin_settings)
        .service(reload_plugin)
        .service(list_hooks)
        .configure(lifecycle::configure)
        .configure(logs::configure);
}

/// All plugins: those that run, those that are switched off, and folders that cannot be loaded.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), responses(
    (status = 200, description = "All plugins", body = Page<PluginSummary>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/plugins")]
async fn list_plugins(
    plugins: web::Data<PluginService>,
    _actor: Guard<ManagePlugins>,
) -> Result<HttpResponse> {
    Ok(whole(plugins.list().await?.iter().map(PluginSummary::from)))
}

/// Everything about one plugin: manifest, permissions, limits, hooks, denials, jobs, settings and the last log lines.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The plugin", body = PluginResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/plugins/{id}")]
async fn read_plugin(
    plugins: web::Data<PluginService>,
    _actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let details = plugins.details(&plugin_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// The settings that a plugin declares, with their values; never a secret.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The settings", body = Page<SettingResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/plugins/{id}/settings")]
async fn read_plugin_settings(
    plugins: web::Data<PluginService>,
    _actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let (manifest, values) = plugins.settings(&plugin_id(&id)?).await?;
    Ok(whole(SettingResponse::all(&manifest, &values)))
}

/// Set a plugin's settings; keys that are left out keep their values. The plugin sees them at its next call.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    request_body = UpdatePluginSettingsRequest, responses(
    (status = 200, description = "The settings", body = Page<SettingResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[put("/admin/plugins/{id}/settings")]
async fn update_plugin_settings(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
    body: Json<UpdatePluginSettingsRequest>,
) -> Result<HttpResponse> {
    let (manifest, values) = plugins.set_settings(&actor, &plugin_id(&id)?, &body.values).await?;
    Ok(whole(SettingResponse::all(&manifest, &values)))
}

/// Load a plugin anew from its folder, or as the server brings it. Ends its quarantine and closes its breakers. Where it
/// does not load, the answer says why, and what ran runs on.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The plugin, loaded anew", body = PluginResponse),
    (status = 422, description = "It does not load", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins/{id}/reload")]
async fn reload_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let details = plugins.reload(&actor, &plugin_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// Every hook with its listeners in the order in which they are called.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), responses(
    (status = 200, description = "All hooks", body = Page<HookListenersResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/hooks")]
async fn list_hooks(plugins: web::Data<PluginService>, _actor: Guard<ManagePlugins>) -> Result<HttpResponse> {
    let hooks = plugins.hooks();
    Ok(whole(hooks.iter().map(|(point, listeners)| HookListenersResponse::new(*point, listeners))))
}

/// A text that is no id is the id of no plugin.
fn plugin_id(text: &str) -> Result<PluginId> {
    text.parse().map_err(|reason: String| ApiError::not_found("plugin").caused_by(reason))
}

/// A list that fits one page.
fn whole<T: Serialize>(items: impl IntoIterator<Item = T>) -> HttpResponse {
    HttpResponse::Ok().json(Page { items: items.into_iter().collect(), next_cursor: None })
}
