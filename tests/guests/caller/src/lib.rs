//! Makes whatever host calls it is told to make and answers what they answered.
//!
//! A post whose content is a script (`{"calls": [["get-data", "key"], ..]}`) is created with the answers as its content
//! instead, a JSON array. A script with a member `for` is for the caller whose setting `caller_id` says the same.
//! `on-post-created` takes a script from the key `script` and writes the answers into the log, behind the word
//! `results`. Every hook writes into the log that it was called.

mod arguments;
mod calls;
mod control;
mod data;

use fleuron_plugin::*;
use serde_json::Value;

struct Caller;

impl Guest for Caller {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        called("on-post-creating", &input.title);
        let content = run(&input.content)?;
        Some(PostInput { content, ..input })
    }

    fn on_post_updating(input: PostInput) -> Option<PostInput> {
        called("on-post-updating", &input.title);
        let content = run(&input.content)?;
        Some(PostInput { content, ..input })
    }

    fn on_comment_creating(input: CommentInput) -> Option<CommentInput> {
        called("on-comment-creating", &input.content);
        let content = run(&input.content)?;
        Some(CommentInput { content, ..input })
    }

    fn on_content_creating(input: ContentEvent) -> Option<ContentEvent> {
        called("on-content-creating", &input.content_type);
        let data = run(&input.data)?;
        Some(ContentEvent { data, ..input })
    }

    fn on_content_updating(input: ContentEvent) -> Option<ContentEvent> {
        called("on-content-updating", &input.content_type);
        let data = run(&input.data)?;
        Some(ContentEvent { data, ..input })
    }

    fn render_markdown(input: String) -> Option<String> {
        called("render-markdown", "");
        run(&input)
    }

    fn filter_html(input: String) -> Option<String> {
        called("filter-html", "");
        run(&input)
    }

    fn on_post_created(output: PostOutput) {
        called("on-post-created", &output.title);
        let script = host_api::get_data("script").unwrap_or_default();
        if script.is_empty() {
            return;
        }
        // Once alone, however often the action is delivered.
        host_api::set_data("script", "");
        if let Some(answers) = run(&script) {
            // Not into the store: the script may have left a transaction open.
            host_api::log("info", &format!("results {answers}"));
        }
    }

    fn on_post_updated(output: PostOutput) {
        called("on-post-updated", &output.title);
    }

    fn on_post_deleted(id: String) {
        called("on-post-deleted", &id);
    }

    fn on_comment_created(input: CommentInput) {
        called("on-comment-created", &input.content);
    }

    fn on_content_created(input: ContentEvent) {
        called("on-content-created", &input.content_type);
    }

    fn on_content_updated(input: ContentEvent) {
        called("on-content-updated", &input.content_type);
    }

    fn on_content_deleted(content_type: String, id: String) {
        called("on-content-deleted", &format!("{content_type} {id}"));
    }

    fn on_login(user_id: String) {
        called("on-login", &user_id);
    }

    fn on_cron_tick(payload: Option<String>) {
        called("on-cron-tick", &payload.unwrap_or_default());
    }

    fn on_event(event: Event) {
        called("on-event", &format!("{} {}", event.event_type, event.data));
    }
}

export_plugin_hooks!(Caller);

/// Scripts can be long, and log lines should not.
fn called(hook: &str, about: &str) {
    let about: String = about.chars().take(80).collect();
    host_api::log("info", &format!("called {hook}: {about}"));
}

/// Runs a script and answers its answers as a JSON array; none where the text is no script.
fn run(text: &str) -> Option<String> {
    let script: Value = serde_json::from_str(text).ok()?;
    if let Some(id) = script.get("for").and_then(Value::as_str)
        && host_api::get_config("caller_id").as_deref() != Some(id)
    {
        return None;
    }
    let calls = script.get("calls")?.as_array()?;
    let answers: Vec<Value> = calls.iter().map(control::perform).collect();
    Some(Value::Array(answers).to_string())
}
