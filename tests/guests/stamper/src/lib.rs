//! Stamps its version into every new post. The version is a pattern in the module's data that a test overwrites, which
//! makes many distinct builds of one.

use std::hint::black_box;

use fleuron_plugin::*;

/// Found in the built module exactly once; its last three bytes are the version.
static STAMP: [u8; 17] = *b"FLEURON-STAMP-000";

struct Stamper;

impl Guest for Stamper {
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        // The compiler may not know the bytes, or else it would copy them into the code.
        let version = String::from_utf8_lossy(&black_box(&STAMP)[14..]).into_owned();
        Some(PostInput { content: format!("{}\n\nstamp:v{version}", input.content), ..input })
    }
}

export_plugin_hooks!(Stamper);
