//! The tables as data: their columns, which rows may be seen, and what the site's database finds quickly.

use fleuron_plugin_host::ports::{DatabaseAccess, SiteView};

/// What the grants say about the rows of posts and pages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    posts: bool,
    pages: bool,
    drafts: bool,
}

impl Seen {
    pub(super) fn of(access: &DatabaseAccess) -> Self {
        let granted = |view| access.views.contains(&view);
        Self {
            posts: granted(SiteView::Posts),
            pages: granted(SiteView::Pages),
            drafts: granted(SiteView::Drafts),
        }
    }
}

/// One virtual table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The grant that it needs.
    pub(super) view: SiteView,
    /// The table of the site's database.
    pub(super) origin: &'static str,
    /// How many of the first columns tell the rows apart. They are ids.
    pub(super) key: usize,
    /// In order.
    pub(super) columns: &'static [Column],
    /// The condition on the rows that may be seen. The prefix stands before columns by which they shall not be looked
    /// up.
    pub(super) visible: fn(Seen, &str) -> String,
    /// A guess at the number of rows, for SQLite's planner.
    pub(super) rows: i64,
}

impl Table {
    /// The declaration for SQLite, which takes from it the columns and how they compare.
    pub(super) fn declaration(&self) -> String {
        let column = |column: &Column| format!("{} {}", column.name, column.kind.affinity());
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        format!("CREATE TABLE x({})", columns.join(", "))
    }
}

/// A column of a virtual table.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// What the site's database is asked for.
    pub(super) expression: &'static str,
    pub(super) kind: Kind,
    pub(super) lookup: Lookup,
}

/// How a value is kept and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A UUID, shown in lower case with hyphens.
    Id,
    /// Text.
    Text,
    /// Text that may be large.
    LongText,
    /// A whole number.
    Integer,
    /// Milliseconds since 1970, shown as RFC 3339 in UTC.
    Time,
}

impl Kind {
    fn affinity(self) -> &'static str {
        if self == Self::Integer { "INTEGER" } else { "TEXT" }
    }
}

/// Which conditions on a column the site's database is asked to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// None; SQLite checks them on the rows.
    No,
    /// Equality, and one row has the value.
    One,
    /// Equality, and about so many rows have the value. An index finds them.
    Many(i64),
    /// As [`Self::Many`], without an index.
    Filter(i64),
    /// Equality with the path of a post or page.
    Path,
    /// Equality and ranges of time.
    Moment {
        /// Whether rows can be had in this order without sorting all of them.
        ordered: bool,
        /// Whether it may be unset.
        nullable: bool,
    },
}

const fn column(name: &'static str, kind: Kind, lookup: Lookup) -> Column {
    Column { name, expression: name, kind, lookup }
}

const fn id(name: &'static str, lookup: Lookup) -> Column {
    column(name, Kind::Id, lookup)
}

const fn text(name: &'static str) -> Column {
    column(name, Kind::Text, Lookup::No)
}

const fn unique(name: &'static str) -> Column {
    column(name, Kind::Text, Lookup::One)
}

const fn number(name: &'static str) -> Column {
    column(name, Kind::Integer, Lookup::No)
}

const fn time(name: &'static str, ordered: bool, nullable: bool) -> Column {
    column(name, Kind::Time, Lookup::Moment { ordered, nullable })
}

/// Every table.
pub(super) static ALL: [Table; 7] = [
    Table {
        name: "core_posts",
        view: SiteView::Posts,
        origin: "posts",
        key: 1,
        columns: &POST_COLUMNS,
        visible: visible_posts,
        rows: 10_000,
    },
    Table {
        name: "core_pages",
        view: SiteView::Pages,
        origin: "posts",
        key: 1,
        columns: &POST_COLUMNS,
        visible: visible_pages,
        rows: 100,
    },
    Table {
        name: "core_comments",
        view: SiteView::Comments,
        origin: "comments",
        key: 1,
        columns: &COMMENT_COLUMNS,
        visible: visible_comments,
        rows: 30_000,
    },
    Table {
        name: "core_categories",
        view: SiteView::Categories,
        origin: "categories",
        key: 1,
        columns: &CATEGORY_COLUMNS,
        visible: everything,
        rows: 50,
    },
    Table {
        name: "core_tags",
        view: SiteView::Tags,
        origin: "tags",
        key: 1,
        columns: &TAG_COLUMNS,
        visible: everything,
        rows: 500,
    },
    Table {
        name: "core_post_tags",
        view: SiteView::Tags,
        origin: "post_tags",
        key: 2,
        columns: &POST_TAG_COLUMNS,
        visible: visible_post_tags,
        rows: 30_000,
    },
    Table {
        name: "core_users",
        view: SiteView::Users,
        origin: "users",
        key: 1,
        columns: &USER_COLUMNS,
        visible: visible_users,
        rows: 100,
    },
];

static POST_COLUMNS: [Column; 16] = [
    id("id", Lookup::One),
    unique("slug"),
    Column {
        name: "path",
        expression: "COALESCE(permalink, '/' || slug)",
        kind: Kind::Text,
        lookup: Lookup::Path,
    },
    text("title"),
    column("content", Kind::LongText, Lookup::No),
    text("excerpt"),
    column("status", Kind::Text, Lookup::Filter(5_000)),
    id("category_id", Lookup::Many(500)),
    text("cover_image"),
    id("created_by", Lookup::Filter(1_000)),
    id("updated_by", Lookup::No),
    time("created_at", true, false),
    time("updated_at", false, false),
    time("published_at", true, true),
    number("view_count"),
    number("version"),
];

static COMMENT_COLUMNS: [Column; 9] = [
    id("id", Lookup::One),
    id("post_id", Lookup::Many(20)),
    id("parent_id", Lookup::Many(5)),
    id("user_id", Lookup::No),
    text("nickname"),
    text("content"),
    text("status"),
    time("created_at", true, false),
    time("updated_at", false, false),
];

static CATEGORY_COLUMNS: [Column; 5] = [
    id("id", Lookup::One),
    id("parent_id", Lookup::Filter(10)),
    text("name"),
    unique("slug"),
    text("description"),
];

static TAG_COLUMNS: [Column; 4] = [id("id", Lookup::One), text("name"), unique("slug"), text("description")];

static POST_TAG_COLUMNS: [Column; 2] = [id("post_id", Lookup::Many(5)), id("tag_id", Lookup::Many(100))];

static USER_COLUMNS: [Column; 5] =
    [id("id", Lookup::One), unique("username"), text("display_name"), text("bio"), text("role")];

fn everything(_: Seen, _: &str) -> String {
    "1 = 1".to_owned()
}

fn visible_posts(seen: Seen, prefix: &str) -> String {
    format!("{prefix}kind = 'post' AND {prefix}status {}", statuses(seen))
}

fn visible_pages(seen: Seen, prefix: &str) -> String {
    format!("{prefix}kind = 'page' AND {prefix}status {}", statuses(seen))
}

fn statuses(seen: Seen) -> &'static str {
    // What is scheduled is as secret as a draft until it comes out.
    if seen.drafts { "IN ('published', 'draft', 'scheduled')" } else { "= 'published'" }
}

fn visible_comments(_: Seen, prefix: &str) -> String {
    format!(
        "{prefix}status = 'approved' AND EXISTS (SELECT 1 FROM posts WHERE posts.id = comments.post_id \
         AND posts.status = 'published')"
    )
}

fn visible_post_tags(seen: Seen, _: &str) -> String {
    let drafts = match (seen.drafts, seen.posts, seen.pages) {
        (true, true, true) => " OR posts.status IN ('draft', 'scheduled')",
        (true, true, false) => " OR (posts.status IN ('draft', 'scheduled') AND posts.kind = 'post')",
        (true, false, true) => " OR (posts.status IN ('draft', 'scheduled') AND posts.kind = 'page')",
        _ => "",
    };
    format!(
        "EXISTS (SELECT 1 FROM posts WHERE posts.id = post_tags.post_id AND (posts.status = 'published'{drafts}))"
    )
}

fn visible_users(_: Seen, _: &str) -> String {
    "status = 'active'".to_owned()
}
