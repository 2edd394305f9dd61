//! Values of every kind, right and wrong.

use serde_json::{Value, json};

use super::{
    checked, fields, filter_value, index_value, links, moment, relation_ids, searched_text, with_defaults,
};
use crate::{
    clock::Timestamp,
    content::{
        ContentType, Field, Fields, TypeDefinition,
        definition::source,
        layout::Layout,
        model::{IndexValue, Owner},
    },
    error::FieldError,
};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn field(mut source: Value) -> Field {
    source["name"] = "it".into();
    source::field_from_json(&source).unwrap()
}

/// The value as it is kept, of a complete entry.
fn value(field: &Field, value: &Value) -> Result<Value, Vec<FieldError>> {
    checked(field, value, "fields.it", true).map(Option::unwrap_or_default)
}

fn definition(fields: Value) -> TypeDefinition {
    let source = json!({ "name": "event", "singular": "Event", "plural": "Events", "fields": fields });
    source::from_json(&source).unwrap()
}

fn given(value: Value) -> Fields {
    value.as_object().unwrap().clone()
}

fn paths(faults: &[FieldError]) -> Vec<&str> {
    faults.iter().map(|fault| fault.field.as_str()).collect()
}

#[test]
fn right_values_are_normalised() {
    let select = json!({ "kind": "select", "options": ["a", "b", "c"], "many": true, "max": 2 });
    let group = json!({ "kind": "group", "fields": [
        { "name": "unit", "kind": "text" }, { "name": "amount", "kind": "number" },
    ] });
    for (source, given, kept) in [
        (json!({ "kind": "text" }), json!("  a b "), json!("a b")),
        (json!({ "kind": "text", "min": 2 }), json!("  "), Value::Null),
        (json!({ "kind": "text", "max": 2, "pattern": "[ü]+" }), json!("üü"), json!("üü")),
        (json!({ "kind": "markdown" }), json!("  code\n"), json!("  code\n")),
        (json!({ "kind": "markdown" }), json!(" \n"), Value::Null),
        (json!({ "kind": "number" }), json!(5.0), json!(5)),
        (json!({ "kind": "number", "min": -1, "max": 9.5 }), json!(9.5), json!(9.5)),
        (json!({ "kind": "number" }), json!(1e300), json!(1e300)),
        (json!({ "kind": "integer" }), json!(5.0), json!(5)),
        (json!({ "kind": "integer" }), json!(-9_007_199_254_740_991_i64), json!(-9_007_199_254_740_991_i64)),
        (json!({ "kind": "boolean" }), json!(false), json!(false)),
        (json!({ "kind": "date" }), json!("2024-02-29"), json!("2024-02-29")),
        (
            json!({ "kind": "datetime" }),
            json!("2026-02-03T04:05:06+01:00"),
            json!("2026-02-03T03:05:06.000Z"),
        ),
        (json!({ "kind": "datetime" }), json!("2026-02-03"), json!("2026-02-03T00:00:00.000Z")),
        (json!({ "kind": "select", "options": ["a"] }), json!("a"), json!("a")),
        (json!({ "kind": "select", "options": ["a"] }), json!(""), Value::Null),
        (select.clone(), json!(["c", "a"]), json!(["c", "a"])),
        (select, json!([]), Value::Null),
        (json!({ "kind": "email" }), json!(" Ada@Example.com"), json!("ada@example.com")),
        (
            json!({ "kind": "url" }),
            json!("HTTPS://Example.com:443/a?b#c"),
            json!("https://example.com/a?b#c"),
        ),
        (json!({ "kind": "url" }), json!("https://example.com"), json!("https://example.com/")),
        (
            json!({ "kind": "url" }),
            json!("https://exa.mple/<x>\"^|{y}%41%?q=ü[1]#a#b"),
            json!("https://exa.mple/%3Cx%3E%22%5E%7C%7By%7D%41%25?q=%C3%BC%5B1%5D#a%23b"),
        ),
        (json!({ "kind": "slug" }), json!("api"), json!("api")),
        (json!({ "kind": "json" }), json!([{ "a": null }, 1.5]), json!([{ "a": null }, 1.5])),
        (
            json!({ "kind": "json" }),
            json!([5.0, { "a": -0.0 }, 1e19]),
            json!([5, { "a": 0 }, 10_000_000_000_000_000_000_u64]),
        ),
        (json!({ "kind": "json" }), json!([-2.0, 1e300]), json!([-2, 1e300])),
        (
            json!({ "kind": "number" }),
            json!(12_345_678_901_234_567_890_u64),
            json!(12_345_678_901_234_567_890.0),
        ),
        (json!({ "kind": "relation", "to": "post" }), json!(ID.to_uppercase()), json!(ID)),
        (
            json!({ "kind": "relation", "to": "post", "many": true }),
            json!([ID.replace('-', "")]),
            json!([ID]),
        ),
        (
            group,
            json!([{ "unit": " g ", "amount": 2.0 }, { "unit": null }]),
            json!([{ "unit": "g", "amount": 2 }, {}]),
        ),
        (json!({ "kind": "text" }), Value::Null, Value::Null),
    ] {
        let field = field(source.clone());
        let found = value(&field, &given).unwrap();
        assert_eq!(found, kept, "{source} {given}");
        // What was checked once stays as it is.
        assert_eq!(value(&field, &found).unwrap(), kept, "{source} {given}");
    }
}

#[test]
fn wrong_values_are_refused() {
    let many = json!({ "kind": "select", "options": ["a", "b"], "many": true, "min": 2 });
    let group = json!({ "kind": "group", "max": 2, "fields": [
        { "name": "name", "kind": "text", "required": true }, { "name": "amount", "kind": "number" },
    ] });
    let deep = (0..40).fold(json!(1), |value, _| json!([value]));
    for (source, given, path, words) in [
        (json!({ "kind": "text" }), json!(5), "", "Must be a text; this is a number."),
        (json!({ "kind": "text" }), json!("a\nb"), "", "one line"),
        (json!({ "kind": "text" }), json!("a\u{0}b"), "", "control"),
        (json!({ "kind": "text", "min": 3 }), json!("ab"), "", "at least 3 characters; this has 2"),
        (json!({ "kind": "text", "max": 1 }), json!("üü"), "", "at most 1 characters; this has 2"),
        (json!({ "kind": "text", "sortable": true }), json!("x".repeat(256)), "", "at most 255"),
        (
            json!({ "kind": "text", "pattern": "[a-z]+" }),
            json!("a1"),
            "",
            "Must match `[a-z]+`; this is `a1`.",
        ),
        (json!({ "kind": "markdown" }), json!("a\u{0}"), "", "NUL"),
        (json!({ "kind": "markdown" }), json!("x".repeat(600_000)), "", "524288 bytes"),
        (json!({ "kind": "number" }), json!("5"), "", "without quotes; this is a text"),
        (json!({ "kind": "number", "min": 1 }), json!(0.5), "", "at least 1; this is 0.5"),
        (json!({ "kind": "number", "max": 1 }), json!(2), "", "at most 1; this is 2"),
        (json!({ "kind": "integer" }), json!(1.5), "", "whole number"),
        (json!({ "kind": "integer" }), json!(9_007_199_254_740_992_i64), "", "9007199254740991"),
        (json!({ "kind": "integer" }), json!("5"), "", "without quotes"),
        (json!({ "kind": "boolean" }), json!("true"), "", "true or false; this is a text"),
        (json!({ "kind": "date" }), json!("2026-02-30"), "", "2026-02-30"),
        (json!({ "kind": "date" }), json!("0000-01-01"), "", "such as"),
        (json!({ "kind": "date" }), json!("2026-2-3"), "", "such as"),
        (json!({ "kind": "date" }), json!("2026-02-03T00:00:00Z"), "", "such as"),
        (json!({ "kind": "date", "min": "2026-01-01" }), json!("2025-12-31"), "", "at least 2026-01-01"),
        (json!({ "kind": "datetime" }), json!("tomorrow"), "", "tomorrow"),
        (json!({ "kind": "datetime", "max": "2026-01-01" }), json!("2026-01-02"), "", "at most 2026-01-01T"),
        (json!({ "kind": "select", "options": ["a", "b"] }), json!("c"), "", "`c` is none of a, b."),
        (many.clone(), json!("a"), "", "a list; this is a text"),
        (many.clone(), json!(["a"]), "", "at least 2 items; this has 1"),
        (many.clone(), json!(["a", "a"]), "[1]", "already"),
        (many, json!(["a", "x"]), "[1]", "none of"),
        (json!({ "kind": "email" }), json!("ada"), "", "e-mail"),
        (json!({ "kind": "url" }), json!("/path"), "", "absolute"),
        (json!({ "kind": "url" }), json!("ftp://example.com"), "", "absolute"),
        (json!({ "kind": "url" }), json!("https:example.com"), "", "absolute"),
        (json!({ "kind": "url" }), json!("https://example.com\\@evil"), "", "absolute"),
        (json!({ "kind": "url" }), json!("javascript:alert(1)"), "", "absolute"),
        (json!({ "kind": "url" }), json!("https://a:b@example.com"), "", "password"),
        (json!({ "kind": "slug" }), json!("Two Words"), "", "`two-words`"),
        (json!({ "kind": "slug" }), json!(ID), "", "like an id"),
        (json!({ "kind": "slug" }), json!("export"), "", "export; choose another"),
        (json!({ "kind": "url" }), json!(format!("https://a.example/{}", "ü".repeat(400))), "", "2000 bytes"),
        (json!({ "kind": "url" }), json!("https://a{b.example.com/"), "", "absolute"),
        (json!({ "kind": "json" }), deep, "", "32 lists"),
        (json!({ "kind": "json" }), json!({ "a\u{0}": 1 }), "", "NUL"),
        (json!({ "kind": "json" }), json!("x".repeat(70_000)), "", "65536 bytes"),
        (json!({ "kind": "relation", "to": "post" }), json!("1"), "", "Must be an id"),
        (json!({ "kind": "relation", "to": "post" }), json!([ID]), "", "a text; this is a list"),
        (
            json!({ "kind": "relation", "to": "post", "many": true }),
            json!([ID, ID.to_uppercase()]),
            "[1]",
            "already",
        ),
        (group.clone(), json!([{ "name": "a" }, 5]), "[1]", "an object"),
        (group.clone(), json!([{ "amount": 1 }]), "[0].name", "Must have a value"),
        (group.clone(), json!([{ "name": "a", "amuont": 1 }]), "[0].amuont", "did you mean `amount`"),
        (group, json!([{ "name": "a" }, { "name": "a" }, { "name": "a" }]), "", "at most 2 items"),
    ] {
        let faults = value(&field(source.clone()), &given).unwrap_err();
        assert_eq!(paths(&faults), [format!("fields.it{path}")], "{source} {given}");
        assert!(faults[0].message.contains(words), "{source} {given}: {faults:?}");
    }
}

#[test]
fn all_faults_of_all_fields_come_at_once() {
    let definition = definition(json!([
        { "name": "title", "kind": "text", "required": true },
        { "name": "price", "kind": "number", "min": 0 },
        { "name": "parts", "kind": "group", "fields": [{ "name": "amount", "kind": "integer" }] },
    ]));
    let input = given(json!({ "price": -1, "parts": [{ "amount": "x" }, { "amount": 1.5 }], "prize": 1 }));
    let faults = fields(&definition, &input, true).unwrap_err();
    assert_eq!(
        paths(&faults),
        ["fields.prize", "fields.title", "fields.price", "fields.parts[0].amount", "fields.parts[1].amount"]
    );
    assert_eq!(faults[3].pointer.as_deref(), Some("#/fields/parts/0/amount"));
    // A draft may lack what is required.
    let draft = fields(&definition, &given(json!({ "price": null })), false).unwrap();
    assert!(draft.is_empty());
}

#[test]
fn faults_come_to_an_end() {
    let definition = definition(json!([
        { "name": "title", "kind": "text" },
        { "name": "parts", "kind": "group", "fields": [{ "name": "amount", "kind": "integer" }] },
    ]));
    let input: Fields = (0..5_000).map(|number| (format!("no.{number:04}"), json!(1))).collect();
    let faults = fields(&definition, &input, false).unwrap_err();
    assert_eq!(faults.len(), 21);
    assert_eq!(paths(&faults)[0], "fields.no.0000");
    assert_eq!(faults[0].pointer.as_deref(), Some("#/fields/no.0000"));
    assert_eq!(paths(&faults)[20], "fields");
    assert!(faults[20].message.contains("4980 more names"), "{:?}", faults[20]);
    let parts = vec![json!({ "amount": "x", "unknown": 1 }); 900];
    let faults = fields(&definition, &given(json!({ "parts": parts })), false).unwrap_err();
    assert_eq!(faults.len(), 101);
    assert!(faults[100].message.contains("first 100"), "{:?}", faults[100]);
}

#[test]
fn entries_have_a_largest_size() {
    let definition = definition(json!([
        { "name": "a", "kind": "markdown" }, { "name": "b", "kind": "markdown" }, { "name": "c", "kind": "markdown" },
    ]));
    let text = "x".repeat(400_000);
    let faults = fields(&definition, &given(json!({ "a": text, "b": text, "c": text })), false).unwrap_err();
    assert_eq!(paths(&faults), ["fields"]);
    assert!(fields(&definition, &given(json!({ "a": text, "b": text })), false).is_ok());
}

#[test]
fn defaults_are_for_what_is_not_said() {
    let definition = definition(json!([
        { "name": "a", "kind": "text", "default": "x" }, { "name": "b", "kind": "text", "default": "y" },
    ]));
    let mut fields = given(json!({ "a": null }));
    with_defaults(&definition, &mut fields);
    assert_eq!(Value::Object(fields), json!({ "a": null, "b": "y" }));
}

#[test]
fn indexes_have_one_order() {
    let number = field(json!({ "kind": "number", "filterable": true }));
    let flag = field(json!({ "kind": "boolean" }));
    let text = field(json!({ "kind": "text" }));
    assert_eq!(index_value(&number, Some(&json!(2))), IndexValue::Number(2.0));
    assert_eq!(index_value(&number, None), IndexValue::Number(f64::NEG_INFINITY));
    assert_eq!(index_value(&flag, Some(&json!(true))), IndexValue::Number(1.0));
    assert_eq!(index_value(&flag, None), IndexValue::Number(-1.0));
    assert_eq!(index_value(&text, Some(&json!("a"))), IndexValue::Text("a".into()));
    assert_eq!(index_value(&text, None), IndexValue::Text(String::new()));
}

#[test]
fn filters_mean_what_is_kept() {
    let select = json!({ "kind": "select", "options": ["a", "b"], "many": true });
    let relation = json!({ "kind": "relation", "to": "post" });
    let text = |text: &str| Some(IndexValue::Text(text.to_owned()));
    for (source, given, meant) in [
        (json!({ "kind": "text" }), " a ", text("a")),
        (json!({ "kind": "text" }), "", None),
        (json!({ "kind": "number" }), "2.50", Some(IndexValue::Number(2.5))),
        (json!({ "kind": "number" }), "inf", None),
        (json!({ "kind": "integer" }), "2.5", None),
        (json!({ "kind": "integer" }), "-2", Some(IndexValue::Number(-2.0))),
        (json!({ "kind": "boolean" }), "true", Some(IndexValue::Number(1.0))),
        (json!({ "kind": "boolean" }), "yes", None),
        (json!({ "kind": "date" }), "2026-01-31", text("2026-01-31")),
        (json!({ "kind": "date" }), "2026", None),
        (json!({ "kind": "datetime" }), "2026-01-31", text("2026-01-31T00:00:00.000Z")),
        (json!({ "kind": "email" }), "Ada@example.com", text("ada@example.com")),
        (select.clone(), "b", text("b")),
        (select, "c", None),
        (relation.clone(), ID, text(ID)),
        (relation, "x", None),
        (json!({ "kind": "markdown" }), "a", None),
    ] {
        assert_eq!(filter_value(&field(source.clone()), given).ok(), meant, "{source} {given}");
    }
    assert_eq!(moment("1970-01-02").unwrap(), IndexValue::Number(86_400_000.0));
    assert!(moment("soon").is_err());
}

#[test]
fn links_and_words_are_found() {
    let definition = definition(json!([
        { "name": "title", "kind": "text", "searchable": true },
        { "name": "tags", "kind": "select", "many": true, "searchable": true,
          "options": ["a", { "value": "b", "label": "Bee" }] },
        { "name": "host", "kind": "relation", "to": "user" },
        { "name": "pages", "kind": "relation", "to": "page", "many": true },
        { "name": "venue", "kind": "relation", "to": "venue" },
    ]));
    let mut layout = Layout::default();
    for field in &definition.fields {
        let key = layout.fresh();
        layout.keys.insert(field.name.to_string(), key);
    }
    let fields = given(json!({ "title": "Songs", "tags": ["b"], "host": ID, "pages": [ID], "venue": ID }));
    assert_eq!(searched_text(&definition, &fields).unwrap(), "Songs\nBee");
    let moment = Timestamp::from_millis(0);
    let content_type = ContentType {
        number: 1,
        version: 1,
        owner: Owner::Api,
        enabled: true,
        definition,
        layout,
        created_at: moment,
        updated_at: moment,
    };
    let found = links(&content_type, &fields);
    let found: Vec<_> =
        found.iter().map(|link| (link.key.as_str(), link.value.as_str(), link.target)).collect();
    assert_eq!(
        found,
        [("f2", "b", None), ("f3", ID, Some("user")), ("f4", ID, Some("post")), ("f5", ID, Some("entry"))]
    );
    assert_eq!(relation_ids(&fields["pages"]), relation_ids(&fields["host"]));
    assert!(relation_ids(&json!(5)).is_empty());
}
