//! Actions: each is told once it is true, whole, and at least once.

use std::fs;
use std::time::Duration;

use fleuron::auth::Role;
use fleuron_tests::{
    PASSWORD, Program, TestApp, both, eventually, eventually_within, guests, id, manifest, post, write_plugin,
};
use serde_json::json;

use super::{log_of, module};
use crate::PROGRAM;

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
async fn no_action_is_lost_in_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    write_plugin(&folder.path().join("extensions"), "recorder", &recorder(), &module(guests::RECORDER));
    let program = Program::new(PROGRAM, folder.path());
    let words =
        ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
    program.run(&words, PASSWORD).await.succeeded();
    let mut created = Vec::new();
    for round in 0..3 {
        let mut serving = program.serve().await;
        let author = serving.sign_in("ada", PASSWORD).await;
        let new: Vec<_> = (0..16).map(|number| post(&format!("Round {round}, post {number}"))).collect();
        let answers = futures_util::future::join_all(new.iter().map(|new| new.send(&author))).await;
        // At once: most of them have not been told yet.
        serving.running.kill();
        created.extend(answers.into_iter().map(|answer| id(&answer.expect(201).json()).to_owned()));
    }
    let _serving = program.serve().await;
    let record = folder.path().join("data/plugin-files").join(ID).join("record/on-post-created.log");
    // The dead process's claim to the work must run out first.
    eventually_within(Duration::from_secs(60), "every post is told", async || {
        let told = fs::read_to_string(&record).unwrap_or_default();
        created.iter().all(|id| told.contains(id.as_str())).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_listener_did_not_take_is_told_it_alone_again() {
    const FAILING: &str = "com.example.failing";
    let failing = manifest(FAILING, &["on-post-created"]);
    let app = TestApp::builder()
        .events(|config| config.first_pause = Duration::from_millis(20))
        .plugin("failing", &failing, guests::HOSTILE)
        .plugin("recorder", &recorder(), guests::RECORDER)
        .spawn()
        .await;
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
