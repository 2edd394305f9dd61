//! The plugins that a new site comes with.

use std::fs;

use fleuron_tests::{TestApp, both, eventually, guests, id, manifest, post, text, write_plugin};
use serde_json::json;

use super::{assert_no_faults, module, status_of};

const READING_TIME: &str = "org.fleuron.reading-time";

/// The manifest of the bundled plugin, switched off.
fn switched_off() -> String {
    let all = fleuron::plugins::bundled::all();
    let manifest = all.iter().find(|plugin| plugin.name == "reading-time").unwrap().manifest;
    manifest.replacen("name = ", "enabled = false\nname = ", 1)
}

fn write_manifest(app: &TestApp, folder: &str, text: &str) {
    let folder = app.extensions().join("plugins").join(folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("manifest.toml"), text).unwrap();
}

/// Waits until the bundled plugin runs in this version, or not at all.
async fn runs(app: &TestApp, version: Option<&str>) {
    eventually(&format!("it runs as {version:?}"), async || {
        let found = status_of(app, READING_TIME).map(|plugin| plugin.version.to_string());
        (found.as_deref() == version).then_some(())
    })
    .await;
}

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

#[tokio::test]
async fn a_manifest_alone_switches_one_off_and_on() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    post("Long").content(&"word ".repeat(450)).published().create(&author).await;
    let guest = app.guest();
    assert!(guest.get("/long").await.expect(200).text().contains("3 min read"));
    write_manifest(&app, "any-name", &switched_off());
    runs(&app, None).await;
    assert!(!guest.get("/long").await.expect(200).text().contains("min read"));
    assert_no_faults(&app);
    write_manifest(&app, "any-name", "[plugin]\n");
    eventually("the mistake is reported", async || (!app.services().hooks.faults().is_empty()).then_some(()))
        .await;
    assert!(status_of(&app, READING_TIME).is_none(), "a mistake in the manifest switches nothing on");
    write_manifest(&app, "any-name", &switched_off().replace("enabled = false", "enabled = true"));
    runs(&app, Some("0.1.0")).await;
    assert!(guest.get("/long").await.expect(200).text().contains("3 min read"));
    write_manifest(&app, "any-name", &switched_off());
    runs(&app, None).await;
    let app = app.restart().await;
    assert!(status_of(&app, READING_TIME).is_none(), "it stays off");
    fs::remove_dir_all(app.extensions().join("plugins/any-name")).unwrap();
    runs(&app, Some("0.1.0")).await;
    assert_no_faults(&app);
}

#[tokio::test]
async fn a_folder_takes_ones_place_and_gives_it_back() {
    let app = TestApp::spawn().await;
    let newer = manifest(READING_TIME, &["render-markdown"]).replace("0.1.0", "0.9.0");
    write_plugin(app.extensions(), "mine", &newer, &module(guests::RENDER_ONLY));
    runs(&app, Some("0.9.0")).await;
    write_manifest(&app, "mine", &newer.replacen("name = ", "enabled = false\nname = ", 1));
    runs(&app, None).await;
    write_manifest(&app, "mine", &newer);
    runs(&app, Some("0.9.0")).await;
    fs::remove_file(app.extensions().join("plugins/mine/plugin.wasm")).unwrap();
    runs(&app, Some("0.1.0")).await;
    assert_no_faults(&app);
}
