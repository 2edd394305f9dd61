//! The pages that readers see.

use fleuron_tests::{Actor, TestApp, both, id, page, post};
use reqwest::Method;
use serde_json::json;

/// The values of an attribute on all elements of a name, found by plain text search: the pages are our own.
fn attributes<'a>(html: &'a str, element: &str, attribute: &str) -> Vec<&'a str> {
    let (open, name) = (format!("<{element} "), format!(" {attribute}=\""));
    let elements = html.split(open.as_str()).skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    elements.filter_map(|element| element.split_once(name.as_str())?.1.split('"').next()).collect()
}

/// No script, and nothing that a browser fetches, comes from elsewhere.
#[track_caller]
fn assert_fenced_in(html: &str, site: &str) {
    assert!(!html.contains("<script") && !html.contains("javascript:"), "{html}");
    let fetched = ["link", "img", "source", "iframe", "video", "audio"].iter().flat_map(|element| {
        let mut addresses = attributes(html, element, "href");
        addresses.extend(attributes(html, element, "src"));
        addresses
    });
    for address in fetched {
        let own = (address.starts_with('/') && !address.starts_with("//")) || address.starts_with(site);
        assert!(own, "{address} is fetched from elsewhere");
    }
}

/// A page that must be there.
async fn html(guest: &Actor, path: &str) -> String {
    let answer = guest.get(path).await.expect(200);
    assert_eq!(answer.must_have("content-type"), "text/html; charset=utf-8", "{path}");
    answer.text()
}

both! {
    async fn a_new_site_has_something_to_show(app: TestApp) {
        let guest = app.guest();
        let home = html(&guest, "/").await;
        assert!(home.contains("Welcome to Fleuron") && home.contains("href=\"/welcome-to-fleuron\""));
        assert!(home.contains("href=\"/about\""), "the page stands in the navigation");
        let welcome = html(&guest, "/welcome-to-fleuron").await;
        for part in ["<table", "type=\"checkbox\"", "hl-", "footnote", "<blockquote", "<textarea", "href=\"#what-you-have\""] {
            assert!(welcome.contains(part), "{part}");
        }
        let about = html(&guest, "/about").await;
        assert!(about.contains("aria-current=\"page\"") && !about.contains("<textarea"));
        for (path, text) in [("/", home), ("/welcome-to-fleuron", welcome), ("/about", about)] {
            assert_fenced_in(&text, &app.url());
            assert_eq!(text.matches("<h1").count(), 1, "{path}: one first heading");
            assert!(text.contains("<html lang=\"en\"") && text.contains("class=\"skip\""), "{path}");
            let canonical = attributes(&text, "link", "href").into_iter().any(|link| link == format!("{}{path}", app.url()));
            assert!(canonical, "{path} says where it lives");
        }
    }

    async fn the_front_page_is_cut_into_pages(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        for number in 1..=24 {
            post(&format!("Number {number:02}")).published().create(&author).await;
        }
        let (first, second, third) =
            (html(&guest, "/").await, html(&guest, "/page/2").await, html(&guest, "/page/3").await);
        let listed = |html: &str| html.matches("href=\"/number-").count();
        assert!(first.contains("Number 24") && !first.contains("Number 14"));
        assert!(second.contains("Number 14") && second.contains("Number 05") && !second.contains("Number 15"));
        assert!(third.contains("Number 04") && third.contains("Welcome to Fleuron"));
        assert!(listed(&first) >= 10 && listed(&second) >= 10 && listed(&third) >= 4);
        assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""));
        assert!(third.contains("rel=\"prev\"") && !third.contains("rel=\"next\""));
        guest.get("/page/4").await.expect(404);
        assert_eq!(guest.get("/page/1").await.expect(301).must_have("location"), "/");
    }

    async fn what_is_dangerous_does_not_reach_readers(app: TestApp) {
        let author = app.author().await;
        let content = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n<a href=\"javascript:alert(1)\">a</a>\n\n\
                       [b](javascript:alert(1)) <iframe src=\"https://evil.example\"></iframe>\n\n\
                       <form action=\"https://evil.example\"><input name=q></form>\n\n<style>body{display:none}</style>\n\n\
                       <p style=\"position:fixed\">**bold** <kbd>Ctrl</kbd></p>\n\n<base href=\"https://evil.example\">";
        let new = post("<script>alert(\"title\")</script> & 'more'").content(content);
        new.with("excerpt", "</title><script>alert(2)</script>").published().slug("dangerous").create(&author).await;
        for path in ["/dangerous", "/", "/feed.xml"] {
            let answer = app.guest().get(path).await.expect(200);
            let text = answer.text();
            for part in ["<script", "onerror", "javascript:", "<iframe", "<style", "position:fixed", "<base", "evil.example"] {
                assert!(!text.contains(part), "{path}: {part}");
            }
        }
        let page = html(&app.guest(), "/dangerous").await;
        assert!(page.contains("<kbd>Ctrl</kbd>") && page.contains("&lt;script&gt;alert("), "{page}");
    }

    async fn absurd_nesting_costs_nobody_the_site(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        for (slug, content) in [
            ("quotes", ">".repeat(20_000)),
            ("lists", "<ul><li>".repeat(8_000)),
            ("divs", "<div>".repeat(100_000)),
            ("brackets", "[".repeat(50_000)),
            ("stars", "*a_ ".repeat(50_000)),
        ] {
            post("Deep").slug(slug).content(&content).published().create(&author).await;
            let started = std::time::Instant::now();
            guest.get(&format!("/{slug}")).await.expect(200);
            assert!(started.elapsed().as_secs() < 8, "{slug} took {:?}", started.elapsed());
        }
        guest.get("/").await.expect(200);
    }

    async fn archives_gather_posts(app: TestApp) {
        let (editor, author, guest) = (app.editor().await, app.author().await, app.guest());
        let top = json!({ "name": "Engineering", "description": "How it is made." });
        let top = editor.post("/api/v1/categories", &top).await.expect(201).json();
        let below = json!({ "name": "Compilers", "parent_id": id(&top) });
        let below = editor.post("/api/v1/categories", &below).await.expect(201).json();
        let tag = editor.post("/api/v1/tags", &json!({ "name": "Öl & Rust" })).await.expect(201).json();
        post("Below").category(id(&below)).tags(&[id(&tag)]).published().create(&author).await;
        post("Hidden").category(id(&below)).tags(&[id(&tag)]).create(&author).await;
        let category = html(&guest, "/categories/engineering").await;
        assert!(category.contains("How it is made.") && category.contains("href=\"/below\""));
        assert!(category.contains("href=\"/categories/compilers\""), "its children are named");
        assert!(html(&guest, "/categories/compilers").await.contains("href=\"/categories/engineering\""));
        let tagged = html(&guest, "/tags/öl-rust").await;
        assert!(tagged.contains("Öl &amp; Rust") && tagged.contains("href=\"/below\""));
        let by_author = html(&guest, &format!("/authors/{}", author.account().username)).await;
        assert!(by_author.contains("The author") && by_author.contains("href=\"/below\""));
        for text in [&category, &tagged, &by_author] {
            assert!(!text.contains("Hidden"));
            assert_fenced_in(text, &app.url());
        }
        let entry = html(&guest, "/below").await;
        for link in ["/categories/compilers", "/tags/%C3%B6l-rust", &format!("/authors/{}", author.account().username)] {
            assert!(entry.contains(&format!("href=\"{link}\"")), "{link}");
        }
    }

    async fn neighbours_are_linked(app: TestApp) {
        let author = app.author().await;
        for (title, date) in [("Oldest", "2020-01-01"), ("Middle", "2020-01-02"), ("Newest", "2020-01-03")] {
            post(title).with("published_at", date).published().create(&author).await;
        }
        let middle = html(&app.guest(), "/middle").await;
        assert!(middle.contains("href=\"/oldest\"") && middle.contains("href=\"/newest\""));
        assert!(!html(&app.guest(), "/oldest").await.contains("rel=\"prev\" href"));
    }

    async fn a_page_in_hand_is_not_sent_again(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        let created = post("Kept").published().create(&author).await;
        for path in ["/", "/kept", "/about", "/feed.xml", "/sitemap.xml"] {
            let tag = guest.get(path).await.expect(200).must_have("etag").to_owned();
            let again = guest.get_with(path, "if-none-match", &tag).await.expect(304);
            assert!(again.body.is_empty(), "{path}");
            guest.get_with(path, "if-none-match", "\"other\"").await.expect(200);
        }
        let tag = guest.get("/kept").await.must_have("etag").to_owned();
        author.patch(&format!("/api/v1/posts/{}", id(&created)), &json!({ "content": "New words." })).await.expect(200);
        let fresh = guest.get_with("/kept", "if-none-match", &tag).await.expect(200);
        assert!(fresh.text().contains("New words."));
    }

    async fn head_answers_without_a_body(app: TestApp) {
        let guest = app.guest();
        for path in ["/", "/about", "/welcome-to-fleuron", "/feed.xml", "/sitemap.xml", "/robots.txt", "/tags/none"] {
            let (head, get) = (guest.send(guest.request(Method::HEAD, path)).await, guest.get(path).await);
            assert_eq!(head.status, get.status, "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
            assert_eq!(head.header("etag"), get.header("etag"), "{path}");
            assert!(head.body.is_empty(), "{path}");
        }
    }

    async fn changes_show_at_once(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let created = post("Fresh").published().create(&editor).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        assert!(html(&guest, "/").await.contains("href=\"/fresh\""));
        editor.patch(&path, &json!({ "title": "Fresher" })).await.expect(200);
        assert!(html(&guest, "/").await.contains("Fresher"));
        assert!(html(&guest, "/fresh").await.contains("Fresher"));
        page("Imprint").published().create(&editor).await;
        assert!(html(&guest, "/fresh").await.contains("href=\"/imprint\""));
        editor.delete(&path).await.expect(204);
        assert!(!html(&guest, "/").await.contains("Fresher"));
    }
}

#[tokio::test]
async fn methods_that_fit_are_named() {
    let app = TestApp::spawn().await;
    let guest = app.guest();
    for (method, path, allowed) in [
        (Method::PUT, "/api/v1/posts", "GET, HEAD, POST"),
        (Method::POST, "/api/v1/posts/welcome-to-fleuron", "DELETE, GET, HEAD, PATCH"),
        (Method::GET, "/api/v1/auth/login", "POST"),
        (Method::DELETE, "/api/openapi.json", "GET, HEAD"),
        (Method::POST, "/healthz", "GET, HEAD"),
    ] {
        let answer = guest.send(guest.request(method, path)).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.must_have("allow"), allowed, "{path}");
    }
    for path in ["/api/v1/posts", "/api/v1/posts/welcome-to-fleuron", "/api/openapi.json", "/healthz"] {
        let (head, get) = (guest.send(guest.request(Method::HEAD, path)).await, guest.get(path).await);
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("etag"), get.header("etag"), "{path}");
    }
    guest.send(guest.request(Method::POST, "/api/v1/posts/")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_missing_page_says_so_in_the_theme() {
    let app = TestApp::spawn().await;
    let answer = app.guest().get("/nowhere").await.expect(404);
    assert_eq!(answer.must_have("cache-control"), "no-store");
    let text = answer.text();
    assert!(text.contains("<meta name=\"robots\" content=\"noindex\">") && text.contains("href=\"/about\""));
    assert_fenced_in(&text, &app.url());
}

#[tokio::test]
async fn links_are_made_with_the_base_url_and_nothing_else() {
    let app = TestApp::builder().base_url("https://blog.example.com").spawn().await;
    let author = app.author().await;
    let created = post("Linked").with("cover_image", "/media/cover.png").published().create(&author).await;
    assert_eq!(created["url"], "https://blog.example.com/linked");
    let guest = app.guest();
    let request = guest.request(Method::GET, "/linked").header("host", "evil.example");
    let request = request.header("x-forwarded-host", "evil.example").header("forwarded", "host=evil.example");
    let text = guest.send(request).await.expect(200).text();
    assert!(text.contains("<link rel=\"canonical\" href=\"https://blog.example.com/linked\">"));
    assert!(text.contains("content=\"https://blog.example.com/media/cover.png\""));
    assert!(!text.contains("evil.example"));
    assert!(guest.get("/feed.xml").await.text().contains("https://blog.example.com/linked"));
    assert!(app.setup_link().unwrap().starts_with("https://blog.example.com/setup?token="));
}

#[tokio::test]
async fn browsers_are_fenced_in() {
    let app = TestApp::spawn().await;
    for path in
        ["/", "/nowhere", "/api/v1/posts", "/api/v1/nothing", "/theme/style.css", "/healthz", "/feed.xml"]
    {
        let answer = app.guest().get(path).await;
        assert_eq!(answer.must_have("x-content-type-options"), "nosniff", "{path}");
        assert!(answer.must_have("content-security-policy").contains("script-src 'none'"), "{path}");
        answer.must_have("referrer-policy");
        assert_eq!(answer.header("set-cookie"), None, "{path}");
    }
}

#[tokio::test]
async fn the_themes_files_are_served() {
    let app = TestApp::spawn().await;
    let home = html(&app.guest(), "/").await;
    let style = attributes(&home, "link", "href").into_iter().find(|link| link.contains("style.css"));
    let style = style.unwrap_or_else(|| panic!("no style sheet: {home}"));
    let answer = app.guest().get(style).await.expect(200);
    assert!(answer.must_have("content-type").starts_with("text/css"));
    assert!(answer.must_have("cache-control").contains("immutable"));
    assert!(!answer.text().contains("@import") && !answer.text().contains("url(http"));
    let plain = app.guest().get("/theme/style.css").await.expect(200);
    assert!(!plain.must_have("cache-control").contains("immutable"));
}
