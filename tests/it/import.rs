//! Importing a folder of Markdown, beside a running server.

use std::fs;
use std::path::Path;

use fleuron_tests::{Finished, Program, TestApp, eventually, id, text};

use crate::PROGRAM;

/// The smallest picture there is.
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\
    \xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

const TOML_POST: &str = "+++
path = \"2019/11/07/Async-await-stable\"
title = \"Async & await\"
date = 2019-11-07
authors = [\"Niko Matsakis\", \"Ada Lovelace\"]
description = \"On this coming Thursday.\"
aliases = [\"2019/11/07/Async-await-stable.html\", \"releases/async/\"]

[taxonomies]
tags = [\"Rust\", \"Async\"]

[extra]
team = \"nobody\"
+++

See [the other one](@/yaml.md) and ![a picture](picture.png).

```text
![not a picture](picture.png)
```
";

const YAML_POST: &str = "---
title: 'From YAML'
date: 2018-03-04T05:06:07Z
tags: [rust]
categories: Engineering
slug: chosen-slug
---
Hello from *YAML*.
";

fn write(folder: &Path, path: &str, content: impl AsRef<[u8]>) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, content).unwrap();
}

/// A small blog of another program.
fn write_blog(folder: &Path) {
    write(folder, "async/index.md", TOML_POST);
    write(folder, "async/picture.png", PNG);
    write(folder, "yaml.md", YAML_POST);
    write(folder, "2017-01-02-dated-by-its-name.md", "---\r\ntitle: Dated by its name\r\n---\r\nText.\r\n");
    write(folder, "2016/05/06/dated-by-its-path.md", "+++\ntitle = \"Dated by its path\"\n+++\nText.\n");
    write(folder, "draft.md", "+++\ntitle = \"A draft\"\ndate = 2020-01-01\ndraft = true\n+++\nNot yet.\n");
    write(folder, "_index.md", "+++\ntitle = \"The section\"\n+++\n");
    write(folder, "README.md", "# Not a post\n");
    write(folder, "broken.md", "+++\ntitle = \"No end\ndate = [\n+++\nText.\n");
    write(folder, "no-title.md", "---\ndate: 2020-01-01\n---\nText.\n");
    write(folder, "latin1.md", b"---\ntitle: caf\xe9\n---\nText.\n");
}

async fn import(app: &TestApp, folder: &Path, more: &[&str]) -> Finished {
    let program = program(app);
    let folder = folder.to_str().unwrap();
    let words: Vec<&str> = ["import", "markdown", folder].into_iter().chain(more.iter().copied()).collect();
    program.run(&words, "").await.succeeded()
}

/// The program on the data of a running server.
fn program(app: &TestApp) -> Program {
    let program = Program::new(PROGRAM, &app.scratch());
    program
        .with("FLEURON_DATA", app.data().to_str().unwrap())
        .with("FLEURON_EXTENSIONS", app.extensions().to_str().unwrap())
        .with("FLEURON_BASE_URL", &app.url())
}

#[track_caller]
fn assert_said(finished: &Finished, summary: &str) {
    assert!(
        finished.stdout.contains(summary),
        "`{summary}` is not in\n{}\n{}",
        finished.stdout,
        finished.stderr
    );
}

#[tokio::test]
async fn a_folder_becomes_a_blog() {
    let app = TestApp::spawn().await;
    let blog = app.scratch().join("blog");
    write_blog(&blog);
    let said = import(&app, &blog, &[]).await;
    assert_said(&said, "5 imported, 0 updated, 0 unchanged, 5 skipped; 1 media file");
    for file in ["_index.md", "README.md", "broken.md", "no-title.md", "latin1.md"] {
        assert_said(&said, &format!("{file}: "));
    }
    let guest = app.guest();
    eventually("the running server shows the import", async || {
        guest.get("/").await.expect(200).text().contains("From YAML").then_some(())
    })
    .await;
    let entry = guest.get("/2019/11/07/Async-await-stable").await.expect(200).text();
    for part in [
        "Async &amp; await",
        "Niko Matsakis",
        "Ada Lovelace",
        "href=\"/chosen-slug\"",
        "href=\"/tags/async\"",
    ] {
        assert!(entry.contains(part), "{part} in {entry}");
    }
    assert!(entry.contains("![not a picture](picture.png)"), "code is left alone");
    for old in ["/2019/11/07/Async-await-stable.html", "/releases/async", "/releases/async/"] {
        assert_eq!(
            guest.get(old).await.expect(301).must_have("location"),
            "/2019/11/07/Async-await-stable",
            "{old}"
        );
    }
    let picture = entry.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let served = guest.get(picture.strip_prefix(&app.url()).unwrap_or(picture)).await.expect(200);
    assert_eq!(served.body, PNG);
    assert_eq!(served.must_have("content-type"), "image/png");
    assert_eq!(served.must_have("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(served.must_have("x-content-type-options"), "nosniff");
    let tagged = guest.get("/api/v1/posts?tag=rust").await.expect(200).items();
    let titles: Vec<&str> = tagged.iter().map(|post| text(post, "title")).collect();
    assert_eq!(titles, ["Async & await", "From YAML"]);
    assert_eq!(tagged[0]["published_at"], "2019-11-07T00:00:00.000Z");
    assert_eq!(tagged[0]["excerpt"], "On this coming Thursday.");
    assert_eq!(tagged[1]["published_at"], "2018-03-04T05:06:07.000Z");
    assert_eq!(tagged[1]["category"]["name"], "Engineering");
    for (slug, date) in [("dated-by-its-name", "2017-01-02"), ("dated-by-its-path", "2016-05-06")] {
        let post = guest.get(&format!("/api/v1/posts/{slug}")).await.expect(200).json();
        assert!(text(&post, "published_at").starts_with(date), "{post:#}");
    }
    guest.get("/api/v1/posts/a-draft").await.problem(404, "not_found");
    let by_author = guest.get("/authors/niko-matsakis").await.expect(200).text();
    assert!(by_author.contains("Async &amp; await"));
}

#[tokio::test]
async fn an_import_can_be_repeated() {
    let app = TestApp::spawn().await;
    let blog = app.scratch().join("blog");
    write_blog(&blog);
    import(&app, &blog, &[]).await;
    assert_said(&import(&app, &blog, &[]).await, "0 imported, 0 updated, 5 unchanged, 5 skipped");
    write(&blog, "yaml.md", YAML_POST.replace("Hello from *YAML*.", "Hello *again*."));
    write(&blog, "new.md", "+++\ntitle = \"New\"\ndate = 2021-01-01\n+++\nNew.\n");
    assert_said(&import(&app, &blog, &[]).await, "1 imported, 1 updated, 4 unchanged, 5 skipped");
    let guest = app.guest();
    let changed = guest.get("/api/v1/posts/chosen-slug").await.expect(200).json();
    assert_eq!(text(&changed, "content").trim(), "Hello *again*.");
    let all = guest.get("/api/v1/posts?limit=100").await.expect(200).items();
    assert_eq!(all.len(), 6, "four of the first import, the new one and the welcome post");
    let authors = guest.get("/api/v1/posts?author=niko-matsakis").await.expect(200).items();
    assert_eq!(authors.len(), 1);
}

#[tokio::test]
async fn a_post_with_a_date_ahead_is_scheduled() {
    let app = TestApp::spawn().await;
    let blog = app.scratch().join("blog");
    write(&blog, "ahead.md", "+++\ntitle = \"Ahead\"\ndate = 2150-01-01\n+++\nNot yet.\n");
    let said = import(&app, &blog, &[]).await;
    assert_said(&said, "1 imported, 0 updated, 0 unchanged, 0 skipped");
    assert_said(&said, "ahead.md: its date lies ahead: scheduled for 2150-01-01T00:00:00.000Z");
    app.guest().get("/ahead").await.expect(404);
    let post = app.editor().await.get("/api/v1/posts/ahead").await.expect(200).json();
    assert_eq!(
        (text(&post, "status"), text(&post, "published_at")),
        ("scheduled", "2150-01-01T00:00:00.000Z")
    );
    assert!(text(&post, "created_at") < "2150", "{post:#}");
    assert_said(&import(&app, &blog, &[]).await, "0 imported, 0 updated, 1 unchanged");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let app = TestApp::spawn().await;
    let blog = app.scratch().join("blog");
    write_blog(&blog);
    let said = import(&app, &blog, &["--dry-run"]).await;
    assert_said(&said, "5 imported, 0 updated, 0 unchanged, 5 skipped");
    let guest = app.guest();
    assert_eq!(guest.get("/api/v1/posts?limit=100").await.expect(200).items().len(), 1, "the welcome post");
    assert!(guest.get("/api/v1/tags").await.expect(200).items().is_empty());
    guest.get("/authors/niko-matsakis").await.expect(404);
    assert_said(&import(&app, &blog, &[]).await, "5 imported, 0 updated, 0 unchanged, 5 skipped");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error() {
    let app = TestApp::spawn().await;
    let failed = program(&app).run(&["import", "markdown", "nowhere"], "").await.failed();
    assert!(failed.stderr.contains("nowhere"), "{}", failed.stderr);
}

#[tokio::test]
async fn a_killed_import_is_completed_by_the_next() {
    const POSTS: usize = 300;
    let app = TestApp::spawn().await;
    let blog = app.scratch().join("blog");
    for number in 0..POSTS {
        let front = format!("title = \"Post {number:03}\"\ndate = 2020-01-01\ntags = [\"t{}\"]", number % 7);
        // Half of them keep a path of their own, the other half are known by their titles alone.
        let path = if number % 2 == 0 { format!("path = \"old/{number:03}\"\n") } else { String::new() };
        write(
            &blog,
            &format!("{number:03}.md"),
            format!("+++\n{path}{front}\n+++\nText of post {number}.\n"),
        );
    }
    let guest = app.guest();
    let words = ["import", "markdown", blog.to_str().unwrap()];
    // Three kills, each after some more posts have come in.
    for share in 1..=3 {
        let mut running = program(&app).start(&words);
        eventually("the import gets on", async || {
            let done = count(&guest).await;
            (done >= share * POSTS / 8 || !running.is_running()).then_some(())
        })
        .await;
        running.kill();
    }
    let broken_off = count(&guest).await;
    let said = program(&app).run(&words, "").await.succeeded();
    assert_said(&said, ", 0 skipped;");
    assert_eq!(count(&guest).await, POSTS, "{broken_off} before the last run:\n{}", said.stdout);
    let mut titles = Vec::new();
    let mut more = String::new();
    loop {
        let answer = guest.get(&format!("/api/v1/posts?limit=100{more}")).await.expect(200);
        titles.extend(answer.items().iter().map(|post| text(post, "title").to_owned()));
        match answer.json()["next_cursor"].as_str() {
            Some(next) => more = format!("&cursor={next}"),
            None => break,
        }
    }
    titles.retain(|title| title.starts_with("Post "));
    titles.sort_unstable();
    let expected: Vec<String> = (0..POSTS).map(|number| format!("Post {number:03}")).collect();
    assert_eq!(titles, expected, "each post once");
    assert_said(
        &program(&app).run(&words, "").await.succeeded(),
        &format!("0 imported, 0 updated, {POSTS} unchanged"),
    );
    let tags = guest.get("/api/v1/tags").await.expect(200).items();
    assert_eq!(tags.len(), 7, "{:?}", tags.iter().map(id).collect::<Vec<_>>());
}

/// How many imported posts the site lists.
async fn count(guest: &fleuron_tests::Actor) -> usize {
    let mut count = 0;
    for tag in 0..7 {
        // Fewer than a hundred each, so one page holds them.
        let path = format!("/api/v1/posts?limit=100&tag=t{tag}");
        count += guest.get(&path).await.expect(200).items().len();
    }
    count
}
