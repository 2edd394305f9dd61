//! What templates of content types get. Of private fields there is nothing in here.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{FeedContext, Frame, NamedLink, Pagination};

/// The page of an entry.
#[derive(Clone, Debug, Serialize)]
pub struct ContentPage {
    /// The site around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// What kind of entry it is.
    pub content_type: ContentTypeContext,
    /// The entry.
    pub entry: ContentContext,
}

/// A list of entries of a content type.
#[derive(Clone, Debug, Serialize)]
pub struct ContentArchivePage {
    /// The site around it.
    #[serde(flatten)]
    pub frame: Frame,
    /// What kind of entries they are.
    pub content_type: ContentTypeContext,
    /// In the type's own order.
    pub entries: Vec<ContentSummary>,
    /// Entries on all pages.
    pub entry_count: u64,
    /// The other pages of the list.
    pub pagination: Pagination,
}

/// A content type.
#[derive(Clone, Debug, Serialize)]
pub struct ContentTypeContext {
    /// Names it in templates and addresses.
    pub name: String,
    /// What people call one entry.
    pub singular: String,
    /// What people call several.
    pub plural: String,
    /// A sentence or two.
    pub description: Option<String>,
    /// The field that stands for an entry in lists and titles.
    pub title_field: Option<String>,
    /// The labels of the fields by their names.
    pub labels: BTreeMap<String, String>,
    /// The archive; none where the theme has no template for it.
    pub url: Option<String>,
    /// The Atom feed; none where the theme shows no entries.
    pub feed: Option<FeedContext>,
}

/// An entry in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ContentSummary {
    /// UUID.
    pub id: String,
    /// Plain text.
    pub title: String,
    /// The entry's page; none where the theme has no template for it.
    pub url: Option<String>,
    /// RFC 3339 time; none where the type does not show times.
    pub published_at: Option<String>,
    /// Plain text.
    pub excerpt: Option<String>,
    /// The values by the names of the fields, as the API gives them; none where there is none.
    pub values: Map<String, Json>,
    /// The same as plain text for people.
    pub display: BTreeMap<String, Option<String>>,
}

/// An entry with all that is shown of it.
#[derive(Clone, Debug, Serialize)]
pub struct ContentContext {
    /// What lists show too.
    #[serde(flatten)]
    pub summary: ContentSummary,
    /// RFC 3339 time; none where the type does not show times.
    pub updated_at: Option<String>,
    /// Who made it; none where the type does not show it.
    pub author: Option<NamedLink>,
    /// The fields that have a value, in the type's order.
    pub fields: Vec<ContentField>,
    /// The sanitised HTML of Markdown by the names of the fields, safe already; none where there is none.
    pub html: BTreeMap<String, Option<Value>>,
    /// What relations lead to by the names of the fields; without what readers may not see.
    pub relations: BTreeMap<String, Vec<ContentLink>>,
}

/// A field of an entry with its value, ready to be shown.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ContentField {
    /// As in `values`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// `text`, `markdown`, `number`, `integer`, `boolean`, `date`, `datetime`, `select`, `email`, `url`, `slug`,
    /// `json`, `relation` or `group`.
    pub kind: &'static str,
    /// Plain text; none for Markdown and groups.
    pub value: Option<String>,
    /// Of a date or datetime, for `<time datetime>`.
    pub datetime: Option<String>,
    /// Of a URL or e-mail address, for `<a href>`.
    pub url: Option<String>,
    /// Of Markdown: sanitised, safe already.
    pub html: Option<Value>,
    /// Of a relation: what it leads to.
    pub links: Vec<ContentLink>,
    /// Of a select that takes many: the chosen options.
    pub items: Vec<String>,
    /// Of a group: the labels of its fields.
    pub columns: Vec<String>,
    /// Of a group: its items, each with one cell for each column.
    pub rows: Vec<Vec<ContentField>>,
}

/// Something that a relation leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContentLink {
    /// What readers see.
    pub title: String,
    /// Where it is; none where it has no page.
    pub url: Option<String>,
}
