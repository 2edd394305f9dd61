//! The last step before a page: HTML in, only harmless HTML out.
//!
//! Two policies, both lists of what is allowed. [`content`] serves posts, pages and whatever plugins made of them:
//! rich text, media, tables, but nothing that runs, loads from another document, submits or restyles the page.
//! [`comment`] serves strangers: running text, code, quotes, lists and links, which search engines are told not to
//! follow.
//!
//! Choices:
//! - Embedded documents (`iframe`, `object`, `embed`, SVG, MathML) and forms are taken out; of inputs only the
//!   disabled box of a task list is left.
//! - Links keep the `rel` they came with and need none added: `target` is taken out, so that no page gets a handle
//!   on this one.
//! - Classes stay, for themes and plugins to style. Ids stay too, except those of the page itself
//!   ([`RESERVED_IDS`]).
//! - A relative URL must be one beyond doubt: what a browser might read as another host (`//host`, `/\host`) or as
//!   a scheme hidden behind odd characters is taken out.

mod policy;

use std::sync::LazyLock;

use ammonia::Builder;
use serde::Serialize;

use super::depth::{self, TooDeep};
use super::escape;
pub use super::markdown::RESERVED_IDS;

static CONTENT: LazyLock<Builder<'static>> = LazyLock::new(policy::content);
static COMMENT: LazyLock<Builder<'static>> = LazyLock::new(policy::comment);

/// HTML that may be put on a page as it is.
///
/// Invariant: it holds no script, no event handler, no URL outside the allowed schemes, no style, no form and no
/// embedded document, and every element in it is closed, so that it cannot change what surrounds it. Only the
/// functions of this module make one, and nothing changes it afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct SafeHtml(String);

impl SafeHtml {
    /// The HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The HTML, without a copy.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl std::fmt::Display for SafeHtml {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Cleans the HTML of posts, pages and other content that authors write and plugins change.
///
/// # Errors
/// [`TooDeep`] if the HTML is nested or broken beyond what can be parsed in linear time.
pub fn content(html: &str) -> Result<SafeHtml, TooDeep> {
    clean(&CONTENT, html)
}

/// Cleans the HTML of comments, with the stricter policy for what strangers write.
///
/// # Errors
/// [`TooDeep`] if the HTML is nested or broken beyond what can be parsed in linear time.
pub fn comment(html: &str) -> Result<SafeHtml, TooDeep> {
    clean(&COMMENT, html)
}

/// Any text, shown letter for letter in a `<pre>`: what is left to show where HTML was refused.
pub fn escaped(text: &str) -> SafeHtml {
    let mut html = String::with_capacity(text.len() + text.len() / 8 + 16);
    // A line feed right after the tag would be dropped, so one is given to drop.
    html.push_str("<pre>\n");
    escape::text(&mut html, text);
    html.push_str("</pre>\n");
    SafeHtml(html)
}

fn clean(policy: &Builder<'_>, html: &str) -> Result<SafeHtml, TooDeep> {
    depth::check(html)?;
    Ok(SafeHtml(policy.clean(html).to_string()))
}

#[cfg(test)]
mod tests;
