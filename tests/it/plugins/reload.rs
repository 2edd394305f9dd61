//! Plugins that change while the site is in use.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fleuron_tests::{TestApp, eventually, guests, manifest, post, text, write_plugin};
use futures_util::future::join_all;

use super::{assert_no_faults, module, status_of};

const ID: &str = "com.example.stamper";
const VERSIONS: u16 = 10;

/// The versions stamped into a post.
fn stamps(content: &str) -> Vec<&str> {
    content.split("stamp:v").skip(1).map(|rest| &rest[..rest.len().min(3)]).collect()
}

#[tokio::test]
async fn builds_are_swapped_under_writers() {
    let app = TestApp::spawn().await;
    let (stamper, manifest) = (module(guests::STAMPER), manifest(ID, &["on-post-creating"]));
    app.install("stamper", &manifest, &guests::stamped(&stamper, 1)).await;
    let author = app.author().await;
    let ended = Arc::new(AtomicBool::new(false));
    let writers = join_all((0..8).map(|writer| {
        let (author, ended) = (author.clone(), Arc::clone(&ended));
        async move {
            let mut versions = BTreeSet::new();
            let mut number = 0;
            while !ended.load(Ordering::Relaxed) {
                number += 1;
                let created = post(&format!("Writer {writer}, post {number}")).create(&author).await;
                let found = stamps(text(&created, "content"));
                assert_eq!(found.len(), 1, "exactly one version: {created:#}");
                versions.insert(found[0].to_owned());
            }
            versions
        }
    }));
    let swaps = async {
        for version in 2..=VERSIONS {
            app.install("stamper", &manifest, &guests::stamped(&stamper, version)).await;
            let created = post(&format!("After the swap to {version}")).create(&author).await;
            assert_eq!(stamps(text(&created, "content")), [format!("{version:03}")]);
        }
        ended.store(true, Ordering::Relaxed);
    };
    let (versions, ()) = tokio::join!(writers, swaps);
    let seen: BTreeSet<String> = versions.into_iter().flatten().collect();
    let known: BTreeSet<String> = (1..=VERSIONS).map(|version| format!("{version:03}")).collect();
    assert!(seen.is_subset(&known), "{seen:?}");
    assert!(seen.len() > 1, "the writers saw no swap");
    assert_no_faults(&app);
}

#[tokio::test]
async fn plugins_come_change_and_go() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let (stamper, text_of) = (module(guests::STAMPER), manifest(ID, &["on-post-creating"]));
    // The folder does not even exist at the start.
    assert!(!app.extensions().exists());
    write_plugin(app.extensions(), "stamper", &text_of, &guests::stamped(&stamper, 7));
    eventually("it comes", async || status_of(&app, ID).map(drop)).await;
    let created = post("With it").create(&author).await;
    assert_eq!(stamps(text(&created, "content")), ["007"]);
    let newer = text_of.replace("0.1.0", "0.2.0");
    write_plugin(app.extensions(), "stamper", &newer, &guests::stamped(&stamper, 8));
    eventually("it changes", async || {
        status_of(&app, ID).filter(|plugin| plugin.version.to_string() == "0.2.0").map(drop)
    })
    .await;
    let off = newer.replacen("name = ", "enabled = false\nname = ", 1);
    write_plugin(app.extensions(), "stamper", &off, &guests::stamped(&stamper, 8));
    eventually("it is switched off", async || status_of(&app, ID).is_none().then_some(())).await;
    write_plugin(app.extensions(), "stamper", &newer, &guests::stamped(&stamper, 9));
    eventually("it is switched on", async || status_of(&app, ID).map(drop)).await;
    fs::remove_dir_all(app.extensions().join("plugins/stamper")).unwrap();
    eventually("it goes", async || status_of(&app, ID).is_none().then_some(())).await;
    let created = post("Without it").create(&author).await;
    assert_eq!(stamps(text(&created, "content")), Vec::<&str>::new());
}

#[tokio::test]
async fn pages_are_rendered_anew_when_a_plugin_comes() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    post("Rendered").content("Quiet words.").published().create(&author).await;
    let guest = app.guest();
    let before = guest.get("/rendered").await.expect(200);
    assert!(before.text().contains("Quiet words."));
    app.install("loud", &manifest("com.example.loud", &["render-markdown"]), &module(guests::RENDER_ONLY))
        .await;
    let after = guest.get_with("/rendered", "if-none-match", before.must_have("etag")).await.expect(200);
    assert!(after.text().contains("QUIET WORDS."));
    fs::remove_dir_all(app.extensions().join("plugins/loud")).unwrap();
    app.services().plugins.rescan().await;
    assert!(guest.get("/rendered").await.expect(200).text().contains("Quiet words."));
}
