use super::*;

#[tokio::test]
async fn honest_sql_works() {
    let site = Site::with_notes().await;
    let database = site.own();
    for (sql, expected) in [
        ("SELECT 'a;b' || \"body\" FROM notes WHERE id = 1;", text("a;ba")),
        (" ; /* first; */ SELECT 1 -- last; ", SqlValue::Integer(1)),
        ("WITH n AS (SELECT id FROM notes) SELECT sum(id) FROM n", SqlValue::Integer(6)),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 9) SELECT max(i) FROM n",
            SqlValue::Integer(9),
        ),
        (
            "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY body) AS r FROM notes)",
            SqlValue::Integer(3),
        ),
        ("SELECT '{\"a\":{\"b\":7}}' ->> '$.a.b'", SqlValue::Integer(7)),
        ("SELECT json_group_array(body) FROM notes", text("[\"a\",\"b\",\"c\"]")),
        ("SELECT sum(value) FROM json_each('[1,2,3]')", SqlValue::Integer(6)),
        ("SELECT count(*) FROM json_tree('{\"a\":[1,2]}')", SqlValue::Integer(4)),
        ("SELECT count(*) FROM notes WHERE body LIKE 'A' OR body GLOB '[bc]'", SqlValue::Integer(3)),
        ("SELECT count(*) FROM main.notes AS n LEFT JOIN notes USING (id)", SqlValue::Integer(3)),
        ("SELECT strftime('%Y', '2026-05-01')", text("2026")),
        ("SELECT EXISTS (SELECT 1 FROM notes)", SqlValue::Integer(1)),
        ("VALUES (1)", SqlValue::Integer(1)),
        ("INSERT INTO notes (body) VALUES ('d') RETURNING id", SqlValue::Integer(4)),
        (
            "INSERT INTO notes (body) VALUES ('d') ON CONFLICT (body) DO UPDATE SET body = excluded.body || '!' RETURNING body",
            text("d!"),
        ),
        ("REPLACE INTO notes (id, body) VALUES (4, 'e') RETURNING body", text("e")),
        (
            "UPDATE notes SET body = o.body || '?' FROM notes AS o WHERE o.id = 1 AND notes.id = 4 RETURNING notes.body",
            text("a?"),
        ),
        (
            "WITH old AS (SELECT 4 AS id) DELETE FROM notes WHERE id IN (SELECT id FROM old) RETURNING body",
            text("a?"),
        ),
    ] {
        assert_eq!(value(&*database, sql).await, expected, "{sql}");
        if !sql.contains("RETURNING") {
            assert_eq!(value(&*database, sql).await, expected, "{sql}, once it is kept prepared");
        }
    }
    let rows = query(&*database, "EXPLAIN QUERY PLAN SELECT * FROM notes WHERE id = 1").await.unwrap();
    assert_eq!(rows.rows.len(), 1);
    let rows = query(&*database, "EXPLAIN DELETE FROM notes").await.unwrap();
    assert!(rows.rows.len() > 1 && rows.changed == 0);
    assert_eq!(count(&*database).await, 3);
    let error = execute(&*database, "INSERT INTO notes (body) VALUES ('a')").await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Constraint);
    assert!(error.message.contains("UNIQUE"), "{error}");
}

#[tokio::test]
async fn a_changed_schema_is_noticed_by_open_connections() {
    let site = Site::with_notes().await;
    let database = site.own();
    assert_eq!(query(&*database, "SELECT * FROM notes").await.unwrap().columns, ["id", "body"]);
    let more = ("0002_more.sql", "ALTER TABLE notes ADD COLUMN more TEXT;");
    site.migrate(&[("0001_notes.sql", NOTES), more]).await.unwrap();
    assert_eq!(query(&*database, "SELECT * FROM notes").await.unwrap().columns, ["id", "body", "more"]);
}
