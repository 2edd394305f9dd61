//! Events of plugins: who hears them, where they end, and what a storm of them does.

use fleuron::entities::{deliveries, event_queue};
use fleuron_tests::{
    Actor, PATIENCE, TestApp, TestAppBuilder, both, eventually, guests, id, manifest, post, text,
};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::Value;

use super::{log_of, status_of};
use crate::outbox::{hold_deliveries, let_deliveries_go_on};

const A: &str = "com.example.a";
const B: &str = "com.example.b";
const C: &str = "com.example.c";
const D: &str = "com.example.d";

/// How an emitter is set up.
#[derive(Clone, Copy)]
struct Setup<'a> {
    id: &'a str,
    /// Works off scripts.
    scripted: bool,
    may_emit: bool,
    relays: bool,
    /// The events it hears.
    hears: &'a [&'a str],
}

impl Setup<'_> {
    fn manifest(&self) -> String {
        let mut text = manifest(self.id, if self.scripted { &["on-post-creating"] } else { &[] });
        if self.may_emit {
            text.push_str("\n[permissions]\nevents = [\"emit\"]\n");
        }
        for name in self.hears {
            text.push_str(&format!("\n[events.\"{name}\"]\n"));
        }
        text.push_str(&format!("\n[settings.relay]\ntype = \"boolean\"\ndefault = {}\n", self.relays));
        text
    }
}

/// The one that is told by posts what to emit.
const SCRIPTED: Setup<'_> = Setup { id: A, scripted: true, may_emit: true, relays: false, hears: &[] };

fn listener<'a>(id: &'a str, hears: &'a [&'a str]) -> Setup<'a> {
    Setup { id, scripted: false, may_emit: false, relays: false, hears }
}

fn relay<'a>(id: &'a str, hears: &'a [&'a str]) -> Setup<'a> {
    Setup { may_emit: true, relays: true, ..listener(id, hears) }
}

fn site(setups: &[Setup<'_>]) -> TestAppBuilder {
    setups.iter().fold(TestApp::builder(), |builder, setup| {
        builder.plugin(setup.id, &setup.manifest(), guests::EMITTER)
    })
}

/// Lets A work off a script; answers what its calls answered.
async fn emit(author: &Actor, script: &[&str]) -> Vec<Value> {
    let content = format!("script\n{}", script.join("\n"));
    let created = post("Scripted").content(&content).create(author).await;
    let answers = text(&created, "content").lines();
    answers.map(|answer| serde_json::from_str(answer).unwrap_or_else(|_| panic!("{answer}"))).collect()
}

/// The events that a plugin has heard, each as id, name and data.
fn heard(app: &TestApp, plugin: &str) -> Vec<(String, String, String)> {
    let lines = log_of(app, plugin).into_iter().filter_map(|line| {
        let mut words = line.strip_prefix("heard ")?.splitn(3, ' ').map(str::to_owned);
        Some((words.next()?, words.next()?, words.next()?))
    });
    lines.collect()
}

async fn eventually_heard(app: &TestApp, plugin: &str, count: usize) -> Vec<(String, String, String)> {
    eventually(&format!("{plugin} hears {count} events"), async || {
        let heard = heard(app, plugin);
        (heard.len() >= count).then_some(heard)
    })
    .await
}

/// The events that nobody was told of yet.
async fn waiting(app: &TestApp) -> u64 {
    app.within(|services| async move {
        event_queue::Entity::find().count(services.database.reader()).await.unwrap()
    })
    .await
}

/// The deliveries that are to be tried again.
async fn retrying(app: &TestApp) -> u64 {
    app.within(|services| async move {
        let pending = deliveries::Entity::find().filter(deliveries::Column::State.eq("pending"));
        pending.count(services.database.reader()).await.unwrap()
    })
    .await
}

/// Waits until everything is delivered, so that what is not heard by now will not be.
async fn all_delivered(app: &TestApp) {
    eventually("everything is delivered", async || {
        (waiting(app).await == 0 && retrying(app).await == 0).then_some(())
    })
    .await;
}

#[track_caller]
fn assert_refused(answer: &Value, reason: &str) {
    assert!(answer["error"].as_str().is_some_and(|error| error.contains(reason)), "{reason}: {answer}");
}

both! {
    async fn what_one_emits_another_hears(app: TestApp = site(&[
        SCRIPTED,
        listener(B, &["plugin.com.example.a.*"]),
        listener(C, &["plugin.com.example.a.ping"]),
        listener(D, &["plugin.com.example.other.ping"]),
    ])) {
        let author = app.author().await;
        let answers = emit(&author, &["emit ping {\"n\":1}", "emit pong [2]"]).await;
        assert_eq!((&answers[0]["ok"], &answers[1]["ok"]), (&Value::Bool(true), &Value::Bool(true)));
        let event = |answer: &Value, name: &str, data: &str| {
            (text(answer, "id").to_owned(), format!("plugin.com.example.a.{name}"), data.to_owned())
        };
        let ping = event(&answers[0], "ping", "{\"n\":1}");
        let pong = event(&answers[1], "pong", "[2]");
        assert_eq!(eventually_heard(&app, B, 2).await, [ping.clone(), pong]);
        all_delivered(&app).await;
        assert_eq!(heard(&app, C), [ping]);
        assert!(heard(&app, D).is_empty());
        assert!(heard(&app, A).is_empty());
    }

    async fn a_chain_ends_after_three(app: TestApp = site(&[
        SCRIPTED,
        relay(B, &["plugin.com.example.a.*"]),
        relay(C, &["plugin.com.example.b.*"]),
        relay(D, &["plugin.com.example.c.*"]),
        listener("com.example.e", &["plugin.com.example.d.*"]),
    ])) {
        let author = app.author().await;
        emit(&author, &["emit ping 1"]).await;
        let last = eventually_heard(&app, D, 1).await;
        assert_eq!((last[0].1.as_str(), last[0].2.as_str()), ("plugin.com.example.c.relayed", "1"));
        all_delivered(&app).await;
        assert!(heard(&app, "com.example.e").is_empty());
        let log = log_of(&app, D);
        assert!(log.iter().any(|line| line.starts_with("relayed {\"error\":")), "it is told: {log:?}");
        assert!(status_of(&app, D).unwrap().hooks.iter().all(|hook| hook.counts.errors == 0));
    }

    async fn nobody_hears_their_own_echo(app: TestApp = site(&[
        Setup { relays: true, hears: &["plugin.*"], ..SCRIPTED },
        relay(B, &["plugin.*"]),
    ])) {
        let author = app.author().await;
        emit(&author, &["emit ping 1"]).await;
        eventually_heard(&app, B, 1).await;
        all_delivered(&app).await;
        assert_eq!(heard(&app, B).len(), 1, "and no ping-pong");
        assert!(heard(&app, A).is_empty());
        let answers = emit(&author, &["emit ping 2"]).await;
        eventually_heard(&app, B, 2).await;
        all_delivered(&app).await;
        assert_eq!(heard(&app, B)[1].0, text(&answers[0], "id"), "the next event starts afresh");
    }

    async fn who_fails_has_emitted_nothing(app: TestApp = site(&[
        SCRIPTED,
        listener(B, &["plugin.com.example.a.*"]),
    ])) {
        let author = app.author().await;
        let script = "script\nemit lost 1\ntrap";
        let created = post("Trapped").content(script).create(&author).await;
        assert_eq!(text(&created, "content"), script, "the value is kept");
        emit(&author, &["emit kept 2"]).await;
        let heard_events = eventually_heard(&app, B, 1).await;
        all_delivered(&app).await;
        assert_eq!(heard(&app, B), heard_events);
        assert_eq!(heard_events[0].1, "plugin.com.example.a.kept");
    }

    async fn a_call_emits_so_many_and_no_more(app: TestApp = site(&[
        SCRIPTED,
        listener(B, &["plugin.com.example.a.*"]),
    ])) {
        let author = app.author().await;
        let answers = emit(&author, &["many 33 ping"]).await;
        assert!(answers[..32].iter().all(|answer| answer["ok"] == true), "{answers:?}");
        assert_refused(&answers[32], "32 events");
        let heard_events = eventually_heard(&app, B, 32).await;
        all_delivered(&app).await;
        assert_eq!(heard(&app, B).len(), 32);
        let numbers: Vec<String> = heard_events.into_iter().map(|(_, _, data)| data).collect();
        let in_order: Vec<String> = (1..=32).map(|number: u32| number.to_string()).collect();
        assert_eq!(numbers, in_order, "in the order in which they were emitted");
    }
}

#[tokio::test]
async fn without_the_permission_nothing_is_emitted() {
    let denied = Setup { may_emit: false, ..SCRIPTED };
    let app = site(&[denied, listener(B, &["plugin.com.example.a.*"])]).spawn().await;
    let author = app.author().await;
    let answers = emit(&author, &["emit ping 1"]).await;
    assert_refused(&answers[0], "not granted");
    assert_refused(&answers[0], "\"emit\" in `permissions.events`");
    assert_eq!(status_of(&app, A).unwrap().denied_calls, 1);
    all_delivered(&app).await;
    assert!(heard(&app, B).is_empty());
}

#[tokio::test]
async fn what_is_no_event_is_refused() {
    let app = site(&[SCRIPTED, listener(B, &["plugin.com.example.a.*"])]).spawn().await;
    let author = app.author().await;
    let long = format!("emit {} 1", "x".repeat(65));
    let script = [
        "emit Ping 1",
        "emit ping not-json",
        "emit ping",
        "emit a/b 1",
        &long,
        "big 65536 ping",
        "big 65534 ping",
    ];
    let answers = emit(&author, &script).await;
    for (answer, reason) in answers.iter().zip(["type", "JSON", "JSON", "type", "type", "65536"]) {
        assert_refused(answer, reason);
    }
    assert_eq!(answers[6]["ok"], true, "64 KiB with the quotes: {:.80}", answers[6].to_string());
    let taken = eventually("the one is heard", async || heard(&app, B).pop()).await;
    assert_eq!(taken.0, text(&answers[6], "id"));
}

#[tokio::test]
async fn what_nobody_wants_is_not_kept() {
    let app = site(&[SCRIPTED]).spawn().await;
    let author = app.author().await;
    let answers = emit(&author, &["many 32 ping"]).await;
    assert!(answers.iter().all(|answer| answer["ok"] == true), "{answers:?}");
    assert_eq!(waiting(&app).await, 0);
}

#[tokio::test]
async fn one_instance_is_enough_for_events_within_events() {
    let setups = [
        Setup { relays: true, hears: &["plugin.com.example.c.*"], ..SCRIPTED },
        relay(B, &["plugin.com.example.a.*", "plugin.com.example.c.*"]),
        relay(C, &["plugin.com.example.a.*", "plugin.com.example.b.*"]),
    ];
    let app = site(&setups).pool_size(1).spawn().await;
    let author = app.author().await;
    let writers = (0..16).map(|_| emit(&author, &["emit ping 1", "emit ping 2"]));
    let all = tokio::time::timeout(PATIENCE, join_all(writers)).await.expect("nobody waits for themselves");
    assert!(all.iter().flatten().all(|answer| answer["ok"] == true), "{all:?}");
    // A's 32 events reach B and C; what each of the two makes of them reaches the other one, and nobody twice.
    for plugin in [B, C] {
        eventually_heard(&app, plugin, 64).await;
    }
    all_delivered(&app).await;
    for plugin in [B, C] {
        assert_eq!(heard(&app, plugin).len(), 64, "{plugin}");
    }
    assert!(heard(&app, A).is_empty());
}

#[tokio::test]
async fn a_storm_leaves_the_site_well() {
    const WATCHER: &str = "com.example.watcher";
    let app = site(&[SCRIPTED, listener(B, &["plugin.com.example.a.*"])])
        .plugin("watcher", &manifest(WATCHER, &["on-post-created"]), guests::RECORDER)
        .spawn()
        .await;
    let author = app.author().await;
    // Nobody is told of them yet, so they stay.
    hold_deliveries(&app).await;
    let storm = format!("script\n{}", ["emit ping \"trap\""; 32].join("\n"));
    for number in 0..40 {
        post(&format!("Storm {number}")).content(&storm).create(&author).await;
    }
    let log = log_of(&app, A);
    assert!(log.iter().any(|line| line.contains("at most 1000 may")), "{:?}", log.last());
    let kept = waiting(&app).await;
    assert!((900..=1000 + 40).contains(&kept), "{kept} entries");
    let_deliveries_go_on(&app).await;
    // B takes none of them.
    let calm = post("Calm").published().create(&author).await;
    app.guest().get("/calm").await.expect(200);
    eventually("the site's own events do not wait behind the storm", async || {
        log_of(&app, WATCHER).iter().any(|line| line.contains(id(&calm))).then_some(())
    })
    .await;
    app.guest().get("/readyz").await.expect(200);
}
