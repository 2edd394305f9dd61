//! Finding and listing posts.

use super::PostService;
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    error::Result,
    http::{Cursor, Page},
    ids::PostId,
    posts::{
        Post, PostFilter, PostKind, PostStatus, check,
        model::Resolved,
        repo::{self, Order},
    },
};

/// A title and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Plain text.
    pub title: String,
    /// With a leading slash.
    pub path: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<repo::Heading> for Heading {
    fn from(row: repo::Heading) -> Self {
        Self {
            title: row.title,
            path: row.permalink.unwrap_or_else(|| format!("/{}", row.slug)),
            updated_at: Timestamp::from_millis(row.updated_at),
        }
    }
}

impl PostService {
    /// The post with this id, if the actor may read it.
    pub async fn find(&self, actor: &Actor, id: PostId) -> Result<Option<Post>> {
        let post = repo::find(self.database.reader(), id).await?;
        Ok(post.filter(|post| check::may_read(actor, post)))
    }

    /// Those of these posts and pages that the actor may read, in no order.
    pub async fn find_many(&self, actor: &Actor, ids: &[PostId]) -> Result<Vec<Post>> {
        let mut found = repo::find_many(self.database.reader(), ids).await?;
        found.retain(|post| check::may_read(actor, post));
        Ok(found)
    }

    /// The post with this slug, if the actor may read it.
    pub async fn find_by_slug(&self, actor: &Actor, slug: &str) -> Result<Option<Post>> {
        if slug.contains('\0') {
            return Ok(None);
        }
        let post = repo::find_by_slug(self.database.reader(), slug).await?;
        Ok(post.filter(|post| check::may_read(actor, post)))
    }

    /// What a reader finds at a path: a published post, or where it moved to.
    pub async fn resolve(&self, path: &str) -> Result<Option<Resolved>> {
        let database = self.database.reader();
        let path = match path.trim_end_matches('/') {
            path if path.is_empty() || path.contains('\0') => return Ok(None),
            path => path,
        };
        let slug = path.strip_prefix('/').filter(|slug| !slug.contains('/'));
        let mut found = match slug {
            Some(slug) => repo::find_by_slug(database, slug).await?.filter(Post::is_public),
            None => None,
        };
        if found.is_none() {
            found = repo::find_by_permalink(database, path).await?.filter(Post::is_public);
        }
        if let Some(post) = found {
            let moved = post.path() != path;
            return Ok(Some(if moved {
                Resolved::MovedTo(post.path())
            } else {
                Resolved::Post(Box::new(post))
            }));
        }
        let Some(id) = repo::redirect(database, path).await? else { return Ok(None) };
        let post = repo::find(database, id).await?.filter(Post::is_public);
        Ok(post.filter(|post| post.path() != path).map(|post| Resolved::MovedTo(post.path())))
    }

    /// A page of posts by cursor. Without a status: the published ones. Others are shown to those who may edit them.
    pub async fn list(
        &self,
        actor: &Actor,
        mut filter: PostFilter,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<Post>> {
        let status = *filter.status.get_or_insert(PostStatus::Published);
        if status != PostStatus::Published {
            actor.require(Permission::WritePosts)?;
            if !actor.may(Permission::EditOthers) {
                filter.author = actor.user_id();
            }
        }
        let order = order(&filter);
        let posts = repo::after(self.database.reader(), &filter, order, cursor, limit + 1).await?;
        Ok(Page::cut(posts, limit, |post| order.cursor(post)))
    }

    /// Published posts by page number, newest first, and how many there are in all.
    pub async fn published(
        &self,
        mut filter: PostFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Post>, u64)> {
        filter.status = Some(PostStatus::Published);
        let count = self.count(&filter).await?;
        let posts = repo::slice(self.database.reader(), &filter, order(&filter), offset, limit).await?;
        Ok((posts, count))
    }

    /// How many published posts the filter matches.
    pub async fn count_published(&self, mut filter: PostFilter) -> Result<u64> {
        filter.status = Some(PostStatus::Published);
        self.count(&filter).await
    }

    /// The published posts before and after this one.
    pub async fn neighbours(&self, post: &Post) -> Result<(Option<Heading>, Option<Heading>)> {
        let database = self.database.reader();
        let older = repo::neighbour(database, post, true).await?;
        let newer = repo::neighbour(database, post, false).await?;
        Ok((older.map(Heading::from), newer.map(Heading::from)))
    }

    /// Everything published of a kind, oldest first: for navigation and the sitemap.
    pub async fn published_headings(&self, kind: Option<PostKind>, limit: u64) -> Result<Vec<Heading>> {
        let rows = repo::published_headings(self.database.reader(), kind, limit).await?;
        Ok(rows.into_iter().map(Heading::from).collect())
    }

    /// Grows when posts, pages or comments change; belongs into the keys of what is cached of lists.
    pub fn content_generation(&self) -> u64 {
        self.database.changes().content()
    }

    /// Counts a view of a page.
    pub fn count_view(&self, post: PostId) {
        self.views.count(post);
    }

    async fn count(&self, filter: &PostFilter) -> Result<u64> {
        let key = (filter.clone(), self.database.changes().content());
        if let Some(count) = self.counts.get(&key).await {
            return Ok(count);
        }
        let count = repo::count(self.database.reader(), filter).await?;
        self.counts.insert(key, count).await;
        Ok(count)
    }
}

fn order(filter: &PostFilter) -> Order {
    if filter.status.is_some_and(PostStatus::is_for_readers) { Order::Publication } else { Order::Creation }
}
