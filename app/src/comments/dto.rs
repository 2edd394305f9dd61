//! Comments on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Comment, CommentStatus, NewComment};
use crate::{
    clock::Timestamp,
    ids::{CommentId, PostId, UserId},
};

/// A comment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Comment)]
pub struct CommentResponse {
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
    /// Shown to moderators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A little Markdown.
    pub content: String,
    /// The content as safe HTML.
    pub html: String,
    /// Pending, approved, spam or trash.
    pub status: CommentStatus,
    /// When it was written.
    pub created_at: Timestamp,
    /// For If-Match.
    pub version: i64,
}

impl CommentResponse {
    /// For a reader, or with the address for a moderator.
    pub fn new(comment: Comment, html: String, moderator: bool) -> Self {
        Self {
            id: comment.id,
            post_id: comment.post_id,
            parent_id: comment.parent_id,
            user_id: comment.user_id,
            nickname: comment.nickname,
            email: comment.email.filter(|_| moderator),
            content: comment.content,
            html,
            status: comment.status,
            created_at: comment.created_at,
            version: comment.version,
        }
    }
}

/// A comment to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCommentRequest {
    /// A little Markdown, at most 10 000 characters.
    pub content: String,
    /// Guests must give one; at most 80 characters.
    pub nickname: Option<String>,
    /// Guests must give one. Shown to moderators alone.
    pub email: Option<String>,
    /// The comment that it answers.
    pub parent_id: Option<CommentId>,
}

impl From<CreateCommentRequest> for NewComment {
    fn from(request: CreateCommentRequest) -> Self {
        Self {
            content: request.content,
            nickname: request.nickname,
            email: request.email,
            parent_id: request.parent_id,
        }
    }
}

/// What to change of a comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCommentRequest {
    /// Approve it, or take it away.
    pub status: Option<CommentStatus>,
    /// Correct it.
    pub content: Option<String>,
}

/// Which comments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListCommentsQuery {
    /// Pending, approved, spam or trash; approved if left out. Others than approved are for moderators.
    pub status: Option<CommentStatus>,
    /// From the last page's `next_cursor`.
    pub cursor: Option<String>,
    /// How many; 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u64>,
}
