//! Shows a link that stands alone in a paragraph as a card: title, description and name of the page it leads to.
//!
//! Pages are fetched while a post is rendered. What they told is kept in the plugin's files, so that each is asked for
//! once a month rather than at every render, and what failed is kept for a day, so that a server that is down delays
//! one render and not all.

mod address;
mod cache;
mod cards;
mod entities;
mod page;
mod paragraphs;
mod settings;

use cache::Cache;
use cards::Cards;
use fleuron_plugin::prelude::*;
use settings::Settings;

struct LinkCards;

impl Guest for LinkCards {
    fn filter_html(input: String) -> Option<String> {
        let links = paragraphs::bare_links(&input);
        if links.is_empty() {
            return None;
        }
        let mut cards = Cards::open(Settings::read());
        let mut output = String::with_capacity(input.len() + 512 * links.len());
        let mut copied = 0;
        for link in links {
            if let Some(page) = cards.page(&link.address) {
                output.push_str(&input[copied..link.range.start]);
                output.push_str(&page.card(&link.address));
                copied = link.range.end;
            }
        }
        if copied == 0 {
            return None;
        }
        output.push_str(&input[copied..]);
        Some(output)
    }

    fn on_cron_tick(_payload: Option<String>) {
        let gone = Cache::open(&Settings::read()).sweep();
        if gone > 0 {
            host_api::log("info", &format!("{gone} old entries thrown away"));
        }
    }
}

export_plugin_hooks!(LinkCards);

#[cfg(test)]
mod tests;
