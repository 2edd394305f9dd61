//! The table of routes: what lives where.

use actix_web::{
    Error, FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, ResponseError,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document, PathItem,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::health;
use crate::{
    audit, auth, comments, cron,
    error::{ApiError, ErrorCode, Problem, Result},
    events, media, plugins, posts, settings, site, taxonomies, users, webhooks,
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
            .configure(settings::http::configure)
            .configure(plugins::http::configure)
            .configure(audit::http::configure)
            // What happens, and who is told.
            .configure(events::http::configure)
            .configure(webhooks::http::configure)
            .configure(cron::http::configure)
            .wrap(from_fn(head_as_get)),
    );
}

/// HEAD takes the road of GET; the server leaves out the body.
async fn head_as_get(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}

/// Everything else: the API's description, the operator's endpoints, and the site that readers see.
pub fn public(config: &mut web::ServiceConfig) {
    config
        .service(read("/api/openapi.json", openapi_json))
        .service(read("/healthz", health::alive))
        .service(read("/readyz", health::ready))
        .service(read("/metrics", health::metrics));
    media::configure(config);
    site::configure(config);
}

/// A resource for GET and HEAD.
fn read<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let reading = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let refuse = |request: HttpRequest| async move { not_allowed(&request, "GET, HEAD") };
    web::resource(path).route(reading.to(handler)).default_service(web::to(refuse))
}

/// What no route took: a post or page by its address, or nothing.
pub async fn fallback(request: HttpRequest) -> Result<HttpResponse> {
    if request.path().starts_with("/api/") || request.path() == "/api" {
        return Ok(unknown(&request));
    }
    site::entry(request).await
}

fn unknown(request: &HttpRequest) -> HttpResponse {
    let document = request.app_data::<web::Data<Document>>();
    let methods = document.map(|document| methods_at(document, request.path())).unwrap_or_default();
    if !methods.is_empty() && !methods.contains(&request.method().as_str()) {
        return not_allowed(request, &methods.join(", "));
    }
    let detail = "There is nothing at this path; /api/openapi.json lists what there is.";
    ApiError::new(ErrorCode::NotFound, detail).error_response()
}

fn not_allowed(request: &HttpRequest, methods: &str) -> HttpResponse {
    let detail = format!("{} is not possible here; /api/openapi.json says what is.", request.method());
    let mut response = ApiError::new(ErrorCode::MethodNotAllowed, detail).error_response();
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// What the document says is possible at a path; nothing if it does not know the path.
fn methods_at(document: &Document, path: &str) -> Vec<&'static str> {
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == segments.len()
            && parts
                .iter()
                .zip(&segments)
                .all(|(part, segment)| part == segment || (part.starts_with('{') && !segment.is_empty()))
    };
    let items = document.paths.paths.iter().filter(|(template, _)| fits(template));
    let mut methods: Vec<_> = items.flat_map(|(_, item)| methods_of(item)).collect();
    methods.sort_unstable();
    methods.dedup();
    methods
}

fn methods_of(item: &PathItem) -> impl Iterator<Item = &'static str> {
    [
        ("DELETE", item.delete.is_some()),
        ("GET", item.get.is_some()),
        ("HEAD", item.get.is_some()),
        ("PATCH", item.patch.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, is_possible)| is_possible.then_some(method))
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
        (name = "plugins", description = "Installing plugins and what they do here, for administrators"),
        (name = "audit", description = "Who did what, for administrators"),
        (name = "events", description = "What happened, who was told, and what to do where somebody was not"),
        (name = "webhooks", description = "Other servers that are told of events, for administrators"),
        (name = "cron", description = "Scheduled jobs and their runs, for administrators"),
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
