//! Keeps the table `ledger`, with a row for each delivery of a change of a post that reaches it. Where the setting `emits`
//! is on, it emits the event `seen` about each instead: JSON with `hook`, `post` and `version`. Of such an event it writes
//! down what it is about, with the word `seen` before the hook. Where the setting `fails` is on, the first attempt at about
//! one change in twenty fails, by the event's id: a repetition of a first attempt does as the first one did.

use fleuron_plugin::*;
use serde_json::{Value, json};

struct Ledger;

/// Of so many changes, one fails at first.
const FAILS_OF: u32 = 20;

impl Guest for Ledger {
    fn on_post_created(_output: PostOutput) {
        changed();
    }

    fn on_post_updated(_output: PostOutput) {
        changed();
    }

    fn on_post_deleted(_id: String) {
        changed();
    }

    fn on_event(event: Event) {
        let seen: Value =
            serde_json::from_str(&event.data).unwrap_or_else(|error| panic!("{error}: {}", event.data));
        let text = |key: &str| seen[key].as_str().unwrap_or_default();
        write(&format!("seen {}", text("hook")), text("post"), seen["version"].as_i64().unwrap_or_default());
    }
}

export_plugin_hooks!(Ledger);

fn changed() {
    let context = context::current();
    assert!(!fails(&context), "failed as the setting asked");
    let post = context.entity_id.unwrap_or_default();
    let version = context.entity_version.unwrap_or_default();
    if is_on("emits") {
        let seen = json!({ "hook": context.hook, "post": post, "version": version });
        let answer = host_api::emit_event("seen", &seen.to_string());
        assert!(!answer.contains("\"error\""), "{answer}");
    } else {
        write(&context.hook, &post, version);
    }
}

fn is_on(setting: &str) -> bool {
    host_api::get_config(setting).as_deref() == Some("true")
}

fn fails(context: &context::CallContext) -> bool {
    let id = context.event_id.as_deref().unwrap_or_default();
    let hash = id.bytes().fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    context.attempt == 1 && hash.is_multiple_of(FAILS_OF) && is_on("fails")
}

/// A row that cannot be written ends the call, which is then made again.
fn write(hook: &str, post: &str, version: i64) {
    let context = context::current();
    let row = row! {
        "event_id" => context.event_id,
        "attempt" => context.attempt,
        "hook" => hook,
        "post_id" => post,
        "version" => version,
    };
    if let Err(error) = data::insert("ledger", row) {
        panic!("{error}");
    }
}
