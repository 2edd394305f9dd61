//! What a post is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Slug;
use crate::{
    clock::Timestamp,
    ids::{CategoryId, PostId, TagId, UserId},
};

/// A post belongs to the stream of the blog, a page stands alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PostKind {
    /// Part of the blog.
    Post,
    /// Stands alone, in the navigation.
    Page,
}

impl PostKind {
    /// The name in the database and in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "post",
            Self::Page => "page",
        }
    }

    /// Reads a database value.
    pub fn from_database(text: &str) -> Self {
        if text == "page" { Self::Page } else { Self::Post }
    }
}

/// Where a post is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PostStatus {
    /// Seen by those who may edit it.
    Draft,
    /// Seen by those who may edit it until its date of publication has come, and by everybody from then on.
    Scheduled,
    /// Seen by everybody.
    Published,
    /// Taken away, and not yet gone for good.
    Trash,
}

impl PostStatus {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Published => "published",
            Self::Trash => "trash",
        }
    }

    /// Reads a database value; an unknown one is not shown to readers.
    pub fn from_database(text: &str) -> Self {
        Self::parse(text).unwrap_or(Self::Draft)
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Scheduled, Self::Published, Self::Trash]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    /// Whether readers see such a post, now or once its date has come: what takes the permission to publish.
    pub(super) const fn is_for_readers(self) -> bool {
        matches!(self, Self::Published | Self::Scheduled)
    }

    /// Whether such a post is not public yet.
    pub(super) const fn is_to_come(self) -> bool {
        matches!(self, Self::Draft | Self::Scheduled)
    }
}

/// A post or a page with what hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
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
    /// Plain text for lists and feeds.
    pub excerpt: Option<String>,
    /// Markdown.
    pub content: String,
    /// An address.
    pub cover_image: Option<String>,
    /// At most one.
    pub category_id: Option<CategoryId>,
    /// In the author's order.
    pub tag_ids: Vec<TagId>,
    /// Whose names stand above it.
    pub author_ids: Vec<UserId>,
    /// A path kept from an import, such as `/2019/11/07/Async-await-stable.html`; otherwise the slug is the path.
    pub permalink: Option<String>,
    /// Whether readers may comment.
    pub comments_open: bool,
    /// Who made it; unset when that user is gone or it was the engine.
    pub created_by: Option<UserId>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was first published, or is to be.
    pub published_at: Option<Timestamp>,
    /// How often its page was read; may lag a little.
    pub view_count: i64,
    /// Grows with every change.
    pub version: i64,
}

impl Post {
    /// The path of its page, with a leading slash.
    pub fn path(&self) -> String {
        match &self.permalink {
            Some(path) => path.clone(),
            None => format!("/{}", self.slug),
        }
    }

    /// Whether everybody may read it.
    pub fn is_public(&self) -> bool {
        self.status == PostStatus::Published
    }
}

/// A post to be created.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// Post or page.
    pub kind: PostKind,
    /// Plain text.
    pub title: String,
    /// Markdown.
    pub content: String,
    /// Made from the title if unset; a taken one gets a number.
    pub slug: Option<String>,
    /// Plain text.
    pub excerpt: Option<String>,
    /// At most one.
    pub category_id: Option<CategoryId>,
    /// In order.
    pub tag_ids: Vec<TagId>,
    /// Whose names stand above it; the acting user if empty.
    pub author_ids: Vec<UserId>,
    /// Draft if unset.
    pub status: Option<PostStatus>,
    /// An address.
    pub cover_image: Option<String>,
    /// Open unless closed.
    pub comments_open: bool,
    /// A path to keep (importers only).
    pub permalink: Option<String>,
    /// Old paths that lead here (importers only).
    pub aliases: Vec<String>,
    /// When it was published, if not now; with a date that lies ahead it is scheduled.
    pub published_at: Option<Timestamp>,
    /// When it was made, if not now (importers).
    pub created_at: Option<Timestamp>,
}

impl NewPost {
    /// A draft with nothing but a title and content.
    pub fn draft(kind: PostKind, title: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.into(),
            content: content.into(),
            slug: None,
            excerpt: None,
            category_id: None,
            tag_ids: Vec::new(),
            author_ids: Vec::new(),
            status: None,
            cover_image: None,
            comments_open: true,
            permalink: None,
            aliases: Vec::new(),
            published_at: None,
            created_at: None,
        }
    }
}

/// What to change of a post; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PostPatch {
    /// A new title.
    pub title: Option<String>,
    /// New Markdown.
    pub content: Option<String>,
    /// A new slug; `Some(None)` makes one from the title.
    pub slug: Option<Option<String>>,
    /// A new excerpt, or none.
    pub excerpt: Option<Option<String>>,
    /// Another category, or none.
    pub category_id: Option<Option<CategoryId>>,
    /// All tags, in order.
    pub tag_ids: Option<Vec<TagId>>,
    /// All authors, in order.
    pub author_ids: Option<Vec<UserId>>,
    /// Another status.
    pub status: Option<PostStatus>,
    /// Another cover image, or none.
    pub cover_image: Option<Option<String>>,
    /// Open or close comments.
    pub comments_open: Option<bool>,
    /// Another date of publication.
    pub published_at: Option<Timestamp>,
    /// Another path to keep, or none (importers only).
    pub permalink: Option<Option<String>>,
    /// More old paths that lead here (importers only).
    pub aliases: Vec<String>,
}

/// Which posts a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PostFilter {
    /// Post or page; both if unset.
    pub kind: Option<PostKind>,
    /// A status; all that the actor may see if unset.
    pub status: Option<PostStatus>,
    /// In this category or one beneath it.
    pub categories: Option<Vec<CategoryId>>,
    /// With this tag.
    pub tag: Option<TagId>,
    /// By this author.
    pub author: Option<UserId>,
}

/// A path that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A published post or page lives here.
    Post(Box<Post>),
    /// It moved there.
    MovedTo(String),
}

/// A slug that was chosen or one that may be numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedSlug {
    pub(super) slug: Slug,
    /// Whether a taken one gets a number rather than an error.
    pub(super) may_be_numbered: bool,
}
