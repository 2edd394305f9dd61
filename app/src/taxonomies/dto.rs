//! Categories and tags on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Category, Tag};
use crate::{
    http::double_option,
    ids::{CategoryId, TagId},
};

/// A category or tag, as a post refers to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TermReference<Id> {
    /// Identity.
    pub id: Id,
    /// What readers see.
    pub name: String,
    /// The last part of its page's address.
    pub slug: String,
}

impl From<&Category> for TermReference<CategoryId> {
    fn from(term: &Category) -> Self {
        Self { id: term.id, name: term.name.clone(), slug: term.slug.clone() }
    }
}

impl From<&Tag> for TermReference<TagId> {
    fn from(term: &Tag) -> Self {
        Self { id: term.id, name: term.name.clone(), slug: term.slug.clone() }
    }
}

/// A category.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Category)]
pub struct CategoryResponse {
    /// Identity.
    pub id: CategoryId,
    /// The category that this one is part of.
    pub parent_id: Option<CategoryId>,
    /// What readers see.
    pub name: String,
    /// Unique among categories.
    pub slug: String,
    /// A sentence for the category's page.
    pub description: String,
    /// For If-Match.
    pub version: i64,
}

impl From<&Category> for CategoryResponse {
    fn from(term: &Category) -> Self {
        Self {
            id: term.id,
            parent_id: term.parent_id,
            name: term.name.clone(),
            slug: term.slug.clone(),
            description: term.description.clone(),
            version: term.version,
        }
    }
}

/// A tag.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Tag)]
pub struct TagResponse {
    /// Identity.
    pub id: TagId,
    /// What readers see.
    pub name: String,
    /// Unique among tags.
    pub slug: String,
    /// A sentence for the tag's page.
    pub description: String,
    /// For If-Match.
    pub version: i64,
}

impl From<&Tag> for TagResponse {
    fn from(term: &Tag) -> Self {
        Self {
            id: term.id,
            name: term.name.clone(),
            slug: term.slug.clone(),
            description: term.description.clone(),
            version: term.version,
        }
    }
}

/// A category or tag to be created.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTermRequest {
    /// What readers see; 1 to 120 characters.
    pub name: String,
    /// Made from the name if left out.
    pub slug: Option<String>,
    /// A sentence for its page.
    #[serde(default)]
    pub description: String,
    /// The category that it is part of; categories only.
    pub parent_id: Option<CategoryId>,
}

/// What to change of a category or tag; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateTermRequest {
    /// What readers see; 1 to 120 characters.
    pub name: Option<String>,
    /// Unique among its kind.
    pub slug: Option<String>,
    /// A sentence for its page.
    pub description: Option<String>,
    /// The category that it is part of, or null; categories only.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    pub parent_id: Option<Option<CategoryId>>,
}
