//! The bundled plugin that tells another server what was published: off until it is turned on, right about what happened,
//! signed, and patient with a receiver that fails.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fleuron_tests::{Actor, TestApp, both, eventually, eventually_within, id, page, post, text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::http::loopback::Loopback;
use super::{assert_no_faults, eventually_logged, log_of, status_of};

const ID: &str = "org.fleuron.publish-webhook";
/// In base64: `the key that both sides know`.
const SECRET: &str = "whsec_dGhlIGtleSB0aGF0IGJvdGggc2lkZXMga25vdw==";
const KEY: &[u8] = b"the key that both sides know";
/// How long a repetition may take: Fleuron waits three seconds before the second attempt and six before the third.
const REPEATED: Duration = Duration::from_secs(30);

async fn enable(app: &TestApp) {
    app.administrator().await.plugin_step(ID, "enable").await.expect(200);
    runs(app).await;
}

async fn runs(app: &TestApp) {
    eventually("it runs", async || status_of(app, ID).map(drop)).await;
}

async fn set(app: &TestApp, values: &Value) {
    app.administrator().await.set_plugin(ID, values).await.expect(200);
}

/// A site whose operator lets plugins reach this server, with the plugin on and told to send there.
async fn site(server: &Loopback) -> TestApp {
    let app = TestApp::builder().egress_allow(&server.address.to_string()).spawn().await;
    enable(&app).await;
    set(&app, &json!({ "url": server.url("/plain"), "secret": SECRET })).await;
    app
}

/// The envelopes that the server received, each of which must be signed, with the data in place of its text.
fn received(server: &Loopback) -> Vec<Value> {
    let requests = server.requests();
    let bodies = requests.iter().filter_map(|request| request.split_once("\r\n\r\n"));
    let envelopes = bodies.map(|(head, body)| {
        assert!(head.starts_with("POST ") && head.contains("application/json"), "{head}");
        let mut envelope: Value =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        let signed =
            format!("{}.{}.{}", text(&envelope, "id"), envelope["timestamp"], text(&envelope, "data"));
        assert_eq!(
            text(&envelope, "signature"),
            format!("v1,{}", STANDARD.encode(hmac(KEY, signed.as_bytes())))
        );
        envelope["data"] = serde_json::from_str(text(&envelope, "data")).unwrap();
        assert_eq!(envelope["type"], envelope["data"]["type"]);
        envelope
    });
    envelopes.collect()
}

/// The first so many envelopes, once they are there.
async fn eventually_received(server: &Loopback, count: usize) -> Vec<Value> {
    eventually_within(REPEATED, &format!("{count} envelopes"), async || {
        Some(received(server)).filter(|envelopes| envelopes.len() >= count)
    })
    .await
}

fn types(envelopes: &[Value]) -> Vec<&str> {
    envelopes.iter().map(|envelope| text(envelope, "type")).collect()
}

/// HMAC-SHA256 by its definition, for keys of at most 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |pad: u8| -> Vec<u8> {
        (0..64).map(|position| key.get(position).copied().unwrap_or_default() ^ pad).collect()
    };
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).to_vec()
}

async fn change(author: &Actor, post: &Value, change: Value) {
    author.patch(&format!("/api/v1/posts/{}", id(post)), &change).await.expect(200);
}

/// Waits until an event that tells nothing to the receiver was taken: the plugin's hook was called so often.
async fn called(app: &TestApp, hook: &str, times: u64) {
    eventually(&format!("{hook} was called {times} times"), async || {
        let status = status_of(app, ID)?;
        let hook = status.hooks.iter().find(|known| known.point.name() == hook)?;
        (hook.counts.calls >= times).then_some(())
    })
    .await;
}

#[test]
fn the_signature_of_the_tests_is_a_known_one() {
    // Test case 2 of RFC 4231.
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let mac = hmac(b"Jefe", b"what do ya want for nothing?");
    assert_eq!(mac.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
}

both! {
    async fn it_is_off_until_it_is_turned_on(app: TestApp) {
        post("Unheard").published().create(&app.author().await).await;
        assert!(status_of(&app, ID).is_none());
        let administrator = app.administrator().await;
        let shown = administrator.get(&format!("/api/v1/admin/plugins/{ID}")).await.expect(200).json();
        assert_eq!((&shown["state"], &shown["origin"]), (&json!("disabled"), &json!("bundled")));
        enable(&app).await;
        assert_no_faults(&app);
    }

    async fn without_address_and_secret_it_sends_nothing_and_says_so(app: TestApp) {
        enable(&app).await;
        post("Kept").published().create(&app.author().await).await;
        eventually_logged(&app, ID, "was not sent: the setting `url` is empty").await;
        set(&app, &json!({ "url": "http://127.0.0.1:9/" })).await;
        post("Kept, too").published().create(&app.author().await).await;
        eventually_logged(&app, ID, "was not sent: the setting `secret` is empty").await;
        let status = status_of(&app, ID).unwrap();
        assert!(status.hooks.iter().all(|hook| hook.counts.errors == 0), "it is no failure: {status:?}");
    }

    async fn addresses_within_the_server_s_network_are_not_reached(app: TestApp) {
        let server = Loopback::start().await;
        enable(&app).await;
        set(&app, &json!({ "url": server.url("/plain"), "secret": SECRET })).await;
        post("Inward").published().create(&app.author().await).await;
        eventually_logged(&app, ID, "not a public address").await;
        eventually_logged(&app, ID, "was not taken at attempt 1").await;
        assert_eq!(server.requests(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_life_of_a_post_is_told() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    let author = app.author().await;
    let created = post("Told \u{201C}so\u{201D}").create(&author).await;
    change(&author, &created, json!({ "content": "Still a draft." })).await;
    change(&author, &created, json!({ "status": "published" })).await;
    change(&author, &created, json!({ "title": "Told again" })).await;
    change(&author, &created, json!({ "status": "draft", "title": "A secret" })).await;
    change(&author, &created, json!({ "status": "published", "title": "Told at last" })).await;
    author.delete(&format!("/api/v1/posts/{}?permanent=true", id(&created))).await.expect(204);
    let envelopes = eventually_received(&server, 5).await;
    let life = ["post.published", "post.updated", "post.unpublished", "post.published", "post.deleted"];
    assert_eq!(types(&envelopes), life);
    let published = &envelopes[0]["data"]["post"];
    assert_eq!((text(published, "id"), text(published, "kind")), (id(&created), "post"));
    assert_eq!((text(published, "title"), &published["version"]), ("Told \u{201C}so\u{201D}", &json!(3)));
    assert!(published.get("content").is_none() && published["published_at"].is_string(), "{published:#}");
    let hidden = json!({ "id": id(&created), "kind": "post", "version": 5, "slug": published["slug"], "status": "draft" });
    assert_eq!(envelopes[2]["data"]["post"], hidden, "the new title is nobody's business");
    assert_eq!(envelopes[4]["data"]["post"], json!({ "id": id(&created), "kind": "post", "version": 6 }));
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    for envelope in &envelopes {
        assert!(envelope["timestamp"].as_u64().is_some_and(|sent| sent.abs_diff(now) < 60), "{envelope:#}");
    }
    let ids: BTreeSet<&str> = envelopes.iter().map(|envelope| text(envelope, "id")).collect();
    assert_eq!(ids.len(), 5);
    assert!(!log_of(&app, ID).iter().any(|line| line.contains(SECRET)), "the secret is in no log");
    assert_no_faults(&app);
}

#[tokio::test]
async fn pages_are_told_too_and_the_text_when_it_is_wanted() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    set(&app, &json!({ "include_content": true, "events": "no-updates" })).await;
    let editor = app.editor().await;
    let created = page("Standing").content("All *of* it.").published().create(&editor).await;
    editor.patch(&format!("/api/v1/pages/{}", id(&created)), &json!({ "title": "Still" })).await.expect(200);
    editor.delete(&format!("/api/v1/pages/{}", id(&created))).await.expect(204);
    let envelopes = eventually_received(&server, 2).await;
    assert_eq!(types(&envelopes), ["post.published", "post.unpublished"]);
    let sent = &envelopes[0]["data"]["post"];
    assert_eq!((text(sent, "kind"), text(sent, "content")), ("page", "All *of* it."));
    assert_eq!(envelopes[1]["data"]["post"]["status"], "trash");
}

#[tokio::test]
async fn a_receiver_that_fails_gets_the_event_again() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    set(&app, &json!({ "url": server.url("/broken") })).await;
    let created = post("Insisted").published().create(&app.author().await).await;
    eventually_logged(&app, ID, "answered 500").await;
    eventually_logged(&app, ID, "was not taken at attempt 1").await;
    set(&app, &json!({ "url": server.url("/plain") })).await;
    let envelopes = eventually_received(&server, 2).await;
    assert_eq!(types(&envelopes), ["post.published", "post.published"]);
    assert_eq!(text(&envelopes[0], "id"), text(&envelopes[1], "id"), "the same event");
    let delivered =
        format!("post.published of {} was delivered as {}", id(&created), text(&envelopes[1], "id"));
    eventually_logged(&app, ID, &delivered).await;
}

#[tokio::test]
async fn what_the_receiver_knows_outlives_the_server() {
    let server = Loopback::start().await;
    let app = TestApp::builder().egress_allow(&server.address.to_string()).spawn().await;
    let author = app.author().await;
    let old = post("Old").published().create(&author).await;
    enable(&app).await;
    set(&app, &json!({ "url": server.url("/plain"), "secret": SECRET })).await;
    let draft = post("Draft").create(&author).await;
    called(&app, "on-post-created", 1).await;
    change(&author, &old, json!({ "title": "Older" })).await;
    assert_eq!(
        types(&eventually_received(&server, 1).await),
        ["post.published"],
        "it is heard of for the first time"
    );
    let app = app.restart().await;
    runs(&app).await;
    let author = app.editor().await;
    change(&author, &old, json!({ "title": "Oldest" })).await;
    author.delete(&format!("/api/v1/posts/{}?permanent=true", id(&draft))).await.expect(204);
    called(&app, "on-post-deleted", 1).await;
    author.delete(&format!("/api/v1/posts/{}?permanent=true", id(&old))).await.expect(204);
    let envelopes = eventually_received(&server, 3).await;
    assert_eq!(
        types(&envelopes),
        ["post.published", "post.updated", "post.deleted"],
        "drafts come and go in silence"
    );
}
