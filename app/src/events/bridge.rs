//! Who hears of what: the one match from facts to action hooks. It has no wildcard arm, so that a new fact cannot be
//! forgotten.

use fleuron_plugin_host::{CallContext, Delivery, HookPoint, PluginEvent, PluginHost, hook};

use super::DomainEvent;

/// Whether anybody wants to hear of it.
pub(super) fn is_wanted(hooks: &PluginHost, event: &DomainEvent) -> bool {
    match event {
        DomainEvent::PostCreated { .. } => hooks.listens(HookPoint::OnPostCreated),
        DomainEvent::PostUpdated { .. } => hooks.listens(HookPoint::OnPostUpdated),
        DomainEvent::PostDeleted { .. } => hooks.listens(HookPoint::OnPostDeleted),
        DomainEvent::CommentCreated { .. } => hooks.listens(HookPoint::OnCommentCreated),
        DomainEvent::UserLoggedIn { .. } => hooks.listens(HookPoint::OnLogin),
        DomainEvent::PluginEmitted { event_type, .. } => hooks.listens_to(HookPoint::OnEvent, event_type),
    }
}

/// Tells every listener, in priority order.
pub(super) async fn deliver(hooks: &PluginHost, event: DomainEvent, context: &CallContext) -> Vec<Delivery> {
    match event {
        DomainEvent::PostCreated { post, .. } => hooks.notify::<hook::OnPostCreated>(post, context).await,
        DomainEvent::PostUpdated { post, .. } => hooks.notify::<hook::OnPostUpdated>(post, context).await,
        DomainEvent::PostDeleted { id, .. } => {
            hooks.notify::<hook::OnPostDeleted>(id.to_string(), context).await
        }
        DomainEvent::CommentCreated { comment, .. } => {
            hooks.notify::<hook::OnCommentCreated>(comment, context).await
        }
        DomainEvent::UserLoggedIn { id } => hooks.notify::<hook::OnLogin>(id.to_string(), context).await,
        DomainEvent::PluginEmitted { id, event_type, data, .. } => {
            let event = PluginEvent { id: id.to_string(), event_type, data };
            hooks.notify::<hook::OnEvent>(event, context).await
        }
    }
}
