//! The plugin that gives long posts a list of their headings: off until it is wanted, and every entry leads somewhere.

use fleuron_tests::{TestApp, both, post};
use reqwest::Method;
use serde_json::{Value, json};

use super::assert_no_faults;

const ID: &str = "org.fleuron.table-of-contents";
const LIST: &str = "<section class=\"table-of-contents\"";
const SECTIONS: &str = "## One\n\nText.\n\n### Deeper *still*\n\nText.\n\n## Two `code`\n\nText.\n";

fn about(what: &str) -> String {
    format!("/api/v1/admin/plugins/{ID}{what}")
}

/// Turns it on or off.
async fn turn(app: &TestApp, what: &str) {
    let administrator = app.administrator().await;
    let request = administrator.request(Method::POST, &about(&format!("/{what}")));
    administrator.send(request).await.expect(200);
}

async fn set(app: &TestApp, values: &Value) {
    let administrator = app.administrator().await;
    let request = administrator.request(Method::PUT, &about("/settings")).json(&json!({ "values": values }));
    administrator.send(request).await.expect(200);
}

/// Publishes a post of this slug.
async fn publish(app: &TestApp, slug: &str, content: &str) {
    post(slug).slug(slug).content(content).published().create(&app.author().await).await;
}

async fn page(app: &TestApp, slug: &str) -> String {
    app.guest().get(&format!("/{slug}")).await.expect(200).text()
}

/// What stands between the first `start` and the `end` after it, both included.
#[track_caller]
fn part<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    let length = text[from..].find(end).unwrap_or_else(|| panic!("no {end} in {text}"));
    &text[from..from + length + end.len()]
}

both! {
    async fn it_is_off_until_it_is_wanted(app: TestApp) {
        publish(&app, "long", &format!("In short.\n\n{SECTIONS}")).await;
        assert!(!page(&app, "long").await.contains(LIST));
        let shown = app.administrator().await.get(&about("")).await.expect(200).json();
        assert_eq!((&shown["state"], &shown["origin"]), (&json!("disabled"), &json!("bundled")));
        turn(&app, "enable").await;
        let shown = page(&app, "long").await;
        let expected = "<p>In short.</p>\n\
            <section class=\"table-of-contents\" aria-label=\"Contents\">\n\
            <p class=\"table-of-contents-title\">Contents</p>\n\
            <ul>\n<li><a href=\"#one\">One</a>\n<ul>\n<li><a href=\"#deeper-still\">Deeper <em>still</em></a></li>\n</ul>\n</li>\n\
            <li><a href=\"#two-code\">Two <code>code</code></a></li>\n</ul>\n</section>\n\
            <h2 id=\"one\">";
        assert!(shown.contains(expected), "{shown}");
        turn(&app, "disable").await;
        assert!(!page(&app, "long").await.contains(LIST));
        assert_no_faults(&app);
    }

    async fn every_entry_leads_to_a_heading(app: TestApp) {
        turn(&app, "enable").await;
        let content = "Lead.\n\n## Same\n\n## Same\n\n<h2>Raw &amp; bare</h2>\n\n<h2 id=\"main\">Reserved</h2>\n\n\
            <h2 id=\"same\">Taken</h2>\n\n## \u{dc}ber *uns* [^1] \u{1f389}\n\n> ## Quoted\n\n```\n## Code\n```\n\n[^1]: Note.\n";
        publish(&app, "odd", content).await;
        let shown = page(&app, "odd").await;
        let list = part(&shown, LIST, "</section>");
        let targets: Vec<&str> = list.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
        assert_eq!(targets.len(), 6, "{list}");
        for target in targets {
            assert_eq!(shown.matches(&format!("id=\"{target}\"")).count(), 1, "{target}: {shown}");
        }
        assert!(!list.contains("Quoted") && !list.contains("Code") && !list.contains("footnote"), "{list}");
    }

    async fn authors_say_where_it_goes(app: TestApp) {
        turn(&app, "enable").await;
        publish(&app, "marked", "In short.\n\n## Only\n\nText.\n\n[toc]\n\nEnd.\n").await;
        let marked = page(&app, "marked").await;
        assert!(marked.contains("<p>Text.</p>\n<section class=\"table-of-contents\"") && !marked.contains("[toc]"), "{marked}");
        publish(&app, "without", &format!("In short.\n\n{SECTIONS}\n[no-toc]\n")).await;
        let without = page(&app, "without").await;
        assert!(!without.contains(LIST) && !without.contains("[no-toc]"), "{without}");
        publish(&app, "short", "In short.\n\n## One\n\n## Two\n").await;
        assert!(!page(&app, "short").await.contains(LIST));
    }

    async fn administrators_say_how_much(app: TestApp) {
        turn(&app, "enable").await;
        publish(&app, "long", &format!("In short.\n\n{SECTIONS}")).await;
        set(&app, &json!({ "depth": 2 })).await;
        assert!(!page(&app, "long").await.contains(LIST), "two headings are too few");
        set(&app, &json!({ "minimum": 2, "title": "In <this> post" })).await;
        let shown = page(&app, "long").await;
        let list = part(&shown, LIST, "</section>");
        assert!(list.contains("aria-label=\"In &lt;this&gt; post\"") && !list.contains("Deeper"), "{list}");
    }

    async fn the_reading_time_stands_before_it(app: TestApp) {
        turn(&app, "enable").await;
        publish(&app, "long", &format!("In short.\n\n{SECTIONS}\n{}", "word ".repeat(450))).await;
        let shown = page(&app, "long").await;
        let start = part(&shown, "<p class=\"reading-time\">", LIST);
        assert!(start.contains("<p>In short.</p>"), "{start}");
    }
}
