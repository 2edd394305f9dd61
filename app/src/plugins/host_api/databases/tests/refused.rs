use super::*;

/// Refused of a plugin with its own tables and `core_posts`.
const REFUSED: &[&str] = &[
    "SELECT * FROM core_users",
    "SELECT * FROM main.core_users",
    "SELECT * FROM \"CORE_USERS\"",
    "SELECT count(*) FROM core_users",
    "SELECT body FROM notes WHERE body IN core_users",
    "SELECT body FROM notes ORDER BY (SELECT username FROM core_users)",
    "WITH core_posts AS (SELECT * FROM core_users) SELECT * FROM core_posts",
    "INSERT INTO core_posts (id) VALUES ('x')",
    "UPDATE core_posts SET title = 'x'",
    "DELETE FROM core_posts",
    "SELECT * FROM sqlite_master",
    "SELECT count(*) FROM SQLite_Master",
    "SELECT 1 FROM main.'sqlite_schema'",
    "SELECT * FROM temp.sqlite_master",
    "SELECT * FROM sqlite_temp_schema",
    "SELECT * FROM sqlite_sequence",
    "UPDATE sqlite_sequence SET seq = 0",
    "WITH notes AS (SELECT * FROM sqlite_master) SELECT * FROM notes",
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (y)')",
    "UPDATE sqlite_schema SET sql = ''",
    "DELETE FROM sqlite_master",
    "SELECT * FROM fleuron_key_values",
    "SELECT * FROM main.\"Fleuron_Key_Values\"",
    "SELECT count(*) FROM fleuron_migrations",
    "SELECT value FROM fleuron_key_values WHERE key = ?1",
    "INSERT INTO fleuron_key_values VALUES ('a', 'b')",
    "DELETE FROM fleuron_migrations",
    "WITH notes AS (SELECT * FROM fleuron_key_values) SELECT * FROM notes",
    "INSERT INTO notes (body) SELECT value FROM fleuron_key_values",
    "SELECT * FROM dbstat",
    "SELECT 1 FROM fts3tokenize('simple', 'a b')",
    "SELECT * FROM pragma_table_info('notes')",
    "SELECT count(*) FROM pragma_database_list",
    "PRAGMA table_info(notes)",
    "PRAGMA writable_schema = ON",
    "PRAGMA max_page_count = 1000000000",
    "PRAGMA main.query_only(0)",
    "EXPLAIN PRAGMA user_version",
    "ATTACH 'other.sqlite' AS other",
    "ATTACH 'oth' || 'er' AS other",
    "ATTACH ? AS other",
    "DETACH main",
    "VACUUM",
    "VACUUM INTO 'other.sqlite'",
    "SELECT load_extension('x')",
    "SELECT load_extension('x', 'y')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT sqlite_version()",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT rtreecheck('notes')",
    "CREATE TABLE more (id)",
    "CREATE TABLE IF NOT EXISTS more AS SELECT * FROM notes",
    "CREATE TEMP TABLE more (id)",
    "CREATE INDEX more ON notes (body)",
    "CREATE VIEW more AS SELECT 1",
    "CREATE TRIGGER more AFTER INSERT ON notes BEGIN SELECT 1; END",
    "CREATE VIRTUAL TABLE more USING fts5 (x)",
    "DROP TABLE notes",
    "DROP TABLE fleuron_key_values",
    "ALTER TABLE notes ADD COLUMN more",
    "ALTER TABLE notes RENAME TO more",
    "REINDEX",
    "REINDEX notes",
    "ANALYZE",
    "BEGIN",
    "BEGIN IMMEDIATE",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT a",
    "RELEASE a",
    "ROLLBACK TO a",
];

/// No good statements, rather than bad intentions.
const INVALID: &[&str] = &[
    "",
    " ; ",
    "-- nothing",
    "/* nothing",
    "SELEKT 1",
    "SELECT * FROM nothing",
    "SELECT 'open",
    "SELECT ?",
    "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM notes",
    "DELETE FROM notes; SELECT 1",
    "DELETE FROM notes;/* x */DELETE FROM notes",
    "SELECT 1; COMMIT",
    "SELECT 1; nonsense",
    "SELECT ';'; DELETE FROM notes",
    "SELECT 1;\0DELETE FROM notes",
    "DELETE FROM notes\0",
];

#[tokio::test]
async fn what_reaches_too_far_is_denied_everywhere() {
    let site = Site::with_notes().await;
    let database = site.open(own(&[SiteView::Posts]));
    database.set("key", "secret", soon()).await.unwrap();
    let mut transaction = database.begin(soon()).await.unwrap();
    transaction.set("key", "secret", soon()).await.unwrap();
    transaction.get("key", soon()).await.unwrap();
    for sql in REFUSED {
        for kind in [StatementKind::Query, StatementKind::Execute] {
            let params = if sql.contains('?') { vec![text("key")] } else { vec![] };
            let within = transaction.run(statement(kind, sql, &params), soon()).await.unwrap_err();
            assert_eq!(within.kind, DatabaseErrorKind::Denied, "{sql}: {within}");
        }
    }
    transaction.rollback().await.unwrap();
    for sql in REFUSED {
        for kind in [StatementKind::Query, StatementKind::Execute] {
            let params = if sql.contains('?') { vec![text("key")] } else { vec![] };
            let alone = database.run(statement(kind, sql, &params), soon()).await.unwrap_err();
            assert_eq!(alone.kind, DatabaseErrorKind::Denied, "{sql}: {alone}");
        }
    }
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn the_hosts_own_texts_are_refused_though_they_are_kept_prepared() {
    let site = Site::with_notes().await;
    let database = site.own();
    database.set("key", "secret", soon()).await.unwrap();
    assert!(database.get("key", soon()).await.unwrap().is_some());
    let set = "INSERT INTO fleuron_key_values (key, value) VALUES (?1, ?2) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    let get = "SELECT value FROM fleuron_key_values WHERE key = ?1";
    let pair = [text("key"), text("stolen")];
    for (kind, sql, params) in [(StatementKind::Query, get, &pair[..1]), (StatementKind::Execute, set, &pair)]
    {
        let error = database.run(statement(kind, sql, params), soon()).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Denied);
    }
    assert_eq!(database.get("key", soon()).await.unwrap().as_deref(), Some("secret"));
}

#[tokio::test]
async fn what_is_no_single_statement_is_invalid() {
    let site = Site::with_notes().await;
    let database = site.own();
    for sql in INVALID {
        for kind in [StatementKind::Query, StatementKind::Execute] {
            let error = database.run(statement(kind, sql, &[]), soon()).await.unwrap_err();
            assert_eq!(error.kind, DatabaseErrorKind::Invalid, "{sql}: {error}");
        }
    }
    let error = execute(&*database, "SELECT 1").await.unwrap_err();
    assert!(error.message.contains("db-query"), "{error}");
    let two = [text("a"), text("b")];
    let error = database.run(statement(StatementKind::Query, "SELECT ?", &two), soon()).await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Invalid);
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let site = Site::with_notes().await;
    let nothing = site.open(DatabaseAccess::default());
    let error = query(&*nothing, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Denied);
    let views = DatabaseAccess { views: [SiteView::Posts].into(), ..DatabaseAccess::default() };
    let reader = site.open(views);
    for (sql, missing) in [
        ("SELECT * FROM notes", "`own`"),
        ("SELECT count(*) FROM notes", "`own`"),
        ("INSERT INTO notes (body) VALUES ('x')", "`own`"),
        ("SELECT * FROM core_users", "`read:users`"),
        ("SELECT * FROM main.core_post_tags", "`read:tags`"),
        ("SELECT * FROM sqlite_master", "sqlite_master"),
        ("DELETE FROM core_posts", "only be read"),
    ] {
        let error = query(&*reader, sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Denied, "{sql}: {error}");
        assert!(error.message.contains(missing), "{sql}: {error}");
    }
}
