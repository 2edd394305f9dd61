//! Refuses and holds what the words in it ask for, and writes down why it was called: a line `context` in its log for
//! every call, with `-` for what there is not.

use fleuron_plugin::*;

struct Moderator;

impl Guest for Moderator {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        moderate_post(input)
    }

    fn on_post_updating(input: PostInput) -> Option<PostInput> {
        moderate_post(input)
    }

    fn on_comment_creating(mut input: CommentInput) -> Option<CommentInput> {
        tell_context();
        decide(&input.content);
        if !input.content.contains("please-mark") {
            return None;
        }
        input.content.push_str(" (marked)");
        Some(input)
    }

    fn filter_html(input: String) -> Option<String> {
        tell_context();
        decide(&input);
        Some(format!("{input}<p>moderated</p>"))
    }

    fn on_post_created(output: PostOutput) {
        tell_context();
        if output.title.contains("please-refuse-late") {
            verdict::refuse("too-late", "It has happened already.");
        }
        if output.title.contains("please-hold-late") {
            verdict::hold();
        }
        if output.title.contains("please-fail-once") && host_api::get_data(&output.id).is_none() {
            host_api::set_data(&output.id, "failed");
            panic!("failed as the title asked");
        }
    }

    fn on_post_updated(_output: PostOutput) {
        tell_context();
    }

    fn on_post_deleted(_id: String) {
        tell_context();
    }

    fn on_comment_created(_input: CommentInput) {
        tell_context();
    }

    fn on_login(_user_id: String) {
        tell_context();
    }

    fn on_cron_tick(_payload: Option<String>) {
        tell_context();
    }
}

export_plugin_hooks!(Moderator);

fn moderate_post(mut post: PostInput) -> Option<PostInput> {
    tell_context();
    decide(&post.title);
    if post.title.contains("please-publish") {
        post.status = Some("published".to_owned());
    } else if post.title.contains("please-mark") {
        post.content.push_str(" (marked)");
    } else {
        return None;
    }
    Some(post)
}

fn decide(words: &str) {
    let asked = |what: &str| words.contains(what);
    if asked("please-relent") {
        verdict::refuse("too-hasty", "No. Or rather, let somebody look at it.");
        verdict::hold();
    } else if asked("please-refuse") {
        verdict::hold();
        verdict::refuse("too-loud", "Not so loud.");
    } else if asked("please-mumble") {
        verdict::refuse("Not A Code", "Some\nwords.");
    } else if asked("please-hold") {
        verdict::hold();
    }
    if asked("then-trap") {
        panic!("trapped as the words asked");
    }
}

fn tell_context() {
    let context = context::current();
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let line = format!(
        "context hook={} event={} attempt={} entity={} version={} parent={} kind={} user={}",
        context.hook,
        text(&context.event_id),
        context.attempt,
        text(&context.entity_id),
        text(&context.entity_version.map(|version| version.to_string())),
        text(&context.parent_id),
        text(&context.kind),
        text(&context.acting_user),
    );
    host_api::log("info", &line);
}
