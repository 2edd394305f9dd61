//! Categories and tags.

use fleuron_tests::{TestApp, both, id, post, text};
use futures_util::future::join_all;
use serde_json::{Value, json};

both! {
    async fn terms_live_and_go(app: TestApp) {
        let editor = app.editor().await;
        for kind in ["categories", "tags"] {
            let list = format!("/api/v1/{kind}");
            let body = json!({ "name": "Über uns", "description": "A sentence." });
            let answer = editor.post(&list, &body).await.expect(201);
            let term = answer.json();
            let path = format!("{list}/{}", id(&term));
            assert_eq!(answer.must_have("location"), path);
            assert_eq!((text(&term, "slug"), text(&term, "description")), ("über-uns", "A sentence."));
            assert_eq!(app.guest().get(&path).await.expect(200).json(), term);
            assert_eq!(app.guest().get(&format!("{list}/über-uns")).await.expect(200).json(), term);
            assert_eq!(app.guest().get(&list).await.expect(200).items(), std::slice::from_ref(&term));
            editor.post(&list, &body).await.problem(409, "slug_taken");
            let seen = answer.must_have("etag").to_owned();
            let changed = editor.patch_if(&path, &seen, &json!({ "name": "Us" })).await.expect(200).json();
            assert_eq!((text(&changed, "name"), text(&changed, "slug")), ("Us", "über-uns"));
            editor.patch_if(&path, &seen, &json!({ "name": "Them" })).await.problem(412, "version_mismatch");
            editor.delete(&path).await.expect(204);
            editor.delete(&path).await.problem(404, "not_found");
            app.guest().get(&path).await.problem(404, "not_found");
        }
    }

    async fn categories_make_a_tree_and_no_circle(app: TestApp) {
        let editor = app.editor().await;
        let create = async |name: String, parent: Option<&Value>| {
            let body = json!({ "name": name, "parent_id": parent.map(|parent| id(parent)) });
            editor.post("/api/v1/categories", &body).await
        };
        let mut chain = vec![create("Level 1".into(), None).await.expect(201).json()];
        for level in 2..=10 {
            let next = create(format!("Level {level}"), chain.last()).await.expect(201).json();
            chain.push(next);
        }
        assert_eq!(create("Level 11".into(), chain.last()).await.faulty_fields(), ["parent_id"]);
        let move_to = async |from: usize, to: Value| {
            let path = format!("/api/v1/categories/{}", id(&chain[from]));
            editor.patch(&path, &json!({ "parent_id": to })).await
        };
        for (from, to) in [(0, 0), (0, 9), (3, 5)] {
            assert_eq!(move_to(from, chain[to]["id"].clone()).await.faulty_fields(), ["parent_id"], "{from} to {to}");
        }
        assert_eq!(move_to(0, json!(uuid::Uuid::now_v7())).await.faulty_fields(), ["parent_id"]);
        move_to(9, Value::Null).await.expect(200);
        move_to(9, chain[0]["id"].clone()).await.expect(200);
    }

    async fn what_hangs_on_a_term_stays(app: TestApp) {
        let editor = app.editor().await;
        let category = editor.post("/api/v1/categories", &json!({ "name": "News" })).await.expect(201).json();
        let below = json!({ "name": "World", "parent_id": id(&category) });
        let below = editor.post("/api/v1/categories", &below).await.expect(201).json();
        let tag = editor.post("/api/v1/tags", &json!({ "name": "Rust" })).await.expect(201).json();
        let created = post("Tagged").category(id(&category)).tags(&[id(&tag)]).published().create(&editor).await;
        editor.delete(&format!("/api/v1/categories/{}", id(&category))).await.expect(204);
        editor.delete(&format!("/api/v1/tags/{}", id(&tag))).await.expect(204);
        let read = app.guest().get(&format!("/api/v1/posts/{}", id(&created))).await.expect(200).json();
        assert_eq!((&read["category"], &read["tags"]), (&Value::Null, &json!([])));
        let below = app.guest().get(&format!("/api/v1/categories/{}", id(&below))).await.expect(200).json();
        assert_eq!(below["parent_id"], Value::Null, "it moves to the top");
        app.guest().get("/tagged").await.expect(200);
        app.guest().get("/tags/rust").await.expect(404);
        app.guest().get("/categories/news").await.expect(404);
    }

    async fn faulty_terms_are_refused(app: TestApp) {
        let editor = app.editor().await;
        for kind in ["categories", "tags"] {
            let path = format!("/api/v1/{kind}");
            let all = json!({ "name": "x".repeat(121), "slug": "No Slug", "description": "x".repeat(2001) });
            assert_eq!(editor.post(&path, &all).await.faulty_fields(), ["name", "description", "slug"]);
            for name in ["", "  ", "two\nlines", "a\u{0}b"] {
                assert_eq!(editor.post(&path, &json!({ "name": name })).await.faulty_fields(), ["name"], "{name:?}");
            }
            assert!(app.guest().get(&path).await.expect(200).items().is_empty());
        }
        let parent = json!({ "name": "Child", "parent_id": uuid::Uuid::now_v7() });
        assert_eq!(editor.post("/api/v1/tags", &parent).await.faulty_fields(), ["parent_id"]);
    }

    async fn of_namesakes_at_once_one_is_created(app: TestApp) {
        let contributor = app.contributor().await;
        let body = json!({ "name": "Contended" });
        let answers = join_all((0..8).map(|_| contributor.post("/api/v1/tags", &body))).await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1);
        for answer in answers.iter().filter(|answer| answer.status != 201) {
            answer.problem(409, "slug_taken");
        }
    }

    async fn new_names_show_at_once(app: TestApp) {
        let editor = app.editor().await;
        let tag = editor.post("/api/v1/tags", &json!({ "name": "Before" })).await.expect(201).json();
        post("Tagged").tags(&[id(&tag)]).published().create(&editor).await;
        assert!(app.guest().get("/tagged").await.expect(200).text().contains(">Before<"));
        let path = format!("/api/v1/tags/{}", id(&tag));
        editor.patch(&path, &json!({ "name": "After", "slug": "after" })).await.expect(200);
        let page = app.guest().get("/tagged").await.expect(200).text();
        assert!(page.contains(">After<") && page.contains("href=\"/tags/after\""));
        app.guest().get("/tags/after").await.expect(200);
        app.guest().get("/tags/before").await.expect(404);
    }

    async fn names_that_make_one_slug_get_one_each(app: TestApp) {
        let editor = app.editor().await;
        for (name, slug) in [("C", "c"), ("C++", "c-2"), ("C#", "c-3")] {
            let tag = editor.post("/api/v1/tags", &json!({ "name": name })).await.expect(201).json();
            assert_eq!(tag["slug"], slug);
        }
        editor.post("/api/v1/tags", &json!({ "name": "See", "slug": "c" })).await.problem(409, "slug_taken");
    }
}
