//! The payloads of the hooks, field by field as `plugin.wit` and `wit/host.wit` declare them.
//!
//! They are written by hand, and the generated bindings are told to use them, so that the same documented types
//! serve in WebAssembly and in an author's tests.

/// A post as it is about to be stored, handed to `on-post-creating` and `on-post-updating`.
///
/// `on-post-updating` gets the whole post as it would be after the edit, so handing the input back blanks nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostInput {
    /// The title, as plain text.
    pub title: String,
    /// The body, as Markdown.
    pub content: String,
    /// The last part of the address. `None` lets the site derive one on creation and keeps the present one on update.
    pub slug: Option<String>,
    /// A summary for lists, feeds and search engines, as plain text. `None` leaves the post without one.
    pub excerpt: Option<String>,
    /// The id of the post's category. `None` leaves the post without one.
    pub category_id: Option<String>,
    /// The ids of the post's tags. `None` keeps those it has.
    pub tag_ids: Option<Vec<String>>,
    /// `draft`, `scheduled` or `published`. `None` keeps the present status. The site still checks what the author may do.
    pub status: Option<String>,
    /// The address of the cover image. `None` leaves the post without one.
    pub cover_image: Option<String>,
}

/// A post as it was committed, handed to `on-post-created` and `on-post-updated`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostOutput {
    /// The post's id, a UUID.
    pub id: String,
    /// The title, as plain text.
    pub title: String,
    /// The last part of the address.
    pub slug: String,
    /// The body, as Markdown.
    pub content: String,
    /// The summary, as plain text.
    pub excerpt: Option<String>,
    /// `draft`, `scheduled`, `published` or `trash`.
    pub status: String,
    /// The id of the user who created the post.
    pub created_by: String,
    /// The id of the user who changed it last.
    pub updated_by: Option<String>,
    /// The id of the post's category.
    pub category_id: Option<String>,
    /// How often the post was read.
    pub view_count: i64,
    /// When it was created, RFC 3339.
    pub created_at: String,
    /// When it was changed last, RFC 3339.
    pub updated_at: String,
    /// When it was published, RFC 3339; `None` for a post that never was.
    pub published_at: Option<String>,
}

/// A comment, handed to `on-comment-creating` and `on-comment-created`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommentInput {
    /// What the visitor wrote.
    pub content: String,
    /// The name the visitor gave.
    pub nickname: Option<String>,
    /// The address the visitor gave; never shown on the site.
    pub email: Option<String>,
    /// The id of the comment that this one answers.
    pub parent_id: Option<String>,
}

/// An entry of a custom content type, handed to the four content hooks that carry data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentEvent {
    /// The name of the content type, for example `event`.
    pub content_type: String,
    /// The entry's fields as a JSON object.
    pub data: String,
    /// The entry's id; `None` while it is being created.
    pub id: Option<String>,
}

/// An event that another plugin emitted, handed to `on-event`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The same at every attempt to deliver it.
    pub id: String,
    /// `plugin.<id>.<type>`, where `<id>` is the plugin that emitted it.
    pub event_type: String,
    /// JSON.
    pub data: String,
}
