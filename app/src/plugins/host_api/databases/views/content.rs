//! The tables of the site's own content types. Each is made of its type as it stands, with a column for each field that
//! is not private, and conditions and orders are put as the indexes of the type's entries have them.

use std::borrow::Cow;

use sea_orm::DbBackend;

use super::{
    plan::Order,
    tables::{Column, Indexed, Kind, Lookup, Seen, Table, column},
};
use crate::content::{ContentType, Field, Kind as FieldKind, definition::Sort};

/// A guess at the number of entries, for SQLite's planner.
const ROWS: i64 = 10_000;
/// A guess at the entries that have the same value in a field.
const ROWS_OF_VALUE: i64 = 500;
/// A guess at the entries that have the same value in a field that they are sorted by.
const ROWS_OF_SORTED: i64 = 50;

/// The table of a content type.
pub(super) fn table(content_type: &ContentType, seen: Seen, backend: DbBackend) -> Table {
    // Indexes begin with the status: over more than one they give no order.
    let ordered = !seen.drafts();
    let definition = &content_type.definition;
    let mut columns =
        vec![column("id", Kind::Id, Lookup::One), column("status", Kind::Text, Lookup::Filter(ROWS / 2))];
    for field in definition.fields.iter().filter(|field| !field.private) {
        let key = content_type.layout.key(field.name.as_str());
        columns.extend(key.map(|key| of_field(field, key, backend, ordered)));
    }
    let moment = |name, nullable| column(name, Kind::Time, Lookup::Moment { ordered, nullable });
    columns.extend([
        moment("created_at", false),
        moment("updated_at", false),
        Column { expression: Cow::Borrowed(published_at(seen)), ..moment("published_at", !ordered) },
        column("version", Kind::Integer, Lookup::No),
    ]);
    let order_of_many = if ordered { order(&columns, &definition.default_sort) } else { None };
    Table {
        name: Cow::Owned(format!("core_content_{}", content_type.name())),
        view: None,
        origin: Cow::Owned(content_type.table()),
        key: 1,
        columns: Cow::Owned(columns),
        visible,
        rows: ROWS,
        order_of_many,
    }
}

fn visible(seen: Seen, prefix: &str) -> String {
    let statuses = if seen.drafts() { "IN ('published', 'draft')" } else { "= 'published'" };
    format!("{prefix}status {statuses}")
}

/// What is published always has this moment; indexes hold it so that drafts find their place, too.
fn published_at(seen: Seen) -> &'static str {
    if seen.drafts() { "published_at" } else { "COALESCE(published_at, created_at)" }
}

/// The column that entries are sorted by where nothing else is said.
fn order(columns: &[Column], sort: &Sort) -> Option<Order> {
    let name = sort.key.as_str();
    let place = columns.iter().position(|column| column.name == name && column.lookup.is_ordered())?;
    Some(Order { column: Some(place), descending: sort.descending })
}

/// How a field's values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Text,
    LongText,
    Number,
    WholeNumber,
    Boolean,
    /// Several values, or a shape of their own.
    Json,
}

impl Kept {
    fn of(kind: &FieldKind) -> Self {
        match kind {
            FieldKind::Select { many: Some(_), .. } | FieldKind::Relation { many: Some(_), .. } => Self::Json,
            FieldKind::Json | FieldKind::Group { .. } => Self::Json,
            FieldKind::Markdown(_) => Self::LongText,
            FieldKind::Number(_) => Self::Number,
            FieldKind::Integer(_) => Self::WholeNumber,
            FieldKind::Boolean => Self::Boolean,
            FieldKind::Text(_)
            | FieldKind::Date(_)
            | FieldKind::DateTime(_)
            | FieldKind::Select { .. }
            | FieldKind::Email(_)
            | FieldKind::Url(_)
            | FieldKind::Slug { .. }
            | FieldKind::Relation { .. } => Self::Text,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Text => Kind::Text,
            Self::LongText | Self::Json => Kind::LongText,
            Self::Number => Kind::Real,
            Self::WholeNumber => Kind::Integer,
            Self::Boolean => Kind::Boolean,
        }
    }

    /// The value as plugins see it.
    fn expression(self, key: &str, backend: DbBackend) -> String {
        let is_sqlite = backend == DbBackend::Sqlite;
        let value = value(key, backend);
        match self {
            Self::Text | Self::LongText => value,
            Self::Number if is_sqlite => format!("CAST({value} AS REAL)"),
            Self::Number => format!("{value}::float8"),
            Self::WholeNumber if is_sqlite => format!("CAST({value} AS INTEGER)"),
            Self::WholeNumber => format!("{value}::float8::bigint"),
            Self::Boolean if is_sqlite => value,
            Self::Boolean => format!("{value}::boolean::int::bigint"),
            Self::Json if is_sqlite => format!("NULLIF(data -> '$.{key}', 'null')"),
            Self::Json => format!("NULLIF((data -> '{key}')::text, 'null')"),
        }
    }

    /// What indexes hold; the expression is written as it is there.
    fn indexed(self, key: &str, backend: DbBackend) -> Option<Indexed> {
        let is_sqlite = backend == DbBackend::Sqlite;
        let value = value(key, backend);
        let (expression, unset) = match self {
            Self::Json => return None,
            Self::Text | Self::LongText if is_sqlite => (format!("COALESCE({value}, '')"), "''"),
            Self::Text | Self::LongText => (format!("(COALESCE({value}, '') COLLATE \"C\")"), "''"),
            Self::Number | Self::WholeNumber if is_sqlite => {
                (format!("COALESCE(CAST({value} AS REAL), -9e999)"), "-9e999")
            }
            Self::Number | Self::WholeNumber => {
                (format!("COALESCE({value}::float8, '-Infinity'::float8)"), "'-Infinity'::float8")
            }
            Self::Boolean if is_sqlite => (format!("COALESCE({value}, -1)"), "-1"),
            Self::Boolean => (format!("COALESCE({value}::boolean::int::float8, -1)"), "-1"),
        };
        Some(Indexed { expression, unset })
    }
}

/// Keys are letters and digits.
fn value(key: &str, backend: DbBackend) -> String {
    match backend {
        DbBackend::Sqlite => format!("data ->> '$.{key}'"),
        _ => format!("(data ->> '{key}')"),
    }
}

fn of_field(field: &Field, key: &str, backend: DbBackend, ordered: bool) -> Column {
    let kept = Kept::of(&field.kind);
    let lookup = lookup(field, kept, ordered);
    // The index of what is unique holds the value itself.
    let is_indexed = matches!(lookup, Lookup::Many(_) | Lookup::Sorted(_));
    Column {
        name: Cow::Owned(field.name.to_string()),
        expression: Cow::Owned(kept.expression(key, backend)),
        indexed: if is_indexed { kept.indexed(key, backend) } else { None },
        kind: kept.kind(),
        lookup,
    }
}

fn lookup(field: &Field, kept: Kept, ordered: bool) -> Lookup {
    let is_text = matches!(kept, Kept::Text | Kept::LongText);
    let is_unique = field.unique || matches!(field.kind, FieldKind::Slug { .. });
    if kept == Kept::Json {
        Lookup::No
    } else if field.sortable && ordered && kept != Kept::Boolean {
        Lookup::Sorted(if is_unique { 1 } else { ROWS_OF_SORTED })
    } else if is_unique && is_text {
        Lookup::One
    } else if field.filterable || field.sortable {
        Lookup::Many(ROWS_OF_VALUE)
    } else {
        Lookup::No
    }
}

#[cfg(test)]
mod tests;
