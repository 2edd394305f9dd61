//! Writes each change of a post and each event into its log, behind the word `took`; or fails as the post's title or the
//! event's data ask it to: always for `refuse always`, at the first two attempts for `refuse 2`.

use fleuron_plugin::*;

struct Picky;

impl Guest for Picky {
    fn on_post_created(output: PostOutput) {
        take(&output.title);
    }

    fn on_post_updated(output: PostOutput) {
        take(&output.title);
    }

    fn on_event(event: Event) {
        take(&event.data);
    }
}

export_plugin_hooks!(Picky);

fn take(what: &str) {
    let context = context::current();
    assert!(!refuses(what, context.attempt), "refused as the title asked");
    let id = context.event_id.unwrap_or_default();
    host_api::log("info", &format!("took {} {what} at attempt {} of {id}", context.hook, context.attempt));
}

fn refuses(what: &str, attempt: u32) -> bool {
    let Some((_, words)) = what.split_once("refuse ") else { return false };
    let word = words.split([' ', ',']).next().unwrap_or_default();
    word == "always" || word.parse().is_ok_and(|attempts: u32| attempt <= attempts)
}
