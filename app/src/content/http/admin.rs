//! `/api/v1/admin/content-types`: describing, changing and removing types, for administrators.

use actix_web::{HttpResponse, delete, get, http::header, post, rt, web};
use serde_json::Value;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::{finish, object, refuse_others};
use crate::{
    auth::{Actor, Guard, permission::ManageContentTypes},
    content::{
        TypeService,
        change::{ChangePlan, ChangeRequest},
        definition::source::{self, ContentTypeSource},
        dto::{ChangeTypeRequest, ContentTypeResponse, PurgeTypeRequest, PurgeTypeResponse, RemoveTypeQuery},
    },
    error::{ApiError, FieldError, Problem, Result},
    http::{Json, Page, Path, Query},
};

/// Registers the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_content_types)
        .service(create_content_type)
        .service(read_content_type)
        .service(remove_content_type)
        .service(diff_content_type)
        .service(apply_content_type)
        .service(enable_content_type)
        .service(disable_content_type)
        .service(purge_content_type);
}

/// All content types, and those that files offer, by name.
#[utoipa::path(tag = "content-types", security(("bearer" = [])), responses(
    (status = 200, description = "All content types", body = Page<ContentTypeResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/content-types")]
async fn list_content_types(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
) -> Result<HttpResponse> {
    let overview = types.overview(&actor).await?;
    let items = overview.iter().map(ContentTypeResponse::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: None }))
}

/// Describe a new content type. It is served at once.
#[utoipa::path(tag = "content-types", security(("bearer" = [])), request_body = ContentTypeSource, responses(
    (status = 201, description = "Created; Location is set", body = ContentTypeResponse),
    (status = 409, description = "The name is taken", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Everything that is wrong with it", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types")]
async fn create_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let definition = source::from_json(&body.0).map_err(ApiError::validation)?;
    let created = types.create(&actor, definition).await?;
    let location = (header::LOCATION, format!("/api/v1/admin/content-types/{}", created.name()));
    let response = seen(&types, &actor, created.name()).await?;
    Ok(HttpResponse::Created().insert_header(location).json(response))
}

/// A content type, or what a file offers under this name.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The content type", body = ContentTypeResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/content-types/{name}")]
async fn read_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(seen(&types, &actor, &name).await?))
}

/// Remove a content type for good. One that has entries goes only together with them, which must be asked for. A file's
/// type goes when its file no longer asks for it.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name"), RemoveTypeQuery), responses(
    (status = 204, description = "It is gone"),
    (status = 409, description = "It has entries, or something needs it", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[delete("/admin/content-types/{name}")]
async fn remove_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
    query: Query<RemoveTypeQuery>,
) -> Result<HttpResponse> {
    types.remove(&actor, &name, query.entries.is_some()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// What a change would do: what changes, which entries would no longer be valid, what is set aside. Nothing is changed.
/// All entries are looked through.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), request_body = ChangeTypeRequest, responses(
    (status = 200, description = "What the change would do", body = ChangePlan),
    (status = 422, description = "Everything that is wrong with it", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types/{name}/diff")]
async fn diff_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let request = change(body.0)?;
    let plan = Box::pin(types.diff(&actor, &name, request)).await?;
    Ok(HttpResponse::Ok().json(plan))
}

/// Change a content type with the entries in it. Refused, with nothing changed, where entries would no longer be valid
/// and `fill` does not say what they get. The site goes on while indexes are built; so does the change if nobody waits
/// for the answer.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), request_body = ChangeTypeRequest, responses(
    (status = 200, description = "What the change did", body = ChangePlan),
    (status = 409, description = "Somebody else is changing it", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "Everything that is wrong with it", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types/{name}/apply")]
async fn apply_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let request = change(body.0)?;
    let (types, actor) = (types.get_ref().clone(), Actor::clone(&actor));
    // A task of its own: whoever asked may hang up before it is done.
    let applied =
        rt::spawn(async move { Box::pin(types.apply(&actor, &name, request, &|_progress| {})).await });
    let plan = applied.await.map_err(ApiError::internal)??;
    Ok(HttpResponse::Ok().json(plan))
}

/// Serve a content type. One that only a file offers is made.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The content type", body = ContentTypeResponse),
    (status = 409, description = "Its file is not right", body = Problem, content_type = "application/problem+json"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types/{name}/enable")]
async fn enable_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
) -> Result<HttpResponse> {
    types.set_enabled(&actor, &name, true).await?;
    Ok(HttpResponse::Ok().json(seen(&types, &actor, &name).await?))
}

/// Serve a content type no longer. Its entries are kept.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), responses(
    (status = 200, description = "The content type", body = ContentTypeResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types/{name}/disable")]
async fn disable_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
) -> Result<HttpResponse> {
    types.set_enabled(&actor, &name, false).await?;
    Ok(HttpResponse::Ok().json(seen(&types, &actor, &name).await?))
}

/// Remove for good what entries still keep of fields that are gone.
#[utoipa::path(tag = "content-types", security(("bearer" = [])),
    params(("name" = String, Path, description = "Its name")), request_body = PurgeTypeRequest, responses(
    (status = 200, description = "What was removed", body = PurgeTypeResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/content-types/{name}/purge")]
async fn purge_content_type(
    types: web::Data<TypeService>,
    actor: Guard<ManageContentTypes>,
    name: Path<String>,
    body: Json<Value>,
) -> Result<HttpResponse> {
    let fields = purged(body.0)?;
    let (types, actor) = (types.get_ref().clone(), Actor::clone(&actor));
    let purged =
        rt::spawn(async move { Box::pin(types.purge(&actor, &name, fields, &|_progress| {})).await });
    let entries = purged.await.map_err(ApiError::internal)??;
    Ok(HttpResponse::Ok().json(PurgeTypeResponse { entries }))
}

async fn seen(types: &TypeService, actor: &Actor, name: &str) -> Result<ContentTypeResponse> {
    Ok(ContentTypeResponse::from(&types.overview_of(actor, name).await?))
}

/// Reads the body of a change. Faults of the definition stand beneath `definition`.
fn change(body: Value) -> Result<ChangeRequest> {
    let mut faults = Vec::new();
    let mut members = object(body, "", &mut faults);
    let (definition, fill) = (members.remove("definition"), members.remove("fill"));
    refuse_others(&members, "", "`definition` and `fill`", &mut faults);
    let fill = fill.map(|fill| object(fill, "fill", &mut faults)).unwrap_or_default();
    let definition = match definition.as_ref().map(source::from_json) {
        None => None,
        Some(Ok(definition)) => Some(definition),
        Some(Err(wrong)) => {
            faults.extend(wrong.iter().map(|fault| fault.within("definition")));
            None
        }
    };
    finish(ChangeRequest { definition, fill }, faults)
}

/// Reads which fields are to be purged; all if none is named.
fn purged(body: Value) -> Result<Option<Vec<String>>> {
    let mut faults = Vec::new();
    let mut members = object(body, "", &mut faults);
    let fields = members.remove("fields");
    refuse_others(&members, "", "`fields`", &mut faults);
    let names = fields.map(|fields| {
        let names = fields.as_array().map(|names| names.iter().map(|name| name.as_str().map(str::to_owned)));
        names.and_then(Iterator::collect::<Option<Vec<String>>>).unwrap_or_else(|| {
            faults.push(FieldError::at("fields", "Must be a list of names of fields that are gone."));
            Vec::new()
        })
    });
    finish(names, faults)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{change, purged};

    #[test]
    fn changes_and_purges_are_read_strictly() {
        let read = change(json!({ "fill": { "price": null } })).unwrap();
        assert!(read.definition.is_none() && read.fill["price"].is_null());
        let error = change(json!({ "definition": { "non.sense": 1 }, "more": 1, "fill": 3 })).unwrap_err();
        let places: Vec<_> = error.fields().iter().filter_map(|fault| fault.pointer.as_deref()).collect();
        assert_eq!(places[..2], ["#/more", "#/fill"]);
        assert!(places[2..].iter().all(|place| place.starts_with("#/definition")), "{places:?}");
        assert!(places.contains(&"#/definition/non.sense"), "{places:?}");
        assert_eq!(purged(json!({})).unwrap(), None);
        assert_eq!(purged(json!({ "fields": ["a"] })).unwrap(), Some(vec!["a".to_owned()]));
        for wrong in [json!({ "fields": [1] }), json!({ "fields": null }), json!([]), json!({ "field": [] })]
        {
            assert!(purged(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
