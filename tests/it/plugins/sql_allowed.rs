//! SQL that a plugin has every right to, with the exact answers; and the views of the site that it may be granted.

mod texts;

use fleuron_tests::{Actor, Caller, TestApp, both, caller, id, page, post, text};
use serde_json::{Value, json};

use texts::{ALLOWED, CONSTRAINED, SCHEMA, SEEDS};

#[tokio::test]
async fn honest_sql_works() {
    let app = TestApp::builder().neighbour().spawn().await;
    let shop = caller("com.example.shop").database(&["own"]);
    let shop =
        shop.migration("0001_schema.sql", SCHEMA).migration("0002_seeds.sql", SEEDS).install(&app).await;
    assert!(ALLOWED.len() >= 60);
    for (call, sql, params, expected) in ALLOWED {
        let expected: Value = serde_json::from_str(expected).unwrap();
        let params = if params.is_empty() { Value::Null } else { json!(params) };
        let answer = shop.call(json!([call, sql, params])).await;
        assert_eq!(answer, expected, "{call}: {sql}");
    }
    for (sql, words) in CONSTRAINED {
        let answers = shop.run(&[json!(["db-execute", sql]), json!(["db-query", "SELECT 1 AS one"])]).await;
        assert!(text(&answers[0], "error").contains(words), "{sql}: {}", answers[0]);
        assert_eq!(answers[1], json!([{ "one": 1 }]), "{sql}");
    }
    assert_eq!(shop.denials().await, []);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_was_written_outlives_the_process() {
    let app = TestApp::builder().neighbour().spawn().await;
    let new = caller("com.example.shop").database(&["own"]).migration("0001_schema.sql", SCHEMA);
    let insert = json!(["db-execute", "INSERT INTO products(name, price) VALUES ('Kept', 1)"]);
    assert_eq!(new.install(&app).await.call(insert).await, json!({ "rows_affected": 1 }));
    let app = app.restart().await;
    let rows = new.install(&app).await.call(json!(["db-query", "SELECT name FROM products"])).await;
    assert_eq!(rows, json!([{ "name": "Kept" }]));
    app.assert_unharmed().await;
}

/// What the site has to show, and what it has not.
struct Content {
    author: Actor,
    visible: Value,
    draft: Value,
    category: Value,
    tag: Value,
}

async fn content(app: &TestApp) -> Content {
    let (author, editor) = (app.author().await, app.editor().await);
    let category = json!({ "name": "Views", "description": "Seen." });
    let category = editor.post("/api/v1/categories", &category).await.expect(201).json();
    let tag = editor.post("/api/v1/tags", &json!({ "name": "Seen" })).await.expect(201).json();
    let visible = post("View one").content("Words one.").with("excerpt", "One.").published();
    let visible = visible.category(id(&category)).tags(&[id(&tag)]).create(&author).await;
    post("View two").published().create(&author).await;
    let draft = post("View draft").tags(&[id(&tag)]).create(&author).await;
    let gone = post("View gone").published().tags(&[id(&tag)]).create(&author).await;
    author.delete(&format!("/api/v1/posts/{}", id(&gone))).await.expect(204);
    page("View page").published().create(&editor).await;
    page("View page draft").create(&editor).await;
    let comments = format!("/api/v1/posts/{}/comments", id(&visible));
    let words = json!({ "content": "Waiting.", "nickname": "Ada", "email": "ada@example.org" });
    app.guest().post(&comments, &words).await.expect(201);
    editor.post(&comments, &json!({ "content": "Approved." })).await.expect(201);
    Content { author, visible, draft, category, tag }
}

async fn titles(reader: &Caller<'_>, sql: &str, params: Value) -> Vec<String> {
    let rows = reader.call(json!(["db-query", sql, params])).await;
    let rows = rows.as_array().unwrap_or_else(|| panic!("{sql}: {rows}"));
    rows.iter().map(|row| text(row, "title").to_owned()).collect()
}

const EVERYTHING: [&str; 7] =
    ["own", "read:posts", "read:pages", "read:comments", "read:categories", "read:tags", "read:users"];

/// Each view and its columns.
const COLUMNS: [(&str, &str); 7] = [
    (
        "core_posts",
        "id slug path title content excerpt status category_id cover_image created_by updated_by created_at updated_at \
         published_at view_count version",
    ),
    (
        "core_pages",
        "id slug path title content excerpt status category_id cover_image created_by updated_by created_at updated_at \
         published_at view_count version",
    ),
    ("core_comments", "id post_id parent_id user_id nickname content status created_at updated_at"),
    ("core_categories", "id parent_id name slug description"),
    ("core_tags", "id name slug description"),
    ("core_post_tags", "post_id tag_id"),
    ("core_users", "id username display_name bio role"),
];

both! {
    async fn views_show_what_was_granted(app: TestApp = TestApp::builder().neighbour()) {
        let content = content(&app).await;
        let new = caller("com.example.reader").database(&EVERYTHING);
        let reader = new.migration("0001_reads.sql", "CREATE TABLE reads (post TEXT, n INTEGER);").install(&app).await;
        for (view, columns) in COLUMNS {
            let rows = reader.call(json!(["db-query", format!("SELECT * FROM {view} LIMIT 1")])).await;
            let row = rows[0].as_object().unwrap_or_else(|| panic!("{view}: {rows}"));
            let mut found: Vec<&str> = row.keys().map(String::as_str).collect();
            let mut wanted: Vec<&str> = columns.split_whitespace().collect();
            found.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(found, wanted, "{view}");
        }
        let all = "SELECT title FROM core_posts WHERE title LIKE 'View%' ORDER BY title";
        assert_eq!(titles(&reader, all, Value::Null).await, ["View one", "View two"]);
        let pages = "SELECT title FROM core_pages WHERE title LIKE 'View%'";
        assert_eq!(titles(&reader, pages, Value::Null).await, ["View page"]);
        let rows = reader.call(json!(["db-query", "SELECT * FROM core_posts WHERE slug = 'view-one'"])).await;
        let row = &rows[0];
        for (column, expected) in [
            ("id", text(&content.visible, "id")),
            ("content", "Words one.\n\nstamp:v000"),
            ("excerpt", "One."),
            ("status", "published"),
            ("category_id", id(&content.category)),
            ("created_by", &content.author.id()),
        ] {
            assert_eq!(text(row, column), expected, "{column}");
        }
        assert!(row["version"].is_i64() && row["view_count"].is_i64(), "{row}");
        for time in ["created_at", "updated_at", "published_at"] {
            assert!(text(row, time).starts_with("20") && text(row, time).contains('T'), "{time}: {row}");
        }
        app.assert_unharmed().await;
    }

    async fn views_are_looked_up_and_joined(app: TestApp = TestApp::builder().neighbour()) {
        let content = content(&app).await;
        let new = caller("com.example.reader").database(&EVERYTHING);
        let reader = new.migration("0001_reads.sql", "CREATE TABLE reads (post TEXT, n INTEGER);").install(&app).await;
        let visible = id(&content.visible);
        for (sql, params) in [
            ("SELECT title FROM core_posts WHERE id = ?", json!([visible])),
            ("SELECT title FROM core_posts WHERE slug = ?", json!(["view-one"])),
            ("SELECT title FROM core_posts WHERE title = ? AND status = 'published'", json!(["View one"])),
            ("SELECT title FROM core_posts WHERE category_id = ?", json!([id(&content.category)])),
            ("SELECT title FROM core_posts WHERE id IN (?, 'nobody', NULL)", json!([visible])),
            ("SELECT title FROM core_posts WHERE id = ? OR slug = ?", json!([visible, "view-one"])),
            (
                "SELECT title FROM core_posts WHERE slug = 'view-one' AND published_at > ? AND created_at < ?",
                json!(["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"]),
            ),
            (
                "SELECT p.title FROM core_post_tags t JOIN core_posts p ON p.id = t.post_id
                 JOIN core_tags ON core_tags.id = t.tag_id WHERE core_tags.name = 'Seen'",
                Value::Null,
            ),
            (
                "WITH mine AS (SELECT * FROM core_posts WHERE created_by = ?)
                 SELECT title FROM mine ORDER BY title LIMIT 1",
                json!([content.author.id()]),
            ),
            (
                "SELECT p.title FROM core_posts p WHERE EXISTS
                 (SELECT 1 FROM core_comments c WHERE c.post_id = p.id AND c.content = 'Approved.')",
                Value::Null,
            ),
            (
                "SELECT p.title FROM core_categories c, core_posts p WHERE c.id = p.category_id AND c.slug = 'views'",
                Value::Null,
            ),
        ] {
            assert_eq!(titles(&reader, sql, params).await, ["View one"], "{sql}");
        }
        for sql in [
            "SELECT * FROM core_posts WHERE id = 5",
            "SELECT * FROM core_posts WHERE id = NULL",
            "SELECT * FROM core_posts WHERE id = 'nonsense'",
            "SELECT * FROM core_posts WHERE id = x'00ff'",
            "SELECT * FROM core_posts WHERE slug = 7",
            "SELECT * FROM core_posts WHERE slug = 'view-one' AND published_at > '2999'",
            "SELECT * FROM core_posts WHERE slug = 'view-one' AND published_at < 'a while ago' AND published_at > 'b'",
            "SELECT * FROM core_posts WHERE slug = 'view-one' AND created_at = 'whenever'",
            "SELECT * FROM core_posts WHERE title = 'View draft' OR title = 'View gone'",
            "SELECT * FROM core_post_tags WHERE post_id NOT IN (SELECT id FROM core_posts)",
            "SELECT * FROM core_comments WHERE content = 'Waiting.' OR status <> 'approved'",
        ] {
            assert_eq!(reader.call(json!(["db-query", sql])).await, json!([]), "{sql}");
        }
        let joined = reader.run(&[
            json!(["db-execute", "INSERT INTO reads SELECT id, 3 FROM core_posts WHERE title LIKE 'View %'"]),
            json!(["db-query", "SELECT title, n FROM reads JOIN core_posts ON id = post ORDER BY title"]),
            json!(["db-query", "SELECT count(*) AS n, max(title) AS last FROM core_posts WHERE title LIKE 'View %'"]),
            json!(["db-query", "SELECT username, role FROM core_users WHERE id = ?", [content.author.id()]]),
            json!(["db-query", "SELECT name FROM core_tags WHERE id = ?", [id(&content.tag)]]),
        ]);
        let expected = [
            json!({ "rows_affected": 2 }),
            json!([{ "title": "View one", "n": 3 }, { "title": "View two", "n": 3 }]),
            json!([{ "n": 2, "last": "View two" }]),
            json!([{ "username": content.author.account().username, "role": "author" }]),
            json!([{ "name": "Seen" }]),
        ];
        assert_eq!(joined.await, expected);
        let path = format!("/api/v1/posts/{visible}");
        content.author.patch(&path, &json!({ "title": "View renamed" })).await.expect(200);
        assert_eq!(
            titles(&reader, "SELECT title FROM core_posts WHERE id = ?", json!([visible])).await,
            ["View renamed"],
            "views are never stale"
        );
        app.assert_unharmed().await;
    }

    async fn drafts_are_for_those_who_were_granted_them(app: TestApp = TestApp::builder().neighbour()) {
        let content = content(&app).await;
        let all = "SELECT title FROM core_posts WHERE title LIKE 'View%' ORDER BY title";
        let draft = "SELECT title FROM core_posts WHERE id = ?";
        let reader = caller("com.example.reader").database(&["read:posts"]).install(&app).await;
        assert_eq!(titles(&reader, all, Value::Null).await, ["View one", "View two"]);
        assert!(titles(&reader, draft, json!([id(&content.draft)])).await.is_empty());
        let drafts = caller("com.example.drafts").database(&["read:posts", "read:drafts"]).install(&app).await;
        assert_eq!(titles(&drafts, all, Value::Null).await, ["View draft", "View one", "View two"]);
        assert_eq!(titles(&drafts, draft, json!([id(&content.draft)])).await, ["View draft"]);
        for reader in [&reader, &drafts] {
            let gone = "SELECT title FROM core_posts WHERE title = 'View gone' OR status = 'trash'";
            assert!(titles(reader, gone, Value::Null).await.is_empty(), "the trash is nobody's");
        }
        let only = caller("com.example.only-drafts").database(&["read:drafts"]).install(&app).await;
        let answer = only.call(json!(["db-query", all])).await;
        assert!(text(&answer, "error").contains("read:posts"), "{answer}");
        app.assert_unharmed().await;
    }
}
