//! Lists posts on the same subject under each post.
//!
//! What a post is about is a vector: its terms, weighted by how often it has them and how few other posts do. Two
//! posts are as similar as the angle between their vectors is small. The vectors are kept in an index of the plugin's
//! own, which follows what happens to posts, so that a render only looks up the terms of one post.

mod document;
mod index;
mod json;
mod related;
mod section;
mod settings;
mod terms;
#[cfg(test)]
mod testing;
mod walk;
mod words;

use fleuron_plugin::prelude::*;

struct RelatedPosts;

impl Guest for RelatedPosts {
    fn filter_html(input: String) -> Option<String> {
        or_fail(section::append(input))
    }

    fn on_post_created(output: PostOutput) {
        follow(&output.id);
    }

    fn on_post_updated(output: PostOutput) {
        follow(&output.id);
    }

    fn on_post_deleted(id: String) {
        follow(&id);
    }

    fn on_cron_tick(payload: Option<String>) {
        match payload.as_deref() {
            Some("check") => or_fail(walk::restart()),
            _ => or_fail(walk::go_on(walk::PAGES_A_MINUTE)),
        }
    }
}

export_plugin_hooks!(RelatedPosts);

/// Brings the index in line with what the site says of a post now, whatever happened to it: so it bears repetitions,
/// and events that come late.
fn follow(id: &str) {
    if context::current().kind.as_deref() != Some("page") {
        or_fail(index::refresh(&[id.to_owned()]));
    }
}

/// Ends the call with the reason. Then the site delivers the event again, renders the page again before long, or notes
/// that the job failed.
fn or_fail<T>(outcome: Result<T, data::Error>) -> T {
    outcome.unwrap_or_else(|error| panic!("{error}"))
}
