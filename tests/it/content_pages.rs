//! The pages, feeds and sitemap entries of content types.

use std::fs;
use std::path::Path;

use fleuron_tests::{Actor, TestApp, both, id, page, post, text};
use reqwest::Method;
use serde_json::{Value, json};

const TYPES: &str = "/api/v1/admin/content-types";

/// A type with pages, drafts, a private field and a relation to itself.
fn gig() -> Value {
    json!({
        "name": "gig",
        "singular": "Gig",
        "plural": "Gigs",
        "description": "Music, where it is played.",
        "permalink": "/gigs/{slug}",
        "default_sort": "-starts_at",
        "fields": [
            { "name": "title", "kind": "text", "required": true },
            { "name": "slug", "kind": "slug", "from": "title" },
            { "name": "starts_at", "label": "Begin", "kind": "datetime", "sortable": true },
            { "name": "contact", "kind": "email", "private": true },
            { "name": "notes", "kind": "markdown", "private": true },
            { "name": "site", "label": "Web site", "kind": "url" },
            { "name": "body", "kind": "markdown" },
            { "name": "support", "label": "Support act", "kind": "relation", "to": "gig" },
            { "name": "people", "kind": "relation", "to": "user", "many": true },
            { "name": "songs", "kind": "group", "fields": [
                { "name": "name", "kind": "text" },
                { "name": "words", "kind": "markdown" },
            ] },
        ],
    })
}

async fn make(app: &TestApp, definition: &Value) -> Actor {
    let administrator = app.administrator().await;
    administrator.post(TYPES, definition).await.expect(201);
    administrator
}

async fn publish(actor: &Actor, fields: &Value) -> Value {
    let entry = json!({ "status": "published", "fields": fields });
    actor.post("/api/v1/content/gig", &entry).await.expect(201).json()
}

/// A page that must be there.
async fn html(guest: &Actor, path: &str) -> String {
    let answer = guest.get(path).await.expect(200);
    assert_eq!(answer.must_have("content-type"), "text/html; charset=utf-8", "{path}");
    answer.text()
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

/// A copy of a theme, with these templates put into it and these taken out.
fn changed_theme(name: &str, added: &[(&str, &str)], removed: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../themes").join(name), folder.path());
    for (file, text) in added {
        fs::write(folder.path().join("templates").join(file), text).unwrap();
    }
    for file in removed {
        fs::remove_file(folder.path().join("templates").join(file)).unwrap();
    }
    folder
}

both! {
    async fn an_entry_has_a_page(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let (author, guest) = (app.author().await, app.guest());
        let support = publish(&administrator, &json!({ "title": "The Roots" })).await;
        let draft = json!({ "fields": { "title": "Not yet" } });
        let draft = administrator.post("/api/v1/content/gig", &draft).await.expect(201).json();
        publish(&administrator, &json!({
            "title": "The <Leaves>",
            "starts_at": "2026-01-31T18:30:00Z",
            "contact": "secret@example.com",
            "notes": "*hidden words*",
            "site": "https://leaves.example/",
            "body": "Some *words* <script>alert(1)</script> [x](javascript:alert(1)).",
            "support": id(&support),
            "people": [author.id()],
            "songs": [{ "name": "Autumn & wind", "words": "**Whoo**<img src=x onerror=alert(1)>" }],
        })).await;
        let shown = html(&guest, "/gigs/the-leaves").await;
        for part in [
            "<h1>The &lt;Leaves&gt;</h1>",
            "31 January 2026, 18:30 UTC",
            "href=\"https://leaves.example/\"",
            "Some <em>words</em>",
            "<a href=\"/gigs/the-roots\">The Roots</a>",
            "Autumn &amp; wind",
            "<strong>Whoo</strong>",
            "Support act",
            "href=\"/gigs/feed.xml\"",
            "<meta property=\"og:type\" content=\"article\">",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(shown.contains(&format!("<link rel=\"canonical\" href=\"{}/gigs/the-leaves\">", app.url())));
        assert!(shown.contains(&format!("<a href=\"/authors/{}\">The author</a>", author.account().username)));
        for path in ["/gigs/the-leaves", "/gigs", "/gigs/feed.xml", "/sitemap.xml"] {
            let answer = guest.get(path).await.expect(200).text();
            for secret in ["secret@", "hidden words", "<script", "javascript:", "onerror", "not-yet"] {
                assert!(!answer.contains(secret), "{path} tells {secret}");
            }
        }
        guest.get("/gigs/not-yet").await.expect(404);
        guest.get(&format!("/gigs/{}", id(&draft))).await.expect(404);
        guest.get("/gigs/nowhere").await.expect(404);
        guest.get("/gigs/the-leaves/more").await.expect(404);
        assert_eq!(guest.get("/gigs/the-leaves/").await.expect(301).must_have("location"), "/gigs/the-leaves");
        let answer = guest.send(guest.request(Method::POST, "/gigs/the-leaves")).await;
        assert_eq!(answer.status, 405);
    }

    async fn the_archive_is_cut_into_pages(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let guest = app.guest();
        assert!(html(&guest, "/gigs").await.contains("Nothing here yet"));
        for day in 1..=22 {
            let moment = format!("2026-01-{day:02}T20:00:00Z");
            publish(&administrator, &json!({ "title": format!("Evening {day:02}"), "starts_at": moment })).await;
        }
        let (first, second, third) =
            (html(&guest, "/gigs").await, html(&guest, "/gigs/page/2").await, html(&guest, "/gigs/page/3").await);
        assert!(first.contains("Music, where it is played.") && first.contains("22 Gigs"), "{first}");
        assert!(first.contains("Evening 22") && first.contains("Evening 13") && !first.contains("Evening 12"));
        assert!(second.contains("Evening 12") && second.contains("Evening 03") && !second.contains("Evening 13"));
        assert!(third.contains("Evening 02") && third.contains("Evening 01"));
        assert!(first.contains("rel=\"next\"") && !first.contains("rel=\"prev\""));
        assert!(first.contains("href=\"/gigs/evening-22\"") && first.contains("<title>Gigs · "));
        assert!(first.contains("<link rel=\"alternate\" type=\"application/atom+xml\" title=\"Gigs · "));
        assert_eq!(guest.get("/gigs/page/1").await.expect(301).must_have("location"), "/gigs");
        for path in ["/gigs/page/4", "/gigs/page/0", "/gigs/page/02", "/gigs/page/x", "/gigs/page/99999999999999999999"] {
            guest.get(path).await.expect(404);
        }
        let feed = guest.get("/gigs/feed.xml").await.expect(200);
        assert!(feed.must_have("content-type").starts_with("application/atom+xml"));
        let feed = feed.text();
        assert_eq!(feed.matches("<entry>").count(), 20);
        assert!(feed.contains("Evening 22") && feed.contains("Evening 03") && !feed.contains("Evening 02"));
        for part in [
            "<title>Gigs · ",
            "<subtitle>Music, where it is played.</subtitle>",
            &format!("<id>{}/gigs/feed.xml</id>", app.url()),
            &format!("href=\"{}/gigs/evening-22\"", app.url()),
            "22 January 2026, 20:00 UTC",
        ] {
            assert!(feed.contains(part), "{part}: {feed}");
        }
    }

    async fn pages_of_entries_are_kept_until_they_change(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let guest = app.guest();
        let created = publish(&administrator, &json!({ "title": "Kept", "body": "First words." })).await;
        for path in ["/gigs", "/gigs/kept", "/gigs/feed.xml"] {
            let tag = guest.get(path).await.expect(200).must_have("etag").to_owned();
            assert!(guest.get_with(path, "if-none-match", &tag).await.expect(304).body.is_empty(), "{path}");
            let head = guest.send(guest.request(Method::HEAD, path)).await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        }
        let path = format!("/api/v1/content/gig/{}", id(&created));
        let change = json!({ "fields": { "body": "Second words." } });
        administrator.patch(&path, &change).await.expect(200);
        assert!(html(&guest, "/gigs/kept").await.contains("Second words."));
        assert!(html(&guest, "/gigs").await.contains("Second words."));
        administrator.delete(&path).await.expect(204);
        guest.get("/gigs/kept").await.expect(404);
        assert!(!html(&guest, "/gigs").await.contains("Kept"));
    }

    async fn an_entry_that_moved_is_found(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let guest = app.guest();
        let created = publish(&administrator, &json!({ "title": "Früher" })).await;
        let old = format!("/gigs/{}", text(&created["fields"], "slug"));
        html(&guest, &old).await;
        let path = format!("/api/v1/content/gig/{}", id(&created));
        administrator.patch(&path, &json!({ "fields": { "slug": "später" } })).await.expect(200);
        let answer = guest.get(&format!("{old}?a=1")).await.expect(301);
        let new = answer.must_have("location").to_owned();
        assert_eq!(new, "/gigs/sp%C3%A4ter?a=1");
        assert!(html(&guest, &new).await.contains("Früher"));
    }

    async fn posts_and_pages_come_first(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let guest = app.guest();
        publish(&administrator, &json!({ "title": "An evening" })).await;
        assert!(html(&guest, "/gigs").await.contains("An evening"));
        page("Ours").slug("gigs").content("The page of this name.").published().create(&administrator).await;
        assert!(html(&guest, "/gigs").await.contains("The page of this name."));
        html(&guest, "/gigs/an-evening").await;
        post("Another").published().create(&administrator).await;
        html(&guest, "/another").await;
    }

    async fn the_sitemap_has_entries(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let guest = app.guest();
        let has = async |path: &str| {
            let sitemap = guest.get("/sitemap.xml").await.expect(200).text();
            sitemap.contains(&format!("<loc>{}{path}</loc>", app.url()))
        };
        assert!(!has("/gigs").await, "an empty archive is not worth a visit");
        publish(&administrator, &json!({ "title": "An evening" })).await;
        assert!(has("/gigs").await && has("/gigs/an-evening").await);
        administrator.post(&format!("{TYPES}/gig/disable"), &json!({})).await.expect(200);
        assert!(!has("/gigs").await && !has("/gigs/an-evening").await);
        for path in ["/gigs", "/gigs/an-evening", "/gigs/feed.xml"] {
            guest.get(path).await.expect(404);
        }
        administrator.post(&format!("{TYPES}/gig/enable"), &json!({})).await.expect(200);
        assert!(has("/gigs/an-evening").await);
        html(&guest, "/gigs/an-evening").await;
    }

    async fn the_sitemap_says_when_entries_were_changed(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let mut timeless = gig();
        timeless["name"] = json!("walk");
        timeless["permalink"] = json!("/walks/{id}");
        timeless["timestamps"] = json!(false);
        administrator.post(TYPES, &timeless).await.expect(201);
        publish(&administrator, &json!({ "title": "First" })).await;
        let second = publish(&administrator, &json!({ "title": "Second" })).await;
        administrator.post("/api/v1/content/gig", &json!({ "fields": { "title": "Draft" } })).await.expect(201);
        let path = format!("/api/v1/content/gig/{}", id(&second));
        let change = json!({ "fields": { "body": "Words." } });
        let second = administrator.patch(&path, &change).await.expect(200).json();
        let walk = json!({ "status": "published", "fields": { "title": "Uphill" } });
        let walk = administrator.post("/api/v1/content/walk", &walk).await.expect(201).json();
        let sitemap = app.guest().get("/sitemap.xml").await.expect(200).text();
        let location = |path: &str| {
            let start = format!("<loc>{}{path}</loc>", app.url());
            let (_, rest) = sitemap.split_once(&start).unwrap_or_else(|| panic!("{path}: {sitemap}"));
            rest.split("</url>").next().unwrap_or_default().to_owned()
        };
        let changed = location("/gigs/second");
        assert!(changed.contains(text(&second, "updated_at")), "{changed}");
        assert!(location("/gigs/first").contains("<lastmod>"));
        assert!(!location(&format!("/walks/{}", id(&walk))).contains("<lastmod>"));
        assert!(!sitemap.contains("/gigs/draft"), "{sitemap}");
        assert!(!location("/gigs").contains("<lastmod>") && !location("/walks").contains("<lastmod>"));
    }

    async fn what_many_entries_refer_to_is_shown_at_each_of_them(app: TestApp) {
        let administrator = make(&app, &gig()).await;
        let (guest, author, reader) = (app.guest(), app.author().await, app.subscriber().await);
        let roots = publish(&administrator, &json!({ "title": "The Roots" })).await;
        let draft = json!({ "fields": { "title": "Not yet" } });
        let draft = administrator.post("/api/v1/content/gig", &draft).await.expect(201).json();
        let (first, second) = (json!([reader.id(), author.id()]), json!([author.id()]));
        publish(&administrator, &json!({ "title": "First", "support": id(&roots), "people": first })).await;
        publish(&administrator, &json!({ "title": "Second", "support": id(&draft), "people": second })).await;
        publish(&administrator, &json!({ "title": "Third", "support": id(&roots) })).await;
        let linked = format!("/authors/{}", author.account().username);
        let unlinked = format!("/authors/{}", reader.account().username);
        // As in the order of the relation, and only who writes has a page.
        let shown = html(&guest, "/gigs/first").await;
        assert!(shown.find("The subscriber") < shown.find("The author"), "{shown}");
        assert!(shown.contains("The subscriber") && shown.contains(&linked) && !shown.contains(&unlinked));
        let feed = guest.get("/gigs/feed.xml").await.expect(200).text();
        let entry = |title: &str| {
            let title = format!("<title>{title}</title>");
            let found = feed.split("<entry>").find(|entry| entry.contains(&title));
            found.unwrap_or_else(|| panic!("{title}: {feed}"))
        };
        let (first, second, third) = (entry("First"), entry("Second"), entry("Third"));
        assert!(first.contains("The Roots") && first.contains(&linked) && first.contains("The subscriber"), "{first}");
        assert!(second.contains(&linked) && !second.contains("The subscriber"), "{second}");
        assert!(!second.contains("Not yet") && !second.contains("Support act"), "{second}");
        assert!(third.contains("The Roots") && !third.contains("The author"), "{third}");
        assert!(!feed.contains(&unlinked), "{feed}");
    }

    async fn what_not_everybody_may_read_has_no_pages(app: TestApp) {
        let mut definition = gig();
        definition["access"] = json!({ "read": "subscriber" });
        let administrator = make(&app, &definition).await;
        publish(&administrator, &json!({ "title": "Members only" })).await;
        for path in ["/gigs", "/gigs/members-only", "/gigs/feed.xml"] {
            administrator.get(path).await.expect(404);
        }
        assert!(!app.guest().get("/sitemap.xml").await.expect(200).text().contains("/gigs"));
    }
}

#[tokio::test]
async fn a_theme_may_have_templates_of_its_own() {
    let entry = "{{ content_type.name }}: {{ entry.values.title }}, {{ entry.html.body }} \
                 {{ entry.display.starts_at }} {{ entry.values.nothing | default('-') }} \
                 {% for link in entry.relations.support %}{{ link.url }}{% endfor %}";
    let archive =
        "{% for entry in entries %}[{{ entry.title }}|{{ entry.values.starts_at | time }}]{% endfor %}";
    let added = [("content-gig.html", entry), ("archive-gig.html", archive)];
    let theme = changed_theme("minimal", &added, &["content.html", "archive-content.html"]);
    let app = TestApp::builder().theme(theme.path().to_str().unwrap()).spawn().await;
    let administrator = make(&app, &gig()).await;
    let fields = json!({ "title": "Ours", "starts_at": "2026-01-31T18:30:00Z", "body": "*Hi*" });
    let first = publish(&administrator, &fields).await;
    let second = json!({ "title": "Second", "starts_at": "2026-02-01T19:00:00Z", "support": id(&first) });
    publish(&administrator, &second).await;
    let guest = app.guest();
    assert_eq!(html(&guest, "/gigs").await, "[Second|19:00][Ours|18:30]");
    let shown = html(&guest, "/gigs/ours").await;
    assert!(shown.starts_with("gig: Ours, <p") && shown.contains("<p><em>Hi</em></p>"), "{shown}");
    assert!(shown.contains("31 January 2026, 18:30 UTC -"), "{shown}");
    assert!(html(&guest, "/gigs/second").await.ends_with("/gigs/ours"));
    // A type that the theme has nothing for.
    let mut other = gig();
    other["name"] = json!("walk");
    other["permalink"] = json!("/walks/{slug}");
    administrator.post(TYPES, &other).await.expect(201);
    let walk = json!({ "status": "published", "fields": { "title": "Uphill" } });
    administrator.post("/api/v1/content/walk", &walk).await.expect(201);
    for path in ["/walks", "/walks/uphill", "/walks/feed.xml"] {
        guest.get(path).await.expect(404);
    }
    assert!(!guest.get("/sitemap.xml").await.expect(200).text().contains("/walks"));
}

#[tokio::test]
async fn a_template_that_does_not_fit_the_type_costs_nobody_the_page() {
    let theme = changed_theme("default", &[("content-gig.html", "{{ entry.values.price.of.what }}")], &[]);
    let app = TestApp::builder().theme(theme.path().to_str().unwrap()).spawn().await;
    let administrator = make(&app, &gig()).await;
    publish(&administrator, &json!({ "title": "All the same" })).await;
    assert!(html(&app.guest(), "/gigs/all-the-same").await.contains("<h1>All the same</h1>"));
}

#[tokio::test]
async fn the_types_that_come_with_the_server_have_templates() {
    let app = TestApp::spawn().await;
    let (administrator, guest) = (app.administrator().await, app.guest());
    for name in ["event", "recipe"] {
        administrator.post(&format!("{TYPES}/{name}/enable"), &json!({})).await.expect(200);
    }
    let event = json!({ "status": "published", "fields": {
        "title": "Night of the leaves",
        "starts_at": "2026-01-31T18:30:00Z",
        "ends_at": "2026-01-31T21:00:00Z",
        "venue": "Old Town Hall",
        "city": "Graz",
        "price": 0,
        "category": "concert",
        "tags": ["family"],
        "contact": "secret@example.com",
        "body": "Bring a *coat*.",
        "agenda": [{ "time": "19:00", "title": "First set" }],
    }});
    administrator.post("/api/v1/content/event", &event).await.expect(201);
    let shown = html(&guest, "/events/night-of-the-leaves").await;
    for part in [
        "<b class=\"day-number\">31</b> January 2026",
        "31 January 2026, 18:30</time> to <time datetime=\"2026-01-31T21:00:00.000Z\">21:00</time> UTC",
        "Old Town Hall, Graz",
        "Free of charge",
        "Concert",
        "<em>coat</em>",
        "First set",
        "<span>family</span>",
        "href=\"/events\"",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let listed = html(&guest, "/events").await;
    assert!(listed.contains("day-number\">31</b>") && listed.contains("18:30 UTC"), "{listed}");
    assert!(!shown.contains("secret@") && !listed.contains("secret@"));
    let recipe = json!({ "status": "published", "fields": {
        "title": "Leek soup",
        "summary": "Ready before the bread is.",
        "minutes": 35,
        "ingredients": [{ "amount": 3, "name": "leeks" }, { "amount": 500, "unit": "g", "name": "potatoes" }],
        "steps": "1. Wash the *leeks*.",
    }});
    administrator.post("/api/v1/content/recipe", &recipe).await.expect(201);
    let shown = html(&guest, "/recipes/leek-soup").await;
    for part in
        ["Ready before the bread is.", "ingredient-amount\">500</span>", "potatoes", "<em>leeks</em>", ">35<"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(html(&guest, "/recipes").await.contains("<b class=\"day-number\">35</b> minutes"));
}

#[tokio::test]
async fn the_minimal_theme_shows_entries() {
    let app = TestApp::builder().theme("minimal").spawn().await;
    let administrator = make(&app, &gig()).await;
    let fields = json!({ "title": "Plain", "body": "Some *words*.", "site": "https://a.example/" });
    publish(&administrator, &fields).await;
    let guest = app.guest();
    let shown = html(&guest, "/gigs/plain").await;
    for part in [
        "<h1>Plain</h1>",
        "<dt>Web site</dt>",
        "href=\"https://a.example/\"",
        "<em>words</em>",
        "/gigs/feed.xml",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(html(&guest, "/gigs").await.contains("href=\"/gigs/plain\""));
}
