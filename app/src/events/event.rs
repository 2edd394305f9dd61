//! The facts.

use fleuron_plugin_host::{CallContext, CommentInput, PluginId, PostOutput};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{CommentId, EntryId, EventId, PostId, UserId},
    posts::PostKind,
};

/// Names of facts about entries of content types, for those who ask whether anybody listens before they make one.
pub(crate) const CONTENT_CREATED: &str = "content.created";
pub(crate) const CONTENT_UPDATED: &str = "content.updated";
pub(crate) const CONTENT_DELETED: &str = "content.deleted";
pub(crate) const CONTENT_PUBLISHED: &str = "content.published";
pub(crate) const CONTENT_UNPUBLISHED: &str = "content.unpublished";

/// The queue of the site's own facts; no plugin's id is like it, since those have a dot.
pub(super) const SITE_QUEUE: &str = "site";

/// A fact, with the whole entity as it was committed. Entries of the outbox hold it as JSON, so what is added later must
/// have a default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DomainEvent {
    /// A post or page was created.
    PostCreated {
        /// As it was committed.
        post: PostOutput,
        /// Post or page.
        #[serde(default)]
        kind: Option<PostKind>,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A post or page was changed.
    PostUpdated {
        /// As it was committed.
        post: PostOutput,
        /// Post or page.
        #[serde(default)]
        kind: Option<PostKind>,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A post or page was removed for good.
    PostDeleted {
        /// Which.
        id: PostId,
        /// Post or page.
        #[serde(default)]
        kind: Option<PostKind>,
        /// How it came about; the version is the last that there was.
        #[serde(default)]
        origin: Origin,
    },
    /// A post or page became public, by its creation, by a change, or since its time had come.
    PostPublished {
        /// As it was committed.
        post: PostOutput,
        /// Post or page.
        #[serde(default)]
        kind: Option<PostKind>,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A post or page is no longer public: a draft again, in the trash, or gone.
    PostUnpublished {
        /// Which.
        id: PostId,
        /// Post or page.
        #[serde(default)]
        kind: Option<PostKind>,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A comment was written.
    CommentCreated {
        /// Which.
        id: CommentId,
        /// What it is about.
        post_id: PostId,
        /// As it was committed.
        comment: CommentInput,
        /// Whether it shows, as it was committed.
        #[serde(default)]
        status: String,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A comment was approved, edited or taken away.
    CommentUpdated {
        /// Which.
        id: CommentId,
        /// What it is about.
        post_id: PostId,
        /// As it was committed.
        comment: CommentInput,
        /// Whether it shows, as it was committed.
        status: String,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// A comment was removed for good.
    CommentDeleted {
        /// Which.
        id: CommentId,
        /// What it was about.
        post_id: PostId,
        /// How it came about.
        #[serde(default)]
        origin: Origin,
    },
    /// An entry of a content type was created.
    ContentCreated {
        /// As it was committed.
        entry: ContentOutput,
        /// How it came about.
        origin: Origin,
    },
    /// An entry of a content type was changed.
    ContentUpdated {
        /// As it was committed.
        entry: ContentOutput,
        /// How it came about.
        origin: Origin,
    },
    /// An entry of a content type was removed.
    ContentDeleted {
        /// Of this type.
        content_type: String,
        /// Which.
        id: EntryId,
        /// How it came about; the version is the last that there was.
        origin: Origin,
    },
    /// An entry of a content type became public.
    ContentPublished {
        /// As it was committed.
        entry: ContentOutput,
        /// How it came about.
        origin: Origin,
    },
    /// An entry of a content type is no longer public.
    ContentUnpublished {
        /// Of this type.
        content_type: String,
        /// Which.
        id: EntryId,
        /// How it came about.
        origin: Origin,
    },
    /// Somebody signed in.
    UserLoggedIn {
        /// Who.
        id: UserId,
    },
    /// A plugin emitted an event of its own.
    PluginEmitted {
        /// The id that the plugin was told.
        id: EventId,
        /// The full name, `plugin.<id>.<type>`.
        event_type: String,
        /// JSON.
        data: String,
        /// The plugins whose work led to it, the emitting one last.
        chain: Vec<PluginId>,
    },
}

/// An entry of a content type, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContentOutput {
    /// Of this type.
    pub content_type: String,
    /// Which.
    pub id: EntryId,
    /// All of it, with its private fields.
    pub data: Value,
}

/// How a change came about. Entries written by older servers do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The entity's version as it was committed.
    #[serde(default)]
    pub version: Option<i64>,
    /// Who did it; none for visitors and the site itself.
    #[serde(default)]
    pub user: Option<UserId>,
}

impl DomainEvent {
    /// The stable name; for an event of a plugin its full name.
    pub fn name(&self) -> &str {
        match self {
            Self::PostCreated { .. } => "post.created",
            Self::PostUpdated { .. } => "post.updated",
            Self::PostDeleted { .. } => "post.deleted",
            Self::PostPublished { .. } => "post.published",
            Self::PostUnpublished { .. } => "post.unpublished",
            Self::CommentCreated { .. } => "comment.created",
            Self::CommentUpdated { .. } => "comment.updated",
            Self::CommentDeleted { .. } => "comment.deleted",
            Self::ContentCreated { .. } => CONTENT_CREATED,
            Self::ContentUpdated { .. } => CONTENT_UPDATED,
            Self::ContentDeleted { .. } => CONTENT_DELETED,
            Self::ContentPublished { .. } => CONTENT_PUBLISHED,
            Self::ContentUnpublished { .. } => CONTENT_UNPUBLISHED,
            Self::UserLoggedIn { .. } => "user.logged_in",
            Self::PluginEmitted { event_type, .. } => event_type,
        }
    }

    /// What keeps it in order: events with the same entity are delivered one after the other. A comment belongs to its
    /// post, an event of a plugin to the plugin.
    pub fn entity_id(&self) -> String {
        match self {
            Self::PostCreated { post, .. }
            | Self::PostUpdated { post, .. }
            | Self::PostPublished { post, .. } => post.id.clone(),
            Self::PostDeleted { id, .. } | Self::PostUnpublished { id, .. } => id.to_string(),
            Self::CommentCreated { post_id, .. }
            | Self::CommentUpdated { post_id, .. }
            | Self::CommentDeleted { post_id, .. } => post_id.to_string(),
            Self::ContentCreated { entry, .. }
            | Self::ContentUpdated { entry, .. }
            | Self::ContentPublished { entry, .. } => entry.id.to_string(),
            Self::ContentDeleted { id, .. } | Self::ContentUnpublished { id, .. } => id.to_string(),
            Self::UserLoggedIn { id } => id.to_string(),
            Self::PluginEmitted { chain, .. } => chain.last().map(ToString::to_string).unwrap_or_default(),
        }
    }

    /// Whose events it queues among: the site's, or those of the plugin that emitted it.
    pub(super) fn queue(&self) -> String {
        match self {
            Self::PluginEmitted { .. } => self.entity_id(),
            _ => SITE_QUEUE.to_owned(),
        }
    }

    /// An id for it. A plugin was told that of its event already.
    pub(super) fn new_id(&self) -> EventId {
        match self {
            Self::PluginEmitted { id, .. } => *id,
            _ => EventId::generate(),
        }
    }

    /// The plugins whose work led to it, first cause first.
    pub(super) fn chain(&self) -> &[PluginId] {
        match self {
            Self::PluginEmitted { chain, .. } => chain,
            _ => &[],
        }
    }

    /// What plugins may ask about it, but for the delivery.
    pub fn context(&self) -> CallContext {
        match self {
            Self::PostCreated { post, kind, origin }
            | Self::PostUpdated { post, kind, origin }
            | Self::PostPublished { post, kind, origin } => {
                origin.context(&post.id, kind.map(PostKind::as_str))
            }
            Self::PostDeleted { id, kind, origin } | Self::PostUnpublished { id, kind, origin } => {
                origin.context(id, kind.map(PostKind::as_str))
            }
            Self::CommentCreated { id, post_id, origin, .. }
            | Self::CommentUpdated { id, post_id, origin, .. }
            | Self::CommentDeleted { id, post_id, origin } => {
                CallContext { parent_id: Some(post_id.to_string()), ..origin.context(id, Some("comment")) }
            }
            Self::ContentCreated { entry, origin }
            | Self::ContentUpdated { entry, origin }
            | Self::ContentPublished { entry, origin } => {
                origin.context(&entry.id, Some(entry.content_type.as_str()))
            }
            Self::ContentDeleted { content_type, id, origin }
            | Self::ContentUnpublished { content_type, id, origin } => {
                origin.context(id, Some(content_type.as_str()))
            }
            Self::UserLoggedIn { id } => Origin { version: None, user: Some(*id) }.context(id, Some("user")),
            Self::PluginEmitted { chain, .. } => {
                CallContext { chain: chain.clone(), ..CallContext::default() }
            }
        }
    }
}

impl Origin {
    fn context(self, entity: &impl ToString, kind: Option<&str>) -> CallContext {
        CallContext {
            entity_id: Some(entity.to_string()),
            entity_version: self.version,
            kind: kind.map(str::to_owned),
            acting_user: self.user.map(|id| id.to_string()),
            ..CallContext::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DomainEvent, Origin};
    use crate::{
        ids::{CommentId, EventId, PostId, UserId},
        posts::PostKind,
    };
    use fleuron_plugin_host::{CommentInput, PluginId};

    #[test]
    fn entries_of_older_servers_are_read() {
        let id = PostId::generate();
        let text = format!(r#"{{"type":"post_deleted","id":"{id}"}}"#);
        let event: DomainEvent = serde_json::from_str(&text).unwrap();
        assert_eq!(event, DomainEvent::PostDeleted { id, kind: None, origin: Origin::default() });
        let context = event.context();
        assert_eq!(context.entity_id, Some(id.to_string()));
        assert_eq!((context.kind, context.entity_version, context.acting_user), (None, None, None));
    }

    #[test]
    fn entries_are_read_back() {
        let plugin: PluginId = "com.example.a".parse().unwrap();
        let origin = Origin { version: Some(3), user: Some(UserId::generate()) };
        for event in [
            DomainEvent::PostDeleted { id: PostId::generate(), kind: Some(PostKind::Page), origin },
            DomainEvent::PluginEmitted {
                id: EventId::generate(),
                event_type: "plugin.com.example.a.ping".to_owned(),
                data: "{\"n\":1}".to_owned(),
                chain: vec![plugin],
            },
        ] {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<DomainEvent>(&text).unwrap(), event, "{text}");
        }
    }

    #[test]
    fn a_comment_is_told_as_itself_and_kept_in_order_with_its_post() {
        let (id, post_id, user) = (CommentId::generate(), PostId::generate(), UserId::generate());
        let comment =
            CommentInput { content: "Hello.".to_owned(), nickname: None, email: None, parent_id: None };
        let origin = Origin { version: Some(1), user: Some(user) };
        let status = "approved".to_owned();
        let event = DomainEvent::CommentCreated { id, post_id, comment, status, origin };
        assert_eq!(event.entity_id(), post_id.to_string());
        let context = event.context();
        assert_eq!(context.entity_id, Some(id.to_string()));
        assert_eq!(context.parent_id, Some(post_id.to_string()));
        assert_eq!((context.kind.as_deref(), context.entity_version), (Some("comment"), Some(1)));
        assert_eq!(context.acting_user, Some(user.to_string()));
    }

    #[test]
    fn an_event_of_a_plugin_keeps_its_id_and_its_place_in_the_plugins_order() {
        let chain: Vec<PluginId> =
            ["com.example.a", "com.example.b"].iter().map(|id| id.parse().unwrap()).collect();
        let id = EventId::generate();
        let event = DomainEvent::PluginEmitted {
            id,
            event_type: "plugin.com.example.b.ping".to_owned(),
            data: "null".to_owned(),
            chain: chain.clone(),
        };
        assert_eq!((event.new_id(), event.name()), (id, "plugin.com.example.b.ping"));
        assert_eq!((event.entity_id(), event.queue()), ("com.example.b".to_owned(), event.entity_id()));
        assert_eq!(event.context().chain, chain);
    }
}
