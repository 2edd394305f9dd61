//! Tells another server when a post or page becomes public, changes while it is, or is so no more.
//!
//! What an event is called follows from what the receiver was told before: it is remembered of each post. A delivery that
//! fails makes the action fail, so that the site tells this plugin again; since nothing is remembered then, the second try
//! is the same event with the same id.

mod change;
mod envelope;
mod memory;
mod settings;
mod signature;

use fleuron_plugin::prelude::*;

use change::{Change, Standing};
use envelope::{Envelope, Subject};
use settings::Settings;

struct PublishWebhook;

impl Guest for PublishWebhook {
    fn on_post_created(output: PostOutput) {
        // Nobody was told of a post that is new.
        handle(&output.id, Some(&output), Standing::Hidden);
    }

    fn on_post_updated(output: PostOutput) {
        // A post from before the plugin was there: it may have been public if it ever was published, and is treated so where
        // it matters, which is when it is public no more. What is scheduled has a date and was not public for it.
        let was_published = output.published_at.is_some() && output.status != "scheduled";
        let before = if was_published { Standing::Unknown } else { Standing::Hidden };
        handle(&output.id, Some(&output), before);
    }

    fn on_post_deleted(id: String) {
        handle(&id, None, Standing::Unknown);
    }
}

export_plugin_hooks!(PublishWebhook);

/// Tells of what happened to a post, if there is anything to tell. `unheard` is how a post stands that nothing is
/// remembered of.
///
/// # Panics
/// Where the receiver does not take the event. The site then counts the delivery as failed and repeats it.
fn handle(post_id: &str, post: Option<&PostOutput>, unheard: Standing) {
    let context = context::current();
    let event_id = context.event_id.clone().unwrap_or_else(data::new_id);
    if memory::was_handled(&event_id) {
        return;
    }
    let (before, now) = (memory::standing(post_id).unwrap_or(unheard), Standing::of(post));
    if let Some(change) = Change::between(before, now) {
        let settings = match Settings::load() {
            Ok(settings) => settings,
            // Trying again would not help; the receiver hears of the post at its next change.
            Err(missing) => {
                return host_api::log(
                    "warn",
                    &format!("{} of {post_id} was not sent: {missing}", change.name()),
                );
            }
        };
        if settings.wants(change) {
            let subject =
                Subject { id: post_id, kind: context.kind.as_deref(), version: context.entity_version, post };
            send(&settings, change, &subject, &event_id, context.attempt);
        }
    }
    memory::remember(post_id, now, &event_id);
}

fn send(settings: &Settings, change: Change, subject: &Subject<'_>, event_id: &str, attempt: u32) {
    let envelope = Envelope::new(change, subject, settings.include_content, event_id, clock::unix_seconds());
    let body = envelope.signed(&settings.secret);
    let (name, post) = (change.name(), subject.id);
    match host_api::http_post(&settings.url, &body) {
        Some(_) => host_api::log("info", &format!("{name} of {post} was delivered as {event_id}")),
        // The host has written down what the receiver answered, or why it could not be reached.
        None => panic!("{name} of {post} was not taken at attempt {attempt}; the line above says why"),
    }
}

#[cfg(test)]
mod tests;
