//! Writes each tick into its log, with what it was handed, and does what a payload asks for: `{"do": "fail"}`,
//! `{"do": "loop"}`, or `{"do": "wait", "url": ".."}`, which asks for that page and is done when it has it or not.

use std::hint::black_box;

use fleuron_plugin::*;
use serde_json::Value;

struct Clockwork;

impl Guest for Clockwork {
    fn on_cron_tick(payload: Option<String>) {
        let context = context::current();
        let payload = payload.unwrap_or_default();
        let run = context.event_id.unwrap_or_default();
        host_api::log("info", &format!("tick {run} attempt {} payload {payload}", context.attempt));
        let task: Value = serde_json::from_str(&payload).unwrap_or_default();
        match task["do"].as_str() {
            Some("fail") => panic!("failed as the payload asked"),
            Some("loop") => loop {
                black_box(());
            },
            Some("wait") => {
                let page = host_api::http_get(task["url"].as_str().unwrap_or_default());
                host_api::log("info", &format!("waited for {page:?}"));
            }
            _ => {}
        }
    }
}

export_plugin_hooks!(Clockwork);
