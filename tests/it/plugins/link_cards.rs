//! The plugin that shows bare links as cards: off until it is wanted, sparing with requests, and harmless whatever the linked
//! pages say.

use fleuron_tests::{Actor, Answer, TestApp, both, id, post};
use reqwest::Method;
use serde_json::{Value, json};

use super::http::loopback::Loopback;
use super::{assert_no_faults, eventually_logged, log_of};

const ID: &str = "org.fleuron.link-cards";
const CARD: &str = "<blockquote class=\"link-card\">";

/// Turns it on or off.
async fn turn(app: &TestApp, what: &str) -> Answer {
    let administrator = app.administrator().await;
    administrator.send(administrator.request(Method::POST, &about(&format!("/{what}")))).await
}

fn about(what: &str) -> String {
    format!("/api/v1/admin/plugins/{ID}{what}")
}

async fn set(app: &TestApp, values: &Value) {
    let administrator = app.administrator().await;
    let request = administrator.request(Method::PUT, &about("/settings")).json(&json!({ "values": values }));
    administrator.send(request).await.expect(200);
}

/// A site whose operator lets it reach this server, with the plugin on.
async fn site(server: &Loopback) -> TestApp {
    let app = TestApp::builder().egress_allow(&server.address.to_string()).spawn().await;
    turn(&app, "enable").await.expect(200);
    app
}

/// A published post with these links, each in a paragraph of its own.
async fn publish(author: &Actor, title: &str, links: &[String]) -> Value {
    let content: String = links.iter().map(|link| format!("<{link}>\n\n")).collect();
    post(title).content(&content).published().create(author).await
}

async fn page(app: &TestApp, path: &str) -> String {
    app.guest().get(path).await.expect(200).text()
}

/// How often the server was asked for this path.
fn asked(server: &Loopback, path: &str) -> usize {
    let line = format!("GET {path} ");
    server.requests().iter().filter(|request| request.starts_with(&line)).count()
}

both! {
    async fn it_is_off_until_it_is_wanted(app: TestApp) {
        let author = app.author().await;
        publish(&author, "Linked", &["http://127.0.0.1:9/".to_owned()]).await;
        assert!(!page(&app, "/linked").await.contains(CARD));
        assert_eq!(log_of(&app, ID), Vec::<String>::new(), "it was not even asked");
        let shown = app.administrator().await.get(&about("")).await.expect(200).json();
        assert_eq!((&shown["state"], &shown["origin"]), (&json!("disabled"), &json!("bundled")));
        turn(&app, "enable").await.expect(200);
        let shown = app.administrator().await.get(&about("")).await.expect(200).json();
        assert_eq!(shown["state"], "active");
        assert_no_faults(&app);
    }

    async fn a_link_into_the_server_s_own_network_stays_a_link(app: TestApp) {
        let server = Loopback::start().await;
        turn(&app, "enable").await.expect(200);
        publish(&app.author().await, "Inward", &[server.url("/titled?1")]).await;
        let shown = page(&app, "/inward").await;
        assert!(!shown.contains(CARD) && shown.contains(&server.url("/titled?1")), "{shown}");
        eventually_logged(&app, ID, "not a public address").await;
        assert_eq!(server.requests(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_bare_link_becomes_a_card_and_its_page_is_asked_for_once() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    let author = app.author().await;
    let link = server.url("/titled?1");
    publish(&author, "First", std::slice::from_ref(&link)).await;
    let card = format!(
        "{CARD}\n<p class=\"link-card-title\"><a href=\"{link}\">Page 1</a></p>\n\
         <p class=\"link-card-site\">127.0.0.1</p>\n</blockquote>"
    );
    let shown = page(&app, "/first").await;
    assert!(shown.contains(&card), "{shown}");
    // Another post, and the same one in another version.
    post("Second")
        .content(&format!("Words.\n\n{link}\n\n[A page]({link})"))
        .published()
        .create(&author)
        .await;
    let second = page(&app, "/second").await;
    assert!(second.contains(&card) && second.contains(&format!("<a href=\"{link}\">A page</a>")), "{second}");
    let app = app.restart().await;
    assert!(page(&app, "/first").await.contains(&card), "the cache outlives the server");
    assert_eq!(asked(&server, "/titled?1"), 1);
    turn(&app, "disable").await.expect(200);
    let shown = page(&app, "/first").await;
    assert!(!shown.contains(CARD) && shown.contains(&format!(">{link}</a>")), "{shown}");
    assert_no_faults(&app);
}

#[tokio::test]
async fn a_render_asks_for_as_many_pages_as_it_may() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    let links: Vec<String> = (1..=5).map(|number| server.url(&format!("/titled?{number}"))).collect();
    publish(&app.author().await, "Many", &links).await;
    assert_eq!(page(&app, "/many").await.matches(CARD).count(), 3);
    assert_eq!(server.requests().len(), 3);
    // A post is rendered anew when settings change.
    set(&app, &json!({ "requests": 1 })).await;
    assert_eq!(page(&app, "/many").await.matches(CARD).count(), 4);
    set(&app, &json!({ "requests": 0 })).await;
    assert_eq!(page(&app, "/many").await.matches(CARD).count(), 4);
    set(&app, &json!({ "requests": null })).await;
    assert_eq!(page(&app, "/many").await.matches(CARD).count(), 5);
    assert_eq!(server.requests().len(), 5);
    set(&app, &json!({ "never_hosts": "127.0.0.1" })).await;
    assert_eq!(page(&app, "/many").await.matches(CARD).count(), 0);
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn what_gives_no_card_stays_a_link_and_is_left_alone() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    set(&app, &json!({ "requests": 10 })).await;
    let author = app.author().await;
    let paths = ["/missing", "/broken", "/latin", "/plain", "/huge", "/hang-up", "/titled?1"];
    let created = publish(&author, "Mixed", &paths.map(|path| server.url(path))).await;
    let shown = page(&app, "/mixed").await;
    assert_eq!(shown.matches(CARD).count(), 1, "{shown}");
    for path in &paths[..6] {
        let link = server.url(path);
        assert!(shown.contains(&format!("<p><a href=\"{link}\">{link}</a></p>")), "{path}: {shown}");
    }
    let change = json!({ "title": "Mixed again" });
    author.patch(&format!("/api/v1/posts/{}", id(&created)), &change).await.expect(200);
    assert_eq!(page(&app, "/mixed").await.matches(CARD).count(), 1);
    for path in paths {
        assert_eq!(asked(&server, path), 1, "{path}");
    }
    eventually_logged(&app, ID, "has no title; the link stays a link").await;
    eventually_logged(&app, ID, "answered 404").await;
    assert_no_faults(&app);
}

#[tokio::test]
async fn a_page_puts_nothing_but_words_on_the_site() {
    let server = Loopback::start().await;
    let app = site(&server).await;
    publish(&app.author().await, "Harmed", &[server.url("/harmful")]).await;
    let shown = page(&app, "/harmed").await;
    let start = shown.find(CARD).unwrap_or_else(|| panic!("no card: {shown}"));
    let card = &shown[start..start + shown[start..].find("</blockquote>").unwrap_or_default()];
    for words in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;img src=x onerror=alert(3)&gt;&amp;lt;b&amp;gt;",
        "&lt;/p&gt;&lt;/blockquote&gt;&lt;iframe&gt;",
    ] {
        assert!(card.contains(words), "{words}: {card}");
    }
    assert_eq!(
        card.matches('<').count(),
        1 + 4 + 2 + 2,
        "a quotation, a title with its link, a text, a site: {card}"
    );
}
