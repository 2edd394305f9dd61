//! Entries of content types, out of a site and into one, as lines of JSON.

use std::collections::BTreeMap;

use fleuron_tests::{Actor, TestApp, both, id, text};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const NOTES: &str = "/api/v1/content/note";

fn fields() -> Value {
    json!([
        { "name": "title", "kind": "text", "required": true },
        { "name": "slug", "kind": "slug", "from": "title" },
        { "name": "code", "kind": "text", "unique": true },
        { "name": "colour", "kind": "select", "options": ["red", "blue"], "default": "red" },
        { "name": "secret", "kind": "text", "private": true },
        { "name": "price", "kind": "number" },
        { "name": "before", "kind": "relation", "to": "note" },
        { "name": "related", "kind": "relation", "to": "note", "many": true },
        { "name": "parts", "kind": "group", "fields": [
            { "name": "name", "kind": "text" }, { "name": "weight", "kind": "integer" },
        ] },
    ])
}

/// Makes the type and answers somebody who may do everything.
async fn define(app: &TestApp) -> Actor {
    let administrator = app.administrator().await;
    let definition = json!({ "name": "note", "singular": "Note", "plural": "Notes", "fields": fields() });
    administrator.post("/api/v1/admin/content-types", &definition).await.expect(201);
    administrator
}

async fn send(actor: &Actor, path: &str, lines: impl Into<String>) -> fleuron_tests::Answer {
    let request = actor.request(Method::POST, path).header("content-type", "application/jsonl");
    actor.send(request.body(lines.into())).await
}

/// Imports lines and answers what came of them.
async fn import(actor: &Actor, lines: impl Into<String>) -> Value {
    send(actor, &format!("{NOTES}/import"), lines).await.expect(200).json()
}

async fn export(actor: &Actor) -> String {
    let answer = actor.get(&format!("{NOTES}/export")).await.expect(200);
    assert_eq!(answer.must_have("content-type"), "application/jsonl");
    answer.text()
}

/// What came of an import: created, updated, unchanged, failed.
#[track_caller]
fn counts(summary: &Value) -> [u64; 4] {
    ["created", "updated", "unchanged", "failed"].map(|name| summary[name].as_u64().unwrap())
}

/// Lines by the ids of their entries, without what an import cannot keep.
fn entries(lines: &str) -> BTreeMap<String, Value> {
    let parse = |line: &str| -> Value { serde_json::from_str(line).unwrap() };
    let bare = |mut entry: Value| {
        for member in ["version", "updated_by"] {
            entry.as_object_mut().unwrap().remove(member);
        }
        (id(&entry).to_owned(), entry)
    };
    lines.lines().map(parse).map(bare).collect()
}

fn line(number: u128, fields: Value) -> String {
    let line =
        json!({ "id": Uuid::from_u128(number), "type": "note", "status": "published", "fields": fields });
    format!("{line}\n")
}

/// The id of the entry with this number.
fn named(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

async fn remove_all(actor: &Actor) {
    actor.delete("/api/v1/admin/content-types/note?entries=delete").await.expect(204);
    let definition = json!({ "name": "note", "singular": "Note", "plural": "Notes", "fields": fields() });
    actor.post("/api/v1/admin/content-types", &definition).await.expect(201);
}

both! {
    async fn what_was_exported_is_imported_equal(app: TestApp) {
        let administrator = define(&app).await;
        let author = app.author().await;
        let mut ids = Vec::new();
        for number in 0..5 {
            let fields = json!({
                "title": format!("Note {number}"), "code": format!("c{number}"), "secret": "s", "price": 1.5,
                "parts": [{ "name": "lead", "weight": 3 }, { "name": "ink" }],
                "related": ids,
            });
            let status = if number == 3 { "draft" } else { "published" };
            let new = json!({ "status": status, "fields": fields });
            ids.push(id(&author.post(NOTES, &new).await.expect(201).json()).to_owned());
        }
        // A circle, an entry that leads to itself, and one that has no colour although there is a default.
        for (from, to) in [(0, 4), (2, 2)] {
            let patch = json!({ "fields": { "before": ids[to], "colour": null } });
            administrator.patch(&format!("{NOTES}/{}", ids[from]), &patch).await.expect(200);
        }
        // Two that are in no circle.
        let alone = json!({ "status": "published", "fields": { "title": "Alone" } });
        let alone = id(&author.post(NOTES, &alone).await.expect(201).json()).to_owned();
        let patch = json!({ "fields": { "price": 2 } });
        administrator.patch(&format!("{NOTES}/{alone}"), &patch).await.expect(200);
        author.post(NOTES, &json!({ "fields": { "title": "Behind it", "before": alone } })).await.expect(201);
        let before = export(&administrator).await;
        assert_eq!(counts(&import(&administrator, before.as_str()).await), [0, 0, 7, 0], "everything stands");
        remove_all(&administrator).await;
        assert_eq!(counts(&import(&administrator, before.as_str()).await), [7, 0, 0, 0]);
        let after = export(&administrator).await;
        assert_eq!(entries(&after), entries(&before));
        assert_eq!(counts(&import(&administrator, after.as_str()).await), [0, 0, 7, 0]);
        assert_eq!(entries(&before)[&ids[0]]["created_by"], json!(author.id()));
    }

    async fn lines_that_fail_leave_no_trace(app: TestApp) {
        let administrator = define(&app).await;
        let read = async |number: u128| administrator.get(&format!("{NOTES}/{}", named(number))).await;
        let related = |number: u128, to: &[u128]| {
            let to: Vec<String> = to.iter().map(|number| named(*number)).collect();
            line(number, json!({ "title": format!("N {number}"), "related": to }))
        };
        import(&administrator, related(1, &[])).await;
        assert_eq!(counts(&import(&administrator, related(1, &[1])).await), [0, 1, 0, 0]);
        let standing = read(1).await.expect(200).json();
        let summary = import(&administrator, related(1, &[1, 999])).await;
        assert_eq!(counts(&summary), [0, 0, 0, 1], "{summary:#}");
        assert_eq!(summary["errors"][0]["errors"][0]["field"], "fields.related[1]");
        assert_eq!(read(1).await.expect(200).json(), standing);

        // An entry that stands is written once, although it leads to a circle.
        let circle = related(1, &[1, 2]) + &related(2, &[3]) + &related(3, &[2]);
        let summary = import(&administrator, circle).await;
        assert_eq!(counts(&summary), [2, 1, 0, 0], "{summary:#}");
        let written = read(1).await.expect(200).json();
        assert_eq!(written["version"].as_u64().unwrap(), standing["version"].as_u64().unwrap() + 1);
        assert_eq!(written["fields"]["related"], json!([named(1), named(2)]));

        let lines = [
            related(4, &[5, 999]), related(5, &[4]), related(6, &[6, 998]), related(1, &[1, 5]),
            related(7, &[8]), related(8, &[7]),
        ];
        let summary = import(&administrator, lines.concat()).await;
        assert_eq!(counts(&summary), [2, 0, 0, 4], "{summary:#}");
        let errors = summary["errors"].as_array().unwrap().iter();
        let places: Vec<(&str, u64)> = errors
            .map(|error| (text(&error["errors"][0], "field"), error["line"].as_u64().unwrap()))
            .collect();
        let (first, second) = ("fields.related[0]", "fields.related[1]");
        assert_eq!(places, [(second, 1), (first, 2), (second, 3), (second, 4)], "{summary:#}");
        for number in [4, 5, 6] {
            read(number).await.problem(404, "not_found");
        }
        assert_eq!(read(1).await.expect(200).json(), written);
        assert_eq!(read(8).await.expect(200).json()["status"], "published");
        assert_eq!(export(&administrator).await.lines().count(), 5);
    }

    async fn lines_that_fail_leave_no_trace_without_drafts(app: TestApp) {
        let administrator = app.administrator().await;
        let definition = json!({
            "name": "note", "singular": "Note", "plural": "Notes", "drafts": false, "fields": fields(),
        });
        administrator.post("/api/v1/admin/content-types", &definition).await.expect(201);
        let lines = line(1, json!({ "title": "A", "related": [named(2), named(999)] }))
            + &line(2, json!({ "title": "B", "before": named(1) }));
        let summary = import(&administrator, lines).await;
        assert_eq!(counts(&summary), [0, 0, 0, 2], "{summary:#}");
        assert_eq!(export(&administrator).await, "");
    }

    async fn known_entries_are_brought_up_to_date(app: TestApp) {
        let administrator = define(&app).await;
        let author = app.author().await;
        let read = async || administrator.get(&format!("{NOTES}/{}", named(1))).await.expect(200).json();
        let plain = line(1, json!({ "title": "A" }));
        import(&administrator, plain.as_str()).await;
        let dated = |year: u32| {
            let mut line: Value = serde_json::from_str(&plain).unwrap();
            line["created_at"] = json!(format!("{year}-01-01T00:00:00.000Z"));
            line["published_at"] = json!(format!("{year}-01-02T00:00:00.000Z"));
            line["created_by"] = json!(author.id());
            line.to_string()
        };
        assert_eq!(counts(&import(&administrator, dated(2020)).await), [0, 1, 0, 0]);
        let entry = read().await;
        assert_eq!(text(&entry, "created_at"), "2020-01-01T00:00:00.000Z");
        assert_eq!(text(&entry, "published_at"), "2020-01-02T00:00:00.000Z");
        assert_eq!(entry["created_by"], json!(author.id()));
        assert_eq!(counts(&import(&administrator, dated(2020)).await), [0, 0, 1, 0]);
        assert_eq!(counts(&import(&administrator, plain.as_str()).await), [0, 0, 1, 0], "what is left out stays");
        assert_eq!(counts(&import(&author, dated(2019)).await), [0, 0, 1, 0], "authors cannot date theirs back");
        assert_eq!(read().await, entry);
    }

    async fn lines_may_lead_to_later_lines(app: TestApp) {
        let administrator = define(&app).await;
        let mut lines = String::new();
        for number in 1..=60 {
            let next = if number < 60 { json!(named(number + 1)) } else { Value::Null };
            lines.push_str(&line(number, json!({ "title": format!("N {number}"), "before": next })));
        }
        lines.push_str(&line(61, json!({ "title": "Nowhere", "related": [named(1), named(999)] })));
        lines.push_str(&line(62, json!({ "title": "There", "before": named(61) })));
        let summary = import(&administrator, lines).await;
        assert_eq!(counts(&summary), [60, 0, 0, 2], "{summary:#}");
        let errors = summary["errors"].as_array().unwrap();
        assert_eq!((errors[0]["line"].as_u64(), text(&errors[0], "id")), (Some(61), named(61).as_str()));
        assert_eq!(errors[0]["errors"][0]["field"], "fields.related[1]");
        assert_eq!((errors[1]["line"].as_u64(), &errors[1]["errors"][0]["field"]), (Some(62), &json!("fields.before")));
        let first = administrator.get(&format!("{NOTES}/{}", named(1))).await.expect(200).json();
        assert_eq!(first["fields"]["before"], json!(named(2)));
    }

    async fn lines_of_one_entry_keep_their_order(app: TestApp) {
        let administrator = define(&app).await;
        let lines: String = (0..40).map(|price| line(7, json!({ "title": "Seven", "price": price }))).collect();
        assert_eq!(counts(&import(&administrator, lines).await), [1, 39, 0, 0]);
        let entry = administrator.get(&format!("{NOTES}/{}", named(7))).await.expect(200).json();
        assert_eq!(entry["fields"]["price"].as_f64(), Some(39.0), "{entry:#}");
    }

    async fn a_broken_import_is_run_again(app: TestApp) {
        let administrator = define(&app).await;
        let all: Vec<String> = (1..=50).map(|number| line(number, json!({ "title": format!("N {number}") }))).collect();
        // The last line was cut off.
        let half = format!("{}{}", all[..20].concat(), &all[20][..30]);
        let summary = import(&administrator, half).await;
        assert_eq!((counts(&summary), summary["errors"][0]["line"].as_u64()), ([20, 0, 0, 1], Some(21)));
        assert_eq!(counts(&import(&administrator, all.concat()).await), [30, 0, 20, 0]);
    }

    async fn values_change_hands(app: TestApp) {
        let administrator = define(&app).await;
        let first = line(1, json!({ "title": "A", "code": "x" })) + &line(2, json!({ "title": "B", "code": "y" }));
        import(&administrator, first).await;
        let moved = line(1, json!({ "title": "A", "code": "y" })) + &line(2, json!({ "title": "B", "code": "z" }));
        let summary = import(&administrator, moved).await;
        assert_eq!(counts(&summary), [0, 2, 0, 0], "{summary:#}");
    }
}

#[tokio::test]
async fn every_line_that_is_wrong_is_named() {
    let app = TestApp::spawn().await;
    let administrator = define(&app).await;
    let mut lines = "\u{feff}".to_owned() + &line(1, json!({ "title": "Fine" }));
    lines.push_str("\r\n\n");
    lines.push_str(&line(2, json!({ "title": 5, "colour": "green", "price": "much", "size": 1 })));
    lines.push_str("{\"fields\": {\"title\": \"A\" \"B\"}}\n");
    lines.push_str("{\"id\":\"nonsense\",\"type\":\"recipe\",\"colour\":\"red\"}\n");
    lines.push_str("[]\n");
    lines.push_str(&format!("{{\"fields\":{{\"title\":\"{}\"}}}}\n", "x".repeat(2 * 1024 * 1024)));
    lines.push_str("{\"fields\":{\"title\":\"No id\"}}");
    let tried = send(&administrator, &format!("{NOTES}/import?dry_run=true"), lines.as_str())
        .await
        .expect(200)
        .json();
    assert_eq!(counts(&tried), [2, 0, 0, 5], "{tried:#}");
    administrator.get(&format!("{NOTES}/{}", named(1))).await.problem(404, "not_found");
    let summary = import(&administrator, lines).await;
    assert_eq!(summary["read"], 7);
    assert_eq!(counts(&summary), [2, 0, 0, 5], "{summary:#}");
    let errors = summary["errors"].as_array().unwrap();
    let lines: Vec<u64> = errors.iter().map(|error| error["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 5, 6, 7, 8]);
    let words: Vec<String> = errors.iter().map(|error| error["errors"].to_string()).collect();
    for (index, parts) in [
        &["fields.title", "fields.colour", "fields.price", "fields.size"][..],
        &["column"],
        &["UUID", "recipe", "colour"],
        &["object"],
        &["2097152"],
    ]
    .iter()
    .enumerate()
    {
        for part in *parts {
            assert!(words[index].contains(part), "{part} in {}", words[index]);
        }
    }
    assert_eq!(errors[0]["id"], json!(named(2)));
}

#[tokio::test]
async fn who_may_do_what() {
    let app = TestApp::spawn().await;
    let editor = define(&app).await;
    let author = app.author().await;
    let lines = json!({
        "id": named(1), "status": "published", "fields": { "title": "A" }, "created_by": editor.id(),
        "created_at": "2020-01-01T00:00:00Z", "published_at": "2020-01-02T00:00:00Z",
    })
    .to_string();
    for path in ["export", "import"] {
        let method = if path == "export" { Method::GET } else { Method::POST };
        let request = app
            .guest()
            .request(method, &format!("{NOTES}/{path}"))
            .header("content-type", "application/jsonl");
        app.guest().send(request).await.problem(401, "unauthenticated");
    }
    author.get(&format!("{NOTES}/export")).await.problem(403, "forbidden");
    author.post(&format!("{NOTES}/import"), &json!({})).await.problem(415, "unsupported_media_type");
    assert_eq!(counts(&import(&author, lines.as_str()).await), [1, 0, 0, 0]);
    editor.get(&format!("{NOTES}/{}", named(1))).await.problem(404, "not_found");
    let entry = editor.get(&format!("{NOTES}/a")).await.expect(200).json();
    assert_eq!(entry["created_by"], json!(author.id()), "an author's entries are the author's own");
    assert!(text(&entry, "created_at") > "2021", "{entry:#}");
    let circle = json!({ "id": named(2), "fields": { "title": "C", "before": named(2) } }).to_string();
    assert_eq!(counts(&import(&author, circle).await), [0, 0, 0, 1], "authors choose no ids");
    assert_eq!(export(&editor).await.lines().count(), 1);
    let other = app.author().await;
    let changed = lines.replace("\"A\"", "\"B\"").replace(&named(1), id(&entry));
    let refused = import(&other, changed.as_str()).await;
    assert_eq!(counts(&refused), [0, 0, 0, 1], "{refused:#}");
    remove_all(&editor).await;
    import(&editor, lines).await;
    let entry = editor.get(&format!("{NOTES}/{}", named(1))).await.expect(200).json();
    assert_eq!(text(&entry, "created_at"), "2020-01-01T00:00:00.000Z");
    assert_eq!(text(&entry, "published_at"), "2020-01-02T00:00:00.000Z");
    assert_eq!(entry["created_by"], json!(editor.id()));
}
