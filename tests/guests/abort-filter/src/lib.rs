//! Traps on every comment. With `on_error = "abort"` in its manifest no comment gets through.

use fleuron_plugin::*;

struct AbortFilter;

impl Guest for AbortFilter {
    fn on_comment_creating(_input: CommentInput) -> Option<CommentInput> {
        panic!("no comment passes");
    }
}

export_plugin_hooks!(AbortFilter);
