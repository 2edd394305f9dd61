//! `/api/v1/categories` and `/api/v1/tags`.

use actix_web::{HttpResponse, delete, get, http::header, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    TermService, Terms,
    dto::{CategoryResponse, CreateTermRequest, TagResponse, UpdateTermRequest},
};
use crate::{
    auth::{
        Guard,
        permission::{CreateTags, ManageTaxonomies},
    },
    error::{ApiError, Problem, Result},
    http::{IfMatch, Json, Page, Path, entity_tag},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_categories)
        .service(create_category)
        .service(read_category)
        .service(update_category)
        .service(delete_category)
        .service(list_tags)
        .service(create_tag)
        .service(read_tag)
        .service(update_tag)
        .service(delete_tag);
}

macro_rules! routes {
    ($tag:literal, $id:ty, $response:ty, $create_permission:ty, $collection:literal, $item:literal,
     $list:ident = $all:ident, $create:ident, $read:ident = $by_id:ident / $by_slug:ident,
     $update:ident, $delete:ident) => {
        /// All of them, by name.
        #[utoipa::path(tag = $tag, responses((status = 200, description = "All", body = Page<$response>)))]
        #[get($collection)]
        async fn $list(terms: web::Data<TermService>) -> Result<HttpResponse> {
            let terms = terms.terms().await?;
            let items = terms.$all().into_iter().map(<$response>::from).collect();
            Ok(HttpResponse::Ok().json(Page { items, next_cursor: None }))
        }

        /// Create one.
        #[utoipa::path(tag = $tag, security(("bearer" = [])), request_body = CreateTermRequest, responses(
            (status = 201, description = "Created", body = $response),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[post($collection)]
        async fn $create(
            terms: web::Data<TermService>,
            actor: Guard<$create_permission>,
            body: Json<CreateTermRequest>,
        ) -> Result<HttpResponse> {
            let term = terms.$create(&actor, body.0).await?;
            Ok(HttpResponse::Created()
                .insert_header((header::LOCATION, format!("/api/v1{}/{}", $collection, term.id)))
                .insert_header(entity_tag(term.version))
                .json(<$response>::from(&term)))
        }

        /// One, by id or slug.
        #[utoipa::path(tag = $tag, params(("id_or_slug" = String, Path)), responses(
            (status = 200, description = "Found", body = $response),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[get($item)]
        async fn $read(terms: web::Data<TermService>, id_or_slug: Path<String>) -> Result<HttpResponse> {
            let terms = terms.terms().await?;
            let id = find(&terms, &id_or_slug, Terms::$by_id, Terms::$by_slug, $tag)?;
            Ok(HttpResponse::Ok().insert_header(entity_tag(id.version)).json(<$response>::from(id)))
        }

        /// Change one.
        #[utoipa::path(tag = $tag, security(("bearer" = [])),
            params(("id_or_slug" = String, Path), ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)),
            request_body = UpdateTermRequest, responses(
            (status = 200, description = "Changed", body = $response),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[patch($item)]
        async fn $update(
            terms: web::Data<TermService>,
            actor: Guard<ManageTaxonomies>,
            id_or_slug: Path<String>,
            seen: IfMatch,
            body: Json<UpdateTermRequest>,
        ) -> Result<HttpResponse> {
            let snapshot = terms.terms().await?;
            let id = find(&snapshot, &id_or_slug, Terms::$by_id, Terms::$by_slug, $tag)?.id;
            let term = terms.$update(&actor, id, seen, body.0).await?;
            Ok(HttpResponse::Ok().insert_header(entity_tag(term.version)).json(<$response>::from(&term)))
        }

        /// Remove one.
        #[utoipa::path(tag = $tag, security(("bearer" = [])), params(("id_or_slug" = String, Path)), responses(
            (status = 204, description = "Gone"),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[delete($item)]
        async fn $delete(
            terms: web::Data<TermService>,
            actor: Guard<ManageTaxonomies>,
            id_or_slug: Path<String>,
        ) -> Result<HttpResponse> {
            let snapshot = terms.terms().await?;
            let id = find(&snapshot, &id_or_slug, Terms::$by_id, Terms::$by_slug, $tag)?.id;
            terms.$delete(&actor, id).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    };
}

routes!(
    "categories",
    CategoryId,
    CategoryResponse,
    ManageTaxonomies,
    "/categories",
    "/categories/{id_or_slug}",
    list_categories = categories,
    create_category,
    read_category = category / category_by_slug,
    update_category,
    delete_category
);
routes!(
    "tags",
    TagId,
    TagResponse,
    CreateTags,
    "/tags",
    "/tags/{id_or_slug}",
    list_tags = tags,
    create_tag,
    read_tag = tag / tag_by_slug,
    update_tag,
    delete_tag
);

fn find<'a, Id: std::str::FromStr, Term>(
    terms: &'a Terms,
    id_or_slug: &str,
    by_id: impl Fn(&'a Terms, Id) -> Option<&'a Term>,
    by_slug: impl Fn(&'a Terms, &str) -> Option<&'a Term>,
    what: &str,
) -> Result<&'a Term> {
    let found =
        id_or_slug.parse().ok().and_then(|id| by_id(terms, id)).or_else(|| by_slug(terms, id_or_slug));
    found.ok_or_else(|| ApiError::not_found(if what == "tags" { "tag" } else { "category" }))
}
