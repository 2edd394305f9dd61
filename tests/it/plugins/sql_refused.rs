//! SQL that reaches for what a plugin was not granted, or for more than its share: each text is answered with an error,
//! nothing is changed by it, nothing is told by it, and nobody else notices.

mod texts;

use std::path::Path;
use std::time::{Duration, Instant};

use fleuron::auth::Role;
use fleuron_tests::{Caller, TestApp, caller, text};
use sea_orm::{ConnectionTrait, Database, DbBackend, EntityTrait, Statement};
use serde_json::{Value, json};

use texts::{BOMBS, REFUSED, UNGRANTED, oversized};

const SCHEMA: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT UNIQUE);
    INSERT INTO notes VALUES (1, 'first'), (2, 'second'), (3, 'third');";
const NOTES: &str = "SELECT id || ' ' || body AS line FROM notes ORDER BY id";
/// What only the other plugin knows.
const TREASURE: &str = "the-victims-treasure";

/// Two callers on one site: the one whose SQL is refused, and its victim, which has something to hide.
async fn hideout(app: &TestApp) -> (Caller<'_>, Caller<'_>, Vec<String>) {
    let victim = caller("com.example.victim").database(&["own"]);
    let victim =
        victim.migration("0001_treasure.sql", "CREATE TABLE treasure (words TEXT);").install(app).await;
    let hidden = victim.run(&[
        json!(["db-execute", "INSERT INTO treasure VALUES (?)", [TREASURE]]),
        json!(["set-data", "treasure", TREASURE]),
    ]);
    assert_eq!(hidden.await, [json!({ "rows_affected": 1 }), json!(true)]);
    let thief = caller("com.example.thief").database(&["own", "read:posts"]);
    let thief = thief.migration("0001_notes.sql", SCHEMA).install(app).await;
    let secrets = secrets(app).await;
    (thief, victim, secrets)
}

/// What no answer may hold: addresses, password hashes and tokens of those who have an account.
async fn secrets(app: &TestApp) -> Vec<String> {
    let person = app.actor_with_password(Role::Administrator).await;
    let account = person.account();
    let id: uuid::Uuid = account.id.to_string().parse().unwrap();
    let hash = app.within(move |services| async move {
        let user = fleuron::entities::users::Entity::find_by_id(id).one(services.database.reader()).await;
        user.unwrap().unwrap().password_hash.unwrap()
    });
    let (email, refresh_token) = (account.email.clone(), account.refresh_token.clone());
    vec![email, hash.await, refresh_token, TREASURE.to_owned()]
}

/// Everything in a plugin's database file, as SQLite itself sees it: its schema, and what `rows` selects as `line`.
async fn contents(file: &Path, rows: &str) -> Vec<String> {
    let connection = Database::connect(format!("sqlite://{}?mode=ro", file.display())).await.unwrap();
    let schema =
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_schema ORDER BY 1";
    let migrations = "SELECT name AS line FROM fleuron_migrations ORDER BY 1";
    let mut contents = Vec::new();
    for sql in [schema, migrations, rows] {
        let found = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        contents.extend(found.into_iter().map(|row| row.try_get::<String>("", "line").unwrap()));
    }
    connection.close().await.unwrap();
    contents
}

#[track_caller]
fn assert_refused(what: &str, answer: &Value, secrets: &[String]) {
    assert!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{what}: {answer}");
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(1), "{what}: {answer}");
    assert_silent(what, answer, secrets);
}

#[track_caller]
fn assert_silent(what: &str, answer: &Value, secrets: &[String]) {
    let words = answer.to_string();
    for secret in secrets {
        assert!(!words.contains(secret.as_str()), "{what} tells a secret: {words}");
    }
}

/// A text through both calls, by itself and within a transaction.
fn tries(sql: &Value, params: &Value) -> [Value; 6] {
    [
        json!(["db-query", sql, params]),
        json!(["db-execute", sql, params]),
        json!(["db-begin"]),
        json!(["db-query", sql, params]),
        json!(["db-execute", sql, params]),
        json!(["db-rollback"]),
    ]
}

async fn assert_all_refused(
    caller: &Caller<'_>,
    what: &str,
    sql: &Value,
    params: &Value,
    secrets: &[String],
) {
    let answers = caller.run(&tries(sql, params)).await;
    for place in [0, 1, 3, 4] {
        assert_refused(what, &answers[place], secrets);
    }
    assert_eq!(answers[2], json!({ "ok": true }), "{what}: a transaction begins");
    assert_eq!(answers[5], json!({ "ok": true }), "{what}: the transaction is still open at its end");
}

#[tokio::test]
async fn what_reaches_too_far_is_refused() {
    let app = TestApp::builder().neighbour().spawn().await;
    let (thief, victim, secrets) = hideout(&app).await;
    let (notes, treasure) = (thief.database_file(), victim.database_file());
    let treasured = "SELECT words AS line FROM treasure";
    let before = (contents(&notes, NOTES).await, contents(&treasure, treasured).await);
    assert!(before.0.ends_with(&["1 first".to_owned(), "2 second".to_owned(), "3 third".to_owned()]));
    assert_eq!(before.1.last().map(String::as_str), Some(TREASURE));
    assert!(REFUSED.len() >= 60);
    let site = app.data().join("fleuron.sqlite");
    let victims = treasure.display().to_string();
    for sql in REFUSED {
        let sql = sql
            .replace("{site}", &site.display().to_string())
            .replace("{victim}", &victims)
            .replace("{scratch}", &app.scratch().display().to_string());
        assert_all_refused(&thief, &sql, &json!(sql), &Value::Null, &secrets).await;
    }
    app.assert_unharmed().await;
    assert_eq!((contents(&notes, NOTES).await, contents(&treasure, treasured).await), before);
    assert_eq!(std::fs::read_dir(app.scratch()).unwrap().count(), 0, "no file was written");
    for name in ["stolen.sqlite", "stolen.txt"] {
        assert!(!Path::new(name).exists() && !notes.with_file_name(name).exists(), "{name}");
    }
    let rows = thief.call(json!(["db-query", "SELECT id, body FROM notes ORDER BY id"])).await;
    assert_eq!(rows[2], json!({ "id": 3, "body": "third" }), "honest SQL goes on");
    assert!(
        thief.denials().await.iter().any(|(call, reason, count)| {
            call == "db-query" && reason.contains("core_users") && *count > 1
        })
    );
}

#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let app = TestApp::builder().neighbour().spawn().await;
    let (_, _, secrets) = hideout(&app).await;
    let reader = caller("com.example.reader").database(&["read:posts"]).install(&app).await;
    for (sql, missing) in UNGRANTED {
        let answer = reader.call(json!(["db-query", sql])).await;
        assert_refused(sql, &answer, &secrets);
        assert!(text(&answer, "error").contains(missing), "{sql}: {answer} does not name {missing}");
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let app = TestApp::builder().neighbour().spawn().await;
    let (thief, _, secrets) = hideout(&app).await;
    let before = contents(&thief.database_file(), NOTES).await;
    for (what, sql, params) in oversized() {
        assert_all_refused(&thief, what, &sql, &params, &secrets).await;
    }
    app.assert_unharmed().await;
    assert_eq!(contents(&thief.database_file(), NOTES).await, before);
}

#[tokio::test]
async fn what_never_ends_is_ended() {
    const TIMEOUT: u64 = 600;
    let app = TestApp::builder().neighbour().spawn().await;
    let (_, _, secrets) = hideout(&app).await;
    let bomber = caller("com.example.bomber").database(&["own"]).timeout(TIMEOUT);
    let bomber = bomber.migration("0001_notes.sql", SCHEMA).install(&app).await;
    let before = contents(&bomber.database_file(), NOTES).await;
    for (number, sql) in BOMBS.into_iter().enumerate() {
        // Another hook call would be refused while the breaker is open, so that each few get a fresh start.
        if number % 3 == 0 {
            let anew = caller("com.example.bomber").database(&["own"]).timeout(TIMEOUT + number as u64);
            anew.migration("0001_notes.sql", SCHEMA).lay(&app).await;
        }
        let started = Instant::now();
        let (answers, others) = tokio::join!(bomber.try_run(&[json!(["db-query", sql])]), async {
            let started = Instant::now();
            app.guest().get("/healthz").await.expect(200);
            started.elapsed()
        });
        let took = started.elapsed();
        assert!(took < Duration::from_millis(TIMEOUT * 4), "{sql}: {took:?}");
        assert!(others < Duration::from_millis(TIMEOUT), "{sql}: others waited {others:?}");
        if let Some(answers) = answers {
            assert_refused(sql, &answers[0], &secrets);
        }
        app.assert_unharmed().await;
    }
    let again = caller("com.example.bomber").database(&["own"]).timeout(TIMEOUT + 100);
    again.migration("0001_notes.sql", SCHEMA).lay(&app).await;
    let rows = bomber.call(json!(["db-query", "SELECT count(*) AS n FROM notes"])).await;
    assert_eq!(rows, json!([{ "n": 3 }]), "the connections are free again");
    assert_eq!(contents(&bomber.database_file(), NOTES).await, before);
}

#[tokio::test]
async fn schemas_are_no_way_around() {
    let app = TestApp::builder().neighbour().spawn().await;
    let (_, _, secrets) = hideout(&app).await;
    // Each is refused when it is installed or, at the latest, when it is used.
    let ways = [
        ("CREATE VIEW way AS SELECT * FROM core_users;", "SELECT * FROM way"),
        ("CREATE VIEW way AS SELECT * FROM sqlite_schema;", "SELECT * FROM way"),
        ("CREATE VIEW way AS SELECT * FROM fleuron_key_values;", "SELECT * FROM way"),
        ("CREATE VIEW way AS SELECT * FROM pragma_database_list;", "SELECT * FROM way"),
        ("CREATE VIEW core_users AS SELECT 1 AS id;", "SELECT * FROM core_users"),
        ("CREATE TABLE core_users (id);", "SELECT * FROM core_users"),
        ("CREATE TABLE fleuron_secrets (id);", "SELECT * FROM fleuron_secrets"),
        ("CREATE TEMP TABLE way (id);", "SELECT * FROM way"),
        ("CREATE VIRTUAL TABLE way USING core_users;", "SELECT * FROM way"),
        ("ATTACH '{site}' AS way;", "SELECT * FROM way.users"),
        ("CREATE TABLE way AS SELECT * FROM sqlite_schema;", "SELECT * FROM way"),
        ("PRAGMA writable_schema = ON; CREATE TABLE way (id);", "SELECT * FROM way"),
        (
            "CREATE TABLE way (id); CREATE TRIGGER jump AFTER INSERT ON way BEGIN
             DELETE FROM fleuron_key_values; END;",
            "INSERT INTO way VALUES (1) RETURNING id",
        ),
        (
            "CREATE TABLE way (id); CREATE TRIGGER jump AFTER INSERT ON way BEGIN
             SELECT load_extension('way'); END;",
            "INSERT INTO way VALUES (1) RETURNING id",
        ),
        (
            "CREATE TABLE way (id DEFAULT (load_extension('way')));",
            "INSERT INTO way DEFAULT VALUES RETURNING id",
        ),
    ];
    let site = app.data().join("fleuron.sqlite").display().to_string();
    for (number, (schema, sql)) in ways.into_iter().enumerate() {
        let id = format!("com.example.way-{number}");
        let schema = schema.replace("{site}", &site);
        let builder = caller(&id).database(&["own"]).migration("0001_way.sql", &schema);
        builder.lay(&app).await;
        if !app.services().hooks.plugins().iter().any(|plugin| plugin.id.as_str() == id) {
            let faults = app.services().hooks.faults();
            let fault = faults.iter().find(|fault| fault.folder.ends_with(id.replace('.', "_"))).unwrap();
            assert!(fault.problems.iter().any(|problem| problem.contains("0001_way.sql")), "{fault:?}");
            continue;
        }
        let way = builder.install(&app).await;
        assert_refused(&schema, &way.call(json!(["db-query", sql])).await, &secrets);
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_full_database_takes_no_more() {
    let builder = TestApp::builder().neighbour().limits(|plugins| plugins.databases.file_bytes = 1 << 20);
    let app = builder.spawn().await;
    let hoarder = caller("com.example.hoarder").database(&["own"]).migration("0001_notes.sql", SCHEMA);
    let hoarder = hoarder.install(&app).await;
    let insert = json!(["db-execute", "INSERT INTO notes(body) VALUES (hex(randomblob(10000)))"]);
    let value = json!(["set-data", "key", { "parts": [["x", 300_000]] }]);
    let answers =
        hoarder.run(&[json!(["repeat", 60, insert]), value, json!(["set-data", "key", "small"])]).await;
    assert!(text(&answers[0], "error").contains("full"), "{answers:?}");
    assert_eq!(answers[1], json!(false));
    let size = std::fs::metadata(hoarder.database_file()).unwrap().len();
    assert!(size <= 1 << 20, "{size}");
    let answers = hoarder.run(&[
        json!(["db-execute", "DELETE FROM notes WHERE id > 3"]),
        insert,
        json!(["db-query", "SELECT count(*) AS n FROM notes"]),
    ]);
    let answers = answers.await;
    assert!(answers[0]["rows_affected"].is_u64(), "{answers:?}");
    assert_eq!(answers[1..], [json!({ "rows_affected": 1 }), json!([{ "n": 4 }])]);
    app.assert_unharmed().await;
}
