//! Posts and pages: one table, one life (draft, scheduled, published, trash), told apart by their kind.

pub mod check;
pub mod dto;
pub mod http;
pub mod model;
mod repo;
pub mod service;
pub mod slug;
mod timing;
pub mod views;
mod write;

pub use model::{NewPost, Post, PostFilter, PostKind, PostPatch, PostStatus};
pub use service::PostService;
pub use slug::Slug;
pub use views::ViewCounter;

/// The post or page with this slug, as plugins see it: a published one, or one that is not yet where `drafts`
/// says so.
pub(crate) async fn output(
    database: &crate::database::Database,
    slug: &str,
    drafts: bool,
) -> crate::error::Result<Option<fleuron_plugin_host::PostOutput>> {
    // PostgreSQL takes no text with a NUL, and no slug holds one.
    if slug.contains('\0') {
        return Ok(None);
    }
    let post = repo::find_by_slug(database.reader(), slug).await?;
    let seen = post.filter(|post| post.is_public() || (drafts && post.status.is_to_come()));
    Ok(seen.map(|post| (&post).into()))
}

/// Those of these posts and pages that are of this kind.
pub(crate) async fn of_kind(
    transaction: &crate::database::Transaction,
    kind: PostKind,
    ids: &[uuid::Uuid],
) -> Result<Vec<uuid::Uuid>, sea_orm::DbErr> {
    repo::of_kind(transaction, kind, ids).await
}
