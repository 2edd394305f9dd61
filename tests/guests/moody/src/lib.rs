//! Fails to start as often as its key `failures` says, loops at the start while `loops` says so, and begins a transaction
//! there while `begins` does. A title can ask it to set one of them and to give up its instance.

use fleuron_plugin::*;

struct Moody;

/// Runs before anything else of an instance.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    if take("loops") {
        loop {
            std::hint::black_box(());
        }
    }
    if take("begins") {
        host_api::db_begin();
    }
    assert!(!take("failures"), "this instance does not feel like it");
}

/// Whether a counter is above zero; counts it down.
#[cfg(target_family = "wasm")]
fn take(key: &str) -> bool {
    let left: u32 = host_api::get_data(key).and_then(|count| count.parse().ok()).unwrap_or(0);
    if left > 0 {
        host_api::set_data(key, &(left - 1).to_string());
    }
    left > 0
}

impl Guest for Moody {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        for key in ["failures", "loops", "begins"] {
            if let Some(count) = input.title.strip_prefix(&format!("{key} ")) {
                host_api::set_data(key, count);
                panic!("the instance is given up, as the title asked");
            }
        }
        Some(PostInput { content: format!("{} (in good mood)", input.content), ..input })
    }
}

export_plugin_hooks!(Moody);
