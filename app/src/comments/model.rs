//! What a comment is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    clock::Timestamp,
    ids::{CommentId, PostId, UserId},
};

/// Where a comment is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CommentStatus {
    /// Waits for a moderator.
    Pending,
    /// Seen by everybody.
    Approved,
    /// Taken for advertising.
    Spam,
    /// Taken away.
    Trash,
}

impl CommentStatus {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Spam => "spam",
            Self::Trash => "trash",
        }
    }

    /// Reads a database value; an unknown one is not shown.
    pub fn from_database(text: &str) -> Self {
        [Self::Approved, Self::Spam, Self::Trash]
            .into_iter()
            .find(|status| status.as_str() == text)
            .unwrap_or(Self::Pending)
    }
}

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Identity.
    pub id: CommentId,
    /// What it is about.
    pub post_id: PostId,
    /// What it answers.
    pub parent_id: Option<CommentId>,
    /// Who wrote it, if signed in.
    pub user_id: Option<UserId>,
    /// The name that readers see.
    pub nickname: String,
    /// For moderators alone.
    pub email: Option<String>,
    /// A little Markdown.
    pub content: String,
    /// Pending, approved, spam or trash.
    pub status: CommentStatus,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows with every change.
    pub version: i64,
}

/// A comment to be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewComment {
    /// A little Markdown.
    pub content: String,
    /// Guests must give one; users go by their own.
    pub nickname: Option<String>,
    /// Guests must give one.
    pub email: Option<String>,
    /// What it answers.
    pub parent_id: Option<CommentId>,
}
