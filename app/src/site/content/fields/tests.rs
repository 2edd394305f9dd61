use serde_json::{Value, json};

use super::{Material, excerpt, markdown, relations, shown, values};
use crate::{
    content::{Fields, TypeDefinition, definition::source::from_json},
    themes::context::ContentLink,
};

fn definition() -> TypeDefinition {
    let field = |name: &str, kind: &str, more: Value| {
        let mut field = json!({ "name": name, "kind": kind });
        let more = more.as_object().cloned().unwrap_or_default();
        field.as_object_mut().unwrap().extend(more);
        field
    };
    let options = json!({ "options": [{ "value": "rock", "label": "Rock & Roll" }, "jazz"] });
    let mut many = options.clone();
    many["many"] = json!(true);
    let parts = json!({ "fields": [
        field("what", "text", json!({})),
        field("notes", "markdown", json!({})),
        field("price", "number", json!({})),
    ] });
    let source = json!({
        "name": "gig",
        "singular": "Gig",
        "plural": "Gigs",
        "fields": [
            field("title", "text", json!({})),
            field("contact", "email", json!({ "private": true })),
            field("secret", "markdown", json!({ "private": true })),
            field("mail", "email", json!({})),
            field("site", "url", json!({})),
            field("body", "markdown", json!({})),
            field("price", "number", json!({})),
            field("seats", "integer", json!({})),
            field("open", "boolean", json!({})),
            field("day", "date", json!({})),
            field("begin", "datetime", json!({})),
            field("style", "select", options),
            field("tags", "select", many),
            field("data", "json", json!({})),
            field("people", "relation", json!({ "to": "user", "many": true })),
            field("parts", "group", parts),
        ],
    });
    from_json(&source).unwrap()
}

fn fields(value: Value) -> Fields {
    value.as_object().cloned().unwrap()
}

fn full() -> Fields {
    fields(json!({
        "title": "A gig",
        "contact": "secret@example.com",
        "secret": "*hidden words*",
        "mail": "a&b@example.com",
        "site": "https://example.com/",
        "body": "Some *words*.",
        "price": 5.0,
        "seats": 12,
        "open": false,
        "day": "2026-01-31",
        "begin": "2026-01-31T18:30:00.000Z",
        "style": "rock",
        "tags": ["jazz", "rock"],
        "data": { "a": 1 },
        "people": ["01890a5d-ac96-774b-bcce-b302099a8057"],
        "parts": [{ "what": "Doors", "price": 3 }, { "notes": "_Music_", "price": 4 }],
    }))
}

#[test]
fn every_kind_is_shown_for_people() {
    let definition = definition();
    let ada = ContentLink { title: "Ada".into(), url: Some("/authors/ada".into()) };
    let mut material = Material::default();
    material.relations.insert("people".into(), vec![ada.clone()]);
    let shown = shown(&definition.fields, &full(), &material);
    let value = |name: &str| shown.iter().find(|field| field.name == name).unwrap().value.clone();
    for (name, expected) in [
        ("title", "A gig"),
        ("mail", "a&b@example.com"),
        ("price", "5"),
        ("seats", "12"),
        ("open", "No"),
        ("day", "31 January 2026"),
        ("begin", "31 January 2026, 18:30 UTC"),
        ("style", "Rock & Roll"),
        ("tags", "jazz, Rock & Roll"),
        ("data", "{\n  \"a\": 1\n}"),
        ("people", "Ada"),
    ] {
        assert_eq!(value(name).as_deref(), Some(expected), "{name}");
    }
    let field = |name: &str| shown.iter().find(|field| field.name == name).unwrap();
    assert_eq!(field("mail").url.as_deref(), Some("mailto:a%26b@example.com"));
    assert_eq!(field("tags").items, ["jazz", "Rock & Roll"]);
    assert_eq!(field("people").links, [ada]);
    assert_eq!(field("day").datetime.as_deref(), Some("2026-01-31"));
    let parts = field("parts");
    assert_eq!((parts.columns.len(), parts.rows.len(), parts.rows[1].len()), (3, 2, 3));
    assert_eq!((parts.rows[0][0].value.as_deref(), parts.rows[1][0].value.as_deref()), (Some("Doors"), None));
}

#[test]
fn what_is_private_is_nowhere() {
    let definition = definition();
    let shown = shown(&definition.fields, &full(), &Material::default());
    assert!(!shown.iter().any(|field| ["contact", "secret"].contains(&field.name.as_str())));
    let values = Value::Object(values(&definition.fields, &full())).to_string();
    assert!(!values.contains("secret") && !values.contains("contact"), "{values}");
    let places: Vec<String> =
        markdown(&definition.fields, &full()).into_iter().map(|(place, _)| place).collect();
    assert_eq!(places, ["body", "parts[1].notes"]);
}

#[test]
fn templates_may_ask_for_every_field() {
    let definition = definition();
    let values = values(&definition.fields, &fields(json!({ "parts": [{}] })));
    assert_eq!(values["price"], Value::Null);
    assert_eq!(values["parts"], json!([{ "what": null, "notes": null, "price": null }]));
    assert_eq!(values.len(), definition.fields.len() - 2);
    assert!(shown(&definition.fields, &fields(json!({ "tags": [] })), &Material::default()).is_empty());
}

#[test]
fn excerpts_come_from_prose() {
    let definition = definition();
    assert_eq!(excerpt(&definition, &full()).as_deref(), Some("Some words."));
    assert_eq!(excerpt(&definition, &fields(json!({ "title": "A gig", "secret": "x" }))), None);
    assert_eq!(relations(&definition, &full()).len(), 1);
}
