//! Events as they happen, for those who follow them.

use std::time::Duration;

use fleuron::auth::Role;
use fleuron_tests::{Actor, PATIENCE, TestApp, TestAppBuilder, both, guests, id, manifest, post, text};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

const PATH: &str = "/api/v1/admin/events/stream";
const EMITTER: &str = "com.example.emitter";

/// A site with a plugin that emits what new posts tell it to.
fn site() -> TestAppBuilder {
    let emitter = manifest(EMITTER, &["on-post-creating"]);
    let emitter = format!("{emitter}\n[permissions]\nevents = [\"emit\"]\n");
    TestApp::builder().plugin("emitter", &emitter, guests::EMITTER)
}

/// An open stream.
struct Stream {
    response: Response,
    /// What came and was not read yet.
    rest: String,
}

/// An event of a stream.
#[derive(Clone, Debug)]
struct Streamed {
    id: String,
    event: String,
    data: Value,
}

impl Stream {
    /// Follows from now on, or from behind an event.
    async fn open(actor: &Actor, last_event: Option<&str>) -> Self {
        let mut request = actor.request(Method::GET, PATH).header("accept", "text/event-stream");
        if let Some(last_event) = last_event {
            request = request.header("last-event-id", last_event);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = Self { response, rest: String::new() };
        assert_eq!(stream.block().await.as_deref(), Some(":"), "it says at once that it is open");
        stream
    }

    /// What comes up to the next empty line; none where the stream has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                return Some(block);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("something comes");
            self.rest.push_str(std::str::from_utf8(&chunk.ok().flatten()?).unwrap());
        }
    }

    /// The next event; none where the stream has ended.
    async fn try_next(&mut self) -> Option<Streamed> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let mut values = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                values.next().map(str::to_owned)
            };
            if let (Some(id), Some(event), Some(data)) = (field("id"), field("event"), field("data")) {
                return Some(Streamed { id, event, data: serde_json::from_str(&data).unwrap() });
            }
        }
    }

    async fn next(&mut self) -> Streamed {
        self.try_next().await.expect("the stream goes on")
    }

    /// The types of the events up to the publication of a post with this title.
    async fn types_until(&mut self, title: &str) -> Vec<String> {
        let mut types = Vec::new();
        loop {
            let Streamed { event, data, .. } = self.next().await;
            let is_last = event == "post.published" && data["data"]["post"]["title"] == title;
            types.push(event);
            if is_last {
                return types;
            }
        }
    }
}

both! {
    async fn events_come_as_they_happen(app: TestApp) {
        let (author, administrator) = (app.author().await, app.administrator().await);
        let mut stream = Stream::open(&administrator, None).await;
        let created = post("News").published().create(&author).await;
        let mut ids = Vec::new();
        for expected in ["post.created", "post.published"] {
            let Streamed { id: place, event, data } = stream.next().await;
            assert_eq!((event.as_str(), text(&data, "type")), (expected, expected));
            assert!(text(&data, "timestamp").ends_with('Z'), "{data:#}");
            assert_eq!((text(&data["data"], "id"), &data["data"]["version"]), (id(&created), &json!(1)));
            assert_eq!(text(&data["data"]["post"], "title"), "News");
            assert_eq!(text(&data["data"], "user_id"), author.id());
            ids.push(place);
            ids.push(id(&data).to_owned());
        }
        let path = format!("/api/v1/posts/{}", id(&created));
        author.patch(&path, &json!({ "status": "draft" })).await.expect(200);
        author.delete(&format!("{path}?permanent=true")).await.expect(204);
        for expected in ["post.updated", "post.unpublished", "post.deleted"] {
            let Streamed { id: place, event, data } = stream.next().await;
            assert_eq!((event.as_str(), text(&data["data"], "id")), (expected, id(&created)));
            ids.push(place);
            ids.push(id(&data).to_owned());
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 10, "each has an id and a place of its own: {ids:?}");
    }

    async fn each_sees_what_concerns_them(app: TestApp = site()) {
        let (author, other, editor) = (app.author().await, app.author().await, app.editor().await);
        let (administrator, guest) = (app.administrator().await, app.guest());
        let reader = app.actor_with_password(Role::Subscriber).await;
        let mut streams = Vec::new();
        for actor in [&author, &other, &editor, &administrator] {
            streams.push(Stream::open(actor, None).await);
        }
        post("Draft").create(&author).await;
        let public = post("Public").published().create(&author).await;
        let remark = json!({ "content": "Hm.", "nickname": "Ada", "email": "ada@example.com" });
        guest.post(&format!("/api/v1/posts/{}/comments", id(&public)), &remark).await.expect(201);
        guest.login(&reader.account().email, fleuron_tests::PASSWORD).await.expect(200);
        post("Scripted").content("script\nemit ping {\"n\":1}").create(&author).await;
        post("The end").published().create(&author).await;
        let (created, published) = ("post.created", "post.published");
        let of_author = vec![created, created, published, created, created, published];
        let of_other = vec![created, published, created, published];
        let of_editor =
            vec![created, created, published, "comment.created", created, created, published];
        let of_administrator = vec![
            created,
            created,
            published,
            "comment.created",
            "user.logged_in",
            "plugin.com.example.emitter.ping",
            created,
            created,
            published,
        ];
        let expected = [of_author, of_other, of_editor, of_administrator];
        for (stream, expected) in streams.iter_mut().zip(expected) {
            assert_eq!(stream.types_until("The end").await, expected);
        }
    }

    async fn who_comes_back_goes_on(app: TestApp) {
        let administrator = app.administrator().await;
        let mut stream = Stream::open(&administrator, None).await;
        for title in ["One", "Two", "Three"] {
            post(title).create(&administrator).await;
        }
        let first = stream.next().await;
        assert_eq!(text(&first.data["data"]["post"], "title"), "One");
        drop(stream);
        post("Four").create(&administrator).await;
        let mut stream = Stream::open(&administrator, Some(&first.id)).await;
        let mut last = first;
        for title in ["Two", "Three", "Four"] {
            last = stream.next().await;
            assert_eq!(text(&last.data["data"]["post"], "title"), title);
        }
        for unknown in ["nonsense", "1", "00000000000070008000000000000000-1"] {
            let mut stream = Stream::open(&administrator, Some(unknown)).await;
            let reset = stream.next().await;
            assert_eq!((reset.event.as_str(), &reset.data), ("reset", &json!({})));
            let title = format!("After {unknown}");
            post(&title).create(&administrator).await;
            assert_eq!(text(&stream.next().await.data["data"]["post"], "title"), title);
            // The place that came with the reset is a good one.
            let mut again = Stream::open(&administrator, Some(&reset.id)).await;
            assert_eq!(text(&again.next().await.data["data"]["post"], "title"), title);
        }
        drop(stream);
        let app = app.restart().await;
        let administrator = app.administrator().await;
        let mut stream = Stream::open(&administrator, Some(&last.id)).await;
        assert_eq!(stream.next().await.event, "reset", "nothing is kept over a restart");
    }

    async fn it_ends_with_the_session(app: TestApp) {
        let (author, administrator) = (app.author().await, app.administrator().await);
        let mut stream = Stream::open(&author, None).await;
        post("Before").published().create(&administrator).await;
        assert_eq!(stream.types_until("Before").await, ["post.created", "post.published"]);
        let password = json!({ "password": "quite another password" });
        administrator.patch(&format!("/api/v1/admin/users/{}", author.id()), &password).await.expect(200);
        post("After").published().create(&administrator).await;
        let more = timeout(Duration::from_secs(20), stream.try_next()).await.expect("it ends");
        assert!(more.is_none(), "{more:?}");
    }
}

#[tokio::test]
async fn it_is_for_those_who_write() {
    let app = TestApp::spawn().await;
    app.guest().get(PATH).await.problem(401, "unauthenticated");
    app.subscriber().await.get(PATH).await.problem(403, "forbidden");
    drop(Stream::open(&app.contributor().await, None).await);
}
