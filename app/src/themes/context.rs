//! What templates get: the contract that the README of the themes spells out. Every field is always there; what can be
//! missing is none.

mod content;

use minijinja::Value;
use serde::Serialize;

pub use content::{
    ContentArchivePage, ContentContext, ContentField, ContentLink, ContentPage, ContentSummary,
    ContentTypeContext,
};

use crate::render::sanitize::SafeHtml;

/// On every page: the site around it.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// The site itself.
    pub site: SiteContext,
    /// The pages that stand alone.
    pub navigation: Vec<NavigationItem>,
    /// The Atom feed.
    pub feed: FeedContext,
    /// What stands in the head.
    pub page: PageContext,
}

/// What the site says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct SiteContext {
    /// Its name.
    pub title: String,
    /// A sentence, or empty.
    pub description: String,
    /// Base URL without a slash at the end.
    pub url: String,
    /// For `<html lang>`.
    pub language: String,
    /// Engine name and version.
    pub generator: &'static str,
}

/// One entry of the navigation.
#[derive(Clone, Debug, Serialize)]
pub struct NavigationItem {
    /// Plain text.
    pub title: String,
    /// Where it leads.
    pub url: String,
    /// Whether it leads to this very page.
    pub current: bool,
}

/// The site's Atom feed.
#[derive(Clone, Debug, Serialize)]
pub struct FeedContext {
    /// Plain text.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// What stands in the head of a page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PageContext {
    /// `home`, `post`, `page`, `category`, `tag`, `author`, `content`, `content-archive`, `search` or `error`.
    pub kind: &'static str,
    /// The whole text of `<title>`.
    pub title: String,
    /// For `<meta name="description">`, or empty.
    pub description: String,
    /// Absolute URL; none on error pages.
    pub canonical: Option<String>,
    /// `website` or `article`.
    pub og_type: &'static str,
    /// URL or path of the image to share.
    pub image: Option<String>,
    /// RFC 3339 time of an article.
    pub published: Option<String>,
    /// RFC 3339 time of an article.
    pub modified: Option<String>,
    /// For `<meta name="robots">`.
    pub robots: Option<&'static str>,
    /// For `<link rel="prev">`.
    pub prev: Option<String>,
    /// For `<link rel="next">`.
    pub next: Option<String>,
    /// The Atom feed of what the page is about, beside the site's own: that of a content type.
    pub feed: Option<FeedContext>,
}

/// A name with its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NamedLink {
    /// What readers see.
    pub name: String,
    /// Where it leads.
    pub url: String,
}

/// A title with its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TitledLink {
    /// What readers see.
    pub title: String,
    /// Where it leads.
    pub url: String,
}

/// A post in a list.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Plain text.
    pub title: String,
    /// The post's page.
    pub url: String,
    /// Plain text.
    pub excerpt: Option<String>,
    /// An image without a description.
    pub cover_image: Option<String>,
    /// RFC 3339 time.
    pub published_at: String,
    /// Whose names stand above it.
    pub authors: Vec<NamedLink>,
    /// In the author's order.
    pub tags: Vec<NamedLink>,
    /// At most one.
    pub category: Option<NamedLink>,
    /// Approved comments.
    pub comment_count: i64,
}

/// A list of posts: home and archives.
#[derive(Clone, Debug, Serialize)]
pub struct ListPage {
    /// The site around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// Newest first.
    pub posts: Vec<Summary>,
    /// The other pages of the list.
    pub pagination: Pagination,
    /// What the archive is about; not defined on the home page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<Archive>,
}

/// The pages of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pagination {
    /// This page, from 1.
    pub page: u64,
    /// How many there are, at least 1.
    pub pages: u64,
    /// The page before, with newer posts.
    pub newer: Option<String>,
    /// The page after, with older posts.
    pub older: Option<String>,
    /// Links to the first, the last and the pages near this one.
    pub pages_list: Vec<PageLink>,
}

/// A link to a page of a list, or a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageLink {
    /// The page; none for a gap.
    pub number: Option<u64>,
    /// Where it is; none for a gap.
    pub url: Option<String>,
    /// Whether this is the page.
    pub current: bool,
    /// Whether this stands for pages left out.
    pub gap: bool,
}

/// What an archive is about.
#[derive(Clone, Debug, Serialize)]
pub struct Archive {
    /// `category`, `tag` or `author`.
    pub kind: &'static str,
    /// Its name.
    pub title: String,
    /// A few words.
    pub description: Option<String>,
    /// Posts in all.
    pub count: u64,
    /// The categories above it, outermost first.
    pub parents: Vec<NamedLink>,
    /// The categories right beneath it.
    pub children: Vec<NamedLink>,
}

/// A post or a page.
#[derive(Clone, Debug, Serialize)]
pub struct EntryPage {
    /// The site around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// The post.
    pub post: PostContext,
    /// The older neighbour.
    pub previous: Option<TitledLink>,
    /// The newer neighbour.
    pub next: Option<TitledLink>,
    /// A tree.
    pub comments: Vec<CommentContext>,
    /// Approved comments.
    pub comment_count: i64,
    /// The form.
    pub comment_form: CommentForm,
}

/// A post with its content.
#[derive(Clone, Debug, Serialize)]
pub struct PostContext {
    /// What lists show too.
    #[serde(flatten)]
    pub summary: Summary,
    /// The sanitised content, safe already.
    pub html: Value,
    /// UUID.
    pub id: String,
    /// RFC 3339 time.
    pub updated_at: String,
    /// Whether a reader may comment now.
    pub comments_open: bool,
}

/// A comment with its answers.
#[derive(Clone, Debug, Serialize)]
pub struct CommentContext {
    /// UUID.
    pub id: String,
    /// The name that readers see.
    pub author: String,
    /// Its first letter.
    pub avatar_initial: String,
    /// RFC 3339 time.
    pub date: String,
    /// Sanitised, safe already.
    pub html: Value,
    /// Its answers, oldest first.
    pub replies: Vec<CommentContext>,
}

/// The comment form as it is to be shown.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CommentForm {
    /// Where it posts to.
    pub action: String,
    /// Goes into the hidden field `token`.
    pub token: String,
    /// The comment being answered.
    pub parent: Option<CommentParent>,
    /// What the reader sent.
    pub values: CommentValues,
    /// What was wrong with it.
    pub errors: Vec<FormError>,
    /// A sentence to show after a comment was taken.
    pub notice: Option<&'static str>,
}

/// The comment being answered.
#[derive(Clone, Debug, Serialize)]
pub struct CommentParent {
    /// UUID.
    pub id: String,
    /// Who wrote it.
    pub author: String,
}

/// What the reader sent.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CommentValues {
    /// The name to be shown.
    pub nickname: String,
    /// For moderators alone.
    pub email: String,
    /// A little Markdown.
    pub content: String,
}

/// What was wrong with a field.
#[derive(Clone, Debug, Serialize)]
pub struct FormError {
    /// The field, or empty when it is about the whole.
    pub field: String,
    /// What was wrong, and what would be right.
    pub message: String,
}

/// An error page, 404 included.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorPage {
    /// The site around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// What happened.
    pub error: ErrorContext,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorContext {
    /// The HTTP status.
    pub status: u16,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub detail: Option<String>,
    /// To be quoted in a report.
    pub request_id: Option<String>,
}

/// HTML that templates show as it is.
pub fn safe(html: &SafeHtml) -> Value {
    Value::from_safe_string(html.as_str().to_owned())
}
