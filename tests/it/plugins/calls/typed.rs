//! `data` in depth: what its calls answer, and that a name is never SQL.

use fleuron_tests::{TestApp, caller};
use serde_json::{Value, json};

const SCHEMA: &str = "CREATE TABLE visits (
        id INTEGER PRIMARY KEY, path TEXT UNIQUE, n INTEGER NOT NULL DEFAULT 0, score REAL, note TEXT
    );
    CREATE TABLE \"a table\" (\"a column\" TEXT, \"select\" INTEGER);
    INSERT INTO visits(path, n, score, note) VALUES
        ('/', 5, 0.5, NULL), ('/about', 2, 1.5, 'x'), ('/tea', 2, NULL, '50%'), ('/Tea', 0, 2.0, 'x');";

fn paths(conditions: Value) -> Value {
    json!(["fetch-all", "visits", { "conditions": conditions, "order": [["id", false]] }])
}

#[tokio::test]
async fn rows_are_selected_ordered_and_added_up() {
    let app = TestApp::builder().neighbour().spawn().await;
    let plugin =
        caller("com.example.typed").database(&["own"]).migration("1.sql", SCHEMA).install(&app).await;
    for (conditions, expected) in [
        (json!([]), &["/", "/about", "/tea", "/Tea"][..]),
        (json!([["path", "equal", "/tea"]]), &["/tea"]),
        (json!([["path", "not-equal", "/tea"]]), &["/", "/about", "/Tea"]),
        (json!([["n", "less", 2]]), &["/Tea"]),
        (json!([["n", "less-or-equal", 2]]), &["/about", "/tea", "/Tea"]),
        (json!([["n", "greater", 2]]), &["/"]),
        (json!([["n", "greater-or-equal", 2], ["score", "greater", 0.5]]), &["/about"]),
        (json!([["path", "like", "/t%"]]), &["/tea", "/Tea"]),
        (json!([["path", "like", "/te_"], ["n", "equal", 2]]), &["/tea"]),
        (json!([["note", "equal", null]]), &["/"]),
        (json!([["note", "not-equal", null]]), &["/about", "/tea", "/Tea"]),
        (json!([["path", "equal", "' OR 1=1 --"]]), &[]),
        (json!([["n", "equal", true]]), &[]),
    ] {
        let rows = plugin.call(paths(conditions.clone())).await;
        let found: Vec<&str> =
            rows.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{conditions}");
    }
    let order = json!([["n", true], ["path", false]]);
    let answers = plugin.run(&[
        json!(["fetch-all", "visits", { "order": order, "limit": 2, "offset": 1 }]),
        json!(["fetch-one", "visits", { "order": order }]),
        json!(["fetch-one", "visits", { "conditions": [["n", "equal", 99]] }]),
        json!(["count", "visits", [["n", "equal", 2]]]),
        json!(["sum", "visits", "n", []]),
        json!(["sum", "visits", "score", []]),
        json!(["sum", "visits", "n", [["n", "equal", 99]]]),
        json!(["group-by", "visits", "n", "count", []]),
        json!(["group-by", "visits", "note", ["sum", "n"], []]),
        json!(["group-by", "visits", "n", ["average", "score"], [["n", "equal", 2]]]),
        json!(["group-by", "visits", "n", ["minimum", "path"], [["n", "equal", 2]]]),
        json!(["group-by", "visits", "n", ["maximum", "path"], [["n", "equal", 2]]]),
    ]);
    let mut answers = answers.await;
    let listed = answers.remove(0);
    let listed: Vec<&str> =
        listed.as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect();
    assert_eq!(listed, ["/about", "/tea"]);
    assert_eq!(answers.remove(0), json!({ "id": 1, "path": "/", "n": 5, "score": 0.5, "note": null }));
    let expected = [
        Value::Null,
        json!(2),
        json!(9),
        json!(4.0),
        json!(0),
        json!([[0, 1], [2, 2], [5, 1]]),
        json!([[null, 5], ["50%", 2], ["x", 2]]),
        json!([[2, 1.5]]),
        json!([[2, "/about"]]),
        json!([[2, "/tea"]]),
    ];
    assert_eq!(answers, expected);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn rows_are_changed_within_transactions_too() {
    let app = TestApp::builder().neighbour().spawn().await;
    let plugin =
        caller("com.example.typed").database(&["own"]).migration("1.sql", SCHEMA).install(&app).await;
    let home = json!([["path", "equal", "/"]]);
    let answers = plugin.run(&[
        json!(["insert", "visits", { "path": "/new" }]),
        json!(["update", "visits", { "note": "both", "n": 1 }, [["n", "equal", 2]]]),
        json!(["increment", "visits", "n", 10, home]),
        json!(["increment", "visits", "n", -4, home]),
        json!(["increment", "visits", "score", 1, [["score", "equal", null]]]),
        json!(["delete", "visits", [["path", "like", "/%new"]]]),
        json!(["db-begin"]),
        json!(["delete", "visits", [["id", "greater", 0]]]),
        json!(["count", "visits", []]),
        json!(["db-rollback"]),
        json!(["count", "visits", []]),
        json!(["insert", "a table", { "a column": "x", "select": 1 }]),
        json!(["fetch-all", "a table", { "conditions": [["select", "equal", 1]], "order": [["a column", true]] }]),
        json!(["db-query", "SELECT n, score FROM visits WHERE id IN (1, 3) ORDER BY id"]),
    ]);
    let ok = json!({ "ok": true });
    let expected = [
        json!(5),
        json!(2),
        json!(1),
        json!(1),
        json!(2),
        json!(1),
        ok.clone(),
        json!(4),
        json!(0),
        ok,
        json!(4),
        json!(1),
        json!([{ "a column": "x", "select": 1 }]),
        json!([{ "n": 11, "score": 0.5 }, { "n": 1, "score": 1.0 }]),
    ];
    assert_eq!(answers.await, expected);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn mistakes_are_told_apart_and_names_are_never_sql() {
    let app = TestApp::builder().neighbour().spawn().await;
    let plugin =
        caller("com.example.typed").database(&["own"]).migration("1.sql", SCHEMA).install(&app).await;
    let row = json!({ "path": "/x" });
    let mut cases = vec![
        ("constraint", json!(["insert", "visits", { "path": "/" }])),
        ("constraint", json!(["update", "visits", { "n": null }, [["id", "equal", 1]]])),
        ("invalid", json!(["insert", "nothing", row])),
        ("invalid", json!(["insert", "visits", { "nothing": 1 }])),
        ("invalid", json!(["fetch-all", "visits", { "conditions": [["nothing", "equal", 1]] }])),
        ("invalid", json!(["fetch-all", "visits", { "order": [["nothing", true]] }])),
        ("invalid", json!(["sum", "visits", "nothing", []])),
        ("invalid", json!(["update", "visits", {}, [["id", "equal", 1]]])),
        ("invalid", json!(["update", "visits", { "n": 1 }, []])),
        ("invalid", json!(["delete", "visits", []])),
        ("invalid", json!(["increment", "visits", "n", 1, []])),
        ("not-granted", json!(["fetch-all", "fleuron_key_values", {}])),
        ("not-granted", json!(["fetch-all", "sqlite_master", {}])),
        ("not-granted", json!(["fetch-all", "core_posts", {}])),
    ];
    for name in [
        "",
        "visits; DROP TABLE visits",
        "visits\" --",
        "visits\0",
        "main.visits",
        "visits WHERE 1",
        "(SELECT 1)",
        "visits AS v, sqlite_master",
        "json_each('[1]')",
    ] {
        cases.push(("", json!(["fetch-all", name, {}])));
        cases.push(("", json!(["insert", name, row])));
        cases.push(("", json!(["delete", name, [["id", "greater", 0]]])));
        cases.push(("", json!(["count", "visits", [[name, "equal", 1]]])));
        cases.push(("", json!(["increment", "visits", name, 1, [["id", "equal", 1]]])));
        cases.push(("", json!(["group-by", "visits", name, "count", []])));
        cases.push(("", json!(["group-by", "visits", "n", ["sum", name], []])));
    }
    for (code, call) in cases {
        let answer = plugin.call(call.clone()).await;
        assert!(answer["error"].is_string(), "{call}: {answer}");
        if !code.is_empty() {
            assert_eq!(answer["code"], code, "{call}: {answer}");
        }
    }
    assert_eq!(plugin.call(json!(["sum", "visits", "n", []])).await, json!(9), "nothing was changed");
    app.assert_unharmed().await;
}
