//! Definitions that are right and wrong, and that what is written is read again.

use serde_json::{Value, json};

use super::{field_from_json, field_to_json, from_json, from_toml, to_json};
use crate::{
    auth::Role,
    content::definition::{Kind, OnDelete, Requirement, SortKey},
    error::FieldError,
};

/// Every kind and every option.
fn everything() -> Value {
    json!({
        "name": "event",
        "singular": "Event",
        "plural": "Events",
        "description": "What takes place.",
        "drafts": false,
        "timestamps": false,
        "authorship": false,
        "permalink": "/whats-on/events/{slug}",
        "title_field": "headline",
        "default_sort": "-starts_at",
        "access": { "read": "subscriber", "write": "edit_others" },
        "indexes": [["category", "starts_at"], ["is_free", "created_at"]],
        "fields": [
            { "name": "title", "kind": "text", "required": true, "min": 2, "max": 200, "pattern": "[A-Z].*" },
            { "name": "headline", "kind": "text", "was": "head", "label": "The headline", "help": "Short.",
              "searchable": true, "default": "News" },
            { "name": "slug", "kind": "slug", "from": "headline" },
            { "name": "starts_at", "kind": "datetime", "sortable": true, "filterable": true,
              "min": "2020-01-01T00:00:00.000Z", "max": "2030-01-01T00:00:00.000Z" },
            { "name": "day", "kind": "date", "min": "2020-01-01", "default": "2021-02-03" },
            { "name": "price", "kind": "number", "min": -0.5, "max": 100, "default": 9.5 },
            { "name": "seats", "kind": "integer", "min": 1, "max": 9_007_199_254_740_991_i64, "unique": true },
            { "name": "is_free", "kind": "boolean", "default": false, "filterable": true },
            { "name": "category", "kind": "select", "filterable": true, "sortable": true,
              "options": ["talk", { "value": "concert", "label": "Concert, loud" }] },
            { "name": "tags", "kind": "select", "many": true, "min": 1, "max": 3, "options": ["a", "b"],
              "default": ["b", "a"] },
            { "name": "contact", "kind": "email", "private": true, "unique": true },
            { "name": "website", "kind": "url", "max": 255, "pattern": "https://.*" },
            { "name": "body", "kind": "markdown", "max": 1000, "searchable": true },
            { "name": "extra", "kind": "json", "default": { "a": [1, null] } },
            { "name": "host", "kind": "relation", "to": "user", "required": true },
            { "name": "venue", "kind": "relation", "to": "venue", "on_delete": "restrict", "filterable": true },
            { "name": "related", "kind": "relation", "to": "post", "many": true, "max": 5 },
            { "name": "agenda", "kind": "group", "min": 1, "max": 9, "fields": [
                { "name": "title", "kind": "text", "required": true, "max": 50 },
                { "name": "tags", "kind": "select", "many": true, "options": ["x"] },
            ] },
        ],
    })
}

/// A type with one text field and what is added.
fn with(additions: Value) -> Value {
    let mut source = json!({
        "name": "event", "singular": "Event", "plural": "Events",
        "fields": [{ "name": "title", "kind": "text" }],
    });
    for (key, value) in additions.as_object().unwrap() {
        source[key] = value.clone();
    }
    source
}

fn paths(faults: &[FieldError]) -> Vec<&str> {
    faults.iter().map(|fault| fault.field.as_str()).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let definition = from_json(&everything()).unwrap();
    assert_eq!(to_json(&definition), everything());
    assert_eq!(from_json(&to_json(&definition)).unwrap(), definition);
    for field in &definition.fields {
        assert_eq!(field_from_json(&field_to_json(field)).unwrap(), *field);
    }
    assert_eq!(definition.slug_field().unwrap().name.as_str(), "slug");
    assert_eq!(definition.access.read, Requirement::Role(Role::Subscriber));
    let sort = &definition.indexes[1].sort;
    assert_eq!(*sort, SortKey::CreatedAt);
    let host = definition.field("host").unwrap();
    assert!(matches!(host.kind, Kind::Relation { on_delete: OnDelete::Restrict, many: None, .. }));
}

#[test]
fn what_is_so_by_default_is_left_out() {
    let spelled_out = with(json!({
        "description": "", "drafts": true, "timestamps": true, "authorship": true, "permalink": null,
        "title_field": "title", "default_sort": "-created_at", "indexes": [],
        "access": { "read": "anyone", "write": "author" },
        "fields": [{
            "name": "title", "kind": "text", "label": "Title", "help": "", "required": false, "unique": false,
            "private": false, "filterable": false, "sortable": false, "searchable": false, "default": null,
            "min": null, "was": null, "pattern": null, "many": null,
        }],
    }));
    assert_eq!(to_json(&from_json(&spelled_out).unwrap()), with(json!({})));
}

#[test]
fn titles_are_public_texts_if_possible() {
    let source = with(json!({ "fields": [
        { "name": "number", "kind": "integer" },
        { "name": "secret", "kind": "text", "private": true },
        { "name": "call_name", "kind": "text" },
    ] }));
    let definition = from_json(&source).unwrap();
    assert_eq!(definition.title_field.unwrap().as_str(), "call_name");
    assert_eq!(definition.fields[2].label, "Call name");
}

#[test]
fn every_fault_comes_at_once() {
    let source = json!({
        "name": "Event", "singular": "", "drafts": "yes", "colour": 1, "enabled": true,
        "permalink": "/api/{slug}", "title_field": "titel", "default_sort": "price",
        "access": { "read": "friends", "write": "anyone", "delete": "author" },
        "indexes": [["title", "price"], "title"],
        "fields": [
            { "name": "title", "kind": "text", "min": 9, "max": 3, "pattern": "(" },
            { "name": "price", "kind": "number", "options": ["a"], "searchable": true },
            { "name": "price", "kind": "colour", "required": 1 },
            { "kind": "select", "options": [] },
            7,
        ],
    });
    let faults = from_json(&source).unwrap_err();
    let mut found = paths(&faults);
    found.sort_unstable();
    let mut expected = vec![
        "colour",
        "name",
        "singular",
        "plural",
        "drafts",
        "enabled",
        "permalink",
        "title_field",
        "access.read",
        "access.write",
        "access.delete",
        "indexes[1]",
        "fields[0].min",
        "fields[0].pattern",
        "fields[1].options",
        "fields[1].searchable",
        "fields[2].kind",
        "fields[2].name",
        "fields[2].required",
        "fields[3].name",
        "fields[3].options",
        "fields[4]",
    ];
    expected.sort_unstable();
    assert_eq!(found, expected);
    let min = faults.iter().find(|fault| fault.field == "fields[0].min").unwrap();
    assert_eq!(min.message, "Field `title`: Must not be more than `max`, which is 3; this is 9.");
    assert_eq!(min.pointer.as_deref(), Some("#/fields/0/min"));
}

#[test]
fn fields_have_rules() {
    for (source, path, words) in [
        (json!({ "kind": "text", "max": 600_000 }), "max", "524288"),
        (json!({ "kind": "text", "unique": true, "max": 256 }), "max", "at most 255, since"),
        (json!({ "kind": "text", "max": 1.5 }), "max", "whole number"),
        (json!({ "kind": "text", "default": "" }), "default", "leave `default` out"),
        (json!({ "kind": "text", "default": "long", "max": 3 }), "default", "at most 3 characters"),
        (json!({ "kind": "text", "unique": true, "default": "a" }), "default", "takes no default"),
        (json!({ "kind": "text", "requierd": true }), "requierd", "did you mean `required`"),
        (json!({ "kind": "text", "min": 1, "many": true }), "many", "belongs to select, relation"),
        (json!({ "kind": "text", "private": true, "searchable": true }), "searchable", "private"),
        (json!({ "kind": "text", "label": "a\nb" }), "label", "one line"),
        (json!({ "kind": "markdown", "pattern": "a" }), "pattern", "markdown"),
        (json!({ "kind": "markdown", "filterable": true }), "filterable", "does not fit"),
        (json!({ "kind": "number", "min": "1" }), "min", "a number"),
        (json!({ "kind": "integer", "max": 1.5 }), "max", "whole"),
        (json!({ "kind": "integer", "default": 0, "min": 1 }), "default", "at least 1"),
        (json!({ "kind": "boolean", "unique": true }), "unique", "does not fit the kind boolean"),
        (json!({ "kind": "date", "min": "2026-02-30" }), "min", "2026-02-30"),
        (json!({ "kind": "datetime", "min": "soon" }), "min", "soon"),
        (json!({ "kind": "select" }), "options", "Must be there"),
        (json!({ "kind": "select", "options": ["a", "a"] }), "options[1]", "already"),
        (json!({ "kind": "select", "options": ["a,b"] }), "options[0]", "comma"),
        (json!({ "kind": "select", "options": [1] }), "options[0]", "a number"),
        (json!({ "kind": "select", "options": [{ "label": "A" }] }), "options[0].value", "Must be there"),
        (json!({ "kind": "select", "options": ["a"], "max": 2 }), "max", "many = true"),
        (
            json!({ "kind": "select", "options": ["a"], "many": true, "sortable": true }),
            "sortable",
            "of many",
        ),
        (json!({ "kind": "select", "options": ["a"], "default": "b" }), "default", "none of a"),
        (json!({ "kind": "email", "max": 300 }), "max", "254"),
        (json!({ "kind": "slug", "default": "a" }), "default", "takes no default"),
        (json!({ "kind": "relation" }), "to", "Must be there"),
        (json!({ "kind": "relation", "to": "Post" }), "to", "post, page, user"),
        (json!({ "kind": "relation", "to": "post", "on_delete": "drop" }), "on_delete", "clear, restrict"),
        (
            json!({ "kind": "relation", "to": "post", "required": true, "on_delete": "clear" }),
            "on_delete",
            "cannot be cleared",
        ),
        (json!({ "kind": "relation", "to": "post", "sortable": true }), "sortable", "does not fit"),
        (json!({ "kind": "group", "fields": [] }), "fields", "1 to 20"),
        (
            json!({ "kind": "group", "fields": [{ "name": "a", "kind": "group", "fields": [] }] }),
            "fields[0].kind",
            "inside a group",
        ),
        (
            json!({ "kind": "group", "fields": [{ "name": "a", "kind": "text", "unique": true }] }),
            "fields[0].unique",
            "inside a group",
        ),
        (
            json!({ "kind": "group", "fields": [{ "name": "a", "kind": "text" }, { "name": "a", "kind": "json" }] }),
            "fields[1].name",
            "two fields",
        ),
        (json!({ "kind": "txt" }), "kind", "did you mean `text`"),
        (json!({ "name": "id", "kind": "text" }), "name", "something else"),
    ] {
        let mut field = json!({ "name": "field" });
        for (key, value) in source.as_object().unwrap() {
            field[key] = value.clone();
        }
        let faults = field_from_json(&field).unwrap_err();
        assert_eq!(paths(&faults), [path], "{field}: {faults:?}");
        assert!(faults[0].message.contains(words), "{field}: {faults:?}");
    }
}

#[test]
fn fields_fit_together() {
    let title = json!({ "name": "title", "kind": "text" });
    let slug = json!({ "name": "slug", "kind": "slug" });
    let number = json!({ "name": "number", "kind": "integer", "sortable": true, "filterable": true });
    let secret = json!({ "name": "secret", "kind": "text", "private": true, "sortable": true });
    for (additions, path) in [
        (json!({ "fields": [slug, { "name": "other", "kind": "slug" }] }), "fields[1].kind"),
        (json!({ "fields": [{ "name": "slug", "kind": "slug", "from": "title" }] }), "fields[0].from"),
        (
            json!({ "fields": [number, { "name": "slug", "kind": "slug", "from": "number" }] }),
            "fields[1].from",
        ),
        (
            json!({ "fields": [secret, { "name": "slug", "kind": "slug", "from": "secret" }] }),
            "fields[1].from",
        ),
        (json!({ "fields": [{ "name": "title", "kind": "text", "was": "title" }] }), "fields[0].was"),
        (json!({ "fields": [title, { "name": "a", "kind": "text", "was": "title" }] }), "fields[1].was"),
        (
            json!({ "fields": [
                { "name": "a", "kind": "text", "was": "c" },
                { "name": "b", "kind": "text", "was": "c" },
            ] }),
            "fields[1].was",
        ),
        (json!({ "fields": [title, number], "title_field": "number" }), "title_field"),
        (json!({ "permalink": "/events/{slug}" }), "permalink"),
        (json!({ "permalink": "events/{id}" }), "permalink"),
        (json!({ "permalink": "/{id}" }), "permalink"),
        (json!({ "permalink": "/a/b/c/d/{id}" }), "permalink"),
        (json!({ "permalink": "/events" }), "permalink"),
        (json!({ "permalink": "/Events/{id}" }), "permalink"),
        (json!({ "permalink": "/a//{id}" }), "permalink"),
        (json!({ "permalink": "/search/{id}" }), "permalink"),
        (json!({ "permalink": "/events/{title}", "fields": [title, slug] }), "permalink"),
        (
            json!({ "permalink": "/events/{slug}", "fields": [
                title, { "name": "slug", "kind": "slug", "private": true },
            ] }),
            "permalink",
        ),
        (json!({ "permalink": "/events/{id}", "fields": [secret] }), "title_field"),
        (json!({ "default_sort": "-title" }), "default_sort"),
        (json!({ "fields": [title, secret], "default_sort": "secret" }), "default_sort"),
        (json!({ "indexes": [["title", "created_at"]] }), "indexes[0][0]"),
        (json!({ "fields": [title, number], "indexes": [["number", "title"]] }), "indexes[0][1]"),
        (json!({ "fields": [title, number], "indexes": [["number", "number"]] }), "indexes[0][0]"),
        (
            json!({ "fields": [number], "indexes": [["number", "created_at"], ["number", "-created_at"]] }),
            "indexes[1]",
        ),
    ] {
        let faults = from_json(&with(additions.clone())).unwrap_err();
        assert_eq!(paths(&faults), [path], "{additions}: {faults:?}");
    }
}

#[test]
fn permalinks_are_by_slug_or_id() {
    let slug = json!([{ "name": "title", "kind": "text" }, { "name": "handle", "kind": "slug" }]);
    for (permalink, prefix, by_slug) in [
        ("/events/{slug}", "/events", true),
        ("/a/b-1/c/{handle}", "/a/b-1/c", true),
        ("/events/{id}", "/events", false),
    ] {
        let definition = from_json(&with(json!({ "permalink": permalink, "fields": slug }))).unwrap();
        let read = definition.permalink.unwrap();
        assert_eq!((read.prefix.as_str(), read.by_slug), (prefix, by_slug));
    }
}

#[test]
fn files_are_toml() {
    let text = "enabled = false\nsingular = \"Event\"\nplural = \"Events\"\n\n[[fields]]\nname = \"day\"\n\
                kind = \"date\"\nmin = 2026-01-01\n";
    let file = from_toml("event", text).unwrap();
    assert!(!file.enabled);
    assert_eq!(file.definition.name.as_str(), "event");
    assert!(
        matches!(&file.definition.fields[0].kind, Kind::Date(bounds) if bounds.min.as_deref() == Some("2026-01-01"))
    );

    let faults = from_toml("event", "singular = \"Event\"\nplural = Events\n").unwrap_err();
    assert_eq!(paths(&faults), ["event.toml"]);
    assert!(faults[0].message.starts_with("Line 2, column "), "{faults:?}");

    let faults = from_toml("event", &format!("name = \"events\"\n{text}")).unwrap_err();
    assert_eq!(paths(&faults), ["name"]);
    let faults = from_toml("my-event", text).unwrap_err();
    assert_eq!(paths(&faults), ["name"]);

    let not_a_number =
        "singular = \"A\"\nplural = \"B\"\n[[fields]]\nname = \"a\"\nkind = \"number\"\nmin = nan\n";
    assert_eq!(paths(&from_toml("event", not_a_number).unwrap_err()), ["fields[0].min"]);
}
