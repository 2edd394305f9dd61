//! The trait that a plugin implements: one method per hook, each with a default that leaves everything as it is.

use crate::types::{CommentInput, ContentEvent, Event, PostInput, PostOutput};

/// A plugin. Write the methods of the hooks you want, list the same hooks in `manifest.toml`, and pass the type to
/// [`export_plugin_hooks!`](crate::export_plugin_hooks).
///
/// **Filters** may change what they are given: `Some` replaces the value, `None` leaves it as it was. Each plugin gets
/// what its predecessor made of it, lower priority first. **Actions** are told what has happened, after it was
/// committed; they are delivered at least once, so an action must bear being called twice.
///
/// A panic ends the call: the site carries on with the value from before and starts a fresh instance for the next call.
pub trait Guest {
    /// Filter: a post is about to be created.
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        let _ = input;
        None
    }

    /// Filter: a post is about to be changed. The input is the whole post as it would be after the edit.
    fn on_post_updating(input: PostInput) -> Option<PostInput> {
        let _ = input;
        None
    }

    /// Filter: a comment is about to be stored.
    fn on_comment_creating(input: CommentInput) -> Option<CommentInput> {
        let _ = input;
        None
    }

    /// Filter: an entry of a custom content type is about to be created.
    fn on_content_creating(input: ContentEvent) -> Option<ContentEvent> {
        let _ = input;
        None
    }

    /// Filter: an entry of a custom content type is about to be changed.
    fn on_content_updating(input: ContentEvent) -> Option<ContentEvent> {
        let _ = input;
        None
    }

    /// Filter: Markdown is to become HTML. The first plugin that answers `Some` is the renderer; when none does, the
    /// site renders it itself.
    fn render_markdown(input: String) -> Option<String> {
        let _ = input;
        None
    }

    /// Filter: the rendered HTML of a post, page or public entry, before it is sanitised.
    fn filter_html(input: String) -> Option<String> {
        let _ = input;
        None
    }

    /// Action: a post was created.
    fn on_post_created(output: PostOutput) {
        let _ = output;
    }

    /// Action: a post was changed.
    fn on_post_updated(output: PostOutput) {
        let _ = output;
    }

    /// Action: the post of this id was deleted.
    fn on_post_deleted(id: String) {
        let _ = id;
    }

    /// Action: a comment was stored.
    fn on_comment_created(input: CommentInput) {
        let _ = input;
    }

    /// Action: an entry of a custom content type was created.
    fn on_content_created(input: ContentEvent) {
        let _ = input;
    }

    /// Action: an entry of a custom content type was changed.
    fn on_content_updated(input: ContentEvent) {
        let _ = input;
    }

    /// Action: the entry of this type and id was deleted.
    fn on_content_deleted(content_type: String, id: String) {
        let _ = (content_type, id);
    }

    /// Action: the user of this id logged in.
    fn on_login(user_id: String) {
        let _ = user_id;
    }

    /// Action: one of the plugin's own cron jobs is due. The payload is the job's `payload` in the manifest, or else
    /// JSON with its `label`, its `job_type` and the time it was due.
    fn on_cron_tick(payload: Option<String>) {
        let _ = payload;
    }

    /// Action: another plugin emitted an event that a table `[events."..."]` of the manifest subscribes to. Nobody
    /// receives events of its own.
    fn on_event(event: Event) {
        let _ = event;
    }
}
