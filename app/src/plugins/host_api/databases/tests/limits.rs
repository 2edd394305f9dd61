use super::*;

const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)";

#[tokio::test]
async fn no_statement_outlives_its_time() {
    let site = Site::with_notes().await;
    let database = site.own();
    for rest in ["SELECT max(i) FROM n", "INSERT INTO notes (body) SELECT 'n' || i FROM n"] {
        let started = Instant::now();
        let until = started + Duration::from_millis(100);
        let sql = format!("{ENDLESS} {rest}");
        let error = database.run(statement(StatementKind::Query, &sql, &[]), until).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let error = database.get("key", Instant::now()).await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::OverLimit);
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn callers_that_go_away_leave_the_connections_free() {
    let site = Site::with_notes().await;
    let database = site.own();
    for rest in ["SELECT max(i) FROM n", "INSERT INTO notes (body) SELECT 'n' || i FROM n"] {
        for _ in 0..5 {
            let sql = format!("{ENDLESS} {rest}");
            let endless = database.run(statement(StatementKind::Query, &sql, &[]), soon());
            tokio::time::timeout(Duration::from_millis(10), endless).await.unwrap_err();
        }
    }
    assert_eq!(count(&*database).await, 3);
    assert_eq!(execute(&*database, "DELETE FROM notes").await.unwrap().changed, 3);
}

#[tokio::test]
async fn a_file_is_full_at_its_quota() {
    let site = Site::with(DatabaseLimits { file_bytes: 2 * 1024 * 1024, ..DatabaseLimits::default() }).await;
    site.migrate(&[("1.sql", NOTES)]).await.unwrap();
    let database = site.own();
    let value = "v".repeat(512 * 1024);
    let mut stored = 0;
    let error = loop {
        match database.set(&format!("key-{stored}"), &value, soon()).await {
            Ok(()) => stored += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind, DatabaseErrorKind::OverLimit);
    assert!(error.message.contains("2 MiB"), "{error}");
    assert_eq!(stored, 3);
    let sql = "INSERT INTO notes (body) VALUES (zeroblob(1000000))";
    assert_eq!(execute(&*database, sql).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
    assert_eq!(count(&*database).await, 3);
    database.set("key-0", "", soon()).await.unwrap();
    database.set("key-9", "small", soon()).await.unwrap();
}

#[tokio::test]
async fn answers_texts_and_values_are_bounded() {
    let site = Site::with_notes().await;
    let database = site.own();
    let rows = |count: usize| format!("{ENDLESS} SELECT i FROM n LIMIT {count}");
    assert_eq!(query(&*database, &rows(10_000)).await.unwrap().rows.len(), 10_000);
    let name = "n".repeat(1000);
    for sql in [
        rows(10_001),
        format!("{ENDLESS} SELECT randomblob(100000) FROM n LIMIT 50"),
        format!("{ENDLESS} SELECT i AS {name} FROM n LIMIT 9000"),
        "SELECT zeroblob(100000000)".to_owned(),
        format!("{ENDLESS} SELECT group_concat(hex(randomblob(1000))) FROM n"),
        format!("SELECT 1 /* {} */", "x".repeat(100_000)),
    ] {
        let error = query(&*database, &sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
    }
    for sql in [
        format!("SELECT 1{}", "+1".repeat(2000)),
        format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(500)),
        format!("SELECT 1{}", ",1".repeat(1000)),
        format!("SELECT 1 FROM notes{}", ",notes".repeat(100)),
        format!("SELECT max(1{})", ",1".repeat(500)),
        "SELECT ?99999".to_owned(),
    ] {
        let error = query(&*database, &sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Invalid, "{sql}: {error}");
    }
}

/// Each statement is prepared by one call of the library within another; thousands would exhaust the stack.
#[tokio::test]
async fn thousands_of_statements_are_refused_like_two() {
    let site = Site::with_notes().await;
    let database = site.own();
    let error = query(&*database, &"SELECT 1;".repeat(11_000)).await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Invalid);
    let error = query(&*database, &format!("SELECT $a(');{}", "SELECT 1;".repeat(10_000))).await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Invalid);
}

/// SQLite would take gigabytes, or the thread's stack, before it looks at the clock.
#[tokio::test]
async fn what_would_grow_without_bounds_is_refused_at_once() {
    let site = Site::with_notes().await;
    let database = site.own();
    let doubling: String = (1..30)
        .map(|n| format!(", a{n} AS (SELECT x FROM a{0} UNION ALL SELECT x FROM a{0})", n - 1))
        .collect();
    for sql in [
        format!("WITH a0 AS (SELECT 1 AS x){doubling} SELECT count(*) FROM a29"),
        format!("SELECT * FROM {}notes{}", "(SELECT * FROM ".repeat(6000), ")".repeat(6000)),
        format!("SELECT {}1{}", "(".repeat(5000), ")".repeat(5000)),
        format!("SELECT 1{}", " COLLATE nocase".repeat(6000)),
        format!("SELECT {}1{}", "max(".repeat(6000), ", 0)".repeat(6000)),
    ] {
        let error = query(&*database, &sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
    }
    let deep = format!("SELECT x FROM {}notes{} y", "(SELECT x FROM ".repeat(6000), ")".repeat(6000));
    for sql in [
        format!("SELECT $a(/*), {deep} /* */"),
        format!("SELECT :a(/*), {deep} /* */"),
        format!("WITH a AS \u{b}({deep}) SELECT 1"),
        format!("WITH a AS \u{feff}({deep}) SELECT 1"),
    ] {
        let error = query(&*database, &sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Invalid, "{error}");
    }
}

/// Whatever nests without a parenthesis is SQLite's to refuse, or to do.
#[tokio::test]
async fn what_nests_deep_is_answered() {
    let site = Site::with_notes().await;
    let database = site.own();
    for sql in [
        format!("SELECT {}1", "- ".repeat(6000)),
        format!("SELECT {}1", "NOT ".repeat(6000)),
        format!("SELECT {}1{}", "CASE ".repeat(6000), " WHEN 1 THEN 1 END".repeat(4000)),
        format!("SELECT {}1{}", "CASE ".repeat(3000), " WHEN 1 THEN 1 END COLLATE x".repeat(3000)),
        format!("SELECT 1{}", " IS NOT 1".repeat(6000)),
        format!("SELECT 1 FROM notes {}", "JOIN notes ".repeat(6000)),
        format!("SELECT 1{}", " UNION SELECT 1".repeat(6000)),
        format!("INSERT INTO notes (body) VALUES ('x'){}", " ON CONFLICT DO NOTHING".repeat(4000)),
    ] {
        let _ = query(&*database, &sql).await;
    }
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn many_rows_are_inserted_at_once() {
    let site = Site::with_notes().await;
    let rows: Vec<String> = (10..1510).map(|id| format!("({id}, 'note {id}')")).collect();
    let sql = format!("INSERT INTO notes (id, body) VALUES {}", rows.join(", "));
    assert_eq!(execute(&*site.own(), &sql).await.unwrap().changed, 1500);
}

#[tokio::test]
async fn functions_are_counted_in_a_statement() {
    let site = Site::with_notes().await;
    let database = site.own();
    let calls = |count: usize| format!("SELECT {}", vec!["max(json('1'), 2)"; count].join(" UNION SELECT "));
    assert!(query(&*database, &calls(90)).await.is_ok());
    let many = format!("SELECT 1 IN ({})", vec!["json('1')"; 301].join(", "));
    assert_eq!(query(&*database, &many).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
    let error = query(&*database, "SELECT json_patch('{}', '{}')").await.unwrap_err();
    assert!(error.message.contains("json_set"), "{error}");
}

/// What a statement sorts or gathers is memory, and ends it. The site's own statements go on.
#[tokio::test]
async fn a_statement_that_takes_too_much_memory_is_ended() {
    let site = Site::with_notes().await;
    let database = site.own();
    for rest in [
        "SELECT i, randomblob(100000) AS b FROM n LIMIT 5000) ORDER BY b",
        "SELECT DISTINCT randomblob(100000) AS b FROM n LIMIT 5000) ORDER BY 1",
    ] {
        let sql = format!("{ENDLESS} SELECT count(*) FROM (SELECT * FROM ({rest})");
        let error = query(&*database, &sql.replace("count(*)", "length(b)")).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
        assert!(error.message.contains("memory"), "{error}");
    }
    let sorted = format!("{ENDLESS} SELECT sum(i) FROM (SELECT i FROM n LIMIT 100000) ORDER BY -i");
    assert!(query(&*database, &sorted).await.is_ok());
}

/// What readers keep from the file grows beside it, and is bounded by itself.
#[tokio::test]
async fn what_is_written_beside_the_file_is_bounded() {
    let limits = DatabaseLimits { file_bytes: 16 * 1024 * 1024, ..DatabaseLimits::default() };
    let site = Site::with(limits).await;
    site.migrate(&[("1.sql", NOTES)]).await.unwrap();
    let reader = rusqlite::Connection::open(site.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM notes").unwrap();
    reader.query_row("SELECT count(*) FROM notes", [], |_| Ok(())).unwrap();
    let database = site.own();
    let mut written = 0;
    let error = loop {
        // Another value each time: SQLite does not write what is there already.
        let value = char::from(b'a' + written).to_string().repeat(1024 * 1024);
        match database.set("key", &value, soon()).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 25, "the log grows without bounds");
    };
    assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
    assert!(database.begin(soon()).await.is_err());
    assert!(database.get("key", soon()).await.unwrap().is_some(), "reading goes on");
    reader.execute_batch("COMMIT").unwrap();
    database.set("key", "small", soon()).await.unwrap();
    let log = std::fs::metadata(site.file().with_file_name("plugin.sqlite-wal")).unwrap();
    assert!(log.len() < 1024 * 1024, "{}", log.len());
}

#[tokio::test]
async fn values_of_the_key_value_space_may_be_larger_than_those_in_sql() {
    let site = Site::with(DatabaseLimits { value_bytes: 3 * 1024 * 1024, ..DatabaseLimits::default() }).await;
    site.migrate(&[("1.sql", NOTES)]).await.unwrap();
    let database = site.own();
    let value = "v".repeat(3 * 1024 * 1024);
    database.set("key", &value, soon()).await.unwrap();
    assert_eq!(database.get("key", soon()).await.unwrap().map(|value| value.len()), Some(value.len()));
    let large = statement(StatementKind::Execute, "INSERT INTO notes (body) VALUES (?)", &[text(&value)]);
    assert_eq!(database.run(large, soon()).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
}
