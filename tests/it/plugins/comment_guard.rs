//! The bundled plugin that keeps spam from the comments: off until it is turned on, hard on spam, soft on people, and
//! taught by what moderators approve.

use std::sync::Arc;

use fleuron_plugin_host::{CallContext, hook};
use fleuron_tests::{Actor, Answer, TestApp, both, eventually, id, post, text};
use serde_json::{Value, json};

use super::{assert_no_faults, eventually_logged, log_of, plugin_id, status_of};

const ID: &str = "org.fleuron.comment-guard";
const SPAM: &str = "CHEAP WATCHES!!!!! <a href=\"http://a.example\">BUY</a> http://b.example http://c.example http://d.example";
const DUBIOUS: &str =
    "More of it is here: http://a.example/1 http://b.example/2 http://c.example/3 http://d.example/4";
const PLEASANT: &str = "Thank you for this! How long did the second measurement take, and on which machine?";

async fn enable(app: &TestApp) {
    app.administrator().await.plugin_step(ID, "enable").await.expect(200);
    runs(app).await;
}

async fn runs(app: &TestApp) {
    eventually("it runs", async || status_of(app, ID).map(drop)).await;
}

async fn set(app: &TestApp, values: &Value) {
    app.administrator().await.set_plugin(ID, values).await.expect(200);
}

/// A post to comment on.
async fn open_post(app: &TestApp, title: &str) -> Value {
    post(title).published().create(&app.author().await).await
}

async fn comment(actor: &Actor, post: &Value, email: &str, words: &str) -> Answer {
    let body = json!({ "content": words, "nickname": "Ada", "email": email });
    actor.post(&format!("/api/v1/posts/{}/comments", id(post)), &body).await
}

async fn approve(editor: &Actor, comment: &Value) {
    let path = format!("/api/v1/comments/{}", id(comment));
    editor.patch(&path, &json!({ "status": "approved" })).await.expect(200);
}

#[track_caller]
fn assert_refused(answer: &Answer) {
    let problem = answer.problem(422, "refused_by_plugin");
    assert_eq!((text(&problem, "plugin"), text(&problem, "plugin_code")), (ID, "spam"));
}

/// Lets one of the plugin's jobs run now, which else would take until the hour or the night.
async fn tick(app: &TestApp, job: &'static str) {
    app.within(move |services| async move {
        let (payload, context) = (Arc::new(Some(job.to_owned())), Arc::new(CallContext::default()));
        services.hooks.notify_one::<hook::OnCronTick>(&plugin_id(ID), &payload, &context).await
    })
    .await
    .unwrap_or_else(|error| panic!("{job}: {error}"));
}

/// Waits until the plugin knows who wrote this many comments.
async fn signed(app: &TestApp, comments: u64) {
    eventually("the plugin was told of the comments", async || {
        let status = status_of(app, ID)?;
        let hook = status.hooks.iter().find(|hook| hook.point.name() == "on-comment-created")?;
        (hook.counts.calls >= comments).then_some(())
    })
    .await;
}

both! {
    async fn it_is_off_until_it_is_turned_on(app: TestApp) {
        let talk = open_post(&app, "Talk").await;
        comment(&app.guest(), &talk, "x@example.com", SPAM).await.expect(201);
        assert!(status_of(&app, ID).is_none());
        let administrator = app.administrator().await;
        let shown = administrator.get(&format!("/api/v1/admin/plugins/{ID}")).await.expect(200).json();
        assert_eq!((&shown["state"], &shown["origin"]), (&json!("disabled"), &json!("bundled")));
        enable(&app).await;
        assert_refused(&comment(&app.guest(), &talk, "x@example.com", SPAM).await);
        assert_no_faults(&app);
    }

    async fn spam_is_refused_and_people_are_heard(app: TestApp) {
        enable(&app).await;
        set(&app, &json!({ "message": "No advertising, please." })).await;
        let (talk, guest, editor) = (open_post(&app, "Talk").await, app.guest(), app.editor().await);
        let refused = comment(&guest, &talk, "x@example.com", SPAM).await;
        assert_refused(&refused);
        assert_eq!(text(&refused.json(), "detail"), "No advertising, please.");
        let fields = [("nickname", "Ada"), ("email", "x@mailinator.com"), ("content", SPAM)];
        let form = guest.post_form(&format!("/comments/{}", id(&talk)), &fields).await.expect(422);
        assert!(form.text().contains("No advertising, please."), "the reader sees why");
        let written = comment(&guest, &talk, "ada@example.com", PLEASANT).await.expect(201).json();
        assert_eq!((text(&written, "status"), text(&written, "content")), ("pending", PLEASANT));
        let waiting = editor.get("/api/v1/comments?status=pending").await.expect(200).items();
        assert_eq!(waiting.len(), 1, "moderators are spared the rest");
        let log = log_of(&app, ID);
        let line = log.iter().find(|line| line.starts_with("refused a comment on ")).unwrap();
        for reason in [id(&talk), "score 1", "links +", "4 links, 2 allowed", "shouting +"] {
            assert!(line.contains(reason), "{reason} in {line}");
        }
        assert!(!log.iter().any(|line| line.contains("@example.com")), "addresses are not in the log: {log:#?}");
        let status = status_of(&app, ID).unwrap();
        assert!(status.hooks.iter().all(|hook| hook.counts.errors == 0), "{status:?}");
    }

    async fn members_are_judged_where_that_is_wanted(app: TestApp) {
        enable(&app).await;
        let author = app.author().await;
        let talk = post("Talk").published().create(&author).await;
        let status = async |words: &str| {
            let written = comment(&author, &talk, "", words).await.expect(201).json();
            text(&written, "status").to_owned()
        };
        assert_eq!(status(DUBIOUS).await, "approved");
        set(&app, &json!({ "check_members": true })).await;
        assert_eq!(status(DUBIOUS).await, "pending", "held, whoever wrote it");
        assert_eq!(status(PLEASANT).await, "approved");
        assert_refused(&comment(&author, &talk, "", SPAM).await);
    }

    async fn words_of_the_list_are_found_however_they_are_dressed(app: TestApp) {
        enable(&app).await;
        set(&app, &json!({ "blocked_words": "casino\nfree money", "refuse_at": 5 })).await;
        let (talk, guest) = (open_post(&app, "Talk").await, app.guest());
        let dressed = ["C\u{E1}sino!", "c\u{430}sin\u{43E}", "cas\u{200B}ino", "Free money"];
        for (number, words) in dressed.into_iter().enumerate() {
            assert_refused(&comment(&guest, &talk, &format!("{number}@example.com"), words).await);
        }
        comment(&guest, &talk, "ada@example.com", "The occasion freed money.").await.expect(201);
    }

    async fn a_campaign_is_noticed_on_any_post(app: TestApp) {
        enable(&app).await;
        let guest = app.guest();
        let text = "I lost everything until Doctor Ojo cast his powerful spell and my husband came back to me within two days";
        for (number, spouse) in ["husband", "wife", "brother", "dog"].into_iter().enumerate() {
            let talk = open_post(&app, &format!("Talk {number}")).await;
            comment(&guest, &talk, &format!("mary{number}@example.com"), &text.replace("husband", spouse)).await.expect(201);
        }
        let log = log_of(&app, ID);
        let about = |words: &str| log.iter().filter(|line| line.contains(words)).count();
        assert_eq!(about("duplicates"), 3, "all but the first: {log:#?}");
        assert!(about("held a comment") >= 1, "{log:#?}");
        let talk = open_post(&app, "Talk at last").await;
        let repeated = comment(&guest, &talk, "john@example.com", text).await;
        assert_eq!(repeated.status, 201);
        let app = app.restart().await;
        runs(&app).await;
        let talk = open_post(&app, "Talk after a night").await;
        comment(&app.guest(), &talk, "jack@example.com", text).await;
        let log = log_of(&app, ID);
        assert!(log.iter().any(|line| line.contains("duplicates")), "it remembers: {log:#?}");
    }

    async fn what_moderators_approve_is_learned(app: TestApp) {
        enable(&app).await;
        let (talk, guest, editor) = (open_post(&app, "Talk").await, app.guest(), app.editor().await);
        for number in 0..5 {
            let words = format!("{PLEASANT} I have been asking myself that for {number} years.");
            let written = comment(&guest, &talk, "ada@example.com", &words).await.expect(201).json();
            approve(&editor, &written).await;
        }
        let unapproved = comment(&guest, &talk, "eve@example.com", "Who is going to approve this one?").await;
        unapproved.expect(201);
        assert_refused(&comment(&guest, &talk, "x@example.com", SPAM).await);
        signed(&app, 6).await;
        tick(&app, "learn").await;
        eventually_logged(&app, ID, "learn: learned from 5 approved and 1 refused comments").await;
        tick(&app, "learn").await;
        eventually_logged(&app, ID, "learn: learned from 0 approved and 0 refused comments").await;
        let other = open_post(&app, "Another talk").await;
        comment(&guest, &other, "ada@example.com", "A last question, then.").await.expect(201);
        let trusted = "reputation -4.0 (5 comments of the address were approved)";
        let log = log_of(&app, ID);
        assert!(log.last().is_some_and(|line| line.contains(trusted)), "{log:#?}");
        tick(&app, "clean-up").await;
        eventually_logged(&app, ID, "clean-up: forgot 0 rows").await;
        assert_no_faults(&app);
    }

    async fn the_words_of_spam_are_learned(app: TestApp) {
        enable(&app).await;
        set(&app, &json!({ "blocked_words": "casino\nroulette" })).await;
        let (talk, editor) = (open_post(&app, "Talk").await, app.editor().await);
        for number in 0..20 {
            let spam = format!("Casino, roulette {number}: a welcome bonus and free spins for everybody who plays");
            assert_refused(&comment(&app.guest(), &talk, &format!("{number}@example.com"), &spam).await);
            let fine = format!("The {number}th figure of the article shows the margin of error, does it not?");
            comment(&editor, &talk, "", &fine).await.expect(201);
        }
        tick(&app, "learn").await;
        eventually_logged(&app, ID, "learn: learned from 20 approved and 20 refused comments").await;
        set(&app, &json!({ "blocked_words": null })).await;
        comment(&app.guest(), &talk, "new@example.com", "Free spins, a bonus: everybody plays!").await.expect(201);
        let log = log_of(&app, ID);
        let held = |line: &String| line.starts_with("held a comment") && line.contains("classifier +5.0");
        assert!(log.last().is_some_and(held), "{log:#?}");
    }
}
