//! The site's own content types in the SQL of plugins: what was granted of them, as it stands.

use fleuron_tests::{Actor, Caller, TestApp, both, caller, id, text};
use serde_json::{Value, json};

const GIGS: &str = "/api/v1/content/gig";
const TYPES: &str = "/api/v1/admin/content-types";
const ID: &str = "com.example.reader";

/// Gigs; their price is called as the test says.
fn definition(price: Value) -> Value {
    json!({
        "name": "gig", "singular": "Gig", "plural": "Gigs", "default_sort": "-starts_at",
        "fields": [
            { "name": "title", "kind": "text", "required": true },
            { "name": "slug", "kind": "slug", "from": "title" },
            { "name": "starts_at", "kind": "datetime", "sortable": true, "filterable": true },
            { "name": "category", "kind": "select", "options": ["music", "theatre"], "filterable": true },
            { "name": "tags", "kind": "select", "options": ["free", "late"], "many": true },
            price,
            { "name": "seats", "kind": "integer", "sortable": true },
            { "name": "indoors", "kind": "boolean", "filterable": true },
            { "name": "order", "kind": "json" },
            { "name": "contact", "kind": "email", "private": true },
        ],
    })
}

fn price() -> Value {
    json!({ "name": "price", "kind": "number", "filterable": true, "sortable": true })
}

async fn describe(app: &TestApp) -> Actor {
    let administrator = app.administrator().await;
    administrator.post(TYPES, &definition(price())).await.expect(201);
    administrator
}

/// Four gigs, one of which is a draft.
async fn publish(app: &TestApp) -> Vec<Value> {
    let author = app.author().await;
    let mut created = Vec::new();
    for (title, day, price, category, status) in [
        ("Songs", 3, json!(10), "music", "published"),
        ("Play", 1, json!(7.5), "theatre", "published"),
        ("Gift", 2, Value::Null, "music", "published"),
        ("Secret", 4, json!(1), "music", "draft"),
    ] {
        let fields = json!({
            "title": title, "starts_at": format!("2030-01-0{day}T20:00:00Z"), "category": category, "price": price,
            "tags": ["free", "late"], "seats": day * 100, "indoors": day > 1, "order": { "a": [1] },
            "contact": "ada@example.com",
        });
        let entry = author.post(GIGS, &json!({ "status": status, "fields": fields })).await;
        created.push(entry.expect(201).json());
    }
    created
}

async fn reader<'a>(app: &'a TestApp, granted: &[&str]) -> Caller<'a> {
    caller(ID).database(granted).install(app).await
}

async fn rows(reader: &Caller<'_>, sql: &str, params: Value) -> Vec<Value> {
    let rows = reader.call(json!(["db-query", sql, params])).await;
    rows.as_array().unwrap_or_else(|| panic!("{sql}: {rows}")).clone()
}

async fn titles(reader: &Caller<'_>, rest: &str, params: Value) -> Vec<String> {
    let sql = format!("SELECT title FROM core_content_gig {rest}");
    rows(reader, &sql, params).await.iter().map(|row| text(row, "title").to_owned()).collect()
}

async fn refusal(reader: &Caller<'_>, sql: &str) -> String {
    let answer = reader.call(json!(["db-query", sql])).await;
    text(&answer, "error").to_owned()
}

both! {
    async fn a_granted_type_is_a_table(app: TestApp) {
        describe(&app).await;
        let created = publish(&app).await;
        let reader = reader(&app, &["read:content:gig"]).await;
        let all = rows(&reader, "SELECT * FROM core_content_gig WHERE slug = ?", json!(["songs"])).await;
        assert_eq!(all.len(), 1, "{all:?}");
        let row = all[0].as_object().unwrap();
        let mut columns: Vec<&str> = row.keys().map(String::as_str).collect();
        columns.sort_unstable();
        let expected = "category created_at id indoors order price published_at seats slug starts_at status tags title \
                        updated_at version";
        assert_eq!(columns, expected.split(' ').collect::<Vec<_>>(), "private fields are no columns");
        let row = &all[0];
        assert_eq!((text(row, "id"), text(row, "status")), (id(&created[0]), "published"));
        assert_eq!((text(row, "starts_at"), text(row, "category")), ("2030-01-03T20:00:00.000Z", "music"));
        assert_eq!((&row["price"], &row["seats"]), (&json!(10.0), &json!(300)));
        assert_eq!((&row["indoors"], &row["version"]), (&json!(1), &json!(1)));
        for (column, expected) in [("tags", json!(["free", "late"])), ("order", json!({ "a": [1] }))] {
            assert_eq!(serde_json::from_str::<Value>(text(row, column)).unwrap(), expected, "{column}");
        }
        assert_eq!(text(row, "created_at"), text(&created[0], "created_at"));
        assert_eq!(text(row, "published_at"), text(&created[0], "published_at"));
    }

    async fn rows_are_found_and_ordered(app: TestApp) {
        describe(&app).await;
        let created = publish(&app).await;
        let reader = reader(&app, &["read:content:gig"]).await;
        for (rest, params, expected) in [
            ("ORDER BY starts_at", json!([]), &["Play", "Gift", "Songs"][..]),
            ("ORDER BY starts_at DESC LIMIT 2", json!([]), &["Songs", "Gift"]),
            ("WHERE category = ? ORDER BY starts_at", json!(["music"]), &["Gift", "Songs"]),
            ("WHERE category = ? AND price = 10", json!(["music"]), &["Songs"]),
            ("WHERE starts_at >= ? AND starts_at < ? ORDER BY starts_at, id",
                json!(["2030-01-02T00:00:00.000Z", "2030-01-04"]), &["Gift", "Songs"]),
            ("WHERE price >= ? ORDER BY price", json!([7.5]), &["Play", "Songs"]),
            ("WHERE price = 10", json!([]), &["Songs"]),
            ("WHERE price IS NULL", json!([]), &["Gift"]),
            ("ORDER BY price", json!([]), &["Gift", "Play", "Songs"]),
            ("ORDER BY price DESC, id DESC", json!([]), &["Songs", "Play", "Gift"]),
            ("WHERE seats > 100 ORDER BY seats DESC", json!([]), &["Songs", "Gift"]),
            ("WHERE indoors = 1 ORDER BY title", json!([]), &["Gift", "Songs"]),
            ("WHERE indoors = 0", json!([]), &["Play"]),
            ("WHERE id = ? OR slug = ? ORDER BY title", json!([id(&created[0]), "play"]), &["Play", "Songs"]),
            ("WHERE title LIKE 'S%'", json!([]), &["Songs"]),
            ("WHERE \"order\" ->> '$.a[0]' = 1 AND tags LIKE '%late%' ORDER BY created_at", json!([]),
                &["Songs", "Play", "Gift"]),
            ("WHERE status = 'draft'", json!([]), &[]),
            ("WHERE slug = 'secret' OR title = 'Secret'", json!([]), &[]),
        ] {
            assert_eq!(titles(&reader, rest, params).await, expected, "{rest}");
        }
        let counted = rows(&reader, "SELECT count(*) AS n, sum(price) AS s FROM core_content_gig", json!([])).await;
        assert_eq!(counted, [json!({ "n": 3, "s": 17.5 })]);
    }

    async fn drafts_are_there_where_they_were_granted(app: TestApp) {
        describe(&app).await;
        publish(&app).await;
        let reader = reader(&app, &["own", "read:content:gig", "read:drafts"]).await;
        let all = titles(&reader, "ORDER BY starts_at", json!([])).await;
        assert_eq!(all, ["Play", "Gift", "Songs", "Secret"]);
        assert_eq!(titles(&reader, "WHERE status = 'draft' AND published_at IS NULL", json!([])).await, ["Secret"]);
        assert_eq!(titles(&reader, "ORDER BY published_at, title LIMIT 1", json!([])).await, ["Secret"]);
    }

    async fn what_was_not_granted_is_not_there(app: TestApp) {
        describe(&app).await;
        publish(&app).await;
        let reader = reader(&app, &["own", "read:content:dish", "read:posts"]).await;
        let denied = refusal(&reader, "SELECT * FROM core_content_gig").await;
        assert!(denied.contains("not granted") && denied.contains("read:content:gig"), "{denied}");
        let missing = refusal(&reader, "SELECT * FROM core_content_dish").await;
        assert!(missing.contains("no such table") && missing.contains("no content type `dish`"), "{missing}");
        let sql = "DELETE FROM core_content_dish";
        let denied = text(&reader.call(json!(["db-execute", sql])).await, "error").to_owned();
        assert!(denied.contains("no such table"), "{denied}");
    }

    async fn entries_can_only_be_read(app: TestApp) {
        describe(&app).await;
        publish(&app).await;
        let reader = reader(&app, &["own", "read:content:gig"]).await;
        for sql in ["DELETE FROM core_content_gig", "UPDATE core_content_gig SET title = 'x'"] {
            let denied = text(&reader.call(json!(["db-execute", sql])).await, "error").to_owned();
            assert!(denied.contains("can only be read"), "{sql}: {denied}");
        }
        assert_eq!(titles(&reader, "WHERE title = 'x'", json!([])).await, Vec::<String>::new());
        for column in ["contact", "stored", "data", "created_by"] {
            let none = refusal(&reader, &format!("SELECT {column} FROM core_content_gig")).await;
            assert!(none.contains("no such column"), "{column}: {none}");
        }
    }

    async fn the_table_follows_its_type(app: TestApp) {
        let reader = reader(&app, &["read:content:gig"]).await;
        let sql = "SELECT price FROM core_content_gig WHERE slug = 'songs'";
        let missing = refusal(&reader, sql).await;
        assert!(missing.contains("no content type `gig`"), "{missing}");
        let administrator = describe(&app).await;
        publish(&app).await;
        assert_eq!(rows(&reader, sql, json!([])).await, [json!({ "price": 10.0 })]);
        let renamed = json!({ "name": "cost", "kind": "number", "was": "price", "filterable": true });
        let change = json!({ "definition": definition(renamed) });
        administrator.post(&format!("{TYPES}/gig/apply"), &change).await.expect(200);
        let gone = refusal(&reader, sql).await;
        assert!(gone.contains("no such column: price"), "{gone}");
        let cost = "SELECT cost FROM core_content_gig WHERE slug = 'songs'";
        assert_eq!(rows(&reader, cost, json!([])).await, [json!({ "cost": 10.0 })]);
        administrator.post(&format!("{TYPES}/gig/disable"), &json!({})).await.expect(200);
        let off = refusal(&reader, cost).await;
        assert!(off.contains("switched off"), "{off}");
        administrator.post(&format!("{TYPES}/gig/enable"), &json!({})).await.expect(200);
        assert_eq!(rows(&reader, cost, json!([])).await, [json!({ "cost": 10.0 })]);
        administrator.delete(&format!("{TYPES}/gig?entries=delete")).await.expect(204);
        assert!(refusal(&reader, cost).await.contains("no content type `gig`"));
    }

    async fn administrators_see_which_types_it_reads(app: TestApp) {
        let reader = reader(&app, &["read:content:gig"]).await;
        let details = reader.details().await;
        assert_eq!(details["permissions"]["database"], json!({ "own": false, "read": ["content:gig"] }));
    }
}
