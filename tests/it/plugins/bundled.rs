//! The plugins that a new site comes with.

use fleuron_tests::{TestApp, both, id, post, text};
use serde_json::json;

use super::assert_no_faults;

both! {
    async fn long_posts_tell_their_reading_time(app: TestApp) {
        let author = app.author().await;
        post("Long").content(&"word ".repeat(450)).published().create(&author).await;
        post("Short").content("A few words.").published().create(&author).await;
        let long = app.guest().get("/long").await.expect(200).text();
        assert!(long.contains("<p class=\"reading-time\">3 min read</p>"), "{long}");
        assert!(!app.guest().get("/short").await.expect(200).text().contains("reading-time"));
        let welcome = app.guest().get("/welcome-to-fleuron").await.expect(200).text();
        assert!(welcome.contains("reading-time"), "the welcome post speaks of it");
    }

    async fn posts_get_an_excerpt(app: TestApp) {
        let author = app.author().await;
        let created = post("Excerpted").content("# Heading\n\nThe *first* paragraph.\n\nMore.").create(&author).await;
        assert_eq!(created["excerpt"], "The first paragraph.");
        let own = post("Own").content("Text.").with("excerpt", "My words.").create(&author).await;
        assert_eq!(own["excerpt"], "My words.");
        let path = format!("/api/v1/posts/{}", id(&created));
        let change = json!({ "content": "Other words.", "excerpt": null });
        let changed = author.patch(&path, &change).await.expect(200).json();
        assert_eq!(text(&changed, "excerpt"), "Other words.");
        let kept = author.patch(&path, &json!({ "content": "Yet others." })).await.expect(200).json();
        assert_eq!(text(&kept, "excerpt"), "Other words.");
    }
}

#[tokio::test]
async fn they_are_on_after_the_first_run() {
    let app = TestApp::spawn().await;
    let plugins = app.services().hooks.plugins();
    let ids: Vec<&str> = plugins.iter().map(|plugin| plugin.id.as_str()).collect();
    assert_eq!(ids, ["org.fleuron.reading-time", "org.fleuron.slug-and-excerpt"]);
    assert_no_faults(&app);
}
