//! The bundled plugin that lists posts on the same subject: off until it is turned on.

use std::sync::atomic::{AtomicU32, Ordering};

use fleuron_tests::{Actor, NewPost, TestApp, both, eventually, id, page, post, text};
use serde_json::{Value, json};

use super::{assert_no_faults, eventually_logged, log_of, status_of};

const ID: &str = "org.fleuron.related-posts";

const SAILING: &str = "The boat left the harbour with a reef in the sails. The wind stood against the tide, and the waves off \
                       the cape were steep. In the evening the anchor was dropped in a bay, and the helmsman slept.";
const BAKING: &str = "Flour, water and salt make a dough, and a starter makes it rise. Fold the dough every half hour, let the \
                      loaf rest in the cold over night and bake it in a hot oven until the crust is brown.";

async fn enable(app: &TestApp) {
    app.administrator().await.plugin_step(ID, "enable").await.expect(200);
    eventually("it runs", async || status_of(app, ID).map(drop)).await;
}

/// A published post that says so much about a subject, long enough for a list.
fn about(title: &str, subject: &str) -> NewPost {
    post(title).content(&format!("{subject}\n\n{subject}")).published()
}

/// What stands in a page's list; nothing where it has none.
async fn list(app: &TestApp, path: &str) -> Option<String> {
    let shown = app.guest().get(path).await.expect(200).text();
    let (_, rest) = shown.split_once("<section class=\"related-posts\">")?;
    Some(rest.split("</section>").next().unwrap_or_default().to_owned())
}

/// Edits a post, so that its page is rendered anew. Numbers are no words, so it stays about the same.
async fn touch(author: &Actor, post: &Value) {
    static EDITS: AtomicU32 = AtomicU32::new(0);
    let content = format!("{}\n\n{}", text(post, "content"), EDITS.fetch_add(1, Ordering::Relaxed));
    author.patch(&format!("/api/v1/posts/{}", id(post)), &json!({ "content": content })).await.expect(200);
}

fn assert_nothing_refused(app: &TestApp) {
    let log = log_of(app, ID);
    assert!(!log.iter().any(|line| line.contains("db-")), "{log:#?}");
    assert_no_faults(app);
}

both! {
    async fn posts_from_before_it_was_turned_on_are_listed(app: TestApp) {
        let author = app.author().await;
        about("Round the cape", SAILING).create(&author).await;
        about("Reefs & <anchors>", SAILING).slug("reefs").create(&author).await;
        about("A loaf", BAKING).create(&author).await;
        assert!(status_of(&app, ID).is_none());
        assert_eq!(list(&app, "/round-the-cape").await, None);
        enable(&app).await;
        let shown = list(&app, "/round-the-cape").await.expect("a list, at the first render");
        assert!(shown.contains("<h2>Related posts</h2>"), "{shown}");
        assert!(shown.contains("<a href=\"/reefs\">Reefs &amp; &lt;anchors&gt;</a>"), "{shown}");
        assert!(!shown.contains("/a-loaf") && !shown.contains("/round-the-cape"), "{shown}");
        assert_eq!(list(&app, "/a-loaf").await, None, "nothing in common");
        eventually_logged(&app, ID, "the index is complete").await;
        assert_nothing_refused(&app);
    }

    async fn the_list_follows_what_happens_to_posts(app: TestApp) {
        enable(&app).await;
        let author = app.author().await;
        let first = about("First", SAILING).create(&author).await;
        assert_eq!(list(&app, "/first").await, None);
        let second = about("Second", SAILING).create(&author).await;
        let shown = list(&app, "/second").await.expect("a list, before the site has told of the post");
        assert!(shown.contains("/first"), "{shown}");
        assert_eq!(list(&app, "/first").await, None, "a render is kept");
        touch(&author, &first).await;
        assert!(list(&app, "/first").await.expect("a list").contains("/second"));
        let path = format!("/api/v1/posts/{}", id(&second));
        author.patch(&path, &json!({ "status": "draft" })).await.expect(200);
        touch(&author, &first).await;
        assert_eq!(list(&app, "/first").await, None, "drafts are not listed");
        let other = json!({ "status": "published", "content": format!("{BAKING}\n\n{BAKING}") });
        author.patch(&path, &other).await.expect(200);
        let loaf = about("A loaf", BAKING).create(&author).await;
        eventually("the site has told that it is about something else", async || {
            touch(&author, &loaf).await;
            list(&app, "/a-loaf").await.filter(|shown| shown.contains("/second"))
        })
        .await;
        author.delete(&format!("{path}?permanent=true")).await.expect(204);
        about("Another loaf", BAKING).create(&author).await;
        let shown = list(&app, "/another-loaf").await.expect("a list");
        assert!(shown.contains("/a-loaf") && !shown.contains("/second"), "{shown}");
        assert_nothing_refused(&app);
    }

    async fn pages_and_short_posts_have_no_list(app: TestApp) {
        let editor = app.editor().await;
        about("Sailing", SAILING).create(&editor).await;
        page("Standing").content(&format!("{SAILING}\n\n{SAILING}")).published().create(&editor).await;
        post("Short").content("The boat left the harbour with a reef in the sails.").published().create(&editor).await;
        enable(&app).await;
        assert_eq!(list(&app, "/standing").await, None);
        assert_eq!(list(&app, "/short").await, None);
        about("Anchors", SAILING).create(&editor).await;
        let shown = list(&app, "/anchors").await.expect("a list");
        assert!(shown.contains("/sailing") && !shown.contains("/standing"), "{shown}");
    }

    async fn settings_say_how_many_and_what_stands_above(app: TestApp) {
        let (author, administrator) = (app.author().await, app.administrator().await);
        for title in ["One", "Two", "Three", "Four", "Five"] {
            about(title, SAILING).create(&author).await;
        }
        enable(&app).await;
        let links = async || list(&app, "/five").await.map(|shown| shown.matches("<li>").count());
        assert_eq!(links().await, Some(3));
        let path = format!("/api/v1/admin/plugins/{ID}/settings");
        let put = async |values: Value| {
            let request = administrator.request(reqwest::Method::PUT, &path).json(&json!({ "values": values }));
            administrator.send(request).await.expect(200);
        };
        put(json!({ "count": 4, "title": "Mehr & mehr" })).await;
        assert_eq!(links().await, Some(4));
        assert!(list(&app, "/five").await.unwrap().contains("<h2>Mehr &amp; mehr</h2>"));
        put(json!({ "minimum_words": 10_000 })).await;
        assert_eq!(links().await, None);
    }

    async fn tags_bring_posts_closer(app: TestApp) {
        let editor = app.editor().await;
        let tag = editor.post("/api/v1/tags", &json!({ "name": "Weekend" })).await.expect(201).json();
        about("A loaf", BAKING).tags(&[id(&tag)]).create(&editor).await;
        for number in 0..4 {
            about(&format!("Other {number}"), &format!("Word{number} and nothing else but number{number}. ").repeat(8))
                .create(&editor)
                .await;
        }
        about("Round the cape", SAILING).create(&editor).await;
        about("A sailing weekend", SAILING).tags(&[id(&tag)]).create(&editor).await;
        enable(&app).await;
        let shown = list(&app, "/a-sailing-weekend").await.expect("a list");
        assert!(shown.contains("/round-the-cape") && shown.contains("/a-loaf"), "{shown}");
        assert_nothing_refused(&app);
    }
}

#[tokio::test]
async fn turned_off_it_leaves_no_trace_on_pages() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    about("One", SAILING).create(&author).await;
    about("Two", SAILING).create(&author).await;
    enable(&app).await;
    assert!(list(&app, "/one").await.is_some());
    let administrator = app.administrator().await;
    let path = format!("/api/v1/admin/plugins/{ID}/disable");
    administrator.send(administrator.request(reqwest::Method::POST, &path)).await.expect(200);
    eventually("it is gone", async || status_of(&app, ID).is_none().then_some(())).await;
    assert_eq!(list(&app, "/one").await, None);
}
