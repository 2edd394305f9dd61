//! What readers' programs and search engines fetch.

use fleuron_tests::{TestApp, both, id, post};
use serde_json::json;

/// Fails unless the text is well-formed XML, as far as a few lines can tell: elements nest, attributes are quoted, every
/// ampersand begins a reference, and no control character is in it.
#[track_caller]
fn assert_well_formed(xml: &str) {
    let control = xml.chars().find(|character| character.is_control() && !"\n\r\t".contains(*character));
    assert_eq!(control, None, "a control character");
    let mut open = Vec::new();
    let mut rest = xml.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).expect("a declaration").1;
    while let Some((text, markup)) = rest.split_once('<') {
        assert_references(text);
        let (tag, after) = markup.split_once('>').unwrap_or_else(|| panic!("no end of <{markup:.60}"));
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.trim()), "</{name}> closes something else");
            continue;
        }
        let (tag, is_empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        assert!(name.chars().next().is_some_and(char::is_alphabetic), "<{tag}> is no element");
        assert_eq!(attributes.matches('"').count() % 2, 0, "<{tag}>");
        assert_eq!(attributes.matches("=\"").count() * 2, attributes.matches('"').count(), "<{tag}>");
        assert_references(attributes);
        if !is_empty {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "left open: {open:?}");
}

#[track_caller]
fn assert_references(text: &str) {
    for part in text.split('&').skip(1) {
        let name = part.split(';').next().unwrap_or_default();
        let known = ["amp", "lt", "gt", "quot", "apos"].contains(&name) || name.starts_with('#');
        assert!(known && part.contains(';'), "&{part:.20} is no reference");
    }
}

/// The texts of all elements of this name.
fn texts<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str()).skip(1).filter_map(|rest| rest.split(close.as_str()).next()).collect()
}

both! {
    async fn the_feed_is_good_atom(app: TestApp) {
        let author = app.author().await;
        let title = "Tom & <Jerry> \"quoted\" 'too'";
        let content = "[a](/about) ![b](/media/b.png) <https://example.com/?a=1&b=2> & \u{1} *é* ]]> &nbsp;";
        post(title).content(content).published().create(&author).await;
        post("A draft").create(&author).await;
        let answer = app.guest().get("/feed.xml").await.expect(200);
        assert!(answer.must_have("content-type").starts_with("application/atom+xml"));
        let feed = answer.text();
        assert_well_formed(&feed);
        assert!(feed.contains("<feed xmlns=\"http://www.w3.org/2005/Atom\""));
        assert_eq!(feed.matches("<entry>").count(), 2, "the new post and the welcome post");
        assert!(feed.contains("Tom &amp; &lt;Jerry&gt;") && !feed.contains("A draft"));
        for part in ["rel=\"self\"", "<id>urn:uuid:", "<updated>", "<published>", "<author>", "<name>The author</name>"] {
            assert!(feed.contains(part), "{part}");
        }
        let url = app.url();
        assert!(feed.contains(&format!("{url}/feed.xml")) && feed.contains(&format!("{url}/media/b.png")), "{feed}");
        for relative in ["href=&quot;/", "src=&quot;/", "href=\"/", "src=\"/"] {
            assert!(!feed.contains(relative), "addresses in a feed are absolute: {feed}");
        }
    }

    async fn the_feed_has_the_twenty_newest(app: TestApp) {
        let author = app.author().await;
        for number in 1..=22 {
            post(&format!("Number {number:02}")).published().create(&author).await;
        }
        let feed = app.guest().get("/feed.xml").await.expect(200).text();
        assert_eq!(feed.matches("<entry>").count(), 20);
        assert!(feed.contains("Number 22") && feed.contains("Number 03") && !feed.contains("Number 02"));
        let ids = texts(&feed, "id");
        assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), 21, "the feed's and the entries'");
    }

    async fn the_sitemap_lists_what_is_public(app: TestApp) {
        let editor = app.editor().await;
        let used = editor.post("/api/v1/tags", &json!({ "name": "Used" })).await.expect(201).json();
        editor.post("/api/v1/tags", &json!({ "name": "Unused" })).await.expect(201);
        post("Über alles").tags(&[id(&used)]).published().create(&editor).await;
        post("Secret").create(&editor).await;
        let answer = app.guest().get("/sitemap.xml").await.expect(200);
        assert!(answer.must_have("content-type").starts_with("application/xml"));
        let sitemap = answer.text();
        assert_well_formed(&sitemap);
        let locations = texts(&sitemap, "loc");
        let author = format!("/authors/{}", editor.account().username);
        for path in ["/", "/about", "/welcome-to-fleuron", "/%C3%BCber-alles", "/tags/used", &author] {
            let url = format!("{}{path}", app.url());
            assert_eq!(locations.iter().filter(|location| **location == url).count(), 1, "{path} in {locations:?}");
        }
        assert!(!sitemap.contains("secret") && !sitemap.contains("/tags/unused") && !sitemap.contains("/setup"));
        for location in locations {
            let path = location.strip_prefix(&app.url()).unwrap();
            app.guest().get(path).await.expect(200);
        }
    }
}

#[tokio::test]
async fn the_sitemap_is_never_out_of_date() {
    let app = TestApp::spawn().await;
    let (editor, guest) = (app.editor().await, app.guest());
    let tag = editor.post("/api/v1/tags", &json!({ "name": "Before" })).await.expect(201).json();
    let has = async |path: &str| {
        let sitemap = guest.get("/sitemap.xml").await.expect(200).text();
        sitemap.contains(&format!("<loc>{}{path}</loc>", app.url()))
    };
    assert!(!has("/new").await && !has("/tags/before").await);
    post("New").tags(&[id(&tag)]).published().create(&editor).await;
    assert!(has("/new").await && has("/tags/before").await);
    editor.patch(&format!("/api/v1/tags/{}", id(&tag)), &json!({ "slug": "after" })).await.expect(200);
    assert!(has("/tags/after").await && !has("/tags/before").await);
    for part in ["0", "2", "x"] {
        guest.get(&format!("/sitemap.xml?part={part}")).await.expect(404);
    }
}

#[tokio::test]
async fn robots_are_told_where_to_go() {
    let app = TestApp::spawn().await;
    let answer = app.guest().get("/robots.txt").await.expect(200);
    assert!(answer.must_have("content-type").starts_with("text/plain"));
    let rules = answer.text();
    for line in ["User-agent: *", "Disallow: /api/", &format!("Sitemap: {}/sitemap.xml", app.url())] {
        assert!(rules.lines().any(|found| found.eq_ignore_ascii_case(line)), "{line} in {rules}");
    }
}
