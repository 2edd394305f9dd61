//! The records of `raisfast:plugin-wit`, as plain Rust structs that cross into a guest without a detour.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower};

/// What a hook hands over.
pub trait HookPayload: Clone + Send + Sync + 'static {
    /// The parameters of the guest's function.
    #[doc(hidden)]
    type Params: ComponentNamedList + Lower + Send + Sync + 'static;

    /// The parameters of one call.
    #[doc(hidden)]
    fn params(payload: &Arc<Self>) -> Self::Params;

    /// The type of custom content or the event that this is about, if it is.
    fn topic(&self) -> Option<&str> {
        None
    }
}

/// A post that is about to be created or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct PostInput {
    /// The title.
    pub title: String,
    /// The content in Markdown.
    pub content: String,
    /// The slug; none: derived on creation, kept on update.
    pub slug: Option<String>,
    /// The excerpt; none: cleared.
    pub excerpt: Option<String>,
    /// The category's id; none: cleared.
    #[component(name = "category-id")]
    pub category_id: Option<String>,
    /// The tags' ids; none: as they are.
    #[component(name = "tag-ids")]
    pub tag_ids: Option<Vec<String>>,
    /// The status; none: as it is.
    pub status: Option<String>,
    /// The cover image; none: cleared.
    #[component(name = "cover-image")]
    pub cover_image: Option<String>,
}

/// A post as it was committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct PostOutput {
    /// The id.
    pub id: String,
    /// The title.
    pub title: String,
    /// The slug.
    pub slug: String,
    /// The content in Markdown.
    pub content: String,
    /// The excerpt.
    pub excerpt: Option<String>,
    /// The status.
    pub status: String,
    /// The id of the user who created it.
    #[component(name = "created-by")]
    pub created_by: String,
    /// The id of the user who last changed it.
    #[component(name = "updated-by")]
    pub updated_by: Option<String>,
    /// The category's id.
    #[component(name = "category-id")]
    pub category_id: Option<String>,
    /// How often it was read.
    #[component(name = "view-count")]
    pub view_count: i64,
    /// When it was created, RFC 3339.
    #[component(name = "created-at")]
    pub created_at: String,
    /// When it was last changed, RFC 3339.
    #[component(name = "updated-at")]
    pub updated_at: String,
    /// When it was published, RFC 3339.
    #[component(name = "published-at")]
    pub published_at: Option<String>,
}

/// A comment, before or after it was created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct CommentInput {
    /// The text.
    pub content: String,
    /// The guest's nickname.
    pub nickname: Option<String>,
    /// The guest's email address.
    pub email: Option<String>,
    /// The id of the comment that this one answers.
    #[component(name = "parent-id")]
    pub parent_id: Option<String>,
}

/// An entry of a custom content type, before or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct ContentEvent {
    /// The content type's name.
    #[component(name = "content-type")]
    pub content_type: String,
    /// The entry as a JSON object.
    pub data: String,
    /// The entry's id; none before it is created.
    pub id: Option<String>,
}

/// An entry of a custom content type that was deleted. The contract passes its fields as two parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentDeleted {
    /// The content type's name.
    pub content_type: String,
    /// The entry's id.
    pub id: String,
}

/// An event that another plugin emitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ComponentType, Lift, Lower)]
#[component(record)]
pub struct PluginEvent {
    /// Its id, the same at every attempt to deliver it.
    pub id: String,
    /// `plugin.<id>.<type>`.
    #[component(name = "event-type")]
    pub event_type: String,
    /// JSON.
    pub data: String,
}

macro_rules! passed_whole {
    ($($payload:ty),*) => {
        $(impl HookPayload for $payload {
            type Params = (Arc<$payload>,);

            fn params(payload: &Arc<Self>) -> Self::Params {
                (Arc::clone(payload),)
            }
        })*
    };
}

passed_whole!(PostInput, PostOutput, CommentInput, String, Option<String>);

impl HookPayload for ContentEvent {
    type Params = (Arc<ContentEvent>,);

    fn params(payload: &Arc<Self>) -> Self::Params {
        (Arc::clone(payload),)
    }

    fn topic(&self) -> Option<&str> {
        Some(&self.content_type)
    }
}

impl HookPayload for PluginEvent {
    type Params = (Arc<PluginEvent>,);

    fn params(payload: &Arc<Self>) -> Self::Params {
        (Arc::clone(payload),)
    }

    fn topic(&self) -> Option<&str> {
        Some(&self.event_type)
    }
}

impl HookPayload for ContentDeleted {
    type Params = (String, String);

    fn params(payload: &Arc<Self>) -> Self::Params {
        (payload.content_type.clone(), payload.id.clone())
    }

    fn topic(&self) -> Option<&str> {
        Some(&self.content_type)
    }
}
