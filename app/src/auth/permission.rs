//! Roles, permissions, and the one table that joins them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a user is on this site. Each role may do all that the next lower may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads and comments.
    Subscriber,
    /// Writes drafts.
    Contributor,
    /// Publishes their own posts.
    Author,
    /// Edits and publishes everything, keeps categories, tags and comments.
    Editor,
    /// Runs the site.
    Administrator,
}

/// Something that one may be allowed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Write drafts and change one's own.
    WritePosts,
    /// Publish, change and remove one's own published posts.
    PublishPosts,
    /// Change, publish and remove everybody's posts and pages, and read their drafts.
    EditOthers,
    /// Create tags.
    CreateTags,
    /// Create, change and remove categories and tags.
    ManageTaxonomies,
    /// Read, approve and remove comments.
    ModerateComments,
    /// Create users and change their roles.
    ManageUsers,
    /// Change the site's title, description and the like.
    ManageSettings,
    /// Install, enable, disable and remove plugins, set their settings and see what they do.
    ManagePlugins,
    /// Read who did what.
    ReadAuditTrail,
    /// See and steer events, webhooks and scheduled jobs.
    ManageOperations,
    /// Describe content types, change and remove them.
    ManageContentTypes,
}

impl Permission {
    /// Every permission, with its name in content types.
    pub const NAMES: [(Permission, &str); 12] = [
        (Permission::WritePosts, "write_posts"),
        (Permission::PublishPosts, "publish_posts"),
        (Permission::EditOthers, "edit_others"),
        (Permission::CreateTags, "create_tags"),
        (Permission::ManageTaxonomies, "manage_taxonomies"),
        (Permission::ModerateComments, "moderate_comments"),
        (Permission::ManageUsers, "manage_users"),
        (Permission::ManageSettings, "manage_settings"),
        (Permission::ManagePlugins, "manage_plugins"),
        (Permission::ReadAuditTrail, "read_audit_trail"),
        (Permission::ManageOperations, "manage_operations"),
        (Permission::ManageContentTypes, "manage_content_types"),
    ];

    /// The lowest role that has it.
    const fn lowest_role(self) -> Role {
        match self {
            Self::WritePosts | Self::CreateTags => Role::Contributor,
            Self::PublishPosts => Role::Author,
            Self::EditOthers | Self::ManageTaxonomies | Self::ModerateComments => Role::Editor,
            Self::ManageUsers
            | Self::ManageSettings
            | Self::ManagePlugins
            | Self::ReadAuditTrail
            | Self::ManageOperations
            | Self::ManageContentTypes => Role::Administrator,
        }
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WritePosts => "write posts",
            Self::PublishPosts => "publish posts",
            Self::EditOthers => "edit everybody's posts and pages",
            Self::CreateTags => "create tags",
            Self::ManageTaxonomies => "manage categories and tags",
            Self::ModerateComments => "moderate comments",
            Self::ManageUsers => "manage users",
            Self::ManageSettings => "change the site's settings",
            Self::ManagePlugins => "manage plugins",
            Self::ReadAuditTrail => "read the audit trail",
            Self::ManageOperations => "see and steer events, webhooks and scheduled jobs",
            Self::ManageContentTypes => "manage content types",
        })
    }
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Role; 5] =
        [Role::Subscriber, Role::Contributor, Role::Author, Role::Editor, Role::Administrator];

    /// Whether the role has the permission.
    pub fn grants(self, permission: Permission) -> bool {
        self >= permission.lowest_role()
    }

    /// The name in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Contributor => "contributor",
            Self::Author => "author",
            Self::Editor => "editor",
            Self::Administrator => "administrator",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("`{text}` is not a role; the roles are {names}")
        })
    }
}

/// A permission as a type, so that it can stand in a handler's signature: `Guard<WritePosts>`.
pub trait PermissionMarker: 'static {
    /// The permission.
    const PERMISSION: Permission;
}

macro_rules! markers {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        pub struct $name;

        impl PermissionMarker for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )+};
}

markers! {
    /// See [`Permission::WritePosts`].
    WritePosts,
    /// See [`Permission::PublishPosts`].
    PublishPosts,
    /// See [`Permission::EditOthers`].
    EditOthers,
    /// See [`Permission::CreateTags`].
    CreateTags,
    /// See [`Permission::ManageTaxonomies`].
    ManageTaxonomies,
    /// See [`Permission::ModerateComments`].
    ModerateComments,
    /// See [`Permission::ManageUsers`].
    ManageUsers,
    /// See [`Permission::ManageSettings`].
    ManageSettings,
    /// See [`Permission::ManagePlugins`].
    ManagePlugins,
    /// See [`Permission::ReadAuditTrail`].
    ReadAuditTrail,
    /// See [`Permission::ManageOperations`].
    ManageOperations,
    /// See [`Permission::ManageContentTypes`].
    ManageContentTypes,
}

#[cfg(test)]
mod tests {
    use super::{Permission, Role};

    #[test]
    fn roles_grant_what_the_table_says() {
        assert!(!Role::Subscriber.grants(Permission::WritePosts));
        assert!(Role::Contributor.grants(Permission::WritePosts));
        assert!(!Role::Contributor.grants(Permission::PublishPosts));
        assert!(Role::Author.grants(Permission::PublishPosts));
        assert!(!Role::Author.grants(Permission::EditOthers));
        assert!(Role::Editor.grants(Permission::ModerateComments));
        assert!(!Role::Editor.grants(Permission::ManageUsers));
        assert!(Role::Administrator.grants(Permission::ManageUsers));
        assert!(!Role::Editor.grants(Permission::ManagePlugins));
        assert!(Role::Administrator.grants(Permission::ManagePlugins));
    }
}
