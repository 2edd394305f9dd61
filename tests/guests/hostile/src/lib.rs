//! Misbehaves in `filter-html` as a marker in the page asks it to, and otherwise says how often this instance was called.
//! In `on-post-created` it fails the first time, or every time, that it hears of a post whose title asks for that.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering};

use fleuron_plugin::*;

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Hostile;

impl Guest for Hostile {
    fn filter_html(input: String) -> Option<String> {
        let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
        if input.contains("please-loop") {
            spin();
        } else if input.contains("please-trap") {
            panic!("trapped as the page asked");
        } else if input.contains("please-overflow") {
            black_box(descend(1));
        } else if input.contains("please-eat-memory") {
            devour();
        }
        Some(format!("{input}<p>hostile ok {calls}</p>"))
    }

    fn on_post_created(output: PostOutput) {
        if output.title.contains("fail-always") {
            panic!("failed as the title asked");
        }
        if output.title.contains("fail-once") && host_api::get_data(&output.id).is_none() {
            host_api::set_data(&output.id, "failed");
            panic!("failed as the title asked");
        }
        host_api::log("info", &format!("taken: {}", output.title));
    }
}

export_plugin_hooks!(Hostile);

fn spin() {
    loop {
        black_box(());
    }
}

/// Recurses without end. The value passes through `black_box`, so that the compiler makes no loop of it.
#[expect(unconditional_recursion, reason = "the stack is meant to overflow")]
fn descend(depth: u64) -> u64 {
    black_box(descend(black_box(depth) + 1)) ^ depth
}

/// Takes memory and writes to it until no more is given, which ends the instance.
fn devour() {
    let mut taken = Vec::new();
    loop {
        taken.push(vec![0xA5_u8; 1 << 20]);
        black_box(&taken);
    }
}
