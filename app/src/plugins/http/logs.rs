//! `/api/v1/admin/plugins/{id}/logs`: what a plugin wrote, at once or as it comes.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{self, HeaderMap},
    web,
};
use fleuron_plugin_host::{PluginId, ports::LogLevel};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    plugin_id,
    plugins::{LogLevelName, LogLineResponse},
    whole,
};
use crate::{
    auth::{Guard, Permission, Session, permission::ManagePlugins},
    error::{ApiError, FieldError, Problem, Result},
    http::{Page, Path, Query, event_stream},
    plugins::{
        host_api::{LogLine, PluginLogs},
        service::PluginService,
    },
};

/// Log lines where a client does not say how many.
const DEFAULT_LINES: usize = 100;
/// After this long without a line something is sent all the same, so that nobody in between gives the connection up.
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(15);

/// Registers the routes.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(read_plugin_log);
}

/// Which lines of a log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// How many, counted from the newest; 1 to 500, 100 if left out.
    #[param(minimum = 1)]
    limit: Option<usize>,
    /// Only lines that are at least this urgent.
    level: Option<LogLevelName>,
    /// Only lines after the one with this number. A number that was never given counts as 0.
    #[param(format = "uint64")]
    after: Option<u64>,
}

/// The last lines of a plugin's log, newest last. With `Accept: text/event-stream` they come as server-sent events, and
/// further ones as they are written: each event has the line's number as `id`, which `Last-Event-ID` goes on from, and
/// the line as JSON.
#[utoipa::path(tag = "plugins", security(("bearer" = [])),
    params(("id" = String, Path, description = "Its id"), LogQuery), responses(
    (status = 200, description = "The lines", content(
        (Page<LogLineResponse> = "application/json"), (String = "text/event-stream")
    )),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/plugins/{id}/logs")]
async fn read_plugin_log(
    plugins: web::Data<PluginService>,
    session: Session,
    _actor: Guard<ManagePlugins>,
    id: Path<String>,
    query: Query<LogQuery>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let limit = query.limit.unwrap_or(DEFAULT_LINES);
    let most = plugins.kept_lines();
    if !(1..=most).contains(&limit) {
        let fault = FieldError::new("limit", format!("Must be 1 to {most}."));
        return Err(ApiError::validation(vec![fault]));
    }
    let level = query.level.map_or(LogLevel::Debug, LogLevel::from);
    let id = plugin_id(&id)?;
    let after = last_event(request.headers()).or(query.after);
    let lines = plugins.log(&id, limit, level, after).await?;
    if wants_events(request.headers()) {
        return Ok(follow(session, plugins.logs().clone(), id, level, lines));
    }
    Ok(whole(lines.iter().map(LogLineResponse::from)))
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/event-stream"))
}

fn last_event(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// The lines that are there, then those that come; nothing more once the session has ended.
fn follow(
    session: Session,
    logs: PluginLogs,
    id: PluginId,
    level: LogLevel,
    lines: Vec<LogLine>,
) -> HttpResponse {
    let last = lines.last().map_or_else(|| logs.written(&id), |line| line.number);
    let first = (!lines.is_empty()).then(|| events(&lines));
    event_stream((session, logs, id, last, first), move |(session, logs, id, last, first)| async move {
        let (text, last) = match first {
            Some(text) => (text, last),
            None => match tokio::time::timeout(KEEP_ALIVE, logs.after(&id, last, level)).await {
                Ok(None) => return None,
                Ok(Some((lines, last))) => (events(&lines), last),
                Err(_elapsed) => (":\n\n".to_owned(), last),
            },
        };
        let actor = session.actor().await?;
        actor.may(Permission::ManagePlugins).then_some((text, (session, logs, id, last, None)))
    })
}

fn events(lines: &[LogLine]) -> String {
    let event = |line: &LogLine| {
        let data = serde_json::to_string(&LogLineResponse::from(line)).unwrap_or_default();
        format!("id: {}\ndata: {data}\n\n", line.number)
    };
    lines.iter().map(event).collect()
}
