//! Webhooks: who is told of what, signed how, and what becomes of it while a receiver fails.

mod admin;
mod receiver;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fleuron::clock::Timestamp;
use fleuron_tests::{Actor, TestApp, TestAppBuilder, both, eventually, guests, id, manifest, post, text};
use serde_json::{Value, json};

use receiver::{Received, Receiver, Reply, status};

const WEBHOOKS: &str = "/api/v1/admin/webhooks";
const BROKEN: &str = "500 Internal Server Error";

/// A site that may reach this machine, and that gives a receiver three attempts within half a second.
fn site() -> TestAppBuilder {
    patient_site(3)
}

/// As [`site`], with so many attempts.
fn patient_site(attempts: u32) -> TestAppBuilder {
    TestApp::builder().egress_allow("127.0.0.1").events(move |config| {
        config.webhook_first_pause = Duration::from_millis(50);
        config.webhook_attempts = attempts;
    })
}

/// A webhook, and who may do something with it.
struct Hook {
    id: String,
    secret: String,
    administrator: Actor,
}

/// Makes a webhook to this receiver that hears of these events.
async fn hook(app: &TestApp, receiver: &Receiver, events: &[&str]) -> Hook {
    let administrator = app.administrator().await;
    let body = json!({ "name": "Mine", "url": receiver.url(), "events": events });
    let created = administrator.post(WEBHOOKS, &body).await.expect(201).json();
    Hook { id: id(&created).to_owned(), secret: text(&created, "secret").to_owned(), administrator }
}

impl Hook {
    fn path(&self) -> String {
        format!("{WEBHOOKS}/{}", self.id)
    }

    fn listener(&self) -> String {
        format!("webhook:{}", self.id)
    }

    async fn read(&self) -> Value {
        self.administrator.get(&self.path()).await.expect(200).json()
    }

    async fn change(&self, change: Value) -> Value {
        self.administrator.patch(&self.path(), &change).await.expect(200).json()
    }

    /// Does one of the steps that need no body.
    async fn step(&self, step: &str) -> Value {
        self.administrator.post(&format!("{}/{step}", self.path()), &json!({})).await.expect(200).json()
    }

    /// What became of its events, oldest first.
    async fn deliveries(&self) -> Vec<Value> {
        let path = format!("/api/v1/admin/deliveries?limit=100&listener={}", self.listener());
        let mut deliveries = self.administrator.get(&path).await.expect(200).items();
        deliveries.reverse();
        deliveries
    }

    /// Its deliveries, once there are so many and all of them are in this state.
    async fn eventually(&self, count: usize, state: &str) -> Vec<Value> {
        eventually(&format!("{count} deliveries are {state}"), async || {
            let deliveries = self.deliveries().await;
            let is_so = deliveries.len() == count && deliveries.iter().all(|found| found["state"] == state);
            is_so.then_some(deliveries)
        })
        .await
    }

    async fn replay(&self, delivery: &Value) {
        let path = format!("/api/v1/admin/deliveries/{}/replay", id(delivery));
        let replayed = self.administrator.post(&path, &json!({})).await.expect(200).json();
        assert_eq!(id(&replayed), id(delivery));
    }

    /// Has everything in this state told anew, at once; answers how much that is.
    async fn replay_all(&self, state: &str) -> Value {
        let all = json!({ "listener": self.listener(), "state": state });
        let replayed = self.administrator.post("/api/v1/admin/deliveries/replay", &all).await;
        replayed.expect(200).json()["deliveries"].clone()
    }

    /// What the audit trail says was done to it, newest first.
    async fn audit(&self) -> Vec<Value> {
        let path = format!("/api/v1/admin/audit?subject={}", self.id);
        self.administrator.get(&path).await.expect(200).items()
    }

    /// Waits until the server has paused it; answers it.
    async fn eventually_paused(&self) -> Value {
        eventually("the webhook is paused", async || {
            Some(self.read().await).filter(|hook| hook["enabled"] == false)
        })
        .await
    }
}

fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(Received::event_type).collect()
}

fn actions(audit: &[Value]) -> Vec<&str> {
    audit.iter().map(|entry| text(entry, "action")).collect()
}

/// Of each attempt in a delivery's log whether it went well, and the status.
fn log(delivery: &Value) -> Vec<(bool, Option<u64>)> {
    let log = delivery["log"].as_array().unwrap();
    log.iter().map(|attempt| (attempt["ok"] == true, attempt["status"].as_u64())).collect()
}

#[track_caller]
fn assert_well(hook: &Value) {
    assert_eq!(hook["enabled"], true);
    assert!(hook["paused_reason"].is_null() && hook["failing_since"].is_null(), "{hook:#}");
}

async fn retitle(author: &Actor, post: &Value, title: &str) {
    let path = format!("/api/v1/posts/{}", id(post));
    author.patch(&path, &json!({ "title": title })).await.expect(200);
}

both! {
    async fn an_event_is_told_signed_to_who_wants_it(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        let hook = hook(&app, &receiver, &["post.published", "comment.*"]).await;
        let author = app.author().await;
        let created = post("Told").published().create(&author).await;
        let received = receiver.eventually(1).await;
        received[0].assert_signed(&[&hook.secret]);
        let body = received[0].json();
        assert_eq!(text(&body, "type"), "post.published");
        assert!(Timestamp::parse(text(&body, "timestamp")).is_ok(), "{body:#}");
        let data = &body["data"];
        assert_eq!((id(data), text(data, "kind")), (id(&created), "post"));
        assert_eq!((text(data, "user_id"), text(&data["post"], "title")), (author.id().as_str(), "Told"));
        let comment = json!({ "content": "Well said." });
        author.post(&format!("/api/v1/posts/{}/comments", id(&created)), &comment).await.expect(201);
        let received = receiver.eventually(2).await;
        assert_eq!(types(&received), ["post.published", "comment.created"], "and of nothing else");
        received[1].assert_signed(&[&hook.secret]);

        let deliveries = hook.eventually(2, "delivered").await;
        let first = &deliveries[0];
        assert_eq!(text(first, "event_id"), received[0].id());
        assert_eq!((text(first, "event_type"), text(first, "entity_id")), ("post.published", id(&created)));
        assert_eq!(text(first, "listener"), hook.listener());
        assert_eq!((&first["attempts"], &first["last_status"]), (&json!(1), &json!(200)));
        assert_eq!(log(first), [(true, Some(200))]);
        assert!(first["duration_ms"].is_u64() && first["next_at"].is_null(), "{first:#}");
        assert!(first["last_error"].is_null(), "{first:#}");
    }

    async fn a_receiver_that_fails_is_told_again_under_the_same_id(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        receiver.answer(&[BROKEN, "200 OK"]);
        let hook = hook(&app, &receiver, &["post.created"]).await;
        post("Insisted").create(&app.author().await).await;
        let received = receiver.eventually(2).await;
        assert_eq!((received[0].id(), received[0].json()), (received[1].id(), received[1].json()));
        received.iter().for_each(|request| request.assert_signed(&[&hook.secret]));
        let delivery = hook.eventually(1, "delivered").await.remove(0);
        assert_eq!(delivery["attempts"], 2);
        assert_eq!(log(&delivery), [(false, Some(500)), (true, Some(200))]);
        assert_eq!(text(&delivery["log"][0], "error"), "127.0.0.1 answered 500 Internal Server Error");
        eventually("it is known to be well", async || {
            hook.read().await["failing_since"].is_null().then_some(())
        })
        .await;
    }

    async fn dead_letters_are_replayed_one_by_one_and_together(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        receiver.behave(|_| Reply::Answer(BROKEN.to_owned(), "out of\x07order"));
        let hook = hook(&app, &receiver, &["post.created"]).await;
        let author = app.author().await;
        for title in ["One", "Two", "Three"] {
            post(title).create(&author).await;
        }
        let dead = hook.eventually(3, "dead").await;
        for delivery in &dead {
            assert_eq!((&delivery["attempts"], log(delivery)), (&json!(3), vec![(false, Some(500)); 3]));
            assert_eq!(text(&delivery["log"][2], "response"), "out of\\u{7}order");
            assert!(text(delivery, "last_error").contains("answered 500"), "{delivery:#}");
        }
        assert_eq!(receiver.received().len(), 9);
        assert!(hook.read().await["failing_since"].is_string());

        receiver.answer(&["204 No Content"]);
        hook.replay(&dead[1]).await;
        let received = receiver.eventually(10).await;
        assert_eq!(received[9].id(), text(&dead[1], "event_id"), "the same event");
        received[9].assert_signed(&[&hook.secret]);
        assert_eq!(hook.replay_all("dead").await, 2, "the rest");
        hook.eventually(3, "delivered").await;
        let received = receiver.received();
        let mut ids: Vec<&str> = received[9..].iter().map(Received::id).collect();
        let mut expected: Vec<&str> = dead.iter().map(|delivery| text(delivery, "event_id")).collect();
        ids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(ids, expected);
    }

    async fn each_post_keeps_its_order_while_one_fails(app: TestApp = patient_site(20)) {
        let receiver = Receiver::start().await;
        let hook = hook(&app, &receiver, &["post.created", "post.updated"]).await;
        let author = app.author().await;
        let is_well = Arc::new(AtomicBool::new(false));
        let well = Arc::clone(&is_well);
        receiver.behave(move |request| {
            let fails = request.title().starts_with("Bad") && !well.load(Ordering::Acquire);
            status(if fails { BROKEN } else { "200 OK" })
        });
        let bad = post("Bad").create(&author).await;
        receiver.eventually(1).await;
        retitle(&author, &bad, "Bad, too").await;
        let good = post("Good").create(&author).await;
        retitle(&author, &good, "Better").await;
        eventually("the other post is told of, and the first one again", async || {
            let subjects: Vec<String> = receiver.received().iter().map(Received::subject).collect();
            let of = |post: &Value| subjects.iter().filter(|subject| *subject == id(post)).count();
            (of(&good) == 2 && of(&bad) >= 2).then_some(())
        })
        .await;
        let before = receiver.received();
        let of_bad = |received: &[Received]| -> Vec<Received> {
            received.iter().filter(|request| request.subject() == id(&bad)).cloned().collect()
        };
        let told = types(&of_bad(&before));
        assert!(told.iter().all(|event_type| event_type == "post.created"), "the second waits: {told:?}");
        is_well.store(true, Ordering::Release);
        hook.replay_all("pending").await;
        hook.eventually(4, "delivered").await;
        let mut told = types(&of_bad(&receiver.received()));
        told.dedup();
        assert_eq!(told, ["post.created", "post.updated"]);
    }

    async fn who_answers_410_gets_no_more(app: TestApp = site()) {
        let receiver = Receiver::start().await;
        receiver.answer(&["410 Gone"]);
        let hook = hook(&app, &receiver, &["post.created"]).await;
        let author = app.author().await;
        post("Last").create(&author).await;
        let paused = hook.eventually_paused().await;
        assert!(text(&paused, "paused_reason").contains("410"), "{paused:#}");
        let dead = hook.eventually(1, "dead").await.remove(0);
        assert!(text(&dead, "last_error").contains("paused"), "{dead:#}");
        assert_eq!(log(&dead), [(false, Some(410))]);
        let audit = hook.audit().await;
        assert_eq!(actions(&audit), ["webhook.paused", "webhook.created"]);
        assert!(audit[0]["user_id"].is_null(), "it was the server: {audit:#?}");
        assert_eq!(text(&audit[1], "user_id"), hook.administrator.id());
        post("Unheard").create(&author).await;

        receiver.answer(&["200 OK"]);
        assert_well(&hook.step("resume").await);
        post("Heard").create(&author).await;
        hook.replay(&dead).await;
        hook.eventually(2, "delivered").await;
        let mut titles: Vec<String> = receiver.received()[1..].iter().map(Received::title).collect();
        titles.sort_unstable();
        assert_eq!(titles, ["Heard", "Last"]);
        assert_eq!(actions(&hook.audit().await)[0], "webhook.resumed");
    }

    async fn long_failure_pauses(app: TestApp = patient_site(20).events(|config| {
        config.webhook_pause_after = Duration::from_millis(300);
    })) {
        let receiver = Receiver::start().await;
        receiver.answer(&[BROKEN]);
        let hook = hook(&app, &receiver, &["post.created"]).await;
        post("Lost").create(&app.author().await).await;
        let paused = hook.eventually_paused().await;
        assert!(text(&paused, "paused_reason").contains("answered 500"), "{paused:#}");
        assert!(paused["failing_since"].is_string());
        assert!(receiver.received().len() >= 2);
        assert_well(&hook.change(json!({ "enabled": true })).await);
    }

    async fn dead_letters_of_a_deleted_one_are_discarded(app: TestApp = patient_site(1)) {
        let receiver = Receiver::start().await;
        receiver.answer(&[BROKEN]);
        let hook = hook(&app, &receiver, &["post.created"]).await;
        post("Lost").create(&app.author().await).await;
        hook.eventually(1, "dead").await;
        hook.administrator.delete(&hook.path()).await.expect(204);
        hook.eventually(1, "discarded").await;
    }

    async fn what_waits_for_a_deleted_one_is_discarded(app: TestApp = patient_site(20)) {
        let receiver = Receiver::start().await;
        receiver.answer(&[BROKEN]);
        let hook = hook(&app, &receiver, &["post.*"]).await;
        let author = app.author().await;
        let created = post("Waits").create(&author).await;
        retitle(&author, &created, "Still waits").await;
        hook.eventually(2, "pending").await;
        hook.administrator.delete(&hook.path()).await.expect(204);
        let discarded = hook.eventually(2, "discarded").await;
        for delivery in &discarded {
            assert!(text(delivery, "last_error").contains("deleted"), "{delivery:#}");
        }
        hook.administrator.get(&hook.path()).await.problem(404, "not_found");
        hook.administrator.delete(&hook.path()).await.problem(404, "not_found");
        post("Unheard").create(&author).await;
        assert_eq!(hook.deliveries().await.len(), 2);
        let deleted = hook.audit().await.remove(0);
        assert_eq!(text(&deleted, "action"), "webhook.deleted");
        assert_eq!(deleted["detail"]["discarded_deliveries"], 2);
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let receiver = Receiver::start().await;
    let elsewhere = Receiver::start().await;
    let locations = ["http://169.254.169.254/latest/meta-data/".to_owned(), elsewhere.url()];
    let heads = locations.clone().map(|location| format!("307 Temporary Redirect\r\nLocation: {location}"));
    let mut left = heads.into_iter();
    receiver.behave(move |_| left.next().map_or_else(|| status("200 OK"), |head| status(&head)));
    let app = site().spawn().await;
    let hook = hook(&app, &receiver, &["post.created"]).await;
    post("Straight").create(&app.author().await).await;
    let delivery = hook.eventually(1, "delivered").await.remove(0);
    assert_eq!(log(&delivery), [(false, Some(307)), (false, Some(307)), (true, Some(200))]);
    for (attempt, location) in delivery["log"].as_array().unwrap().iter().zip(&locations) {
        let error = text(attempt, "error");
        assert!(error.contains(location) && error.contains("not followed"), "{error}");
    }
    assert!(elsewhere.received().is_empty(), "although it may be reached");
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_nobody_waiting() {
    let (hanging, well) = (Receiver::start().await, Receiver::start().await);
    hanging.behave(|_| Reply::Silence);
    let app = patient_site(20).egress_timeout(Duration::from_secs(1)).spawn().await;
    let first = hook(&app, &hanging, &["post.created"]).await;
    let second = hook(&app, &well, &["post.created"]).await;
    let author = app.author().await;
    for number in 0..20 {
        post(&format!("Post {number}")).create(&author).await;
    }
    second.eventually(20, "delivered").await;
    let behind = first.deliveries().await;
    assert_eq!(behind.len(), 20);
    assert!(behind.iter().all(|delivery| delivery["state"] == "pending"), "{behind:#?}");
    let failed = eventually("the first has had enough of it", async || {
        first.deliveries().await.into_iter().find(|delivery| delivery["last_error"].is_string())
    })
    .await;
    assert!(text(&failed, "last_error").contains("was not over within"), "{failed:#}");
    assert!(failed["last_status"].is_null());
    hanging.answer(&["200 OK"]);
    first.eventually(20, "delivered").await;
}

#[tokio::test]
async fn a_receiver_says_when_to_come_again() {
    let receiver = Receiver::start().await;
    receiver.answer(&["429 Too Many Requests\r\nRetry-After: 1", "200 OK"]);
    let app = site().spawn().await;
    let hook = hook(&app, &receiver, &["post.created"]).await;
    post("Patient").create(&app.author().await).await;
    let delivery = hook.eventually(1, "delivered").await.remove(0);
    let at = |place: usize| Timestamp::parse(text(&delivery["log"][place], "at")).unwrap().millis();
    assert!(at(1) - at(0) >= 1_000, "{delivery:#}");
}

#[tokio::test]
async fn what_waits_outlives_the_server() {
    let receiver = Receiver::start().await;
    receiver.answer(&[BROKEN]);
    let app = patient_site(20).spawn().await;
    let first = hook(&app, &receiver, &["post.created"]).await;
    post("Kept").create(&app.author().await).await;
    let received = receiver.eventually(2).await;
    let app = app.restart().await;
    receiver.answer(&["200 OK"]);
    let hook = Hook { administrator: app.administrator().await, ..first };
    hook.replay_all("pending").await;
    let delivery = hook.eventually(1, "delivered").await.remove(0);
    assert_eq!(text(&delivery, "event_id"), received[0].id());
    receiver.received().iter().for_each(|request| request.assert_signed(&[&hook.secret]));
}

#[tokio::test]
async fn events_of_plugins_are_told_too() {
    let text_of_manifest = format!(
        "{}\n[permissions]\nevents = [\"emit\"]\n\n[settings.relay]\ntype = \"boolean\"\ndefault = false\n",
        manifest("com.example.a", &["on-post-creating"])
    );
    let app = site().plugin("emitter", &text_of_manifest, guests::EMITTER).spawn().await;
    let (narrow, wide, other) = (Receiver::start().await, Receiver::start().await, Receiver::start().await);
    let hook_of_all = hook(&app, &wide, &["plugin.*"]).await;
    hook(&app, &narrow, &["plugin.com.example.a.*"]).await;
    hook(&app, &other, &["plugin.com.example.ab.*", "post.deleted"]).await;
    post("Scripted").content("script\nemit ping {\"n\":1}").create(&app.author().await).await;
    for receiver in [&narrow, &wide] {
        let received = receiver.eventually(1).await;
        assert_eq!(types(&received), ["plugin.com.example.a.ping"]);
        assert_eq!(received[0].json()["data"], json!({ "n": 1 }));
    }
    hook_of_all.eventually(1, "delivered").await;
    assert!(other.received().is_empty());
}
