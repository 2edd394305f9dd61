//! Writes definitions in their shortest form: what is as it is by default is left out.

use serde_json::{Map, Value};

use super::{
    field::default_label,
    kind::default_on_delete,
    references::{default_title, first_order},
};
use crate::{
    auth::{Permission, Role},
    content::{
        check,
        definition::{
            Access, Bounds, Choice, CompoundIndex, Field, Kind, OnDelete, Requirement, TextRules,
            TypeDefinition,
        },
    },
};

/// Writes a type.
pub(super) fn definition(definition: &TypeDefinition) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", definition.name.as_str());
    put(&mut out, "singular", definition.singular.as_str());
    put(&mut out, "plural", definition.plural.as_str());
    put_text(&mut out, "description", &definition.description);
    for (key, flag) in [
        ("drafts", definition.drafts),
        ("timestamps", definition.timestamps),
        ("authorship", definition.authorship),
    ] {
        if !flag {
            put(&mut out, key, false);
        }
    }
    if let Some(permalink) = &definition.permalink {
        let last = if permalink.by_slug { "{slug}" } else { "{id}" };
        put(&mut out, "permalink", format!("{}/{last}", permalink.prefix));
    }
    if definition.title_field.as_ref() != default_title(definition.fields.iter())
        && let Some(title) = &definition.title_field
    {
        put(&mut out, "title_field", title.as_str());
    }
    if definition.default_sort != first_order() {
        put(&mut out, "default_sort", definition.default_sort.to_string());
    }
    if let Some(access) = access(definition.access) {
        put(&mut out, "access", access);
    }
    put(&mut out, "fields", definition.fields.iter().map(field).collect::<Vec<_>>());
    if !definition.indexes.is_empty() {
        let pair = |index: &CompoundIndex| {
            Value::from(vec![index.filter.as_str().to_owned(), index.sort.as_str().to_owned()])
        };
        put(&mut out, "indexes", definition.indexes.iter().map(pair).collect::<Vec<_>>());
    }
    Value::Object(out)
}

/// Writes a field.
pub(super) fn field(field: &Field) -> Value {
    let mut out = Map::new();
    put(&mut out, "name", field.name.as_str());
    put(&mut out, "kind", field.kind.name());
    if let Some(was) = &field.was {
        put(&mut out, "was", was.as_str());
    }
    if field.label != default_label(&field.name) {
        put(&mut out, "label", field.label.as_str());
    }
    put_text(&mut out, "help", &field.help);
    for (key, flag) in [
        ("required", field.required),
        ("unique", field.unique),
        ("private", field.private),
        ("filterable", field.filterable),
        ("sortable", field.sortable),
        ("searchable", field.searchable),
    ] {
        if flag {
            put(&mut out, key, true);
        }
    }
    if let Some(default) = &field.default {
        put(&mut out, "default", default.clone());
    }
    kind(&mut out, field);
    Value::Object(out)
}

fn kind(out: &mut Map<String, Value>, described: &Field) {
    match &described.kind {
        Kind::Text(rules) | Kind::Markdown(rules) | Kind::Email(rules) | Kind::Url(rules) => text(out, rules),
        Kind::Number(limits) => bounds(out, limits, |number| check::number_value(*number)),
        Kind::Integer(limits) => bounds(out, limits, |number| Value::from(*number)),
        Kind::Date(limits) | Kind::DateTime(limits) => bounds(out, limits, |text| Value::from(text.as_str())),
        Kind::Boolean | Kind::Json => {}
        Kind::Select { options, many } => {
            put(out, "options", options.iter().map(option).collect::<Vec<_>>());
            count(out, many.as_ref());
        }
        Kind::Slug { from } => {
            if let Some(from) = from {
                put(out, "from", from.as_str());
            }
        }
        Kind::Relation { to, many, on_delete } => {
            put(out, "to", to.name());
            count(out, many.as_ref());
            if *on_delete != default_on_delete(described.required) {
                let word = match on_delete {
                    OnDelete::Clear => "clear",
                    OnDelete::Restrict => "restrict",
                };
                put(out, "on_delete", word);
            }
        }
        Kind::Group { fields, items } => {
            put(out, "fields", fields.iter().map(field).collect::<Vec<_>>());
            bounds(out, items, |number| Value::from(*number));
        }
    }
}

fn text(out: &mut Map<String, Value>, rules: &TextRules) {
    bounds(out, &rules.length, |number| Value::from(*number));
    if let Some(pattern) = &rules.pattern {
        put(out, "pattern", pattern.text.as_str());
    }
}

fn count(out: &mut Map<String, Value>, many: Option<&Bounds<u64>>) {
    if let Some(limits) = many {
        put(out, "many", true);
        bounds(out, limits, |number| Value::from(*number));
    }
}

fn bounds<T>(out: &mut Map<String, Value>, limits: &Bounds<T>, write: impl Fn(&T) -> Value) {
    for (key, limit) in [("min", &limits.min), ("max", &limits.max)] {
        if let Some(limit) = limit {
            put(out, key, write(limit));
        }
    }
}

fn option(option: &Choice) -> Value {
    if option.label == option.value {
        return option.value.as_str().into();
    }
    let mut out = Map::new();
    put(&mut out, "value", option.value.as_str());
    put(&mut out, "label", option.label.as_str());
    Value::Object(out)
}

fn access(access: Access) -> Option<Value> {
    let mut out = Map::new();
    if access.read != Requirement::Anyone {
        put(&mut out, "read", requirement(access.read));
    }
    if access.write != Requirement::Role(Role::Author) {
        put(&mut out, "write", requirement(access.write));
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

fn requirement(requirement: Requirement) -> &'static str {
    match requirement {
        Requirement::Anyone => "anyone",
        Requirement::Role(role) => role.as_str(),
        Requirement::Permission(wanted) => {
            let mut names = Permission::NAMES.into_iter();
            names.find(|(permission, _)| *permission == wanted).map_or("", |(_, name)| name)
        }
    }
}

fn put(out: &mut Map<String, Value>, key: &str, value: impl Into<Value>) {
    out.insert(key.to_owned(), value.into());
}

fn put_text(out: &mut Map<String, Value>, key: &str, text: &str) {
    if !text.is_empty() {
        put(out, key, text);
    }
}
