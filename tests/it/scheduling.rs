//! Posts that wait for their date, and the removal of what is old.

use std::time::Duration;

use fleuron::clock::Timestamp;
use fleuron_tests::{
    Actor, TestApp, TestAppBuilder, both, caller, eventually, eventually_within, guests, id, manifest, page,
    post, text,
};
use serde_json::{Value, json};

/// A date that no test lives to see, and a later one.
const FAR: &str = "2999-01-01T00:00:00.000Z";
const FURTHER: &str = "2999-06-01T00:00:00.000Z";
const PAST: &str = "2020-02-29T12:00:00.000Z";

fn at(post: &Value) -> String {
    format!("/api/v1/{}s/{}", text(post, "kind"), id(post))
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A post that is to be published at this date.
async fn scheduled(actor: &Actor, title: &str, date: &str) -> Value {
    let created = post(title).published().with("published_at", date).create(actor).await;
    assert_eq!((text(&created, "status"), text(&created, "published_at")), ("scheduled", date));
    created
}

/// A change that is made; answers the status and the date of publication.
async fn changed(actor: &Actor, post: &Value, change: Value) -> (String, Option<String>) {
    let post = actor.patch(&at(post), &change).await.expect(200).json();
    (text(&post, "status").to_owned(), post["published_at"].as_str().map(str::to_owned))
}

async fn faults(actor: &Actor, post: &Value, change: Value) -> Vec<String> {
    actor.patch(&at(post), &change).await.faulty_fields()
}

async fn titles(actor: &Actor, status: &str) -> Vec<String> {
    let answer = actor.get(&format!("/api/v1/posts?status={status}")).await.expect(200);
    answer.items().iter().map(|post| text(post, "title").to_owned()).collect()
}

fn moderated() -> TestAppBuilder {
    let manifest = manifest("com.example.moderator", &["on-post-creating", "on-post-updating"]);
    TestApp::builder().plugin("moderator", &manifest, guests::MODERATOR)
}

both! {
    async fn a_post_comes_out_when_its_date_has_come(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        let due = Timestamp::now().plus_seconds(3);
        let created = scheduled(&author, "Soon", &due.to_rfc3339()).await;
        let out = eventually_within(Duration::from_secs(7), "the post comes out", async || {
            let status = guest.get("/soon").await.status;
            assert!(matches!(status, 200 | 404), "{status}");
            (status == 200).then(Timestamp::now)
        })
        .await;
        assert!(out >= due, "it is out at {out}, and its date is {due}");
        let read = guest.get(&at(&created)).await.expect(200).json();
        assert_eq!((text(&read, "status"), text(&read, "published_at")), ("published", due.to_rfc3339().as_str()));
        assert_eq!(read["version"], 2);
        assert!(moment(text(&read, "updated_at")) >= due);
        for list in ["/", "/feed.xml", "/sitemap.xml", "/api/v1/posts"] {
            assert!(guest.get(list).await.expect(200).text().contains("/soon"), "{list}");
        }
    }

    async fn what_waits_is_shown_to_those_who_may_edit_it_alone(app: TestApp) {
        let (author, other, editor, guest) =
            (app.author().await, app.author().await, app.editor().await, app.guest());
        let waiting = scheduled(&author, "Secret one", FAR).await;
        scheduled(&author, "Secret two", FURTHER).await;
        let leaf = page("Secret page").published().with("published_at", FAR).create(&editor).await;
        assert_eq!(text(&leaf, "status"), "scheduled");
        for reader in [&guest, &other] {
            for path in [at(&waiting).as_str(), "/api/v1/posts/secret-one"] {
                reader.get(path).await.problem(404, "not_found");
            }
        }
        for path in ["/secret-one", "/secret-page"] {
            guest.get(path).await.expect(404);
        }
        for list in ["/", "/feed.xml", "/sitemap.xml", "/api/v1/posts", "/api/v1/pages"] {
            let shown = guest.get(list).await.expect(200).text().to_lowercase();
            assert!(!shown.contains("secret"), "{list}: {shown}");
        }
        let remark = json!({ "content": "First!", "nickname": "Ada", "email": "ada@example.com" });
        guest.post(&format!("{}/comments", at(&waiting)), &remark).await.problem(404, "not_found");
        guest.get("/api/v1/posts?status=scheduled").await.problem(401, "unauthenticated");
        assert_eq!(titles(&author, "scheduled").await, ["Secret two", "Secret one"]);
        assert!(titles(&other, "scheduled").await.is_empty() && titles(&author, "draft").await.is_empty());
        editor.get(&at(&waiting)).await.expect(200);
    }

    async fn plans_change(app: TestApp) {
        let (author, guest) = (app.author().await, app.guest());
        let post = scheduled(&author, "Planned", FAR).await;
        let scheduled_for = |date: &str| ("scheduled".to_owned(), Some(date.to_owned()));
        let later = json!({ "published_at": FURTHER });
        assert_eq!(changed(&author, &post, later).await, scheduled_for(FURTHER));
        assert_eq!(changed(&author, &post, json!({ "content": "More." })).await, scheduled_for(FURTHER));
        let taken_back = ("draft".to_owned(), None);
        assert_eq!(changed(&author, &post, json!({ "status": "draft" })).await, taken_back);
        let again = json!({ "status": "scheduled", "published_at": FAR });
        assert_eq!(changed(&author, &post, again).await, scheduled_for(FAR));
        // Without a new date it comes out at once.
        let before = Timestamp::now();
        let (status, date) = changed(&author, &post, json!({ "status": "published" })).await;
        assert_eq!(status, "published");
        let date = moment(&date.unwrap());
        assert!(date >= before && date <= Timestamp::now(), "{date}");
        guest.get("/planned").await.expect(200);
        // What is public waits once more if it is given such a date.
        assert_eq!(changed(&author, &post, json!({ "published_at": FAR })).await, scheduled_for(FAR));
        guest.get("/planned").await.expect(404);
        author.delete(&at(&post)).await.expect(204);
        assert_eq!(changed(&author, &post, json!({ "status": "published" })).await, scheduled_for(FAR));
        let past = json!({ "status": "published", "published_at": PAST });
        assert_eq!(changed(&author, &post, past).await, ("published".to_owned(), Some(PAST.to_owned())));
        guest.get("/planned").await.expect(200);
    }

    async fn a_scheduled_post_needs_a_date_that_lies_ahead(app: TestApp) {
        let author = app.author().await;
        let new = post("").with("status", "scheduled");
        assert_eq!(new.send(&author).await.faulty_fields(), ["title", "published_at"]);
        let late = post("Late").with("status", "scheduled").with("published_at", PAST);
        assert_eq!(late.send(&author).await.faulty_fields(), ["published_at"]);
        let draft = post("Kept").with("published_at", FAR).create(&author).await;
        assert_eq!(text(&draft, "status"), "draft");
        let past = json!({ "status": "scheduled", "published_at": PAST });
        assert_eq!(faults(&author, &draft, past).await, ["published_at"]);
        let (status, date) = changed(&author, &draft, json!({ "status": "published" })).await;
        assert_eq!((status.as_str(), date.as_deref()), ("scheduled", Some(FAR)), "a draft keeps its date");
        assert_eq!(faults(&author, &draft, json!({ "published_at": PAST })).await, ["published_at"]);
    }

    async fn who_may_not_publish_may_not_schedule(app: TestApp) {
        let (contributor, editor) = (app.contributor().await, app.editor().await);
        for status in ["published", "scheduled"] {
            let new = post("Mine").with("status", status).with("published_at", FAR);
            new.send(&contributor).await.problem(403, "forbidden");
        }
        let draft = post("Mine").with("published_at", FAR).create(&contributor).await;
        for status in ["published", "scheduled"] {
            contributor.patch(&at(&draft), &json!({ "status": status })).await.problem(403, "forbidden");
        }
        assert_eq!(changed(&editor, &draft, json!({ "status": "published" })).await.0, "scheduled");
        contributor.get(&at(&draft)).await.expect(200);
        for change in [json!({ "title": "Better" }), json!({ "status": "draft" }), json!({ "published_at": FURTHER })] {
            contributor.patch(&at(&draft), &change).await.problem(403, "forbidden");
        }
        contributor.delete(&at(&draft)).await.problem(403, "forbidden");
    }

    async fn each_due_post_is_published_once_whoever_is_at_it(app: TestApp) {
        let author = app.author().await;
        let mut due = Vec::new();
        for number in 0..5 {
            due.push(scheduled(&author, &format!("Due {number}"), FAR).await);
        }
        scheduled(&author, "Not yet", FURTHER).await;
        let (counts, next, after) = app.within(move |services| async move {
            let (posts, now) = (&services.posts, moment(FAR));
            assert_eq!(posts.next_scheduled().await.unwrap(), Some(now));
            let three = [posts.publish_due(now), posts.publish_due(now), posts.publish_due(now)];
            let counts = futures_util::future::try_join_all(three).await.unwrap();
            (counts, posts.next_scheduled().await.unwrap(), posts.publish_due(now).await.unwrap())
        })
        .await;
        assert_eq!((counts.iter().sum::<u64>(), next, after), (5, Some(moment(FURTHER)), 0), "{counts:?}");
        for post in due {
            let read = app.guest().get(&at(&post)).await.expect(200).json();
            assert_eq!((&read["version"], text(&read, "published_at")), (&json!(2), FAR));
        }
        app.guest().get("/not-yet").await.expect(404);
    }

    async fn an_edit_at_the_moment_of_publication_loses_nothing(app: TestApp) {
        let author = app.author().await;
        let post = scheduled(&author, "Contested", FAR).await;
        let publish = app.within(move |services| async move {
            services.posts.publish_due(moment(FAR)).await.unwrap()
        });
        let edits = futures_util::future::join_all((0..4).map(|number| {
            let (author, path) = (author.clone(), at(&post));
            async move { author.patch(&path, &json!({ "excerpt": format!("Edit {number}") })).await.status }
        }));
        let (_, statuses) = futures_util::future::join(publish, edits).await;
        assert!(statuses.iter().all(|status| matches!(status, 200 | 409)), "{statuses:?}");
        // What lost every race is found again.
        app.within(move |services| async move { services.posts.publish_due(moment(FAR)).await.unwrap() }).await;
        let read = app.guest().get(&at(&post)).await.expect(200).json();
        let edits = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(read["version"], 2 + edits, "{statuses:?}");
        assert!(edits == 0 || text(&read, "excerpt").starts_with("Edit"), "{read:#}");
    }

    async fn plugins_are_told_when_it_comes_out(app: TestApp) {
        const ID: &str = "com.example.recorder";
        let manifest = manifest(ID, &["on-post-updated"]);
        app.install("recorder", &manifest, &std::fs::read(guests::RECORDER).unwrap()).await;
        let post = scheduled(&app.author().await, "Told of", FAR).await;
        app.within(move |services| async move { services.posts.publish_due(moment(FAR)).await.unwrap() }).await;
        let told = async || {
            let lines = app.services().plugin_logs.of(&ID.parse().unwrap());
            lines.into_iter().map(|line| line.text).find(|line| line.contains(id(&post)))
        };
        let line = eventually("the plugin is told", told).await;
        assert!(line.contains("\"published\"") && line.contains(FAR), "{line}");
    }

    async fn plugins_see_it_where_they_may_read_drafts(app: TestApp) {
        scheduled(&app.author().await, "Not yet", FAR).await;
        let calls = [
            json!(["get-post", "not-yet"]),
            json!(["db-query", "SELECT status FROM core_posts WHERE slug = 'not-yet'"]),
        ];
        let bare = caller("com.example.bare").database(&["read:posts"]).install(&app).await;
        assert_eq!(bare.run(&calls).await, [Value::Null, json!([])]);
        let drafts = caller("com.example.drafts").database(&["read:posts", "read:drafts"]).install(&app).await;
        let answers = drafts.run(&calls).await;
        assert_eq!((text(&answers[0], "status"), &answers[1]), ("scheduled", &json!([{ "status": "scheduled" }])));
    }

    async fn filters_hold_it_and_schedule_for_nobody_who_may_not(app: TestApp = moderated()) {
        let author = app.author().await;
        let held = post("please-hold").published().with("published_at", FAR).create(&author).await;
        assert_eq!((text(&held, "status"), text(&held, "published_at")), ("draft", FAR));
        let waiting = scheduled(&author, "Calm", FAR).await;
        assert_eq!(changed(&author, &waiting, json!({ "title": "please-hold" })).await.0, "draft");
        let eager = post("please-publish").with("published_at", FAR);
        assert_eq!(text(&eager.create(&author).await, "status"), "scheduled");
        assert_eq!(text(&eager.create(&app.contributor().await).await, "status"), "draft");
    }

    async fn the_trash_is_emptied_of_what_is_old(app: TestApp) {
        let author = app.author().await;
        let (kept, gone) = (post("Kept").create(&author).await, post("Gone").published().create(&author).await);
        author.delete(&at(&gone)).await.expect(204);
        let now = Timestamp::now();
        let purge = async |before: Timestamp| {
            app.within(move |services| async move { services.posts.purge_trash(before).await.unwrap() }).await
        };
        assert_eq!(purge(now.plus_seconds(-3600)).await, 0);
        author.get(&at(&gone)).await.expect(200);
        assert_eq!(purge(now.plus_seconds(60)).await, 1);
        author.get(&at(&gone)).await.problem(404, "not_found");
        author.get(&at(&kept)).await.expect(200);
        assert_eq!(purge(now.plus_seconds(60)).await, 0);
    }

    async fn old_spam_goes_and_what_was_answered_waits_for_its_answers(app: TestApp) {
        let editor = app.editor().await;
        let about = post("Discussed").published().create(&editor).await;
        let write = async |words: Value| {
            let path = format!("{}/comments", at(&about));
            let comment = editor.post(&path, &words).await.expect(201).json();
            format!("/api/v1/comments/{}", id(&comment))
        };
        let root = write(json!({ "content": "Root" })).await;
        let root_id = root.rsplit('/').next().unwrap();
        let answer = write(json!({ "content": "Answer", "parent_id": root_id })).await;
        let spam = write(json!({ "content": "Buy!" })).await;
        editor.patch(&spam, &json!({ "status": "spam" })).await.expect(200);
        editor.patch(&root, &json!({ "status": "trash" })).await.expect(200);
        let before = Timestamp::now().plus_seconds(60);
        let purge = async |before: Timestamp| {
            app.within(move |services| async move { services.comments.purge(before).await.unwrap() }).await
        };
        assert_eq!(purge(before.plus_seconds(-3600)).await, 0);
        assert_eq!(purge(before).await, 1);
        editor.get(&spam).await.problem(404, "not_found");
        for kept in [&root, &answer] {
            editor.get(kept).await.expect(200);
        }
        editor.patch(&answer, &json!({ "status": "trash" })).await.expect(200);
        assert_eq!(purge(before).await, 2);
        editor.get(&root).await.problem(404, "not_found");
    }

    async fn sessions_that_ended_are_cleared_away(app: TestApp) {
        let author = app.author().await;
        let purge = async |now: Timestamp| {
            app.within(move |services| async move { services.auth.purge_sessions(now).await.unwrap() }).await
        };
        let refresh = async |token: &str| {
            app.guest().post("/api/v1/auth/refresh", &json!({ "refresh_token": token })).await
        };
        assert_eq!(purge(Timestamp::now()).await, 0);
        let session = refresh(&author.account().refresh_token).await.expect(200).json();
        assert_eq!(purge(moment(FAR)).await, 2, "the one in use and the one that was used up");
        refresh(text(&session, "refresh_token")).await.problem(401, "invalid_token");
    }
}
