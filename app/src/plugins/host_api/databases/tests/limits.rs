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
    ] {
        let started = Instant::now();
        let error = query(&*database, &sql).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::OverLimit, "{error}");
        assert!(started.elapsed() < Duration::from_secs(1));
    }
}
