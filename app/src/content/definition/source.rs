//! How a content type is written down: in a TOML file or as JSON, which are read by one reader that finds every fault,
//! and how it is written back, in the shortest form.

mod content_type;
pub(in crate::content) mod field;
mod kind;
pub(in crate::content) mod nearest;
mod pattern;
mod references;
mod schema;
mod table;
#[cfg(test)]
mod tests;
mod write;

use serde_json::{Map, Number, Value};

pub use schema::{
    AccessSource, ContentTypeSource, FieldSource, KindSource, LabelledOption, OnDeleteSource, OptionSource,
};

use self::field::Place;
use super::{Field, TypeDefinition};
use crate::error::FieldError;

/// What a file describes.
#[derive(Clone, Debug, PartialEq)]
pub struct FileDefinition {
    /// Whether the type is made by itself; otherwise an administrator switches it on.
    pub enabled: bool,
    /// The type.
    pub definition: TypeDefinition,
}

/// Reads a file. `stem` is its name without `.toml`, which is the name of the type. A fault of TOML's syntax comes
/// alone, with its line and column; all others come together, each with its key.
pub fn from_toml(stem: &str, text: &str) -> Result<FileDefinition, Vec<FieldError>> {
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        vec![FieldError::new(format!("{stem}.toml"), format!("{place}Is not TOML: {message}."))]
    })?;
    content_type::read(&json(toml::Value::Table(table)), Some(stem))
}

/// Reads the JSON of the API.
pub fn from_json(value: &Value) -> Result<TypeDefinition, Vec<FieldError>> {
    content_type::read(value, None).map(|file| file.definition)
}

/// Writes it in the shortest form: what is as it is by default is left out. [`from_json`] reads the same out of it.
pub fn to_json(definition: &TypeDefinition) -> Value {
    write::definition(definition)
}

/// Reads one field of a type, as it stands in the list of fields.
pub fn field_from_json(value: &Value) -> Result<Field, Vec<FieldError>> {
    field::read(value, "", Place::Type).field
}

/// Writes one field in the shortest form.
pub fn field_to_json(field: &Field) -> Value {
    write::field(field)
}

/// The line and the column of a place in a text, in words.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("Line {line}, column {column}: ")
}

/// TOML as JSON: its dates become text, and so do the numbers that JSON does not have, which no rule takes for numbers.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => {
            Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
        }
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(table) => {
            let members: Map<String, Value> =
                table.into_iter().map(|(name, value)| (name, json(value))).collect();
            Value::Object(members)
        }
    }
}
