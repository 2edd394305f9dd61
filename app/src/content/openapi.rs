//! What the API's description says of the content types of this site: each is described as a resource of its own, with
//! the schema of its entries and the filters and orders that it really offers.

mod names;
mod operations;
mod parameters;
mod schemas;

use std::borrow::Cow;

use serde_json::{Map, Value};
use utoipa::{ToSchema, openapi::OpenApi};

use self::names::{Described, Names};
use super::{ContentType, ContentTypes, definition::Requirement, dto::RelatedPost};
use crate::{auth::Actor, users::dto::AuthorResponse};

/// Who reads a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever did not sign in. They learn nothing of types that are not for them, and nothing of private fields.
    Guests,
    /// Users, whatever their role.
    Users,
}

impl Audience {
    /// That of the actor.
    pub fn of(actor: &Actor) -> Self {
        if matches!(actor, Actor::Anonymous) { Self::Guests } else { Self::Users }
    }

    /// What they learn of a type; none where they learn nothing.
    fn learns<'t>(self, content_type: &'t ContentType) -> Option<Cow<'t, ContentType>> {
        if self == Self::Users {
            return Some(Cow::Borrowed(content_type));
        }
        (content_type.definition.access.read == Requirement::Anyone)
            .then(|| Cow::Owned(without_private(content_type.clone())))
    }
}

fn without_private(mut content_type: ContentType) -> ContentType {
    // What is made from a private field is private, too, and public orders never tell one.
    content_type.definition.fields.retain(|field| !field.private);
    content_type
}

/// The description of the API with every type that is served, as far as its readers may know of it.
pub fn extend(document: &OpenApi, types: &ContentTypes, audience: Audience) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    let types: Vec<Cow<'_, ContentType>> =
        types.served().filter_map(|content_type| audience.learns(content_type)).collect();
    let described = Names::taken(&document).describe(types.iter().map(|content_type| &**content_type));
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
