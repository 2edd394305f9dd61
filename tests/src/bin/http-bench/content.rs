//! Posts of a given size, with the mix of Markdown that posts have.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::client::post;
use crate::load::Source;

/// Bytes of Markdown in a short post.
pub(crate) const SHORT: usize = 2 * 1024;

const SENTENCES: [&str; 6] = [
    "The press stood in the corner of the room, oiled and silent, and nobody had touched it for a year.",
    "Type was set by hand then, one *letter* after the other, and read backwards.",
    "A good page has air in it: the margins are part of the text, and the reader's thumb knows it.",
    "Whoever doubts that may look at [the oldest books](https://example.com/books), which had wide ones.",
    "Ink, paper and lead cost money, so a printer thought **twice** before adding an ornament.",
    "Still there it is, a small leaf between two chapters, and it has `no` purpose but to please.",
];

/// About this many bytes of prose with headings, lists and a block of code.
pub(crate) fn markdown(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 256);
    let mut block = 0;
    while text.len() < bytes {
        match block % 7 {
            3 => text.push_str("## A leaf between two chapters\n\n"),
            5 => text.push_str("- lead\n- ink\n- paper\n\n"),
            6 => text.push_str("```rust\nfn main() {\n    println!(\"{}\", 6 * 7);\n}\n```\n\n"),
            _ => {
                for step in 0..4 {
                    text.push_str(SENTENCES[(block + step) % SENTENCES.len()]);
                    text.push(' ');
                }
                text.push_str("\n\n");
            }
        }
        block += 1;
    }
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

/// The body of a request that creates a published post.
pub(crate) fn new_post(title: &str, content: &str) -> Value {
    json!({ "title": title, "content": content, "status": "published" })
}

/// Requests that create short posts, each with a title of its own.
pub(crate) fn new_posts(token: &str) -> Source {
    let (token, content, next) = (token.to_owned(), markdown(SHORT), AtomicU64::new(1));
    Arc::new(move || {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let title = format!("Notes from the press room, number {number}");
        post("/api/v1/posts", Some(&token), &new_post(&title, &content))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn posts_have_the_size_asked_for() {
        for bytes in [1, 500, super::SHORT, 16_000] {
            assert_eq!(super::markdown(bytes).len(), bytes);
        }
    }
}
