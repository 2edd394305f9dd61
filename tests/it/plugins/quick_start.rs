//! The published quick start, as its page says: built, dropped into a running server, at work.

use std::fs;

use fleuron_tests::{TestApp, eventually, guests, post, text, write_plugin};
use serde_json::Value;

use super::{assert_no_faults, log_of, module, status_of};

const ID: &str = "com.example.my-plugin";

/// Drops the plugin into a running server and watches it do all that its page promises.
async fn keeps_its_promises(path: &str) {
    if path.is_empty() {
        eprintln!("SKIPPED a build of the quick start: its target is not installed");
        return;
    }
    let app = TestApp::spawn().await;
    let author = app.author().await;
    // The bundled plugin drops accents that are written apart from their letter; this one keeps them.
    let title = "Cafe\u{301} au lait";
    assert_eq!(text(&post(title).create(&author).await, "slug"), "cafe-au-lait");
    write_plugin(app.extensions(), "my-plugin", guests::QUICK_START_MANIFEST, &module(path));
    eventually("the plugin is loaded", async || status_of(&app, ID).map(drop)).await;
    assert_no_faults(&app);
    assert_eq!(text(&post(title).create(&author).await, "slug"), "cafe\u{301}-au-lait");
    post("My First Post").create(&author).await;
    eventually("the action writes to the log", async || {
        log_of(&app, ID).contains(&"published: my-first-post".to_owned()).then_some(())
    })
    .await;
    let file = app.data().join("plugin-files").join(ID).join("cache/posts/my-first-post.json");
    let content = eventually("the action writes its file", async || fs::read_to_string(&file).ok()).await;
    assert_eq!(content, "{}");
    let every_second = guests::QUICK_START_MANIFEST.replace("0 */6 * * *", "* * * * * *");
    assert_ne!(every_second, guests::QUICK_START_MANIFEST);
    write_plugin(app.extensions(), "my-plugin", &every_second, &module(path));
    let line = eventually("the job fires", async || {
        log_of(&app, ID).into_iter().find(|line| line.starts_with("cron fired: "))
    })
    .await;
    let payload: Value = serde_json::from_str(line.trim_start_matches("cron fired: ")).unwrap();
    assert_eq!((text(&payload, "label"), text(&payload, "job_type")), ("Scheduled Task", "my_task"));
    assert!(payload["due"].is_string(), "{payload}");
}

#[tokio::test]
async fn as_a_plain_module() {
    keeps_its_promises(guests::QUICK_START).await;
}

#[tokio::test]
async fn without_the_sdk() {
    keeps_its_promises(guests::RAW_QUICK_START).await;
}

#[tokio::test]
async fn built_for_wasip1() {
    keeps_its_promises(guests::QUICK_START_WASIP1).await;
}

#[tokio::test]
async fn built_for_wasip2() {
    keeps_its_promises(guests::QUICK_START_WASIP2).await;
}

#[tokio::test]
async fn its_simple_slugs_are_made_into_addresses() {
    let app = TestApp::builder()
        .plugin("my-plugin", guests::QUICK_START_MANIFEST, guests::QUICK_START)
        .spawn()
        .await;
    let author = app.author().await;
    // Its slug for this title is `what?-really!`, which no address may be.
    assert_eq!(text(&post("What? Really!").create(&author).await, "slug"), "what-really");
    assert_eq!(text(&post("Chosen").slug("mine").create(&author).await, "slug"), "mine");
    assert!(!log_of(&app, ID).iter().any(|line| line.contains("refused")), "an honest slug is no failure");
}
