//! Puts the estimated reading time in front of a rendered post or page.
//!
//! It works on the HTML rather than on the Markdown, so that it counts what a visitor sees, whoever rendered it.

mod words;

use fleuron_plugin::prelude::*;

/// Below this a page needs no estimate, and short pages stay clean.
const MINIMUM_WORDS: usize = 120;

/// A usual speed for prose; the setting `words_per_minute` says otherwise.
const WORDS_PER_MINUTE: usize = 220;

/// What stands in front of the page; the setting `label` says otherwise.
const LABEL: &str = "{minutes} min read";

struct ReadingTime;

impl Guest for ReadingTime {
    fn filter_html(input: String) -> Option<String> {
        let words = words::count(&input);
        if words < MINIMUM_WORDS {
            return None;
        }
        let minutes = words.div_ceil(words_per_minute());
        let label = host_api::get_config("label").filter(|label| !label.trim().is_empty());
        let label = escape(label.as_deref().unwrap_or(LABEL)).replace("{minutes}", &minutes.to_string());
        Some(format!("<p class=\"reading-time\">{label}</p>\n{input}"))
    }
}

export_plugin_hooks!(ReadingTime);

fn words_per_minute() -> usize {
    let setting = host_api::get_config("words_per_minute").and_then(|text| text.trim().parse().ok());
    setting.filter(|words| *words > 0).unwrap_or(WORDS_PER_MINUTE)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::ReadingTime;
    use fleuron_plugin::{Guest, testing::MemoryHost};

    #[test]
    fn a_short_page_stays_as_it_is() {
        assert_eq!(ReadingTime::filter_html("<p>Hello, world.</p>".to_owned()), None);
        let just_short = format!("<p>{}</p>", "word ".repeat(119));
        assert_eq!(ReadingTime::filter_html(just_short), None);
    }

    #[test]
    fn a_long_page_gets_its_time_in_front() {
        let page = format!("<p>{}</p>", "word ".repeat(120));
        let filtered = ReadingTime::filter_html(page.clone());
        assert_eq!(filtered, Some(format!("<p class=\"reading-time\">1 min read</p>\n{page}")));
    }

    #[test]
    fn minutes_are_rounded_up() {
        for (words, minutes) in [(220, 1), (221, 2), (440, 2), (2201, 11)] {
            let filtered = ReadingTime::filter_html("word ".repeat(words)).unwrap_or_default();
            assert!(filtered.contains(&format!(">{minutes} min read<")), "{words} words: {minutes} minutes");
        }
    }

    #[test]
    fn settings_change_speed_and_label() {
        let host = MemoryHost::install();
        host.set_config("words_per_minute", "110");
        host.set_config("label", "Lesezeit: {minutes} Min. <3");
        let filtered = ReadingTime::filter_html("word ".repeat(220)).unwrap_or_default();
        assert!(filtered.starts_with("<p class=\"reading-time\">Lesezeit: 2 Min. &lt;3</p>\n"), "{filtered}");
        for nonsense in ["0", "-5", "fast", ""] {
            host.set_config("words_per_minute", nonsense);
            host.set_config("label", nonsense);
            assert!(ReadingTime::filter_html("word ".repeat(220)).is_some(), "{nonsense}");
        }
    }
}
