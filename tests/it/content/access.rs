//! Who may read and write what.

use fleuron_tests::{TestApp, both, id};
use serde_json::{Value, json};

use super::{at, create, define, define_as, send};

fn title() -> Value {
    json!([{ "name": "title", "kind": "text", "required": true }])
}

both! {
    async fn the_type_says_who_may_read_and_write(app: TestApp) {
        define_as(&app, "open", json!({ "drafts": false, "access": { "write": "subscriber" } }), title()).await;
        let access = json!({ "read": "contributor", "write": "edit_others" });
        define_as(&app, "inner", json!({ "drafts": false, "access": access }), title()).await;
        let (guest, subscriber) = (app.guest(), app.subscriber().await);
        let (contributor, editor) = (app.contributor().await, app.editor().await);
        let fields = json!({ "title": "Words" });
        send(&guest, "open", fields.clone()).await.problem(401, "unauthenticated");
        create(&subscriber, "open", fields.clone()).await;
        guest.get(&at("open")).await.expect(200);

        for (actor, status) in [(&guest, 401), (&subscriber, 403), (&contributor, 403)] {
            assert_eq!(send(actor, "inner", fields.clone()).await.status, status, "{}", actor.name);
        }
        let made = create(&editor, "inner", fields).await;
        let path = format!("{}/{}", at("inner"), id(&made));
        for (actor, status) in [(&guest, 401), (&subscriber, 403), (&contributor, 200), (&editor, 200)] {
            assert_eq!(actor.get(&at("inner")).await.status, status, "{}", actor.name);
            assert_eq!(actor.get(&path).await.status, status, "{}", actor.name);
        }
        contributor.delete(&path).await.problem(403, "forbidden");
    }

    async fn entries_belong_to_those_who_made_them(app: TestApp) {
        define_as(&app, "talk", json!({ "access": { "write": "contributor" } }), title()).await;
        let (contributor, author, editor) = (app.contributor().await, app.author().await, app.editor().await);
        let draft = create(&contributor, "talk", json!({ "title": "Mine" })).await;
        let path = format!("{}/{}", at("talk"), id(&draft));
        app.guest().get(&path).await.problem(404, "not_found");
        author.get(&path).await.problem(404, "not_found");
        author.patch(&path, &json!({ "fields": { "title": "Stolen" } })).await.problem(404, "not_found");
        contributor.patch(&path, &json!({ "fields": { "title": "Still mine" } })).await.expect(200);
        contributor.patch(&path, &json!({ "status": "published" })).await.problem(403, "forbidden");
        let published = json!({ "status": "published", "fields": { "title": "At once" } });
        contributor.post(&at("talk"), &published).await.problem(403, "forbidden");

        let drafts = format!("{}?status=draft", at("talk"));
        assert_eq!(contributor.get(&drafts).await.expect(200).items().len(), 1);
        assert_eq!(author.get(&drafts).await.expect(200).items().len(), 0);
        assert_eq!(editor.get(&drafts).await.expect(200).items().len(), 1);
        app.guest().get(&drafts).await.problem(401, "unauthenticated");

        editor.patch(&path, &json!({ "status": "published" })).await.expect(200);
        app.guest().get(&path).await.expect(200);
        // What is published is no longer the contributor's to change.
        contributor.patch(&path, &json!({ "fields": { "title": "Quietly" } })).await.problem(403, "forbidden");
        contributor.delete(&path).await.problem(403, "forbidden");
        author.patch(&path, &json!({ "fields": { "title": "Stolen" } })).await.problem(403, "forbidden");
        editor.delete(&path).await.expect(204);
    }

    async fn without_authorship_everybody_who_writes_may_change_all(app: TestApp) {
        let more = json!({ "drafts": false, "authorship": false, "timestamps": false, "access": { "write": "contributor" } });
        define_as(&app, "word", more, title()).await;
        let (contributor, author) = (app.contributor().await, app.author().await);
        let made = create(&contributor, "word", json!({ "title": "Ours" })).await;
        for member in ["created_by", "updated_by", "created_at", "updated_at"] {
            assert!(made.get(member).is_none(), "{member} is not to be told: {made}");
        }
        let path = format!("{}/{}", at("word"), id(&made));
        author.patch(&path, &json!({ "fields": { "title": "Yours" } })).await.expect(200);
    }

    async fn what_is_not_told_cannot_be_asked(app: TestApp) {
        define_as(&app, "word", json!({ "drafts": false, "timestamps": false }), title()).await;
        let guest = app.guest();
        guest.get(&at("word")).await.expect(200);
        for (query, named) in [("sort=-created_at", "sort"), ("filter[updated_at][gt]=2026-01-01", "filter[updated_at]")] {
            let answer = guest.get(&format!("{}?{query}", at("word"))).await;
            assert!(answer.faulty_fields()[0].starts_with(named), "{query}");
        }
    }

    async fn only_a_page_that_is_there_has_an_address(app: TestApp) {
        define_as(&app, "word", json!({ "permalink": "/words/{id}" }), title()).await;
        let more = json!({ "permalink": "/inner/{id}", "access": { "read": "author" } });
        let administrator = define_as(&app, "inner", more, title()).await;
        for (name, status, has_page) in [("word", "draft", false), ("word", "published", true), ("inner", "published", false)] {
            let body = json!({ "status": status, "fields": { "title": "Words" } });
            let made = administrator.post(&at(name), &body).await.expect(201).json();
            assert_eq!(made["url"].is_string(), has_page, "{made}");
            if let Some(url) = made["url"].as_str() {
                app.guest().get(url.strip_prefix(app.url().as_str()).unwrap()).await.expect(200);
            }
        }
    }

    async fn types_are_the_administrators(app: TestApp) {
        define(&app, "thing", title()).await;
        let editor = app.editor().await;
        let types = "/api/v1/admin/content-types";
        let definition = json!({ "name": "other", "singular": "Other", "plural": "Others", "fields": title() });
        for (actor, status) in [(app.guest(), 401), (editor, 403)] {
            assert_eq!(actor.post(types, &definition).await.status, status);
            assert_eq!(actor.get(types).await.status, status);
            assert_eq!(actor.get(&format!("{types}/thing")).await.status, status);
            assert_eq!(actor.delete(&format!("{types}/thing")).await.status, status);
            for action in ["diff", "apply", "enable", "disable", "purge"] {
                assert_eq!(actor.post(&format!("{types}/thing/{action}"), &json!({})).await.status, status, "{action}");
            }
        }
    }
}
