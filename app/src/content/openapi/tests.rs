use serde_json::{Value, json};
use utoipa::openapi::OpenApiBuilder;

use super::{Audience, extend};
use crate::{
    clock::Timestamp,
    content::{ContentType, ContentTypes, definition::source, layout::Layout, model::Owner},
};

fn content_type(definition: &Value, enabled: bool) -> ContentType {
    let now = Timestamp::now();
    ContentType {
        number: 1,
        version: 1,
        owner: Owner::Api,
        enabled,
        definition: source::from_json(definition).unwrap(),
        layout: Layout::default(),
        created_at: now,
        updated_at: now,
    }
}

fn small(name: &str) -> Value {
    json!({
        "name": name, "singular": "One", "plural": "Many", "drafts": false, "timestamps": false, "authorship": false,
        "fields": [{ "name": "title", "kind": "text", "required": true }],
    })
}

fn described(types: Vec<ContentType>) -> Value {
    described_to(Audience::Users, types)
}

fn described_to(audience: Audience, types: Vec<ContentType>) -> Value {
    extend(&OpenApiBuilder::new().build(), &ContentTypes::new(types), audience)
}

#[test]
fn a_type_is_described_with_its_real_fields() {
    let event = json!({
        "name": "event", "singular": "Event", "plural": "Events", "permalink": "/events/{slug}",
        "access": { "read": "subscriber" },
        "fields": [
            { "name": "title", "kind": "text", "required": true, "max": 100, "searchable": true },
            { "name": "slug", "kind": "slug", "from": "title" },
            { "name": "price", "kind": "number", "min": 0, "filterable": true, "sortable": true },
            { "name": "tags", "kind": "select", "many": true, "options": ["a", "b"], "filterable": true },
            { "name": "code", "kind": "text", "pattern": "[A-Z]+|[0-9]+" },
            { "name": "speakers", "kind": "relation", "to": "user", "many": true },
            { "name": "body", "kind": "markdown" },
        ],
    });
    let document = described(vec![content_type(&event, true), content_type(&small("gone"), false)]);
    assert!(document["paths"]["/api/v1/content/gone"].is_null());
    let list = &document["paths"]["/api/v1/content/event"]["get"];
    assert_eq!(list["operationId"], "list_event");
    assert_eq!(list["security"][0]["bearer"], json!([]));
    let names: Vec<&str> =
        list["parameters"].as_array().unwrap().iter().filter_map(|one| one["name"].as_str()).collect();
    for name in
        ["filter[price]", "filter[price][gte]", "filter[tags][contains]", "filter[created_at][lt]", "sort"]
    {
        assert!(names.contains(&name), "{name}: {names:?}");
    }
    assert!(!names.contains(&"filter[tags]") && !names.contains(&"filter[title]"), "{names:?}");
    let schemas = &document["components"]["schemas"];
    let fields = &schemas["EventFields"];
    assert_eq!(fields["properties"]["title"]["type"], json!(["string", "null"]));
    assert!(fields["required"].is_null(), "drafts may lack them, and clients may ask for some alone");
    let input = &schemas["EventInput"]["properties"]["fields"];
    assert_eq!(input["properties"]["price"]["minimum"], json!(0.0));
    assert_eq!(input["properties"]["code"]["pattern"], "^(?:[A-Z]+|[0-9]+)$");
    assert_eq!(input["properties"]["tags"]["items"]["enum"], json!(["a", "b"]));
    assert!(input["required"].is_null());
    let speakers = &fields["properties"]["speakers"]["items"]["anyOf"];
    assert_eq!(speakers[1]["$ref"], "#/components/schemas/Author");
    assert!(schemas["Author"].is_object() && schemas["RelatedPost"].is_object());
    assert!(schemas["EventEntry"]["properties"]["html"]["properties"]["body"].is_object());
}

#[test]
fn what_is_required_is_said_where_there_are_no_drafts() {
    let document = described(vec![content_type(&small("note"), true)]);
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["NoteInput"]["required"], json!(["fields"]));
    assert_eq!(schemas["NoteInput"]["properties"]["fields"]["required"], json!(["title"]));
    assert!(schemas["NotePatch"]["required"].is_null());
    assert_eq!(schemas["NoteFields"]["properties"]["title"]["type"], "string");
    assert!(schemas["NoteEntry"]["properties"]["created_at"].is_null());
}

#[test]
fn guests_learn_what_is_for_them() {
    let inner = json!({
        "name": "salary", "singular": "Salary", "plural": "Salaries", "access": { "read": "editor" },
        "fields": [{ "name": "amount", "kind": "number" }],
    });
    let open = json!({
        "name": "person", "singular": "Person", "plural": "People", "timestamps": false,
        "fields": [
            { "name": "secret_name", "kind": "text", "private": true },
            { "name": "name", "kind": "text" },
            { "name": "slug", "kind": "slug", "from": "name" },
            { "name": "badge", "kind": "integer", "private": true, "filterable": true, "sortable": true,
              "help": "Secret words." },
            { "name": "notes", "kind": "markdown", "private": true },
            { "name": "pay", "kind": "relation", "to": "salary" },
        ],
    });
    let types = || vec![content_type(&inner, true), content_type(&open, true)];
    let document = described_to(Audience::Guests, types());
    let text = document.to_string();
    for hidden in ["salary", "Salary", "secret_name", "badge", "Secret words", "notes"] {
        assert!(!text.contains(hidden), "{hidden}: {document:#}");
    }
    assert!(document["components"]["schemas"]["PersonFields"]["properties"]["pay"].is_object());
    let text = described_to(Audience::Users, types()).to_string();
    for shown in ["SalaryEntry", "secret_name", "filter[badge]", "Secret words", "entries of `salary`"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    // Those of the salary alone: what answers do not tell cannot be filtered by.
    assert_eq!(text.matches("filter[updated_at]").count(), 4, "{text}");
}

#[test]
fn names_are_given_once() {
    let types = ["a_1", "a1", "notes"].map(|name| content_type(&small(name), true));
    let document = described(types.into());
    let schemas = &document["components"]["schemas"];
    assert!(schemas["A1Entry"].is_object() && schemas["ContentA1Entry"].is_object());
    let id = |name: &str| document["paths"][format!("/api/v1/content/{name}")]["get"]["operationId"].clone();
    assert_ne!(id("a1"), id("a_1"));
    assert_eq!(id("notes"), "list_notes");
}
