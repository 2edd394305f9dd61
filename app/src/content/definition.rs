//! What a content type is, as its author describes it.

mod names;
pub mod source;

use std::fmt;

use regex::Regex;
use serde_json::Value;

pub use names::{FieldName, TypeName};

use crate::auth::{Actor, Permission, Role};

/// Most fields of one type; plugins' tables have a column for each.
pub const FIELDS: usize = 50;
/// Most fields of a group.
pub const GROUP_FIELDS: usize = 20;
/// Most options of a select.
pub const OPTIONS: usize = 500;
/// Most values of a field that takes many, and most items of a group.
pub const ITEMS: u64 = 1_000;
/// The longest text that an index takes, in characters.
pub const INDEXED_LENGTH: u64 = 255;
/// The longest text, in bytes.
pub const TEXT_LENGTH: u64 = 512 * 1024;

/// A content type.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeDefinition {
    /// Names it in addresses, files and manifests; never changes.
    pub name: TypeName,
    /// What people call one entry.
    pub singular: String,
    /// What people call several.
    pub plural: String,
    /// A sentence or two, or empty.
    pub description: String,
    /// Whether entries are drafts first; otherwise every entry is published.
    pub drafts: bool,
    /// Whether answers say when entries were created and changed.
    pub timestamps: bool,
    /// Whether answers say who created and changed entries, and whose entry it is matters.
    pub authorship: bool,
    /// Where pages of entries are; none where there are no pages.
    pub permalink: Option<Permalink>,
    /// The text field that stands for an entry in lists and titles; always one of the fields, where there is a text field.
    pub title_field: Option<FieldName>,
    /// The order of lists that ask for none.
    pub default_sort: Sort,
    /// Who may read and write.
    pub access: Access,
    /// In the order in which they are shown.
    pub fields: Vec<Field>,
    /// Pairs of a filter and an order that shall be found through one index, beside each filter in the default order.
    pub indexes: Vec<CompoundIndex>,
}

impl TypeDefinition {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.as_str() == name)
    }

    /// The field that names entries in addresses; at most one is of this kind.
    pub fn slug_field(&self) -> Option<&Field> {
        self.fields.iter().find(|field| matches!(field.kind, Kind::Slug { .. }))
    }

    /// The moments that lists can be filtered and sorted by: none where answers do not tell them.
    pub fn moments(&self) -> &'static [SortKey] {
        static MOMENTS: [SortKey; 3] = SortKey::MOMENTS;
        if self.timestamps { &MOMENTS } else { &[] }
    }
}

/// Where the pages of entries are: `/events/{slug}` or `/events/{id}`. The archive is what stands before the last segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permalink {
    /// With a leading slash and none at the end: `/events`.
    pub prefix: String,
    /// Whether the last segment is the entry's slug; otherwise its id.
    pub by_slug: bool,
}

/// Who may do what. Reading is about published entries; drafts are for those who may edit them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who may read published entries.
    pub read: Requirement,
    /// Who may create entries and change their own; those of others take the permission to edit others' content, where
    /// the type has authorship. Publishing takes the permission to publish, where the type has drafts.
    pub write: Requirement,
}

/// What one must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Anybody, signed in or not; only for reading.
    Anyone,
    /// A user of at least this role.
    Role(Role),
    /// A user who has this permission.
    Permission(Permission),
}

impl Requirement {
    /// Whether the actor meets it.
    pub fn is_met_by(self, actor: &Actor) -> bool {
        match (self, actor) {
            (Self::Anyone, _) | (_, Actor::System) => true,
            (Self::Role(lowest), Actor::User { role, .. }) => *role >= lowest,
            (Self::Permission(permission), Actor::User { .. }) => actor.may(permission),
            (_, Actor::Anonymous) => false,
        }
    }
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// By what.
    pub key: SortKey,
    /// The largest first. Written with a `-` in front.
    pub descending: bool,
}

/// As it stands in files and requests: `-created_at`.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.key.as_str())
    }
}

/// What entries can be sorted by. The id decides between equals, in the same direction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SortKey {
    /// When it was created.
    CreatedAt,
    /// When it was last changed.
    UpdatedAt,
    /// When it was published; of a draft, when it was created.
    PublishedAt,
    /// A sortable field.
    Field(FieldName),
}

impl SortKey {
    /// What every entry has, whatever its fields.
    pub const MOMENTS: [Self; 3] = [Self::CreatedAt, Self::UpdatedAt, Self::PublishedAt];

    /// As it stands in files and requests.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::PublishedAt => "published_at",
            Self::Field(name) => name.as_str(),
        }
    }
}

/// A filter and an order that one index serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompoundIndex {
    /// A filterable field of one value.
    pub filter: FieldName,
    /// An order.
    pub sort: SortKey,
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Names it in requests and answers.
    pub name: FieldName,
    /// What the field was called before, so that its values come along.
    pub was: Option<FieldName>,
    /// What people call it.
    pub label: String,
    /// A sentence for those who fill it in, or empty.
    pub help: String,
    /// Whether a published entry must have a value.
    pub required: bool,
    /// Whether no two entries may have the same value.
    pub unique: bool,
    /// Whether it is kept from public answers, pages, feeds and plugins' tables.
    pub private: bool,
    /// Whether lists can be filtered by it.
    pub filterable: bool,
    /// Whether lists can be sorted by it.
    pub sortable: bool,
    /// Whether `q` looks into it.
    pub searchable: bool,
    /// What a new entry gets that says nothing of it.
    pub default: Option<Value>,
    /// What it holds.
    pub kind: Kind,
}

/// What a field holds, with the rules of its values.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// One line of plain text.
    Text(TextRules),
    /// Markdown.
    Markdown(TextRules),
    /// A number.
    Number(Bounds<f64>),
    /// A whole number that a double holds exactly.
    Integer(Bounds<i64>),
    /// Yes or no.
    Boolean,
    /// A day, `2026-01-31`; bounds are such texts.
    Date(Bounds<String>),
    /// A moment, kept as RFC 3339 in UTC with milliseconds; bounds are such texts.
    DateTime(Bounds<String>),
    /// One of these, or several.
    Select {
        /// In order.
        options: Vec<Choice>,
        /// How many; none where it is one.
        many: Option<Bounds<u64>>,
    },
    /// An e-mail address.
    Email(TextRules),
    /// An absolute address of http or https.
    Url(TextRules),
    /// A part of an address, made from another field where it is left out. Always unique.
    Slug {
        /// The text field that it is made from.
        from: Option<FieldName>,
    },
    /// Any JSON.
    Json,
    /// Something else on this site.
    Relation {
        /// What.
        to: Target,
        /// How many; none where it is one.
        many: Option<Bounds<u64>>,
        /// What becomes of it when that is removed.
        on_delete: OnDelete,
    },
    /// Several times the same few fields.
    Group {
        /// Of every item. No slugs, relations or groups; nothing unique, filterable or sortable.
        fields: Vec<Field>,
        /// How many items.
        items: Bounds<u64>,
    },
}

impl Kind {
    /// The name in files and in the API.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Markdown(_) => "markdown",
            Self::Number(_) => "number",
            Self::Integer(_) => "integer",
            Self::Boolean => "boolean",
            Self::Date(_) => "date",
            Self::DateTime(_) => "datetime",
            Self::Select { .. } => "select",
            Self::Email(_) => "email",
            Self::Url(_) => "url",
            Self::Slug { .. } => "slug",
            Self::Json => "json",
            Self::Relation { .. } => "relation",
            Self::Group { .. } => "group",
        }
    }

    /// Whether its values are lists of single values, which filters look into with `contains`.
    pub const fn is_many(&self) -> bool {
        matches!(self, Self::Select { many: Some(_), .. } | Self::Relation { many: Some(_), .. })
    }
}

/// The smallest and the largest; both may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds<T> {
    /// Not less than this.
    pub min: Option<T>,
    /// Not more than this.
    pub max: Option<T>,
}

impl<T> Default for Bounds<T> {
    fn default() -> Self {
        Self { min: None, max: None }
    }
}

/// The rules of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextRules {
    /// In characters.
    pub length: Bounds<u64>,
    /// What the whole text must match.
    pub pattern: Option<Pattern>,
}

/// A regular expression that the whole text must match.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// As it was written.
    pub text: String,
    /// Anchored at both ends.
    pub regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// One option of a select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is kept.
    pub value: String,
    /// What people see.
    pub label: String,
}

/// What a relation leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Posts of the blog.
    Post,
    /// Pages that stand alone.
    Page,
    /// Users.
    User,
    /// Entries of a type, which may be the same.
    Type(TypeName),
}

impl Target {
    /// The name in files and in the API.
    pub fn name(&self) -> &str {
        match self {
            Self::Post => "post",
            Self::Page => "page",
            Self::User => "user",
            Self::Type(name) => name.as_str(),
        }
    }
}

/// What becomes of a relation when what it leads to is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDelete {
    /// It is taken out of the entry.
    Clear,
    /// What it leads to cannot be removed while the relation is there. Always so where the relation is required.
    Restrict,
}
