//! Real plugins, changing a real site.

mod actions;
mod admin;
mod bundled;
mod calls;
mod comment_guard;
mod content_hooks;
mod content_views;
mod endurance;
mod event_reminder;
mod events;
mod faults;
mod files;
mod filters;
mod handmade;
mod health;
mod hostile;
mod http;
mod languages;
mod lifecycle;
mod lifecycle_kills;
mod link_cards;
mod lying_packages;
mod manifest_mistakes;
mod meddling;
mod post_stats;
mod publish_webhook;
mod quick_start;
mod related_posts;
mod reload;
mod sql_allowed;
mod sql_refused;
mod table_of_contents;
mod transactions;
mod verdict;

use std::fs;

use fleuron_plugin_host::{PluginId, PluginStatus};
use fleuron_tests::{TestApp, eventually};

/// The bytes of a module built from `tests/guests`.
fn module(path: &str) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn plugin_id(id: &str) -> PluginId {
    id.parse().unwrap()
}

/// The lines of a plugin's log.
fn log_of(app: &TestApp, id: &str) -> Vec<String> {
    let lines = app.services().plugin_logs.of(&plugin_id(id));
    lines.into_iter().map(|line| line.text).collect()
}

/// Waits for a line in a plugin's log that holds these words.
async fn eventually_logged(app: &TestApp, id: &str, words: &str) {
    let what = format!("`{words}` in the log of {id}");
    eventually(&what, async || log_of(app, id).iter().any(|line| line.contains(words)).then_some(())).await;
}

#[track_caller]
fn assert_no_faults(app: &TestApp) {
    let faults = app.services().hooks.faults();
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A loaded plugin; nothing when it is not loaded.
fn status_of(app: &TestApp, id: &str) -> Option<PluginStatus> {
    app.services().hooks.plugins().into_iter().find(|plugin| plugin.id.as_str() == id)
}
