//! `/api/v1/admin/plugins`: installing a plugin from a package, agreeing to what it may do, switching it on and off, going
//! back to the version before, and removing it.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, delete, http::header, post, web};
use fleuron_plugin_host::PackageLimits;
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    consent::{InspectionResponse, NewPluginResponse, UnchangedResponse},
    plugin_id,
    plugins::PluginResponse,
};
use crate::{
    auth::{Guard, permission::ManagePlugins},
    error::{ApiError, ErrorCode, Problem, Result},
    http::{Json, Path, Query},
    plugins::{packages::Removal, service::PluginService},
};

/// How long a package may take to arrive, and how long nothing of it may.
const UPLOAD: Duration = Duration::from_secs(300);
const STALL: Duration = Duration::from_secs(15);

/// Registers the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(upload_plugin)
        .service(consent_to_plugin)
        .service(enable_plugin)
        .service(disable_plugin)
        .service(roll_back_plugin)
        .service(uninstall_plugin);
}

/// How a package is to be taken.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// True: the package is looked through and not taken.
    #[serde(default)]
    dry_run: bool,
    /// What the SHA-256 of the body must be, in hexadecimal digits.
    sha256: Option<String>,
}

/// What an administrator agrees to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ConsentRequest {
    /// The `hash` in the plugin's `consent`: it stands for these very bytes and everything that they ask for.
    hash: String,
    /// Whether the plugin may run from now on. Left out: a new one may, and for others it stays as it is.
    enable: Option<bool>,
}

/// What becomes of what the plugin kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum DataName {
    /// It stays, for the next time.
    #[default]
    Keep,
    /// Tables, key-values, files, settings and runs of jobs are deleted.
    Delete,
}

/// How a plugin is to be removed.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UninstallQuery {
    /// What becomes of what the plugin kept: `keep` (if left out) or `delete`.
    #[serde(default)]
    #[param(inline)]
    data: DataName,
}

/// Upload a package: a `.wasm` with its manifest inside, or a `.zip`. It is looked through whole, and refused with all
/// reasons at once, before anything is stored. Where it asks for nothing new it is in force at once; else it waits for
/// consent, and the version before runs on. The same package once more changes nothing and is answered with 200.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(UploadQuery),
    request_body(content((Vec<u8> = "application/zip"), (Vec<u8> = "application/wasm"))), responses(
    (status = 201, description = "The plugin, and what it asks for", body = NewPluginResponse),
    (status = 200, description = "Nothing new; for a dry run, what the package is", body = UnchangedResponse),
    (status = 409, description = "The id or the version is taken", body = Problem, content_type = "application/problem+json"),
    (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Refused, with all reasons", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins")]
async fn upload_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    query: Query<UploadQuery>,
    request: HttpRequest,
    body: web::Payload,
) -> Result<HttpResponse> {
    let _place = plugins.receiving().await?;
    let bytes = tokio::time::timeout(UPLOAD, read_body(&request, body)).await.map_err(too_slow)??;
    let sha256 = query.sha256.as_deref();
    if query.dry_run {
        let inspection = plugins.inspect(&actor, bytes, sha256).await?;
        let inspection = Box::new(InspectionResponse::from(&inspection));
        return Ok(HttpResponse::Ok().json(UnchangedResponse::Inspection(inspection)));
    }
    let upload = plugins.upload(&actor, bytes, sha256).await?;
    let response = NewPluginResponse::from(&upload.details);
    if !upload.is_new {
        return Ok(HttpResponse::Ok().json(UnchangedResponse::Plugin(Box::new(response))));
    }
    let id = response.plugin.summary.id.clone().unwrap_or_default();
    let location = (header::LOCATION, format!("/api/v1/admin/plugins/{id}"));
    Ok(HttpResponse::Created().insert_header(location).json(response))
}

/// Agree to what the version that waits asks for. It is put in force when it has started; where it does not start, the
/// answer says why and the version before runs on.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    request_body = ConsentRequest, responses(
    (status = 200, description = "The plugin, in force", body = PluginResponse),
    (status = 409, description = "Something else waits, or nothing", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It does not start", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins/{id}/consent")]
async fn consent_to_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
    body: Json<ConsentRequest>,
) -> Result<HttpResponse> {
    let details = plugins.consent(&actor, &plugin_id(&id)?, &body.hash, body.enable).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// Let a plugin run, wherever it comes from.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The plugin", body = PluginResponse),
    (status = 409, description = "It waits for consent", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It does not start", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins/{id}/enable")]
async fn enable_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let details = plugins.switch(&actor, &plugin_id(&id)?, true).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// Keep a plugin from running, wherever it comes from. What it kept stays.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The plugin", body = PluginResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins/{id}/disable")]
async fn disable_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let details = plugins.switch(&actor, &plugin_id(&id)?, false).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// Go back to the version before. A version that waits for consent is given up. The plugin's tables stay as the later
/// version left them.
#[utoipa::path(tag = "plugins", security(("bearer" = [])), params(("id" = String, Path, description = "Its id")),
    responses(
    (status = 200, description = "The plugin, as it was before", body = PluginResponse),
    (status = 409, description = "There is no version before", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "It does not start", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/plugins/{id}/rollback")]
async fn roll_back_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
) -> Result<HttpResponse> {
    let details = plugins.roll_back(&actor, &plugin_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(PluginResponse::from(&details)))
}

/// Remove a plugin that was installed from a package, with what it kept or without.
#[utoipa::path(tag = "plugins", security(("bearer" = [])),
    params(("id" = String, Path, description = "Its id"), UninstallQuery), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "It came another way", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[delete("/admin/plugins/{id}")]
async fn uninstall_plugin(
    plugins: web::Data<PluginService>,
    actor: Guard<ManagePlugins>,
    id: Path<String>,
    query: Query<UninstallQuery>,
) -> Result<HttpResponse> {
    let removal = match query.data {
        DataName::Keep => Removal::KeepData,
        DataName::Delete => Removal::DeleteData,
    };
    plugins.uninstall(&actor, &plugin_id(&id)?, removal).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Packages are larger than other bodies; who may send one was asked before.
async fn read_body(request: &HttpRequest, mut body: web::Payload) -> Result<Vec<u8>> {
    let limit = PackageLimits::default().packed;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = tokio::time::timeout(STALL, body.next()).await.map_err(too_slow)? {
        let chunk = chunk.map_err(|error| {
            ApiError::new(ErrorCode::MalformedRequest, format!("The body cannot be read: {error}"))
        })?;
        if (bytes.len() + chunk.len()) as u64 > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn too_slow(elapsed: tokio::time::error::Elapsed) -> ApiError {
    ApiError::new(ErrorCode::MalformedRequest, "The body came too slowly. Send it again.").caused_by(elapsed)
}

fn too_large(limit: u64) -> ApiError {
    ApiError::new(ErrorCode::TooLarge, format!("The package is too large; the limit is {limit} bytes."))
}
