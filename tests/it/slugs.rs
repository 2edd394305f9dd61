//! Addresses: how they are made, and where old ones lead.

use std::collections::HashSet;

use fleuron_tests::{TestApp, both, id, page, post, text};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn at(post: &Value) -> String {
    format!("/api/v1/posts/{}", id(post))
}

fn numbered(slug: &str, count: usize) -> HashSet<String> {
    let rest = (2..=count).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.to_owned()).chain(rest).collect()
}

both! {
    async fn titles_of_any_script_make_slugs(app: TestApp) {
        let author = app.author().await;
        for (title, slug, path) in [
            ("Hello, World!", "hello-world", "/hello-world"),
            ("What's new in Rust 1.88?", "whats-new-in-rust-1-88", "/whats-new-in-rust-1-88"),
            ("Über Öl", "über-öl", "/%C3%BCber-%C3%B6l"),
            ("日本語", "日本語", "/%E6%97%A5%E6%9C%AC%E8%AA%9E"),
            ("Привет, мир", "привет-мир", "/%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82-%D0%BC%D0%B8%D1%80"),
            ("!!!", "post", "/post"),
            ("Admin", "admin-2", "/admin-2"),
            ("Feed", "feed-2", "/feed-2"),
        ] {
            let created = post(title).published().create(&author).await;
            assert_eq!(text(&created, "slug"), slug);
            assert_eq!(text(&created, "url"), format!("{}{path}", app.url()));
            let page = app.guest().get(path).await.expect(200);
            assert!(page.text().contains("<h1>"), "{title}");
            app.guest().get(&format!("/api/v1/posts{path}")).await.expect(200);
        }
    }

    async fn namesakes_are_numbered(app: TestApp) {
        let (author, editor) = (app.author().await, app.editor().await);
        for expected in ["twice", "twice-2", "twice-3"] {
            assert_eq!(text(&post("Twice").create(&author).await, "slug"), expected);
        }
        assert_eq!(text(&page("Twice").create(&editor).await, "slug"), "twice-4", "pages share the addresses");
        assert_eq!(text(&post("Another").slug("twice").create(&author).await, "slug"), "twice-5");
    }

    async fn thirty_two_namesakes_at_once_all_get_an_address(app: TestApp) {
        let author = app.author().await;
        let new = post("In unison").published();
        let answers = join_all((0..32).map(|_| new.send(&author))).await;
        let slugs: HashSet<String> =
            answers.into_iter().map(|answer| text(&answer.expect(201).json(), "slug").to_owned()).collect();
        assert_eq!(slugs, numbered("in-unison", 32));
    }

    async fn namesakes_by_choice_at_once_all_get_an_address(app: TestApp) {
        let author = app.author().await;
        let new = (0..8).map(|number| post(&format!("Title {number}")).slug("chosen"));
        let answers = join_all(new.map(|new| {
            let author = &author;
            async move { new.send(author).await }
        }))
        .await;
        let slugs: HashSet<String> =
            answers.into_iter().map(|answer| text(&answer.expect(201).json(), "slug").to_owned()).collect();
        assert_eq!(slugs, numbered("chosen", 8));
    }

    async fn a_chosen_slug_must_be_right_and_free(app: TestApp) {
        let author = app.author().await;
        for wrong in ["", "Capital", "two--dashes", "-edge", "edge-", "a b", "a/b", "..", "a\u{0}b", "a?b", "%61"] {
            assert_eq!(post("Any").slug(wrong).send(&author).await.faulty_fields(), ["slug"], "{wrong:?}");
        }
        for reserved in ["api", "admin", "tags", "feed.xml", "setup", "media", "theme", "healthz"] {
            assert_eq!(post("Any").slug(reserved).send(&author).await.faulty_fields(), ["slug"], "{reserved}");
        }
        post("First").slug("taken").create(&author).await;
        let second = post("Second").create(&author).await;
        author.patch(&at(&second), &json!({ "slug": "taken" })).await.problem(409, "slug_taken");
        author.patch(&at(&second), &json!({ "slug": "second" })).await.expect(200);
        assert_eq!(author.get(&at(&second)).await.expect(200).json()["slug"], "second");
    }

    async fn old_addresses_lead_to_the_new_one(app: TestApp) {
        let author = app.author().await;
        let created = post("First name").published().create(&author).await;
        author.patch(&at(&created), &json!({ "slug": "second-name" })).await.expect(200);
        author.patch(&at(&created), &json!({ "title": "Third name", "slug": null })).await.expect(200);
        for old in ["/first-name", "/second-name", "/first-name/"] {
            let moved = app.guest().get(old).await.expect(301);
            assert_eq!(moved.must_have("location"), "/third-name");
        }
        let query = app.guest().get("/first-name?from=mail").await.expect(301);
        assert_eq!(query.must_have("location"), "/third-name?from=mail");
        app.guest().get("/third-name").await.expect(200);
        // An address that somebody else takes over belongs to them.
        post("First name").published().create(&author).await;
        app.guest().get("/first-name").await.expect(200);
        // Going back to an old address is no circle.
        author.patch(&at(&created), &json!({ "slug": "second-name" })).await.expect(200);
        app.guest().get("/second-name").await.expect(200);
        assert_eq!(app.guest().get("/third-name").await.expect(301).must_have("location"), "/second-name");
        author.patch(&at(&created), &json!({ "status": "draft" })).await.expect(200);
        for hidden in ["/second-name", "/third-name"] {
            app.guest().get(hidden).await.expect(404);
        }
    }

    async fn a_draft_leaves_no_trace_of_its_old_names(app: TestApp) {
        let author = app.author().await;
        let draft = post("Working title").create(&author).await;
        author.patch(&at(&draft), &json!({ "slug": "final-title", "status": "published" })).await.expect(200);
        app.guest().get("/working-title").await.expect(404);
        app.guest().get("/final-title").await.expect(200);
    }

    async fn a_kept_path_and_a_slug_never_meet(app: TestApp) {
        let imported = app
            .within(async |services| {
                let new = fleuron::posts::NewPost {
                    permalink: Some("/contact".to_owned()),
                    status: Some(fleuron::posts::PostStatus::Published),
                    slug: Some("write-to-us".to_owned()),
                    ..fleuron::posts::NewPost::draft(fleuron::posts::PostKind::Post, "Contact", "Here.")
                };
                services.posts.create(&fleuron::auth::Actor::System, new).await.unwrap()
            })
            .await;
        assert_eq!(imported.path(), "/contact");
        let contributor = app.contributor().await;
        let draft = post("Mine").slug("contact").create(&contributor).await;
        assert_eq!(draft["slug"], "contact-2");
        app.guest().get("/contact").await.expect(200);
        let editor = app.editor().await;
        editor.patch(&at(&draft), &json!({ "slug": "contact" })).await.problem(409, "slug_taken");
    }
}
