//! Users on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{User, UserStatus};
use crate::{
    auth::{Role, password::Password},
    clock::Timestamp,
    ids::UserId,
};

/// A user, as administrators and the user see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserResponse {
    /// Identity.
    pub id: UserId,
    /// Unset for authors who never sign in.
    pub email: Option<String>,
    /// Unique.
    pub username: String,
    /// The name that readers see.
    pub display_name: String,
    /// A few words for the author page.
    pub bio: String,
    /// What the user may do.
    pub role: Role,
    /// Whether the account may be used.
    pub status: UserStatus,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl From<User> for UserResponse {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            username: user.username,
            display_name: user.display_name,
            bio: user.bio,
            role: user.role,
            status: user.status,
            created_at: user.created_at,
        }
    }
}

/// An author, as everybody sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Author)]
pub struct AuthorResponse {
    /// Identity.
    pub id: UserId,
    /// Unique; the last part of the author page's address.
    pub username: String,
    /// The name that readers see.
    pub display_name: String,
}

/// A user to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUserRequest {
    /// For signing in.
    pub email: String,
    /// Unique: a-z, 0-9, `-`, `_` and `.`.
    pub username: String,
    /// The name that readers see; the user name if left out.
    #[serde(default)]
    pub display_name: String,
    /// What the user may do.
    pub role: Role,
    /// At least ten characters.
    pub password: Password,
}

/// What to change of a user; what is left out stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUserRequest {
    /// The name that readers see.
    pub display_name: Option<String>,
    /// A few words for the author page.
    pub bio: Option<String>,
    /// Ends all sessions of the user.
    pub role: Option<Role>,
    /// Ends all sessions of the user.
    pub status: Option<UserStatus>,
    /// Ends all sessions of the user.
    pub password: Option<Password>,
}
