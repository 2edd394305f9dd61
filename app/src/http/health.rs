//! What operators and their tools ask.

use std::time::Duration;

use actix_web::{HttpResponse, http::header, web};
use sea_orm::{ConnectionTrait, Statement};

use crate::{database::Database, telemetry::Metrics};

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process runs.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).body("ok\n")
}

/// The process can serve: its database answers.
pub(super) async fn ready(database: web::Data<Database>) -> HttpResponse {
    let question = Statement::from_string(database.backend(), "SELECT 1");
    let answer = tokio::time::timeout(PATIENCE, database.reader().query_one_raw(question)).await;
    let (mut response, body) = match answer {
        Ok(Ok(Some(_))) => (HttpResponse::Ok(), "ready\n"),
        _ => (HttpResponse::ServiceUnavailable(), "the database does not answer\n"),
    };
    response.insert_header((header::CACHE_CONTROL, "no-store")).body(body)
}

/// Prometheus' text format.
pub(super) async fn metrics(metrics: web::Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(metrics.encode())
}
