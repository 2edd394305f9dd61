use super::ContentTypes;
use crate::{
    clock::Timestamp,
    content::{ContentType, definition::source, layout::Layout, model::Owner},
};

fn content_type(number: i64, name: &str, permalink: &str, enabled: bool) -> ContentType {
    let definition = source::from_json(&serde_json::json!({
        "name": name, "singular": name, "plural": name, "permalink": permalink,
        "fields": [{ "name": "title", "kind": "text" }],
    }));
    ContentType {
        number,
        version: 1,
        owner: Owner::Api,
        enabled,
        definition: definition.unwrap(),
        layout: Layout::default(),
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

#[test]
fn a_path_leads_to_the_type_that_serves_it() {
    let types = ContentTypes::new(vec![
        content_type(1, "event", "/events/{id}", true),
        content_type(2, "place", "/events-and/places/{id}", true),
        content_type(3, "recipe", "/recipes/{id}", false),
    ]);
    let found = |path: &'static str| types.by_path(path).map(|(found, rest)| (found.name().to_owned(), rest));
    assert_eq!(found("/events"), Some(("event".to_owned(), "")));
    assert_eq!(found("/events/a"), Some(("event".to_owned(), "a")));
    assert_eq!(found("/events/page/2"), Some(("event".to_owned(), "page/2")));
    assert_eq!(found("/events-and/places/x"), Some(("place".to_owned(), "x")));
    for nothing in ["/", "/event", "/eventsx", "/events-and", "/recipes", "/recipes/x"] {
        assert_eq!(found(nothing), None, "{nothing}");
    }
}

#[test]
fn types_do_not_share_addresses_and_relations_lead_somewhere() {
    let types = ContentTypes::new(vec![content_type(1, "event", "/events/{id}", true)]);
    let faults =
        |permalink: &str| super::surroundings(&types, &content_type(2, "other", permalink, true).definition);
    assert!(faults("/others/{id}").is_empty());
    assert!(faults("/eventsx/{id}").is_empty());
    for taken in ["/events/{id}", "/events/old/{id}"] {
        assert_eq!(faults(taken)[0].field, "permalink", "{taken}");
    }
    let lost = source::from_json(&serde_json::json!({
        "name": "talk", "singular": "Talk", "plural": "Talks",
        "fields": [{ "name": "at", "kind": "relation", "to": "nowhere" }, { "name": "after", "kind": "relation", "to": "talk" }],
    }));
    let faults = super::surroundings(&types, &lost.unwrap());
    assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["fields[0].to"]);
}
