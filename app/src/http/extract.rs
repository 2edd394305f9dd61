//! How requests are read: what can't be read gets a problem document that says why.

use actix_web::{
    Error, HttpRequest,
    error::{InternalError, JsonPayloadError, PathError, PayloadError, QueryPayloadError, UrlencodedError},
    web::{FormConfig, JsonConfig, PathConfig, PayloadConfig, QueryConfig, ServiceConfig},
};
use serde::{Deserialize, Deserializer};

use super::routes;
use crate::error::{ApiError, ErrorCode};

/// Registers the limits and the error answers of the extractors.
pub fn configs(body_limit: usize) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(PayloadConfig::new(body_limit))
            .app_data(JsonConfig::default().limit(body_limit).error_handler(|error, _| json(&error).into()))
            .app_data(FormConfig::default().limit(body_limit).error_handler(|error, _| form(&error).into()))
            .app_data(QueryConfig::default().error_handler(|error, _| query(&error).into()))
            .app_data(PathConfig::default().error_handler(path));
    }
}

fn json(error: &JsonPayloadError) -> ApiError {
    match error {
        JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
            too_large(*limit)
        }
        JsonPayloadError::Payload(PayloadError::Overflow) => too_large(0),
        JsonPayloadError::ContentType => ApiError::new(
            ErrorCode::UnsupportedMediaType,
            "Send JSON, with `Content-Type: application/json`.",
        ),
        other => ApiError::new(ErrorCode::MalformedRequest, format!("The body cannot be read: {other}")),
    }
}

fn form(error: &UrlencodedError) -> ApiError {
    match error {
        UrlencodedError::Overflow { limit, .. } => too_large(*limit),
        other => ApiError::new(ErrorCode::MalformedRequest, format!("The form cannot be read: {other}")),
    }
}

fn query(error: &QueryPayloadError) -> ApiError {
    ApiError::new(ErrorCode::MalformedRequest, format!("The query string cannot be read: {error}"))
}

/// What is no identifier may be the name of a path that is known, but not with this method.
fn path(error: PathError, request: &HttpRequest) -> Error {
    if let Some(refusal) = routes::refused_method(request) {
        return InternalError::from_response(error, refusal).into();
    }
    ApiError::new(ErrorCode::NotFound, "There is nothing at this path: an identifier in it is malformed.")
        .caused_by(error.to_string())
        .into()
}

fn too_large(limit: usize) -> ApiError {
    let detail = match limit {
        0 => "The body is too large.".to_owned(),
        limit => format!("The body is too large; the limit is {limit} bytes."),
    };
    ApiError::new(ErrorCode::TooLarge, detail)
}

/// Tells a field that is left out (`None`) from one that is null (`Some(None)`). Use with `#[serde(default)]`.
pub fn double_option<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
