//! From Markdown to HTML that is safe to show.
//!
//! Content flows one way: Markdown becomes HTML ([`markdown`]), plugins may change that HTML ([`pipeline`]),
//! and sanitising comes last, always ([`sanitize`]). Only the sanitiser can make a [`sanitize::SafeHtml`], so a
//! page that shows one cannot show anything a plugin or an author smuggled in. The sanitiser's parser takes
//! quadratic time on absurdly nested markup, so [`depth`] refuses that first, in linear time.

pub mod depth;
mod escape;
pub mod highlight;
pub mod markdown;
pub mod pipeline;
pub mod plain;
pub mod sanitize;
mod tokens;
