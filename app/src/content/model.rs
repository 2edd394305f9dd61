//! What a content type is on this site, and what an entry is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{
    TypeDefinition,
    definition::{Sort, SortKey},
    layout::Layout,
};
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    error::{ApiError, ErrorCode, Result},
    ids::{EntryId, UserId},
};

/// Values by the names of their fields; a field without a value is not in it.
pub type Fields = Map<String, Value>;

/// Who owns a type: a file's is changed in its file, the API's through the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// A file in `extensions/content-types`, or one that comes with the server.
    File,
    /// Whoever made it through the API.
    Api,
}

impl Owner {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
        }
    }
}

/// A content type as it stands on this site.
#[derive(Clone, Debug, PartialEq)]
pub struct ContentType {
    /// Names its table.
    pub number: i64,
    /// Grows with every change of the definition.
    pub version: i64,
    /// Who owns it.
    pub owner: Owner,
    /// Whether it is served.
    pub enabled: bool,
    /// What its author described.
    pub definition: TypeDefinition,
    /// Where the values are.
    pub layout: Layout,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ContentType {
    /// Its name.
    pub fn name(&self) -> &str {
        self.definition.name.as_str()
    }

    /// The table of its entries.
    pub fn table(&self) -> String {
        format!("content_{}", self.number)
    }

    /// Whether the actor may read published entries.
    pub fn may_read(&self, actor: &Actor) -> bool {
        self.definition.access.read.is_met_by(actor) || self.may_write(actor)
    }

    /// Whether the actor may create entries.
    pub fn may_write(&self, actor: &Actor) -> bool {
        self.definition.access.write.is_met_by(actor)
    }

    /// Fails with `unauthenticated` or `forbidden` unless the actor may read published entries.
    pub fn require_read(&self, actor: &Actor) -> Result<()> {
        if self.may_read(actor) { Ok(()) } else { Err(self.refused(actor, "read")) }
    }

    /// Fails with `unauthenticated` or `forbidden` unless the actor may create entries.
    pub fn require_write(&self, actor: &Actor) -> Result<()> {
        if self.may_write(actor) { Ok(()) } else { Err(self.refused(actor, "write")) }
    }

    fn refused(&self, actor: &Actor, what: &str) -> ApiError {
        match actor {
            Actor::Anonymous => {
                ApiError::new(ErrorCode::Unauthenticated, format!("Sign in to {what} entries of this type."))
            }
            _ => {
                let detail = format!("You may not {what} entries of `{}`.", self.name());
                ApiError::new(ErrorCode::Forbidden, detail)
            }
        }
    }

    /// Whether the actor may change this entry, and so see it as a draft and with its private fields.
    pub fn may_edit(&self, actor: &Actor, entry: &Entry) -> bool {
        let is_own = actor.user_id().is_some() && entry.created_by == actor.user_id();
        self.may_write(actor) && (!self.definition.authorship || is_own || actor.may(Permission::EditOthers))
    }

    /// Whether the actor may publish, and change what is published.
    pub fn may_publish(&self, actor: &Actor) -> bool {
        self.may_write(actor) && (!self.definition.drafts || actor.may(Permission::PublishPosts))
    }
}

/// Whether readers see an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryStatus {
    /// Seen by those who may edit it.
    Draft,
    /// Seen by everybody who may read the type.
    Published,
}

impl EntryStatus {
    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Published].into_iter().find(|status| status.as_str() == text)
    }
}

/// An entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Identity.
    pub id: EntryId,
    /// Draft or published.
    pub status: EntryStatus,
    /// Values by the names of the fields.
    pub fields: Fields,
    /// What is stored, by keys: with the values of fields that are gone. A change keeps what it does not know. Empty in
    /// entries that were read to be shown; those are never written.
    pub stored: Map<String, Value>,
    /// Who made it; unset when it was the engine.
    pub created_by: Option<UserId>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was first published.
    pub published_at: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
}

impl Entry {
    /// What names it in addresses; none for a type without a slug field, or a draft without one.
    pub fn slug(&self, definition: &TypeDefinition) -> Option<&str> {
        self.fields.get(definition.slug_field()?.name.as_str())?.as_str()
    }

    /// What stands for it in lists and titles; its id where it has nothing better.
    pub fn title(&self, definition: &TypeDefinition) -> String {
        let title = definition.title_field.as_ref().and_then(|name| self.fields.get(name.as_str()));
        title.and_then(Value::as_str).map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// The path of its page, with a leading slash; none where the type has no pages.
    pub fn path(&self, definition: &TypeDefinition) -> Option<String> {
        let permalink = definition.permalink.as_ref()?;
        let last = if permalink.by_slug { self.slug(definition)?.to_owned() } else { self.id.to_string() };
        Some(format!("{}/{last}", permalink.prefix))
    }

    /// Whether readers of the type see it.
    pub fn is_public(&self) -> bool {
        self.status == EntryStatus::Published
    }

    /// Puts what is stored under the names of today's fields.
    pub fn named(definition: &TypeDefinition, layout: &Layout, stored: &Map<String, Value>) -> Fields {
        let value = |field: &super::Field| {
            let value = stored.get(layout.key(field.name.as_str())?)?;
            (!value.is_null()).then(|| (field.name.to_string(), value.clone()))
        };
        definition.fields.iter().filter_map(value).collect()
    }
}

/// An entry to be created.
#[derive(Clone, Debug, Default)]
pub struct NewEntry {
    /// Importers bring ids along.
    pub id: Option<EntryId>,
    /// Draft where the type has drafts, unless this says otherwise.
    pub status: Option<EntryStatus>,
    /// Values by the names of the fields.
    pub fields: Fields,
    /// Who made it (importers); the acting user if unset.
    pub created_by: Option<UserId>,
    /// When it was made (importers).
    pub created_at: Option<Timestamp>,
    /// When it was last changed (importers).
    pub updated_at: Option<Timestamp>,
    /// When it was published (importers).
    pub published_at: Option<Timestamp>,
}

/// What to change of an entry; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct EntryPatch {
    /// Another status.
    pub status: Option<EntryStatus>,
    /// Other values; null takes one away.
    pub fields: Fields,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `filter[price]=10` or `filter[price][eq]=10`.
    Equal,
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
    /// `in`, values joined by commas.
    In,
    /// `contains`, of a field that takes many.
    Contains,
    /// `null`, `true` or `false`.
    IsNull,
}

/// A value that an index compares: numbers and booleans (1 or 0) as numbers, all else as text. Moments of
/// [`SortKey::CreatedAt`] and the like are numbers of milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IndexValue {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
}

/// One condition of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// What is compared: a filterable field, or one of the moments.
    pub key: SortKey,
    /// How.
    pub operator: Operator,
    /// With what: one value, but for `in`, which has several, and `null`, which has the number 1 or 0.
    pub values: Vec<IndexValue>,
}

/// Where a list goes on: after the entry with this id, which has this value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryCursor {
    /// What the list is sorted by.
    pub value: IndexValue,
    /// The entry.
    pub id: EntryId,
}

/// Which entries a list shows. Everything in it was checked against the type already.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryList {
    /// Of one status.
    pub status: EntryStatus,
    /// Of one user.
    pub created_by: Option<UserId>,
    /// All of these are met.
    pub conditions: Vec<Condition>,
    /// Words that are all in the searchable fields, the last of them perhaps not finished.
    pub search: Option<String>,
    /// In this order.
    pub sort: Sort,
    /// Going on from here.
    pub after: Option<EntryCursor>,
    /// At most so many.
    pub limit: u64,
}

/// Everything of a type, and its entry: what pages and answers are made of.
#[derive(Clone, Debug)]
pub struct TypedEntry {
    /// The type.
    pub content_type: Arc<ContentType>,
    /// The entry.
    pub entry: Entry,
}

/// One thing that a relation leads to, found again by what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The key of the field.
    pub key: String,
    /// The id of what it leads to, or the option of a select that takes many.
    pub value: String,
    /// `entry`, `post` (pages, too) or `user`; none for the option of a select.
    pub target: Option<&'static str>,
}
