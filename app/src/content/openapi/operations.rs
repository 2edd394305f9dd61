//! The operations of a type. They are made from what the document says of entries of any type, so that security,
//! headers and the answers to what is wrong are the same.

use serde_json::{Map, Value, json};

use super::{
    Described,
    names::{CREATE, CREATE_MANY, DELETE, LIST, READ, UPDATE},
    parameters, reference,
};
use crate::content::{definition::Requirement, http::body::ITEMS};

const COLLECTION: &str = "/api/v1/content/{content_type}";
const BULK: &str = "/api/v1/content/{content_type}/bulk";
const ITEM: &str = "/api/v1/content/{content_type}/{id_or_slug}";
const JSON: &str = "application/json";

/// The paths of a type.
pub(super) fn of_type(one: &Described<'_>, document: &Value) -> Map<String, Value> {
    let path = |template: &str| template.replace("{content_type}", one.content_type.name());
    let mut paths = Map::new();
    paths.insert(path(COLLECTION), json!({ "get": list(one, document), "post": create(one, document) }));
    paths.insert(path(BULK), json!({ "post": create_many(one, document) }));
    let item = json!({
        "get": read(one, document),
        "patch": update(one, document),
        "delete": delete(one, document),
    });
    paths.insert(path(ITEM), item);
    paths
}

fn list(one: &Described<'_>, document: &Value) -> Value {
    let definition = &one.content_type.definition;
    let mut operation = base(one, document, (COLLECTION, "get"), LIST, &definition.plural);
    operation["description"] = definition.description.as_str().into();
    let mut all = parameters::of_list(one.content_type);
    all.extend(parameters::of_entries(one.content_type));
    let kept = operation["parameters"].as_array().cloned().unwrap_or_default();
    all.extend(kept.into_iter().filter(|known| known["name"] == "cursor" || known["name"] == "limit"));
    operation["parameters"] = all.into();
    let page = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": reference(&one.entry) },
            "next_cursor": {
                "type": ["string", "null"],
                "description": "Pass it as `cursor` for the next page; null on the last one.",
            },
        },
        "required": ["items", "next_cursor"],
    });
    readable(one, answers(operation, "200", page))
}

fn create(one: &Described<'_>, document: &Value) -> Value {
    let summary = format!("Create: {}", one.content_type.definition.singular);
    let operation = base(one, document, (COLLECTION, "post"), CREATE, &summary);
    answers(takes(operation, reference(&one.input)), "201", reference(&one.entry))
}

fn create_many(one: &Described<'_>, document: &Value) -> Value {
    let summary = format!("Create several: {}", one.content_type.definition.plural);
    let operation = base(one, document, (BULK, "post"), CREATE_MANY, &summary);
    let body = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": reference(&one.input), "minItems": 1, "maxItems": ITEMS },
        },
        "required": ["items"],
        "additionalProperties": false,
    });
    let answer = json!({
        "type": "object",
        "properties": { "items": { "type": "array", "items": reference(&one.entry) } },
        "required": ["items"],
    });
    answers(takes(operation, body), "201", answer)
}

fn read(one: &Described<'_>, document: &Value) -> Value {
    let summary = &one.content_type.definition.singular;
    let mut operation = base(one, document, (ITEM, "get"), READ, summary);
    let kept = operation["parameters"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<Value> = kept.into_iter().filter(|known| known["in"] != "query").collect();
    all.extend(parameters::of_entries(one.content_type));
    operation["parameters"] = all.into();
    readable(one, answers(operation, "200", reference(&one.entry)))
}

fn update(one: &Described<'_>, document: &Value) -> Value {
    let summary = format!("Change: {}", one.content_type.definition.singular);
    let operation = base(one, document, (ITEM, "patch"), UPDATE, &summary);
    answers(takes(operation, reference(&one.patch)), "200", reference(&one.entry))
}

fn delete(one: &Described<'_>, document: &Value) -> Value {
    let summary = format!("Remove: {}", one.content_type.definition.singular);
    base(one, document, (ITEM, "delete"), DELETE, &summary)
}

/// What is said of any type, without the parameter that names it.
fn base(
    one: &Described<'_>,
    document: &Value,
    (path, method): (&str, &str),
    what: &str,
    summary: &str,
) -> Value {
    let mut operation = document["paths"][path][method].clone();
    if !operation.is_object() {
        operation = json!({ "tags": ["content"], "responses": {} });
    }
    operation["operationId"] = one.operation_id(what).into();
    operation["summary"] = summary.into();
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters.retain(|parameter| parameter["name"] != "content_type");
    }
    operation
}

/// Says who must sign in to read.
fn readable(one: &Described<'_>, mut operation: Value) -> Value {
    if one.content_type.definition.access.read != Requirement::Anyone {
        operation["security"] = json!([{ "bearer": [] }]);
    }
    operation
}

fn takes(mut operation: Value, schema: Value) -> Value {
    operation["requestBody"] = json!({ "content": { JSON: { "schema": schema } }, "required": true });
    operation
}

fn answers(mut operation: Value, status: &str, schema: Value) -> Value {
    operation["responses"][status]["content"] = json!({ JSON: { "schema": schema } });
    operation
}
