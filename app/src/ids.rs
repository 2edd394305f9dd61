//! Identifiers: UUIDv7, so that rows sort by age, each kind a type of its own, so that none is taken for another.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! identifiers {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = String, format = Uuid)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new identifier, later than all before it.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for sea_orm::Value {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    )+};
}

identifiers! {
    /// A post or a page.
    PostId,
    /// A category.
    CategoryId,
    /// A tag.
    TagId,
    /// A comment.
    CommentId,
    /// A user.
    UserId,
    /// An uploaded or imported file.
    MediaId,
    /// An entry of the outbox; stays the same when the event is delivered again.
    EventId,
    /// A webhook.
    WebhookId,
    /// An entry of a content type.
    EntryId,
}
