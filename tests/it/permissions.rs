//! Who may do what: one table over all roles and every route that is not open to everybody.

use fleuron::auth::Role;
use fleuron_tests::{Actor, TestApp, both, id, page, post};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// What guests, subscribers, contributors, authors, editors and administrators are told.
type Statuses = [u16; 6];

/// Everybody who is signed in.
const SIGNED_IN: [Role; 5] =
    [Role::Subscriber, Role::Contributor, Role::Author, Role::Editor, Role::Administrator];

/// Things that belong to an administrator: the paths name them.
struct Things {
    post: String,
    draft: String,
    page: String,
    comment: String,
    category: String,
    tag: String,
    user: String,
}

impl Things {
    async fn make(app: &TestApp, administrator: &Actor) -> Self {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let identity = |value: Value| id(&value).to_owned();
        let post_id = identity(post("A post").published().create(administrator).await);
        let words = json!({ "content": "Well said." });
        let comment =
            administrator.post(&format!("/api/v1/posts/{post_id}/comments"), &words).await.expect(201);
        let name = json!({ "name": unique });
        Self {
            post: post_id,
            draft: identity(post("A draft").create(administrator).await),
            page: identity(page("A page").published().create(administrator).await),
            comment: identity(comment.json()),
            category: identity(administrator.post("/api/v1/categories", &name).await.expect(201).json()),
            tag: identity(administrator.post("/api/v1/tags", &name).await.expect(201).json()),
            user: app.subscriber().await.id(),
        }
    }

    fn path(&self, template: &str) -> String {
        let known = [
            ("{post}", &self.post),
            ("{draft}", &self.draft),
            ("{page}", &self.page),
            ("{comment}", &self.comment),
            ("{category}", &self.category),
            ("{tag}", &self.tag),
            ("{user}", &self.user),
        ];
        known.iter().fold(template.to_owned(), |path, (name, id)| path.replace(name, id))
    }
}

/// The body for a route; names must be unique.
fn body(method: &Method, path: &str) -> Option<Value> {
    let unique = uuid::Uuid::new_v4().simple().to_string();
    match (method.as_str(), path) {
        ("GET" | "DELETE", _) => None,
        ("PUT", _) => Some(json!({ "values": { "label": "{minutes} minutes" } })),
        ("POST", "/admin/plugins/com.example.nobody/consent") => Some(json!({ "hash": "" })),
        ("POST", "/posts" | "/pages") => Some(json!({ "title": "Something" })),
        ("POST", "/posts/{post}/comments") => {
            Some(json!({ "content": "Hm.", "nickname": "Ada", "email": "ada@example.com" }))
        }
        ("POST", "/admin/webhooks") => {
            Some(json!({ "url": "https://receiver.example.com/", "events": ["post.*"] }))
        }
        (_, path) if path.starts_with("/admin/deliveries") || path.starts_with("/admin/cron") => {
            Some(json!({}))
        }
        (_, path) if path.starts_with("/admin/webhooks/") || path.starts_with("/admin/content-types/") => {
            Some(json!({}))
        }
        ("POST", "/admin/users") => Some(json!({
            "username": unique, "email": format!("{unique}@example.com"),
            "password": "a quite long password", "role": "author",
        })),
        ("PATCH", "/admin/users/{user}") => Some(json!({ "bio": "New." })),
        ("PATCH", "/admin/settings") => Some(json!({ "title": "Renamed" })),
        ("PATCH", "/comments/{comment}") => Some(json!({ "status": "spam" })),
        ("PATCH", "/posts/{post}" | "/posts/{draft}" | "/pages/{page}") => {
            Some(json!({ "title": "Changed" }))
        }
        _ => Some(json!({ "name": unique })),
    }
}

const TABLE: [(&str, &str, Statuses); 75] = [
    ("GET", "/auth/me", [401, 200, 200, 200, 200, 200]),
    ("GET", "/posts/{post}", [200, 200, 200, 200, 200, 200]),
    ("GET", "/posts/{draft}", [404, 404, 404, 404, 200, 200]),
    ("GET", "/posts?status=draft", [401, 403, 200, 200, 200, 200]),
    ("GET", "/posts?status=trash", [401, 403, 200, 200, 200, 200]),
    ("POST", "/posts", [401, 403, 201, 201, 201, 201]),
    ("PATCH", "/posts/{post}", [401, 403, 403, 403, 200, 200]),
    ("PATCH", "/posts/{draft}", [401, 403, 404, 404, 200, 200]),
    ("DELETE", "/posts/{post}", [401, 403, 403, 403, 204, 204]),
    ("DELETE", "/posts/{draft}", [401, 403, 404, 404, 204, 204]),
    ("POST", "/pages", [401, 403, 403, 403, 201, 201]),
    ("PATCH", "/pages/{page}", [401, 403, 403, 403, 200, 200]),
    ("DELETE", "/pages/{page}", [401, 403, 403, 403, 204, 204]),
    ("POST", "/posts/{post}/comments", [201, 201, 201, 201, 201, 201]),
    ("GET", "/posts/{post}/comments?status=pending", [401, 403, 403, 403, 200, 200]),
    ("GET", "/comments", [401, 403, 403, 403, 200, 200]),
    ("PATCH", "/comments/{comment}", [401, 403, 403, 403, 200, 200]),
    ("DELETE", "/comments/{comment}", [401, 403, 403, 403, 204, 204]),
    ("POST", "/categories", [401, 403, 403, 403, 201, 201]),
    ("PATCH", "/categories/{category}", [401, 403, 403, 403, 200, 200]),
    ("DELETE", "/categories/{category}", [401, 403, 403, 403, 204, 204]),
    ("POST", "/tags", [401, 403, 201, 201, 201, 201]),
    ("PATCH", "/tags/{tag}", [401, 403, 403, 403, 200, 200]),
    ("DELETE", "/tags/{tag}", [401, 403, 403, 403, 204, 204]),
    ("GET", "/admin/content-types", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/content-types/nobody", [401, 403, 403, 403, 403, 404]),
    ("DELETE", "/admin/content-types/nobody", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/content-types", [401, 403, 403, 403, 403, 422]),
    ("POST", "/admin/content-types/nobody/diff", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/content-types/nobody/apply", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/content-types/nobody/enable", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/content-types/nobody/disable", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/content-types/nobody/purge", [401, 403, 403, 403, 403, 404]),
    ("GET", "/admin/users", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/users", [401, 403, 403, 403, 403, 201]),
    ("PATCH", "/admin/users/{user}", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/settings", [401, 403, 403, 403, 403, 200]),
    ("PATCH", "/admin/settings", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/plugins", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/plugins/org.fleuron.reading-time", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/plugins/org.fleuron.reading-time/logs", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/plugins/org.fleuron.reading-time/settings", [401, 403, 403, 403, 403, 200]),
    ("PUT", "/admin/plugins/org.fleuron.reading-time/settings", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/plugins/org.fleuron.reading-time/reload", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/hooks", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/plugins", [401, 403, 403, 403, 403, 422]),
    ("POST", "/admin/plugins/org.fleuron.reading-time/enable", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/plugins/org.fleuron.reading-time/disable", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/plugins/com.example.nobody/consent", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/plugins/com.example.nobody/rollback", [401, 403, 403, 403, 403, 404]),
    ("DELETE", "/admin/plugins/com.example.nobody", [401, 403, 403, 403, 403, 404]),
    ("GET", "/admin/audit", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/events", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/events/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
    ("GET", "/admin/deliveries", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/deliveries/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/deliveries/replay", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/deliveries/discard", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/deliveries/00000000-0000-0000-0000-000000000000/replay", [401, 403, 403, 403, 403, 404]),
    (
        "POST",
        "/admin/deliveries/00000000-0000-0000-0000-000000000000/discard",
        [401, 403, 403, 403, 403, 404],
    ),
    ("GET", "/admin/webhooks", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/webhooks", [401, 403, 403, 403, 403, 201]),
    ("GET", "/admin/webhooks/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
    ("PATCH", "/admin/webhooks/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
    ("DELETE", "/admin/webhooks/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/webhooks/00000000-0000-0000-0000-000000000000/test", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/webhooks/00000000-0000-0000-0000-000000000000/secret", [401, 403, 403, 403, 403, 404]),
    ("POST", "/admin/webhooks/00000000-0000-0000-0000-000000000000/resume", [401, 403, 403, 403, 403, 404]),
    ("GET", "/admin/cron/jobs", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/cron/jobs/site/clean-up", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/cron/jobs/site/clean-up/pause", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/cron/jobs/site/clean-up/resume", [401, 403, 403, 403, 403, 200]),
    ("POST", "/admin/cron/jobs/site/purge-trash/run", [401, 403, 403, 403, 403, 202]),
    ("GET", "/admin/cron/runs", [401, 403, 403, 403, 403, 200]),
    ("GET", "/admin/cron/runs/00000000-0000-0000-0000-000000000000", [401, 403, 403, 403, 403, 404]),
];

both! {
    async fn everybody_may_do_what_the_table_says(app: TestApp) {
        let owner = app.administrator().await;
        let mut actors = vec![app.guest()];
        actors.extend(join_all(SIGNED_IN.map(|role| app.actor(role))).await);
        for (method, template, expected) in TABLE {
            let method: Method = method.parse().unwrap();
            let mut statuses = Statuses::default();
            for (actor, status) in actors.iter().zip(&mut statuses) {
                let things = Things::make(&app, &owner).await;
                let mut request = actor.request(method.clone(), &format!("/api/v1{}", things.path(template)));
                if let Some(body) = body(&method, template) {
                    request = request.json(&body);
                }
                let answer = actor.send(request).await;
                if answer.status >= 400 {
                    answer.any_problem();
                }
                *status = answer.status;
            }
            assert_eq!(statuses, expected, "{method} {template}");
        }
    }

    async fn contributors_write_and_do_not_publish(app: TestApp) {
        let (contributor, editor) = (app.contributor().await, app.editor().await);
        post("Out at once").published().send(&contributor).await.problem(403, "forbidden");
        let draft = post("My draft").create(&contributor).await;
        let path = format!("/api/v1/posts/{}", id(&draft));
        contributor.patch(&path, &json!({ "title": "My better draft" })).await.expect(200);
        contributor.patch(&path, &json!({ "status": "published" })).await.problem(403, "forbidden");
        assert_eq!(app.guest().get(&path).await.status, 404);
        editor.patch(&path, &json!({ "status": "published" })).await.expect(200);
        app.guest().get(&path).await.expect(200);
        contributor.patch(&path, &json!({ "title": "Mine no more" })).await.problem(403, "forbidden");
        contributor.delete(&path).await.problem(403, "forbidden");
        let still = app.guest().get(&path).await.expect(200).json();
        assert_eq!(still["title"], "My better draft");
    }

    async fn authors_publish_what_is_theirs(app: TestApp) {
        let (author, other) = (app.author().await, app.author().await);
        let published = post("Mine").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&published));
        author.patch(&path, &json!({ "title": "Still mine" })).await.expect(200);
        other.patch(&path, &json!({ "title": "Mine now" })).await.problem(403, "forbidden");
        let stolen = post("In a colleague's name").with("author_ids", json!([other.id()]));
        stolen.send(&author).await.problem(403, "forbidden");
        let given = stolen.create(&app.editor().await).await;
        other.patch(&format!("/api/v1/posts/{}", id(&given)), &json!({ "title": "Mine" })).await.expect(200);
        author.delete(&path).await.expect(204);
    }
}
