//! The table of routes: what lives where.

use std::sync::Arc;

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
    web::{self, Bytes},
};
use arc_swap::ArcSwapOption;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Document, PathItem, Ref, Response, ResponseBuilder,
        path::Operation,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::{scope, service_config::ServiceConfig};

use super::health;
use crate::{
    audit,
    auth::{self, guard::Visitor},
    comments,
    content::{self, ContentTypes, TypeService, openapi::Audience},
    cron,
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
            .configure(content::http::configure)
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
    refused_method(request).unwrap_or_else(|| {
        let detail = "There is nothing at this path; /api/openapi.json lists what there is.";
        ApiError::new(ErrorCode::NotFound, detail).error_response()
    })
}

/// The answer to a method that is not possible at a path which the document knows.
pub(super) fn refused_method(request: &HttpRequest) -> Option<HttpResponse> {
    let document = request.app_data::<web::Data<Document>>()?;
    let methods = methods_at(document, request.path());
    let is_refused = !methods.is_empty() && !methods.contains(&request.method().as_str());
    is_refused.then(|| not_allowed(request, &methods.join(", ")))
}

fn not_allowed(request: &HttpRequest, methods: &str) -> HttpResponse {
    let detail = format!("{} is not possible here; /api/openapi.json says what is.", request.method());
    let mut response = ApiError::new(ErrorCode::MethodNotAllowed, detail).error_response();
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// What the document says is possible at a path; nothing if it does not know the path. Where a path is described by its
/// own name and would also do for another's `{id}`, its own description counts.
fn methods_at(document: &Document, path: &str) -> Vec<&'static str> {
    let segments: Vec<&str> = path.split('/').collect();
    // How many segments a template names, if the path fits it.
    let named = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        let fits = parts.len() == segments.len()
            && parts
                .iter()
                .zip(&segments)
                .all(|(part, segment)| part == segment || (part.starts_with('{') && !segment.is_empty()));
        fits.then(|| parts.iter().filter(|part| !part.starts_with('{')).count())
    };
    let paths = &document.paths.paths;
    let most = paths.keys().filter_map(|template| named(template)).max();
    let closest = paths.iter().filter(|(template, _)| most.is_some() && named(template) == most);
    let mut methods: Vec<_> = closest.flat_map(|(_, item)| methods_of(item)).collect();
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

/// The document with the content types of this moment, as far as the reader may know of them.
async fn openapi_json(
    document: web::Data<Document>,
    types: web::Data<TypeService>,
    made: web::Data<MadeDocuments>,
    visitor: Visitor,
) -> Result<HttpResponse> {
    let types = types.types().await?;
    let body = made.get(&document, &types, Audience::of(&visitor.0))?;
    let mut response = HttpResponse::Ok();
    response.insert_header((header::VARY, "Authorization"));
    Ok(response.content_type("application/json").body(body))
}

/// The whole documents as they were last made, and for which types. One for all workers.
#[derive(Default)]
pub struct MadeDocuments {
    guests: ArcSwapOption<(Arc<ContentTypes>, Bytes)>,
    users: ArcSwapOption<(Arc<ContentTypes>, Bytes)>,
}

impl MadeDocuments {
    fn get(&self, document: &Document, types: &Arc<ContentTypes>, audience: Audience) -> Result<Bytes> {
        let kept = match audience {
            Audience::Guests => &self.guests,
            Audience::Users => &self.users,
        };
        if let Some(made) = kept.load().as_deref()
            && Arc::ptr_eq(&made.0, types)
        {
            return Ok(made.1.clone());
        }
        let whole = content::openapi::extend(document, types, audience);
        let body = Bytes::from(serde_json::to_vec(&whole).map_err(ApiError::internal)?);
        kept.store(Some(Arc::new((Arc::clone(types), body.clone()))));
        Ok(body)
    }
}

/// The document's frame; paths and schemas come from the routes.
pub fn openapi() -> Document {
    Api::openapi()
}

/// Adds to every operation what each of them may answer, whatever it does.
pub fn complete(mut document: Document) -> Document {
    const RESTING: &str = "The database is away, or a plugin whose answer is needed is resting after failures; \
                           `Retry-After` may say for how many seconds";
    for item in document.paths.paths.values_mut() {
        for operation in operations_of(item) {
            let answers = &mut operation.responses.responses;
            answers.entry("4XX".to_owned()).or_insert_with(|| problem("Problem").into());
            answers.entry("503".to_owned()).or_insert_with(|| problem(RESTING).into());
        }
    }
    document
}

fn operations_of(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.delete, &mut item.get, &mut item.patch, &mut item.post, &mut item.put].into_iter().flatten()
}

/// An answer with a problem document.
fn problem(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
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
        (name = "content", description = "Entries of the site's own content types"),
        (name = "content-types", description = "Content types, for administrators"),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Document, complete, methods_at};

    fn document() -> Document {
        let described = json!({ "responses": { "200": { "description": "Done" } } });
        let document = json!({
            "openapi": "3.1.0",
            "info": { "title": "Test", "version": "1" },
            "paths": {
                "/things": { "get": described, "post": described },
                "/things/{id}": { "get": described, "delete": described },
                "/things/sort": { "put": described },
            },
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_path_with_a_name_of_its_own_is_nobodys_id() {
        let document = document();
        assert_eq!(methods_at(&document, "/things"), ["GET", "HEAD", "POST"]);
        assert_eq!(methods_at(&document, "/things/1"), ["DELETE", "GET", "HEAD"]);
        assert_eq!(methods_at(&document, "/things/sort"), ["PUT"]);
        for unknown in ["/", "/things/", "/things/1/2"] {
            assert!(methods_at(&document, unknown).is_empty(), "{unknown}");
        }
    }

    #[test]
    fn every_operation_may_fail() {
        let document: Value = serde_json::to_value(complete(document())).unwrap();
        let answers = &document["paths"]["/things/sort"]["put"]["responses"];
        for status in ["4XX", "503"] {
            let schema = &answers[status]["content"]["application/problem+json"]["schema"];
            assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{status}: {answers}");
        }
        assert_eq!(answers["200"]["description"], "Done");
    }
}
