//! Lists of posts, shared by the front page and the archives.

use std::{collections::HashMap, sync::Arc};

use actix_web::{HttpRequest, HttpResponse};

use super::{
    Site,
    answer::{HTML, document, no_such_page},
    encode,
    pagination::pagination,
};
use crate::{
    error::Result,
    ids::{PostId, UserId},
    posts::{Post, PostFilter},
    render::plain,
    taxonomies::{Category, Tag, Terms},
    themes::{
        self,
        context::{Archive, ListPage, NamedLink, PageContext, Summary},
    },
    users::dto::AuthorResponse,
};

/// Characters of an excerpt that is made of the content.
const EXCERPT_LENGTH: usize = 200;

/// A list of posts, before its posts are known.
pub(super) struct List {
    /// `home`, `category`, `tag` or `author`.
    pub(super) kind: &'static str,
    /// The path of its first page, decoded.
    pub(super) path: String,
    /// For the head; empty on the front page.
    pub(super) title: String,
    /// For the head.
    pub(super) description: String,
    /// Which posts.
    pub(super) filter: PostFilter,
    /// What the archive is about, without its count.
    pub(super) archive: Option<Archive>,
}

impl List {
    fn path(&self, page: u64) -> String {
        match (page, self.path.as_str()) {
            (1, path) => path.to_owned(),
            (page, path) => format!("{}/page/{page}", path.trim_end_matches('/')),
        }
    }
}

/// A link to a category's page.
pub(super) fn category_link(category: &Category) -> NamedLink {
    NamedLink { name: category.name.clone(), url: encode(&category_path(&category.slug)).into_owned() }
}

/// Where a category's page is.
pub(crate) fn category_path(slug: &str) -> String {
    format!("/categories/{slug}")
}

/// Where a tag's page is.
pub(crate) fn tag_path(slug: &str) -> String {
    format!("/tags/{slug}")
}

/// Where an author's page is.
pub(crate) fn author_path(username: &str) -> String {
    format!("/authors/{username}")
}

fn tag_link(tag: &Tag) -> NamedLink {
    NamedLink { name: tag.name.clone(), url: encode(&tag_path(&tag.slug)).into_owned() }
}

pub(super) fn author_link(author: AuthorResponse) -> NamedLink {
    NamedLink { url: encode(&author_path(&author.username)).into_owned(), name: author.display_name }
}

impl Site {
    /// A page of a list.
    pub(super) async fn list(&self, request: &HttpRequest, page: u64, list: List) -> Result<HttpResponse> {
        let per_page = self.settings.site().await?.posts_per_page.clamp(1, 100);
        let offset = page.saturating_sub(1).saturating_mul(per_page);
        let count = self.posts.count_published(list.filter.clone()).await?;
        let url = |page| encode(&list.path(page)).into_owned();
        let pagination = pagination(page, count, per_page, url).ok_or_else(no_such_page)?;
        let (posts, _) = self.posts.published(list.filter.clone(), offset, per_page).await?;
        let title = match (page, list.title.as_str()) {
            (1, title) => title.to_owned(),
            (page, "") => format!("Page {page}"),
            (page, title) => format!("{title}, page {page}"),
        };
        let head = PageContext {
            kind: list.kind,
            title,
            description: list.description.clone(),
            canonical: Some(self.links.absolute(&list.path(page))),
            og_type: "website",
            prev: pagination.newer.clone(),
            next: pagination.older.clone(),
            ..PageContext::default()
        };
        let frame = self.frame(&list.path(page), head).await?;
        let archive = list.archive.map(|archive| Archive { count, ..archive });
        let context = ListPage { frame, posts: self.summaries(posts).await?, pagination, archive };
        let body = self.themes.render(themes::list_templates(list.kind), context)?;
        Ok(document(request, HTML, body))
    }

    async fn summaries(&self, posts: Vec<Post>) -> Result<Vec<Summary>> {
        let ids: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        let counts: HashMap<PostId, i64> = self.comments.counts(&ids).await?;
        // Fetched together, so that each post finds its names at hand.
        let mut authors: Vec<UserId> =
            posts.iter().flat_map(|post| post.author_ids.iter().copied()).collect();
        authors.sort_unstable();
        authors.dedup();
        self.users.authors(&authors).await?;
        let mut summaries = Vec::with_capacity(posts.len());
        for post in &posts {
            summaries.push(self.summary(post, counts.get(&post.id).copied().unwrap_or_default()).await?);
        }
        Ok(summaries)
    }

    /// A post as lists show it.
    pub(super) async fn summary(&self, post: &Post, comment_count: i64) -> Result<Summary> {
        let terms: Arc<Terms> = self.terms.terms().await?;
        let authors = self.users.authors(&post.author_ids).await?;
        Ok(Summary {
            title: post.title.clone(),
            url: encode(&post.path()).into_owned(),
            excerpt: Some(self.excerpt(post).await)
                .filter(|text| !text.is_empty())
                .map(|text| text.to_string()),
            cover_image: post.cover_image.clone(),
            published_at: post.published_at.unwrap_or(post.created_at).to_rfc3339(),
            authors: authors.into_iter().map(author_link).collect(),
            tags: post.tag_ids.iter().filter_map(|id| terms.tag(*id)).map(tag_link).collect(),
            category: post.category_id.and_then(|id| terms.category(id)).map(category_link),
            comment_count,
        })
    }

    /// The excerpt that the author gave, or the beginning of the content.
    pub(crate) async fn excerpt(&self, post: &Post) -> Arc<str> {
        if let Some(excerpt) = &post.excerpt {
            return excerpt.as_str().into();
        }
        let make = async { Arc::from(plain::excerpt(&post.content, EXCERPT_LENGTH)) };
        self.caches.excerpts.get_with((post.id, post.version), make).await
    }
}
