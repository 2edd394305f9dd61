//! What is kept beside an entry so that it is found: what it leads to, and the words of its searchable fields.

use serde_json::Value;
use uuid::Uuid;

use crate::content::{
    ContentType, Field, Fields, Kind, TypeDefinition,
    definition::{Choice, Target},
    model::Link,
};

/// What the relations of an entry lead to, and the options of its selects that take many.
pub(crate) fn links(content_type: &ContentType, fields: &Fields) -> Vec<Link> {
    let mut links = Vec::new();
    for field in &content_type.definition.fields {
        let name = field.name.as_str();
        let target = match &field.kind {
            Kind::Select { many: Some(_), .. } => None,
            Kind::Relation { to: Target::User, .. } => Some("user"),
            Kind::Relation { to: Target::Post | Target::Page, .. } => Some("post"),
            Kind::Relation { to: Target::Type(_), .. } => Some("entry"),
            _ => continue,
        };
        let (Some(value), Some(key)) = (fields.get(name), content_type.layout.key(name)) else { continue };
        let link = |value: &str| Link { key: key.to_owned(), value: value.to_owned(), target };
        links.extend(texts(value).map(link));
    }
    links
}

/// The ids of a relation, to one or to many.
pub(crate) fn relation_ids(value: &Value) -> Vec<Uuid> {
    texts(value).filter_map(|text| Uuid::try_parse(text).ok()).collect()
}

/// The words of all searchable fields, a line each; none where no field is searchable.
pub(crate) fn searched_text(definition: &TypeDefinition, fields: &Fields) -> Option<String> {
    let mut searchable = definition.fields.iter().filter(|field| field.searchable).peekable();
    searchable.peek()?;
    let mut words = Vec::new();
    for field in searchable {
        if let Some(value) = fields.get(field.name.as_str()) {
            words.extend(texts(value).map(|text| shown(field, text)));
        }
    }
    Some(words.join("\n"))
}

/// What people see of a value: of an option, its label.
fn shown<'a>(field: &'a Field, text: &'a str) -> &'a str {
    let label = |options: &'a [Choice]| options.iter().find(|option| option.value == text);
    match &field.kind {
        Kind::Select { options, .. } => label(options).map_or(text, |option| option.label.as_str()),
        _ => text,
    }
}

/// The text of a value, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    items.iter().filter_map(Value::as_str)
}
