//! `/api/v1/admin/events/stream`: events as they happen, as server-sent events.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, get, http::header::HeaderMap, web};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    LiveFeed,
    live::{Follower, LiveEvent, Next, Place},
};
use crate::{
    auth::{Actor, Guard, Session, permission::WritePosts},
    error::{Problem, Result},
    http::event_stream,
};

/// After this long without an event something is sent all the same, so that nobody in between gives the connection up.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Registers the route.
pub(super) fn configure(config: &mut ServiceConfig<'_>) {
    config.service(follow_events);
}

/// Events as they are committed by this server, as server-sent events: `event` is the type, `data` is JSON with `id`,
/// `type`, `timestamp` and `data` as webhooks are told. One sees what one could read in the API: what is public, what one
/// did oneself, and the rest by permission. After a break, `Last-Event-ID` goes on where it was; where events were missed,
/// an event `reset` says so: read anew what you show, and go on. What command-line tools and other servers on the same
/// database do is not shown.
#[utoipa::path(tag = "events", security(("bearer" = [])), responses(
    (status = 200, description = "The stream", body = String, content_type = "text/event-stream"),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/events/stream")]
async fn follow_events(
    live: web::Data<LiveFeed>,
    session: Session,
    actor: Guard<WritePosts>,
    request: HttpRequest,
) -> Result<HttpResponse> {
    let follower = live.follow();
    let start = match last_event(request.headers()) {
        None => Some(follower.now()),
        // What this server cannot read is of another one: whoever comes from there has missed something.
        Some(text) => text.parse().ok(),
    };
    let stream = Stream { follower, session, actor: Arc::new(actor.clone()), place: start };
    Ok(event_stream(stream, |mut stream| async move {
        let text = stream.next().await?;
        Some((text, stream))
    }))
}

fn last_event(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id")?.to_str().ok().filter(|text| !text.is_empty())
}

struct Stream {
    follower: Follower,
    session: Session,
    actor: Arc<Actor>,
    /// Where the follower is; none where that is not known.
    place: Option<Place>,
}

impl Stream {
    /// What is sent next; none where the stream is over.
    async fn next(&mut self) -> Option<String> {
        let Some(place) = self.place else {
            return Some(self.reset(self.follower.now()));
        };
        let next = tokio::time::timeout(KEEP_ALIVE, self.follower.after(place)).await;
        // Whose session has ended, or who may no longer see it, sees nothing more.
        self.actor = Arc::new(self.session.actor().await?);
        match next {
            Err(_elapsed) => Some(":\n\n".to_owned()),
            Ok(Next::Events(events, end)) => {
                self.place = Some(end);
                let seen = events.iter().filter(|event| event.audience.includes(&self.actor));
                let text: String = seen.map(|event| written(event, end)).collect();
                // The place moves on also where nothing of it may be seen.
                Some(if text.is_empty() { format!("id: {end}\n\n") } else { text })
            }
            Ok(Next::Reset(end)) => Some(self.reset(end)),
            Ok(Next::End) => None,
        }
    }

    fn reset(&mut self, place: Place) -> String {
        self.place = Some(place);
        format!("id: {place}\nevent: reset\ndata: {{}}\n\n")
    }
}

fn written(event: &LiveEvent, place: Place) -> String {
    format!("id: {}\nevent: {}\ndata: {}\n\n", place.at(event.number), event.event_type, event.text)
}
