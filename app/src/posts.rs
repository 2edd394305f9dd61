//! Posts and pages: one table, one life (draft, published, trash), told apart by their kind.

pub mod check;
pub mod dto;
pub mod http;
pub mod model;
mod repo;
pub mod service;
pub mod slug;
pub mod views;
mod write;

pub use model::{NewPost, Post, PostFilter, PostKind, PostPatch, PostStatus};
pub use service::PostService;
pub use slug::Slug;
pub use views::ViewCounter;

/// The published post with this slug, as plugins see it.
pub(crate) async fn published_output(
    database: &crate::database::Database,
    slug: &str,
) -> crate::error::Result<Option<fleuron_plugin_host::PostOutput>> {
    let post = repo::find_by_slug(database.reader(), slug).await?;
    Ok(post.filter(Post::is_public).map(|post| (&post).into()))
}
