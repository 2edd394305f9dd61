//! Reads what a field holds, with the rules of its values.

use serde_json::Value;

use super::{
    field::{self, LABEL_LENGTH, Place, Traits},
    nearest, pattern,
    table::{Table, plain},
};
use crate::content::{
    check,
    definition::{
        Bounds, Choice, Field, GROUP_FIELDS, INDEXED_LENGTH, ITEMS, Kind, OPTIONS, OnDelete, TEXT_LENGTH,
        Target, TextRules, TypeName,
    },
};

/// Every kind, with the keys that it has beside those that all have.
const KINDS: [(&str, &[&str]); 14] = [
    ("text", &["min", "max", "pattern"]),
    ("markdown", &["min", "max"]),
    ("number", &["min", "max"]),
    ("integer", &["min", "max"]),
    ("boolean", &[]),
    ("date", &["min", "max"]),
    ("datetime", &["min", "max"]),
    ("select", &["options", "many", "min", "max"]),
    ("email", &["min", "max", "pattern"]),
    ("url", &["min", "max", "pattern"]),
    ("slug", &["from"]),
    ("json", &[]),
    ("relation", &["to", "many", "on_delete", "min", "max"]),
    ("group", &["fields", "min", "max"]),
];

/// The keys that only some kinds have.
const SPECIAL: [&str; 9] = ["min", "max", "pattern", "options", "many", "from", "to", "on_delete", "fields"];

/// Reads the kind; none where its name is missing or wrong, since nothing else can be said then.
pub(super) fn read(table: &mut Table<'_>, traits: Traits, place: Place) -> Option<Kind> {
    let names = KINDS.map(|(name, _)| name);
    let Some(name) = table.text("kind") else {
        if !table.has("kind") {
            table.fault("kind", format!("Must be there: one of {}.", names.join(", ")));
        }
        return None;
    };
    let Some((_, keys)) = KINDS.into_iter().find(|(known, _)| *known == name) else {
        table.fault("kind", nearest::unknown(name, &names));
        return None;
    };
    for key in SPECIAL {
        if table.has(key) && !keys.contains(&key) {
            let fitting = KINDS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(name, _)| *name);
            let fitting = fitting.collect::<Vec<_>>().join(", ");
            table.fault(key, format!("`{key}` does not fit the kind {name}; it belongs to {fitting}."));
        }
    }
    if place == Place::Group && matches!(name, "slug" | "relation" | "group") {
        table.fault("kind", format!("A {name} does not fit inside a group."));
        return None;
    }
    Some(match name {
        "text" => Kind::Text(text(table, traits, TEXT_LENGTH, true)),
        "markdown" => Kind::Markdown(text(table, traits, TEXT_LENGTH, false)),
        "number" => Kind::Number(table.bounds(number)),
        "integer" => Kind::Integer(table.bounds(integer)),
        "boolean" => Kind::Boolean,
        "date" => Kind::Date(table.bounds(|table, key| day(table, key, check::date))),
        "datetime" => Kind::DateTime(table.bounds(|table, key| day(table, key, check::datetime))),
        "select" => Kind::Select { options: options(table), many: many(table) },
        "email" => Kind::Email(text(table, traits, check::EMAIL_LENGTH, true)),
        "url" => Kind::Url(text(table, traits, check::URL_LENGTH, true)),
        "slug" => {
            Kind::Slug { from: table.text("from").and_then(|text| field::parsed_name(table, "from", text)) }
        }
        "json" => Kind::Json,
        "relation" => relation(table, traits),
        _ => group(table),
    })
}

/// The rules of a text that has at most so many characters at all.
fn text(table: &mut Table<'_>, traits: Traits, longest: u64, has_pattern: bool) -> TextRules {
    let length = table.bounds(|table, key| {
        let count = table.count(key, 0..=longest)?;
        if traits.is_indexed && count > INDEXED_LENGTH {
            let why = "since the field is unique, filterable or sortable";
            table.fault(key, format!("Must be at most {INDEXED_LENGTH}, {why}; this is {count}."));
        }
        Some(count)
    });
    let text = if has_pattern { table.text("pattern") } else { None };
    let pattern =
        text.and_then(|text| pattern::parse(text).map_err(|message| table.fault("pattern", message)).ok());
    TextRules { length, pattern }
}

fn number(table: &mut Table<'_>, key: &'static str) -> Option<f64> {
    let value = table.value(key)?;
    let number = value.as_f64().filter(|number| number.is_finite());
    number.or_else(|| table.wrong(key, "a number", value))
}

fn integer(table: &mut Table<'_>, key: &'static str) -> Option<i64> {
    let value = table.value(key)?;
    check::whole(value).or_else(|| table.wrong(key, "a whole number of at most 2^53 - 1", value))
}

/// A day or a moment, as `parse` writes it.
fn day(
    table: &mut Table<'_>,
    key: &'static str,
    parse: fn(&str) -> Result<String, String>,
) -> Option<String> {
    let text = table.text(key)?;
    parse(text).map_err(|message| table.fault(key, message)).ok()
}

/// How many, for what takes many; none for what takes one.
fn many(table: &mut Table<'_>) -> Option<Bounds<u64>> {
    if table.flag("many", false) {
        return Some(items(table));
    }
    for key in ["min", "max"] {
        if table.has(key) {
            table.fault(key, format!("`{key}` says how many there are; it takes `many = true`."));
        }
    }
    None
}

fn items(table: &mut Table<'_>) -> Bounds<u64> {
    table.bounds(|table, key| table.count(key, 0..=ITEMS))
}

fn options(table: &mut Table<'_>) -> Vec<Choice> {
    let items = table.several("options", OPTIONS, "options").unwrap_or_default();
    let mut options: Vec<Choice> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(option) = option(table, &format!("options[{index}]"), item) else { continue };
        if options.iter().any(|other| other.value == option.value) {
            table.fault(&format!("options[{index}]"), format!("`{}` is there already.", option.value));
        }
        options.push(option);
    }
    options
}

/// One option: its value alone, or the value with what people see.
fn option(table: &mut Table<'_>, key: &str, item: &Value) -> Option<Choice> {
    let (value, label) = match item {
        Value::String(value) => (value.clone(), None),
        Value::Object(_) => {
            let mut option = match Table::new(item, &table.path(key)) {
                Ok(option) => option,
                Err(fault) => {
                    table.add(vec![fault]);
                    return None;
                }
            };
            option.only(&["value", "label"]);
            let value = option.needed("value", "on_site").map(str::to_owned);
            let label = option.line("label", LABEL_LENGTH);
            table.add(option.into_faults());
            (value?, label)
        }
        other => return table.wrong(key, "a text, or a table with `value` and `label`", other),
    };
    let mut message = plain(&value, LABEL_LENGTH).err();
    if value.is_empty() || value.trim() != value || value.contains(',') {
        message = Some(
            "The value must not be empty, begin or end with a space, or hold a comma; the `label` may."
                .into(),
        );
    }
    if let Some(message) = message {
        table.fault(key, message);
        return None;
    }
    Some(Choice { label: label.unwrap_or_else(|| value.clone()), value })
}

fn relation(table: &mut Table<'_>, traits: Traits) -> Kind {
    let many = many(table);
    let to = match table.needed("to", "post") {
        Some("post") => Target::Post,
        Some("page") => Target::Page,
        Some("user") => Target::User,
        Some(text) => match TypeName::parse(text) {
            Ok(name) => Target::Type(name),
            Err(message) => {
                table.fault("to", format!("Must be post, page, user or the name of a type. {message}"));
                Target::Post
            }
        },
        None => Target::Post,
    };
    let on_delete = match table.text("on_delete") {
        Some("clear") if traits.is_required => {
            let message =
                "A required relation cannot be cleared; write `on_delete = \"restrict\"`, or nothing.";
            table.fault("on_delete", message);
            OnDelete::Restrict
        }
        Some("clear") => OnDelete::Clear,
        Some("restrict") => OnDelete::Restrict,
        Some(other) => {
            table.fault("on_delete", nearest::unknown(other, &["clear", "restrict"]));
            OnDelete::Restrict
        }
        None => default_on_delete(traits.is_required),
    };
    Kind::Relation { to, many, on_delete }
}

/// What becomes of a relation whose author says nothing.
pub(super) fn default_on_delete(is_required: bool) -> OnDelete {
    if is_required { OnDelete::Restrict } else { OnDelete::Clear }
}

fn group(table: &mut Table<'_>) -> Kind {
    let items = items(table);
    let values = table.several("fields", GROUP_FIELDS, "fields").unwrap_or_default();
    let mut fields: Vec<Field> = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let key = format!("fields[{index}]");
        match field::read(value, &table.path(&key), Place::Group).field {
            Ok(field) if fields.iter().any(|other| other.name == field.name) => {
                table.fault(&format!("{key}.name"), format!("There are two fields `{}` here.", field.name));
            }
            Ok(field) => fields.push(field),
            Err(faults) => table.add(faults),
        }
    }
    Kind::Group { fields, items }
}
