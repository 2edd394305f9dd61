//! Each hook fires for a plugin that lists it, and not for one that does not.

use fleuron::services::Services;
use fleuron_plugin_host::hook::{
    FilterHtml, OnCommentCreated, OnCommentCreating, OnContentCreated, OnContentCreating, OnContentDeleted,
    OnContentUpdated, OnContentUpdating, OnCronTick, OnEvent, OnLogin, OnPostCreated, OnPostCreating,
    OnPostDeleted, OnPostUpdated, OnPostUpdating, RenderMarkdown,
};
use fleuron_plugin_host::{
    CallContext, CommentInput, ContentDeleted, ContentEvent, Delivery, FilterHook, Filtered, HookPoint,
    PluginEvent, PostInput, PostOutput, Refusal,
};
use fleuron_tests::{TestApp, caller};

/// Every hook, with the interface that a plugin exports it by.
pub(super) const HOOKS: [(&str, &str); 17] = [
    ("plugin-hooks", "on-post-creating"),
    ("plugin-hooks", "on-post-updating"),
    ("plugin-hooks", "on-comment-creating"),
    ("plugin-hooks", "on-content-creating"),
    ("plugin-hooks", "on-content-updating"),
    ("plugin-hooks", "render-markdown"),
    ("plugin-hooks", "filter-html"),
    ("plugin-hooks", "on-post-created"),
    ("plugin-hooks", "on-post-updated"),
    ("plugin-hooks", "on-post-deleted"),
    ("plugin-hooks", "on-comment-created"),
    ("plugin-hooks", "on-content-created"),
    ("plugin-hooks", "on-content-updated"),
    ("plugin-hooks", "on-content-deleted"),
    ("plugin-hooks", "on-login"),
    ("plugin-hooks", "on-cron-tick"),
    ("events", "on-event"),
];

/// A script, so that filters change what they are given, and its answers name the hook.
const SCRIPT: &str = r#"{"calls":[["current"]]}"#;

fn input() -> PostInput {
    PostInput {
        title: "Title".to_owned(),
        content: SCRIPT.to_owned(),
        slug: None,
        excerpt: None,
        category_id: None,
        tag_ids: None,
        status: None,
        cover_image: None,
    }
}

fn output() -> PostOutput {
    PostOutput {
        id: "id".to_owned(),
        title: "Title".to_owned(),
        slug: "title".to_owned(),
        content: String::new(),
        excerpt: None,
        status: "draft".to_owned(),
        created_by: "somebody".to_owned(),
        updated_by: None,
        category_id: None,
        view_count: 0,
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        updated_at: "2026-01-01T00:00:00Z".to_owned(),
        published_at: None,
    }
}

fn comment() -> CommentInput {
    CommentInput { content: SCRIPT.to_owned(), nickname: None, email: None, parent_id: None }
}

fn entry() -> ContentEvent {
    ContentEvent { content_type: "event".to_owned(), data: SCRIPT.to_owned(), id: None }
}

/// What came of a hook: how a filter changed its payload, or who was told.
#[derive(Debug)]
enum Fired {
    Changed(String),
    Told(Vec<Delivery>),
}

async fn filter<H: FilterHook>(
    services: &Services,
    payload: H::Payload,
    changed: impl FnOnce(H::Payload) -> String,
) -> Fired {
    let filtered: Result<Filtered<H::Payload>, Refusal> =
        services.hooks.filter::<H>(payload, &CallContext::default(), |_| Ok(())).await;
    Fired::Changed(changed(filtered.unwrap().payload))
}

/// Fires a hook as the site does.
async fn fire(services: &Services, point: HookPoint) -> Fired {
    let context = CallContext::default();
    let hooks = &services.hooks;
    let told = match point {
        HookPoint::OnPostCreating => {
            return filter::<OnPostCreating>(services, input(), |post| post.content).await;
        }
        HookPoint::OnPostUpdating => {
            return filter::<OnPostUpdating>(services, input(), |post| post.content).await;
        }
        HookPoint::OnCommentCreating => {
            return filter::<OnCommentCreating>(services, comment(), |comment| comment.content).await;
        }
        HookPoint::OnContentCreating => {
            return filter::<OnContentCreating>(services, entry(), |entry| entry.data).await;
        }
        HookPoint::OnContentUpdating => {
            return filter::<OnContentUpdating>(services, entry(), |entry| entry.data).await;
        }
        HookPoint::RenderMarkdown => {
            return filter::<RenderMarkdown>(services, SCRIPT.to_owned(), |html| html).await;
        }
        HookPoint::FilterHtml => return filter::<FilterHtml>(services, SCRIPT.to_owned(), |html| html).await,
        HookPoint::OnPostCreated => hooks.notify::<OnPostCreated>(output(), &context).await,
        HookPoint::OnPostUpdated => hooks.notify::<OnPostUpdated>(output(), &context).await,
        HookPoint::OnPostDeleted => hooks.notify::<OnPostDeleted>("id".to_owned(), &context).await,
        HookPoint::OnCommentCreated => hooks.notify::<OnCommentCreated>(comment(), &context).await,
        HookPoint::OnContentCreated => hooks.notify::<OnContentCreated>(entry(), &context).await,
        HookPoint::OnContentUpdated => hooks.notify::<OnContentUpdated>(entry(), &context).await,
        HookPoint::OnContentDeleted => {
            let deleted = ContentDeleted { content_type: "event".to_owned(), id: "id".to_owned() };
            hooks.notify::<OnContentDeleted>(deleted, &context).await
        }
        HookPoint::OnLogin => hooks.notify::<OnLogin>("user".to_owned(), &context).await,
        HookPoint::OnCronTick => hooks.notify::<OnCronTick>(None, &context).await,
        HookPoint::OnEvent => {
            let event = PluginEvent {
                id: "id".to_owned(),
                event_type: "plugin.com.example.source.moved".to_owned(),
                data: "{}".to_owned(),
            };
            hooks.notify::<OnEvent>(event, &context).await
        }
    };
    Fired::Told(told)
}

#[tokio::test]
async fn a_hook_fires_for_those_who_list_it() {
    let app = TestApp::builder().neighbour().spawn().await;
    // Before the bundled plugins, so that it gets the scripts as they are.
    let mut all = caller("com.example.everywhere");
    for (_, name) in &HOOKS[1..] {
        all = all.hook(&format!("{name}: priority = -1"));
    }
    let everywhere = all
        .lines("[events.\"plugin.com.example.source.*\"]")
        .lines("[[cron]]\nlabel = \"Never\"\njob_type = \"never\"\ncron_expr = \"0 0 29 2 *\"")
        .install(&app)
        .await;
    let nowhere = caller("com.example.nowhere").install(&app).await;
    for point in HookPoint::ALL {
        let name = point.name();
        let fired = app.within(move |services| async move { fire(&services, point).await }).await;
        match fired {
            Fired::Changed(content) => {
                assert!(
                    content.starts_with("[{") && content.contains(&format!("\"{name}\"")),
                    "{name}: {content}"
                );
            }
            Fired::Told(deliveries) => {
                let told: Vec<(&str, bool)> = deliveries
                    .iter()
                    .map(|delivery| (delivery.plugin.as_str(), delivery.result.is_ok()))
                    .collect();
                assert_eq!(told, [(everywhere.id.as_str(), true)], "{name}");
            }
        }
        let line = format!("called {name}: ");
        assert!(
            everywhere.log().iter().any(|logged| logged.contains(&line)),
            "{name}: {:#?}",
            everywhere.log()
        );
        let heard = nowhere.log().iter().any(|logged| logged.contains(&line));
        assert_eq!(heard, name == "on-post-creating", "{name}");
    }
    app.assert_unharmed().await;
}
