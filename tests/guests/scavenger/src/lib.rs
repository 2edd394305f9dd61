//! Fills fresh memory with a secret and gives its instance up, or counts what is in fresh memory that should be empty.

use fleuron_plugin::*;

struct Scavenger;

/// Pages of 64 KiB that are taken at a time.
#[cfg(target_family = "wasm")]
const PAGES: usize = 256;
#[cfg(target_family = "wasm")]
const SECRET: &[u8; 16] = b"SECRET-OF-A-KIND";

impl Guest for Scavenger {
    #[cfg(target_family = "wasm")]
    fn on_post_creating(input: PostInput) -> Option<PostInput> {
        let memory = fresh_memory();
        if input.title.contains("hide") {
            for place in memory.chunks_exact_mut(SECRET.len()) {
                place.copy_from_slice(SECRET);
            }
            std::hint::black_box(&memory);
            panic!("hidden");
        }
        let found = memory.iter().filter(|byte| **byte != 0).count();
        Some(PostInput { content: format!("found {found} of {}", memory.len()), ..input })
    }
}

#[cfg(target_family = "wasm")]
fn fresh_memory() -> &'static mut [u8] {
    let page = core::arch::wasm32::memory_grow::<0>(PAGES);
    assert_ne!(page, usize::MAX, "there is memory left");
    // SAFETY: nobody else knows of the pages that were just added, and they are never given back.
    unsafe { core::slice::from_raw_parts_mut((page * 65_536) as *mut u8, PAGES * 65_536) }
}

export_plugin_hooks!(Scavenger);
