//! Reads one field: what all kinds have in common, and which of it fits which kind.

use serde_json::Value;

use super::{kind, table::Table};
use crate::{
    content::{
        check,
        definition::{Field, FieldName, Kind},
    },
    error::FieldError,
};

/// The longest words for people, in characters.
pub(super) const LABEL_LENGTH: usize = 100;
/// The longest explanation, in characters.
pub(super) const HELP_LENGTH: usize = 500;

/// Every key of a field.
const KEYS: [&str; 21] = [
    "name",
    "kind",
    "was",
    "label",
    "help",
    "required",
    "unique",
    "private",
    "filterable",
    "sortable",
    "searchable",
    "default",
    "min",
    "max",
    "pattern",
    "options",
    "many",
    "from",
    "to",
    "on_delete",
    "fields",
];

/// What belongs to a field of an entry alone, not to one of the items of a group.
const OUTSIDE_GROUPS: [&str; 7] =
    ["was", "unique", "private", "filterable", "sortable", "searchable", "default"];

/// What a flag allows, and the kinds that it fits.
const FITTING: [(&str, &str); 4] = [
    ("unique", "text, email, url, slug, number, integer, date, datetime"),
    ("filterable", "all but markdown, json, group"),
    ("sortable", "text, email, url, slug, number, integer, boolean, date, datetime, select of one"),
    ("searchable", "text, markdown, email, url, slug, select"),
];

/// Where a field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the fields of a type.
    Type,
    /// Among the fields of a group.
    Group,
}

/// A field that was written down, right or wrong. What refers to a faulty one is not a fault by itself.
pub(super) struct Declared {
    /// Its name, if that is right.
    pub(super) name: Option<FieldName>,
    /// The field, or its faults.
    pub(super) field: Result<Field, Vec<FieldError>>,
}

/// What the rules of a kind depend on.
#[derive(Clone, Copy)]
pub(super) struct Traits {
    pub(super) is_required: bool,
    /// Whether an index takes its values.
    pub(super) is_indexed: bool,
}

/// Reads the field at `path`.
pub(super) fn read(value: &Value, path: &str, place: Place) -> Declared {
    let mut table = match Table::new(value, path) {
        Ok(table) => table,
        Err(fault) => return Declared { name: None, field: Err(vec![fault]) },
    };
    let name = table.needed("name", "price").and_then(|text| parsed_name(&mut table, "name", text));
    if let Some(name) = &name {
        table.concerns(name);
    }
    table.only(&KEYS);
    if place == Place::Group {
        for key in OUTSIDE_GROUPS {
            if is_given(&table, key) {
                table.fault(key, format!("`{key}` does not fit inside a group."));
            }
        }
    }
    let field = assemble(&mut table, name.clone(), place);
    let field = match field {
        Some(field) => table.finish(field),
        None => Err(table.into_faults()),
    };
    Declared { name, field }
}

/// Whether something is asked for; a flag that is off asks for nothing.
fn is_given(table: &Table<'_>, key: &str) -> bool {
    table.value(key).is_some_and(|value| *value != Value::Bool(false))
}

fn assemble(table: &mut Table<'_>, name: Option<FieldName>, place: Place) -> Option<Field> {
    let was = table.text("was").and_then(|text| parsed_name(table, "was", text));
    let required = table.flag("required", false);
    let unique = table.flag("unique", false);
    let private = table.flag("private", false);
    let filterable = table.flag("filterable", false);
    let sortable = table.flag("sortable", false);
    let searchable = table.flag("searchable", false);
    let label = table.line("label", LABEL_LENGTH);
    let help = table.line("help", HELP_LENGTH).unwrap_or_default();
    let traits = Traits { is_required: required, is_indexed: unique || filterable || sortable };
    let kind = kind::read(table, traits, place)?;
    // The rest is checked even where the name is wrong.
    let name = name.or_else(|| FieldName::parse("unnamed").ok())?;
    let mut field = Field {
        label: label.unwrap_or_else(|| default_label(&name)),
        name,
        was,
        help,
        required,
        unique,
        private,
        filterable,
        sortable,
        searchable,
        default: None,
        kind,
    };
    flags_fit(table, &field);
    if place == Place::Type {
        field.default = default(table, &field);
    }
    Some(field)
}

/// What people call a field whose author says nothing: `starts_at` is `Starts at`.
pub(in crate::content) fn default_label(name: &FieldName) -> String {
    let words = name.as_str().replace('_', " ");
    let words = words.trim();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}

/// Reads the name of a field.
pub(super) fn parsed_name(table: &mut Table<'_>, key: &str, text: &str) -> Option<FieldName> {
    FieldName::parse(text).map_err(|message| table.fault(key, message)).ok()
}

fn flags_fit(table: &mut Table<'_>, field: &Field) {
    let kind = &field.kind;
    for (flag, kinds) in FITTING {
        let fits = match flag {
            "unique" => !field.unique || is_unique_kind(kind),
            "filterable" => {
                !field.filterable || !matches!(kind, Kind::Markdown(_) | Kind::Json | Kind::Group { .. })
            }
            "sortable" => {
                !field.sortable
                    || is_unique_kind(kind)
                    || matches!(kind, Kind::Boolean | Kind::Select { many: None, .. })
            }
            _ => !field.searchable || is_searchable_kind(kind),
        };
        if !fits {
            let name = if kind.is_many() { format!("{} of many", kind.name()) } else { kind.name().into() };
            table.fault(flag, format!("`{flag}` does not fit the kind {name}; it fits {kinds}."));
        }
    }
    if field.private && field.searchable {
        table.fault("searchable", "What everybody may search cannot be private.");
    }
}

/// What is one plain value with an order.
fn is_unique_kind(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text(_)
            | Kind::Email(_)
            | Kind::Url(_)
            | Kind::Slug { .. }
            | Kind::Number(_)
            | Kind::Integer(_)
            | Kind::Date(_)
            | Kind::DateTime(_)
    )
}

fn is_searchable_kind(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Text(_)
            | Kind::Markdown(_)
            | Kind::Email(_)
            | Kind::Url(_)
            | Kind::Slug { .. }
            | Kind::Select { .. }
    )
}

/// The default, as it is kept.
fn default(table: &mut Table<'_>, field: &Field) -> Option<Value> {
    let value = table.value("default")?;
    if field.unique || matches!(field.kind, Kind::Slug { .. } | Kind::Relation { .. }) {
        table.fault("default", "A field that is unique, a slug or a relation takes no default.");
        return None;
    }
    match check::checked(field, value, &table.path("default"), true) {
        Ok(None) => {
            table.fault("default", "Is empty; leave `default` out where there is none.");
            None
        }
        Ok(value) => value,
        Err(faults) => {
            table.add(faults);
            None
        }
    }
}
