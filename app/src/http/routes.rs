//! The table of routes: what lives where.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::health;
use crate::{
    auth, comments,
    error::{ApiError, ErrorCode, Problem, Result},
    media, posts, settings, site, taxonomies, users,
};

/// The JSON API. What is registered here is what the OpenAPI document says.
pub fn api(config: &mut ServiceConfig<'_>) {
    config.service(
        scope::scope("/api/v1")
            // Content, for readers and writers.
            .configure(posts::http::configure)
            .configure(taxonomies::http::configure)
            .configure(comments::http::configure)
            // People.
            .configure(auth::http::configure)
            .configure(users::http::configure)
            // The site.
            .configure(settings::http::configure),
    );
}

/// Everything else: the API's description, the operator's endpoints, and the site that readers see.
pub fn public(config: &mut web::ServiceConfig) {
    config
        .route("/api/openapi.json", web::get().to(openapi_json))
        .route("/healthz", web::get().to(health::alive))
        .route("/readyz", web::get().to(health::ready))
        .route("/metrics", web::get().to(health::metrics));
    media::configure(config);
    site::configure(config);
}

/// What no route took: a post or page by its address, or nothing.
pub async fn fallback(request: HttpRequest) -> Result<HttpResponse> {
    if request.path().starts_with("/api/") || request.path() == "/api" {
        return Err(unknown(&request));
    }
    site::entry(request).await
}

fn unknown(request: &HttpRequest) -> ApiError {
    let known =
        request.app_data::<web::Data<Document>>().is_some_and(|document| has_path(document, request.path()));
    if known && request.method() != Method::GET {
        let detail = format!("{} is not possible here; /api/openapi.json says what is.", request.method());
        return ApiError::new(ErrorCode::MethodNotAllowed, detail);
    }
    ApiError::new(
        ErrorCode::NotFound,
        "There is nothing at this path; /api/openapi.json lists what there is.",
    )
}

fn has_path(document: &Document, path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    document.paths.paths.keys().any(|template| {
        let template: Vec<&str> = template.split('/').collect();
        template.len() == segments.len()
            && template.iter().zip(&segments).all(|(part, segment)| part == segment || part.starts_with('{'))
    })
}

async fn openapi_json(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().json(document.get_ref())
}

/// The document's frame; paths and schemas come from the routes.
pub fn openapi() -> Document {
    Api::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fleuron",
        description = "Content, people and plugins of a Fleuron site. Errors are problem documents (RFC 9457).",
    ),
    components(schemas(Problem)),
    modifiers(&Bearer),
    tags(
        (name = "posts", description = "The blog"),
        (name = "pages", description = "Pages that stand alone"),
        (name = "categories", description = "A tree that posts hang in"),
        (name = "tags", description = "Words that posts share"),
        (name = "comments", description = "What readers say"),
        (name = "auth", description = "Signing in"),
        (name = "users", description = "Accounts, for administrators"),
        (name = "settings", description = "What the site says of itself"),
    )
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
    }
}
