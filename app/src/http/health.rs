//! What operators and their tools ask.

use std::time::Duration;

use actix_web::{HttpResponse, http::header, web};
use serde::Deserialize;

use crate::{
    database::Database,
    events::{Backlog, EventsConfig},
    telemetry::Metrics,
};

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process runs.
pub(super) async fn alive() -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).body("ok\n")
}

/// How strict whoever asks is.
#[derive(Deserialize)]
pub(super) struct Readiness {
    /// Whether a server that serves and does not do all its work counts as not ready.
    #[serde(default)]
    strict: bool,
}

/// The process can serve: its database answers. Where events get stuck it serves all the same and says so; whoever
/// watches over it rather than sending it readers asks with `?strict=true` and gets 503.
pub(super) async fn ready(
    database: web::Data<Database>,
    config: web::Data<EventsConfig>,
    asked: web::Query<Readiness>,
) -> HttpResponse {
    let (mut response, body) = match tokio::time::timeout(PATIENCE, Backlog::of(&database)).await {
        Ok(Ok(backlog)) if backlog.lag() > config.stuck_after => {
            let response = if asked.strict { HttpResponse::ServiceUnavailable() } else { HttpResponse::Ok() };
            let (waiting, age) = (backlog.waiting, backlog.lag().as_secs());
            (response, format!("degraded: {waiting} events wait to be delivered, the oldest for {age} s\n"))
        }
        Ok(Ok(_)) => (HttpResponse::Ok(), "ready\n".to_owned()),
        _ => (HttpResponse::ServiceUnavailable(), "the database does not answer\n".to_owned()),
    };
    response.insert_header((header::CACHE_CONTROL, "no-store")).body(body)
}

/// Prometheus' text format.
pub(super) async fn metrics(metrics: web::Data<Metrics>, database: web::Data<Database>) -> HttpResponse {
    // Without an answer the last one stands, and the rest is told all the same.
    if let Ok(Ok(backlog)) = tokio::time::timeout(PATIENCE, Backlog::of(&database)).await {
        metrics.show(&backlog);
    }
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(metrics.encode())
}
