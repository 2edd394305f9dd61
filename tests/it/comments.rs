//! Comments: threads, moderation, the form for guests, and what keeps robots out.

use std::time::Duration;

use fleuron_tests::{Actor, Answer, TestApp, both, id, post, text};
use serde_json::{Value, json};

const HOUR: Duration = Duration::from_secs(3600);

async fn open_post(actor: &Actor) -> Value {
    post("A post to talk about").published().create(actor).await
}

fn comments_of(post: &Value) -> String {
    format!("/api/v1/posts/{}/comments", id(post))
}

fn at(comment: &Value) -> String {
    format!("/api/v1/comments/{}", id(comment))
}

fn guest_comment(content: &str) -> Value {
    json!({ "content": content, "nickname": "Ada", "email": "ada@example.com" })
}

async fn send_form(guest: &Actor, post: &Value, fields: &[(&str, &str)]) -> Answer {
    guest.post_form(&format!("/comments/{}", id(post)), fields).await
}

both! {
    async fn guests_wait_for_a_moderator(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let post = open_post(&editor).await;
        let path = comments_of(&post);
        let answer = guest.post(&path, &guest_comment("First *words*.")).await.expect(201);
        let comment = answer.json();
        assert_eq!(answer.must_have("location"), at(&comment));
        assert_eq!((&comment["status"], comment.get("email")), (&json!("pending"), None));
        assert!(guest.get(&path).await.expect(200).items().is_empty());
        guest.get(&at(&comment)).await.problem(404, "not_found");
        assert!(!guest.get("/a-post-to-talk-about").await.expect(200).text().contains("First <em>words"));
        let waiting = editor.get("/api/v1/comments?status=pending").await.expect(200).items();
        assert_eq!((waiting.len(), &waiting[0]["email"]), (1, &json!("ada@example.com")));
        editor.patch(&at(&comment), &json!({ "status": "approved" })).await.expect(200);
        let shown = guest.get(&path).await.expect(200).items();
        assert_eq!((shown.len(), text(&shown[0], "nickname"), shown[0].get("email")), (1, "Ada", None));
        assert!(text(&shown[0], "html").contains("<em>words</em>"));
        assert!(guest.get("/a-post-to-talk-about").await.expect(200).text().contains("First <em>words</em>"));
        for hidden in ["spam", "trash", "pending"] {
            editor.patch(&at(&comment), &json!({ "status": hidden })).await.expect(200);
            assert!(guest.get(&path).await.expect(200).items().is_empty(), "{hidden}");
        }
    }

    async fn people_comment_under_their_own_name(app: TestApp) {
        let (author, subscriber) = (app.author().await, app.subscriber().await);
        let post = open_post(&author).await;
        let claim = json!({ "content": "I am the boss.", "nickname": "The Boss", "email": "boss@example.com" });
        let comment = author.post(&comments_of(&post), &claim).await.expect(201).json();
        assert_eq!((text(&comment, "nickname"), text(&comment, "status")), ("The author", "approved"));
        assert_eq!(text(&comment, "user_id"), author.id());
        let other = subscriber.post(&comments_of(&post), &json!({ "content": "Me too." })).await.expect(201).json();
        assert_eq!((text(&other, "nickname"), text(&other, "status")), ("The subscriber", "pending"));
    }

    async fn answers_stay_in_their_thread(app: TestApp) {
        let editor = app.editor().await;
        let (post, other) = (open_post(&editor).await, open_post(&editor).await);
        let mut parent = editor.post(&comments_of(&post), &json!({ "content": "Root" })).await.expect(201).json();
        let root = parent.clone();
        for depth in 1..12 {
            let reply = json!({ "content": format!("Level {depth}"), "parent_id": id(&parent) });
            parent = editor.post(&comments_of(&post), &reply).await.expect(201).json();
        }
        let page = app.guest().get("/a-post-to-talk-about").await.expect(200).text();
        assert!((1..12).all(|depth| page.contains(&format!("Level {depth}"))));
        for wrong in [id(&other), &uuid::Uuid::now_v7().to_string()] {
            let reply = json!({ "content": "Lost", "parent_id": wrong });
            assert_eq!(editor.post(&comments_of(&post), &reply).await.faulty_fields(), ["parent_id"]);
        }
        let elsewhere = json!({ "content": "Moved", "parent_id": id(&root) });
        assert_eq!(editor.post(&comments_of(&other), &elsewhere).await.faulty_fields(), ["parent_id"]);
        editor.delete(&at(&root)).await.expect(204);
        assert!(app.guest().get(&comments_of(&post)).await.expect(200).items().is_empty(), "answers go with it");
    }

    async fn closed_and_hidden_posts_take_no_comments(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        let closed = post("Closed").with("comments_open", false).published().create(&author).await;
        guest.post(&comments_of(&closed), &guest_comment("Hello")).await.problem(422, "comments_closed");
        author.post(&comments_of(&closed), &json!({ "content": "Hello" })).await.problem(422, "comments_closed");
        assert!(!guest.get("/closed").await.expect(200).text().contains("<textarea"));
        let draft = post("Draft").create(&author).await;
        guest.post(&comments_of(&draft), &guest_comment("Hello")).await.problem(404, "not_found");
        author.post(&comments_of(&draft), &json!({ "content": "Hello" })).await.problem(422, "comments_closed");
        let nowhere = json!({ "id": uuid::Uuid::now_v7() });
        guest.post(&comments_of(&nowhere), &guest_comment("Hello")).await.problem(404, "not_found");
        guest.get(&comments_of(&nowhere)).await.problem(404, "not_found");
    }

    async fn faults_are_told_at_once(app: TestApp) {
        let post = open_post(&app.author().await).await;
        let path = comments_of(&post);
        let empty = app.guest().post(&path, &json!({ "content": " " })).await;
        assert_eq!(empty.faulty_fields(), ["content", "nickname", "email"]);
        let wrong = json!({ "content": "x".repeat(10_001), "nickname": "a\nb", "email": "not an address" });
        assert_eq!(app.guest().post(&path, &wrong).await.faulty_fields(), ["content", "nickname", "email"]);
        let nul = json!({ "content": "a\u{0}", "nickname": "\u{0}", "email": "a\u{0}@example.com" });
        assert_eq!(app.guest().post(&path, &nul).await.faulty_fields(), ["content", "nickname", "email"]);
        assert!(app.editor().await.get("/api/v1/comments?status=pending").await.expect(200).items().is_empty());
    }

    async fn a_stale_verdict_is_refused(app: TestApp) {
        let editor = app.editor().await;
        let post = open_post(&editor).await;
        let comment = app.guest().post(&comments_of(&post), &guest_comment("Hm.")).await.expect(201).json();
        let seen = editor.get(&at(&comment)).await.expect(200).must_have("etag").to_owned();
        editor.patch_if(&at(&comment), &seen, &json!({ "status": "approved" })).await.expect(200);
        let stale = editor.patch_if(&at(&comment), &seen, &json!({ "status": "spam" })).await;
        stale.problem(412, "version_mismatch");
        assert_eq!(editor.get(&at(&comment)).await.expect(200).json()["status"], "approved");
    }

    async fn the_form_takes_comments(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let post = open_post(&editor).await;
        let fields = [("nickname", "Ada"), ("email", "ada@example.com"), ("content", "By *form* & é"), ("token", "")];
        let sent = send_form(&guest, &post, &fields).await.expect(303);
        let back = sent.must_have("location");
        assert!(back.starts_with("/a-post-to-talk-about?comment=pending"), "{back}");
        let notice = guest.get(back.split('#').next().unwrap_or_default()).await.expect(200).text();
        assert!(notice.contains("role=\"status\""), "a word of thanks");
        let waiting = editor.get("/api/v1/comments?status=pending").await.expect(200).items();
        assert_eq!((waiting.len(), text(&waiting[0], "content")), (1, "By *form* & é"));
        editor.patch(&at(&waiting[0]), &json!({ "status": "approved" })).await.expect(200);
        let reply_page = guest.get(&format!("/a-post-to-talk-about?reply_to={}", id(&waiting[0]))).await.expect(200);
        let hidden = format!("name=\"parent_id\" value=\"{}\"", id(&waiting[0]));
        assert!(reply_page.text().contains(&hidden));
        let fields = [fields[0], fields[1], ("content", "A reply"), ("parent_id", id(&waiting[0]))];
        send_form(&guest, &post, &fields).await.expect(303);
        let reply = editor.get("/api/v1/comments?status=pending").await.expect(200).items();
        assert_eq!(reply[0]["parent_id"], waiting[0]["id"]);
    }

    async fn the_form_comes_back_with_what_was_wrong(app: TestApp) {
        let post = open_post(&app.author().await).await;
        let fields = [("nickname", "Ada & <Co>"), ("email", "nonsense"), ("content", "Keep these words")];
        let answer = send_form(&app.guest(), &post, &fields).await.expect(422);
        assert!(answer.must_have("content-type").starts_with("text/html"));
        let page = answer.text();
        assert!(page.contains("role=\"alert\"") && page.contains("Keep these words"));
        assert!(page.contains("Ada &amp; &lt;Co&gt;") && !page.contains("<Co>"));
        send_form(&app.guest(), &json!({ "id": uuid::Uuid::now_v7() }), &fields).await.expect(404);
        send_form(&app.guest(), &json!({ "id": "nonsense" }), &fields).await.expect(404);
    }

    async fn robots_fall_into_the_trap(app: TestApp) {
        let editor = app.editor().await;
        let post = open_post(&editor).await;
        let fields = [
            ("nickname", "Robot"), ("email", "robot@example.com"), ("content", "Buy this!"),
            ("website", "https://spam.example"),
        ];
        let answer = send_form(&app.guest(), &post, &fields).await.expect(303);
        assert!(answer.must_have("location").contains("comment=pending"), "it looks like success");
        for status in ["pending", "approved", "spam", "trash"] {
            let found = editor.get(&format!("/api/v1/comments?status={status}")).await.expect(200).items();
            assert!(found.is_empty(), "{status}");
        }
    }

    async fn the_form_of_another_site_is_refused(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let post = open_post(&editor).await;
        let form = fleuron_tests::encode_form(&[("nickname", "A"), ("email", "a@example.com"), ("content", "Hi")]);
        let send = async |header: &str, value: String| {
            let request = guest.request(reqwest::Method::POST, &format!("/comments/{}", id(&post)));
            let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.clone());
            guest.send(request.header(header, value)).await.status
        };
        assert_eq!(send("origin", "https://evil.example".into()).await, 403);
        assert_eq!(send("referer", "https://evil.example/page".into()).await, 403);
        assert!(editor.get("/api/v1/comments?status=pending").await.expect(200).items().is_empty());
        assert_eq!(send("origin", app.url()).await, 303);
    }

    async fn a_corrected_comment_shows_at_once(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let post = open_post(&editor).await;
        let comment = editor.post(&comments_of(&post), &json!({ "content": "The *first* words." })).await.expect(201).json();
        assert!(guest.get("/a-post-to-talk-about").await.expect(200).text().contains("The <em>first</em> words."));
        editor.patch(&at(&comment), &json!({ "content": "The *second* words." })).await.expect(200);
        let page = guest.get("/a-post-to-talk-about").await.expect(200).text();
        assert!(page.contains("The <em>second</em> words.") && !page.contains("<em>first</em>"));
        let listed = guest.get(&comments_of(&post)).await.expect(200).items();
        assert!(text(&listed[0], "html").contains("<em>second</em>"));
    }

    async fn long_comments_keep_their_order(app: TestApp) {
        let (editor, guest) = (app.editor().await, app.guest());
        let post = open_post(&editor).await;
        for number in 0..8 {
            let content = format!("Number {number} {}", "*word* ".repeat(1300));
            editor.post(&comments_of(&post), &json!({ "content": content })).await.expect(201);
        }
        let listed = guest.get(&comments_of(&post)).await.expect(200).items();
        for (number, comment) in listed.iter().enumerate() {
            assert!(text(comment, "html").starts_with(&format!("<p>Number {number} <em>word</em>")), "{number}");
        }
        let page = guest.get("/a-post-to-talk-about").await.expect(200).text();
        let places: Vec<_> = (0..8).map(|number| page.find(&format!("Number {number}")).unwrap()).collect();
        assert!(listed.len() == 8 && places.is_sorted(), "{places:?}");
    }

    async fn nothing_in_a_comment_runs(app: TestApp) {
        let author = app.author().await;
        let post = open_post(&author).await;
        let content = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) \
                       <iframe src=https://evil.example></iframe> # Heading";
        author.post(&comments_of(&post), &json!({ "content": content })).await.expect(201);
        let page = app.guest().get("/a-post-to-talk-about").await.expect(200).text();
        for part in ["<script", "<img", "<iframe", "href=\"javascript"] {
            assert!(!page.contains(part), "{part}");
        }
    }
}

#[tokio::test]
async fn floods_are_dammed() {
    let app = TestApp::builder().comment_limit(2, HOUR).spawn().await;
    let (editor, guest) = (app.editor().await, app.guest());
    let post = open_post(&editor).await;
    for _ in 0..2 {
        guest.post(&comments_of(&post), &guest_comment("Again!")).await.expect(201);
    }
    let refused = guest.post(&comments_of(&post), &guest_comment("And again!")).await;
    refused.problem(429, "rate_limited");
    let seconds: u64 = refused.must_have("retry-after").parse().unwrap();
    assert!((1..=3601).contains(&seconds), "{seconds}");
    let fields = [("nickname", "Ada"), ("email", "ada@example.com"), ("content", "By form")];
    let page = send_form(&guest, &post, &fields).await.expect(429).text();
    assert!(page.contains("By form"), "the words are not lost");
    editor.post(&comments_of(&post), &json!({ "content": "Moderators go on." })).await.expect(201);
}
