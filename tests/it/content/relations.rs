//! Relations: what they lead to is there, and shown in one go.

use fleuron_tests::{TestApp, both, id, page, post, text};
use serde_json::{Value, json};

use super::{at, create, define, listed, values};

fn speaker() -> Value {
    json!([{ "name": "name", "kind": "text", "required": true }, { "name": "fee", "kind": "integer", "private": true }])
}

fn talk() -> Value {
    json!([
        { "name": "title", "kind": "text", "sortable": true },
        { "name": "main", "kind": "relation", "to": "speaker", "filterable": true },
        { "name": "others", "kind": "relation", "to": "speaker", "many": true, "filterable": true },
        { "name": "host", "kind": "relation", "to": "speaker", "on_delete": "restrict" },
        { "name": "post", "kind": "relation", "to": "post" },
        { "name": "page", "kind": "relation", "to": "page" },
        { "name": "user", "kind": "relation", "to": "user" },
        { "name": "after", "kind": "relation", "to": "talk" },
    ])
}

both! {
    async fn what_is_removed_is_taken_out_or_kept(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let mut ids = Vec::new();
        for name in ["Ada", "Bea", "Cleo"] {
            ids.push(id(&create(&administrator, "speaker", json!({ "name": name })).await).to_owned());
        }
        let fields = json!({ "title": "T", "main": ids[0], "others": [ids[0], ids[1]], "host": ids[2] });
        let made = create(&administrator, "talk", fields).await;
        let path = format!("{}/{}", at("talk"), id(&made));
        administrator.delete(&format!("{}/{}", at("speaker"), ids[0])).await.expect(204);
        let stands = administrator.get(&path).await.expect(200).json();
        assert_eq!(values(&stands), json!({ "title": "T", "others": [ids[1]], "host": ids[2] }));
        assert_eq!(stands["version"], 2, "it is one change of the entry");
        let kept = administrator.delete(&format!("{}/{}", at("speaker"), ids[2])).await;
        kept.problem(409, "still_referenced");
        administrator.get(&format!("{}/{}", at("speaker"), ids[2])).await.expect(200);
        administrator.delete(&path).await.expect(204);
        administrator.delete(&format!("{}/{}", at("speaker"), ids[2])).await.expect(204);
    }

    async fn posts_and_pages_are_told_apart_and_let_go(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let (post, page) = (post("P").published().create(&administrator).await, page("G").published().create(&administrator).await);
        let wrong = administrator.post(&at("talk"), &json!({ "fields": { "post": id(&page), "page": id(&post) } })).await;
        assert_eq!(wrong.faulty_fields(), ["fields.post", "fields.page"]);
        let made = create(&administrator, "talk", json!({ "post": id(&post), "page": id(&page), "user": administrator.id() })).await;
        administrator.delete(&format!("/api/v1/posts/{}?permanent=true", id(&post))).await.expect(204);
        let stands = administrator.get(&format!("{}/{}", at("talk"), id(&made))).await.expect(200).json();
        assert_eq!(values(&stands), json!({ "page": id(&page), "user": administrator.id() }));
    }

    async fn relations_are_expanded_for_who_may_see_them(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let mut ids = Vec::new();
        for name in ["Ada", "Bea"] {
            ids.push(id(&create(&administrator, "speaker", json!({ "name": name, "fee": 7 })).await).to_owned());
        }
        let (shown, hidden) = (post("Shown").published().create(&administrator).await, post("Hidden").create(&administrator).await);
        let first = json!({ "title": "1", "main": ids[0], "others": [ids[1], ids[0]], "post": id(&shown), "user": administrator.id() });
        let first = create(&administrator, "talk", first).await;
        create(&administrator, "talk", json!({ "title": "2", "post": id(&hidden), "after": id(&first) })).await;
        let path = format!("{}?sort=title&expand=main,others,post,user,after", at("talk"));
        let items = app.guest().get(&path).await.expect(200).items();
        let fields = &items[0]["fields"];
        assert_eq!(values(&fields["main"]), json!({ "name": "Ada" }), "{fields:#}");
        let names: Vec<&str> = fields["others"].as_array().unwrap().iter().map(|other| text(&other["fields"], "name")).collect();
        assert_eq!(names, ["Bea", "Ada"]);
        assert_eq!(text(&fields["post"], "title"), "Shown");
        assert_eq!(text(&fields["user"], "username"), administrator.account().username);
        assert_eq!(items[1]["fields"]["post"], Value::Null, "a draft is not for guests");
        assert_eq!(text(&items[1]["fields"]["after"]["fields"], "title"), "1");
        let items = administrator.get(&path).await.expect(200).items();
        assert_eq!(text(&items[1]["fields"]["post"], "title"), "Hidden");
        assert_eq!(items[0]["fields"]["main"]["fields"]["fee"], 7);
    }

    async fn an_answer_has_a_largest_size(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let items: Vec<Value> = (0..250).map(|number| json!({ "fields": { "name": format!("Speaker {number}") } })).collect();
        let speakers = administrator.post(&format!("{}/bulk", at("speaker")), &json!({ "items": items })).await.expect(201).items();
        let others: Vec<&str> = speakers.iter().map(id).collect();
        let items: Vec<Value> = (0..9).map(|number| json!({ "fields": { "title": format!("Talk {number}"), "others": others } })).collect();
        administrator.post(&format!("{}/bulk", at("talk")), &json!({ "items": items })).await.expect(201);
        let guest = app.guest();
        let answer = guest.get(&format!("{}?expand=others", at("talk"))).await;
        assert_eq!(answer.faulty_fields(), ["expand"]);
        assert!(answer.text().contains("2250 things"), "{}", answer.text());
        for query in ["expand=others&limit=8", "expand=others&fields=title", "limit=9"] {
            guest.get(&format!("{}?{query}", at("talk"))).await.expect(200);
        }

        let leaflet = json!([{ "name": "body", "kind": "markdown" }]);
        define(&app, "leaflet", leaflet).await;
        define(&app, "stand", json!([{ "name": "shows", "kind": "relation", "to": "leaflet" }])).await;
        let large = create(&administrator, "leaflet", json!({ "body": "x".repeat(500_000) })).await;
        let items = vec![json!({ "fields": { "shows": id(&large) } }); 40];
        administrator.post(&format!("{}/bulk", at("stand")), &json!({ "items": items })).await.expect(201);
        let path = format!("{}?expand=shows", at("stand"));
        assert_eq!(guest.get(&format!("{path}&limit=40")).await.faulty_fields(), ["limit"]);
        assert_eq!(guest.get(&format!("{path}&limit=10")).await.expect(200).items().len(), 10);
    }

    async fn relations_are_filtered_by(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let ada = id(&create(&administrator, "speaker", json!({ "name": "Ada" })).await).to_owned();
        let bea = id(&create(&administrator, "speaker", json!({ "name": "Bea" })).await).to_owned();
        for (title, main, others) in [("1", &ada, vec![&bea]), ("2", &bea, vec![&ada, &bea]), ("3", &ada, vec![])] {
            create(&administrator, "talk", json!({ "title": title, "main": main, "others": others })).await;
        }
        for (query, expected) in [
            (format!("filter[main]={ada}"), vec!["1", "3"]),
            (format!("filter[main][in]={ada},{bea}"), vec!["1", "2", "3"]),
            (format!("filter[others]={ada}"), vec!["2"]),
            (format!("filter[others][contains]={bea}"), vec!["1", "2"]),
            (format!("filter[main]={ada}&filter[others][contains]={bea}"), vec!["1"]),
        ] {
            let path = format!("{}?sort=title&{query}", at("talk"));
            assert_eq!(listed(&app.guest(), &path, "title").await, expected, "{query}");
        }
    }

    async fn a_type_that_relations_lead_to_stays(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let types = "/api/v1/admin/content-types";
        administrator.delete(&format!("{types}/speaker")).await.problem(409, "still_referenced");
        administrator.delete(&format!("{types}/talk")).await.expect(204);
        administrator.delete(&format!("{types}/speaker")).await.expect(204);
        administrator.get(&at("speaker")).await.problem(404, "not_found");
    }

    async fn something_else_with_the_same_id_is_something_else(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "talk", talk()).await;
        let (author, editor) = (app.author().await, app.editor().await);
        let made = create(&administrator, "talk", json!({ "user": author.id() })).await;
        let import = format!("{}/import", at("speaker"));
        let line = json!({ "id": author.id(), "status": "published", "fields": { "name": "Not the user" } }).to_string();
        let send = async |actor: &fleuron_tests::Actor| {
            let request = actor.request(reqwest::Method::POST, &import).header("content-type", "application/jsonl");
            actor.send(request.body(line.clone())).await.expect(200).json()
        };
        // Who may not edit everybody's content does not choose ids.
        assert_eq!(send(&author).await["created"], 1);
        administrator.get(&format!("{}/{}", at("speaker"), author.id())).await.problem(404, "not_found");
        assert_eq!(send(&editor).await["created"], 1);
        let path = format!("{}/{}", at("speaker"), author.id());
        editor.delete(&path).await.expect(204);
        let stands = administrator.get(&format!("{}/{}", at("talk"), id(&made))).await.expect(200).json();
        assert_eq!((values(&stands), &stands["version"]), (json!({ "user": author.id() }), &json!(1)));
    }

    async fn a_list_does_not_fall_short_of_what_it_must_have(app: TestApp) {
        let administrator = define(&app, "speaker", speaker()).await;
        define(&app, "panel", json!([{ "name": "who", "kind": "relation", "to": "speaker", "many": true, "min": 2 }])).await;
        let mut ids = Vec::new();
        for name in ["Ada", "Bea", "Cleo"] {
            ids.push(id(&create(&administrator, "speaker", json!({ "name": name })).await).to_owned());
        }
        create(&administrator, "panel", json!({ "who": ids })).await;
        administrator.delete(&format!("{}/{}", at("speaker"), ids[0])).await.expect(204);
        administrator.delete(&format!("{}/{}", at("speaker"), ids[1])).await.problem(409, "still_referenced");
    }
}
