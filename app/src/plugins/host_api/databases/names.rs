//! What the names in a plugin's SQL stand for.
//!
//! A plugin's file holds tables of the host beside the plugin's own, and SQLite knows tables that are in no file at all.

use fleuron_plugin_host::ports::{SiteView, is_content_type_name};

/// Names that start with this are the host's own.
pub(super) const HOST_PREFIX: &str = "fleuron_";

/// The site's tables and the view that each belongs to.
pub(super) const SITE_TABLES: [(&str, SiteView); 7] = [
    ("core_posts", SiteView::Posts),
    ("core_pages", SiteView::Pages),
    ("core_comments", SiteView::Comments),
    ("core_categories", SiteView::Categories),
    ("core_tags", SiteView::Tags),
    ("core_post_tags", SiteView::Tags),
    ("core_users", SiteView::Users),
];

/// Names that start with this are tables of the site's own content types.
const CONTENT_PREFIX: &str = "core_content_";

/// Tables that exist without being created, beside those whose names start with `pragma_` or `sqlite_`. All but the
/// first two look into files, memory or statements.
const MODULES: [&str; 16] = [
    "json_each",
    "json_tree",
    "bytecode",
    "carray",
    "dbstat",
    "fts3",
    "fts3tokenize",
    "fts4",
    "fts4aux",
    "fts5",
    "fts5vocab",
    "geopoly",
    "rtree",
    "rtree_i32",
    "stmt",
    "tables_used",
];

/// What a table's name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    /// A table of the plugin's own.
    Own,
    /// A table of the site.
    Site(SiteView),
    /// A table of one of the site's own content types; see [`content_type`].
    Content,
    /// A name kept for tables of the site, which no table has.
    Reserved,
    /// Values taken apart as rows: `json_each`, `json_tree`.
    Json,
    /// The schema itself.
    Schema,
    /// A table of SQLite's own, such as `sqlite_sequence` and `pragma_table_info`.
    Internal,
    /// A table of the host's own.
    Host,
}

impl Table {
    /// What a table of this name is. Case does not matter, as in SQL.
    pub(super) fn of(name: &str) -> Self {
        if has_prefix(name, HOST_PREFIX) {
            return Self::Host;
        }
        if has_prefix(name, "sqlite_") {
            let schemas = ["sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"];
            return if is_one_of(name, &schemas) { Self::Schema } else { Self::Internal };
        }
        if is_content_type_name(&content_type(name)) {
            return Self::Content;
        }
        if has_prefix(name, "core_") {
            let table = SITE_TABLES.iter().find(|(table, _)| name.eq_ignore_ascii_case(table));
            return table.map_or(Self::Reserved, |(_, view)| Self::Site(*view));
        }
        match MODULES.iter().position(|module| name.eq_ignore_ascii_case(module)) {
            Some(0 | 1) => Self::Json,
            Some(_) => Self::Internal,
            None if has_prefix(name, "pragma_") => Self::Internal,
            None => Self::Own,
        }
    }
}

/// The content type that a table's name stands for; nothing where it stands for none.
pub(super) fn content_type(table: &str) -> String {
    let name = if has_prefix(table, CONTENT_PREFIX) { table.get(CONTENT_PREFIX.len()..) } else { None };
    name.unwrap_or_default().to_ascii_lowercase()
}

fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|other| name.eq_ignore_ascii_case(other))
}

/// The first name in a schema's text that is not the plugin's to use: one of the host or a table of the site.
pub(super) fn foreign_name(schema: &str) -> Option<&str> {
    schema
        .split(|character: char| !(character.is_alphanumeric() || character == '_' || character == '$'))
        .find(|word| matches!(Table::of(word), Table::Host | Table::Site(_) | Table::Content))
}

/// Functions that work on their arguments alone, or tell the time, or are random: SQLite's own without those that reach
/// files, extensions, other tables or the build.
const FUNCTIONS: [&str; 134] = [
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "changes",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "julianday",
    "lag",
    "last_insert_rowid",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "median",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "percentile",
    "percentile_cont",
    "percentile_disc",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "soundex",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "total_changes",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
];

/// Whether a plugin may call this function.
pub(super) fn is_allowed_function(name: &str) -> bool {
    FUNCTIONS
        .binary_search_by(|known| known.chars().cmp(name.chars().map(|c| c.to_ascii_lowercase())))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_whatever_their_case() {
        for (name, table) in [
            ("notes", Table::Own),
            ("core", Table::Own),
            ("fleuronnees", Table::Own),
            ("sqlite", Table::Own),
            ("Fleuron_Key_Values", Table::Host),
            ("SQLITE_MASTER", Table::Schema),
            ("sqlite_temp_schema", Table::Schema),
            ("sqlite_sequence", Table::Internal),
            ("pragma_table_info", Table::Internal),
            ("DBSTAT", Table::Internal),
            ("json_each", Table::Json),
            ("JSON_TREE", Table::Json),
            ("Core_Posts", Table::Site(SiteView::Posts)),
            ("core_post_tags", Table::Site(SiteView::Tags)),
            ("core_secrets", Table::Reserved),
            ("core_content_event", Table::Content),
            ("Core_Content_Event", Table::Content),
            ("core_content_", Table::Reserved),
            ("core_content_2d", Table::Reserved),
            ("core_content", Table::Reserved),
            ("äcore_posts", Table::Own),
        ] {
            assert_eq!(Table::of(name), table, "{name}");
        }
    }

    #[test]
    fn content_types_are_read_from_names() {
        for (table, name) in [
            ("core_content_event", "event"),
            ("CORE_CONTENT_Event", "event"),
            ("core_content_", ""),
            ("core_posts", ""),
        ] {
            assert_eq!(content_type(table), name, "{table}");
        }
    }

    #[test]
    fn every_table_that_exists_uncreated_is_known() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare("SELECT name FROM pragma_module_list").unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        for name in names.map(Result::unwrap) {
            assert!(matches!(Table::of(&name), Table::Json | Table::Internal), "{name}");
        }
    }

    #[test]
    fn functions_are_allowed_by_name() {
        assert!(FUNCTIONS.is_sorted());
        for name in ["count", "COUNT", "->>", "json_extract", "row_number", "zeroblob"] {
            assert!(is_allowed_function(name), "{name}");
        }
        for name in
            ["load_extension", "fts3_tokenizer", "rtreecheck", "sqlite_version", "match", "json_patch", ""]
        {
            assert!(!is_allowed_function(name), "{name}");
        }
    }

    #[test]
    fn foreign_names_are_found_in_a_schema() {
        assert_eq!(foreign_name("CREATE VIEW v AS SELECT * FROM \"core_users\""), Some("core_users"));
        assert_eq!(
            foreign_name("CREATE TABLE t (k REFERENCES [Fleuron_Key_Values])"),
            Some("Fleuron_Key_Values")
        );
        let view = "CREATE VIEW v AS SELECT * FROM core_content_event";
        assert_eq!(foreign_name(view), Some("core_content_event"));
        assert_eq!(foreign_name("CREATE TABLE score_posts (core_value, afleuron_x)"), None);
    }
}
