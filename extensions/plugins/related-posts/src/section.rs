//! The list at the end of a page.

use fleuron_plugin::data::Error;
use fleuron_plugin::{context, html};

use crate::related::{self, Link};
use crate::settings::Settings;

const CLASS: &str = "class=\"related-posts\"";

/// The page of a post with its list behind it; `None` for pages that get none.
pub(crate) fn append(page: String) -> Result<Option<String>, Error> {
    let context = context::current();
    let is_post = context.kind.as_deref() == Some("post");
    let Some(id) = context.entity_id.filter(|_| is_post && !page.contains(CLASS)) else { return Ok(None) };
    let settings = Settings::read();
    let links = related::to(&id, context.entity_version, &settings)?;
    Ok((!links.is_empty()).then(|| page + &section(&settings.title, &links)))
}

fn section(title: &str, links: &[Link]) -> String {
    let items = links.iter().map(|link| {
        format!("<li><a href=\"{}\">{}</a></li>\n", html::address(&link.path), html::escape(&link.title))
    });
    let items: String = items.collect();
    format!("\n<section {CLASS}>\n<h2>{}</h2>\n<ul>\n{items}</ul>\n</section>\n", html::escape(title))
}

#[cfg(test)]
mod tests;
