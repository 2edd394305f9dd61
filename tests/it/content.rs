//! Generic content through the API: types, the values of their fields, lists, access, and what happens when many write at
//! the same moment.

mod access;
mod failing_changes;
mod fields;
mod files;
mod lists;
mod options;
mod races;
mod relations;
mod types;

use fleuron_tests::{Actor, Answer, TestApp};
use serde_json::{Map, Value, json};

/// Makes a type of these fields, published at once, and answers somebody who may write everything.
async fn define(app: &TestApp, name: &str, fields: Value) -> Actor {
    define_as(app, name, json!({ "drafts": false }), fields).await
}

/// Makes a type with more properties.
async fn define_as(app: &TestApp, name: &str, more: Value, fields: Value) -> Actor {
    let administrator = app.administrator().await;
    let mut definition = json!({ "name": name, "singular": name, "plural": name, "fields": fields });
    let properties = definition.as_object_mut().unwrap();
    properties.extend(more.as_object().unwrap().clone());
    administrator.post("/api/v1/admin/content-types", &definition).await.expect(201);
    administrator
}

fn at(name: &str) -> String {
    format!("/api/v1/content/{name}")
}

/// Sends an entry with these values.
async fn send(actor: &Actor, name: &str, fields: Value) -> Answer {
    actor.post(&at(name), &json!({ "fields": fields })).await
}

/// Creates an entry with these values.
async fn create(actor: &Actor, name: &str, fields: Value) -> Value {
    send(actor, name, fields).await.expect(201).json()
}

/// The values of one field in a list, in its order.
async fn listed(actor: &Actor, path: &str, field: &str) -> Vec<Value> {
    let items = actor.get(path).await.expect(200).items();
    items.iter().map(|item| item["fields"][field].clone()).collect()
}

/// The values of an entry: the fields that have one.
fn values(entry: &Value) -> Value {
    let all = entry["fields"].as_object().unwrap();
    let set = all.iter().filter(|(_, value)| !value.is_null());
    Value::Object(set.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
