use serde_json::{Value, json};

use super::*;
use crate::content::model::Owner;

fn definition(fields: &Value) -> TypeDefinition {
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
    ContentType {
        number: 1,
        version: 3,
        owner: Owner::Api,
        enabled: true,
        definition,
        layout,
        created_at,
        updated_at,
    }
}

fn transition(old: &ContentType, fields: &Value) -> Transition {
    Transition::new(old, &definition(fields), &BTreeSet::new(), Timestamp::from_millis(9))
}

fn kinds(transition: &Transition) -> Vec<(StepKind, &str)> {
    transition.steps.iter().map(|step| (step.kind, step.field.as_deref().unwrap_or_default())).collect()
}

#[test]
fn a_renamed_field_keeps_its_key_and_touches_no_entry() {
    let old =
        content_type(&json!([{ "name": "title", "kind": "text" }, { "name": "start", "kind": "date" }]));
    let new =
        json!([{ "name": "title", "kind": "text" }, { "name": "starts_on", "was": "start", "kind": "date" }]);
    let renamed = transition(&old, &new);
    assert_eq!(kinds(&renamed), [(StepKind::Renamed, "starts_on")]);
    assert_eq!(renamed.new.layout.key("starts_on"), Some("f2"));
    assert_eq!(renamed.new.layout.key("start"), None);
    assert!(renamed.touches_no_entry() && renamed.set_aside.is_empty());
    assert_eq!(renamed.new.version, 4);
    // The note of the old name may stay where it is.
    let again = transition(&renamed.new, &new);
    assert!(again.steps.is_empty() && again.new.layout == renamed.new.layout);
}

#[test]
fn removed_values_are_kept_and_come_back() {
    let both =
        json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": "number", "private": true }]);
    let one = json!([{ "name": "title", "kind": "text" }]);
    let removed = transition(&content_type(&both), &one);
    assert_eq!(kinds(&removed), [(StepKind::Removed, "price")]);
    assert_eq!(removed.set_aside, [("f2".to_owned(), "price".to_owned())]);
    assert!(removed.touches_no_entry());
    let returned = transition(&removed.new, &both);
    assert_eq!(kinds(&returned), [(StepKind::Returned, "price")]);
    assert_eq!(returned.new.layout.key("price"), Some("f2"));
    assert!(returned.new.layout.retired.is_empty() && returned.warnings.is_empty());
    assert!(returned.moves[0].is_in_place());
    // As something else, they are converted, and kept as they were.
    let other = json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": "text" }]);
    let converted = transition(&removed.new, &other);
    assert_eq!(converted.new.layout.key("price"), Some("f3"));
    assert_eq!(converted.new.layout.retired.len(), 1);
    assert_eq!(converted.moves[0].from.as_ref().unwrap().key, "f2");
    assert_eq!(converted.warnings.len(), 1, "they were private");
    // As something that they can never be, they stay where they are.
    let never = json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": "date" }]);
    let added = transition(&removed.new, &never);
    assert_eq!(kinds(&added), [(StepKind::Added, "price")]);
    assert_eq!((added.new.layout.key("price"), added.new.layout.retired.len()), (Some("f3"), 1));
    assert!(added.touches_no_entry());
}

#[test]
fn another_kind_takes_another_key() {
    let price = |kind: &str| json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": kind, "unique": true }]);
    let converted = transition(&content_type(&price("text")), &price("number"));
    assert_eq!(kinds(&converted), [(StepKind::Converted, "price")]);
    assert_eq!(converted.new.layout.key("price"), Some("f3"));
    assert_eq!(converted.new.layout.retired[0].key, "f2");
    assert_eq!(converted.newly_unique, ["price"]);
    assert!(!converted.moves[0].is_in_place() && !converted.moves[0].needs_value);
    assert!(converted.writes_entries());
}

#[test]
fn words_of_a_search_are_made_anew_where_they_change() {
    let with = |more: Value| {
        let mut field = json!({ "name": "color", "kind": "select" });
        for (key, value) in more.as_object().unwrap() {
            field[key] = value.clone();
        }
        json!([{ "name": "title", "kind": "text" }, field])
    };
    let options = |label: &str| json!([{ "value": "r", "label": label }]);
    let old = content_type(&with(json!({ "options": options("Red") })));
    let searchable = with(json!({ "options": options("Red"), "searchable": true }));
    let searched = transition(&old, &searchable);
    assert!(searched.touches_no_entry() && searched.writes_entries());
    let labelled = with(json!({ "options": options("Crimson"), "searchable": true }));
    assert!(transition(&searched.new, &labelled).writes_entries());
    assert!(!transition(&old, &with(json!({ "options": options("Crimson") }))).writes_entries());
}

#[test]
fn replaced_values_are_set_aside() {
    let old = content_type(&json!([{ "name": "title", "kind": "text" }]));
    let new = json!([{ "name": "title", "kind": "text", "max": 3 }]);
    let tightened = transition(&old, &new);
    assert_eq!(kinds(&tightened), [(StepKind::Tightened, "title")]);
    assert!(tightened.moves[0].is_in_place() && tightened.set_aside.is_empty());
    let replaced = BTreeSet::from(["title".to_owned()]);
    let moved = Transition::new(&old, &definition(&new), &replaced, Timestamp::from_millis(9));
    assert_eq!(moved.new.layout.key("title"), Some("f2"));
    assert_eq!(moved.set_aside, [("f1".to_owned(), "title".to_owned())]);
}

#[test]
fn new_fields_touch_entries_where_they_need_a_value() {
    let old = content_type(&json!([{ "name": "title", "kind": "text" }]));
    let with = |field: Value| transition(&old, &json!([{ "name": "title", "kind": "text" }, field]));
    assert!(with(json!({ "name": "note", "kind": "text", "default": "x" })).touches_no_entry());
    let required = with(json!({ "name": "note", "kind": "text", "required": true }));
    assert!(required.moves[0].needs_value && required.moves[0].is_new);
    let slug = with(json!({ "name": "slug", "kind": "slug", "from": "title" }));
    assert!(slug.moves[0].needs_value && slug.newly_unique == ["slug"]);
}

#[test]
fn a_field_that_was_of_this_kind_before_has_an_original() {
    let price = |kind: &str| json!([{ "name": "title", "kind": "text" }, { "name": "price", "kind": kind }]);
    let key = |origin: &Option<Origin>| origin.as_ref().map(|origin| origin.key.clone());
    let number = transition(&content_type(&price("text")), &price("number"));
    assert_eq!(key(&number.moves[0].original), None);
    let text = transition(&number.new, &price("text"));
    let moved = &text.moves[0];
    assert_eq!((moved.key.as_str(), moved.is_in_place()), ("f4", false), "nothing is overwritten");
    assert_eq!((key(&moved.original), key(&moved.from)), (Some("f2".into()), Some("f3".into())));
    // What is gone comes back as what it was, wherever it was something else in between.
    let gone = transition(&number.new, &json!([{ "name": "title", "kind": "text" }]));
    let returned = transition(&gone.new, &price("text"));
    let moved = &returned.moves[0];
    assert_eq!((moved.key.as_str(), moved.is_in_place()), ("f2", true));
    assert_eq!((key(&moved.original), key(&moved.from)), (Some("f2".into()), Some("f3".into())));
    assert_eq!(transition(&gone.new, &price("integer")).moves[0].key, "f4");
}

#[test]
fn relations_that_come_back_are_linked_anew() {
    let with = json!([
        { "name": "title", "kind": "text" }, { "name": "post", "kind": "relation", "to": "post" },
    ]);
    let gone = transition(&content_type(&with), &json!([{ "name": "title", "kind": "text" }]));
    let returned = transition(&gone.new, &with);
    assert_eq!(kinds(&returned), [(StepKind::Returned, "post")]);
    assert_eq!((returned.moves[0].key.as_str(), returned.new.layout.retired.len()), ("f3", 1));
}

#[test]
fn where_pages_were_is_remembered() {
    let mut old = content_type(&json!([{ "name": "title", "kind": "text" }]));
    let at = |prefix: &str| Some(Permalink { prefix: prefix.to_owned(), by_slug: false });
    old.definition.permalink = at("/events");
    let mut new = old.definition.clone();
    new.permalink = at("/dates");
    let change = |old: &ContentType, new: &TypeDefinition| {
        Transition::new(old, new, &BTreeSet::new(), Timestamp::from_millis(9)).new
    };
    let moved = change(&old, &new);
    assert_eq!(moved.layout.former, ["/events"]);
    assert_eq!(change(&moved, &old.definition).layout.former, ["/dates"]);
}

#[test]
fn published_entries_must_be_complete() {
    let old = content_type(&json!([
        { "name": "title", "kind": "text", "required": true },
        { "name": "note", "kind": "text" },
        { "name": "slug", "kind": "slug" },
        { "name": "steps", "kind": "group", "fields": [{ "name": "text", "kind": "text", "required": true }] },
    ]));
    let mut new = old.definition.clone();
    new.drafts = false;
    let published = Transition::new(&old, &new, &BTreeSet::new(), Timestamp::from_millis(9));
    let moves: Vec<_> =
        published.moves.iter().map(|moved| (moved.field.name.as_str(), moved.needs_value)).collect();
    assert_eq!(moves, [("title", true), ("slug", true), ("steps", false)]);
}

#[test]
fn properties_of_the_type_are_told() {
    let old = content_type(&json!([{ "name": "a", "kind": "text" }, { "name": "b", "kind": "text" }]));
    let mut new = old.definition.clone();
    assert!(properties::steps(&old.definition, &new).is_empty());
    new.drafts = false;
    new.plural = "Occasions".into();
    new.fields.swap(0, 1);
    let words: Vec<String> =
        properties::steps(&old.definition, &new).into_iter().map(|step| step.detail).collect();
    assert_eq!(
        words,
        [
            "it is called `Event`, several `Occasions`",
            "every entry is published",
            "fields are shown in another order"
        ]
    );
}
