//! Actions: each is told once it is true, whole, and at least once.

use std::time::Duration;

use fleuron::auth::Role;
use fleuron_tests::{PASSWORD, TestApp, both, eventually, guests, id, manifest, post};
use serde_json::json;

use super::{log_of, module};

const ID: &str = "com.example.recorder";

fn recorder() -> String {
    let hooks = ["on-post-created", "on-post-updated", "on-post-deleted", "on-comment-created", "on-login"];
    manifest(ID, &hooks)
}

/// Waits until there are `count` lines of a hook, and answers them.
async fn told(app: &TestApp, hook: &str, count: usize) -> Vec<String> {
    let start = format!("{hook} ");
    let lines = || log_of(app, ID).into_iter().filter(|line| line.starts_with(&start)).collect::<Vec<_>>();
    eventually(&format!("{hook} is told {count} times"), async || (lines().len() >= count).then_some(()))
        .await;
    lines()
}

both! {
    async fn each_action_gets_the_whole_entity(app: TestApp) {
        let author = app.actor_with_password(Role::Author).await;
        app.install("recorder", &recorder(), &module(guests::RECORDER)).await;
        let created = post("Recorded").content("With *all* of it.").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        let lines = told(&app, "on-post-created", 1).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        for part in [id(&created), "Recorded", "With *all* of it.", "\"recorded\"", "\"published\"", &author.id()] {
            assert!(lines[0].contains(part), "{part} in {}", lines[0]);
        }
        author.patch(&path, &json!({ "title": "Recorded again" })).await.expect(200);
        let lines = told(&app, "on-post-updated", 1).await;
        assert!(lines[0].contains("Recorded again") && lines[0].contains("With *all* of it."), "{lines:?}");
        let words = json!({ "content": "A remark.", "nickname": "Ada", "email": "ada@example.com" });
        app.guest().post(&format!("{path}/comments"), &words).await.expect(201);
        let lines = told(&app, "on-comment-created", 1).await;
        assert!(["A remark.", "Ada", "ada@example.com"].iter().all(|part| lines[0].contains(part)), "{lines:?}");
        author.delete(&format!("{path}?permanent=true")).await.expect(204);
        let lines = told(&app, "on-post-deleted", 1).await;
        assert_eq!(lines, [format!("on-post-deleted {}", id(&created))]);
        app.guest().login(&author.account().email, "not the password").await.expect(401);
        app.guest().login(&author.account().email, PASSWORD).await.expect(200);
        let lines = told(&app, "on-login", 1).await;
        assert_eq!(lines, [format!("on-login {}", author.id())]);
        for hook in ["on-post-created", "on-post-updated", "on-comment-created"] {
            assert_eq!(told(&app, hook, 1).await.len(), 1, "{hook} is told once");
        }
    }

    async fn what_did_not_happen_is_not_told(app: TestApp) {
        let author = app.author().await;
        app.install("recorder", &recorder(), &module(guests::RECORDER)).await;
        post("").send(&author).await.expect(422);
        let created = post("Real").create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        author.patch_if(&path, "\"7\"", &json!({ "title": "Unreal" })).await.expect(412);
        author.patch(&path, &json!({ "title": "Real again" })).await.expect(200);
        assert_eq!(told(&app, "on-post-updated", 1).await.len(), 1);
        assert_eq!(told(&app, "on-post-created", 1).await.len(), 1);
    }

    async fn actions_wait_for_the_commit(app: TestApp) {
        let author = app.author().await;
        app.install("recorder", &recorder(), &module(guests::RECORDER)).await;
        let new = post("Held back");
        let hold = app.services().database.hold_commits().await;
        let mut creation = std::pin::pin!(new.send(&author));
        let early = tokio::time::timeout(Duration::from_millis(300), &mut creation).await;
        assert!(early.is_err());
        assert!(!log_of(&app, ID).iter().any(|line| line.contains("Held back")));
        drop(hold);
        creation.await.expect(201);
        told(&app, "on-post-created", 1).await;
    }

    async fn changes_of_one_post_are_told_in_order(app: TestApp) {
        let author = app.author().await;
        app.install("recorder", &recorder(), &module(guests::RECORDER)).await;
        let path = format!("/api/v1/posts/{}", id(&post("Edition 0").create(&author).await));
        for edition in 1..=10 {
            author.patch(&path, &json!({ "title": format!("Edition {edition}") })).await.expect(200);
        }
        let lines = told(&app, "on-post-updated", 10).await;
        for (edition, line) in (1..=10).zip(&lines) {
            assert!(line.contains(&format!("\"Edition {edition}\"")), "{edition}: {lines:#?}");
        }
    }
}

#[tokio::test]
async fn what_a_listener_did_not_take_is_told_it_alone_again() {
    const FAILING: &str = "com.example.failing";
    let failing = manifest(FAILING, &["on-post-created"]);
    let app =
        TestApp::builder().events(|config| config.first_pause = Duration::from_millis(20)).spawn().await;
    app.install("failing", &failing, &module(guests::HOSTILE)).await;
    app.install("recorder", &recorder(), &module(guests::RECORDER)).await;
    let author = app.author().await;
    post("Please fail-once").create(&author).await;
    post("Please fail-always").create(&author).await;
    post("Calm").create(&author).await;
    // A failure holds nothing of other posts up.
    let taken = |title: &str| log_of(&app, FAILING).iter().any(|line| *line == format!("taken: {title}"));
    eventually("the calm post is taken", async || taken("Calm").then_some(())).await;
    eventually("the failed one is taken the second time", async || taken("Please fail-once").then_some(()))
        .await;
    assert!(!taken("Please fail-always"));
    assert_eq!(told(&app, "on-post-created", 3).await.len(), 3, "who took it is not told again");
}
