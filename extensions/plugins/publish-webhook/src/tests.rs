//! The plugin as the site calls it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use fleuron_plugin::testing::{MemoryHost, Permission};
use fleuron_plugin::{CallContext, Guest, PostOutput};
use serde_json::Value;

use super::PublishWebhook;

const URL: &str = "https://hooks.example.com/fleuron";

fn host() -> MemoryHost {
    let host = MemoryHost::install();
    host.set_config("url", URL);
    host.set_config("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    host.set_clock(1_790_000_000_000);
    host.answer_http(URL, "");
    host
}

fn post(status: &str) -> PostOutput {
    let published_at = (status == "published").then(|| "2026-11-01T00:00:00.000Z".to_owned());
    PostOutput {
        id: "p1".to_owned(),
        title: "Hello".to_owned(),
        status: status.to_owned(),
        published_at,
        ..PostOutput::default()
    }
}

/// A post that is hidden and was public once.
fn withdrawn(status: &str) -> PostOutput {
    PostOutput { status: status.to_owned(), ..post("published") }
}

/// Delivers an event as the site does, once; whether the plugin took it.
fn deliver(host: &MemoryHost, event: &str, attempt: u32, hook: impl FnOnce()) -> bool {
    host.set_context(CallContext {
        event_id: Some(event.to_owned()),
        attempt,
        entity_id: Some("p1".to_owned()),
        entity_version: Some(7),
        kind: Some("post".to_owned()),
        ..CallContext::default()
    });
    catch_unwind(AssertUnwindSafe(|| host.call(hook))).is_ok()
}

fn create(host: &MemoryHost, event: &str, post: PostOutput) {
    assert!(deliver(host, event, 1, || PublishWebhook::on_post_created(post)));
}

fn update(host: &MemoryHost, event: &str, post: PostOutput) {
    assert!(deliver(host, event, 1, || PublishWebhook::on_post_updated(post)));
}

fn delete(host: &MemoryHost, event: &str) {
    assert!(deliver(host, event, 1, || PublishWebhook::on_post_deleted("p1".to_owned())));
}

fn envelopes(host: &MemoryHost) -> Vec<Value> {
    let bodies = host.requests().into_iter().map(|request| request.body.unwrap_or_default());
    bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
}

/// What was sent: the id and the type of each event.
fn sent(host: &MemoryHost) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    envelopes(host).iter().map(|envelope| (text(&envelope["id"]), text(&envelope["type"]))).collect()
}

#[track_caller]
fn assert_sent(host: &MemoryHost, expected: &[(&str, &str)]) {
    let sent = sent(host);
    let sent: Vec<(&str, &str)> = sent.iter().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    assert_eq!(sent, expected, "{:#?}", host.log_lines());
}

#[test]
fn a_life_is_told_step_by_step() {
    let host = host();
    create(&host, "e1", post("draft"));
    update(&host, "e2", post("draft"));
    update(&host, "e3", post("published"));
    update(&host, "e4", post("published"));
    update(&host, "e5", withdrawn("draft"));
    update(&host, "e6", withdrawn("draft"));
    update(&host, "e7", post("published"));
    delete(&host, "e8");
    let life = [
        ("e3", "post.published"),
        ("e4", "post.updated"),
        ("e5", "post.unpublished"),
        ("e7", "post.published"),
        ("e8", "post.deleted"),
    ];
    assert_sent(&host, &life);
    assert!(host.log_lines().iter().all(|line| line.starts_with("info: post.")), "{:#?}", host.log_lines());
}

#[test]
fn what_is_sent_is_signed_and_dated() {
    let host = host();
    create(&host, "e1", post("published"));
    let envelope = &envelopes(&host)[0];
    assert_eq!(envelope["timestamp"], 1_790_000_000);
    let secret = crate::signature::Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let data = envelope["data"].as_str().unwrap();
    assert_eq!(envelope["signature"], secret.sign("e1", 1_790_000_000, data));
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&data["post"]["kind"], &data["post"]["version"]), (&Value::from("post"), &Value::from(7)));
}

#[test]
fn the_trash_hides_a_post_and_what_is_hidden_is_deleted_in_silence() {
    let host = host();
    create(&host, "e1", post("published"));
    update(&host, "e2", withdrawn("trash"));
    delete(&host, "e3");
    assert_sent(&host, &[("e1", "post.published"), ("e2", "post.unpublished")]);
    create(&host, "e4", PostOutput { id: "p2".to_owned(), ..post("draft") });
    assert!(deliver(&host, "e5", 1, || PublishWebhook::on_post_deleted("p2".to_owned())));
    assert_eq!(sent(&host).len(), 2);
}

#[test]
fn posts_from_before_the_plugin_are_told_of_to_be_safe() {
    for (after, expected) in [
        (Some(post("published")), Some("post.published")),
        (Some(withdrawn("draft")), Some("post.unpublished")),
        (Some(post("draft")), None),
        (None, Some("post.deleted")),
    ] {
        let host = host();
        match after.clone() {
            Some(post) => update(&host, "e1", post),
            None => delete(&host, "e1"),
        }
        let names: Vec<String> = sent(&host).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names.first().map(String::as_str), expected, "{after:?}");
    }
}

#[test]
fn a_repetition_is_not_sent_again() {
    let host = host();
    create(&host, "e1", post("published"));
    for attempt in 2..=5 {
        assert!(deliver(&host, "e1", attempt, || PublishWebhook::on_post_created(post("published"))));
    }
    assert_sent(&host, &[("e1", "post.published")]);
}

#[test]
fn a_failed_delivery_fails_the_action_and_is_made_up_for() {
    let host = MemoryHost::install();
    host.set_config("url", URL);
    host.set_config("secret", "0123456789abcdef");
    for attempt in 1..=2 {
        assert!(!deliver(&host, "e1", attempt, || PublishWebhook::on_post_created(post("published"))));
    }
    host.answer_http(URL, "thanks");
    assert!(deliver(&host, "e1", 3, || PublishWebhook::on_post_created(post("published"))));
    assert!(deliver(&host, "e1", 4, || PublishWebhook::on_post_created(post("published"))));
    assert_sent(&host, &[("e1", "post.published"); 3]);
    let delivered = host.log_lines().pop().unwrap_or_default();
    assert_eq!(delivered, "info: post.published of p1 was delivered as e1");
}

#[test]
fn what_the_site_gave_up_is_told_at_the_next_change() {
    let host = MemoryHost::install();
    host.set_config("url", URL);
    host.set_config("secret", "0123456789abcdef");
    assert!(!deliver(&host, "e1", 5, || PublishWebhook::on_post_created(post("published"))));
    host.answer_http(URL, "");
    update(&host, "e2", post("published"));
    assert_sent(&host, &[("e1", "post.published"), ("e2", "post.published")]);
}

#[test]
fn the_failure_says_what_was_not_taken() {
    let host = MemoryHost::install();
    host.set_config("url", URL);
    host.set_config("secret", "0123456789abcdef");
    host.set_context(CallContext { event_id: Some("e1".to_owned()), attempt: 2, ..CallContext::default() });
    let failed =
        catch_unwind(AssertUnwindSafe(|| host.call(|| PublishWebhook::on_post_created(post("published")))));
    let message = failed.unwrap_err().downcast_ref::<String>().cloned().unwrap_or_default();
    assert_eq!(message, "post.published of p1 was not taken at attempt 2; the line above says why");
}

#[test]
fn without_address_or_secret_nothing_is_sent_and_nothing_fails() {
    for missing in ["url", "secret"] {
        let host = host();
        host.set_config(missing, "");
        create(&host, "e1", post("published"));
        assert_sent(&host, &[]);
        let line = format!("warn: post.published of p1 was not sent: the setting `{missing}` is empty");
        assert_eq!(host.log_lines(), [line]);
        host.set_config("url", URL);
        host.set_config("secret", "0123456789abcdef");
        update(&host, "e2", post("published"));
        assert_sent(&host, &[("e2", "post.published")]);
    }
}

#[test]
fn events_that_are_not_wanted_are_not_sent_and_still_count() {
    let host = host();
    host.set_config("events", "no-updates");
    create(&host, "e1", post("published"));
    update(&host, "e2", post("published"));
    update(&host, "e3", withdrawn("draft"));
    assert_sent(&host, &[("e1", "post.published"), ("e3", "post.unpublished")]);
    host.set_config("events", "published");
    update(&host, "e4", post("published"));
    update(&host, "e5", withdrawn("draft"));
    update(&host, "e6", post("published"));
    assert_eq!(
        sent(&host)[2..],
        [("e4", "post.published"), ("e6", "post.published")]
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
    );
}

#[test]
fn without_the_permission_the_action_fails_and_the_log_says_why() {
    let host = host();
    host.deny(Permission::Http);
    assert!(!deliver(&host, "e1", 1, || PublishWebhook::on_post_created(post("published"))));
    assert!(host.log_lines()[0].starts_with("warn: http-post: not granted"), "{:?}", host.log_lines());
}
