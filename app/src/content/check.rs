//! The rules of entries, in one place: for what people send, for what filters answer and for the defaults of
//! definitions.

mod derived;
mod index;
mod json;
mod list;
mod number;
#[cfg(test)]
mod tests;
mod text;
mod time;

use serde_json::{Map, Value};

pub(crate) use derived::{links, relation_ids, searched_text};
pub(crate) use index::{filter_value, index_value, moment};
pub(in crate::content) use number::{number_value, whole};
pub(in crate::content) use text::{EMAIL_LENGTH, URL_LENGTH};
pub(in crate::content) use time::{date, datetime};

use super::{
    Field, Fields, Kind, TypeDefinition,
    definition::{Bounds, source::nearest},
};
use crate::error::FieldError;

/// The largest entry, in bytes of JSON.
const ENTRY_LENGTH: usize = 1024 * 1024;
/// So many names of one place that are unknown are told one by one.
const UNKNOWN: usize = 20;
/// So many faults are told of one entry, or of one request.
pub(in crate::content) const FAULTS: usize = 100;

/// Checks all fields of an entry and reports every fault. What comes out is normalised and holds values alone: what is
/// null or empty is left out. Where the entry is complete, as a published one must be, required fields must have a
/// value.
pub(crate) fn fields(
    definition: &TypeDefinition,
    input: &Fields,
    is_complete: bool,
) -> Result<Fields, Vec<FieldError>> {
    let checked = members(&definition.fields, input, "fields", is_complete)
        .map_err(|faults| first_of("fields", faults))?;
    let length = json::length(&checked);
    if length > ENTRY_LENGTH {
        let message =
            format!("All fields together must have at most {ENTRY_LENGTH} bytes; these have {length}.");
        return Err(vec![FieldError::at("fields", message)]);
    }
    Ok(checked)
}

/// Adds the defaults of fields that are not there at all; one that is null stays so.
pub(crate) fn with_defaults(definition: &TypeDefinition, fields: &mut Fields) {
    for field in &definition.fields {
        if let Some(default) = &field.default
            && !fields.contains_key(field.name.as_str())
        {
            fields.insert(field.name.to_string(), default.clone());
        }
    }
}

/// Checks one value and normalises it. Its faults stand at `path`. None where it is no value, as an empty text is.
pub(in crate::content) fn checked(
    field: &Field,
    value: &Value,
    path: &str,
    is_complete: bool,
) -> Result<Option<Value>, Vec<FieldError>> {
    if value.is_null() {
        return Ok(None);
    }
    let single = match &field.kind {
        Kind::Text(rules) => text::line(value, rules, text::longest(field)),
        Kind::Markdown(rules) => text::markdown(value, rules),
        Kind::Email(rules) => text::email(value, rules, text::longest(field)),
        Kind::Url(rules) => text::url(value, rules, text::longest(field)),
        Kind::Slug { .. } => text::slug(value),
        Kind::Number(bounds) => number::number(value, bounds),
        Kind::Integer(bounds) => number::integer(value, bounds),
        Kind::Boolean => number::boolean(value),
        Kind::Date(bounds) => time::value(value, bounds, date),
        Kind::DateTime(bounds) => time::value(value, bounds, datetime),
        Kind::Json => json::value(value),
        Kind::Select { options, many: None } => list::option(options, value),
        Kind::Relation { many: None, .. } => list::id(value),
        Kind::Select { options, many: Some(count) } => {
            return list::distinct(value, count, path, |item| list::option(options, item));
        }
        Kind::Relation { many: Some(count), .. } => return list::distinct(value, count, path, list::id),
        Kind::Group { fields, items } => return list::group(fields, items, value, (path, is_complete)),
    };
    single.map_err(|message| vec![FieldError::at(path, message)])
}

/// Checks the members of an entry, or of one item of a group, which stands at `path`.
fn members(
    fields: &[Field],
    input: &Map<String, Value>,
    path: &str,
    is_complete: bool,
) -> Result<Fields, Vec<FieldError>> {
    let mut faults = Vec::new();
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    let unknown = input.keys().map(String::as_str).filter(|name| !known.contains(name));
    unknown_names(path, unknown, |name| nearest::unknown(name, &known), &mut faults);
    let mut members = Fields::new();
    for field in fields {
        if faults.len() >= FAULTS {
            break;
        }
        let path = format!("{path}.{}", field.name);
        let value = input.get(field.name.as_str()).unwrap_or(&Value::Null);
        match checked(field, value, &path, is_complete) {
            Ok(Some(value)) => {
                members.insert(field.name.to_string(), value);
            }
            Ok(None) if field.required && is_complete => {
                faults.push(FieldError::at(path, "Must have a value."));
            }
            Ok(None) => {}
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(members) } else { Err(faults) }
}

/// Adds faults for names at `path` that nobody knows: the first ones each, then how many more there are. A body may
/// hold any number of them.
pub(in crate::content) fn unknown_names<'n>(
    path: &str,
    mut names: impl Iterator<Item = &'n str>,
    message: impl Fn(&str) -> String,
    faults: &mut Vec<FieldError>,
) {
    for name in names.by_ref().take(UNKNOWN) {
        faults.push(FieldError::below(path, name, message(name)));
    }
    let text = match names.count() {
        0 => return,
        1 => "One more name is unknown here.".to_owned(),
        more => format!("{more} more names are unknown here."),
    };
    let field = if path.is_empty() { "body" } else { path };
    faults.push(FieldError { field: field.into(), ..FieldError::at(path, text) });
}

/// The first of the faults, and that these are the first, where there are too many for an answer.
pub(in crate::content) fn first_of(path: &str, mut faults: Vec<FieldError>) -> Vec<FieldError> {
    if faults.len() >= FAULTS {
        faults.truncate(FAULTS);
        let field = if path.is_empty() { "body" } else { path };
        let message = format!("These are the first {FAULTS} faults; there may be more.");
        faults.push(FieldError { field: field.into(), ..FieldError::at(path, message) });
    }
    faults
}

/// What a value is, in words.
pub(in crate::content) fn what(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Says that something else belongs here.
fn wrong(wanted: &str, value: &Value) -> String {
    format!("Must be {wanted}; this is {}.", what(value))
}

/// Adds what is wrong with the size of something to `faults`. `unit` follows the numbers: ` characters`.
fn within<T: PartialOrd + std::fmt::Display>(
    value: &T,
    bounds: &Bounds<T>,
    (verb, unit): (&str, &str),
    faults: &mut Vec<String>,
) {
    let this = if verb == "have" { "this has" } else { "this is" };
    if let Some(min) = bounds.min.as_ref().filter(|min| value < *min) {
        faults.push(format!("Must {verb} at least {min}{unit}; {this} {value}."));
    }
    if let Some(max) = bounds.max.as_ref().filter(|max| value > *max) {
        faults.push(format!("Must {verb} at most {max}{unit}; {this} {value}."));
    }
}

/// The value, or everything that is wrong with it.
fn outcome(value: Value, faults: &[String]) -> Result<Option<Value>, String> {
    if faults.is_empty() { Ok(Some(value)) } else { Err(faults.join(" ")) }
}
