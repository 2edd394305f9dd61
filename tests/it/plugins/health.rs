//! The breaker through its whole cycle, quarantine and its release: as the admin API shows them.

use std::time::Duration;

use fleuron_tests::{Actor, TestApp, eventually, guests, manifest, post, text};
use serde_json::{Value, json};

use super::log_of;

const ID: &str = "com.example.moody";
const GOOD: &str = "Words. (in good mood)\n\nstamp:v000";
const WITHOUT_IT: &str = "Words.\n\nstamp:v000";

async fn moody_site() -> TestApp {
    TestApp::builder()
        .neighbour()
        .pool_size(1)
        .limits(|limits| {
            limits.host.breaker_rest = Duration::from_millis(700);
            limits.host.start_timeout = Duration::from_millis(300);
        })
        .plugin("moody", &manifest(ID, &["on-post-creating"]), guests::MOODY)
        .spawn()
        .await
}

async fn detail(administrator: &Actor) -> Value {
    administrator.get(&format!("/api/v1/admin/plugins/{ID}")).await.expect(200).json()
}

/// What stands in a new post, whatever its title asks for.
async fn content_of(author: &Actor, title: &str) -> String {
    let created = post(title).content("Words.").create(author).await;
    text(&created, "content").to_owned()
}

#[tokio::test]
async fn a_breaker_opens_probes_and_closes() {
    let app = moody_site().await;
    let (author, administrator) = (app.author().await, app.administrator().await);
    assert_eq!(content_of(&author, "Calm").await, GOOD);
    for number in 1..=5 {
        assert_eq!(detail(&administrator).await["hooks"][0]["breaker"], "closed", "{number}");
        // The instance is given up in a trap; the next one starts as if nothing had been.
        assert_eq!(content_of(&author, "failures 0").await, WITHOUT_IT);
    }
    let open = detail(&administrator).await;
    assert_eq!(open["hooks"][0]["breaker"], "open", "{open:#}");
    assert!(
        open["hooks"][0]["last_error"].as_str().is_some_and(|error| error.contains("trapped")),
        "{open:#}"
    );
    assert_eq!(open["hooks"][0]["errors"], 5);
    assert_eq!(content_of(&author, "Calm").await, WITHOUT_IT, "it is left alone");
    assert_eq!(
        detail(&administrator).await["hooks"][0]["calls"],
        open["hooks"][0]["calls"],
        "it was not asked"
    );
    let hooks = administrator.get("/api/v1/admin/hooks").await.expect(200).json();
    let listener =
        hooks["items"].as_array().unwrap().iter().find(|hook| hook["name"] == "on-post-creating").and_then(
            |hook| hook["listeners"].as_array()?.iter().find(|listener| listener["plugin"] == ID).cloned(),
        );
    assert_eq!(listener.unwrap()["breaker"], "open");
    // A probe that fails keeps it open, one that succeeds closes it.
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(content_of(&author, "failures 0").await, WITHOUT_IT);
    assert_eq!(detail(&administrator).await["hooks"][0]["errors"], 6);
    assert_eq!(content_of(&author, "Calm").await, WITHOUT_IT);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(content_of(&author, "Calm").await, GOOD);
    assert_eq!(detail(&administrator).await["hooks"][0]["breaker"], "closed");
    app.guest().get("/").await.expect(200);
}

#[tokio::test]
async fn a_plugin_that_does_not_start_is_quarantined_until_it_is_loaded_anew() {
    let app = moody_site().await;
    let (author, administrator) = (app.author().await, app.administrator().await);
    assert_eq!(content_of(&author, "failures 3").await, WITHOUT_IT);
    // Starts count whether a call asked for them or they were made ahead of one, as where they take their time.
    for _ in 0..3 {
        assert_eq!(content_of(&author, "Calm").await, WITHOUT_IT);
    }
    eventually("it is quarantined", async || {
        (detail(&administrator).await["state"] == "quarantined").then_some(())
    })
    .await;
    assert_eq!(content_of(&author, "Calm").await, WITHOUT_IT, "it stays out, though it would start now");
    assert!(log_of(&app, ID).iter().any(|line| line.contains("quarantined")));
    administrator.post(&format!("/api/v1/admin/plugins/{ID}/reload"), &json!({})).await.expect(200);
    let released = detail(&administrator).await;
    assert_eq!(released["state"], "active", "{released:#}");
    assert_eq!(content_of(&author, "Calm").await, GOOD);
    app.guest().get("/").await.expect(200);
}

#[tokio::test]
async fn a_transaction_begun_at_the_start_ends_with_it() {
    let permitted = manifest(ID, &["on-post-creating"]) + "\n[permissions]\ndatabase = [\"own\"]\n";
    let app =
        TestApp::builder().neighbour().pool_size(1).plugin("moody", &permitted, guests::MOODY).spawn().await;
    let author = app.author().await;
    assert_eq!(content_of(&author, "begins 1").await, WITHOUT_IT);
    assert_eq!(content_of(&author, "Calm").await, GOOD);
    assert!(
        log_of(&app, ID).iter().any(|line| line.contains("with an open transaction")),
        "{:?}",
        log_of(&app, ID)
    );
    // The next instance stores something before its first call: the one writer must be free for it.
    assert_eq!(content_of(&author, "failures 0").await, WITHOUT_IT);
    assert_eq!(content_of(&author, "Calm").await, GOOD);
}

#[tokio::test]
async fn a_loop_at_the_start_ends_in_quarantine_too() {
    let app = moody_site().await;
    let (author, administrator) = (app.author().await, app.administrator().await);
    assert_eq!(content_of(&author, "loops 3").await, WITHOUT_IT);
    for _ in 0..3 {
        assert_eq!(content_of(&author, "Calm").await, WITHOUT_IT);
    }
    eventually("it is quarantined", async || {
        (detail(&administrator).await["state"] == "quarantined").then_some(())
    })
    .await;
    app.guest().get("/").await.expect(200);
}
