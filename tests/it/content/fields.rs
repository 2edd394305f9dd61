//! What each kind of field takes, and what it says to anything else.

use fleuron_tests::{TestApp, both, id};
use serde_json::{Value, json};

use super::{at, create, define, send, values};

/// Every kind of field, each without rules of its own.
fn every_kind() -> Value {
    json!([
        { "name": "line", "kind": "text" },
        { "name": "body", "kind": "markdown" },
        { "name": "price", "kind": "number" },
        { "name": "seats", "kind": "integer" },
        { "name": "open", "kind": "boolean" },
        { "name": "day", "kind": "date" },
        { "name": "moment", "kind": "datetime" },
        { "name": "colour", "kind": "select", "options": ["red", "green"] },
        { "name": "sizes", "kind": "select", "options": ["s", "m", "l"], "many": true },
        { "name": "email", "kind": "email" },
        { "name": "website", "kind": "url" },
        { "name": "slug", "kind": "slug", "from": "line" },
        { "name": "extra", "kind": "json" },
        { "name": "author", "kind": "relation", "to": "user" },
        { "name": "posts", "kind": "relation", "to": "post", "many": true },
        { "name": "steps", "kind": "group", "fields": [
            { "name": "title", "kind": "text", "required": true },
            { "name": "minutes", "kind": "integer", "min": 1 },
        ] },
    ])
}

both! {
    async fn every_kind_keeps_what_it_is_given(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let post = fleuron_tests::post("A post").published().create(&administrator).await;
        let whole = json!({
            "line": "One line",
            "body": "Some *words*.\n\nAnd more.",
            "price": 9.5,
            "seats": 120,
            "open": true,
            "day": "2026-02-28",
            "moment": "2026-03-01T18:30:00.000Z",
            "colour": "red",
            "sizes": ["s", "l"],
            "email": "ada@example.com",
            "website": "https://example.com/a?b=c",
            "slug": "one-line",
            "extra": { "any": ["thing", 1, null, { "deep": true }] },
            "author": administrator.id(),
            "posts": [id(&post)],
            "steps": [{ "title": "First", "minutes": 5 }, { "title": "Second" }],
        });
        let created = create(&administrator, "thing", whole.clone()).await;
        assert_eq!(values(&created), whole);
        assert_eq!((&created["type"], &created["status"], &created["version"]), (&json!("thing"), &json!("published"), &json!(1)));
        for name in [id(&created), "one-line"] {
            let read = app.guest().get(&format!("{}/{name}", at("thing"))).await.expect(200).json();
            assert_eq!(values(&read), whole, "{name}");
        }
    }

    async fn values_are_brought_into_one_form(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        for (field, given, kept) in [
            ("line", json!("  trimmed "), json!("trimmed")),
            ("seats", json!(5.0), json!(5)),
            ("moment", json!("2026-03-01T20:30:00+02:00"), json!("2026-03-01T18:30:00.000Z")),
            ("author", json!(administrator.id().to_uppercase()), json!(administrator.id())),
            ("slug", json!("chosen"), json!("chosen")),
            ("price", json!(0), json!(0)),
            ("website", json!("HTTPS://Exa.mple/<x>?q=ü"), json!("https://exa.mple/%3Cx%3E?q=%C3%BC")),
        ] {
            let created = create(&administrator, "thing", json!({ field: given })).await;
            let is_same = match (kept.as_f64(), created["fields"][field].as_f64()) {
                (Some(kept), Some(found)) => (kept - found).abs() < f64::EPSILON,
                _ => created["fields"][field] == kept,
            };
            assert!(is_same, "{field}: {} is not {kept}", created["fields"][field]);
        }
        let empty = create(&administrator, "thing", json!({ "line": "  ", "price": null })).await;
        let mut set = values(&empty);
        set.as_object_mut().unwrap().remove("slug");
        assert_eq!(set, json!({}), "what is empty is no value: {empty}");
    }

    async fn numbers_are_read_as_they_were_written(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let fields = json!({ "line": "Far", "price": 12_345_678_901_234_567_890_u64, "extra": [5.0, 1e19, -0.0, 0.25] });
        let created = create(&administrator, "thing", fields).await;
        let path = format!("{}/{}", at("thing"), id(&created));
        let read = administrator.get(&path).await.expect(200).json();
        assert_eq!(values(&read), values(&created));
        assert_eq!(administrator.get(&at("thing")).await.expect(200).items()[0]["fields"], created["fields"]);
        assert_eq!(read["fields"]["extra"], json!([5, 10_000_000_000_000_000_000_u64, 0, 0.25]));
    }

    async fn any_number_of_unknown_names_has_a_short_answer(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let many: serde_json::Map<String, Value> = (0..10_000).map(|number| (format!("no.{number:05}[0]"), json!(1))).collect();
        for body in [json!({ "fields": many }), Value::Object(many.clone())] {
            let answer = administrator.post(&at("thing"), &body).await;
            let problem = answer.problem(422, "validation_failed");
            let errors = problem["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 21, "{}", answer.text());
            assert!(errors[0]["pointer"].as_str().unwrap().ends_with("/no.00000%5B0%5D"), "a name is one segment: {}", errors[0]);
            assert!(errors[20]["message"].as_str().unwrap().contains("9980 more names"), "{}", errors[20]);
        }
    }

    async fn bad_values_of_every_kind_are_named(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
        for (field, wrong) in [
            ("line", json!("two\nlines")),
            ("line", json!(5)),
            ("line", json!("a\u{0}b")),
            ("body", json!(["text"])),
            ("body", json!("a\u{0}b")),
            ("price", json!("9.5")),
            ("price", json!(true)),
            ("seats", json!(1.5)),
            ("seats", json!(9_007_199_254_740_993_i64)),
            ("seats", json!(1e300)),
            ("open", json!("yes")),
            ("open", json!(1)),
            ("day", json!("2026-02-30")),
            ("day", json!("28.02.2026")),
            ("day", json!(20_260_228)),
            ("moment", json!("tomorrow")),
            ("moment", json!("2026-13-01T00:00:00Z")),
            ("colour", json!("blue")),
            ("colour", json!(["red"])),
            ("sizes", json!("s")),
            ("sizes", json!(["s", "xl"])),
            ("sizes", json!(["s", "s"])),
            ("email", json!("not an address")),
            ("website", json!("javascript:alert(1)")),
            ("website", json!("/relative")),
            ("website", json!(format!("https://example.com/{}", "ü".repeat(400)))),
            ("slug", json!("Not A Slug")),
            ("slug", json!("a/b")),
            ("extra", deep),
            ("author", json!("somebody")),
            ("author", json!(uuid::Uuid::now_v7())),
            ("posts", json!(uuid::Uuid::now_v7())),
            ("posts", json!([uuid::Uuid::now_v7()])),
            ("posts", json!([administrator.id()])),
            ("steps", json!("First")),
            ("steps", json!([{ "minutes": 5 }])),
            ("steps", json!([{ "title": "First", "minutes": 0 }])),
            ("steps", json!([{ "title": "First", "hours": 1 }])),
            ("nothing", json!("there")),
        ] {
            let answer = send(&administrator, "thing", json!({ field: wrong })).await;
            let problem = answer.problem(422, "validation_failed");
            let errors = problem["errors"].as_array().unwrap();
            assert_eq!(errors.len(), 1, "{field} {wrong}: {problem:#}");
            let named = errors[0]["field"].as_str().unwrap();
            assert!(named.starts_with(&format!("fields.{field}")), "{field} {wrong}: {problem:#}");
            let pointer = errors[0]["pointer"].as_str().unwrap();
            assert!(pointer.starts_with(&format!("#/fields/{field}")), "{field} {wrong}: {problem:#}");
        }
        assert!(app.guest().get(&at("thing")).await.items().is_empty(), "nothing was written");
    }

    async fn all_faults_are_told_at_once(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let faulty = json!({
            "line": 1, "price": "x", "day": "x", "colour": "x", "email": "x", "website": "x",
            "steps": [{ "title": "fine" }, { "minutes": 0 }], "unknown": 1,
        });
        let mut named = send(&administrator, "thing", faulty.clone()).await.faulty_fields();
        named.sort_unstable();
        let expected = [
            "fields.colour", "fields.day", "fields.email", "fields.line", "fields.price", "fields.steps[1].minutes",
            "fields.steps[1].title", "fields.unknown", "fields.website",
        ];
        assert_eq!(named, expected);
        let stands = create(&administrator, "thing", json!({ "line": "Good" })).await;
        let path = format!("{}/{}", at("thing"), id(&stands));
        let mut named = administrator.patch(&path, &json!({ "fields": faulty })).await.faulty_fields();
        named.sort_unstable();
        assert_eq!(named, expected);
        assert_eq!(administrator.get(&path).await.expect(200).json()["version"], 1);
    }

    async fn bodies_of_another_shape_are_refused(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        for body in [
            json!([]),
            json!("text"),
            json!({}),
            json!({ "fields": [] }),
            json!({ "fields": {}, "titel": "x" }),
            json!({ "fields": {}, "status": "public" }),
            json!({ "fields": {}, "status": 5 }),
        ] {
            let answer = administrator.post(&at("thing"), &body).await;
            let is_empty_entry = body == json!({});
            assert!(answer.status == 422 || answer.status == 400 || (is_empty_entry && answer.status == 201), "{body}: {}", answer.text());
        }
        administrator.post("/api/v1/content/nothing", &json!({ "fields": {} })).await.problem(404, "not_found");
        app.guest().get("/api/v1/content/nothing").await.problem(404, "not_found");
    }

    async fn a_change_touches_what_it_names(app: TestApp) {
        let administrator = define(&app, "thing", every_kind()).await;
        let created = create(&administrator, "thing", json!({ "line": "First", "price": 1, "open": true })).await;
        let path = format!("{}/{}", at("thing"), id(&created));
        let changed = administrator.patch(&path, &json!({ "fields": { "price": 2, "open": null } })).await.expect(200).json();
        assert_eq!(values(&changed), json!({ "line": "First", "slug": "first", "price": 2 }));
        assert_eq!(changed["version"], 2);
        let seen = administrator.get(&path).await.must_have("etag").to_owned();
        administrator.patch_if(&path, &seen, &json!({ "fields": { "price": 3 } })).await.expect(200);
        administrator.patch_if(&path, &seen, &json!({ "fields": { "price": 4 } })).await.problem(412, "version_mismatch");
        let again = administrator.get(&path).await.expect(200);
        let unchanged = administrator.get_with(&path, "if-none-match", again.must_have("etag")).await;
        assert_eq!(unchanged.status, 304);
        administrator.delete(&path).await.expect(204);
        administrator.get(&path).await.problem(404, "not_found");
        administrator.delete(&path).await.problem(404, "not_found");
    }
}
