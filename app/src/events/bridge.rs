//! Who hears of what: the one match from facts to action hooks. It has no wildcard arm, so that a new fact cannot be
//! forgotten.

use std::sync::Arc;

use fleuron_plugin_host::{
    CallContext, CallError, CommentInput, ContentDeleted, ContentEvent, HookPoint, PluginEvent, PluginHost,
    PluginId, PostOutput, hook,
};

use super::{
    ContentOutput, DomainEvent,
    event::{CONTENT_CREATED, CONTENT_DELETED, CONTENT_UPDATED},
};

/// The plugins that are to hear of it, in the order in which they are told.
pub(super) fn audience(hooks: &PluginHost, event: &DomainEvent) -> Vec<PluginId> {
    let Some(point) = point(event) else { return Vec::new() };
    hooks.audience(point, topic(event), event.chain())
}

/// What manifests may choose among the events of one hook.
fn topic(event: &DomainEvent) -> Option<&str> {
    match event {
        DomainEvent::PluginEmitted { event_type, .. } => Some(event_type),
        DomainEvent::ContentCreated { entry, .. } | DomainEvent::ContentUpdated { entry, .. } => {
            Some(&entry.content_type)
        }
        DomainEvent::ContentDeleted { content_type, .. } => Some(content_type),
        _ => None,
    }
}

/// Whether a plugin is to hear of such a fact about an entry of a content type.
pub(super) fn hears_of_content(hooks: &PluginHost, name: &str, content_type: &str) -> bool {
    let point = match name {
        CONTENT_CREATED => HookPoint::OnContentCreated,
        CONTENT_UPDATED => HookPoint::OnContentUpdated,
        CONTENT_DELETED => HookPoint::OnContentDeleted,
        _ => return false,
    };
    hooks.listens(point) && !hooks.audience(point, Some(content_type), &[]).is_empty()
}

/// The hook that a fact fires; none for what the contract has no hook for, which webhooks and the live stream alone hear.
fn point(event: &DomainEvent) -> Option<HookPoint> {
    match event {
        DomainEvent::PostCreated { .. } => Some(HookPoint::OnPostCreated),
        DomainEvent::PostUpdated { .. } => Some(HookPoint::OnPostUpdated),
        DomainEvent::PostDeleted { .. } => Some(HookPoint::OnPostDeleted),
        DomainEvent::CommentCreated { .. } => Some(HookPoint::OnCommentCreated),
        DomainEvent::ContentCreated { .. } => Some(HookPoint::OnContentCreated),
        DomainEvent::ContentUpdated { .. } => Some(HookPoint::OnContentUpdated),
        DomainEvent::ContentDeleted { .. } => Some(HookPoint::OnContentDeleted),
        DomainEvent::UserLoggedIn { .. } => Some(HookPoint::OnLogin),
        DomainEvent::PluginEmitted { .. } => Some(HookPoint::OnEvent),
        DomainEvent::PostPublished { .. }
        | DomainEvent::PostUnpublished { .. }
        | DomainEvent::CommentUpdated { .. }
        | DomainEvent::CommentDeleted { .. }
        | DomainEvent::ContentPublished { .. }
        | DomainEvent::ContentUnpublished { .. } => None,
    }
}

/// A fact as its hook hands it over, to be shared by all who are told.
pub(super) enum Message {
    PostCreated(Arc<PostOutput>),
    PostUpdated(Arc<PostOutput>),
    PostDeleted(Arc<String>),
    CommentCreated(Arc<CommentInput>),
    ContentCreated(Arc<ContentEvent>),
    ContentUpdated(Arc<ContentEvent>),
    ContentDeleted(Arc<ContentDeleted>),
    Login(Arc<String>),
    Event(Arc<PluginEvent>),
    /// No hook is about it.
    Unheard,
}

impl Message {
    /// What plugins are handed about a fact.
    pub(super) fn new(event: DomainEvent) -> Self {
        match event {
            DomainEvent::PostCreated { post, .. } => Self::PostCreated(Arc::new(post)),
            DomainEvent::PostUpdated { post, .. } => Self::PostUpdated(Arc::new(post)),
            DomainEvent::PostDeleted { id, .. } => Self::PostDeleted(Arc::new(id.to_string())),
            DomainEvent::CommentCreated { comment, .. } => Self::CommentCreated(Arc::new(comment)),
            DomainEvent::ContentCreated { entry, .. } => Self::ContentCreated(whole(entry)),
            DomainEvent::ContentUpdated { entry, .. } => Self::ContentUpdated(whole(entry)),
            DomainEvent::ContentDeleted { content_type, id, .. } => {
                Self::ContentDeleted(Arc::new(ContentDeleted { content_type, id: id.to_string() }))
            }
            DomainEvent::UserLoggedIn { id } => Self::Login(Arc::new(id.to_string())),
            DomainEvent::PluginEmitted { id, event_type, data, .. } => {
                Self::Event(Arc::new(PluginEvent { id: id.to_string(), event_type, data }))
            }
            DomainEvent::PostPublished { .. }
            | DomainEvent::PostUnpublished { .. }
            | DomainEvent::CommentUpdated { .. }
            | DomainEvent::CommentDeleted { .. }
            | DomainEvent::ContentPublished { .. }
            | DomainEvent::ContentUnpublished { .. } => Self::Unheard,
        }
    }

    /// Tells one plugin.
    pub(super) async fn tell(
        &self,
        hooks: &PluginHost,
        plugin: &PluginId,
        context: &Arc<CallContext>,
    ) -> Result<(), CallError> {
        match self {
            Self::PostCreated(post) => hooks.notify_one::<hook::OnPostCreated>(plugin, post, context).await,
            Self::PostUpdated(post) => hooks.notify_one::<hook::OnPostUpdated>(plugin, post, context).await,
            Self::PostDeleted(id) => hooks.notify_one::<hook::OnPostDeleted>(plugin, id, context).await,
            Self::CommentCreated(comment) => {
                hooks.notify_one::<hook::OnCommentCreated>(plugin, comment, context).await
            }
            Self::ContentCreated(entry) => {
                hooks.notify_one::<hook::OnContentCreated>(plugin, entry, context).await
            }
            Self::ContentUpdated(entry) => {
                hooks.notify_one::<hook::OnContentUpdated>(plugin, entry, context).await
            }
            Self::ContentDeleted(entry) => {
                hooks.notify_one::<hook::OnContentDeleted>(plugin, entry, context).await
            }
            Self::Login(id) => hooks.notify_one::<hook::OnLogin>(plugin, id, context).await,
            Self::Event(event) => hooks.notify_one::<hook::OnEvent>(plugin, event, context).await,
            Self::Unheard => Err(CallError::NotListening),
        }
    }
}

fn whole(entry: ContentOutput) -> Arc<ContentEvent> {
    let ContentOutput { content_type, id, data } = entry;
    Arc::new(ContentEvent { content_type, data: data.to_string(), id: Some(id.to_string()) })
}
