//! Each host call and each hook through a real guest, with its permission and without. A call or hook that is added to
//! the contract and not to these tables fails here.

mod hooks;
mod typed;

use std::collections::BTreeSet;

use fleuron_tests::{Caller, TestApp, caller, id, post, text};
use serde_json::{Value, json};

use super::http::loopback::Loopback;

const CONTRACT: &str = include_str!("../../../plugin-wit/plugin.wit");
const OWN_PACKAGE: &str = include_str!("../../../plugin-wit/wit/host.wit");

const OWN: &str = "database = [\"own\"]";
const EMIT: &str = "events = [\"emit\"]";
const SCHEMA: &str =
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, stars INTEGER, data BLOB);";

/// A call that needs a permission.
struct Guarded {
    interface: &'static str,
    name: &'static str,
    /// The line of the manifest that grants it.
    permission: String,
    /// What the refusal names.
    missing: &'static str,
    /// What must go before, in the same hook call.
    before: Vec<Value>,
    call: Value,
    /// The answer where it is granted; none where it holds an id that the host makes up.
    answer: Option<Value>,
}

/// Every call that needs a permission. This server is the one that may be asked.
fn guarded(server: &Loopback) -> Vec<Guarded> {
    let hosts = format!("http = [\"{}\"]", server.address);
    let database = |name, before: &[Value], call: Value, answer: Value| Guarded {
        interface: "host-api",
        name,
        permission: OWN.to_owned(),
        missing: "permissions.database",
        before: before.to_vec(),
        call,
        answer: Some(answer),
    };
    let outward = |name, permission: &str, missing, call: Value, answer: Option<Value>| Guarded {
        interface: "host-api",
        name,
        permission: permission.to_owned(),
        missing,
        before: Vec::new(),
        call,
        answer,
    };
    let begin = json!(["db-begin"]);
    let ok = json!({ "ok": true });
    let mut all = vec![
        database("db-query", &[], json!(["db-query", "SELECT 1 AS one"]), json!([{ "one": 1 }])),
        database(
            "db-execute",
            &[],
            json!(["db-execute", "INSERT INTO notes(body) VALUES ('x')"]),
            json!({ "rows_affected": 1 }),
        ),
        database("db-begin", &[], begin.clone(), ok.clone()),
        database("db-commit", std::slice::from_ref(&begin), json!(["db-commit"]), ok.clone()),
        database("db-rollback", std::slice::from_ref(&begin), json!(["db-rollback"]), ok),
        outward(
            "http-get",
            &hosts,
            "permissions.http",
            json!(["http-get", server.url("/plain")]),
            Some(json!("hello")),
        ),
        outward(
            "http-post",
            &hosts,
            "permissions.http",
            json!(["http-post", server.url("/echo"), "words"]),
            Some(json!("POST:words")),
        ),
        outward("emit-event", EMIT, "permissions.events", json!(["emit-event", "moved", "{}"]), None),
    ];
    all.extend(typed());
    all
}

/// `data`: each call on a table with one row before it.
fn typed() -> Vec<Guarded> {
    let row = json!(["insert", "notes", { "body": "first", "stars": 2, "data": { "blob": [0, 255] } }]);
    let stored = json!({ "id": 1, "body": "first", "stars": 2, "data": { "blob": [0, 255] } });
    let first = json!([["id", "equal", 1]]);
    let call = |name, call: Value, answer: Value| Guarded {
        interface: "data",
        name,
        permission: OWN.to_owned(),
        missing: "permissions.database",
        before: if name == "insert" { Vec::new() } else { vec![row.clone()] },
        call,
        answer: Some(answer),
    };
    vec![
        call("insert", row.clone(), json!(1)),
        call("fetch-one", json!(["fetch-one", "notes", { "conditions": first }]), stored.clone()),
        call("fetch-all", json!(["fetch-all", "notes", {}]), json!([stored])),
        call("update", json!(["update", "notes", { "stars": null }, first]), json!(1)),
        call("delete", json!(["delete", "notes", first]), json!(1)),
        call("count", json!(["count", "notes", []]), json!(1)),
        call("increment", json!(["increment", "notes", "stars", 3, first]), json!(1)),
        call("sum", json!(["sum", "notes", "stars", []]), json!(2)),
        call("group-by", json!(["group-by", "notes", "stars", "count", []]), json!([[2, 1]])),
    ]
}

/// The calls that every plugin may make, as the interface, the name, a call and its answer. Null stands for what the
/// host makes up.
fn basics() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        ("host-api", "log", json!(["log", "info", "noted"]), Value::Null),
        ("host-api", "get-config", json!(["get-config", "colour"]), json!("blue")),
        ("host-api", "set-data", json!(["set-data", "key", "value"]), json!(true)),
        ("host-api", "get-data", json!(["get-data", "key"]), json!("value")),
        ("host-api", "get-post", json!(["get-post", "nothing"]), Value::Null),
        ("host-api", "vfs-write", json!(["vfs-write", "a/b.txt", "text"]), json!(true)),
        ("host-api", "vfs-read", json!(["vfs-read", "a/b.txt"]), json!("text")),
        ("host-api", "vfs-exists", json!(["vfs-exists", "a/b.txt"]), json!(true)),
        ("host-api", "vfs-list", json!(["vfs-list", "a"]), json!(["b.txt"])),
        ("host-api", "vfs-stat", json!(["vfs-stat", "a/b.txt"]), Value::Null),
        ("host-api", "vfs-delete", json!(["vfs-delete", "a/b.txt"]), json!(true)),
        ("verdict", "hold", json!(["hold"]), Value::Null),
        ("verdict", "refuse", json!(["refuse", "not-now", "Not now."]), Value::Null),
        ("context", "current", json!(["current"]), Value::Null),
        ("data", "new-id", json!(["new-id"]), Value::Null),
    ]
}

/// The name under which denials of a call are counted.
fn denied_name(case: &Guarded) -> String {
    if case.interface == "data" { format!("data.{}", case.name) } else { case.name.to_owned() }
}

#[track_caller]
fn assert_denied(case: &Guarded, answer: &Value) {
    match (case.interface, case.name) {
        ("host-api", "http-get" | "http-post") => assert_eq!(*answer, Value::Null, "{}", case.name),
        (interface, name) => {
            let error = text(answer, "error");
            assert!(error.starts_with("not granted") && error.contains(case.missing), "{name}: {error}");
            if interface == "data" {
                assert_eq!(answer["code"], "not-granted", "{name}");
            }
        }
    }
}

async fn site(server: &Loopback) -> TestApp {
    TestApp::builder().neighbour().egress_allow(&server.address.to_string()).spawn().await
}

async fn assert_counted(plugin: &Caller<'_>, case: &Guarded, times: u64) {
    let denials = plugin.denials().await;
    let name = denied_name(case);
    let found = denials.iter().find(|(call, reason, _)| *call == name && reason.contains(case.missing));
    assert_eq!(found.map(|(_, _, count)| *count), Some(times), "{name}: {denials:?}");
}

#[tokio::test]
async fn what_needs_a_permission_is_denied_without() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    let bare = caller("com.example.bare").install(&app).await;
    for case in guarded(&server) {
        let answers = bare.run(&[case.call.clone(), case.call.clone()]).await;
        answers.iter().for_each(|answer| assert_denied(&case, answer));
        assert_counted(&bare, &case, 2).await;
        let line = format!("{}: not granted", denied_name(&case));
        assert!(bare.log().iter().any(|logged| logged.contains(&line)), "{line} in {:#?}", bare.log());
    }
    let details = bare.details().await;
    assert_eq!(details["denied_calls"], json!(2 * guarded(&server).len()));
    assert!(server.requests().is_empty());
    app.assert_unharmed().await;
}

#[tokio::test]
async fn what_needs_a_permission_is_granted_with_it_alone() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    for (number, case) in guarded(&server).into_iter().enumerate() {
        let new = caller(&format!("com.example.granted-{number}")).permission(&case.permission);
        let new = if case.permission == OWN { new.migration("0001_notes.sql", SCHEMA) } else { new };
        let plugin = new.install(&app).await;
        let mut calls = case.before.clone();
        calls.push(case.call.clone());
        let mut answers = plugin.run(&calls).await;
        let answer = answers.pop().unwrap();
        match &case.answer {
            Some(expected) => assert_eq!(answer, *expected, "{}", case.name),
            None => assert!(answer["ok"] == true && text(&answer, "id").len() == 36, "{answer}"),
        }
        assert_eq!(plugin.denials().await, [], "{}", case.name);
        // One permission opens one door.
        for other in guarded(&server).iter().filter(|other| other.permission != case.permission) {
            assert_denied(other, &plugin.call(other.call.clone()).await);
            assert_counted(&plugin, other, 1).await;
        }
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn the_basics_need_no_permission() {
    let app = TestApp::builder().neighbour().spawn().await;
    let settings = "[settings.colour]\ntype = \"string\"\ndefault = \"blue\"";
    let plugin = caller("com.example.bare").lines(settings).install(&app).await;
    let verdicts = ["hold", "refuse"];
    let calls: Vec<Value> =
        basics().into_iter().filter(|row| !verdicts.contains(&row.1)).map(|row| row.2).collect();
    let answers = plugin.run(&calls).await;
    let mut answers = answers.into_iter();
    for (_, name, _, expected) in basics().into_iter().filter(|row| !verdicts.contains(&row.1)) {
        let answer = answers.next().unwrap();
        match name {
            "vfs-stat" => {
                assert_eq!((&answer["size"], &answer["is_dir"]), (&json!(4), &json!(false)), "{answer}")
            }
            "current" => assert_eq!(text(&answer, "hook"), "on-post-creating"),
            "new-id" => assert_eq!(answer.as_str().map(|id| (id.len(), &id[14..15])), Some((36, "7"))),
            _ => assert_eq!(answer, expected, "{name}"),
        }
    }
    assert!(plugin.log().iter().any(|line| line.contains("noted")));
    let refused = plugin.attempt(&[json!(["refuse", "not-now", "Not now."])]).await;
    let problem = refused.problem(422, "refused_by_plugin");
    assert_eq!((text(&problem, "plugin"), text(&problem, "plugin_code")), (plugin.id.as_str(), "not-now"));
    let held = post("Held").content(r#"{"calls":[["hold"]]}"#).published().create(&plugin.author).await;
    assert_eq!(text(&held, "status"), "draft");
    assert_eq!(plugin.denials().await, []);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn get_post_shows_drafts_to_those_who_may_read_them() {
    let app = TestApp::builder().neighbour().spawn().await;
    let author = app.author().await;
    post("In public").content("Words.").published().create(&author).await;
    post("In private").create(&author).await;
    let gone = post("In the bin").published().create(&author).await;
    author.delete(&format!("/api/v1/posts/{}", id(&gone))).await.expect(204);
    let get = |slug: &str| json!(["get-post", slug]);
    let calls = [get("in-public"), get("in-private"), get("in-the-bin"), get("' OR 1=1"), get("")];
    let bare = caller("com.example.bare").install(&app).await;
    let answers = bare.run(&calls).await;
    assert_eq!(
        (text(&answers[0], "title"), text(&answers[0], "content")),
        ("In public", "Words.\n\nstamp:v000")
    );
    assert_eq!(answers[1..], [Value::Null, Value::Null, Value::Null, Value::Null]);
    let drafts = caller("com.example.drafts").database(&["read:drafts"]).install(&app).await;
    let answers = drafts.run(&calls).await;
    assert_eq!((text(&answers[0], "title"), text(&answers[1], "title")), ("In public", "In private"));
    assert_eq!(answers[2..], [Value::Null, Value::Null, Value::Null]);
    app.assert_unharmed().await;
}

#[tokio::test]
async fn each_view_opens_with_its_own_permission_alone() {
    const VIEWS: [(&str, &[&str]); 6] = [
        ("posts", &["core_posts"]),
        ("pages", &["core_pages"]),
        ("comments", &["core_comments"]),
        ("categories", &["core_categories"]),
        ("tags", &["core_tags", "core_post_tags"]),
        ("users", &["core_users"]),
    ];
    let app = TestApp::builder().neighbour().spawn().await;
    for (granted, _) in VIEWS {
        let reader = caller(&format!("com.example.reads-{granted}")).database(&[&format!("read:{granted}")]);
        let reader = reader.install(&app).await;
        for (view, tables) in VIEWS {
            for table in tables {
                let answer =
                    reader.call(json!(["db-query", format!("SELECT count(*) AS n FROM {table}")])).await;
                if view == granted {
                    assert!(answer[0]["n"].is_u64(), "{granted}: {table}: {answer}");
                } else {
                    assert!(
                        text(&answer, "error").contains(&format!("read:{view}")),
                        "{granted}: {table}: {answer}"
                    );
                }
            }
        }
        let denials = reader.denials().await;
        for (view, _) in VIEWS.into_iter().filter(|(view, _)| *view != granted) {
            let missing = format!("read:{view}");
            assert!(
                denials.iter().any(|(call, reason, _)| call == "db-query" && reason.contains(&missing)),
                "{missing}: {denials:?}"
            );
        }
    }
    app.assert_unharmed().await;
}

#[tokio::test]
async fn a_host_that_was_not_granted_is_a_denial_too() {
    let (server, other) = (Loopback::start().await, Loopback::start().await);
    let allowed = format!("{},{}", server.address, other.address);
    let app = TestApp::builder().neighbour().egress_allow(&allowed).spawn().await;
    let plugin = caller("com.example.client").permission(&format!("http = [\"{}\"]", server.address));
    let plugin = plugin.install(&app).await;
    let calls = [json!(["http-get", server.url("/plain")]), json!(["http-get", other.url("/plain")])];
    assert_eq!(plugin.run(&calls).await, [json!("hello"), Value::Null]);
    assert!(other.requests().is_empty());
    let denials = plugin.denials().await;
    assert!(
        denials.iter().any(|(call, reason, _)| call == "http-get" && reason.contains("not granted")),
        "{denials:?}"
    );
    app.assert_unharmed().await;
}

/// The functions of a WIT file, each with its interface.
fn functions(wit: &str) -> BTreeSet<(String, String)> {
    let mut interface = String::new();
    let mut functions = BTreeSet::new();
    for line in wit.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("interface ") {
            interface = name.trim_end_matches([' ', '{']).to_owned();
        } else if let Some((name, _)) = line.split_once(": func(").filter(|_| !line.starts_with("//")) {
            functions.insert((interface.clone(), name.trim_start_matches('%').to_owned()));
        }
    }
    functions
}

#[tokio::test]
async fn no_call_and_no_hook_of_the_contracts_is_left_out() {
    let server = Loopback::start().await;
    let mut tested: BTreeSet<(String, String)> =
        guarded(&server).iter().map(|case| (case.interface.to_owned(), case.name.to_owned())).collect();
    tested.extend(basics().iter().map(|row| (row.0.to_owned(), row.1.to_owned())));
    tested.extend(hooks::HOOKS.iter().map(|(interface, name)| ((*interface).to_owned(), (*name).to_owned())));
    let mut promised = functions(CONTRACT);
    promised.extend(functions(OWN_PACKAGE));
    assert!(promised.len() >= 48, "{promised:?}");
    assert_eq!(promised, tested);
}
