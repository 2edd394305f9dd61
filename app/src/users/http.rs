//! `/api/v1/admin/users`: accounts, for administrators.

use actix_web::{HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    NewUser, UserService,
    dto::{CreateUserRequest, UpdateUserRequest, UserResponse},
};
use crate::{
    auth::{Guard, permission::ManageUsers},
    error::{ApiError, Problem, Result},
    http::{Cursor, Json, Page, Path, Query},
    ids::UserId,
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(list_users).service(create_user).service(read_user).service(update_user);
}

/// Which users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// From the last page's `next_cursor`.
    cursor: Option<String>,
    /// How many; 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// All users, oldest first.
#[utoipa::path(tag = "users", security(("bearer" = [])), params(ListQuery), responses(
    (status = 200, description = "A page of users", body = Page<UserResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/users")]
async fn list_users(
    users: web::Data<UserService>,
    actor: Guard<ManageUsers>,
    query: Query<ListQuery>,
) -> Result<HttpResponse> {
    let limit = Cursor::limit(query.limit)?;
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?.map(|cursor| UserId(cursor.id));
    let items = users.list(&actor, after, limit + 1).await?;
    let page = Page::cut(items, limit, |user| Cursor { key: 0, id: user.id.0 });
    Ok(HttpResponse::Ok().json(page.map(UserResponse::from)))
}

/// Create a user.
#[utoipa::path(tag = "users", security(("bearer" = [])), request_body = CreateUserRequest, responses(
    (status = 201, description = "Created", body = UserResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/users")]
async fn create_user(
    users: web::Data<UserService>,
    actor: Guard<ManageUsers>,
    body: Json<CreateUserRequest>,
) -> Result<HttpResponse> {
    let body = body.0;
    let new = NewUser::parse(&body.email, &body.username, &body.display_name, body.role, body.password)
        .map_err(ApiError::validation)?;
    let user = users.create(&actor, new).await?;
    Ok(HttpResponse::Created().json(UserResponse::from(user)))
}

/// One user.
#[utoipa::path(tag = "users", security(("bearer" = [])), params(("id" = UserId, Path)), responses(
    (status = 200, description = "The user", body = UserResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/users/{id}")]
async fn read_user(
    users: web::Data<UserService>,
    _actor: Guard<ManageUsers>,
    id: Path<UserId>,
) -> Result<HttpResponse> {
    let user = users.find(*id).await?.ok_or_else(|| ApiError::not_found("user"))?;
    Ok(HttpResponse::Ok().json(UserResponse::from(user)))
}

/// Change a user. A new password, role or status ends all their sessions.
#[utoipa::path(tag = "users", security(("bearer" = [])), params(("id" = UserId, Path)),
    request_body = UpdateUserRequest, responses(
    (status = 200, description = "The user", body = UserResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[patch("/admin/users/{id}")]
async fn update_user(
    users: web::Data<UserService>,
    actor: Guard<ManageUsers>,
    id: Path<UserId>,
    body: Json<UpdateUserRequest>,
) -> Result<HttpResponse> {
    let user = users.update(&actor, *id, body.0).await?;
    Ok(HttpResponse::Ok().json(UserResponse::from(user)))
}
