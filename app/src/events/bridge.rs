//! Who hears of what: the one match from facts to action hooks. It has no wildcard arm, so that a new fact cannot be
//! forgotten.

use fleuron_plugin_host::{CallContext, Delivery, HookPoint, PluginHost, hook};

use super::DomainEvent;

/// The hook that a fact fires.
pub(super) const fn hook_of(event: &DomainEvent) -> HookPoint {
    match event {
        DomainEvent::PostCreated { .. } => HookPoint::OnPostCreated,
        DomainEvent::PostUpdated { .. } => HookPoint::OnPostUpdated,
        DomainEvent::PostDeleted { .. } => HookPoint::OnPostDeleted,
        DomainEvent::CommentCreated { .. } => HookPoint::OnCommentCreated,
        DomainEvent::UserLoggedIn { .. } => HookPoint::OnLogin,
    }
}

/// Tells every listener, in priority order.
pub(super) async fn deliver(hooks: &PluginHost, event: DomainEvent, context: &CallContext) -> Vec<Delivery> {
    match event {
        DomainEvent::PostCreated { post } => hooks.notify::<hook::OnPostCreated>(post, context).await,
        DomainEvent::PostUpdated { post } => hooks.notify::<hook::OnPostUpdated>(post, context).await,
        DomainEvent::PostDeleted { id } => hooks.notify::<hook::OnPostDeleted>(id.to_string(), context).await,
        DomainEvent::CommentCreated { comment, .. } => {
            hooks.notify::<hook::OnCommentCreated>(comment, context).await
        }
        DomainEvent::UserLoggedIn { id } => hooks.notify::<hook::OnLogin>(id.to_string(), context).await,
    }
}
