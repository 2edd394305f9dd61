//! What a filter may say beside changing its payload. Neither answer counts as a failure of the plugin.
//!
//! The five filters that end in `-creating` and `-updating` are heard. In actions, `render-markdown` and `filter-html`
//! both calls are ignored, with a line in the plugin's log. Of several calls the last one counts. Needs no permission.
//!
//! ```
//! use fleuron_plugin::{prelude::*, testing::{MemoryHost, Verdict}};
//!
//! struct Plugin;
//!
//! impl Guest for Plugin {
//!     fn on_comment_creating(input: CommentInput) -> Option<CommentInput> {
//!         match input.content.matches("http").count() {
//!             0 => {}
//!             1 | 2 => verdict::hold(),
//!             _ => verdict::refuse("too-many-links", "A comment may hold two links."),
//!         }
//!         None
//!     }
//! }
//!
//! let host = MemoryHost::install();
//! let comment = CommentInput { content: "http://example.com".to_owned(), ..CommentInput::default() };
//! assert_eq!(host.call(|| Plugin::on_comment_creating(comment)), None);
//! assert_eq!(host.verdict(), Some(Verdict::Held));
//! ```

#[cfg(target_family = "wasm")]
use crate::backend::HostBackend;
use crate::backend::call;

/// Refuses what is about to happen: no further plugin is asked, and the client gets status 422 with these words.
///
/// `code` is for programs: 1 to 64 lower-case letters, digits, `-` and `_`; any other is replaced by `refused`.
/// `message` is for people: the first 500 characters, on one line.
pub fn refuse(code: &str, message: &str) {
    call(|host| host.refuse(code, message));
}

/// Lets it happen, but not in public: a comment waits for a moderator, a post stays a draft.
pub fn hold() {
    call(|host| host.hold());
}
