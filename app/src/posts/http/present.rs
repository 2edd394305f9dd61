//! From posts to their wire form: names for ids, an address, and HTML when asked for.

use std::sync::Arc;

use crate::{
    error::Result,
    ids::{CategoryId, TagId, UserId},
    posts::{
        Post, PostFilter, PostKind,
        dto::{ListPostsQuery, PostResponse},
    },
    render::pipeline::Renderer,
    site::Links,
    taxonomies::{TermService, dto::TermReference},
    users::{UserService, dto::AuthorResponse},
};

/// Makes responses of posts.
#[derive(Clone)]
pub struct Presenter {
    terms: TermService,
    users: UserService,
    renderer: Renderer,
    links: Arc<Links>,
}

impl Presenter {
    /// Puts it together.
    pub fn new(terms: TermService, users: UserService, renderer: Renderer, links: Arc<Links>) -> Self {
        Self { terms, users, renderer, links }
    }

    /// One post.
    pub async fn one(&self, post: Post, html: bool) -> Result<PostResponse> {
        let terms = self.terms.terms().await?;
        let authors = self.users.authors(&post.author_ids).await?;
        let html = if html { Some(self.renderer.post(&post).await?.as_str().to_owned()) } else { None };
        let category = post.category_id.and_then(|id| terms.category(id)).map(TermReference::from);
        let tags = post.tag_ids.iter().filter_map(|id| terms.tag(*id)).map(TermReference::from).collect();
        Ok(self.response(post, html, category, tags, authors))
    }

    /// Many posts; their authors' names are looked up together.
    pub async fn many(&self, posts: Vec<Post>, html: bool) -> Result<Vec<PostResponse>> {
        let mut ids: Vec<UserId> = posts.iter().flat_map(|post| post.author_ids.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        self.users.authors(&ids).await?;
        let mut responses = Vec::with_capacity(posts.len());
        for post in posts {
            responses.push(self.one(post, html).await?);
        }
        Ok(responses)
    }

    /// The filter that a query asks for; `None` when it names something that does not exist, so nothing matches.
    pub async fn filter(&self, kind: PostKind, query: &ListPostsQuery) -> Result<Option<PostFilter>> {
        let mut filter = PostFilter { kind: Some(kind), ..PostFilter::default() };
        let terms = self.terms.terms().await?;
        if let Some(text) = &query.category {
            let id = text.parse::<CategoryId>().ok();
            let Some(category) =
                id.and_then(|id| terms.category(id)).or_else(|| terms.category_by_slug(text))
            else {
                return Ok(None);
            };
            filter.categories = Some(terms.with_descendants(category.id));
        }
        if let Some(text) = &query.tag {
            let id = text.parse::<TagId>().ok();
            let Some(tag) = id.and_then(|id| terms.tag(id)).or_else(|| terms.tag_by_slug(text)) else {
                return Ok(None);
            };
            filter.tag = Some(tag.id);
        }
        if let Some(text) = &query.author {
            filter.author = match text.parse::<UserId>() {
                Ok(id) => Some(id),
                Err(_) => match self.users.find_by_username(text).await? {
                    Some(user) => Some(user.id),
                    None => return Ok(None),
                },
            };
        }
        Ok(Some(filter))
    }

    fn response(
        &self,
        post: Post,
        html: Option<String>,
        category: Option<TermReference<CategoryId>>,
        tags: Vec<TermReference<TagId>>,
        authors: Vec<AuthorResponse>,
    ) -> PostResponse {
        PostResponse {
            url: self.links.absolute(&post.path()),
            id: post.id,
            kind: post.kind,
            status: post.status,
            title: post.title,
            slug: post.slug,
            excerpt: post.excerpt,
            content: post.content,
            html,
            cover_image: post.cover_image,
            category,
            tags,
            authors,
            comments_open: post.comments_open,
            created_at: post.created_at,
            updated_at: post.updated_at,
            published_at: post.published_at,
            view_count: post.view_count,
            version: post.version,
        }
    }
}
