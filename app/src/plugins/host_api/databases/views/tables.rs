//! The tables as data: their columns, which rows may be seen, and what the site's database finds quickly.

use std::{borrow::Cow, ops::Deref, sync::Arc};

use fleuron_plugin_host::ports::{DatabaseAccess, SiteView};

use super::plan::Order;

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

    /// Whether what is not published may be seen beside what is.
    pub(super) fn drafts(self) -> bool {
        self.drafts
    }
}

/// A table that is always there, or one that is made of a content type.
#[derive(Clone)]
pub(super) enum AnyTable {
    Site(&'static Table),
    Content(Arc<Table>),
}

impl Deref for AnyTable {
    type Target = Table;

    fn deref(&self) -> &Table {
        match self {
            Self::Site(table) => table,
            Self::Content(table) => table,
        }
    }
}

/// One virtual table.
pub(super) struct Table {
    pub(super) name: Cow<'static, str>,
    /// The grant that it needs; none where that is one for a content type.
    pub(super) view: Option<SiteView>,
    /// The table of the site's database.
    pub(super) origin: Cow<'static, str>,
    /// How many of the first columns tell the rows apart. They are ids.
    pub(super) key: usize,
    /// In order.
    pub(super) columns: Cow<'static, [Column]>,
    /// The condition on the rows that may be seen. The prefix stands before columns by which they shall not be looked
    /// up.
    pub(super) visible: fn(Seen, &str) -> String,
    /// A guess at the number of rows, for SQLite's planner.
    pub(super) rows: i64,
    /// The order in which the site's database has the rows that share the value of a column with [`Lookup::Many`]; none
    /// where that is the key.
    pub(super) order_of_many: Option<Order>,
}

impl Table {
    /// The declaration for SQLite, which takes from it the columns and how they compare.
    pub(super) fn declaration(&self) -> String {
        // The names of fields may be words of SQL.
        let column = |column: &Column| format!("\"{}\" {}", column.name, column.kind.affinity());
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        format!("CREATE TABLE x({})", columns.join(", "))
    }
}

/// A column of a virtual table.
#[derive(Clone)]
pub(super) struct Column {
    pub(super) name: Cow<'static, str>,
    /// What the site's database is asked for.
    pub(super) expression: Cow<'static, str>,
    /// What conditions and orders are about instead, where an index holds that; the same wherever there is a value.
    pub(super) indexed: Option<Indexed>,
    pub(super) kind: Kind,
    pub(super) lookup: Lookup,
}

/// What an index holds in place of a column.
#[derive(Clone)]
pub(super) struct Indexed {
    pub(super) expression: String,
    /// What it is where the column has no value.
    pub(super) unset: &'static str,
}

impl Column {
    /// What conditions and orders are about.
    pub(super) fn searched(&self) -> &str {
        self.indexed.as_ref().map_or(&self.expression, |indexed| &indexed.expression)
    }
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
    /// A number.
    Real,
    /// 1 or 0.
    Boolean,
    /// Milliseconds since 1970, shown as RFC 3339 in UTC.
    Time,
}

impl Kind {
    fn affinity(self) -> &'static str {
        match self {
            Self::Integer | Self::Boolean => "INTEGER",
            Self::Real => "REAL",
            Self::Id | Self::Text | Self::LongText | Self::Time => "TEXT",
        }
    }

    /// Whether its values are compared as numbers.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Real | Self::Boolean)
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
    /// Equality and ranges, and rows can be had in this order; about so many rows have the same value. It may be unset.
    Sorted(i64),
}

impl Lookup {
    /// Whether rows can be had in the order of such a column.
    pub(super) fn is_ordered(self) -> bool {
        matches!(self, Self::Moment { ordered: true, .. } | Self::Sorted(_))
    }

    /// Whether a column by which rows can be ordered may be unset.
    pub(super) fn is_nullable(self) -> bool {
        matches!(self, Self::Moment { nullable: true, .. } | Self::Sorted(_))
    }
}

pub(super) const fn column(name: &'static str, kind: Kind, lookup: Lookup) -> Column {
    Column { name: Cow::Borrowed(name), expression: Cow::Borrowed(name), indexed: None, kind, lookup }
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

const fn table(
    name: &'static str,
    view: SiteView,
    origin: &'static str,
    key: usize,
    columns: &'static [Column],
    visible: fn(Seen, &str) -> String,
    rows: i64,
) -> Table {
    Table {
        name: Cow::Borrowed(name),
        view: Some(view),
        origin: Cow::Borrowed(origin),
        key,
        columns: Cow::Borrowed(columns),
        visible,
        rows,
        order_of_many: None,
    }
}

/// Every table that is always there.
pub(super) static ALL: [Table; 7] = [
    table("core_posts", SiteView::Posts, "posts", 1, &POST_COLUMNS, visible_posts, 10_000),
    table("core_pages", SiteView::Pages, "posts", 1, &POST_COLUMNS, visible_pages, 100),
    table("core_comments", SiteView::Comments, "comments", 1, &COMMENT_COLUMNS, visible_comments, 30_000),
    table("core_categories", SiteView::Categories, "categories", 1, &CATEGORY_COLUMNS, everything, 50),
    table("core_tags", SiteView::Tags, "tags", 1, &TAG_COLUMNS, everything, 500),
    table("core_post_tags", SiteView::Tags, "post_tags", 2, &POST_TAG_COLUMNS, visible_post_tags, 30_000),
    table("core_users", SiteView::Users, "users", 1, &USER_COLUMNS, visible_users, 100),
];

static POST_COLUMNS: [Column; 16] = [
    id("id", Lookup::One),
    unique("slug"),
    Column {
        name: Cow::Borrowed("path"),
        expression: Cow::Borrowed("COALESCE(permalink, '/' || slug)"),
        indexed: None,
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
