//! What is acknowledged is durable, and what is not durable is not acknowledged.

use std::time::Duration;

use fleuron_tests::{TestApp, both, id, post, text};
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::json;

/// Long enough for any write to be done with, but for its COMMIT.
const A_WHILE: Duration = Duration::from_millis(300);

both! {
    async fn nothing_is_acknowledged_before_its_commit(app: TestApp) {
        let author = app.author().await;
        let existing = post("There already").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&existing));
        let hold = app.services().database.hold_commits().await;
        let (first, second) = (post("First").published(), post("Second").published());
        let change = json!({ "title": "Changed" });
        let mut writes = FuturesUnordered::new();
        writes.push(first.send(&author).boxed_local());
        writes.push(second.send(&author).boxed_local());
        writes.push(author.patch(&path, &change).boxed_local());
        let early = tokio::time::timeout(A_WHILE, writes.next()).await;
        assert!(early.is_err(), "acknowledged before the COMMIT: {early:?}");
        let stands = app.guest().get(&path).await.expect(200).json();
        assert_eq!(text(&stands, "title"), "There already");
        app.guest().get("/first").await.expect(404);
        drop(hold);
        let mut statuses = Vec::new();
        while let Some(answer) = writes.next().await {
            statuses.push(answer.status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201, 201]);
        app.guest().get("/first").await.expect(200);
        app.guest().get("/second").await.expect(200);
        assert_eq!(text(&app.guest().get(&path).await.expect(200).json(), "title"), "Changed");
    }

    async fn many_write_at_once(app: TestApp) {
        let author = app.author().await;
        let clients = (0..16).map(|client| {
            let author = &author;
            async move {
                let mut ids = Vec::new();
                for number in 0..5 {
                    let created = post(&format!("Client {client}, post {number}")).published().create(author).await;
                    ids.push(id(&created).to_owned());
                }
                ids
            }
        });
        let mut ids: Vec<String> = join_all(clients).await.into_iter().flatten().collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 80);
        for id in ids {
            app.guest().get(&format!("/api/v1/posts/{id}")).await.expect(200);
        }
    }

    async fn a_failure_takes_nobody_along(app: TestApp) {
        let editor = app.editor().await;
        editor.post("/api/v1/tags", &json!({ "name": "Taken" })).await.expect(201);
        let writes = (0..24).map(|number| {
            let editor = &editor;
            async move {
                let name = if number % 3 == 0 { "Taken".to_owned() } else { format!("Tag {number}") };
                (number, editor.post("/api/v1/tags", &json!({ "name": name })).await)
            }
        });
        for (number, answer) in join_all(writes).await {
            assert_eq!(answer.status, if number % 3 == 0 { 409 } else { 201 }, "{number}: {}", answer.text());
        }
        assert_eq!(app.guest().get("/api/v1/tags").await.expect(200).items().len(), 17);
    }

    async fn everything_outlives_the_server(app: TestApp) {
        let author = app.author().await;
        let created = post("Still here").published().create(&author).await;
        let app = app.restart().await;
        let read = app.guest().get(&format!("/api/v1/posts/{}", id(&created))).await.expect(200).json();
        assert_eq!(text(&read, "content"), text(&created, "content"));
        let page = app.guest().get("/still-here").await.expect(200).text();
        assert!(page.contains("<em>content</em>"));
        let welcome = app.guest().get("/api/v1/posts/welcome-to-fleuron").await.expect(200);
        assert_eq!(text(&welcome.json(), "title"), "Welcome to Fleuron", "it is not written twice");
        app.guest().get("/api/v1/posts/welcome-to-fleuron-2").await.problem(404, "not_found");
    }
}
