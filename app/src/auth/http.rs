//! `/api/v1/auth`: login, refresh, logout, me.

use actix_web::{HttpRequest, HttpResponse, get, http::header, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{AuthService, guard::SignedIn, password::Password, service::Session};
use crate::{
    error::{ApiError, Problem, Result},
    http::{ClientAddress, Json},
    users::{UserService, dto::UserResponse},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config.service(login).service(refresh).service(logout).service(me);
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub struct LoginRequest {
    /// The e-mail address, or the user name.
    pub email: String,
    /// The password.
    pub password: Password,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
pub struct RefreshRequest {
    /// As the last login or refresh answered it.
    pub refresh_token: String,
}

/// A session.
#[derive(Serialize, ToSchema)]
pub struct SessionResponse {
    /// For the Authorization header.
    pub access_token: String,
    /// For the next refresh; good once.
    pub refresh_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
}

fn answer(session: Session) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(SessionResponse {
        access_token: session.access_token,
        refresh_token: session.refresh_token,
        token_type: "Bearer",
        expires_in: session.expires_in,
    })
}

/// Sign in.
#[utoipa::path(tag = "auth", request_body = LoginRequest, responses(
    (status = 200, description = "Signed in", body = SessionResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/auth/login")]
async fn login(
    auth: web::Data<AuthService>,
    address: ClientAddress,
    body: Json<LoginRequest>,
) -> Result<HttpResponse> {
    auth.login(&body.email, &body.password, address.0).await.map(answer)
}

/// Trade a refresh token for a new session.
#[utoipa::path(tag = "auth", request_body = RefreshRequest, responses(
    (status = 200, description = "A new session", body = SessionResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/auth/refresh")]
async fn refresh(auth: web::Data<AuthService>, body: Json<RefreshRequest>) -> Result<HttpResponse> {
    auth.refresh(&body.refresh_token).await.map(answer)
}

/// End the session that a refresh token belongs to.
#[utoipa::path(tag = "auth", request_body = RefreshRequest, responses(
    (status = 204, description = "Signed out"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/auth/logout")]
async fn logout(auth: web::Data<AuthService>, body: Json<RefreshRequest>) -> Result<HttpResponse> {
    auth.logout(&body.refresh_token).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The signed-in user.
#[utoipa::path(tag = "auth", security(("bearer" = [])), responses(
    (status = 200, description = "The signed-in user", body = UserResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/auth/me")]
async fn me(users: web::Data<UserService>, actor: SignedIn, _request: HttpRequest) -> Result<HttpResponse> {
    let id = actor.0.user_id().ok_or_else(|| ApiError::not_found("user"))?;
    let user = users.find(id).await?.ok_or_else(|| ApiError::not_found("user"))?;
    Ok(HttpResponse::Ok().json(UserResponse::from(user)))
}
