//! Transactions of plugins: they end with the call that opened them, whatever becomes of it.

use fleuron_tests::{Caller, TestApp, caller, text};
use serde_json::{Value, json};

use super::eventually_logged;

const SCHEMA: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT UNIQUE);";

async fn site() -> TestApp {
    TestApp::builder().neighbour().spawn().await
}

async fn writer<'a>(app: &'a TestApp, timeout: u64) -> Caller<'a> {
    let new = caller("com.example.writer").database(&["own"]).permission("events = [\"emit\"]");
    let new = new.permission("http = [\"localhost\"]").hook("on-post-created").timeout(timeout);
    new.migration("0001_notes.sql", SCHEMA).install(app).await
}

fn begin() -> Value {
    json!(["db-begin"])
}

fn commit() -> Value {
    json!(["db-commit"])
}

fn rollback() -> Value {
    json!(["db-rollback"])
}

fn insert(body: &str) -> Value {
    json!(["db-execute", "INSERT INTO notes(body) VALUES (?)", [body]])
}

fn count() -> Value {
    json!(["db-query", "SELECT count(*) AS n FROM notes"])
}

fn counted(n: u64) -> Value {
    json!([{ "n": n }])
}

fn one() -> Value {
    json!({ "rows_affected": 1 })
}

fn ok() -> Value {
    json!({ "ok": true })
}

#[track_caller]
fn assert_error(answer: &Value, words: &str) {
    let error = text(answer, "error");
    assert!(error.to_lowercase().contains(words), "`{error}` does not say `{words}`");
}

#[tokio::test]
async fn what_is_committed_stays_and_what_is_rolled_back_goes() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    let answers = writer.run(&[begin(), insert("kept"), count(), commit(), count()]).await;
    assert_eq!(answers, [ok(), one(), counted(1), ok(), counted(1)], "a query sees its own open transaction");
    let answers = writer.run(&[begin(), insert("gone"), count(), rollback(), count()]).await;
    assert_eq!(answers, [ok(), one(), counted(2), ok(), counted(1)]);
    let answers = writer.run(&[begin(), commit(), begin(), insert("again"), commit(), count()]).await;
    assert_eq!(answers, [ok(), ok(), ok(), one(), ok(), counted(2)], "one after the other");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn one_that_nobody_commits_is_rolled_back_with_its_call() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    assert_eq!(writer.run(&[begin(), insert("lost"), count()]).await, [ok(), one(), counted(1)]);
    eventually_logged(&app, &writer.id, "rolled back").await;
    let answers = writer.run(&[count(), begin(), insert("kept"), commit()]).await;
    assert_eq!(answers, [counted(0), ok(), one(), ok()], "the next call begins afresh");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn one_in_an_action_ends_with_it_too() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    assert_eq!(
        writer.run_in_action(&[begin(), insert("lost"), count()]).await[..3],
        [ok(), one(), counted(1)]
    );
    assert_eq!(writer.call(count()).await, counted(0));
    let answers = writer.run_in_action(&[begin(), insert("kept"), commit()]).await;
    assert_eq!(answers, [ok(), one(), ok()]);
    assert_eq!(writer.call(count()).await, counted(1));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_trap_or_a_panic_rolls_back() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    for end in ["trap", "panic"] {
        assert_eq!(writer.try_run(&[begin(), insert("lost"), json!([end])]).await, None);
        let answers = writer.run(&[count(), begin(), insert("found"), count(), rollback()]).await;
        assert_eq!(answers, [counted(0), ok(), one(), counted(1), ok()], "{end}");
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_timeout_rolls_back() {
    let app = site().await;
    let writer = writer(&app, 500).await;
    for end in ["loop", "call-loop"] {
        assert_eq!(writer.try_run(&[begin(), insert("lost"), json!([end])]).await, None);
        let answers = writer.run(&[count(), begin(), insert("found"), rollback()]).await;
        assert_eq!(answers, [counted(0), ok(), one(), ok()], "{end}");
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    writer.try_run(&[begin(), insert("lost"), json!(["db-query", endless])]).await;
    let answers = writer.run(&[count(), begin(), insert("found"), rollback()]).await;
    assert_eq!(answers, [counted(0), ok(), one(), ok()], "a statement that does not end");
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_second_begin_and_an_end_without_a_begin_are_errors() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    let answers = writer.run(&[begin(), insert("kept"), begin(), count(), commit(), count()]).await;
    assert_error(&answers[2], "transaction");
    assert_eq!(
        (&answers[3], &answers[4], &answers[5]),
        (&counted(1), &ok(), &counted(1)),
        "the first goes on"
    );
    for end in [commit(), rollback()] {
        let answers = writer.run(&[end.clone(), begin(), commit(), end, count()]).await;
        assert_error(&answers[0], "transaction");
        assert_error(&answers[3], "transaction");
        assert_eq!((&answers[1], &answers[2], &answers[4]), (&ok(), &ok(), &counted(1)));
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn statements_that_would_end_it_are_refused() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    for sql in ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a"] {
        let text = |call: &str| json!([call, sql]);
        let answers = writer
            .run(&[
                text("db-execute"),
                begin(),
                insert("x"),
                text("db-execute"),
                text("db-query"),
                count(),
                rollback(),
                count(),
            ])
            .await;
        for refused in [0, 3, 4] {
            assert!(answers[refused]["error"].is_string(), "{sql}: {answers:?}");
        }
        assert_eq!((&answers[5], &answers[6], &answers[7]), (&counted(1), &ok(), &counted(0)), "{sql}");
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_failed_statement_leaves_it_open() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    let wrong = json!(["db-execute", "INSERT INTO nothing VALUES (1)"]);
    let many = json!(["db-execute", "INSERT INTO notes(body) VALUES ('b'), ('c'), ('a')"]);
    let answers =
        writer.run(&[begin(), insert("a"), wrong, many, insert("a"), insert("d"), commit(), count()]).await;
    assert_error(&answers[2], "nothing");
    assert_error(&answers[3], "unique");
    assert_error(&answers[4], "unique");
    assert_eq!((&answers[5], &answers[6], &answers[7]), (&one(), &ok(), &counted(2)));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn nobody_waits_for_others_while_it_is_open() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    let get = json!(["http-get", "http://localhost/"]);
    let post = json!(["http-post", "http://localhost/", ""]);
    let emit = json!(["emit-event", "moved", "{}"]);
    let answers =
        writer.run(&[begin(), insert("kept"), get, post, emit.clone(), commit(), emit, count()]).await;
    assert_eq!((&answers[2], &answers[3]), (&Value::Null, &Value::Null));
    assert_error(&answers[4], "transaction");
    assert_eq!(answers[6]["ok"], true, "{answers:?}");
    assert_eq!((&answers[5], &answers[7]), (&ok(), &counted(1)));
    let log = writer.log();
    for call in ["http-get", "http-post"] {
        assert!(
            log.iter().any(|line| line.contains(call) && line.contains("transaction")),
            "{call}: {log:#?}"
        );
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn key_values_are_part_of_it() {
    let app = site().await;
    let writer = writer(&app, 5000).await;
    let (get, set) = (json!(["get-data", "key"]), |value: &str| json!(["set-data", "key", value]));
    let answers = writer.run(&[set("old"), begin(), set("new"), get.clone(), rollback(), get.clone()]).await;
    let expected = [json!(true), ok(), json!(true), json!("new"), ok(), json!("old")];
    assert_eq!(answers, expected);
    let answers = writer.run(&[begin(), set("kept"), insert("kept"), commit(), get.clone()]).await;
    assert_eq!(answers, [ok(), json!(true), one(), ok(), json!("kept")]);
    assert_eq!(writer.try_run(&[begin(), set("lost"), json!(["trap"])]).await, None);
    assert_eq!(writer.call(get).await, json!("kept"));
    app.assert_unharmed().await;
}

#[tokio::test]
async fn others_do_not_see_it_before_it_is_committed() {
    let app = site().await;
    let writer = writer(&app, 3000).await;
    // The first holds its transaction open until its time is over; the second reads meanwhile, on another instance.
    let holding = [begin(), insert("unseen"), json!(["set-data", "key", "unseen"]), json!(["loop"])];
    let (held, read) = tokio::join!(writer.try_run(&holding), async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        writer.run(&[count(), json!(["get-data", "key"])]).await
    });
    assert_eq!(held, None);
    assert_eq!(read, [counted(0), Value::Null]);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn two_that_write_at_once_both_succeed() {
    let app = site().await;
    let writer = writer(&app, 8000).await;
    let write = async |name: &str| {
        let bodies = (0..20).map(|number| insert(&format!("{name} {number}")));
        let calls: Vec<Value> = [begin()].into_iter().chain(bodies).chain([commit()]).collect();
        let answers = writer.run(&calls).await;
        assert!(answers.iter().all(|answer| answer.get("error").is_none()), "{name}: {answers:?}");
    };
    tokio::join!(write("a"), write("b"), write("c"), write("d"), write("e"), write("f"));
    assert_eq!(writer.call(count()).await, counted(120));
    app.assert_unharmed().await;
}
