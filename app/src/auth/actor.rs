//! On whose behalf something happens. Every service call takes one.

use super::{Permission, Role};
use crate::{
    error::{ApiError, ErrorCode, Result},
    ids::UserId,
};

/// On whose behalf something happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is not signed in.
    Anonymous,
    /// A signed-in user.
    User {
        /// Who.
        id: UserId,
        /// With which role.
        role: Role,
    },
    /// The engine itself: first run, importers, scheduled work.
    System,
}

impl Actor {
    /// The user, if it is one.
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Anonymous | Self::System => None,
        }
    }

    /// Whether the actor has the permission.
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Anonymous => false,
            Self::User { role, .. } => role.grants(permission),
            Self::System => true,
        }
    }

    /// Fails with `unauthenticated` or `forbidden` unless the actor has the permission.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        Err(match self {
            Self::Anonymous => ApiError::new(ErrorCode::Unauthenticated, "Sign in to do this."),
            _ => ApiError::new(ErrorCode::Forbidden, format!("This needs the permission to {permission}.")),
        })
    }
}
