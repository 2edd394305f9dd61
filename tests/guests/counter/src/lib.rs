//! Counts what it is told of, in its key-value space: as much as a useful action does, and no more.

use fleuron_plugin::*;

struct Counter;

impl Guest for Counter {
    fn on_post_updated(_output: PostOutput) {
        count("posts");
    }

    fn on_event(_event: Event) {
        count("events");
    }

    fn on_cron_tick(_payload: Option<String>) {
        count("ticks");
    }
}

export_plugin_hooks!(Counter);

fn count(key: &str) {
    let count = host_api::get_data(key).and_then(|count| count.parse::<u64>().ok()).unwrap_or_default();
    host_api::set_data(key, &(count + 1).to_string());
}
