//! Filters: what they change, and what happens when they fail.

use fleuron_tests::{Actor, TestApp, guests, id, manifest, post, text};
use serde_json::{Value, json};

use super::log_of;

async fn comment(guest: &Actor, post: &Value) -> fleuron_tests::Answer {
    let words = json!({ "content": "Hello.", "nickname": "Ada", "email": "ada@example.com" });
    guest.post(&format!("/api/v1/posts/{}/comments", id(post)), &words).await
}

async fn pending(editor: &Actor) -> usize {
    editor.get("/api/v1/comments?status=pending").await.expect(200).items().len()
}

#[tokio::test]
async fn what_must_agree_and_fails_refuses() {
    let guard = manifest("com.example.guard", &["on-comment-creating: on_error = \"abort\""]);
    let app = TestApp::builder().plugin("guard", &guard, guests::ABORT_FILTER).spawn().await;
    let editor = app.editor().await;
    let created = post("Discussed").published().create(&editor).await;
    for _ in 0..5 {
        let problem = comment(&app.guest(), &created).await.problem(422, "refused_by_plugin");
        assert_eq!(text(&problem, "plugin"), "com.example.guard");
    }
    let resting = comment(&app.guest(), &created).await;
    assert_eq!(text(&resting.problem(503, "unavailable"), "plugin"), "com.example.guard");
    resting.must_have("retry-after");
    assert_eq!(pending(&editor).await, 0, "nothing got through");
    let fields = [("nickname", "Ada"), ("email", "ada@example.com"), ("content", "By form")];
    app.guest().post_form(&format!("/comments/{}", id(&created)), &fields).await.expect(503);
    app.guest().get("/discussed").await.expect(200);
    assert_eq!(pending(&editor).await, 0);
}

#[tokio::test]
async fn what_need_not_agree_and_fails_is_passed_over() {
    let guard = manifest("com.example.guard", &["on-comment-creating"]);
    let app = TestApp::builder().plugin("guard", &guard, guests::ABORT_FILTER).spawn().await;
    let editor = app.editor().await;
    let created = post("Discussed").published().create(&editor).await;
    for _ in 0..7 {
        comment(&app.guest(), &created).await.expect(201);
    }
    assert_eq!(pending(&editor).await, 7);
    let log = log_of(&app, "com.example.guard");
    assert!(log.iter().any(|line| line.starts_with("on-comment-creating: ")), "{log:?}");
}

/// A component that exports nothing but `render-markdown` renders the page.
async fn renders(path: &str) {
    if path.is_empty() {
        eprintln!("SKIPPED a build of render-only: its target is not installed");
        return;
    }
    let renderer = manifest("com.example.renderer", &["render-markdown"]);
    let app = TestApp::builder().plugin("renderer", &renderer, path).spawn().await;
    let author = app.author().await;
    post("Rendered").content("Quiet *words* <script>").published().create(&author).await;
    let page = app.guest().get("/rendered").await.expect(200).text();
    assert!(page.contains("<p>render-only: QUIET *WORDS* &lt;SCRIPT&gt;</p>"), "{page}");
}

#[tokio::test]
async fn one_hook_is_enough() {
    renders(guests::RENDER_ONLY).await;
}

#[tokio::test]
async fn one_hook_is_enough_for_wasip1() {
    renders(guests::RENDER_ONLY_WASIP1).await;
}

#[tokio::test]
async fn one_hook_is_enough_for_wasip2() {
    renders(guests::RENDER_ONLY_WASIP2).await;
}

#[tokio::test]
async fn filters_run_by_priority_each_on_what_the_one_before_made() {
    let early = manifest("com.example.early", &["on-post-creating: priority = 10"]);
    let late = manifest("com.example.late", &["on-post-creating: priority = 300"]);
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let stamper = super::module(guests::STAMPER);
    app.install("late", &late, &guests::stamped(&stamper, 2)).await;
    app.install("early", &early, &guests::stamped(&stamper, 1)).await;
    let created = post("Stamped twice").content("Words.").create(&author).await;
    assert_eq!(text(&created, "content"), "Words.\n\nstamp:v001\n\nstamp:v002");
}

#[tokio::test]
async fn a_hook_that_the_manifest_does_not_list_does_not_fire() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let stamper = super::module(guests::STAMPER);
    app.install("stamper", &manifest("com.example.stamper", &[]), &stamper).await;
    let created = post("Unstamped").content("Words.").create(&author).await;
    assert_eq!(text(&created, "content"), "Words.");
}
