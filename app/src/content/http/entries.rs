//! One entry, and lists of them.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder, delete, get, http::header, patch, post, web,
};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    EntryPresenter, body, present,
    query::{self, View},
};
use crate::{
    auth::{
        Actor,
        guard::{SignedIn, Visitor},
    },
    content::{
        ContentType, Entry, EntryService, TypeService,
        dto::{EntryPatchRequest, EntryRequest, EntryResponse, ListEntriesQuery, ReadEntryQuery},
    },
    error::{ApiError, Problem, Result},
    http::{IfMatch, Json, Page, Path, versioned_json},
};

/// Registers the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_entries)
        .service(create_entry)
        .service(read_entry)
        .service(update_entry)
        .service(delete_entry);
}

/// A page of the list, in the type's own order unless another is asked for. What it can be filtered and sorted by
/// stands at the path of the type itself, such as `/api/v1/content/event`.
#[utoipa::path(tag = "content", params(
    ("content_type" = String, Path, description = "The name of a content type"), ListEntriesQuery), responses(
    (status = 200, description = "A page", body = Page<EntryResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/content/{content_type}")]
async fn list_entries(
    request: HttpRequest,
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    presenter: web::Data<EntryPresenter>,
    visitor: Visitor,
    name: Path<String>,
) -> Result<HttpResponse> {
    let content_type = types.served(&name).await?;
    content_type.require_read(&visitor.0)?;
    let (list, view) = query::list(&content_type, &visitor.0, request.query_string())?;
    let sort = list.sort.clone();
    let (found, next) = entries.list(&visitor.0, &content_type, list).await?;
    let prepared = presenter.prepare(&visitor.0, &content_type, &found, &view).await?;
    let next_cursor = next.map(|cursor| query::cursor::encode(&sort, &cursor));
    let body = present::written(&Page { items: prepared.views(), next_cursor }, "limit")?;
    Ok(HttpResponse::Ok().content_type("application/json").body(body))
}

/// Create one.
#[utoipa::path(tag = "content", security(("bearer" = [])),
    params(("content_type" = String, Path, description = "The name of a content type")),
    request_body = EntryRequest, responses(
    (status = 201, description = "Created; Location and ETag are set", body = EntryResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/content/{content_type}")]
async fn create_entry(
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    presenter: web::Data<EntryPresenter>,
    actor: SignedIn,
    name: Path<String>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let content_type = types.served(&name).await?;
    content_type.require_write(&actor.0)?;
    let new = body::new_entry(body.0)?;
    let entry = entries.create(&actor.0, &content_type, new).await?;
    let mut response = HttpResponse::Created();
    let location = format!("/api/v1/content/{}/{}", content_type.name(), entry.id);
    response.insert_header((header::LOCATION, location));
    written(&presenter, &actor.0, &content_type, entry, response).await
}

/// One, by id or slug.
#[utoipa::path(tag = "content", params(
    ("content_type" = String, Path, description = "The name of a content type"),
    ("id_or_slug" = String, Path, description = "Its id, or its slug where the type has slugs"),
    ReadEntryQuery), responses(
    (status = 200, description = "Found", body = EntryResponse),
    (status = 304, description = "Not modified"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/content/{content_type}/{id_or_slug}")]
async fn read_entry(
    request: HttpRequest,
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    presenter: web::Data<EntryPresenter>,
    visitor: Visitor,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let (name, id_or_slug) = path.into_inner();
    let content_type = types.served(&name).await?;
    content_type.require_read(&visitor.0)?;
    let view = query::read(&content_type, &visitor.0, request.query_string())?;
    let found = entries.find(&visitor.0, &content_type, &id_or_slug).await?;
    let entry = [found.ok_or_else(|| ApiError::not_found(content_type.name()))?];
    let prepared = presenter.prepare(&visitor.0, &content_type, &entry, &view).await?;
    let answer = prepared.views().into_iter().next();
    if !view.expand.is_empty() {
        present::written(&answer, "expand")?;
    }
    versioned_json(Some(&request), HttpResponse::Ok(), entry[0].version, &answer)
}

/// Change one. With If-Match a change that was made for another version is refused.
#[utoipa::path(tag = "content", security(("bearer" = [])), params(
    ("content_type" = String, Path, description = "The name of a content type"),
    ("id_or_slug" = String, Path, description = "Its id, or its slug where the type has slugs"),
    ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)),
    request_body = EntryPatchRequest, responses(
    (status = 200, description = "Changed", body = EntryResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[patch("/content/{content_type}/{id_or_slug}")]
async fn update_entry(
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    presenter: web::Data<EntryPresenter>,
    actor: SignedIn,
    path: Path<(String, String)>,
    seen: IfMatch,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let (name, id_or_slug) = path.into_inner();
    let content_type = types.served(&name).await?;
    content_type.require_write(&actor.0)?;
    let patch = body::patch(body.0)?;
    let found = entries.find(&actor.0, &content_type, &id_or_slug).await?;
    let id = found.ok_or_else(|| ApiError::not_found(content_type.name()))?.id;
    let entry = entries.update(&actor.0, &content_type, id, seen, patch).await?;
    written(&presenter, &actor.0, &content_type, entry, HttpResponse::Ok()).await
}

/// Remove one for good. What refers to it loses that relation; where a relation needs it, it stays and the answer is
/// 409.
#[utoipa::path(tag = "content", security(("bearer" = [])), params(
    ("content_type" = String, Path, description = "The name of a content type"),
    ("id_or_slug" = String, Path, description = "Its id, or its slug where the type has slugs"),
    ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)), responses(
    (status = 204, description = "Gone"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[delete("/content/{content_type}/{id_or_slug}")]
async fn delete_entry(
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    actor: SignedIn,
    path: Path<(String, String)>,
    seen: IfMatch,
) -> Result<HttpResponse> {
    let (name, id_or_slug) = path.into_inner();
    let content_type = types.served(&name).await?;
    content_type.require_write(&actor.0)?;
    let found = entries.find(&actor.0, &content_type, &id_or_slug).await?;
    let id = found.ok_or_else(|| ApiError::not_found(content_type.name()))?.id;
    entries.delete(&actor.0, &content_type, id, seen).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The answer to whoever wrote the entry.
async fn written(
    presenter: &EntryPresenter,
    actor: &Actor,
    content_type: &ContentType,
    entry: Entry,
    response: HttpResponseBuilder,
) -> Result<HttpResponse> {
    let (version, view) = (entry.version, View::default());
    let entry = [entry];
    let prepared = presenter.prepare(actor, content_type, &entry, &view).await?;
    versioned_json(None, response, version, &prepared.views().into_iter().next())
}
