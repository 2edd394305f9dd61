//! A plugin's answer is untrusted input: it is checked and authorised like what its user sent.

use fleuron_tests::{TestApp, guests, id, manifest, post, text};
use serde_json::json;

use super::log_of;

const ID: &str = "com.example.meddler";

async fn meddled() -> TestApp {
    let manifest = manifest(ID, &["on-post-creating", "on-post-updating"]);
    TestApp::builder().plugin("meddler", &manifest, guests::MEDDLER).spawn().await
}

#[tokio::test]
async fn it_cannot_publish_what_its_user_may_not() {
    let app = meddled().await;
    let contributor = app.contributor().await;
    let draft = post("please-publish").create(&contributor).await;
    assert_eq!(text(&draft, "status"), "draft");
    let path = format!("/api/v1/posts/{}", id(&draft));
    let edited = contributor.patch(&path, &json!({ "content": "More." })).await.expect(200).json();
    assert_eq!((text(&edited, "status"), text(&edited, "content")), ("draft", "More."));
    app.guest().get("/please-publish").await.expect(404);
    assert!(
        log_of(&app, ID).iter().any(|line| line.contains("publish posts")),
        "the log says what was missing"
    );
    // With a user who may, the same answer counts.
    let published = post("please-publish it").create(&app.author().await).await;
    assert_eq!(text(&published, "status"), "published");
}

#[tokio::test]
async fn nonsense_is_dropped_and_the_post_kept() {
    let app = meddled().await;
    let author = app.author().await;
    for title in ["please-blank", "please-bloat", "please-invent"] {
        let created = post(title).create(&author).await;
        assert_eq!((text(&created, "title"), text(&created, "slug")), (title, title));
        assert!(created["category"].is_null());
    }
    assert_eq!(log_of(&app, ID).iter().filter(|line| line.contains("refused")).count(), 3);
}

#[tokio::test]
async fn what_it_leaves_out_is_cleared_or_kept_as_the_contract_says() {
    let app = meddled().await;
    let author = app.author().await;
    let tag = app.editor().await.post("/api/v1/tags", &json!({ "name": "Kept" })).await.expect(201).json();
    let category = json!({ "name": "Left" });
    let category = app.editor().await.post("/api/v1/categories", &category).await.expect(201).json();
    let created = post("A plain title")
        .slug("kept-slug")
        .published()
        .category(id(&category))
        .tags(&[id(&tag)])
        .with("excerpt", "An excerpt.")
        .with("cover_image", "/media/cover.jpg")
        .create(&author)
        .await;
    let path = format!("/api/v1/posts/{}", id(&created));
    let forgotten = author.patch(&path, &json!({ "title": "please-forget" })).await.expect(200).json();
    assert_eq!((text(&forgotten, "slug"), text(&forgotten, "status")), ("kept-slug", "published"));
    assert_eq!(forgotten["tags"], created["tags"]);
    for cleared in ["category", "cover_image"] {
        assert!(forgotten[cleared].is_null(), "{cleared}: {forgotten}");
    }
}
