//! Works on entries of content types: computes the field `total` from `price` and `seats`, and answers what no site may
//! accept, refuses or holds where the words in a title ask for it. A line in its log for every call and its data, and
//! for every action.

use fleuron_plugin::*;
use serde_json::{Value, json};

struct Curator;

impl Guest for Curator {
    fn on_content_creating(input: ContentEvent) -> Option<ContentEvent> {
        curate("on-content-creating", input)
    }

    fn on_content_updating(input: ContentEvent) -> Option<ContentEvent> {
        curate("on-content-updating", input)
    }

    fn on_content_created(input: ContentEvent) {
        tell("on-content-created", &input);
    }

    fn on_content_updated(input: ContentEvent) {
        tell("on-content-updated", &input);
    }

    fn on_content_deleted(content_type: String, id: String) {
        host_api::log("info", &format!("on-content-deleted {content_type} {id}"));
    }
}

export_plugin_hooks!(Curator);

fn tell(hook: &str, event: &ContentEvent) {
    let id = event.id.as_deref().unwrap_or("-");
    host_api::log("info", &format!("{hook} {} {id} {}", event.content_type, event.data));
}

fn curate(hook: &str, input: ContentEvent) -> Option<ContentEvent> {
    tell(hook, &input);
    let mut data: Value = serde_json::from_str(&input.data).ok()?;
    let title = data["fields"]["title"].as_str().unwrap_or_default().to_owned();
    compute(&mut data);
    let asked = |words: &str| title.contains(words);
    if asked("please-refuse") {
        verdict::refuse("too-dear", "Nobody pays that much.");
    }
    if asked("please-hold") {
        verdict::hold();
    }
    assert!(!asked("please-trap"), "trapped as the title asked");
    meddle(&mut data, &asked);
    let text = if asked("please-break") { "{ \"fields\": ".to_owned() } else { data.to_string() };
    let content_type = if asked("please-turn") { "dish".to_owned() } else { input.content_type };
    Some(ContentEvent { content_type, data: text, ..input })
}

/// Price times seats, where both are there.
fn compute(data: &mut Value) {
    let fields = &data["fields"];
    if let (Some(price), Some(seats)) = (fields["price"].as_f64(), fields["seats"].as_f64()) {
        data["fields"]["total"] = json!(price * seats);
    }
}

fn meddle(data: &mut Value, asked: &dyn Fn(&str) -> bool) {
    if asked("please-invent") {
        data["fields"]["surprise"] = json!(1);
    }
    if asked("please-mistype") {
        data["fields"]["price"] = json!("dear");
    }
    if asked("please-dangle") {
        data["fields"]["venue"] = json!("019a0000-0000-7000-8000-00000000dead");
    }
    if asked("please-publish") {
        data["status"] = json!("published");
    }
    if asked("please-pretend") {
        data["id"] = json!("019a0000-0000-7000-8000-00000000beef");
        data["created_at"] = json!("1999-12-31T00:00:00.000Z");
        data["version"] = json!(99);
    }
    if asked("please-forget")
        && let Some(fields) = data["fields"].as_object_mut()
    {
        fields.remove("note");
    }
    if asked("please-blank") {
        data["fields"] = Value::Null;
    }
}
