//! The bundled plugin that counts: off until it is turned on, and right about what it counted.

use std::fs;

use fleuron_tests::{Actor, TestApp, both, eventually, id, page, post, text, write_migrations};
use serde_json::{Value, json};

use super::{assert_no_faults, log_of, status_of};

const ID: &str = "org.fleuron.post-stats";
const TABLES: &str = include_str!("../../../extensions/plugins/post-stats/migrations/0001_counts.sql");

async fn enable(app: &TestApp) {
    app.administrator().await.plugin_step(ID, "enable").await.expect(200);
    eventually("it runs", async || status_of(app, ID).map(drop)).await;
}

/// Turns the plugin on, with readings every second instead of every hour, and waits for the first.
async fn count_every_second(app: &TestApp) {
    let all = fleuron::plugins::bundled::all();
    let bundled = all.iter().find(|plugin| plugin.name == "post-stats").unwrap();
    let manifest = bundled.manifest.replacen("59 * * * *", "* * * * * *", 1);
    assert_ne!(manifest, bundled.manifest);
    write_migrations(app.extensions(), "post-stats", &[("0001_counts.sql".to_owned(), TABLES.to_owned())]);
    app.install("post-stats", &manifest, bundled.wasm).await;
    enable(app).await;
    digest(app, "the first reading", |_| true).await;
}

fn read_digest(app: &TestApp) -> Option<Value> {
    let file = app.data().join("plugin-files").join(ID).join("stats.json");
    serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
}

/// The digest, once it says what is waited for.
async fn digest(app: &TestApp, what: &str, mut says: impl FnMut(&Value) -> bool) -> Value {
    eventually(what, async || read_digest(app).filter(|digest| says(digest))).await
}

/// The digest of a reading that began after now.
async fn next_digest(app: &TestApp) -> Value {
    let before = read_digest(app);
    let first = digest(app, "another digest", |digest| Some(digest) != before.as_ref()).await;
    digest(app, "a digest after that", |digest| digest["as_of"] != first["as_of"]).await
}

/// Looks at a page so often, and lets the site write down that it was viewed.
async fn view(app: &TestApp, path: &str, times: u32) {
    for _ in 0..times {
        app.guest().get(path).await.expect(200);
    }
    app.within(|services| async move { services.views.flush(&services.database).await.unwrap() }).await;
}

fn total<'a>(digest: &'a Value, what: &str) -> &'a Value {
    &digest["totals"]["all_time"][what]
}

/// A published post that the plugin has heard of.
async fn known_post(app: &TestApp, author: &Actor, title: &str) -> Value {
    let before = read_digest(app).map_or(0, |digest| total(&digest, "posts_created").as_i64().unwrap());
    let created = post(title).published().create(author).await;
    digest(app, "the post is counted", |digest| *total(digest, "posts_created") == before + 1).await;
    created
}

both! {
    async fn it_is_off_until_it_is_turned_on(app: TestApp) {
        let editor = app.editor().await;
        page("Most read").content("Above.\n\n[popular-posts]\n\nBelow.").published().create(&editor).await;
        assert!(status_of(&app, ID).is_none());
        assert!(app.guest().get("/most-read").await.expect(200).text().contains("[popular-posts]"));
        enable(&app).await;
        let shown = app.guest().get("/most-read").await.expect(200).text();
        assert!(!shown.contains("popular-posts") && shown.contains("Above.") && shown.contains("Below."), "{shown}");
        assert_no_faults(&app);
    }

    async fn views_and_comments_are_counted_once(app: TestApp) {
        count_every_second(&app).await;
        let author = app.author().await;
        let created = known_post(&app, &author, "Read me").await;
        view(&app, "/read-me", 3).await;
        let comments = format!("/api/v1/posts/{}/comments", id(&created));
        let words = json!({ "content": "First.", "nickname": "Ada", "email": "ada@example.com" });
        app.guest().post(&comments, &words).await.expect(201);
        let counted = |digest: &Value| *total(digest, "views") == 3 && *total(digest, "comments") == 1;
        digest(&app, "three views and a comment", counted).await;
        view(&app, "/read-me", 2).await;
        digest(&app, "two more views", |digest| *total(digest, "views") == 5).await;
        let later = next_digest(&app).await;
        let first = &later["top_posts"]["last_7_days"][0];
        let link = (text(first, "id"), text(first, "title"), text(first, "path"));
        assert_eq!(link, (id(&created), "Read me", "/read-me"));
        assert_eq!((&first["views"], &first["comments"]), (&json!(5), &json!(1)));
        for window in ["last_7_days", "last_30_days", "last_365_days", "all_time"] {
            let expected = json!({ "views": 5, "comments": 1, "posts_created": 1, "posts_deleted": 0 });
            assert_eq!(later["totals"][window], expected, "{window}");
        }
        let table = fs::read_to_string(app.data().join("plugin-files").join(ID).join("stats.csv")).unwrap();
        assert!(table.contains("\"/read-me\",\"Read me\",5,5,5,1"), "{table}");
        let log = log_of(&app, ID);
        assert!(!log.iter().any(|line| line.contains("db-")), "nothing is refused: {log:#?}");
    }

    async fn counting_begins_when_it_is_turned_on(app: TestApp) {
        let author = app.author().await;
        post("Old").published().create(&author).await;
        view(&app, "/old", 4).await;
        count_every_second(&app).await;
        view(&app, "/old", 1).await;
        let counted = digest(&app, "the view since then", |digest| *total(digest, "views") != 0).await;
        assert_eq!((total(&counted, "views"), total(&counted, "posts_created")), (&json!(1), &json!(0)));
    }

    async fn a_page_lists_the_most_viewed_posts(app: TestApp) {
        count_every_second(&app).await;
        let (author, editor) = (app.author().await, app.editor().await);
        for (title, views) in [("Second <b>", 1), ("First & best", 2), ("Hidden", 3)] {
            let created = known_post(&app, &author, title).await;
            view(&app, &format!("/{}", text(&created, "slug")), views).await;
            if title == "Hidden" {
                let path = format!("/api/v1/posts/{}", id(&created));
                digest(&app, "its views", |digest| *total(digest, "views") == 6).await;
                author.patch(&path, &json!({ "status": "draft" })).await.expect(200);
            }
        }
        page("All").content("[popular-posts]").published().create(&editor).await;
        page("One").content("[popular-posts 1]").published().create(&editor).await;
        let all = app.guest().get("/all").await.expect(200).text();
        let places = ["<ol class=\"popular-posts\">", ">First &amp; best</a>", ">Second &lt;b&gt;</a>", "</ol>"];
        let places = places.map(|part| all.find(part).unwrap_or_else(|| panic!("no {part} in {all}")));
        assert!(places.is_sorted(), "{all}");
        assert!(!all.contains("Hidden"), "{all}");
        let one = app.guest().get("/one").await.expect(200).text();
        let list = one.split("<ol class=\"popular-posts\">").nth(1).and_then(|rest| rest.split("</ol>").next()).unwrap();
        assert!(list.contains("First") && !list.contains("Second"), "{list}");
    }

    async fn counts_outlive_the_post_and_the_server(app: TestApp) {
        count_every_second(&app).await;
        let author = app.author().await;
        let created = known_post(&app, &author, "Gone").await;
        view(&app, "/gone", 2).await;
        digest(&app, "its views", |digest| *total(digest, "views") == 2).await;
        author.delete(&format!("/api/v1/posts/{}?permanent=true", id(&created))).await.expect(204);
        digest(&app, "it is gone", |digest| *total(digest, "posts_deleted") == 1).await;
        let app = app.restart().await;
        let later = next_digest(&app).await;
        assert_eq!((total(&later, "views"), total(&later, "posts_created")), (&json!(2), &json!(1)));
        assert_eq!(later["top_posts"]["last_30_days"], json!([]));
        assert_no_faults(&app);
    }
}
