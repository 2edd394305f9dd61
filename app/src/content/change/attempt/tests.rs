use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{
    clock::Timestamp,
    content::{ContentType, definition::source, layout::Layout, model::Owner},
    ids::EntryId,
};

fn definition(fields: &Value) -> crate::content::TypeDefinition {
    let definition = json!({ "name": "event", "singular": "Event", "plural": "Events", "fields": fields });
    source::from_json(&definition).unwrap()
}

/// A type whose fields have the keys `f1`, `f2` and so on.
fn content_type(fields: &Value) -> ContentType {
    let definition = definition(fields);
    let mut layout = Layout::default();
    for field in &definition.fields {
        let key = layout.fresh();
        layout.keys.insert(field.name.to_string(), key);
    }
    let (created_at, updated_at) = (Timestamp::from_millis(0), Timestamp::from_millis(0));
    let owner = Owner::Api;
    ContentType { number: 1, version: 1, owner, enabled: true, definition, layout, created_at, updated_at }
}

fn attempt(old: &Value, new: &Value, fill: &Value) -> Result<Attempt, Vec<FieldError>> {
    let old = content_type(old);
    let transition = Transition::new(&old, &definition(new), &BTreeSet::new(), Timestamp::from_millis(9));
    let fill = checked_fill(&transition, fill.as_object().unwrap())?;
    Ok(Attempt::new(transition, fill, Places::new(std::iter::once(&old))))
}

fn entry(status: EntryStatus, stored: &Value) -> Entry {
    Entry {
        id: EntryId::generate(),
        status,
        fields: Fields::new(),
        stored: stored.as_object().unwrap().clone(),
        created_by: None,
        updated_by: None,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
        published_at: None,
        version: 1,
    }
}

fn published(stored: &Value) -> Entry {
    entry(EntryStatus::Published, stored)
}

fn recast(attempt: &Attempt, entry: &Entry) -> Recast {
    attempt.recast(entry, &Existing::new())
}

fn title() -> Value {
    json!({ "name": "title", "kind": "text" })
}

#[test]
fn values_are_converted_or_found_wrong() {
    let price = |kind: &str| json!([title(), { "name": "price", "kind": kind }]);
    let plain = attempt(&price("text"), &price("number"), &json!({})).unwrap();
    let right = recast(&plain, &published(&json!({ "f1": "A", "f2": "12.5" })));
    assert_eq!(Value::Object(right.stored), json!({ "f1": "A", "f2": "12.5", "f3": 12.5 }));
    assert!(right.faults.is_empty() && right.replaced.is_empty());
    let wrong = recast(&plain, &published(&json!({ "f2": "cheap" })));
    assert_eq!(wrong.faults[0].value, Some(json!("cheap")));
    assert_eq!(wrong.faults[0].reason, "Cannot be read as number.");
    let filled = attempt(&price("text"), &price("number"), &json!({ "price": 0 })).unwrap();
    let replaced = recast(&filled, &published(&json!({ "f2": "cheap", "f3": "left over" })));
    assert_eq!(Value::Object(replaced.stored), json!({ "f2": "cheap", "f3": 0 }));
    assert_eq!(replaced.replaced, ["price"]);
    let cleared = attempt(&price("text"), &price("number"), &json!({ "price": null })).unwrap();
    let cleared = recast(&cleared, &published(&json!({ "f2": "cheap", "f3": "left over" })));
    assert_eq!(Value::Object(cleared.stored), json!({ "f2": "cheap" }));
}

#[test]
fn required_fields_get_a_default_or_what_was_given() {
    let with = |more: Value| {
        let mut field = json!({ "name": "city", "kind": "text", "required": true });
        for (key, value) in more.as_object().unwrap() {
            field[key] = value.clone();
        }
        json!([title(), field])
    };
    let bare = attempt(&json!([title()]), &with(json!({})), &json!({})).unwrap();
    assert_eq!(recast(&bare, &published(&json!({}))).faults.len(), 1);
    assert!(recast(&bare, &entry(EntryStatus::Draft, &json!({}))).faults.is_empty());
    let default = attempt(&json!([title()]), &with(json!({ "default": "Here" })), &json!({})).unwrap();
    for status in [EntryStatus::Draft, EntryStatus::Published] {
        assert_eq!(recast(&default, &entry(status, &json!({}))).stored["f2"], "Here");
    }
    let given = json!({ "city": "There" });
    let filled = attempt(&json!([title()]), &with(json!({ "default": "Here" })), &given).unwrap();
    assert_eq!(recast(&filled, &published(&json!({}))).stored["f2"], "There");
    // A field that was there: drafts stay as their authors left them.
    let old = json!([title(), { "name": "city", "kind": "text" }]);
    let tightened = attempt(&old, &with(json!({})), &given).unwrap();
    assert_eq!(recast(&tightened, &published(&json!({}))).stored["f2"], "There");
    assert_eq!(recast(&tightened, &published(&json!({ "f2": "Rome" }))).stored["f2"], "Rome");
    assert!(recast(&tightened, &entry(EntryStatus::Draft, &json!({}))).stored.is_empty());
    let null = attempt(&old, &with(json!({})), &json!({ "city": null })).unwrap();
    assert_eq!(recast(&null, &published(&json!({}))).faults.len(), 1);
}

#[test]
fn tightened_rules_are_checked_where_the_values_are() {
    let short = json!([{ "name": "title", "kind": "text", "max": 3 }]);
    let tightened = attempt(&json!([title()]), &short, &json!({ "title": "new" })).unwrap();
    let kept = recast(&tightened, &published(&json!({ "f1": "abc" })));
    assert!(kept.replaced.is_empty() && kept.stored["f1"] == "abc");
    assert_eq!(recast(&tightened, &published(&json!({ "f1": "abcd" }))).replaced, ["title"]);
}

#[test]
fn slugs_are_made_once_for_each_entry() {
    let slug = json!([title(), { "name": "slug", "kind": "slug", "from": "title" }]);
    let attempt = attempt(&json!([title()]), &slug, &json!({})).unwrap();
    let (first, second) = (published(&json!({ "f1": "A Day" })), published(&json!({ "f1": "A day" })));
    for _ in 0..2 {
        assert_eq!(recast(&attempt, &first).stored["f2"], "a-day");
        assert_eq!(recast(&attempt, &second).stored["f2"], "a-day-2");
    }
    assert_eq!(recast(&attempt, &published(&json!({}))).stored["f2"], "event");
}

#[test]
fn relations_lead_to_what_is_there() {
    let relation = |to: &str| json!([title(), { "name": "who", "kind": "relation", "to": to }]);
    let there = Uuid::now_v7();
    let attempt = attempt(&relation("post"), &relation("user"), &json!({})).unwrap();
    let existing = Existing::from([(0, HashSet::from([there]))]);
    let kept = attempt.recast(&published(&json!({ "f2": there })), &existing);
    assert_eq!(kept.targets.len(), 1);
    assert_eq!(kept.stored["f3"], json!(there));
    let lost = attempt.recast(&published(&json!({ "f2": Uuid::now_v7() })), &existing);
    assert!(lost.faults[0].reason.starts_with("There is no user"));
}

#[test]
fn what_is_given_must_be_right() {
    let price = json!([title(), { "name": "price", "kind": "number", "max": 9 }]);
    let faults = |fill: Value| attempt(&json!([title()]), &price, &fill).map(drop).unwrap_err();
    let found = faults(json!({ "price": 10, "cost": 1 }));
    let names: Vec<&str> = found.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(names, ["fill.cost", "fill.price"]);
    assert_eq!(found[0].pointer.as_deref(), Some("#/fill/cost"));
}

#[test]
fn fingerprints_tell_values_apart() {
    let field = |kind: &str| source::field_from_json(&json!({ "name": "a", "kind": kind })).unwrap();
    let number = field("number");
    assert_eq!(fingerprint(&number, &json!(5)), fingerprint(&number, &json!(5.0)));
    assert_eq!(fingerprint(&number, &json!(-0.0)), fingerprint(&number, &json!(0)));
    assert_ne!(fingerprint(&number, &json!(5)), fingerprint(&number, &json!(6)));
    let text = field("text");
    assert_ne!(fingerprint(&text, &json!("a")), fingerprint(&text, &json!("b")));
}
