//! The page behind the one-time link of a new site: it makes the first administrator.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use minijinja::{Environment, context};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{
    Site,
    answer::{HTML, answer, no_such_page},
    state::data,
};
use crate::{
    auth::password::Password,
    error::{ApiError, ErrorCode, FieldError, Result},
    setup::SetupService,
};

const TEMPLATE: &str = include_str!("../../assets/admin/setup.html");

/// The form as browsers send it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Submission {
    token: String,
    site_title: String,
    email: String,
    username: String,
    password: String,
}

/// `GET /setup?token=...`
pub(super) async fn show(request: HttpRequest) -> HttpResponse {
    answer(&request, async {
        let query = form_urlencoded::parse(request.query_string().as_bytes());
        let token = query.filter(|(key, _)| key == "token").map(|(_, value)| value.into_owned()).next();
        let token = token.ok_or_else(no_such_page)?;
        if !data::<SetupService>(&request)?.accepts(&token).await? {
            return Err(no_such_page());
        }
        page(&request, &Submission { token, ..Submission::default() }, &[], false).await
    })
    .await
}

/// `POST /setup`
pub(super) async fn complete(
    request: HttpRequest,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> HttpResponse {
    answer(&request, Box::pin(create(&request, form))).await
}

async fn create(
    request: &HttpRequest,
    form: Result<web::Form<Submission>, actix_web::Error>,
) -> Result<HttpResponse> {
    let form = form.map_err(|error| {
        ApiError::new(ErrorCode::MalformedRequest, "The form cannot be read.").caused_by(error.to_string())
    })?;
    let form = form.into_inner();
    let password = Password::new(form.password.as_str());
    let setup = data::<SetupService>(request)?;
    let outcome = setup.complete(&form.token, &form.site_title, &form.email, &form.username, password).await;
    let Err(error) = outcome else { return page(request, &form, &[], true).await };
    let fault = |field: &str| vec![FieldError::new(field, error.detail())];
    let faults = match error.code() {
        ErrorCode::ValidationFailed => error.fields().to_vec(),
        ErrorCode::EmailTaken => fault("email"),
        ErrorCode::UsernameTaken => fault("username"),
        ErrorCode::Forbidden | ErrorCode::AlreadySetUp => return Err(no_such_page()),
        _ => return Err(error),
    };
    page(request, &form, &faults, false).await
}

async fn page(
    request: &HttpRequest,
    form: &Submission,
    errors: &[FieldError],
    done: bool,
) -> Result<HttpResponse> {
    let site = Site::of(request)?.settings.site().await?;
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let errors: Vec<_> = errors
        .iter()
        .map(|error| context! { field => error.field.as_str(), message => error.message.as_str() })
        .collect();
    let values = context! {
        site_title => form.site_title.as_str(),
        email => form.email.as_str(),
        username => form.username.as_str(),
    };
    let site = context! { title => site.title.as_str() };
    let context = context! { done, errors, values, token => form.token.as_str(), site };
    let body =
        Environment::new().render_named_str("setup.html", TEMPLATE, context).map_err(ApiError::internal)?;
    Ok(HttpResponse::build(status)
        .content_type(HTML)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(&body)))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .body(body))
}

/// Nothing but the style that stands in the page itself.
fn policy(body: &str) -> String {
    let style = body.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let hash = STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::policy;

    #[test]
    fn the_policy_allows_the_one_style() {
        let allowed = policy("<style>body{}</style><style>evil</style>");
        assert!(allowed.contains("style-src 'sha256-"), "{allowed}");
        assert_eq!(allowed, policy("<p><style>body{}</style>"));
        assert_ne!(allowed, policy("<style>other{}</style>"));
    }
}
