//! The views of the site that a plugin may be granted to read, and their columns.

use crate::data::{Error, ErrorCode};

const POST: [&str; 16] = [
    "id",
    "slug",
    "path",
    "title",
    "content",
    "excerpt",
    "status",
    "category_id",
    "cover_image",
    "created_by",
    "updated_by",
    "created_at",
    "updated_at",
    "published_at",
    "view_count",
    "version",
];

const VIEWS: [(&str, &[&str]); 7] = [
    ("core_posts", &POST),
    ("core_pages", &POST),
    (
        "core_comments",
        &[
            "id",
            "post_id",
            "parent_id",
            "user_id",
            "nickname",
            "content",
            "status",
            "created_at",
            "updated_at",
        ],
    ),
    ("core_categories", &["id", "parent_id", "name", "slug", "description"]),
    ("core_tags", &["id", "name", "slug", "description"]),
    ("core_post_tags", &["post_id", "tag_id"]),
    ("core_users", &["id", "username", "display_name", "bio", "role"]),
];

/// The columns of a view.
pub(super) fn columns(view: &str) -> Result<&'static [&'static str], Error> {
    VIEWS.iter().find(|(name, _)| *name == view).map(|(_, columns)| *columns).ok_or_else(|| {
        let names: Vec<&str> = VIEWS.iter().map(|(name, _)| *name).collect();
        Error::new(
            ErrorCode::Invalid,
            format!("there is no view `{view}`; the views are {}", names.join(", ")),
        )
    })
}
