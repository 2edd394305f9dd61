use super::*;

#[tokio::test]
async fn what_is_committed_stays_and_what_is_rolled_back_goes() {
    let site = Site::with_notes().await;
    let database = site.own();
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "d").await.unwrap();
    let sql = statement(StatementKind::Query, "SELECT count(*) FROM notes", &[]);
    let rows = transaction.run(sql, soon()).await.unwrap();
    assert_eq!(rows.rows, [[SqlValue::Integer(4)]], "it sees its own changes");
    assert_eq!(count(&*database).await, 3, "nobody else does");
    transaction.commit().await.unwrap();
    assert_eq!(count(&*database).await, 4);
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "e").await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(count(&*database).await, 4);
}

#[tokio::test]
async fn key_values_are_part_of_it() {
    let site = Site::with_notes().await;
    let database = site.own();
    database.set("key", "old", soon()).await.unwrap();
    let mut transaction = database.begin(soon()).await.unwrap();
    transaction.set("key", "new", soon()).await.unwrap();
    assert_eq!(transaction.get("key", soon()).await.unwrap().as_deref(), Some("new"));
    assert_eq!(database.get("key", soon()).await.unwrap().as_deref(), Some("old"));
    drop(transaction);
    let mut transaction = database.begin(soon()).await.unwrap();
    assert_eq!(transaction.get("key", soon()).await.unwrap().as_deref(), Some("old"));
    transaction.set("key", "kept", soon()).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(database.get("key", soon()).await.unwrap().as_deref(), Some("kept"));
}

#[tokio::test]
async fn a_statement_that_fails_leaves_it_open() {
    let site = Site::with_notes().await;
    let database = site.own();
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "d").await.unwrap();
    let error = insert(&mut transaction, "a").await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::Constraint);
    for sql in
        ["INSERT INTO nothing VALUES (1)", "COMMIT", "ROLLBACK", "SELECT 1; COMMIT", "RELEASE fleuron_step"]
    {
        transaction.run(statement(StatementKind::Execute, sql, &[]), soon()).await.unwrap_err();
    }
    let many = "INSERT INTO notes (body) VALUES ('x'), ('y'), ('a') RETURNING id";
    transaction.run(statement(StatementKind::Query, many, &[]), soon()).await.unwrap_err();
    insert(&mut transaction, "e").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count(&*database).await, 5);
}

#[tokio::test]
async fn one_that_sqlite_rolls_back_is_over() {
    let site = Site::with_notes().await;
    let database = site.own();
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "d").await.unwrap();
    let sql = "INSERT OR ROLLBACK INTO notes (body) VALUES ('a')";
    let error = transaction.run(statement(StatementKind::Execute, sql, &[]), soon()).await.unwrap_err();
    assert!(error.message.contains("rolled back"), "{error}");
    let error = insert(&mut transaction, "e").await.unwrap_err();
    assert!(error.message.contains("rolled back"), "{error}");
    assert!(transaction.commit().await.is_err());
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn a_broken_promise_at_the_end_undoes_it() {
    let site = Site::new().await;
    let schema = "CREATE TABLE parents (id INTEGER PRIMARY KEY);
        CREATE TABLE children (parent REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);";
    site.migrate(&[("1.sql", schema)]).await.unwrap();
    let database = site.own();
    let mut transaction = database.begin(soon()).await.unwrap();
    let sql = "INSERT INTO children VALUES (7)";
    transaction.run(statement(StatementKind::Execute, sql, &[]), soon()).await.unwrap();
    assert_eq!(transaction.commit().await.unwrap_err().kind, DatabaseErrorKind::Constraint);
    assert_eq!(value(&*database, "SELECT count(*) FROM children").await, SqlValue::Integer(0));
    database.begin(soon()).await.unwrap().rollback().await.unwrap();
}

#[tokio::test]
async fn two_that_write_wait_for_each_other() {
    let site = Site::with_notes().await;
    let (first, second) = (site.own(), site.own());
    let mut open = first.begin(soon()).await.unwrap();
    insert(&mut open, "d").await.unwrap();
    let impatient = Instant::now() + Duration::from_millis(50);
    let error = second.begin(impatient).await.err().unwrap();
    assert_eq!(error.kind, DatabaseErrorKind::OverLimit);
    assert!(second.set("key", "value", Instant::now() + Duration::from_millis(50)).await.is_err());
    let (begun, committed) = tokio::join!(second.begin(soon()), open.commit());
    committed.unwrap();
    let mut open = begun.unwrap();
    insert(&mut open, "e").await.unwrap();
    open.commit().await.unwrap();
    assert_eq!(count(&*first).await, 5);
}

#[tokio::test]
async fn one_that_is_dropped_during_a_statement_is_rolled_back() {
    let site = Site::with_notes().await;
    let database = site.own();
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "d").await.unwrap();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    {
        let endless = transaction.run(statement(StatementKind::Query, endless, &[]), soon());
        tokio::time::timeout(Duration::from_millis(50), endless).await.unwrap_err();
    }
    drop(transaction);
    let started = Instant::now();
    let mut next = database.begin(soon()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "the statement ended with its caller");
    insert(&mut next, "d").await.unwrap();
    next.commit().await.unwrap();
    assert_eq!(count(&*database).await, 4);
}

#[tokio::test]
async fn an_answer_that_is_too_large_undoes_its_change() {
    let site = Site::with(DatabaseLimits { answer_rows: 2, ..DatabaseLimits::default() }).await;
    site.migrate(&[("1.sql", NOTES)]).await.unwrap();
    let database = site.own();
    let sql = "UPDATE notes SET body = body || '!' RETURNING id";
    assert_eq!(query(&*database, sql).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
    let mut transaction = database.begin(soon()).await.unwrap();
    insert(&mut transaction, "d").await.unwrap();
    let error = transaction.run(statement(StatementKind::Query, sql, &[]), soon()).await.unwrap_err();
    assert_eq!(error.kind, DatabaseErrorKind::OverLimit);
    transaction.commit().await.unwrap();
    assert_eq!(value(&*database, "SELECT group_concat(body, '') FROM notes").await, text("abcd"));
}
