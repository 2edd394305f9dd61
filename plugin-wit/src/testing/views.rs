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

/// The entry in a manifest's `database` that opens a view.
pub(super) fn permission(view: &str) -> String {
    let view = view.to_ascii_lowercase();
    match view.strip_prefix("core_") {
        // Which tag a post has is told with the tags.
        Some("post_tags") => "read:tags".to_owned(),
        Some(name) => format!("read:{name}"),
        None => format!("read:{view}"),
    }
}

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

#[cfg(test)]
mod tests {
    use super::VIEWS;

    /// The site's own views are compared with the same lines.
    #[test]
    fn the_guide_names_every_column() {
        let guide = include_str!("../../docs/tables.md");
        let names = |cell: &'static str| -> Vec<&'static str> {
            cell.trim().split(", ").map(|name| name.trim_matches('`')).collect()
        };
        let mut documented = Vec::new();
        for line in guide.lines().filter(|line| line.starts_with("| `core_")) {
            let cells: Vec<&str> = line.split('|').collect();
            documented.extend(names(cells[1]).into_iter().map(|view| (view, names(cells[2]))));
        }
        documented.sort_unstable();
        let mut there: Vec<(&str, Vec<&str>)> =
            VIEWS.iter().map(|(view, columns)| (*view, columns.to_vec())).collect();
        there.sort_unstable();
        assert_eq!(documented, there);
    }
}
