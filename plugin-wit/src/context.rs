//! Why the plugin is being called.

#[cfg(target_family = "wasm")]
use crate::backend::HostBackend;
use crate::backend::call;

/// What the running hook call is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// The hook, such as `on-post-created`.
    pub hook: String,
    /// The event that is delivered; the same at every attempt, so that an action can tell a repetition. `None` in
    /// filters.
    pub event_id: Option<String>,
    /// Which attempt at the delivery this is, from 1; 0 where nothing is delivered.
    pub attempt: u32,
    /// The id of the post, comment, entry or user that the call is about. `None` before it exists.
    pub entity_id: Option<String>,
    /// The entity's version.
    pub entity_version: Option<i64>,
    /// What the entity belongs to: a comment's post.
    pub parent_id: Option<String>,
    /// What the entity is: `post`, `page`, `comment`, `user`, or the name of a content type.
    pub kind: Option<String>,
    /// The id of the user on whose behalf it happens. `None` for visitors and for the site itself.
    pub acting_user: Option<String>,
}

/// The context of the running call. Needs no permission.
pub fn current() -> CallContext {
    call(|host| host.context())
}
