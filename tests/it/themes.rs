//! Themes: they follow their files, and a broken one costs nobody a page.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fleuron_tests::{Actor, TestApp, eventually, post};

/// Longer than a theme's changes take to be noticed.
const NOTICED: Duration = Duration::from_millis(900);

/// A copy of the default theme that a test may change.
fn copied_theme() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes/default"), folder.path());
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn with_mark(template: &str, mark: &str) -> String {
    template.replace("{%- block main %}", &format!("{{%- block main %}}<p>{mark}</p>"))
}

async fn shows(guest: &Actor, path: &str, mark: &str) {
    eventually(&format!("{path} shows {mark}"), async || {
        guest.get(path).await.expect(200).text().contains(mark).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_theme_follows_its_files() {
    let theme = copied_theme();
    let app = TestApp::builder().theme(theme.path().to_str().unwrap()).spawn().await;
    let guest = app.guest();
    let file: PathBuf = theme.path().join("templates/post.html");
    let template = fs::read_to_string(&file).unwrap();
    assert_ne!(with_mark(&template, "x"), template, "the template has the block that is marked");
    shows(&guest, "/welcome-to-fleuron", "Welcome").await;
    fs::write(&file, with_mark(&template, "first edition")).unwrap();
    shows(&guest, "/welcome-to-fleuron", "first edition").await;
    let before = guest.get("/theme/style.css").await.expect(200).must_have("etag").to_owned();
    let style = theme.path().join("static/style.css");
    let text = fs::read_to_string(&style).unwrap();
    fs::write(&style, format!("{text}\n/* changed */\n")).unwrap();
    eventually("the style sheet changes", async || {
        (guest.get("/theme/style.css").await.expect(200).must_have("etag") != before).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broken_template_shows_the_last_good_one() {
    let theme = copied_theme();
    let app = TestApp::builder().theme(theme.path().to_str().unwrap()).spawn().await;
    let guest = app.guest();
    let file: PathBuf = theme.path().join("templates/post.html");
    let template = fs::read_to_string(&file).unwrap();
    fs::write(&file, with_mark(&template, "first edition")).unwrap();
    shows(&guest, "/welcome-to-fleuron", "first edition").await;
    let broken = [
        with_mark(&template, "broken edition {% if %}"),
        with_mark(&template, "broken edition {{ nothing.like.this }}"),
        String::from("{% extends \"nowhere.html\" %}"),
    ];
    for text in broken {
        fs::write(&file, &text).unwrap();
        let written = Instant::now();
        while written.elapsed() < NOTICED {
            let page = guest.get("/welcome-to-fleuron").await.expect(200).text();
            assert!(page.contains("first edition") && !page.contains("broken edition"), "{text:.80}");
        }
    }
    fs::write(&file, with_mark(&template, "second edition")).unwrap();
    shows(&guest, "/welcome-to-fleuron", "second edition").await;
}

#[tokio::test]
async fn the_minimal_theme_fulfils_the_contract() {
    let app = TestApp::builder().theme("minimal").spawn().await;
    let (author, guest) = (app.author().await, app.guest());
    post("In the minimal theme").published().create(&author).await;
    let by_author = format!("/authors/{}", author.account().username);
    for path in ["/", "/in-the-minimal-theme", "/about", &by_author] {
        let text = guest.get(path).await.expect(200).text();
        assert!(text.contains("<html lang=") && !text.contains("<script"), "{path}");
    }
    assert!(guest.get("/in-the-minimal-theme").await.text().contains("<textarea"));
    assert!(guest.get("/nowhere").await.expect(404).text().contains("404"));
}
