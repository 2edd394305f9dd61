//! What plugins say beside their answers, and what they are told about the call.

use std::collections::HashMap;

use fleuron::auth::Role;
use fleuron_tests::{
    Actor, Answer, PASSWORD, TestApp, both, eventually, guests, id, manifest, page, post, text,
};
use serde_json::{Value, json};

use super::{log_of, status_of};

const ID: &str = "com.example.moderator";

fn site_with(hooks: &[&str]) -> fleuron_tests::TestAppBuilder {
    TestApp::builder().plugin("moderator", &manifest(ID, hooks), guests::MODERATOR)
}

fn site() -> fleuron_tests::TestAppBuilder {
    site_with(&["on-post-creating", "on-post-updating", "on-comment-creating"])
}

async fn comment(actor: &Actor, post: &Value, words: &str) -> Answer {
    let body = json!({ "content": words, "nickname": "Ada", "email": "ada@example.com" });
    actor.post(&format!("/api/v1/posts/{}/comments", id(post)), &body).await
}

#[track_caller]
fn refused(answer: Answer) {
    let problem = answer.problem(422, "refused_by_plugin");
    assert_eq!((text(&problem, "plugin"), text(&problem, "plugin_code")), (ID, "too-loud"));
    assert_eq!(text(&problem, "detail"), "Not so loud.");
}

/// What the plugin was told at this hook, call by call, by name; what there was not is left out.
fn told(app: &TestApp, hook: &str) -> Vec<HashMap<String, String>> {
    let lines = log_of(app, ID).into_iter().filter_map(|line| {
        let facts: HashMap<String, String> = line
            .strip_prefix("context ")?
            .split(' ')
            .filter_map(|fact| fact.split_once('='))
            .filter(|(_, value)| *value != "-")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        (facts.get("hook").map(String::as_str) == Some(hook)).then_some(facts)
    });
    lines.collect()
}

/// What the plugin was told about an entity at this hook, once it was.
async fn eventually_told(app: &TestApp, hook: &str, entity: &str) -> HashMap<String, String> {
    let is_about = |facts: &HashMap<String, String>| facts.get("entity").map(String::as_str) == Some(entity);
    eventually(&format!("{hook} is told"), async || told(app, hook).into_iter().rfind(is_about)).await
}

/// What the plugin was told last at this hook.
#[track_caller]
fn last_told(app: &TestApp, hook: &str) -> HashMap<String, String> {
    told(app, hook).pop().unwrap_or_else(|| panic!("{hook} was not told"))
}

#[track_caller]
fn assert_told(facts: &HashMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        let found = facts.get(*name).map_or("-", String::as_str);
        assert_eq!(found, *value, "{name} in {facts:?}");
    }
}

both! {
    async fn who_refuses_is_heard_with_its_words(app: TestApp = site()) {
        let author = app.author().await;
        refused(post("please-refuse").published().send(&author).await);
        app.guest().get("/please-refuse").await.expect(404);
        let created = post("Calm").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        refused(author.patch(&path, &json!({ "title": "please-refuse" })).await);
        assert_eq!(text(&app.guest().get(&path).await.expect(200).json(), "title"), "Calm");
        refused(comment(&app.guest(), &created, "please-refuse").await);
        let fields = [("nickname", "Ada"), ("email", "ada@example.com"), ("content", "please-refuse")];
        let form = app.guest().post_form(&format!("/comments/{}", id(&created)), &fields).await.expect(422);
        assert!(form.text().contains("Not so loud."), "the reader sees why");
        let editor = app.editor().await;
        assert!(editor.get("/api/v1/comments?status=pending").await.expect(200).items().is_empty());
        let status = status_of(&app, ID).unwrap();
        assert!(status.hooks.iter().all(|hook| hook.counts.errors == 0), "an answer is no failure");
    }

    async fn what_is_held_is_not_published(app: TestApp = site()) {
        let author = app.author().await;
        let created = post("please-hold").published().create(&author).await;
        assert_eq!(text(&created, "status"), "draft");
        app.guest().get("/please-hold").await.expect(404);
        let held = post("please-hold and please-publish").create(&author).await;
        assert_eq!(text(&held, "status"), "draft", "also where a filter would publish it");
        let path = format!("/api/v1/posts/{}", id(&created));
        let publish = json!({ "status": "published" });
        let still = author.patch(&path, &publish).await.expect(200).json();
        assert_eq!(text(&still, "status"), "draft", "it stays one for as long as it is held");
        let calm = json!({ "title": "Calm", "slug": "calm", "status": "published" });
        let published = author.patch(&path, &calm).await.expect(200).json();
        assert_eq!(text(&published, "status"), "published");
        app.guest().get("/calm").await.expect(200);
        let edited = author.patch(&path, &json!({ "title": "please-hold" })).await.expect(200).json();
        assert_eq!((text(&edited, "status"), text(&edited, "title")), ("draft", "please-hold"));
        app.guest().get("/calm").await.expect(404);
        author.delete(&path).await.expect(204);
        let trashed = author.get(&path).await.expect(200).json();
        assert_eq!(text(&trashed, "status"), "trash", "what goes is not held");
    }

    async fn a_held_comment_waits_whoever_wrote_it(app: TestApp = site()) {
        let author = app.author().await;
        let created = post("Discussed").published().create(&author).await;
        let held = comment(&author, &created, "please-hold, please-mark").await.expect(201).json();
        assert_eq!(text(&held, "status"), "pending");
        assert_eq!(text(&held, "content"), "please-hold, please-mark (marked)", "its changes count all the same");
        let free = comment(&author, &created, "Calm words.").await.expect(201).json();
        assert_eq!(text(&free, "status"), "approved");
    }

    async fn who_traps_has_said_nothing(app: TestApp = site()) {
        let author = app.author().await;
        for title in ["please-refuse then-trap", "please-hold then-trap"] {
            let created = post(title).published().create(&author).await;
            assert_eq!((text(&created, "title"), text(&created, "status")), (title, "published"));
        }
        let errors = status_of(&app, ID).unwrap().hooks[0].counts.errors;
        assert_eq!(errors, 2);
    }

    async fn filters_are_told_what_the_call_is_about(app: TestApp = site()) {
        let author = app.author().await;
        let created = post("Calm").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        let user = author.id();
        let user = user.as_str();
        let facts = last_told(&app, "on-post-creating");
        let expected = [
            ("entity", "-"), ("version", "-"), ("kind", "post"), ("user", user),
            ("parent", "-"), ("event", "-"), ("attempt", "0"),
        ];
        assert_told(&facts, &expected);
        author.patch(&path, &json!({ "title": "Calmer" })).await.expect(200);
        author.patch(&path, &json!({ "title": "Calmest" })).await.expect(200);
        let facts = last_told(&app, "on-post-updating");
        assert_told(&facts, &[("entity", id(&created)), ("version", "2"), ("kind", "post"), ("user", user)]);
        comment(&app.guest(), &created, "Hello.").await.expect(201);
        let facts = last_told(&app, "on-comment-creating");
        assert_told(&facts, &[("entity", "-"), ("parent", id(&created)), ("kind", "comment"), ("user", "-")]);
        let editor = app.editor().await;
        page("Standing").create(&editor).await;
        let facts = last_told(&app, "on-post-creating");
        assert_told(&facts, &[("kind", "page"), ("user", &editor.id())]);
    }

    async fn actions_are_told_what_the_call_is_about(app: TestApp = site_with(&[
        "on-post-created", "on-post-updated", "on-post-deleted", "on-comment-created", "on-login",
    ])) {
        let author = app.actor_with_password(Role::Author).await;
        let editor = app.editor().await;
        let (user, by_editor) = (author.id(), editor.id());
        let (user, by_editor) = (user.as_str(), by_editor.as_str());
        let created = post("Calm").published().create(&author).await;
        let path = format!("/api/v1/posts/{}", id(&created));
        let facts = eventually_told(&app, "on-post-created", id(&created)).await;
        let expected = [
            ("entity", id(&created)), ("version", "1"), ("kind", "post"), ("user", user),
            ("parent", "-"), ("attempt", "1"),
        ];
        assert_told(&facts, &expected);
        assert!(facts.contains_key("event"));
        editor.patch(&path, &json!({ "title": "Calmer" })).await.expect(200);
        let facts = eventually_told(&app, "on-post-updated", id(&created)).await;
        assert_told(&facts, &[("entity", id(&created)), ("version", "2"), ("user", by_editor)]);
        let written = comment(&editor, &created, "Hello.").await.expect(201).json();
        let facts = eventually_told(&app, "on-comment-created", id(&written)).await;
        let expected = [
            ("entity", id(&written)), ("parent", id(&created)), ("kind", "comment"),
            ("version", "1"), ("user", by_editor),
        ];
        assert_told(&facts, &expected);
        editor.delete(&format!("{path}?permanent=true")).await.expect(204);
        let facts = eventually_told(&app, "on-post-deleted", id(&created)).await;
        let expected =
            [("entity", id(&created)), ("version", "2"), ("kind", "post"), ("user", by_editor)];
        assert_told(&facts, &expected);
        app.guest().login(&author.account().email, PASSWORD).await.expect(200);
        let facts = eventually_told(&app, "on-login", user).await;
        assert_told(&facts, &[("kind", "user"), ("user", user)]);
    }
}

#[tokio::test]
async fn the_last_verdict_counts_and_one_without_a_good_code_gets_one() {
    let app = site().spawn().await;
    let author = app.author().await;
    let created = post("please-relent").published().create(&author).await;
    assert_eq!(text(&created, "status"), "draft", "refused first, then held");
    let problem = post("please-mumble").send(&author).await.problem(422, "refused_by_plugin");
    assert_eq!((text(&problem, "plugin_code"), text(&problem, "detail")), ("refused", "Some words."));
}

#[tokio::test]
async fn a_contributor_gains_nothing_by_a_held_post() {
    let app = site().spawn().await;
    let contributor = app.contributor().await;
    let created = post("please-hold and please-publish").create(&contributor).await;
    assert_eq!(text(&created, "status"), "draft");
    post("please-hold").published().send(&contributor).await.problem(403, "forbidden");
}

#[tokio::test]
async fn verdicts_that_come_too_late_or_while_rendering_are_ignored() {
    let app = site_with(&["on-post-created", "filter-html"]).spawn().await;
    let author = app.author().await;
    let new =
        post("please-refuse-late and please-hold-late").slug("late").content("please-refuse, please-hold");
    let created = new.published().create(&author).await;
    assert_eq!(text(&created, "status"), "published");
    let shown = app.guest().get("/late").await.expect(200).text();
    assert!(shown.contains("please-refuse, please-hold") && shown.contains("moderated"), "{shown}");
    for hook in ["on-post-created", "filter-html"] {
        let line = format!("refuse: has no effect in {hook}");
        eventually(&line, async || log_of(&app, ID).iter().any(|known| known.contains(&line)).then_some(()))
            .await;
    }
    let facts = eventually_told(&app, "filter-html", id(&created)).await;
    assert_told(&facts, &[("version", "1"), ("kind", "post"), ("user", "-")]);
    let still = author.get(&format!("/api/v1/posts/{}", id(&created))).await.expect(200).json();
    assert_eq!(text(&still, "status"), "published");
}

#[tokio::test]
async fn who_is_told_again_knows_it() {
    let app = site_with(&["on-post-created"]).spawn().await;
    let author = app.author().await;
    let created = post("please-fail-once").create(&author).await;
    let calls = eventually("it is told again", async || {
        let calls: Vec<_> = told(&app, "on-post-created")
            .into_iter()
            .filter(|facts| facts.get("entity").map(String::as_str) == Some(id(&created)))
            .collect();
        (calls.len() == 2).then_some(calls)
    })
    .await;
    assert_told(&calls[0], &[("attempt", "1")]);
    assert_told(&calls[1], &[("attempt", "2"), ("user", &author.id())]);
    assert_eq!(calls[0].get("event"), calls[1].get("event"), "the same event");
}

#[tokio::test]
async fn a_cron_run_is_an_event() {
    let hooks = manifest(ID, &[]);
    let jobs =
        format!("{hooks}\n[[cron]]\nlabel = \"Often\"\njob_type = \"often\"\ncron_expr = \"* * * * * *\"\n");
    let app = TestApp::builder().plugin("moderator", &jobs, guests::MODERATOR).spawn().await;
    let facts = eventually("the job runs", async || told(&app, "on-cron-tick").pop()).await;
    assert_told(&facts, &[("attempt", "1"), ("entity", "-"), ("kind", "-"), ("user", "-")]);
    assert!(facts.contains_key("event"));
}
