//! Writes down every action that reaches it, one line to a call: to the file `record/<hook>.log`, and to the plugin's
//! log, whose lines survive calls that run side by side.

use fleuron_plugin::*;

struct Recorder;

impl Guest for Recorder {
    fn on_post_created(output: PostOutput) {
        record("on-post-created", &format!("{output:?}"));
    }

    fn on_post_updated(output: PostOutput) {
        record("on-post-updated", &format!("{output:?}"));
    }

    fn on_post_deleted(id: String) {
        record("on-post-deleted", &id);
    }

    fn on_comment_created(input: CommentInput) {
        record("on-comment-created", &format!("{input:?}"));
    }

    fn on_content_created(input: ContentEvent) {
        record("on-content-created", &format!("{input:?}"));
    }

    fn on_content_updated(input: ContentEvent) {
        record("on-content-updated", &format!("{input:?}"));
    }

    fn on_content_deleted(content_type: String, id: String) {
        record("on-content-deleted", &format!("{content_type} {id}"));
    }

    fn on_login(user_id: String) {
        record("on-login", &user_id);
    }

    fn on_cron_tick(payload: Option<String>) {
        record("on-cron-tick", &format!("{payload:?}"));
    }
}

export_plugin_hooks!(Recorder);

fn record(hook: &str, payload: &str) {
    let file = format!("record/{hook}.log");
    let mut lines = host_api::vfs_read(&file).unwrap_or_default();
    lines.push_str(payload);
    lines.push('\n');
    host_api::vfs_write(&file, &lines);
    host_api::log("info", &format!("{hook} {payload}"));
}
