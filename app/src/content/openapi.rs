//! What the API's description says of the content types of this site: each is described as a resource of its own, with
//! the schema of its entries and the filters and orders that it really offers.

mod names;
mod operations;
mod parameters;
mod schemas;

use serde_json::{Map, Value};
use utoipa::{ToSchema, openapi::OpenApi};

use self::names::{Described, Names};
use super::{ContentTypes, dto::RelatedPost};
use crate::users::dto::AuthorResponse;

/// The description of the API with every type that is served.
pub fn extend(document: &OpenApi, types: &ContentTypes) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let described = Names::taken(&document).describe(types.served().map(|content_type| &**content_type));
    if described.is_empty() {
        return document;
    }
    let mut schemas = Map::new();
    let mut paths = Map::new();
    for one in &described {
        schemas.extend(schemas::of_type(one, &described));
        paths.extend(operations::of_type(one, &document));
    }
    related::<RelatedPost>(&mut schemas);
    related::<AuthorResponse>(&mut schemas);
    add(&mut document["components"]["schemas"], schemas);
    add(&mut document["paths"], paths);
    document
}

/// The schema of something that relations lead to, with those that it refers to.
fn related<T: ToSchema>(schemas: &mut Map<String, Value>) {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas.entry(name).or_insert_with(|| serde_json::to_value(schema).unwrap_or_default());
    }
}

/// Adds members that are not there yet.
fn add(object: &mut Value, members: Map<String, Value>) {
    if object.is_null() {
        *object = Map::new().into();
    }
    if let Some(object) = object.as_object_mut() {
        for (name, member) in members {
            object.entry(name).or_insert(member);
        }
    }
}

fn reference(component: &str) -> Value {
    serde_json::json!({ "$ref": format!("#/components/schemas/{component}") })
}

/// The component of the entries of a type, if it is described.
fn entry_of<'d>(described: &'d [Described<'_>], name: &str) -> Option<&'d str> {
    described.iter().find(|one| one.content_type.name() == name).map(|one| one.entry.as_str())
}

#[cfg(test)]
mod tests;
