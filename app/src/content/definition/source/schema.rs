//! What the API's document says of a definition. Values are read by a reader that finds all faults at once, and written
//! in the shortest form, so that nothing is ever made of these types but their schema.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// A content type, as its author describes it. What is left out is as it is by default.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContentTypeSource {
    /// Names the type in addresses, files and manifests: 1 to 40 lower-case letters, digits and underscores, beginning
    /// with a letter. It never changes.
    #[schema(example = "event")]
    pub name: String,
    /// What people call one entry; 1 to 60 characters.
    #[schema(example = "Event")]
    pub singular: String,
    /// What people call several; 1 to 60 characters.
    #[schema(example = "Events")]
    pub plural: String,
    /// A sentence or two; at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether entries are drafts first (default true); otherwise every entry is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drafts: Option<bool>,
    /// Whether answers say when entries were created, changed and published (default true).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
    /// Whether answers say who created and changed entries (default true). An author then changes their own entries;
    /// those of others take the permission to edit everybody's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorship: Option<bool>,
    /// Where the pages of entries are, `/events/{slug}` or `/events/{id}`: 1 to 3 segments of lower-case letters,
    /// digits and dashes, then the slug or the id. What stands before it is the archive. Without one there are no
    /// pages.
    #[schema(example = "/events/{slug}")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permalink: Option<String>,
    /// The text field that stands for an entry in lists and titles (default: the first text field that is not private).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_field: Option<String>,
    /// The order of lists that ask for none (default `-created_at`): created_at, updated_at, published_at or a sortable
    /// field, with a dash in front for the largest first.
    #[schema(example = "-starts_at")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_sort: Option<String>,
    /// Who may read and write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access: Option<AccessSource>,
    /// 1 to 50 fields, in the order in which they are shown.
    pub fields: Vec<FieldSource>,
    /// At most 20 pairs of a filterable field of one value and something sortable, for lists that filter by the one and
    /// sort by the other. Every filterable field in the default order has an index without being named here.
    #[schema(example = json!([["category", "-starts_at"]]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub indexes: Option<Vec<Vec<String>>>,
}

/// Who may read and write entries.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccessSource {
    /// Who may read published entries: `anyone` (default), the lowest role (`subscriber`), or a permission
    /// (`edit_others`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Who may create entries and change their own: the lowest role (default `author`), or a permission. Publishing
    /// takes the permission to publish besides, where the type has drafts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<String>,
}

/// A field. Which keys it takes depends on its kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldSource {
    /// Names the field in requests and answers: 1 to 60 lower-case letters, digits and underscores, beginning with a
    /// letter.
    #[schema(example = "price")]
    pub name: String,
    /// What it holds.
    pub kind: KindSource,
    /// What the field was called before: its values come along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What people call it (default: the name in words); at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A sentence for those who fill it in; at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether a published entry must have a value; drafts may lack it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
    /// Whether no two entries may have the same value. For text, email, url, number, integer, date and datetime; a slug
    /// is so by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Whether only those see it who may change the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private: Option<bool>,
    /// Whether lists can be filtered by it. For all kinds but markdown, json and group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filterable: Option<bool>,
    /// Whether lists can be sorted by it. For all kinds of one plain value but markdown and relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sortable: Option<bool>,
    /// Whether `q` looks into it. For text, markdown, email, url, slug and select, where they are not private.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searchable: Option<bool>,
    /// What a new entry gets that says nothing of the field. Not for fields that are unique, slugs or relations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The smallest number, date or moment; the fewest characters of a text; the fewest values of a field that takes
    /// many; the fewest items of a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Value>,
    /// The largest, or the most, of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Value>,
    /// text, email, url: a regular expression that the whole text must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// select: 1 to 500 options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<Vec<OptionSource>>,
    /// select, relation: whether it takes several values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub many: Option<bool>,
    /// slug: the text field that it is made from where it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// relation: what it leads to: `post`, `page`, `user` or the name of a type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// relation: what becomes of it when what it leads to is removed (default: `clear`, and `restrict` where the
    /// relation is required).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_delete: Option<OnDeleteSource>,
    /// group: the fields of every item, 1 to 20 of any kind but slug, relation and group. They take name, kind, label,
    /// help, required and the keys of their kind.
    #[schema(no_recursion)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<FieldSource>>,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KindSource {
    /// One line of plain text.
    Text,
    /// Markdown.
    Markdown,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A day, `2026-01-31`.
    Date,
    /// A moment, RFC 3339.
    DateTime,
    /// One of the options, or several.
    Select,
    /// An e-mail address.
    Email,
    /// An absolute address of http or https.
    Url,
    /// A part of an address.
    Slug,
    /// Any JSON.
    Json,
    /// The id of something else on this site, or several.
    Relation,
    /// Several times the same few fields.
    Group,
}

/// What becomes of a relation when what it leads to is removed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnDeleteSource {
    /// It is taken out of the entry.
    Clear,
    /// What it leads to cannot be removed.
    Restrict,
}

/// An option of a select: its value, which people see as it is, or a value with a label.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum OptionSource {
    /// The value alone.
    Value(String),
    /// A value with what people see.
    Labelled(LabelledOption),
}

/// An option whose label differs from its value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LabelledOption {
    /// What is kept: at most 100 characters without commas.
    pub value: String,
    /// What people see (default: the value).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}
