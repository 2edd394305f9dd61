//! Content types and entries on the wire. Entries of a type have a shape of their own, which [`super::openapi`]
//! describes; what stands here of entries is what all have in common.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{
    EntryStatus,
    definition::source::{self, ContentTypeSource},
    model::Owner,
    types::{FileState, TypeOverview, TypeState},
};
use crate::{
    clock::Timestamp,
    error::FieldError,
    ids::{EntryId, PostId, UserId},
    posts::{Post, PostKind},
};

/// An entry of a content type. Types that keep no times or no authorship leave out the members that are about them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ContentEntry)]
pub struct EntryResponse {
    /// Identity.
    pub id: EntryId,
    /// The name of its type.
    #[serde(rename = "type")]
    pub content_type: String,
    /// Draft or published.
    pub status: EntryStatus,
    /// Values by the names of the fields; null where a field has none. Private fields are there for those who may
    /// change the entry. A relation is an id, or several, unless it was asked to be expanded.
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
    /// Fields of Markdown as safe HTML; only when asked for with `include=html`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub html: Option<BTreeMap<String, String>>,
    /// The address of its page; null where it has none, as drafts and types that not everybody may read.
    pub url: Option<String>,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub updated_at: Option<Timestamp>,
    /// When it was first published.
    pub published_at: Option<Timestamp>,
    /// Who made it; null when it was the engine.
    pub created_by: Option<UserId>,
    /// Who changed it last.
    pub updated_by: Option<UserId>,
    /// For If-Match.
    pub version: i64,
}

/// An entry to be created.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = NewContentEntry)]
#[serde(deny_unknown_fields)]
pub struct EntryRequest {
    /// Draft if left out, where the type has drafts. Publishing takes the permission to publish there.
    #[schema(nullable = false)]
    pub status: Option<EntryStatus>,
    /// Values by the names of the fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// What to change of an entry; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ContentEntryPatch)]
#[serde(deny_unknown_fields)]
pub struct EntryPatchRequest {
    /// Draft or published.
    #[schema(nullable = false)]
    pub status: Option<EntryStatus>,
    /// Values by the names of the fields; null clears.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub fields: Map<String, Value>,
}

/// Several entries to be created, all or none.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = NewContentEntries)]
#[serde(deny_unknown_fields)]
pub struct BulkRequest {
    /// In order.
    #[schema(min_items = 1, max_items = 500)]
    pub items: Vec<EntryRequest>,
}

/// Several entries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ContentEntries)]
pub struct BulkResponse {
    /// In the order of the request.
    pub items: Vec<EntryResponse>,
}

/// Which entries, and how much of them. Only what the type declares can be asked for; the paths of the types themselves
/// say what that is.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListEntriesQuery {
    /// Published if left out. Drafts are for those who may write; without the permission to edit others' content, one's
    /// own.
    pub status: Option<EntryStatus>,
    /// Conditions that all are met, such as `filter[category]=music`, `filter[price][gte]=10`,
    /// `filter[category][in]=music,theatre`, `filter[tags][contains]=free` and `filter[venue][null]=true`. Of
    /// filterable fields, and of created_at, updated_at and published_at with `gt`, `gte`, `lt` and `lte`.
    #[param(style = DeepObject, explode)]
    pub filter: Option<BTreeMap<String, String>>,
    /// A sortable field, or created_at, updated_at or published_at; with `-` in front the largest first.
    pub sort: Option<String>,
    /// Words that are all in the searchable fields; the last one may be unfinished.
    pub q: Option<String>,
    /// Fields, joined by commas; all if left out.
    pub fields: Option<String>,
    /// Relations, joined by commas, that are to be what they lead to instead of ids: at most 2000 things in one answer.
    pub expand: Option<String>,
    /// `html` adds fields of Markdown as safe HTML.
    pub include: Option<String>,
    /// From the last page's `next_cursor`, with the same `sort`.
    pub cursor: Option<String>,
    /// How many; 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u64>,
}

/// How much of an entry.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReadEntryQuery {
    /// Fields, joined by commas; all if left out.
    pub fields: Option<String>,
    /// Relations, joined by commas, that are to be what they lead to instead of ids: at most 2000 things in one answer.
    pub expand: Option<String>,
    /// `html` adds fields of Markdown as safe HTML.
    pub include: Option<String>,
}

/// A post or page that a relation leads to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RelatedPost {
    /// Identity.
    pub id: PostId,
    /// Post or page.
    pub kind: PostKind,
    /// Plain text.
    pub title: String,
    /// Unique among posts and pages.
    pub slug: String,
    /// The address of its page.
    pub url: String,
    /// Plain text for lists and feeds.
    pub excerpt: Option<String>,
    /// When it was first published.
    pub published_at: Option<Timestamp>,
}

impl RelatedPost {
    /// A post whose page is at this address.
    pub fn new(post: &Post, url: String) -> Self {
        Self {
            id: post.id,
            kind: post.kind,
            title: post.title.clone(),
            slug: post.slug.clone(),
            url,
            excerpt: post.excerpt.clone(),
            published_at: post.published_at,
        }
    }
}

/// A content type, as administrators see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ContentType)]
pub struct ContentTypeResponse {
    /// Names it in addresses and files.
    pub name: String,
    /// Whose it is: a file's is changed in its file, the API's through the API.
    pub owner: Owner,
    /// Where it stands.
    pub state: TypeState,
    /// Whether its file says something else than what stands, and waits to be applied.
    pub is_pending: bool,
    /// What stands; of a type that was never made, what its file describes. Null where that cannot be read.
    #[schema(value_type = Option<ContentTypeSource>)]
    pub definition: Option<Value>,
    /// Grows with every change of the definition; null of a type that was never made.
    pub version: Option<i64>,
    /// How many entries it has; null of a type that was never made.
    pub entries: Option<u64>,
    /// Fields that are gone, whose values are kept until they are purged.
    pub retired: Vec<RetiredFieldResponse>,
    /// Its file; null where it has none.
    pub file: Option<TypeFileResponse>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
}

/// A field that is gone.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RetiredField)]
pub struct RetiredFieldResponse {
    /// What it was called.
    pub name: String,
    /// When it was removed.
    pub since: Timestamp,
}

/// The file of a content type.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ContentTypeFile)]
pub struct TypeFileResponse {
    /// Where it is; null of one that comes with the server.
    pub path: Option<String>,
    /// Whether the type is made without being asked for.
    pub enabled: bool,
    /// What it describes; null where it has faults.
    #[schema(value_type = Option<ContentTypeSource>)]
    pub definition: Option<Value>,
    /// What is wrong with it.
    pub faults: Vec<FieldError>,
}

impl From<&TypeOverview> for ContentTypeResponse {
    fn from(overview: &TypeOverview) -> Self {
        let content_type = overview.content_type.as_deref();
        let file = overview.file.as_ref();
        let stands = content_type.map(|content_type| &content_type.definition);
        let definition = stands.or_else(|| file.and_then(|file| file.definition.as_ref()));
        let retired =
            content_type.map(|content_type| content_type.layout.retired.as_slice()).unwrap_or_default();
        Self {
            name: overview.name.clone(),
            owner: overview.owner,
            state: overview.state,
            is_pending: overview.is_pending,
            definition: definition.map(source::to_json),
            version: content_type.map(|content_type| content_type.version),
            entries: overview.entries,
            retired: retired
                .iter()
                .map(|gone| RetiredFieldResponse { name: gone.name.clone(), since: gone.since })
                .collect(),
            file: file.map(TypeFileResponse::from),
            created_at: content_type.map(|content_type| content_type.created_at),
            updated_at: content_type.map(|content_type| content_type.updated_at),
        }
    }
}

impl From<&FileState> for TypeFileResponse {
    fn from(file: &FileState) -> Self {
        Self {
            path: file.path.as_ref().map(|path| path.display().to_string()),
            enabled: file.enabled,
            definition: file.definition.as_ref().map(source::to_json),
            faults: file.faults.clone(),
        }
    }
}

/// A change of a content type.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ContentTypeChange)]
#[serde(deny_unknown_fields)]
pub struct ChangeTypeRequest {
    /// The type as it shall be, whole. Left out for a type of a file, whose file says so.
    #[schema(value_type = Option<ContentTypeSource>, nullable = false)]
    pub definition: Option<Value>,
    /// By the names of fields, what entries get that would have no valid value there; null clears.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, Option<Value>>)]
    pub fill: Map<String, Value>,
}

/// Which values to remove for good.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(as = ContentTypePurge)]
#[serde(deny_unknown_fields)]
pub struct PurgeTypeRequest {
    /// Names of fields that are gone; all of them if left out.
    #[schema(nullable = false)]
    pub fields: Option<Vec<String>>,
}

/// What was removed for good.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = ContentTypePurged)]
pub struct PurgeTypeResponse {
    /// From how many entries.
    pub entries: u64,
}

/// What becomes of the entries of a type that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RemovedEntries {
    /// They are removed, too.
    Delete,
}

/// How to remove a content type.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RemoveTypeQuery {
    /// `delete` removes its entries, too. Left out, a type that has entries stays.
    #[param(inline)]
    pub entries: Option<RemovedEntries>,
}
