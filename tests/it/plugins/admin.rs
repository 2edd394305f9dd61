//! Plugins through the admin API: what it shows, and what it changes.

mod secrets;
mod settings;

use fleuron_plugin_host::{HookKind, HookPoint};
use fleuron_tests::{Actor, Answer, TestApp, both, caller, guests, manifest, post, text, write_plugin};
use reqwest::Method;
use serde_json::{Value, json};

use super::{module, status_of};

const PLUGINS: &str = "/api/v1/admin/plugins";
const ID: &str = "com.example.clerk";

/// The address of something about a plugin: `about(ID, "/logs")`.
fn about(id: &str, what: &str) -> String {
    format!("{PLUGINS}/{id}{what}")
}

async fn put(actor: &Actor, path: &str, body: &Value) -> Answer {
    actor.send(actor.request(Method::PUT, path).json(body)).await
}

/// The item of a list whose `field` is `value`.
#[track_caller]
fn item(items: &[Value], field: &str, value: &str) -> Value {
    let found = items.iter().find(|item| item[field] == value);
    found.unwrap_or_else(|| panic!("no {field} {value} in {items:#?}")).clone()
}

#[tokio::test]
async fn everything_is_listed_whether_or_not_it_runs() {
    let app = TestApp::spawn().await;
    let stamper = module(guests::STAMPER);
    let off =
        manifest("com.example.off", &["on-post-creating"]).replace("runtime", "enabled = false\nruntime");
    app.install("off", &off, &stamper).await;
    app.install("broken", &manifest("com.example.broken", &[]), b"no code at all").await;
    app.install("nameless", "[plugin]\nname = 5\n", &stamper).await;
    app.install("stamper", &manifest("com.example.stamper", &["on-post-creating"]), &stamper).await;
    post("One").create(&app.author().await).await;

    let plugins = app.administrator().await.get(PLUGINS).await.expect(200);
    assert!(plugins.json()["next_cursor"].is_null());
    let mut plugins = plugins.items();
    // Most bundled plugins are off until somebody wants them.
    let is_left_off = |plugin: &Value| plugin["origin"] == "bundled" && plugin["state"] == "disabled";
    assert!(plugins.iter().any(is_left_off));
    plugins.retain(|plugin| !is_left_off(plugin));
    let ids: Vec<&str> = plugins.iter().map(|plugin| plugin["id"].as_str().unwrap_or_default()).collect();
    let expected = [
        "com.example.broken",
        "com.example.off",
        "com.example.stamper",
        "org.fleuron.reading-time",
        "org.fleuron.slug-and-excerpt",
        "",
    ];
    assert_eq!(ids, expected);
    let states: Vec<&str> = plugins.iter().map(|plugin| text(plugin, "state")).collect();
    assert_eq!(states, ["faulty", "disabled", "active", "active", "active", "faulty"]);

    let stamper = item(&plugins, "id", "com.example.stamper");
    for (field, value) in [
        ("name", json!("com.example.stamper")),
        ("version", json!("0.1.0")),
        ("origin", json!("directory")),
        ("folder", json!("stamper")),
        ("hook_count", json!(1)),
        ("calls", json!(1)),
        ("errors", json!(0)),
        ("denied_calls", json!(0)),
        ("instances", json!(1)),
        ("problems", json!([])),
    ] {
        assert_eq!(stamper[field], value, "{field}");
    }
    assert!(stamper["memory_bytes"].as_u64() >= Some(64 * 1024), "{stamper:#}");
    let bundled = item(&plugins, "id", "org.fleuron.reading-time");
    assert_eq!((&bundled["origin"], &bundled["folder"]), (&json!("bundled"), &Value::Null));
    let nameless = item(&plugins, "folder", "nameless");
    assert!(nameless["problems"].as_array().is_some_and(|problems| problems.len() > 1), "{nameless:#}");
    assert_eq!(item(&plugins, "folder", "broken")["version"], "0.1.0");
    assert!(!item(&plugins, "folder", "broken")["problems"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_plugin_is_shown_whole() {
    let app = TestApp::spawn().await;
    let clerk = caller(ID).database(&["own", "read:posts"]).permission("max_memory_mb = 32").hook("on-login");
    let clerk =
        clerk.lines("[[cron]]\nlabel = \"Nightly\"\njob_type = \"nightly\"\ncron_expr = \"0 3 * * *\"");
    let clerk = clerk.install(&app).await;
    clerk.run(&[json!(["http-get", "https://example.com/"]), json!(["log", "warn", "look here"])]).await;
    assert_eq!(clerk.try_run(&[json!(["trap"])]).await, None);

    let shown = clerk.details().await;
    assert_eq!(
        (text(&shown, "id"), text(&shown, "state"), text(&shown, "isolation")),
        (ID, "active", "instance")
    );
    let database = json!({ "own": true, "read": ["posts"] });
    let permissions = json!({ "database": database, "http": [], "config": [], "emit_events": false });
    assert_eq!(shown["permissions"], permissions);
    let limits = &shown["limits"];
    assert_eq!((&limits["timeout_ms"], &limits["max_memory_bytes"]), (&json!(5000), &json!(32 << 20)));
    assert_eq!((&limits["host_calls"], &limits["transaction_ms"]), (&json!(10_000), &json!(5000)));
    assert_eq!(limits["database_bytes"], 100 << 20);
    for (name, value) in [
        ("host_call_bytes", 8 << 20),
        ("sql_bytes", 100_000),
        ("sql_rows", 10_000),
        ("sql_answer_bytes", 4 << 20),
        ("value_bytes", 1 << 20),
        ("event_depth", 3),
    ] {
        assert_eq!(limits[name], value, "{name}");
    }

    let hook = item(shown["hooks"].as_array().unwrap(), "name", "on-post-creating");
    assert_eq!((text(&hook, "kind"), text(&hook, "on_error")), ("filter", "keep"));
    assert_eq!((&hook["priority"], &hook["calls"], &hook["errors"]), (&json!(100), &json!(2), &json!(1)));
    assert_eq!(
        (text(&hook, "breaker"), &hook["recent_failures"], &hook["retry_in"]),
        ("closed", &json!(1), &Value::Null)
    );
    assert!(text(&hook, "last_error").contains("trap"), "{hook:#}");
    let times = ["p50_us", "p90_us", "p99_us"].map(|field| hook[field].as_f64().unwrap());
    assert!(times.is_sorted() && times[0] > 0.0 && hook["mean_us"].as_f64() > Some(0.0), "{hook:#}");

    let denial = item(shown["denials"].as_array().unwrap(), "call", "http-get");
    assert_eq!(denial["count"], 1);
    assert!(text(&denial, "reason").contains("permissions.http"), "{denial:#}");
    assert_eq!(shown["denied_calls"], 1);
    let job = &shown["cron"][0];
    assert_eq!((text(job, "label"), text(job, "cron_expr")), ("Nightly", "0 3 * * *"));
    assert!(text(job, "next_at").contains("T03:00:00"), "{job:#}");
    let lines: Vec<&str> = shown["log"].as_array().unwrap().iter().map(|line| text(line, "text")).collect();
    assert!(lines.iter().any(|line| line.contains("look here")), "{lines:?}");
    assert!(lines.iter().any(|line| line.starts_with("on-post-creating: ")), "{lines:?}");
}

#[tokio::test]
async fn a_log_is_read_from_its_end() {
    let app = TestApp::spawn().await;
    let clerk = caller(ID).install(&app).await;
    let levels = ["debug", "info", "warn", "error"];
    let calls: Vec<Value> = levels.iter().map(|level| json!(["log", level, format!("a {level}")])).collect();
    clerk.run(&calls).await;
    let administrator = app.administrator().await;
    let lines = async |query: &str| -> Vec<String> {
        let lines = administrator.get(&about(ID, &format!("/logs{query}"))).await.expect(200).items();
        assert!(lines.iter().all(|line| text(line, "at").ends_with('Z')));
        lines.iter().map(|line| format!("{} {}", text(line, "level"), text(line, "text"))).collect()
    };
    let all = lines("").await;
    assert!(
        all.ends_with(&["debug a debug", "info a info", "warn a warn", "error a error"].map(str::to_owned)),
        "{all:?}"
    );
    assert_eq!(lines("?level=warn&limit=2").await, ["warn a warn", "error a error"]);
    assert_eq!(lines("?limit=1").await, ["error a error"]);
    assert_eq!(lines("?limit=1&level=error").await, ["error a error"]);
    for limit in ["0", "501"] {
        let fields = administrator.get(&about(ID, &format!("/logs?limit={limit}"))).await.faulty_fields();
        assert_eq!(fields, ["limit"]);
    }
    administrator.get(&about(ID, "/logs?level=loud")).await.problem(400, "malformed_request");
    for nobody in ["com.example.nobody", "nonsense", "..%2F..", "A.B"] {
        administrator.get(&about(nobody, "/logs")).await.problem(404, "not_found");
    }
}

both! {
    async fn hooks_name_their_listeners_in_order(app: TestApp) {
        let stamper = module(guests::STAMPER);
        for (name, priority) in [("late", 150), ("b", 20), ("a", 20), ("first", -5)] {
            let hook = format!("on-post-creating: priority = {priority}\non_error = \"abort\"");
            let manifest = manifest(&format!("com.example.{name}"), &[&hook]);
            app.install(name, &manifest, &stamper).await;
        }
        post("One").create(&app.author().await).await;
        let hooks = app.administrator().await.get("/api/v1/admin/hooks").await.expect(200).items();
        let expected: Vec<(&str, &str)> = HookPoint::ALL
            .into_iter()
            .map(|point| (point.name(), if point.kind() == HookKind::Filter { "filter" } else { "action" }))
            .collect();
        let shown: Vec<(&str, &str)> = hooks.iter().map(|hook| (text(hook, "name"), text(hook, "kind"))).collect();
        assert_eq!(shown, expected);
        let creating = item(&hooks, "name", "on-post-creating");
        let listeners = creating["listeners"].as_array().unwrap();
        let ids: Vec<&str> = listeners.iter().map(|listener| text(listener, "plugin")).collect();
        let expected = [
            "com.example.first",
            "com.example.a",
            "com.example.b",
            "com.example.late",
            "org.fleuron.slug-and-excerpt",
        ];
        assert_eq!(ids, expected);
        let first = &listeners[0];
        assert_eq!((&first["priority"], text(first, "on_error"), text(first, "state")), (&json!(-5), "abort", "active"));
        assert_eq!((text(first, "breaker"), &first["calls"], &first["errors"]), ("closed", &json!(1), &json!(0)));
        assert!(first["mean_us"].as_f64() > Some(0.0) && first["p99_us"].as_f64() > Some(0.0), "{first:#}");
        assert_eq!(item(&hooks, "name", "on-event")["listeners"], json!([]));
    }
}

#[tokio::test]
async fn a_plugin_is_loaded_anew() {
    let app = TestApp::spawn().await;
    let (stamper, manifest) = (module(guests::STAMPER), manifest(ID, &["on-post-creating"]));
    app.install("clerk", &manifest, &guests::stamped(&stamper, 1)).await;
    let (administrator, author) = (app.administrator().await, app.author().await);
    post("One").create(&author).await;
    let reload = async || administrator.post(&about(ID, "/reload"), &json!({})).await;
    assert_eq!(status_of(&app, ID).unwrap().hooks[0].counts.calls, 1);
    let fresh = reload().await.expect(200).json();
    assert_eq!((text(&fresh, "id"), text(&fresh, "state"), &fresh["calls"]), (ID, "active", &json!(0)));

    write_plugin(app.extensions(), "clerk", &manifest, b"no code at all");
    let refused = reload().await.problem(422, "validation_failed");
    assert!(
        text(&refused, "detail").contains("runs on") && text(&refused, "detail").contains("clerk"),
        "{refused:#}"
    );
    let still = administrator.get(&about(ID, "")).await.expect(200).json();
    assert_eq!(text(&still, "state"), "active");
    assert_eq!(still["problems"].as_array().map(Vec::len), Some(1), "{still:#}");
    let created = post("Two").create(&author).await;
    assert!(text(&created, "content").contains("stamp:v001"));

    write_plugin(app.extensions(), "clerk", &manifest, &guests::stamped(&stamper, 2));
    assert_eq!(reload().await.expect(200).json()["problems"], json!([]));
    let created = post("Three").create(&author).await;
    assert!(text(&created, "content").contains("stamp:v002"));

    let off = manifest.replace("runtime", "enabled = false\nruntime");
    app.install("clerk", &off, &stamper).await;
    let refused = reload().await.problem(422, "validation_failed");
    assert!(text(&refused, "detail").contains("switched off"), "{refused:#}");
    assert_eq!(administrator.get(&about(ID, "")).await.expect(200).json()["state"], "disabled");
}

#[tokio::test]
async fn what_the_server_brings_is_loaded_anew_too() {
    let app = TestApp::spawn().await;
    let administrator = app.administrator().await;
    let path = about("org.fleuron.slug-and-excerpt", "/reload");
    let fresh = administrator.post(&path, &json!({})).await.expect(200).json();
    assert_eq!((text(&fresh, "state"), text(&fresh, "origin")), ("active", "bundled"));
    for nobody in ["com.example.nobody", "nonsense"] {
        administrator.post(&about(nobody, "/reload"), &json!({})).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn metrics_tell_of_plugins() {
    let app = TestApp::spawn().await;
    let clerk = caller(ID).install(&app).await;
    clerk
        .run(&[json!(["http-get", "https://example.com/"]), json!(["http-get", "https://example.org/"])])
        .await;
    for _ in 0..5 {
        assert_eq!(clerk.try_run(&[json!(["trap"])]).await, None);
    }
    let metrics = app.guest().get("/metrics").await.expect(200).text();
    for line in [
        "fleuron_plugin_denied_total{plugin=\"com.example.clerk\",call=\"http-get\"} 2",
        "fleuron_plugin_breaker_open{plugin=\"com.example.clerk\",hook=\"on-post-creating\"} 1",
        "fleuron_plugin_calls_total{plugin=\"com.example.clerk\",hook=\"on-post-creating\"} 6",
        "fleuron_plugin_errors_total{plugin=\"com.example.clerk\",hook=\"on-post-creating\"} 5",
        "fleuron_plugin_active{plugin=\"com.example.clerk\"} 1",
        "fleuron_plugin_quarantined{plugin=\"com.example.clerk\"} 0",
        "fleuron_plugin_instances{plugin=\"com.example.clerk\"} 0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "no {line} in {metrics}");
    }
    let shown = clerk.details().await;
    let hook = &shown["hooks"][0];
    assert_eq!((text(hook, "breaker"), &hook["recent_failures"]), ("open", &json!(5)));
    assert!((1..=30).contains(&hook["retry_in"].as_u64().unwrap()), "{hook:#}");
}
