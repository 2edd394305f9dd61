//! Posts and pages over the API: their life, and the lists of them.

use std::collections::HashSet;

use fleuron_tests::{Actor, TestApp, both, id, page, post, text};
use serde_json::{Value, json};

fn at(post: &Value) -> String {
    format!("/api/v1/{}s/{}", text(post, "kind"), id(post))
}

async fn titles(actor: &Actor, query: &str) -> Vec<String> {
    let answer = actor.get(&format!("/api/v1/posts{query}")).await.expect(200);
    answer.items().iter().map(|post| text(post, "title").to_owned()).collect()
}

async fn term(actor: &Actor, kind: &str, body: Value) -> Value {
    actor.post(&format!("/api/v1/{kind}"), &body).await.expect(201).json()
}

both! {
    async fn a_post_is_read_as_it_was_written(app: TestApp) {
        let editor = app.editor().await;
        let category = term(&editor, "categories", json!({ "name": "News" })).await;
        let tags = [
            term(&editor, "tags", json!({ "name": "Zebra" })).await,
            term(&editor, "tags", json!({ "name": "Apple" })).await,
        ];
        let answer = post("On *printing* <flowers>")
            .content("# Flowers\n\nWith ❦ & \"quotes\".")
            .with("excerpt", "About ornaments.")
            .with("cover_image", "/media/flower.png")
            .with("comments_open", false)
            .with("published_at", "2020-02-29T12:00:00Z")
            .category(id(&category))
            .tags(&[id(&tags[0]), id(&tags[1])])
            .published()
            .send(&editor)
            .await
            .expect(201);
        let created = answer.json();
        assert_eq!(answer.must_have("location"), at(&created));
        let stored = app.guest().get(&at(&created)).await.expect(200);
        assert_eq!(stored.must_have("etag"), answer.must_have("etag"));
        let read = stored.json();
        assert_eq!(read, created);
        assert_eq!(read["title"], "On *printing* <flowers>");
        assert_eq!(read["content"], "# Flowers\n\nWith ❦ & \"quotes\".");
        assert_eq!(read["excerpt"], "About ornaments.");
        assert_eq!(read["published_at"], "2020-02-29T12:00:00.000Z");
        assert_eq!(read["category"]["slug"], "news");
        let slugs: Vec<&str> = read["tags"].as_array().unwrap().iter().map(|tag| text(tag, "slug")).collect();
        assert_eq!(slugs, ["zebra", "apple"], "in the author's order");
        assert_eq!(read["authors"][0]["id"], editor.id());
        assert_eq!(read["url"], format!("{}/on-printing-flowers", app.url()));
        assert_eq!((&read["comments_open"], &read["version"], &read["view_count"]), (&json!(false), &json!(1), &json!(0)));
        let by_slug = app.guest().get("/api/v1/posts/on-printing-flowers").await.expect(200).json();
        assert_eq!(by_slug, read);
    }

    async fn ids_sort_by_age(app: TestApp) {
        let author = app.author().await;
        let mut ids = Vec::new();
        for number in 0..5 {
            ids.push(id(&post(&format!("Number {number}")).create(&author).await).to_owned());
        }
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.parse::<uuid::Uuid>().unwrap().get_version_num() == 7));
    }

    async fn drafts_are_for_those_who_may_edit_them(app: TestApp) {
        let (author, other) = (app.author().await, app.author().await);
        let draft = post("Not yet").create(&author).await;
        assert_eq!(draft["status"], "draft");
        assert_eq!(draft["published_at"], Value::Null);
        for actor in [&app.guest(), &other] {
            actor.get(&at(&draft)).await.problem(404, "not_found");
            actor.get("/api/v1/posts/not-yet").await.problem(404, "not_found");
        }
        app.guest().get("/not-yet").await.expect(404);
        author.get(&at(&draft)).await.expect(200);
        app.editor().await.get(&at(&draft)).await.expect(200);
        assert_eq!(titles(&author, "?status=draft").await, ["Not yet"]);
        assert!(titles(&other, "?status=draft").await.is_empty());
        assert!(!titles(&author, "").await.contains(&"Not yet".to_owned()));
        author.patch(&at(&draft), &json!({ "status": "published" })).await.expect(200);
        let published = app.guest().get(&at(&draft)).await.expect(200).json();
        assert!(published["published_at"].is_string());
        app.guest().get("/not-yet").await.expect(200);
    }

    async fn a_change_leaves_alone_what_it_does_not_name(app: TestApp) {
        let editor = app.editor().await;
        let category = term(&editor, "categories", json!({ "name": "News" })).await;
        let tag = term(&editor, "tags", json!({ "name": "Rust" })).await;
        let created = post("Before")
            .with("excerpt", "Mine.")
            .with("cover_image", "https://example.com/a.png")
            .category(id(&category))
            .tags(&[id(&tag)])
            .published()
            .create(&editor)
            .await;
        let changed = editor.patch(&at(&created), &json!({ "content": "After" })).await.expect(200);
        assert!(changed.must_have("etag").starts_with("\"2-"), "{:?}", changed.header("etag"));
        let mut expected = created.clone();
        let changed = changed.json();
        expected["content"] = "After".into();
        expected["version"] = 2.into();
        expected["updated_at"] = changed["updated_at"].clone();
        assert_eq!(changed, expected);
        let clear = json!({ "cover_image": null, "category_id": null, "tag_ids": [] });
        let cleared = editor.patch(&at(&created), &clear).await.expect(200).json();
        assert_eq!((&cleared["cover_image"], &cleared["category"], &cleared["tags"]), (&Value::Null, &Value::Null, &json!([])));
        assert_eq!(cleared["excerpt"], "Mine.");
    }

    async fn what_is_removed_goes_to_the_trash_first(app: TestApp) {
        let author = app.author().await;
        let created = post("Ephemeral").published().create(&author).await;
        author.delete(&at(&created)).await.expect(204);
        app.guest().get(&at(&created)).await.problem(404, "not_found");
        app.guest().get("/ephemeral").await.expect(404);
        assert_eq!(author.get(&at(&created)).await.expect(200).json()["status"], "trash");
        author.patch(&at(&created), &json!({ "status": "published" })).await.expect(200);
        app.guest().get("/ephemeral").await.expect(200);
        author.delete(&at(&created)).await.expect(204);
        author.delete(&at(&created)).await.expect(204);
        author.get(&at(&created)).await.problem(404, "not_found");
        author.delete(&at(&created)).await.problem(404, "not_found");
        let second = post("Gone at once").published().create(&author).await;
        author.delete(&format!("{}?permanent=true", at(&second))).await.expect(204);
        author.get(&at(&second)).await.problem(404, "not_found");
    }

    async fn pages_are_no_posts(app: TestApp) {
        let editor = app.editor().await;
        let created = page("Imprint").published().create(&editor).await;
        assert_eq!((&created["kind"], &created["comments_open"]), (&json!("page"), &json!(false)));
        app.guest().get(&format!("/api/v1/posts/{}", id(&created))).await.problem(404, "not_found");
        app.guest().get("/api/v1/posts/imprint").await.problem(404, "not_found");
        app.guest().get("/api/v1/pages/imprint").await.expect(200);
        assert!(!titles(&app.guest(), "").await.contains(&"Imprint".to_owned()));
        let pages = app.guest().get("/api/v1/pages").await.expect(200).items();
        assert!(pages.iter().any(|page| page["title"] == "Imprint"));
        assert!(app.guest().get("/").await.expect(200).text().contains("href=\"/imprint\""), "it is in the navigation");
        editor.delete(&format!("/api/v1/posts/{}", id(&created))).await.problem(404, "not_found");
        editor.patch(&at(&created), &json!({ "title": "Legal" })).await.expect(200);
    }

    async fn lists_are_filtered(app: TestApp) {
        let (editor, author) = (app.editor().await, app.author().await);
        let top = term(&editor, "categories", json!({ "name": "Engineering" })).await;
        let below = json!({ "name": "Compilers", "parent_id": id(&top) });
        let below = term(&editor, "categories", below).await;
        let beside = term(&editor, "categories", json!({ "name": "Cooking" })).await;
        let tag = term(&editor, "tags", json!({ "name": "Rust" })).await;
        post("In the top").category(id(&top)).published().create(&editor).await;
        post("Below it").category(id(&below)).tags(&[id(&tag)]).published().create(&author).await;
        post("Beside it").category(id(&beside)).published().create(&editor).await;
        post("A draft below it").category(id(&below)).tags(&[id(&tag)]).create(&author).await;
        let guest = app.guest();
        assert_eq!(titles(&guest, "?category=engineering").await, ["Below it", "In the top"]);
        assert_eq!(titles(&guest, &format!("?category={}", id(&top))).await, ["Below it", "In the top"]);
        assert_eq!(titles(&guest, "?category=compilers").await, ["Below it"]);
        assert_eq!(titles(&guest, "?category=cooking").await, ["Beside it"]);
        assert_eq!(titles(&guest, "?tag=rust").await, ["Below it"]);
        assert_eq!(titles(&guest, &format!("?tag={}", id(&tag))).await, ["Below it"]);
        let username = &author.account().username;
        assert_eq!(titles(&guest, &format!("?author={username}")).await, ["Below it"]);
        assert_eq!(titles(&guest, &format!("?author={}", editor.id())).await, ["Beside it", "In the top"]);
        assert_eq!(titles(&guest, &format!("?category=engineering&author={username}&tag=rust")).await, ["Below it"]);
        assert_eq!(titles(&editor, "?status=draft&tag=rust").await, ["A draft below it"]);
        for nothing in ["?category=nowhere", "?tag=nothing", "?author=nobody", "?category=cooking&tag=rust"] {
            assert!(titles(&guest, nothing).await.is_empty(), "{nothing}");
        }
    }

    async fn pages_of_a_list_stay_whole_while_posts_come(app: TestApp) {
        let author = app.author().await;
        let mut expected = HashSet::new();
        for number in 0..23 {
            let created = post(&format!("Number {number}")).published().create(&author).await;
            expected.insert(id(&created).to_owned());
        }
        let list = format!("/api/v1/posts?author={}&limit=5", author.id());
        let (mut seen, mut cursor, mut requests) = (Vec::new(), None::<String>, 0);
        loop {
            let more = cursor.as_ref().map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let answer = app.guest().get(&format!("{list}{more}")).await.expect(200);
            seen.extend(answer.items().iter().map(|post| id(post).to_owned()));
            requests += 1;
            post(&format!("Newcomer {requests}")).published().create(&author).await;
            match answer.json()["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => break,
            }
            assert!(requests < 20, "the list has no end");
        }
        assert_eq!(requests, 5);
        assert_eq!(seen.len(), 23, "each post once");
        assert_eq!(seen.into_iter().collect::<HashSet<_>>(), expected);
    }

    async fn posts_of_one_moment_are_all_listed(app: TestApp) {
        let author = app.author().await;
        for number in 0..7 {
            let new = post(&format!("Number {number}")).published();
            new.with("published_at", "2024-01-01T00:00:00Z").create(&author).await;
        }
        let list = format!("/api/v1/posts?author={}&limit=2", author.id());
        let (mut seen, mut more) = (HashSet::new(), String::new());
        for _ in 0..4 {
            let answer = app.guest().get(&format!("{list}{more}")).await.expect(200);
            seen.extend(answer.items().iter().map(|post| id(post).to_owned()));
            more = answer.json()["next_cursor"].as_str().map(|next| format!("&cursor={next}")).unwrap_or_default();
        }
        assert_eq!((seen.len(), more.as_str()), (7, ""));
    }

    async fn html_comes_when_asked_for(app: TestApp) {
        let author = app.author().await;
        let created = post("Marked up").content("Some *words*<script>alert(1)</script>.").published().create(&author).await;
        assert_eq!(created.get("html"), None);
        let read = app.guest().get(&format!("{}?include=html", at(&created))).await.expect(200).json();
        let html = text(&read, "html");
        assert!(html.contains("<em>words</em>") && !html.contains("<script"), "{html}");
        let list = app.guest().get("/api/v1/posts?include=html").await.expect(200).items();
        assert!(list.iter().all(|post| post["html"].is_string()));
        let other = app.guest().get(&format!("{}?include=everything", at(&created))).await;
        assert_eq!(other.faulty_fields(), ["include"]);
    }

    async fn a_reader_is_spared_what_it_has(app: TestApp) {
        let author = app.author().await;
        let created = post("Kept").published().create(&author).await;
        let tag = app.guest().get(&at(&created)).await.expect(200).must_have("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"0\", {tag}"), "*".to_owned()] {
            let answer = app.guest().get_with(&at(&created), "if-none-match", &known).await.expect(304);
            assert!(answer.body.is_empty());
            assert_eq!(answer.must_have("etag"), tag);
        }
        author.patch(&at(&created), &json!({ "content": "New." })).await.expect(200);
        app.guest().get_with(&at(&created), "if-none-match", &tag).await.expect(200);
    }

    async fn a_reader_gets_new_names_without_a_new_version(app: TestApp) {
        let editor = app.editor().await;
        let tag = term(&editor, "tags", json!({ "name": "Old name" })).await;
        let created = post("Tagged").tags(&[id(&tag)]).published().create(&editor).await;
        let path = at(&created);
        let plain = editor.get(&path).await.expect(200).must_have("etag").to_owned();
        let with_html = format!("{path}?include=html");
        app.guest().get_with(&with_html, "if-none-match", &plain).await.expect(200);
        let html = app.guest().get(&with_html).await.expect(200).must_have("etag").to_owned();
        app.guest().get_with(&with_html, "if-none-match", &html).await.expect(304);
        editor.patch(&format!("/api/v1/tags/{}", id(&tag)), &json!({ "name": "New name" })).await.expect(200);
        for (path, known) in [(&path, &plain), (&with_html, &html)] {
            let read = app.guest().get_with(path, "if-none-match", known).await.expect(200).json();
            assert_eq!((&read["tags"][0]["name"], &read["version"]), (&json!("New name"), &json!(1)));
        }
        editor.patch_if(&path, &plain, &json!({ "title": "The tag's name is no conflict" })).await.expect(200);
    }

    async fn a_slug_may_read_like_an_id(app: TestApp) {
        let author = app.author().await;
        let slug = uuid::Uuid::now_v7().to_string();
        let created = post("Odd").slug(&slug).published().create(&author).await;
        let path = format!("/api/v1/posts/{slug}");
        assert_eq!(app.guest().get(&path).await.expect(200).json()["id"], created["id"]);
        author.patch(&path, &json!({ "title": "Still odd" })).await.expect(200);
        let nobody = format!("/api/v1/posts/{}", uuid::Uuid::now_v7());
        app.guest().get(&nobody).await.problem(404, "not_found");
    }

    async fn excerpts_show_what_readers_see(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        post("Scripted").content("Hello **world** <script>alert(1)</script>").published().create(&author).await;
        post("Cut").content("Above.\n\n<!-- more -->\n\nBelow.").published().create(&author).await;
        for path in ["/", "/feed.xml"] {
            let text = guest.get(path).await.expect(200).text();
            assert!(text.contains("Hello world") && !text.contains("alert(1)"), "{path}: {text}");
        }
        let home = guest.get("/").await.expect(200).text();
        assert!(home.contains("Above.") && !home.contains("Below."), "{home}");
        assert!(guest.get("/cut").await.expect(200).text().contains("Below."));
    }

    async fn views_are_counted_without_a_write_each(app: TestApp) {
        let author = app.author().await;
        let created = post("Well read").published().create(&author).await;
        for _ in 0..3 {
            app.guest().get("/well-read").await.expect(200);
        }
        app.within(|services| async move { services.views.flush(&services.database).await.unwrap() }).await;
        let read = app.guest().get(&at(&created)).await.expect(200).json();
        assert_eq!((&read["view_count"], &read["version"]), (&json!(3), &json!(1)));
    }
}
