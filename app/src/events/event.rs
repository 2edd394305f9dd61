//! The facts.

use fleuron_plugin_host::{CommentInput, PostOutput};
use serde::{Deserialize, Serialize};

use crate::ids::{CommentId, PostId, UserId};

/// A fact, with the whole entity as it was committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DomainEvent {
    /// A post or page was created.
    PostCreated {
        /// As it was committed.
        post: PostOutput,
    },
    /// A post or page was changed.
    PostUpdated {
        /// As it was committed.
        post: PostOutput,
    },
    /// A post or page was removed for good.
    PostDeleted {
        /// Which.
        id: PostId,
    },
    /// A comment was written.
    CommentCreated {
        /// Which.
        id: CommentId,
        /// What it is about.
        post_id: PostId,
        /// As it was committed.
        comment: CommentInput,
    },
    /// Somebody signed in.
    UserLoggedIn {
        /// Who.
        id: UserId,
    },
}

impl DomainEvent {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PostCreated { .. } => "post.created",
            Self::PostUpdated { .. } => "post.updated",
            Self::PostDeleted { .. } => "post.deleted",
            Self::CommentCreated { .. } => "comment.created",
            Self::UserLoggedIn { .. } => "user.logged_in",
        }
    }

    /// What it is about; events of one entity are delivered in order.
    pub fn entity_id(&self) -> String {
        match self {
            Self::PostCreated { post } | Self::PostUpdated { post } => post.id.clone(),
            Self::PostDeleted { id } => id.to_string(),
            Self::CommentCreated { post_id, .. } => post_id.to_string(),
            Self::UserLoggedIn { id } => id.to_string(),
        }
    }
}
