//! Posts and pages on the wire.

use fleuron_plugin_host::PostOutput;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{NewPost, Post, PostKind, PostPatch, PostStatus};
use crate::{
    clock::Timestamp,
    http::double_option,
    ids::{CategoryId, PostId, TagId, UserId},
    taxonomies::dto::TermReference,
    users::dto::AuthorResponse,
};

/// A post or a page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Post)]
pub struct PostResponse {
    /// Identity.
    pub id: PostId,
    /// Post or page.
    pub kind: PostKind,
    /// Draft, scheduled, published or trash.
    pub status: PostStatus,
    /// Plain text.
    pub title: String,
    /// Unique among posts and pages.
    pub slug: String,
    /// The address of its page.
    pub url: String,
    /// Plain text for lists and feeds.
    pub excerpt: Option<String>,
    /// Markdown.
    pub content: String,
    /// The content as safe HTML; only when asked for with `include=html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// An address.
    pub cover_image: Option<String>,
    /// At most one.
    pub category: Option<TermReference<CategoryId>>,
    /// In the author's order.
    pub tags: Vec<TermReference<TagId>>,
    /// Whose names stand above it.
    pub authors: Vec<AuthorResponse>,
    /// Whether readers may comment.
    pub comments_open: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was first published; when it comes out, if it is scheduled.
    pub published_at: Option<Timestamp>,
    /// How often its page was read; may lag a little.
    pub view_count: i64,
    /// For If-Match.
    pub version: i64,
}

/// A post or a page to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePostRequest {
    /// Plain text, one line, at most 300 characters.
    pub title: String,
    /// Markdown, at most 1 MiB.
    #[serde(default)]
    pub content: String,
    /// Lower-case letters and digits joined by dashes. Made from the title if left out; a taken one gets a number.
    pub slug: Option<String>,
    /// Plain text, at most 2000 characters.
    pub excerpt: Option<String>,
    /// A category.
    pub category_id: Option<CategoryId>,
    /// Tags, in order.
    #[serde(default)]
    pub tag_ids: Vec<TagId>,
    /// Authors, in order; others than oneself need the permission to edit everybody's posts.
    #[serde(default)]
    pub author_ids: Vec<UserId>,
    /// Draft if left out. What is published with a date that lies ahead becomes scheduled.
    pub status: Option<PostStatus>,
    /// An http(s) URL or a path on this site.
    pub cover_image: Option<String>,
    /// Open if left out.
    pub comments_open: Option<bool>,
    /// The date of publication, if not now. One that lies ahead is waited for.
    pub published_at: Option<Timestamp>,
}

impl CreatePostRequest {
    /// What the service takes.
    pub fn into_new(self, kind: PostKind) -> NewPost {
        NewPost {
            slug: self.slug,
            excerpt: self.excerpt,
            category_id: self.category_id,
            tag_ids: self.tag_ids,
            author_ids: self.author_ids,
            status: self.status,
            cover_image: self.cover_image,
            comments_open: self.comments_open.unwrap_or(kind == PostKind::Post),
            published_at: self.published_at,
            ..NewPost::draft(kind, self.title, self.content)
        }
    }
}

/// What to change; what is left out stays, null clears.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePostRequest {
    /// Plain text, one line, at most 300 characters.
    pub title: Option<String>,
    /// Markdown, at most 1 MiB.
    pub content: Option<String>,
    /// Null makes a new one from the title. The old address leads to the new one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub slug: Option<Option<String>>,
    /// Plain text, at most 2000 characters.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub excerpt: Option<Option<String>>,
    /// A category.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub category_id: Option<Option<CategoryId>>,
    /// All tags, in order.
    pub tag_ids: Option<Vec<TagId>>,
    /// All authors, in order.
    pub author_ids: Option<Vec<UserId>>,
    /// Draft, scheduled, published or trash. What is published with a date that lies ahead becomes scheduled; what is
    /// scheduled and published without a new date comes out at once.
    pub status: Option<PostStatus>,
    /// An http(s) URL or a path on this site.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub cover_image: Option<Option<String>>,
    /// Open or close comments.
    pub comments_open: Option<bool>,
    /// The date of publication. One that lies ahead is waited for, also by a post that is public already.
    pub published_at: Option<Timestamp>,
}

impl From<UpdatePostRequest> for PostPatch {
    fn from(request: UpdatePostRequest) -> Self {
        Self {
            title: request.title,
            content: request.content,
            slug: request.slug,
            excerpt: request.excerpt,
            category_id: request.category_id,
            tag_ids: request.tag_ids,
            author_ids: request.author_ids,
            status: request.status,
            cover_image: request.cover_image,
            comments_open: request.comments_open,
            published_at: request.published_at,
            permalink: None,
            aliases: Vec::new(),
        }
    }
}

/// Which posts, and how much of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListPostsQuery {
    /// Draft, scheduled, published or trash; published if left out.
    pub status: Option<PostStatus>,
    /// A category's slug or id; those beneath it count too.
    pub category: Option<String>,
    /// A tag's slug or id.
    pub tag: Option<String>,
    /// An author's user name or id.
    pub author: Option<String>,
    /// `html` adds the content as safe HTML.
    pub include: Option<String>,
    /// From the last page's `next_cursor`.
    pub cursor: Option<String>,
    /// How many; 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u64>,
}

/// How much of a post.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadPostQuery {
    /// `html` adds the content as safe HTML.
    pub include: Option<String>,
}

/// How to remove a post.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeletePostQuery {
    /// Remove it for good, not to the trash.
    #[serde(default)]
    pub permanent: bool,
}

impl From<&Post> for PostOutput {
    fn from(post: &Post) -> Self {
        Self {
            id: post.id.to_string(),
            title: post.title.clone(),
            slug: post.slug.clone(),
            content: post.content.clone(),
            excerpt: post.excerpt.clone(),
            status: post.status.as_str().to_owned(),
            created_by: post.created_by.map(|id| id.to_string()).unwrap_or_default(),
            updated_by: post.updated_by.map(|id| id.to_string()),
            category_id: post.category_id.map(|id| id.to_string()),
            view_count: post.view_count,
            created_at: post.created_at.to_rfc3339(),
            updated_at: post.updated_at.to_rfc3339(),
            published_at: post.published_at.map(Timestamp::to_rfc3339),
        }
    }
}
