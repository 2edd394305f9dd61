//! What happens inside the transaction of a comment: no hooks, no side effects, safe to run again.

use super::{Comment, dto::UpdateCommentRequest, repo};
use crate::{
    clock::Timestamp,
    database::Transaction,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{DomainEvent, EventRecorder, Fact, Origin},
    http::IfMatch,
    ids::{CommentId, UserId},
};

/// How many comments are purged in one transaction, so that nobody waits long behind it.
const PURGED_AT_ONCE: u64 = 100;

/// Adds the comment.
pub(super) async fn create(
    transaction: &Transaction,
    comment: &Comment,
    events: &EventRecorder,
) -> Result<Fact> {
    check_parent(transaction, comment).await?;
    repo::insert(transaction, comment).await?;
    let event = DomainEvent::CommentCreated {
        id: comment.id,
        post_id: comment.post_id,
        comment: comment.into(),
        status: comment.status.as_str().to_owned(),
        origin: origin(comment, comment.user_id),
    };
    events.record(transaction, event).await
}

/// Changes the comment if it is still at the version that the client has seen.
pub(super) async fn update(
    transaction: &Transaction,
    id: CommentId,
    seen: IfMatch,
    request: &UpdateCommentRequest,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<(Comment, Fact)> {
    let found = repo::find(transaction, id).await?;
    let mut comment = found.ok_or_else(|| ApiError::not_found("comment"))?;
    seen.check(comment.version)?;
    comment.status = request.status.unwrap_or(comment.status);
    if let Some(content) = &request.content {
        comment.content = content.trim().to_owned();
    }
    comment.updated_at = Timestamp::now();
    comment.version += 1;
    if !repo::update(transaction, &comment).await? {
        let detail = "Somebody else is changing this comment. Read it again.";
        return Err(ApiError::new(ErrorCode::EditConflict, detail));
    }
    let event = DomainEvent::CommentUpdated {
        id: comment.id,
        post_id: comment.post_id,
        comment: (&comment).into(),
        status: comment.status.as_str().to_owned(),
        origin: origin(&comment, by),
    };
    let fact = events.record(transaction, event).await?;
    Ok((comment, fact))
}

/// Removes the comment with all that answers it; `None` if there is none. Each of them is a fact of its own, answers
/// before what they answer.
pub(super) async fn delete(
    transaction: &Transaction,
    id: CommentId,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Option<Vec<Fact>>> {
    let Some(comment) = repo::find(transaction, id).await? else { return Ok(None) };
    let thread = repo::thread(transaction, comment).await?;
    if !repo::delete(transaction, id).await? {
        return Ok(None);
    }
    let mut facts = Vec::with_capacity(thread.len());
    for comment in thread.iter().rev() {
        facts.push(record_deleted(transaction, comment, by, events).await?);
    }
    Ok(Some(facts))
}

/// Removes some of the comments that have been spam or in the trash since before this moment. One fact is recorded of
/// each.
pub(super) async fn purge(
    transaction: &Transaction,
    before: Timestamp,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    for comment in repo::purgeable(transaction, before, PURGED_AT_ONCE).await? {
        if repo::delete_unchanged(transaction, &comment).await? {
            facts.push(record_deleted(transaction, &comment, None, events).await?);
        }
    }
    Ok(facts)
}

async fn record_deleted(
    transaction: &Transaction,
    comment: &Comment,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Fact> {
    let (id, post_id, origin) = (comment.id, comment.post_id, origin(comment, by));
    events.record(transaction, DomainEvent::CommentDeleted { id, post_id, origin }).await
}

fn origin(comment: &Comment, by: Option<UserId>) -> Origin {
    Origin { version: Some(comment.version), user: by }
}

/// An answer stands beneath the post of the comment that it answers.
async fn check_parent(transaction: &Transaction, comment: &Comment) -> Result<()> {
    let Some(parent) = comment.parent_id else { return Ok(()) };
    match repo::find(transaction, parent).await? {
        Some(parent) if parent.post_id == comment.post_id => Ok(()),
        _ => {
            let fault = FieldError::new("parent_id", "There is no such comment on this post.");
            Err(ApiError::validation(vec![fault]))
        }
    }
}
