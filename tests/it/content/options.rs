//! The options of fields: what is required, unique, bounded, patterned, given by default, private.

use fleuron_tests::{TestApp, both, id};
use serde_json::{Value, json};

use super::{at, create, define, define_as, listed, send, values};

both! {
    async fn bounds_mean_what_the_kind_makes_of_them(app: TestApp) {
        let administrator = define(&app, "bounded", json!([
            { "name": "text", "kind": "text", "min": 2, "max": 4 },
            { "name": "markdown", "kind": "markdown", "max": 5 },
            { "name": "number", "kind": "number", "min": 0.5, "max": 1.5 },
            { "name": "integer", "kind": "integer", "min": -1, "max": 1 },
            { "name": "date", "kind": "date", "min": "2026-01-01", "max": "2026-12-31" },
            { "name": "datetime", "kind": "datetime", "min": "2026-01-01T00:00:00Z" },
            { "name": "many", "kind": "select", "options": ["a", "b", "c"], "many": true, "min": 1, "max": 2 },
            { "name": "group", "kind": "group", "max": 1, "fields": [{ "name": "x", "kind": "text" }] },
            { "name": "code", "kind": "text", "pattern": "[A-Z]{2}[0-9]+" },
        ])).await;
        for (field, value, is_right) in [
            ("text", json!("ab"), true),
            ("text", json!("äöüß"), true),
            ("text", json!("a"), false),
            ("text", json!("abcde"), false),
            ("markdown", json!("12345"), true),
            ("markdown", json!("123456"), false),
            ("number", json!(0.5), true),
            ("number", json!(0.4), false),
            ("number", json!(1.6), false),
            ("integer", json!(-1), true),
            ("integer", json!(2), false),
            ("date", json!("2026-12-31"), true),
            ("date", json!("2027-01-01"), false),
            ("datetime", json!("2026-01-01T00:00:00Z"), true),
            ("datetime", json!("2025-12-31T23:59:59.999Z"), false),
            ("many", json!(["a", "b"]), true),
            ("many", json!(["a", "b", "c"]), false),
            ("group", json!([{ "x": "1" }]), true),
            ("group", json!([{ "x": "1" }, { "x": "2" }]), false),
            ("code", json!("AB12"), true),
            ("code", json!("xAB12"), false),
            ("code", json!("AB12x"), false),
        ] {
            let answer = send(&administrator, "bounded", json!({ field: value })).await;
            if is_right {
                answer.expect(201);
            } else {
                assert_eq!(answer.faulty_fields(), [format!("fields.{field}")], "{field} {value}");
            }
        }
    }

    async fn what_is_required_is_required_of_what_is_published(app: TestApp) {
        let fields = json!([
            { "name": "title", "kind": "text", "required": true },
            { "name": "day", "kind": "date", "required": true },
        ]);
        let administrator = define_as(&app, "talk", json!({}), fields).await;
        let draft = create(&administrator, "talk", json!({ "title": "Not yet" })).await;
        assert_eq!(draft["status"], "draft");
        let path = format!("{}/{}", at("talk"), id(&draft));
        let refused = administrator.patch(&path, &json!({ "status": "published" })).await;
        assert_eq!(refused.faulty_fields(), ["fields.day"]);
        let body = json!({ "status": "published", "fields": { "day": "2026-05-01" } });
        administrator.patch(&path, &body).await.expect(200);
        assert_eq!(administrator.patch(&path, &json!({ "fields": { "title": null } })).await.faulty_fields(), ["fields.title"]);
        let refused = administrator.post(&at("talk"), &json!({ "status": "published", "fields": {} })).await;
        assert_eq!(refused.faulty_fields(), ["fields.title", "fields.day"]);
    }

    async fn a_unique_value_is_nobody_elses(app: TestApp) {
        let administrator = define(&app, "product", json!([
            { "name": "sku", "kind": "text", "unique": true },
            { "name": "number", "kind": "integer", "unique": true },
            { "name": "note", "kind": "text" },
        ])).await;
        let first = create(&administrator, "product", json!({ "sku": "A1", "number": 1 })).await;
        assert_eq!(send(&administrator, "product", json!({ "sku": "A1", "number": 1 })).await.faulty_fields(), ["fields.sku", "fields.number"]);
        // Nothing is nobody's.
        create(&administrator, "product", json!({ "note": "without" })).await;
        create(&administrator, "product", json!({ "note": "without, too" })).await;
        let second = create(&administrator, "product", json!({ "sku": "a1" })).await;
        let path = format!("{}/{}", at("product"), id(&second));
        assert_eq!(administrator.patch(&path, &json!({ "fields": { "sku": "A1" } })).await.faulty_fields(), ["fields.sku"]);
        // One's own value stays one's own, and a freed one is free.
        let own = format!("{}/{}", at("product"), id(&first));
        administrator.patch(&own, &json!({ "fields": { "sku": "A1", "note": "same" } })).await.expect(200);
        administrator.delete(&own).await.expect(204);
        administrator.patch(&path, &json!({ "fields": { "sku": "A1" } })).await.expect(200);
    }

    async fn a_default_is_for_those_who_say_nothing(app: TestApp) {
        let administrator = define(&app, "room", json!([
            { "name": "seats", "kind": "integer", "default": 10 },
            { "name": "open", "kind": "boolean", "default": true },
            { "name": "kind", "kind": "select", "options": ["hall", "cell"], "default": "hall", "required": true },
        ])).await;
        let created = create(&administrator, "room", json!({})).await;
        assert_eq!(values(&created), json!({ "seats": 10, "open": true, "kind": "hall" }));
        let created = create(&administrator, "room", json!({ "seats": null, "open": false })).await;
        assert_eq!(values(&created), json!({ "open": false, "kind": "hall" }));
        let path = format!("{}/{}", at("room"), id(&created));
        let changed = administrator.patch(&path, &json!({ "fields": { "open": null } })).await.expect(200).json();
        assert_eq!(values(&changed), json!({ "kind": "hall" }), "a change brings no default back");
    }

    async fn slugs_are_made_numbered_and_chosen(app: TestApp) {
        let administrator = define(&app, "place", json!([
            { "name": "title", "kind": "text" },
            { "name": "slug", "kind": "slug", "from": "title" },
        ])).await;
        let slug = |entry: &Value| entry["fields"]["slug"].as_str().unwrap().to_owned();
        for expected in ["the-hall", "the-hall-2", "the-hall-3"] {
            assert_eq!(slug(&create(&administrator, "place", json!({ "title": "The Hall" })).await), expected);
        }
        send(&administrator, "place", json!({ "slug": "the-hall" })).await.problem(409, "slug_taken");
        let created = create(&administrator, "place", json!({ "title": "Über", "slug": "over" })).await;
        let path = format!("{}/over", at("place"));
        let changed = administrator.patch(&path, &json!({ "fields": { "title": "Changed" } })).await.expect(200).json();
        assert_eq!(slug(&changed), "over", "a slug stays when the title changes");
        let changed = administrator.patch(&path, &json!({ "fields": { "slug": null } })).await.expect(200).json();
        assert_eq!(slug(&changed), "changed", "a new one is made when it is asked for");
        let path = format!("{}/{}", at("place"), id(&created));
        administrator.patch(&path, &json!({ "fields": { "slug": "the-hall-2" } })).await.problem(409, "slug_taken");
        // Words that are the site's own are nothing special beneath a type.
        assert_eq!(slug(&create(&administrator, "place", json!({ "title": "Search" })).await), "search");
        // What stands at `/export` is the export.
        let created = create(&administrator, "place", json!({ "title": "Export" })).await;
        assert_eq!(slug(&created), "export-2");
        let refused = send(&administrator, "place", json!({ "slug": "export" })).await;
        assert_eq!(refused.faulty_fields(), ["fields.slug"]);
    }

    async fn what_is_private_is_for_those_who_may_edit(app: TestApp) {
        let fields = json!([
            { "name": "title", "kind": "text" },
            { "name": "fee", "kind": "integer", "private": true, "filterable": true, "sortable": true },
            { "name": "notes", "kind": "markdown", "private": true },
        ]);
        let administrator = define(&app, "talk", fields).await;
        let created = create(&administrator, "talk", json!({ "title": "Open", "fee": 500, "notes": "Secret words." })).await;
        assert_eq!(created["fields"]["fee"], 500);
        let path = format!("{}/{}", at("talk"), id(&created));
        for actor in [app.guest(), app.subscriber().await] {
            assert_eq!(values(&actor.get(&path).await.expect(200).json()), json!({ "title": "Open" }));
            assert_eq!(listed(&actor, &at("talk"), "fee").await, [Value::Null]);
            for query in ["filter[fee]=500", "filter[fee][gte]=1", "sort=fee", "fields=fee", "q=secret"] {
                let answer = actor.get(&format!("{}?{query}", at("talk"))).await;
                assert_eq!(answer.status, 422, "{query}: {}", answer.text());
            }
        }
        assert_eq!(listed(&administrator, &format!("{}?filter[fee]=500&sort=fee", at("talk")), "fee").await, [500]);
    }
}
