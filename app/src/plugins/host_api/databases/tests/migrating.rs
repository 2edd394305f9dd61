use super::*;

const FIRST: (&str, &str) = ("0001_notes.sql", NOTES);

#[tokio::test]
async fn files_run_once_and_in_order() {
    let site = Site::new().await;
    assert_eq!(site.migrate(&[]).await, Ok(0));
    assert!(!site.file().exists(), "a plugin without migrations has no file yet");
    let second = ("0002_more.sql", "ALTER TABLE notes ADD COLUMN more TEXT; UPDATE notes SET more = 'x; y';");
    assert_eq!(site.migrate(&[FIRST]).await, Ok(1));
    assert_eq!(site.migrate(&[FIRST, second]).await, Ok(1));
    assert_eq!(site.migrate(&[FIRST, second]).await, Ok(0));
    let database = site.own();
    assert_eq!(
        value(&*database, "SELECT count(*) FROM notes WHERE more = 'x; y'").await,
        SqlValue::Integer(3)
    );
}

#[tokio::test]
async fn every_kind_of_schema_can_be_made_and_changed() {
    let site = Site::new().await;
    let create = "
        -- a comment; with a semicolon
        CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE CHECK (length(name) > 0),
            label TEXT GENERATED ALWAYS AS (upper(name)) VIRTUAL);
        CREATE TABLE b (a_id INTEGER NOT NULL REFERENCES a (id) ON DELETE CASCADE, k TEXT, PRIMARY KEY (a_id, k))
            STRICT, WITHOUT ROWID;
        CREATE INDEX b_k ON b (k) WHERE k <> '';
        CREATE TABLE log (words TEXT);
        CREATE TRIGGER a_log AFTER INSERT ON a BEGIN
            INSERT INTO log VALUES ('new ' || new.name);
            INSERT INTO log VALUES ('again');
        END;
        CREATE VIEW v AS SELECT a.name, count(*) AS n FROM a LEFT JOIN b ON b.a_id = a.id GROUP BY a.id;
        CREATE TABLE copy AS SELECT * FROM a;
        INSERT INTO a (name) SELECT 'n' || value FROM json_each('[1,2]');
        WITH x(y) AS (SELECT 1) UPDATE a SET name = name || (SELECT y FROM x);";
    let change = "
        ALTER TABLE a RENAME TO aa;
        ALTER TABLE aa RENAME COLUMN name TO title;
        ALTER TABLE aa ADD COLUMN stars INTEGER NOT NULL DEFAULT 0 CHECK (stars >= 0);
        ALTER TABLE log ADD COLUMN at TEXT;
        ALTER TABLE log DROP COLUMN at;
        DROP VIEW v;
        DROP TRIGGER a_log;
        DROP INDEX b_k;
        DROP TABLE b;
        DROP TABLE IF EXISTS absent;
        DROP TABLE aa;";
    assert_eq!(site.migrate(&[("1.sql", create), ("2.sql", change)]).await, Ok(2));
    let database = site.own();
    assert_eq!(
        value(&*database, "SELECT group_concat(words) FROM log").await,
        text("new n1,again,new n2,again")
    );
    assert!(query(&*database, "SELECT * FROM aa").await.is_err());
}

#[tokio::test]
async fn files_that_do_not_fit_what_was_run_are_named() {
    let site = Site::new().await;
    let third = ("0003_c.sql", "CREATE TABLE c (id);");
    site.migrate(&[FIRST, third]).await.unwrap();
    let second = ("0002_b.sql", "CREATE TABLE b (id);");
    let error = site.migrate(&[("0001_notes.sql", "CREATE TABLE notes (id);"), second]).await.unwrap_err();
    for part in
        ["0001_notes.sql` differs", "0002_b.sql` is new but", "0003_c.sql` was run before and is missing"]
    {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(site.migrate(&[third, FIRST]).await.unwrap_err().contains("out of order"));
    assert!(site.migrate(&[]).await.unwrap_err().contains("missing"));
    assert_eq!(site.migrate(&[FIRST, third]).await, Ok(0));
}

#[tokio::test]
async fn what_a_later_version_ran_stays_when_it_is_rolled_back() {
    let site = Site::new().await;
    site.migrate(&[FIRST, ("0002_b.sql", "CREATE TABLE b (id);")]).await.unwrap();
    let first = Migration { name: FIRST.0.to_owned(), sql: FIRST.1.to_owned() };
    let back = site.migrate_with(std::slice::from_ref(&first), LaterMigrations::RolledBack).await;
    assert_eq!(back, Ok(0));
    assert_eq!(site.migrate_with(&[], LaterMigrations::RolledBack).await, Ok(0));
    let other = Migration { name: "0003_c.sql".to_owned(), sql: "CREATE TABLE c (id);".to_owned() };
    let error = site.migrate_with(&[first, other], LaterMigrations::RolledBack).await.unwrap_err();
    assert!(error.contains("0002_b.sql` was run before and is missing"), "{error}");
}

#[tokio::test]
async fn a_file_runs_as_a_whole_or_not_at_all() {
    let site = Site::new().await;
    let bad = "CREATE TABLE one (id);\n\n-- here it comes\nINSERT INTO nothing VALUES (1);\n";
    let error = site.migrate(&[FIRST, ("0002_bad.sql", bad)]).await.unwrap_err();
    assert!(error.contains("0002_bad.sql") && error.contains("nothing"), "{error}");
    let database = site.own();
    for table in ["notes", "one"] {
        assert!(
            query(&*database, &format!("SELECT * FROM {table}")).await.is_err(),
            "the file before is undone too"
        );
    }
    let good = ("0002_bad.sql", "CREATE TABLE one (id);");
    assert_eq!(site.migrate(&[("0001_other.sql", NOTES), good]).await, Ok(2), "and not counted as run");
    assert_eq!(count(&*site.own()).await, 3);
}

#[tokio::test]
async fn a_statement_of_a_file_is_no_longer_than_another() {
    let site = Site::new().await;
    let many = "SELECT 'a longer statement';\n".repeat(9_000);
    assert_eq!(site.migrate(&[("1.sql", &many)]).await, Ok(1));
    let trigger = format!(
        "CREATE TABLE t (x); CREATE TRIGGER g AFTER INSERT ON t BEGIN {} END;",
        "SELECT 'a longer statement'; ".repeat(4_000)
    );
    let checks = format!("CREATE TABLE t (x CHECK (x {}))", "COLLATE nocase ".repeat(20_000));
    for sql in [format!("SELECT 1 /* {} */;", "x".repeat(100_000)), trigger, checks] {
        let error = site.migrate(&[("1.sql", &many), ("2.sql", &sql)]).await.unwrap_err();
        assert!(error.contains("`migrations/2.sql`") && error.contains("100000 bytes"), "{error}");
    }
    let deep = format!("CREATE TABLE t (x CHECK (x {}))", "COLLATE nocase ".repeat(6_000));
    assert!(site.migrate(&[("1.sql", &many), ("2.sql", &deep)]).await.unwrap_err().contains("levels deep"));
}

#[tokio::test]
async fn what_a_migration_may_not_do_is_refused_with_its_line() {
    let site = Site::new().await;
    site.own().set("key", "value", soon()).await.unwrap();
    for sql in [
        "SELECT * FROM fleuron_key_values",
        "DELETE FROM fleuron_key_values",
        "DROP TABLE fleuron_key_values",
        "ALTER TABLE fleuron_key_values RENAME TO mine",
        "CREATE TABLE fleuron_mine (id)",
        "CREATE TABLE mine (id); ALTER TABLE mine RENAME TO fleuron_mine",
        "CREATE TABLE mine (id); ALTER TABLE mine RENAME TO core_posts",
        "CREATE TABLE mine (k TEXT REFERENCES fleuron_key_values (key) ON DELETE CASCADE)",
        "CREATE INDEX i ON fleuron_key_values (value)",
        "CREATE TRIGGER t AFTER INSERT ON fleuron_key_values BEGIN SELECT 1; END",
        "CREATE TABLE mine (id); CREATE TRIGGER t AFTER INSERT ON mine BEGIN DELETE FROM fleuron_key_values; END",
        "CREATE VIEW mine AS SELECT * FROM fleuron_key_values",
        "CREATE VIEW mine AS SELECT * FROM core_users",
        "CREATE TABLE mine AS SELECT * FROM fleuron_key_values",
        "CREATE TABLE mine AS SELECT * FROM core_posts",
        "CREATE TABLE mine AS SELECT * FROM sqlite_schema",
        "CREATE TABLE mine AS SELECT count(*) FROM sqlite_master",
        "CREATE TABLE mine (x); INSERT INTO mine SELECT sql FROM sqlite_master",
        "CREATE TABLE core_posts (id)",
        "CREATE VIEW core_users AS SELECT 1",
        "CREATE TABLE json_each (id)",
        "CREATE TABLE sqlite_mine (id)",
        "UPDATE sqlite_schema SET sql = ''",
        "DELETE FROM sqlite_sequence",
        "CREATE TEMP TABLE mine (id)",
        "CREATE TABLE temp.mine (id)",
        "CREATE TEMP VIEW mine AS SELECT 1",
        "CREATE VIRTUAL TABLE mine USING fts5 (x)",
        "CREATE VIRTUAL TABLE mine USING dbstat",
        "ATTACH 'other.sqlite' AS other",
        "VACUUM",
        "VACUUM INTO 'other.sqlite'",
        "PRAGMA writable_schema = ON",
        "PRAGMA max_page_count = 1000000",
        "SELECT load_extension('x')",
        "SELECT * FROM dbstat",
        "SELECT * FROM pragma_database_list",
        "ANALYZE",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT a",
        "SELECT ?",
        "SELEKT",
    ] {
        let error = site.migrate(&[("0001_bad.sql", &format!("SELECT 1;\n{sql};\n"))]).await.unwrap_err();
        assert!(error.contains("`migrations/0001_bad.sql`"), "{sql}: {error}");
        assert!(!error.contains("line 1:"), "{sql}: {error}");
    }
    assert_eq!(site.migrate(&[FIRST]).await, Ok(1), "nothing of all that remains");
    assert_eq!(site.own().get("key", soon()).await.unwrap().as_deref(), Some("value"));
}

#[tokio::test]
async fn a_schema_that_grows_without_bounds_is_refused() {
    let site = Site::new().await;
    let views: String = (1..30)
        .map(|number| format!("CREATE VIEW v{number} AS SELECT a.x FROM v{0} a, v{0} b;\n", number - 1))
        .collect();
    let views = format!("CREATE VIEW v0 AS SELECT 1 AS x;\n{views}");
    let chain: String = (1..400)
        .map(|number| {
            let before = number - 1;
            format!(
                "CREATE TABLE t{number} (x); CREATE TRIGGER g{number} AFTER INSERT ON t{before} BEGIN \
                 INSERT INTO t{number} VALUES (1); END;\n"
            )
        })
        .collect();
    let chain = format!("CREATE TABLE t0 (x);\n{chain}");
    for sql in [views, chain] {
        let error = site.migrate(&[("1.sql", &sql)]).await.unwrap_err();
        assert!(error.contains("`migrations/1.sql`"), "{error}");
    }
    let honest = "CREATE VIEW v0 AS SELECT 1 AS x; CREATE VIEW v1 AS SELECT a.x FROM v0 a, v0 b;
        CREATE VIEW v2 AS SELECT a.x FROM v1 a, v1 b; CREATE VIEW v3 AS SELECT a.x FROM v2 a, v2 b;";
    site.migrate(&[("1.sql", honest)]).await.unwrap();
    let database = site.own();
    assert_eq!(value(&*database, "SELECT count(*) FROM v3, v3, v3").await, SqlValue::Integer(1));
    let many = format!("SELECT 1 FROM (SELECT 1 FROM v3{}) a", ", v3".repeat(2000));
    assert_eq!(query(&*database, &many).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
}

#[tokio::test]
async fn a_schema_is_no_way_around() {
    let site = Site::new().await;
    let schema = "
        CREATE VIEW masters AS SELECT * FROM sqlite_schema;
        CREATE VIEW files AS SELECT * FROM pragma_database_list;
        CREATE VIEW pages AS SELECT * FROM dbstat;
        CREATE TABLE way (id, more DEFAULT (load_extension('x')));
        CREATE TABLE jump (id);
        CREATE TRIGGER jump_log AFTER INSERT ON jump BEGIN SELECT sql FROM sqlite_schema; END;
        CREATE TRIGGER jump_gone AFTER DELETE ON jump BEGIN SELECT load_extension('x'); END;
        INSERT INTO way VALUES (1, 2);";
    site.migrate(&[("1.sql", schema)]).await.unwrap();
    let database = site.open(own(&[SiteView::Users]));
    for sql in ["SELECT * FROM masters", "SELECT count(*) FROM files", "SELECT 1 FROM pages"] {
        let error = query(&*database, sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Denied, "{sql}: {error}");
    }
    for sql in ["INSERT INTO way (id) VALUES (1)", "INSERT INTO jump VALUES (1)", "DELETE FROM jump"] {
        assert!(execute(&*database, sql).await.is_err(), "{sql}");
    }
    assert!(query(&*database, "SELECT * FROM way").await.is_ok());
}
