//! What machines read: the Atom feed, the sitemap and the rules for robots. The documents are pure functions over small
//! view models; only the handlers know where those come from.

pub mod atom;
mod base;
mod content;
mod http;
pub mod sitemap;
mod xml;

pub(crate) use content::content_feed;
pub use http::configure;

/// The rules for robots. `sitemap` is an absolute address.
pub fn robots(sitemap: &str) -> String {
    format!("User-agent: *\nDisallow: /api/\nDisallow: /setup\n\nSitemap: {sitemap}\n")
}
