use crate::data::{self, Aggregate, Error, ErrorCode, Group, Operator, Value};
use crate::testing::{MemoryHost, Permission};
use crate::{database, host_api, row};

fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.migrate(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, n INTEGER, weight REAL, mark BLOB);
         CREATE INDEX visits_by_n ON visits (n);
         ALTER TABLE visits ADD COLUMN kind TEXT NOT NULL DEFAULT 'page';
         INSERT INTO visits (path, n) VALUES ('/', 2);",
    )
    .unwrap();
    host
}

fn query(sql: &str, params: &str) -> String {
    host_api::db_query(sql, Some(params))
}

#[test]
fn queries_answer_json() {
    host();
    assert_eq!(
        query("SELECT path, n, weight, kind FROM visits WHERE n = ?", "[2]"),
        r#"[{"path":"/","n":2,"weight":null,"kind":"page"}]"#
    );
    assert_eq!(
        query("SELECT ? a, ? b, ? c, ? d", r#"[true, 2.5, {"k": [1]}, null]"#),
        r#"[{"a":1,"b":2.5,"c":"{\"k\":[1]}","d":null}]"#
    );
    assert_eq!(query("SELECT x'0102ff' AS bytes, 1 AS n, 2 AS n", "[]"), r#"[{"bytes":"AQL/","n":2}]"#);
    assert_eq!(host_api::db_execute("UPDATE visits SET n = n + ?", Some("[1]")), r#"{"rows_affected":1}"#);
    assert_eq!(query("INSERT INTO visits (path) VALUES (?) RETURNING id", r#"["/b"]"#), r#"[{"id":2}]"#);
    assert_eq!(query("SELECT value FROM json_each(?)", r#"["[7]"]"#), r#"[{"value":7}]"#);
    let recursive =
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3) SELECT sum(x) s FROM c";
    assert_eq!(host_api::db_query(recursive, None), r#"[{"s":6}]"#);
}

#[test]
fn what_a_site_refuses_is_refused_here() {
    let host = host();
    host.seed_view("core_posts", [row! { "id" => "1", "slug" => "hello" }]).unwrap();
    for (sql, params, reason) in [
        ("", "[]", "no statement"),
        ("-- nothing", "[]", "no statement"),
        ("SELECT 1; SELECT 2", "[]", "more than one statement"),
        ("SELECT ?", "[]", "1 placeholders"),
        ("SELECT 1", "[1]", "0 placeholders"),
        ("SELECT ?", "1", "no JSON array"),
        ("SELECT ?", "[", "not valid JSON"),
        ("SELEC 1", "[]", "syntax error"),
        ("SELECT * FROM missing", "[]", "no such table"),
        ("SELECT * FROM core_users", "[]", "seed_view"),
        ("SELECT * FROM sqlite_master", "[]", "not for plugins"),
        ("SELECT count(*) FROM SQLite_Schema", "[]", "not for plugins"),
        ("SELECT * FROM fleuron_key_values", "[]", "no such table"),
        ("SELECT * FROM pragma_table_info('visits')", "[]", "not within reach"),
        ("PRAGMA user_version", "[]", "PRAGMA user_version"),
        ("BEGIN", "[]", "db-begin"),
        ("SAVEPOINT a", "[]", "db-begin"),
        ("ATTACH ':memory:' AS other", "[]", "one database"),
        ("CREATE TABLE other (id)", "[]", "migrations"),
        ("DROP TABLE visits", "[]", "migrations"),
        ("CREATE TEMP TABLE other (id)", "[]", "migrations"),
        ("SELECT load_extension('x')", "[]", "load_extension"),
        ("UPDATE core_posts SET slug = 'x'", "[]", "only be read"),
        ("DELETE FROM core_posts", "[]", "only be read"),
        ("INSERT INTO visits (path) VALUES ('/')", "[]", "UNIQUE"),
    ] {
        let answer = query(sql, params);
        assert!(answer.starts_with(r#"{"error":"#) && answer.contains(reason), "{sql}: {answer}");
    }
    let answer = host_api::db_execute("SELECT 1", None);
    assert!(answer.contains("use db-query"), "{answer}");
    assert_eq!(query("SELECT slug FROM core_posts", "[]"), r#"[{"slug":"hello"}]"#);
    assert_eq!(query("SELECT count(*) n FROM visits", "[]"), r#"[{"n":1}]"#);
    assert!(host.log_lines().iter().any(|line| line.starts_with("warn: db-query: ")));
}

#[test]
fn migrations_are_all_or_nothing_and_stay_at_home() {
    let host = host();
    for (sql, reason) in [
        ("CREATE TABLE a (id); CREATE TABLE a (id);", "already exists"),
        ("CREATE TABLE fleuron_x (id)", "fleuron_"),
        ("CREATE VIEW core_x AS SELECT 1", "core_"),
        ("PRAGMA user_version = 3", "may not"),
        ("ATTACH ':memory:' AS x", "may not"),
        ("COMMIT", "may not"),
        ("CREATE TEMP TABLE x (id)", "may not"),
    ] {
        let error = host.migrate(sql).unwrap_err();
        assert!(error.message.contains(reason), "{sql}: {error}");
    }
    assert!(query("SELECT * FROM a", "[]").contains("no such table"));
    host.migrate(
        "CREATE VIEW busy AS SELECT path FROM visits WHERE n > 1;
         CREATE TRIGGER rising AFTER INSERT ON visits BEGIN UPDATE visits SET n = 5 WHERE id = new.id; END;
         ALTER TABLE visits RENAME COLUMN weight TO mass;",
    )
    .unwrap();
    assert_eq!(
        host_api::db_execute("INSERT INTO visits (path) VALUES ('/new')", None),
        r#"{"rows_affected":1}"#
    );
    assert_eq!(query("SELECT count(*) n FROM busy", "[]"), r#"[{"n":2}]"#);
}

#[test]
fn transactions_follow_the_rules() {
    let host = host();
    assert!(host_api::db_commit().contains("no transaction is open"));
    assert!(host_api::db_rollback().contains("no transaction is open"));
    assert_eq!(host_api::db_begin(), r#"{"ok":true}"#);
    assert!(host_api::db_begin().contains("open already"));
    assert_eq!(host_api::db_execute("DELETE FROM visits", None), r#"{"rows_affected":1}"#);
    assert!(host_api::set_data("deleted", "yes"));
    assert_eq!(query("SELECT count(*) n FROM visits", "[]"), r#"[{"n":0}]"#);
    assert!(host_api::emit_event("x", "1").contains("a transaction is open"));
    host.answer_http("http://a/", "b");
    assert_eq!(host_api::http_get("http://a/"), None);
    assert!(query("SELEC", "[]").contains("error"));
    assert_eq!(host_api::db_rollback(), r#"{"ok":true}"#);
    assert_eq!(query("SELECT count(*) n FROM visits", "[]"), r#"[{"n":1}]"#);
    assert_eq!(host.data("deleted"), None);
}

#[test]
fn a_forgotten_transaction_ends_with_the_call() {
    let host = host();
    host.call(|| {
        host_api::db_begin();
        host_api::db_execute("DELETE FROM visits", None);
    });
    assert_eq!(data::table("visits").count(), Ok(1));
    assert_eq!(host.log_lines(), ["warn: the call ended with an open transaction, which was rolled back"]);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        host.call(|| -> Result<(), Error> {
            database::transaction(|| {
                data::table("visits").equal("path", "/").delete()?;
                panic!("the hook fails");
            })
        })
    }));
    assert!(failed.is_err());
    assert_eq!(data::table("visits").count(), Ok(1));
    assert_eq!(host_api::db_begin(), r#"{"ok":true}"#);
}

#[test]
fn a_call_can_be_cut_short_at_any_statement() {
    let host = host();
    let work = || {
        host.call(|| {
            database::transaction(|| -> Result<(), Error> {
                data::insert("visits", row! { "path" => "/a" })?;
                data::table("visits").equal("path", "/").increment("n", 1).map(drop)
            })
        })
    };
    for calls in 0..4 {
        host.interrupt_after(calls);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        assert!(ended.is_err(), "{calls} calls and no more");
        assert_eq!(host.statements(), calls + 1, "the one that was not let through counts");
        assert_eq!(query("SELECT path, n FROM visits", "[]"), r#"[{"path":"/","n":2}]"#);
    }
    host.interrupt_after(4);
    assert_eq!(work(), Ok(()));
    assert_eq!(host.statements(), 4, "begin, two statements, commit");
    assert_eq!(work().unwrap_err().code, ErrorCode::Constraint, "an interruption is for one call");
    assert_eq!(data::table("visits").count(), Ok(2));
}

#[test]
fn views_can_be_filled_anew() {
    let host = host();
    host.seed_view("core_tags", [row! { "name" => "rust" }]).unwrap();
    host.clear_view("core_tags").unwrap();
    assert_eq!(query("SELECT count(*) n FROM core_tags", "[]"), r#"[{"n":0}]"#);
    host.seed_view("core_tags", [row! { "name" => "wasm" }]).unwrap();
    assert_eq!(query("SELECT name FROM core_tags", "[]"), r#"[{"name":"wasm"}]"#);
    assert!(host.clear_view("core_secrets").unwrap_err().message.contains("core_posts"));
}

#[test]
fn a_transaction_keeps_what_went_well() {
    host();
    let outcome: Result<u64, Error> = database::transaction(|| {
        data::insert("visits", row! { "path" => "/a" })?;
        data::table("visits").equal("path", "/a").increment("n", 4)
    });
    assert_eq!(outcome, Ok(1));
    let outcome: Result<i64, Error> = database::transaction(|| {
        data::insert("visits", row! { "path" => "/b" })?;
        data::insert("visits", row! { "path" => "/a" })
    });
    assert_eq!(outcome.unwrap_err().code, ErrorCode::Constraint);
    let found = database::query("SELECT path, n FROM visits WHERE n > ? ORDER BY path DESC", &[3.into()]);
    assert_eq!(found, Ok(vec![row! { "path" => "/a", "n" => 4 }]));
    assert_eq!(database::execute("UPDATE visits SET n = ?", &[Value::Null]), Ok(2));
    let nested: Result<(), Error> = database::transaction(|| database::transaction(|| Ok(())));
    assert!(nested.unwrap_err().message.contains("open already"));
}

#[test]
fn tables_are_written_and_read_with_types() {
    host();
    let id =
        data::insert("visits", row! { "path" => "/blob", "weight" => 0.5, "mark" => vec![1_u8, 2] }).unwrap();
    let found = data::table("visits").equal("id", id).fetch_one().unwrap().unwrap();
    assert_eq!(
        (found.text("path"), found.real("weight"), found.blob("mark")),
        (Ok("/blob"), Ok(0.5), Ok(&[1, 2][..]))
    );
    assert_eq!(found.read::<Option<i64>>("n"), Ok(None));
    assert_eq!(data::table("visits").equal("n", None::<i64>).update(row! { "n" => 7 }), Ok(1));
    assert_eq!(data::table("visits").filter("n", Operator::Greater, 1).count(), Ok(2));
    assert_eq!(data::table("visits").sum("n"), Ok(Value::Integer(9)));
    assert_eq!(data::table("visits").equal("path", "/none").sum("n"), Ok(Value::Integer(0)));
    let paths: Vec<String> = data::table("visits")
        .filter("path", Operator::Like, "/%")
        .order_by("n")
        .descending()
        .limit(1)
        .offset(1)
        .fetch_all()
        .unwrap()
        .iter()
        .map(|row| row.read("path").unwrap())
        .collect();
    assert_eq!(paths, ["/"]);
    data::insert("visits", row! { "path" => "/c", "kind" => "feed", "n" => 1 }).unwrap();
    let groups = data::table("visits").group_by("kind", Aggregate::Sum("n".to_owned())).unwrap();
    let group = |key: &str, value: i64| Group { key: key.into(), value: value.into() };
    assert_eq!(groups, [group("feed", 1), group("page", 9)]);
    assert_eq!(data::table("visits").filter("path", Operator::NotEqual, "/").delete(), Ok(2));
    assert_eq!(data::table("visits").fetch_one().unwrap().unwrap().text("path"), Ok("/"));
}

#[test]
fn typed_calls_name_what_is_wrong() {
    let host = host();
    let code = |outcome: Result<u64, Error>| outcome.unwrap_err().code;
    assert_eq!(code(data::table("nothing").count()), ErrorCode::Invalid);
    assert_eq!(code(data::table("visits").equal("nothing", 1).count()), ErrorCode::Invalid);
    assert_eq!(code(data::table("visits] --").count()), ErrorCode::Invalid);
    assert_eq!(code(data::table("visits").delete()), ErrorCode::Invalid);
    assert_eq!(code(data::table("visits").equal("id", 1).update(row! {})), ErrorCode::Invalid);
    assert_eq!(
        code(data::table("visits").equal("id", 1).update(row! { "path" => None::<&str> })),
        ErrorCode::Constraint
    );
    assert_eq!(code(data::table("sqlite_master").count()), ErrorCode::NotGranted);
    host.seed_view("core_tags", [row! { "name" => "rust" }]).unwrap();
    assert_eq!(code(data::table("core_tags").equal("name", "rust").delete()), ErrorCode::NotGranted);
    host.deny(Permission::OwnTables);
    assert_eq!(code(data::table("visits").count()), ErrorCode::NotGranted);
    assert!(query("SELECT * FROM visits", "[]").contains("not granted"));
    assert_eq!(query("SELECT name FROM core_tags", "[]"), r#"[{"name":"rust"}]"#);
    assert_eq!(query("WITH t AS (SELECT 1 AS one) SELECT one FROM t", "[]"), r#"[{"one":1}]"#);
}

#[test]
fn views_can_be_denied_one_by_one() {
    let host = host();
    host.seed_view("core_tags", [row! { "name" => "rust" }]).unwrap();
    host.seed_view("core_post_tags", []).unwrap();
    host.deny(Permission::View("core_post_tags"));
    assert_eq!(query("SELECT name FROM core_tags", "[]"), r#"[{"name":"rust"}]"#);
    for sql in [
        "SELECT count(*) n FROM core_post_tags",
        "SELECT 1 FROM core_tags JOIN CORE_post_tags ON tag_id = id",
    ] {
        let refused = query(sql, "[]");
        assert!(refused.contains("not granted") && refused.contains("read:tags"), "{refused}");
    }
    host.grant(Permission::View("core_post_tags"));
    assert_eq!(query("SELECT count(*) n FROM core_post_tags", "[]"), r#"[{"n":0}]"#);
}

#[test]
fn views_have_the_site_s_columns() {
    let host = host();
    assert!(host.seed_view("core_secrets", []).unwrap_err().message.contains("core_posts"));
    let error = host.seed_view("core_users", [row! { "email" => "a@example.com" }]).unwrap_err();
    assert!(error.message.contains("display_name"), "{error}");
    host.seed_view("core_users", []).unwrap();
    assert_eq!(query("SELECT bio FROM core_users", "[]"), "[]");
}
