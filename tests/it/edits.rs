//! Changing posts: what people see of each other's changes, and what is refused.

use fleuron_tests::{TestApp, both, id, post, text};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn at(post: &Value) -> String {
    format!("/api/v1/posts/{}", id(post))
}

both! {
    async fn a_stale_edit_is_refused_and_nothing_is_lost(app: TestApp) {
        let (author, editor) = (app.author().await, app.editor().await);
        let path = at(&post("Shared").published().create(&author).await);
        let seen = author.get(&path).await.expect(200).must_have("etag").to_owned();
        editor.patch_if(&path, &seen, &json!({ "content": "The editor's words." })).await.expect(200);
        let stale = author.patch_if(&path, &seen, &json!({ "content": "The author's words." })).await;
        stale.problem(412, "version_mismatch");
        let stands = author.get(&path).await.expect(200);
        assert_eq!(stands.json()["content"], "The editor's words.");
        let fresh = stands.must_have("etag").to_owned();
        author.patch_if(&path, &fresh, &json!({ "content": "Both." })).await.expect(200);
        author.patch_if(&path, "*", &json!({ "content": "Whatever stands." })).await.expect(200);
        let request = author.request(reqwest::Method::DELETE, &path).header("if-match", &seen);
        author.send(request).await.problem(412, "version_mismatch");
        author.get(&path).await.expect(200);
    }

    async fn of_many_with_the_same_version_one_wins(app: TestApp) {
        let author = app.author().await;
        let path = at(&post("Contended").published().create(&author).await);
        let edits = (0..8).map(|number| {
            let (author, path) = (&author, &path);
            async move {
                let content = format!("Words of {number}.");
                (author.patch_if(path, "\"1\"", &json!({ "content": content })).await, content)
            }
        });
        let answers = join_all(edits).await;
        let won: Vec<_> = answers.iter().filter(|(answer, _)| answer.status == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        for (answer, _) in answers.iter().filter(|(answer, _)| answer.status != 200) {
            assert!(matches!(answer.status, 409 | 412), "{answer:?}");
            answer.any_problem();
        }
        let stands = author.get(&path).await.expect(200).json();
        assert_eq!((&stands["content"], &stands["version"]), (&json!(won[0].1), &json!(2)));
    }

    async fn whoever_is_told_yes_is_not_overwritten(app: TestApp) {
        let author = app.author().await;
        let path = at(&post("Busy").published().with("excerpt", "None.").create(&author).await);
        for round in 0..5 {
            let edits = [
                ("title", json!(format!("Title {round}"))),
                ("content", json!(format!("Content {round}"))),
                ("excerpt", json!(format!("Excerpt {round}"))),
                ("cover_image", json!(format!("/media/{round}.png"))),
                ("comments_open", json!(round % 2 == 0)),
            ];
            let sent = edits.iter().map(|(field, value)| {
                let (author, path) = (&author, &path);
                async move { author.patch(path, &json!({ *field: value })).await }
            });
            let answers = join_all(sent).await;
            let stands = author.get(&path).await.expect(200).json();
            for ((field, value), answer) in edits.iter().zip(&answers) {
                match answer.status {
                    200 => assert_eq!(&stands[field], value, "{field} was acknowledged and lost"),
                    _ => drop(answer.problem(409, "edit_conflict")),
                }
            }
        }
    }

    async fn two_edits_at_once_both_land(app: TestApp) {
        let author = app.author().await;
        let path = at(&post("A pair").published().create(&author).await);
        for round in 0..5 {
            let (title, cover) = (format!("Title {round}"), format!("/media/{round}.png"));
            let (title_change, cover_change) = (json!({ "title": title }), json!({ "cover_image": cover }));
            let both = tokio::join!(author.patch(&path, &title_change), author.patch(&path, &cover_change));
            // The loser of the race was made again on what the winner left.
            assert_eq!((both.0.status, both.1.status), (200, 200), "{both:?}");
            let stands = author.get(&path).await.expect(200).json();
            assert_eq!((text(&stands, "title"), text(&stands, "cover_image")), (title.as_str(), cover.as_str()));
        }
    }

    async fn all_faults_are_told_at_once(app: TestApp) {
        let editor = app.editor().await;
        let nowhere = uuid::Uuid::now_v7().to_string();
        let faulty = json!({
            "title": " \n ", "content": "a\u{0}b", "slug": "Not A Slug", "excerpt": "x".repeat(3000),
            "category_id": nowhere, "tag_ids": [nowhere], "cover_image": "javascript:alert(1)",
        });
        let fields = ["title", "content", "slug", "excerpt", "category_id", "tag_ids", "cover_image"];
        let refused = editor.post("/api/v1/posts", &faulty).await;
        assert_eq!(refused.faulty_fields(), fields);
        let path = at(&post("Good").published().create(&editor).await);
        let refused = editor.patch(&path, &faulty).await;
        assert_eq!(refused.faulty_fields(), fields);
        let stands = editor.get(&path).await.expect(200).json();
        assert_eq!((&stands["title"], &stands["version"]), (&json!("Good"), &json!(1)));
    }

    async fn limits_are_told_with_their_numbers(app: TestApp) {
        let author = app.author().await;
        let mut refused = Vec::new();
        for (field, value) in [
            ("title", json!("x".repeat(301))),
            ("title", json!("two\nlines")),
            ("content", json!("x".repeat(1024 * 1024 + 1))),
            ("slug", json!("x".repeat(191))),
            ("cover_image", json!("//elsewhere.example/a.png")),
            ("cover_image", json!("data:image/png;base64,AAAA")),
            ("tag_ids", json!(vec![uuid::Uuid::now_v7(); 101])),
        ] {
            let answer = post("Fine").with(field, value).send(&author).await;
            assert_eq!(answer.faulty_fields(), [field]);
            refused.push(answer.text());
        }
        assert!(refused[0].contains("300") && refused[2].contains("1048576") && refused[3].contains("190"));
        post(&"é".repeat(300)).content(&"x".repeat(1024 * 1024)).create(&author).await;
    }
}

#[tokio::test]
async fn the_version_header_is_described() {
    let app = TestApp::spawn().await;
    let document = app.guest().get("/api/openapi.json").await.expect(200).json();
    for (method, path) in [
        ("patch", "posts/{id_or_slug}"),
        ("delete", "posts/{id_or_slug}"),
        ("patch", "pages/{id_or_slug}"),
        ("delete", "pages/{id_or_slug}"),
        ("patch", "tags/{id_or_slug}"),
        ("patch", "categories/{id_or_slug}"),
        ("patch", "comments/{id}"),
    ] {
        let parameters =
            document["paths"][format!("/api/v1/{path}")][method]["parameters"].as_array().unwrap();
        let described = parameters.iter().find(|parameter| parameter["name"] == "If-Match");
        let described = described.unwrap_or_else(|| panic!("{method} {path}"));
        assert_eq!(
            (&described["in"], &described["required"]),
            (&json!("header"), &json!(false)),
            "{method} {path}"
        );
        assert!(text(described, "description").contains("version_mismatch"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_malformed_version_is_refused() {
    let app = TestApp::spawn().await;
    let author = app.author().await;
    let path = at(&post("Versioned").create(&author).await);
    for version in ["1", "\"x\"", "\"1\", \"2\"", "", "\"99999999999999999999999\""] {
        author.patch_if(&path, version, &json!({ "title": "No" })).await.problem(400, "malformed_request");
    }
    for version in ["\"1\"", "\"2-whatever\""] {
        author.patch_if(&path, version, &json!({ "title": "Versioned" })).await.expect(200);
    }
    author.patch_if(&path, "\"7\"", &json!({ "title": "No" })).await.problem(412, "version_mismatch");
    assert_eq!(author.get(&path).await.expect(200).json()["title"], "Versioned");
}
