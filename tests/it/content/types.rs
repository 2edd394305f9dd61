//! Types through the API: made, described, switched, changed, purged, removed.

use fleuron_tests::{Actor, TestApp, both, id, text};
use serde_json::{Value, json};

use super::{at, create, define, define_as, listed, send};

const TYPES: &str = "/api/v1/admin/content-types";

fn with(fields: Value) -> Value {
    json!({ "name": "thing", "singular": "thing", "plural": "thing", "drafts": false, "fields": fields })
}

async fn diff(actor: &Actor, fields: Value) -> Value {
    actor
        .post(&format!("{TYPES}/thing/diff"), &json!({ "definition": with(fields) }))
        .await
        .expect(200)
        .json()
}

async fn apply(actor: &Actor, fields: Value, fill: Value) -> fleuron_tests::Answer {
    actor.post(&format!("{TYPES}/thing/apply"), &json!({ "definition": with(fields), "fill": fill })).await
}

both! {
    async fn all_faults_of_a_type_are_told_at_once(app: TestApp) {
        let administrator = app.administrator().await;
        let wrong = json!({
            "name": "thing", "singular": "", "colour": "red", "permalink": "/api/{slug}",
            "access": { "read": "nobody" },
            "fields": [
                { "name": "a", "kind": "txt" },
                { "name": "B", "kind": "text" },
                { "name": "c", "kind": "number", "pattern": "x" },
                { "name": "d", "kind": "select" },
                { "name": "e", "kind": "text", "min": 5, "max": 1 },
                { "name": "f", "kind": "integer", "default": "x" },
                { "name": "f", "kind": "text" },
                { "name": "g", "kind": "relation", "to": "page", "required": true, "on_delete": "clear" },
                { "name": "h", "kind": "markdown", "sortable": true },
                { "name": "i", "kind": "text", "pattern": "(" },
            ],
        });
        let problem = administrator.post(TYPES, &wrong).await.problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        assert!(errors.len() >= 14, "{problem:#}");
        for error in errors {
            assert!(text(error, "pointer").starts_with('#'), "{error}");
        }
        administrator.get(&format!("{TYPES}/thing")).await.problem(404, "not_found");
        administrator.post(TYPES, &json!([])).await.any_problem();
    }

    async fn a_type_is_described_switched_and_removed(app: TestApp) {
        let administrator = define(&app, "thing", json!([{ "name": "title", "kind": "text" }])).await;
        let same = with(json!([{ "name": "title", "kind": "text" }]));
        administrator.post(TYPES, &same).await.problem(409, "content_type_taken");
        let described = administrator.get(&format!("{TYPES}/thing")).await.expect(200).json();
        assert_eq!((text(&described, "owner"), text(&described, "state")), ("api", "served"));
        create(&administrator, "thing", json!({ "title": "T" })).await;
        administrator.post(&format!("{TYPES}/thing/disable"), &json!({})).await.expect(200);
        app.guest().get(&at("thing")).await.problem(404, "not_found");
        send(&administrator, "thing", json!({})).await.problem(404, "not_found");
        administrator.post(&format!("{TYPES}/thing/enable"), &json!({})).await.expect(200);
        assert_eq!(listed(&app.guest(), &at("thing"), "title").await, ["T"]);
        administrator.delete(&format!("{TYPES}/thing")).await.problem(409, "not_possible");
        administrator.delete(&format!("{TYPES}/thing?entries=delete")).await.expect(204);
        administrator.get(&format!("{TYPES}/thing")).await.problem(404, "not_found");
        let trail = administrator.get("/api/v1/admin/audit?subject=thing").await.items();
        let actions: Vec<&str> = trail.iter().map(|entry| text(entry, "action")).collect();
        assert_eq!(actions, ["content_type.removed", "content_type.enabled", "content_type.disabled", "content_type.created"]);
    }

    async fn a_renamed_field_keeps_its_values(app: TestApp) {
        let administrator = define(&app, "thing", json!([{ "name": "title", "kind": "text", "sortable": true }])).await;
        create(&administrator, "thing", json!({ "title": "T" })).await;
        let fields = json!([{ "name": "name", "kind": "text", "was": "title", "sortable": true }]);
        let plan = diff(&administrator, fields.clone()).await;
        assert_eq!((&plan["is_safe"], &plan["is_applicable"]), (&json!(true), &json!(true)), "{plan:#}");
        assert_eq!(listed(&administrator, &at("thing"), "title").await, ["T"], "a diff changes nothing");
        apply(&administrator, fields, json!({})).await.expect(200);
        assert_eq!(listed(&administrator, &format!("{}?sort=name", at("thing")), "name").await, ["T"]);
        assert_eq!(send(&administrator, "thing", json!({ "title": "x" })).await.faulty_fields(), ["fields.title"]);
    }

    async fn a_removed_field_is_kept_until_it_is_purged(app: TestApp) {
        let both = json!([{ "name": "title", "kind": "text" }, { "name": "note", "kind": "text" }]);
        let one = json!([{ "name": "title", "kind": "text" }]);
        let administrator = define(&app, "thing", both.clone()).await;
        let made = create(&administrator, "thing", json!({ "title": "T", "note": "kept" })).await;
        let plan = diff(&administrator, one.clone()).await;
        assert_eq!(plan["kept"][0]["entries"], 1, "{plan:#}");
        apply(&administrator, one.clone(), json!({})).await.expect(200);
        assert_eq!(listed(&administrator, &at("thing"), "note").await, [Value::Null]);
        // An edit meanwhile keeps what it does not see.
        let path = format!("{}/{}", at("thing"), id(&made));
        administrator.patch(&path, &json!({ "fields": { "title": "U" } })).await.expect(200);
        apply(&administrator, both.clone(), json!({})).await.expect(200);
        assert_eq!(listed(&administrator, &at("thing"), "note").await, ["kept"], "it comes back with its values");
        apply(&administrator, one, json!({})).await.expect(200);
        administrator.post(&format!("{TYPES}/thing/purge"), &json!({ "fields": ["nothing"] })).await.any_problem();
        let purged = administrator.post(&format!("{TYPES}/thing/purge"), &json!({})).await.expect(200);
        assert_eq!(purged.json()["entries"], 1, "{}", purged.text());
        apply(&administrator, both, json!({})).await.expect(200);
        assert_eq!(listed(&administrator, &at("thing"), "note").await, [Value::Null]);
    }

    async fn a_new_required_field_needs_something_for_those_that_are_there(app: TestApp) {
        let before = json!([{ "name": "title", "kind": "text" }]);
        let without = json!([{ "name": "title", "kind": "text" }, { "name": "venue", "kind": "text", "required": true }]);
        let with_default = json!([{ "name": "title", "kind": "text" }, { "name": "venue", "kind": "text", "required": true, "default": "Hall", "filterable": true }]);
        let administrator = define(&app, "thing", before).await;
        for title in ["A", "B", "C"] {
            create(&administrator, "thing", json!({ "title": title })).await;
        }
        let plan = diff(&administrator, without.clone()).await;
        assert_eq!((&plan["is_applicable"], &plan["invalid"][0]["count"]), (&json!(false), &json!(3)), "{plan:#}");
        let refused = apply(&administrator, without, json!({})).await;
        assert!(matches!(refused.status, 409 | 422), "{}", refused.text());
        assert_eq!(listed(&administrator, &at("thing"), "venue").await, [Value::Null, Value::Null, Value::Null]);
        apply(&administrator, with_default, json!({})).await.expect(200);
        let path = format!("{}?filter[venue]=Hall", at("thing"));
        assert_eq!(listed(&administrator, &path, "venue").await, ["Hall", "Hall", "Hall"]);
    }

    async fn text_becomes_numbers_where_it_can(app: TestApp) {
        let text_field = json!([{ "name": "price", "kind": "text" }]);
        let number = json!([{ "name": "price", "kind": "number", "filterable": true, "sortable": true }]);
        let administrator = define(&app, "thing", text_field.clone()).await;
        for price in ["10", "2.5", "free", "about 7"] {
            create(&administrator, "thing", json!({ "price": price })).await;
        }
        let plan = diff(&administrator, number.clone()).await;
        assert_eq!((&plan["is_applicable"], &plan["invalid"][0]["count"]), (&json!(false), &json!(2)), "{plan:#}");
        assert_eq!(plan["invalid"][0]["examples"].as_array().unwrap().len(), 2);
        assert!(matches!(apply(&administrator, number.clone(), json!({})).await.status, 409 | 422));
        apply(&administrator, number, json!({ "price": 0 })).await.expect(200);
        let path = format!("{}?sort=price", at("thing"));
        let prices = listed(&administrator, &path, "price").await;
        assert_eq!(prices.iter().map(|price| price.as_f64().unwrap()).collect::<Vec<_>>(), [0.0, 0.0, 2.5, 10.0]);
    }

    async fn tightened_rules_are_held_against_what_is_there(app: TestApp) {
        let loose = json!([{ "name": "title", "kind": "text" }, { "name": "colour", "kind": "select", "options": ["red", "green"] }]);
        let administrator = define(&app, "thing", loose).await;
        create(&administrator, "thing", json!({ "title": "one", "colour": "red" })).await;
        create(&administrator, "thing", json!({ "title": "one", "colour": "green" })).await;
        let tight = json!([{ "name": "title", "kind": "text", "unique": true }, { "name": "colour", "kind": "select", "options": ["red"] }]);
        let plan = diff(&administrator, tight.clone()).await;
        let named: Vec<&str> = plan["invalid"].as_array().unwrap().iter().map(|fault| text(fault, "field")).collect();
        assert_eq!((&plan["is_applicable"], named.len()), (&json!(false), 2), "{plan:#}");
        assert!(named.contains(&"title") && named.contains(&"colour"), "{plan:#}");
    }

    async fn the_document_tells_guests_what_is_for_them(app: TestApp) {
        let fields = json!([{ "name": "title", "kind": "text" }, { "name": "wage", "kind": "integer", "private": true, "help": "Secret words." }]);
        define_as(&app, "person", json!({}), fields).await;
        let inner = json!({ "access": { "read": "editor" } });
        define_as(&app, "dossier", inner, json!([{ "name": "title", "kind": "text" }])).await;
        let path = "/api/openapi.json";
        // Twice: what one reader got is not kept for another.
        for _ in 0..2 {
            let guests = app.guest().get(path).await.expect(200).text();
            let users = app.subscriber().await.get(path).await.expect(200).text();
            for hidden in ["dossier", "Dossier", "wage", "Secret words"] {
                assert!(!guests.contains(hidden), "guests are told of {hidden}");
                assert!(users.contains(hidden), "users are not told of {hidden}");
            }
            assert!(guests.contains("PersonEntry"));
        }
        assert_eq!(app.guest().get_with(path, "authorization", "Bearer nonsense").await.status, 401);
    }

    async fn the_document_describes_each_type(app: TestApp) {
        let fields = json!([
            { "name": "title", "kind": "text", "required": true, "max": 80, "filterable": true, "sortable": true, "label": "The title" },
            { "name": "colour", "kind": "select", "options": ["red", "green"] },
        ]);
        define_as(&app, "garden_tool", json!({ "drafts": false }), fields).await;
        let document = app.guest().get("/api/openapi.json").await.expect(200).json();
        let list = &document["paths"]["/api/v1/content/garden_tool"]["get"];
        let parameters: Vec<&str> = list["parameters"].as_array().unwrap().iter().map(|each| text(each, "name")).collect();
        assert!(parameters.contains(&"filter[title]") && parameters.contains(&"sort"), "{parameters:?}");
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mine = schemas.iter().filter(|(name, _)| name.contains("GardenTool"));
        let whole = Value::Array(mine.map(|(_, schema)| schema.clone()).collect()).to_string();
        for word in ["\"maxLength\":80", "[\"red\",\"green\"", "The title"] {
            assert!(whole.contains(word), "{word} is missing in {whole}");
        }
    }
}
