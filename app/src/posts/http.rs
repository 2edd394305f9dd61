//! `/api/v1/posts` and `/api/v1/pages`: the same routes over the two kinds.

mod present;

use actix_web::{HttpRequest, HttpResponse, delete, get, http::header, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

pub use present::Presenter;

use super::{
    Post, PostFilter, PostKind, PostService,
    dto::{
        CreatePostRequest, DeletePostQuery, ListPostsQuery, PostResponse, ReadPostQuery, UpdatePostRequest,
    },
};
use crate::{
    auth::{Actor, Guard, Visitor, permission::WritePosts},
    error::{ApiError, FieldError, Problem, Result},
    http::{Cursor, IfMatch, Json, Page, Path, Query, versioned_json},
    ids::PostId,
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_posts)
        .service(create_post)
        .service(read_post)
        .service(update_post)
        .service(delete_post);
    config
        .service(list_pages)
        .service(create_page)
        .service(read_page)
        .service(update_page)
        .service(delete_page);
}

macro_rules! routes {
    ($kind:expr, $tag:literal, $collection:literal, $item:literal,
     $list:ident, $create:ident, $read:ident, $update:ident, $delete:ident) => {
        /// A page of the list, newest first.
        #[utoipa::path(tag = $tag, params(ListPostsQuery), responses(
            (status = 200, description = "A page", body = Page<PostResponse>),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[get($collection)]
        async fn $list(
            posts: web::Data<PostService>,
            presenter: web::Data<Presenter>,
            visitor: Visitor,
            query: Query<ListPostsQuery>,
        ) -> Result<HttpResponse> {
            list(&posts, &presenter, &visitor.0, $kind, query.0).await
        }

        /// Create one.
        #[utoipa::path(tag = $tag, security(("bearer" = [])), request_body = CreatePostRequest, responses(
            (status = 201, description = "Created; Location and ETag are set", body = PostResponse),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[post($collection)]
        async fn $create(
            posts: web::Data<PostService>,
            presenter: web::Data<Presenter>,
            actor: Guard<WritePosts>,
            body: Json<CreatePostRequest>,
        ) -> Result<HttpResponse> {
            let post = posts.create(&actor, body.0.into_new($kind)).await?;
            let location = format!("/api/v1{}/{}", $collection, post.id);
            let mut response = HttpResponse::Created();
            response.insert_header((header::LOCATION, location));
            let version = post.version;
            versioned_json(None, response, version, &presenter.one(post, false).await?)
        }

        /// One, by id or slug.
        #[utoipa::path(tag = $tag, params(("id_or_slug" = String, Path), ReadPostQuery), responses(
            (status = 200, description = "Found", body = PostResponse),
            (status = 304, description = "Not modified"),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[get($item)]
        async fn $read(
            request: HttpRequest,
            posts: web::Data<PostService>,
            presenter: web::Data<Presenter>,
            visitor: Visitor,
            id_or_slug: Path<String>,
            query: Query<ReadPostQuery>,
        ) -> Result<HttpResponse> {
            let post = find(&posts, &visitor.0, $kind, &id_or_slug).await?;
            let html = wants_html(query.include.as_deref())?;
            let version = post.version;
            versioned_json(Some(&request), HttpResponse::Ok(), version, &presenter.one(post, html).await?)
        }

        /// Change one. With If-Match a change that was made for another version is refused.
        #[utoipa::path(tag = $tag, security(("bearer" = [])),
            params(("id_or_slug" = String, Path), ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)),
            request_body = UpdatePostRequest, responses(
            (status = 200, description = "Changed", body = PostResponse),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[patch($item)]
        async fn $update(
            posts: web::Data<PostService>,
            presenter: web::Data<Presenter>,
            actor: Guard<WritePosts>,
            id_or_slug: Path<String>,
            seen: IfMatch,
            body: Json<UpdatePostRequest>,
        ) -> Result<HttpResponse> {
            let id = find(&posts, &actor, $kind, &id_or_slug).await?.id;
            let post = posts.update(&actor, id, seen, body.0.into()).await?;
            let version = post.version;
            versioned_json(None, HttpResponse::Ok(), version, &presenter.one(post, false).await?)
        }

        /// Move one to the trash; from there, or with `permanent`, remove it for good.
        #[utoipa::path(tag = $tag, security(("bearer" = [])),
            params(("id_or_slug" = String, Path), DeletePostQuery,
                ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)), responses(
            (status = 204, description = "Gone"),
            (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
        ))]
        #[delete($item)]
        async fn $delete(
            posts: web::Data<PostService>,
            actor: Guard<WritePosts>,
            id_or_slug: Path<String>,
            seen: IfMatch,
            query: Query<DeletePostQuery>,
        ) -> Result<HttpResponse> {
            let id = find(&posts, &actor, $kind, &id_or_slug).await?.id;
            posts.delete(&actor, id, seen, query.permanent).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    };
}

routes!(
    PostKind::Post,
    "posts",
    "/posts",
    "/posts/{id_or_slug}",
    list_posts,
    create_post,
    read_post,
    update_post,
    delete_post
);
routes!(
    PostKind::Page,
    "pages",
    "/pages",
    "/pages/{id_or_slug}",
    list_pages,
    create_page,
    read_page,
    update_page,
    delete_page
);

async fn list(
    posts: &PostService,
    presenter: &Presenter,
    actor: &Actor,
    kind: PostKind,
    query: ListPostsQuery,
) -> Result<HttpResponse> {
    let html = wants_html(query.include.as_deref())?;
    let limit = Cursor::limit(query.limit)?;
    let cursor = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let Some(filter) = presenter.filter(kind, &query).await? else {
        return Ok(HttpResponse::Ok().json(Page::<PostResponse> { items: Vec::new(), next_cursor: None }));
    };
    let filter = PostFilter { status: query.status, ..filter };
    let page = posts.list(actor, filter, cursor, limit).await?;
    let items = presenter.many(page.items, html).await?;
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: page.next_cursor }))
}

async fn find(posts: &PostService, actor: &Actor, kind: PostKind, id_or_slug: &str) -> Result<Post> {
    let of_kind = |post: &Post| post.kind == kind;
    if let Ok(id) = id_or_slug.parse::<PostId>()
        && let Some(post) = posts.find(actor, id).await?.filter(of_kind)
    {
        return Ok(post);
    }
    // A slug may read like an id.
    let found = posts.find_by_slug(actor, id_or_slug).await?.filter(of_kind);
    found.ok_or_else(|| ApiError::not_found(kind.as_str()))
}

fn wants_html(include: Option<&str>) -> Result<bool> {
    match include {
        None => Ok(false),
        Some("html") => Ok(true),
        Some(_) => {
            Err(ApiError::validation(vec![FieldError::new("include", "Only `html` can be included.")]))
        }
    }
}
