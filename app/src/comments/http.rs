//! `/api/v1/posts/{id}/comments` and `/api/v1/comments`.

use actix_web::{HttpResponse, delete, get, http::header, patch, post, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    Comment, CommentService, CommentStatus,
    dto::{CommentResponse, CreateCommentRequest, ListCommentsQuery, UpdateCommentRequest},
};
use crate::{
    auth::{Actor, Guard, Permission, Visitor, permission::ModerateComments},
    error::{ApiError, Problem, Result},
    http::{ClientAddress, Cursor, IfMatch, Json, Page, Path, Query, entity_tag},
    ids::{CommentId, PostId},
    render::pipeline::Renderer,
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_post_comments)
        .service(create_comment)
        .service(list_comments)
        .service(read_comment)
        .service(update_comment)
        .service(delete_comment);
}

async fn response(renderer: &Renderer, actor: &Actor, comment: Comment) -> Result<CommentResponse> {
    let html = renderer.comment(&comment).await?.as_str().to_owned();
    Ok(CommentResponse::new(comment, html, actor.may(Permission::ModerateComments)))
}

/// The approved comments of a post, oldest first.
#[utoipa::path(tag = "comments", params(("id" = PostId, Path), ListCommentsQuery), responses(
    (status = 200, description = "A page", body = Page<CommentResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/posts/{id}/comments")]
async fn list_post_comments(
    comments: web::Data<CommentService>,
    renderer: web::Data<Renderer>,
    visitor: Visitor,
    id: Path<PostId>,
    query: Query<ListCommentsQuery>,
) -> Result<HttpResponse> {
    answer_list(&comments, &renderer, &visitor.0, Some(*id), query.0).await
}

/// Comments of all posts, newest first, for moderators.
#[utoipa::path(tag = "comments", security(("bearer" = [])), params(ListCommentsQuery), responses(
    (status = 200, description = "A page", body = Page<CommentResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/comments")]
async fn list_comments(
    comments: web::Data<CommentService>,
    renderer: web::Data<Renderer>,
    actor: Guard<ModerateComments>,
    query: Query<ListCommentsQuery>,
) -> Result<HttpResponse> {
    answer_list(&comments, &renderer, &actor, None, query.0).await
}

async fn answer_list(
    comments: &CommentService,
    renderer: &Renderer,
    actor: &Actor,
    post: Option<PostId>,
    query: ListCommentsQuery,
) -> Result<HttpResponse> {
    let limit = Cursor::limit(query.limit)?;
    let cursor = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let status = query.status.unwrap_or(CommentStatus::Approved);
    let page = comments.list(actor, post, status, cursor, limit).await?;
    let moderator = actor.may(Permission::ModerateComments);
    let mut rendered = renderer.comments(&page.items).await?.into_iter();
    Ok(HttpResponse::Ok().json(page.map(|comment| {
        let html = rendered.next().map(|html| html.as_str().to_owned()).unwrap_or_default();
        CommentResponse::new(comment, html, moderator)
    })))
}

/// Write a comment. Guests give a nickname and an e-mail address, and wait for a moderator.
#[utoipa::path(tag = "comments", params(("id" = PostId, Path)), request_body = CreateCommentRequest, responses(
    (status = 201, description = "Written; `status` says whether it is shown yet", body = CommentResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/posts/{id}/comments")]
async fn create_comment(
    comments: web::Data<CommentService>,
    renderer: web::Data<Renderer>,
    visitor: Visitor,
    address: ClientAddress,
    id: Path<PostId>,
    body: Json<CreateCommentRequest>,
) -> Result<HttpResponse> {
    let comment = comments.create(&visitor.0, *id, body.0.into(), address.0).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, format!("/api/v1/comments/{}", comment.id)))
        .json(response(&renderer, &visitor.0, comment).await?))
}

/// One comment.
#[utoipa::path(tag = "comments", params(("id" = CommentId, Path)), responses(
    (status = 200, description = "Found", body = CommentResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/comments/{id}")]
async fn read_comment(
    comments: web::Data<CommentService>,
    renderer: web::Data<Renderer>,
    visitor: Visitor,
    id: Path<CommentId>,
) -> Result<HttpResponse> {
    let comment = comments.find(&visitor.0, *id).await?.ok_or_else(|| ApiError::not_found("comment"))?;
    let tag = entity_tag(comment.version);
    Ok(HttpResponse::Ok().insert_header(tag).json(response(&renderer, &visitor.0, comment).await?))
}

/// Approve, correct or take away a comment.
#[utoipa::path(tag = "comments", security(("bearer" = [])),
    params(("id" = CommentId, Path), ("If-Match" = Option<String>, Header, description = IfMatch::DESCRIPTION)),
    request_body = UpdateCommentRequest, responses(
    (status = 200, description = "Changed", body = CommentResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[patch("/comments/{id}")]
async fn update_comment(
    comments: web::Data<CommentService>,
    renderer: web::Data<Renderer>,
    actor: Guard<ModerateComments>,
    id: Path<CommentId>,
    seen: IfMatch,
    body: Json<UpdateCommentRequest>,
) -> Result<HttpResponse> {
    let comment = comments.update(&actor, *id, seen, body.0).await?;
    let tag = entity_tag(comment.version);
    Ok(HttpResponse::Ok().insert_header(tag).json(response(&renderer, &actor, comment).await?))
}

/// Remove a comment and its answers for good.
#[utoipa::path(tag = "comments", security(("bearer" = [])), params(("id" = CommentId, Path)), responses(
    (status = 204, description = "Gone"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[delete("/comments/{id}")]
async fn delete_comment(
    comments: web::Data<CommentService>,
    actor: Guard<ModerateComments>,
    id: Path<CommentId>,
) -> Result<HttpResponse> {
    comments.delete(&actor, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
