//! Many entries at once: in one request, and as lines in and out.

use std::time::Duration;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::header,
    post,
    web::{self, Bytes},
};
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{EntryPresenter, body, present::EntryView, query::View};
use crate::{
    auth::guard::SignedIn,
    content::{
        EntryService, TypeService,
        dto::{BulkRequest, BulkResponse},
        transfer::{self, ImportSummary},
    },
    database::Database,
    error::{ApiError, ErrorCode, Problem, Result},
    http::{Json, Path, Query},
};

/// How long nothing of a body may come.
const STALL: Duration = Duration::from_secs(15);
/// What JSON Lines are called, first as they should be.
const LINES: [&str; 4] =
    [transfer::MEDIA_TYPE, "application/x-ndjson", "application/jsonlines", "application/x-jsonlines"];

/// Registers the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(create_entries).service(export_entries).service(import_entries);
}

#[derive(Serialize)]
struct Items<'a> {
    items: Vec<EntryView<'a>>,
}

/// How lines are to be taken.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// True: the lines are checked and nothing is written.
    #[serde(default)]
    dry_run: bool,
}

/// Create up to 500, all or none of them. Faults name the entry: `items[3].fields.title`.
#[utoipa::path(tag = "content", security(("bearer" = [])),
    params(("content_type" = String, Path, description = "The name of a content type")),
    request_body = BulkRequest, responses(
    (status = 201, description = "All are created", body = BulkResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/content/{content_type}/bulk")]
async fn create_entries(
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    presenter: web::Data<EntryPresenter>,
    actor: SignedIn,
    name: Path<String>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let content_type = types.served(&name).await?;
    content_type.require_write(&actor.0)?;
    let new = body::new_entries(body.0)?;
    let created = entries.create_many(&actor.0, &content_type, new).await?;
    let view = View::default();
    let prepared = presenter.prepare(&actor.0, &content_type, &created, &view).await?;
    Ok(HttpResponse::Created().json(Items { items: prepared.views() }))
}

/// All entries, drafts and private fields included, as JSON Lines: one entry a line, oldest first. Needs the permission
/// to edit others' content, where the type has authorship.
#[utoipa::path(tag = "content", security(("bearer" = [])),
    params(("content_type" = String, Path, description = "The name of a content type")), responses(
    (status = 200, description = "The entries", body = String, content_type = "application/jsonl"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/content/{content_type}/export")]
async fn export_entries(
    types: web::Data<TypeService>,
    database: web::Data<Database>,
    actor: SignedIn,
    name: Path<String>,
) -> Result<HttpResponse> {
    let content_type = types.served(&name).await?;
    transfer::require_all(&actor.0, &content_type)?;
    let disposition = format!("attachment; filename=\"{}.jsonl\"", content_type.name());
    let lines = transfer::export(database.get_ref().clone(), content_type);
    Ok(HttpResponse::Ok()
        .content_type(transfer::MEDIA_TYPE)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(lines))
}

/// Import entries from JSON Lines, as an export writes them. Lines whose id is known bring that entry up to date, all
/// others become new entries. A line that cannot be imported is named in the answer and does not stop the others.
#[utoipa::path(tag = "content", security(("bearer" = [])),
    params(("content_type" = String, Path, description = "The name of a content type"), ImportQuery),
    request_body(content = String, content_type = "application/jsonl"), responses(
    (status = 200, description = "What came of it", body = ImportSummary),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/content/{content_type}/import")]
async fn import_entries(
    request: HttpRequest,
    types: web::Data<TypeService>,
    entries: web::Data<EntryService>,
    actor: SignedIn,
    name: Path<String>,
    query: Query<ImportQuery>,
    body: web::Payload,
) -> Result<HttpResponse> {
    let content_type = types.served(&name).await?;
    content_type.require_write(&actor.0)?;
    let media_type = request.content_type();
    if !LINES.iter().any(|known| media_type.eq_ignore_ascii_case(known)) {
        let detail = format!("Send JSON Lines, with `Content-Type: {}`.", transfer::MEDIA_TYPE);
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, detail));
    }
    let lines = chunks(body);
    let summary = if query.dry_run {
        transfer::check(&content_type, lines, &|_progress| {}).await?
    } else {
        Box::pin(transfer::import(&entries, &actor.0, &content_type, lines, &|_progress| {})).await?
    };
    Ok(HttpResponse::Ok().json(summary))
}

/// The body, piece by piece, as fast as its lines are dealt with.
fn chunks(body: web::Payload) -> impl Stream<Item = Result<Bytes>> {
    stream::try_unfold(body, |mut body| async move {
        let next = tokio::time::timeout(STALL, body.next()).await.map_err(|elapsed| {
            let detail = "The body came too slowly. What came of it is imported; send it again for the rest.";
            ApiError::new(ErrorCode::MalformedRequest, detail).caused_by(elapsed)
        })?;
        let Some(chunk) = next else { return Ok(None) };
        let chunk = chunk.map_err(|error| {
            ApiError::new(ErrorCode::MalformedRequest, format!("The body cannot be read: {error}"))
        })?;
        Ok::<_, ApiError>(Some((chunk, body)))
    })
}
