//! A fact as it is shown outside: to webhooks, on the live stream and in the API.

use serde::Serialize;
use serde_json::{Value, json};

use super::{DomainEvent, Origin};
use crate::{clock::Timestamp, ids::EventId, posts::PostKind};

/// An event with everything that a receiver needs.
#[derive(Clone, Debug, PartialEq)]
pub struct EventEnvelope {
    /// The same at every delivery.
    pub id: EventId,
    /// The stable name, such as `post.created`; for an event of a plugin its full name.
    pub event_type: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// What happened.
    pub data: Value,
}

/// What is sent, in the form of the Standard Webhooks specification.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<EventId>,
    #[serde(rename = "type")]
    event_type: &'a str,
    timestamp: Timestamp,
    data: &'a Value,
}

impl EventEnvelope {
    /// A fact of this id and time.
    pub fn new(id: EventId, at: Timestamp, event: &DomainEvent) -> Self {
        Self { id, event_type: event.name().to_owned(), at, data: data(event) }
    }

    /// JSON with `type`, `timestamp` and `data`.
    pub fn body(&self) -> String {
        self.written(None)
    }

    /// The same with its `id`.
    pub fn with_id(&self) -> String {
        self.written(Some(self.id))
    }

    fn written(&self, id: Option<EventId>) -> String {
        let Self { event_type, at, data, .. } = self;
        let body = Body { id, event_type, timestamp: *at, data };
        // Values and texts can always be written.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

/// What happened, whole: an event of a plugin is what the plugin emitted.
fn data(event: &DomainEvent) -> Value {
    match event {
        DomainEvent::PostCreated { post, kind, origin }
        | DomainEvent::PostUpdated { post, kind, origin }
        | DomainEvent::PostPublished { post, kind, origin } => {
            about(&post.id, *kind, origin, json!({ "post": post }))
        }
        DomainEvent::PostDeleted { id, kind, origin } | DomainEvent::PostUnpublished { id, kind, origin } => {
            about(id, *kind, origin, json!({}))
        }
        DomainEvent::CommentCreated { id, post_id, comment, status, origin }
        | DomainEvent::CommentUpdated { id, post_id, comment, status, origin } => {
            let more = json!({ "post_id": post_id, "comment": comment, "status": status });
            about(id, None, origin, more)
        }
        DomainEvent::CommentDeleted { id, post_id, origin } => {
            about(id, None, origin, json!({ "post_id": post_id }))
        }
        DomainEvent::ContentCreated { entry, origin }
        | DomainEvent::ContentUpdated { entry, origin }
        | DomainEvent::ContentPublished { entry, origin } => {
            let more = json!({ "content_type": entry.content_type, "entry": entry.data });
            about(&entry.id, None, origin, more)
        }
        DomainEvent::ContentDeleted { content_type, id, origin }
        | DomainEvent::ContentUnpublished { content_type, id, origin } => {
            about(id, None, origin, json!({ "content_type": content_type }))
        }
        DomainEvent::UserLoggedIn { id } => json!({ "id": id }),
        DomainEvent::PluginEmitted { data, .. } => {
            serde_json::from_str(data).unwrap_or_else(|_error| Value::String(data.clone()))
        }
    }
}

fn about(id: &impl ToString, kind: Option<PostKind>, origin: &Origin, more: Value) -> Value {
    let mut data = json!({ "id": id.to_string(), "version": origin.version, "user_id": origin.user });
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        if let Some(kind) = kind {
            data.insert("kind".to_owned(), kind.as_str().into());
        }
        data.extend(more);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PostId, UserId};

    #[test]
    fn a_body_names_type_time_and_data() {
        let (id, user) = (PostId::generate(), UserId::generate());
        let origin = Origin { version: Some(3), user: Some(user) };
        let event = DomainEvent::PostDeleted { id, kind: Some(PostKind::Page), origin };
        let envelope = EventEnvelope::new(EventId::generate(), Timestamp::from_millis(0), &event);
        let body: Value = serde_json::from_str(&envelope.body()).unwrap();
        assert_eq!(
            body,
            json!({
                "type": "post.deleted",
                "timestamp": "1970-01-01T00:00:00.000Z",
                "data": { "id": id, "kind": "page", "version": 3, "user_id": user }
            })
        );
    }

    #[test]
    fn an_event_of_a_plugin_is_what_it_emitted() {
        let emitted = |data: &str| DomainEvent::PluginEmitted {
            id: EventId::generate(),
            event_type: "plugin.com.example.a.ping".to_owned(),
            data: data.to_owned(),
            chain: Vec::new(),
        };
        assert_eq!(data(&emitted(r#"{"n":1}"#)), json!({ "n": 1 }));
    }
}
