//! A plugin in each of the languages that come with bindings of their own, with every hook and every host call: nothing is
//! lost on the way, in neither direction.

use std::fs;
use std::sync::Arc;

use fleuron::plugins::scaffold::Language;
use fleuron::services::Services;
use fleuron_plugin_host::hook::{
    FilterHtml, OnCommentCreated, OnCommentCreating, OnContentCreated, OnContentCreating, OnContentDeleted,
    OnContentUpdated, OnContentUpdating, OnCronTick, OnEvent, OnLogin, OnPostCreated, OnPostDeleted,
    OnPostUpdated, OnPostUpdating, RenderMarkdown,
};
use fleuron_plugin_host::{
    CallContext, CommentInput, ContentDeleted, ContentEvent, HookPoint, PluginEvent, PostInput, PostOutput,
};
use fleuron_tests::{TestApp, manifest, post, text, write_migrations, write_plugin};
use serde_json::json;

use super::super::{assert_no_faults, log_of, module, status_of};
use super::built;

const ID: &str = "com.example.everything";

const SCHEMA: &str = "CREATE TABLE notes (
    id INTEGER PRIMARY KEY, body TEXT NOT NULL, stars INTEGER, ratio REAL, data BLOB, extra TEXT
);";

/// What the plugin makes of a post with the title "Everything": a line for each call.
const REPORT: &str = r#"config=blue
unknown=none
set-data=true
get-data=value
get-post=none
vfs-write=true
vfs-read=text
vfs-exists=true
vfs-list=["b.txt"]
vfs-stat=true
vfs-delete=true
vfs-gone=none
http-get=none
http-post=none
db-begin={"ok":true}
db-execute={"rows_affected":1}
db-query=[{"stars":7}]
db-rollback={"ok":true}
db-commit={"ok":true}
emit-event=true
new-id=36
hook=on-post-creating
attempt=0
kind=post
event=none
acting-user=true
insert=1
insert-again=error 2
insert-second=2
fetch-one=id:1 body:first stars:2 ratio:half data:00ff extra:null
fetch-none=none
fetch-all=2
most=second
next=first
update=1
increment=1
count=1
sum=18
group-by=13:1
group-sum=first:13
delete=1
missing=error 1
title=Everything
slug=a-slug
excerpt=An excerpt
tags=2
status=published
"#;

async fn site(language: Language, source: &'static str, file: &'static str) -> Option<TestApp> {
    let parent = tempfile::tempdir().unwrap();
    let folder = built(parent.path(), "everything", language, |folder| {
        fs::write(folder.join(file), source).unwrap();
    })
    .await?;
    let app = TestApp::spawn().await;
    // Before the bundled plugins, so that it gets everything as it is.
    let hooks = HookPoint::ALL.map(|hook| format!("{}: priority = -1", hook.name()));
    let text = manifest(ID, &hooks.each_ref().map(String::as_str))
        + "[permissions]\ndatabase = [\"own\"]\nevents = [\"emit\"]\n\
           [settings.colour]\ntype = \"string\"\ndefault = \"blue\"\n\
           [events.\"plugin.com.example.source.*\"]\n\
           [[cron]]\nlabel = \"Never\"\njob_type = \"never\"\ncron_expr = \"0 0 29 2 *\"\n";
    write_migrations(app.extensions(), "everything", &[("0001.sql".to_owned(), SCHEMA.to_owned())]);
    let code = module(folder.join("plugin.wasm").to_str().unwrap());
    write_plugin(app.extensions(), "everything", &text, &code);
    app.services().plugins.rescan().await;
    assert_no_faults(&app);
    Some(app)
}

async fn carries_everything(language: Language, source: &'static str, file: &'static str) {
    let Some(app) = site(language, source, file).await else { return };
    makes_every_call(&app, language).await;
    app.within(move |services| async move { filters(&services, language).await }).await;
    app.within(move |services| async move { actions(&services).await }).await;
    are_told(&app, language);
    let hooks = status_of(&app, ID).unwrap().hooks;
    assert_eq!(hooks.len(), HookPoint::ALL.len(), "{language}");
    for hook in hooks {
        assert!(hook.counts.calls > 0 && hook.counts.errors == 0, "{language}: {hook:?}");
    }
}

async fn makes_every_call(app: &TestApp, language: Language) {
    let editor = app.editor().await;
    let tag = async |name: &str| {
        let tag = editor.post("/api/v1/tags", &json!({ "name": name })).await.expect(201).json();
        text(&tag, "id").to_owned()
    };
    let tags = [tag("One").await, tag("Two").await];
    let created = post("Everything")
        .slug("a-slug")
        .with("excerpt", "An excerpt")
        .tags(&tags.each_ref().map(String::as_str))
        .published()
        .create(&editor)
        .await;
    assert_eq!(text(&created, "content"), REPORT, "{language}");
    assert_eq!(
        (text(&created, "slug"), text(&created, "excerpt"), text(&created, "status")),
        ("a-slug", "An excerpt", "published"),
        "{language}"
    );
    assert_eq!(created["tags"].as_array().map(Vec::len), Some(2), "{language}: {created}");
    assert!(log_of(app, ID).contains(&"noted".to_owned()), "{language}");
    let path = format!("/api/v1/posts/{}", text(&created, "id"));
    let refused = editor.patch(&path, &json!({ "title": "Refused" })).await.problem(422, "refused_by_plugin");
    assert_eq!((text(&refused, "plugin_code"), text(&refused, "detail")), ("not-now", "Not now."));
    let words = json!({ "content": "A remark.", "nickname": "Ada", "email": "ada@example.com" });
    let held = app.guest().post(&format!("{path}/comments"), &words).await.expect(201).json();
    assert_eq!(text(&held, "status"), "pending", "{language}: {held}");
}

/// Every field has a value, and each another.
fn full_input() -> PostInput {
    let some = |text: &str| Some(text.to_owned());
    PostInput {
        title: "Title – ⛵".to_owned(),
        content: "Content".repeat(10_000),
        slug: some("slug"),
        excerpt: some("excerpt"),
        category_id: some("category"),
        tag_ids: Some(vec!["first".to_owned(), String::new(), "third".to_owned()]),
        status: some("draft"),
        cover_image: some("cover"),
    }
}

fn empty_input() -> PostInput {
    PostInput {
        title: String::new(),
        content: String::new(),
        slug: None,
        excerpt: None,
        category_id: None,
        tag_ids: Some(Vec::new()),
        status: None,
        cover_image: None,
    }
}

async fn filters(services: &Arc<Services>, language: Language) {
    let (hooks, context) = (&services.hooks, CallContext::default());
    for input in [full_input(), empty_input(), PostInput { tag_ids: None, ..full_input() }] {
        let expected = PostInput { excerpt: Some("by a hook".to_owned()), ..input.clone() };
        let filtered = hooks.filter::<OnPostUpdating>(input, &context, |_| Ok(())).await.unwrap();
        assert_eq!(filtered.payload, expected, "{language}");
    }
    let comment = CommentInput {
        content: "Words".to_owned(),
        nickname: None,
        email: Some("email".to_owned()),
        parent_id: Some("parent".to_owned()),
    };
    let filtered = hooks.filter::<OnCommentCreating>(comment.clone(), &context, |_| Ok(())).await.unwrap();
    assert_eq!(
        filtered.payload,
        CommentInput { content: "Heard: Words".to_owned(), ..comment },
        "{language}"
    );
    assert!(filtered.held, "{language}");
    let filtered = hooks.filter::<OnContentCreating>(entry(None), &context, |_| Ok(())).await.unwrap();
    let expected = ContentEvent { data: r#"{"by":"hook"}"#.to_owned(), ..entry(Some("given")) };
    assert_eq!(filtered.payload, expected, "{language}");
    let filtered = hooks.filter::<OnContentUpdating>(entry(Some("id")), &context, |_| Ok(())).await.unwrap();
    assert_eq!((filtered.payload, filtered.changed), (entry(Some("id")), false), "{language}");
    for (markdown, html) in [("render me", "<p>rendered</p>"), ("leave me", "leave me")] {
        let filtered =
            hooks.filter::<RenderMarkdown>(markdown.to_owned(), &context, |_| Ok(())).await.unwrap();
        assert_eq!(filtered.payload, html, "{language}");
    }
    let filtered = hooks.filter::<FilterHtml>(String::new(), &context, |_| Ok(())).await.unwrap();
    assert!(filtered.payload.starts_with("<p>filtered</p>"), "{language}: {}", filtered.payload);
}

fn entry(id: Option<&str>) -> ContentEvent {
    ContentEvent { content_type: "event".to_owned(), data: "{}".to_owned(), id: id.map(str::to_owned) }
}

fn output() -> PostOutput {
    let some = |text: &str| Some(text.to_owned());
    PostOutput {
        id: "id".to_owned(),
        title: "title".to_owned(),
        slug: "slug".to_owned(),
        content: "content".to_owned(),
        excerpt: some("excerpt"),
        status: "status".to_owned(),
        created_by: "creator".to_owned(),
        updated_by: some("updater"),
        category_id: None,
        view_count: -7_000_000_000,
        created_at: "created".to_owned(),
        updated_at: "updated".to_owned(),
        published_at: some("published"),
    }
}

async fn actions(services: &Arc<Services>) {
    let (hooks, context) = (&services.hooks, CallContext::default());
    hooks.notify::<OnPostCreated>(output(), &context).await;
    hooks.notify::<OnPostUpdated>(output(), &context).await;
    hooks.notify::<OnPostDeleted>("post".to_owned(), &context).await;
    let comment = CommentInput {
        content: "words".to_owned(),
        nickname: Some("nickname".to_owned()),
        email: None,
        parent_id: Some("parent".to_owned()),
    };
    hooks.notify::<OnCommentCreated>(comment, &context).await;
    hooks.notify::<OnContentCreated>(entry(Some("id")), &context).await;
    hooks.notify::<OnContentUpdated>(entry(None), &context).await;
    let deleted = ContentDeleted { content_type: "event".to_owned(), id: "id".to_owned() };
    hooks.notify::<OnContentDeleted>(deleted, &context).await;
    hooks.notify::<OnLogin>("user".to_owned(), &context).await;
    hooks.notify::<OnCronTick>(None, &context).await;
    hooks.notify::<OnCronTick>(Some("payload".to_owned()), &context).await;
    let event = PluginEvent {
        id: "event".to_owned(),
        event_type: "plugin.com.example.source.moved".to_owned(),
        data: "{}".to_owned(),
    };
    hooks.notify::<OnEvent>(event, &context).await;
}

fn are_told(app: &TestApp, language: Language) {
    const POST: &str =
        "id title slug content excerpt status creator updater none -7000000000 created updated published";
    let log = log_of(app, ID);
    for line in [
        format!("on-post-created {POST}"),
        format!("on-post-updated {POST}"),
        "on-post-deleted post".to_owned(),
        "on-comment-created words nickname none parent".to_owned(),
        "on-content-created eventid{}".to_owned(),
        "on-content-updated eventnone{}".to_owned(),
        "on-content-deleted eventid".to_owned(),
        "on-login user".to_owned(),
        "on-cron-tick none".to_owned(),
        "on-cron-tick payload".to_owned(),
        "on-event event plugin.com.example.source.moved {}".to_owned(),
    ] {
        assert!(log.contains(&line), "{language}: {line} in {log:#?}");
    }
}

#[tokio::test]
async fn in_c() {
    carries_everything(Language::C, include_str!("everything.c"), "src/plugin.c").await;
}

#[tokio::test]
async fn in_zig() {
    carries_everything(Language::Zig, include_str!("everything.zig"), "src/plugin.zig").await;
}

#[tokio::test]
async fn in_go() {
    carries_everything(Language::Go, include_str!("everything.go"), "plugin.go").await;
}
