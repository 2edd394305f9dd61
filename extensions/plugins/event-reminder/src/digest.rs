//! What is written down: a digest a day, kept for a while.

use fleuron_plugin::host_api;

use crate::day::{DAY, date};
use crate::events::Event;
use crate::settings::Settings;

/// Digests older than so many days are deleted.
const KEPT_DAYS: i64 = 30;
/// The latest digest, beside the one that bears its day.
const LATEST: &str = "digest/latest.md";

/// A digest that is to be written.
pub(crate) struct Digest<'a> {
    /// In milliseconds since 1970.
    pub(crate) now: i64,
    pub(crate) settings: &'a Settings,
    /// The earliest first, and one more than the limit where there are more.
    pub(crate) events: &'a [Event],
}

impl Digest<'_> {
    /// Writes both files and says so in the log.
    ///
    /// # Panics
    /// Where a file cannot be written, so that the run is noted as failed.
    pub(crate) fn write(&self) {
        let (file, text) = (of_day(&date(self.now)), self.text());
        for path in [file.as_str(), LATEST] {
            assert!(host_api::vfs_write(path, &text), "{path} could not be written");
        }
        host_api::log("info", &format!("{}: {file}", self.count()));
    }

    fn text(&self) -> String {
        let days = i64::from(self.settings.days_ahead);
        let (from, to) = (date(self.now), date(self.now + days * DAY));
        let mut text = format!("# Events from {from} to {to}\n\n");
        for event in self.events.iter().take(usize::from(self.settings.limit)) {
            text.push_str(&line(event));
        }
        if self.events.is_empty() {
            text.push_str("None.\n");
        }
        if self.has_more() {
            text.push_str(&format!("\nThese are the first {}; there are more.\n", self.settings.limit));
        }
        text
    }

    fn has_more(&self) -> bool {
        self.events.len() > usize::from(self.settings.limit)
    }

    fn count(&self) -> String {
        let (limit, days) = (self.settings.limit, self.settings.days_ahead);
        let count = match self.events.len() {
            _ if self.has_more() => format!("more than {limit} events"),
            0 => "no events".to_owned(),
            1 => "1 event".to_owned(),
            more => format!("{more} events"),
        };
        let within = if days == 1 { "day".to_owned() } else { format!("{days} days") };
        format!("{count} in the next {within}")
    }
}

fn line(event: &Event) -> String {
    let (day, time) = (event.starts_at.get(..10), event.starts_at.get(11..16));
    let begin = match (day, time) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        // A type whose events begin on a day, at no time.
        _ => event.starts_at.clone(),
    };
    let place: String = event.place.iter().map(|part| format!(", {part}")).collect();
    format!("- {begin}: **{}**{place}\n", event.title)
}

fn of_day(day: &str) -> String {
    format!("digest/{day}.md")
}

/// Deletes the digests of days that are long gone.
pub(crate) fn tidy(now: i64) {
    let oldest = date(now - KEPT_DAYS * DAY);
    let names = host_api::vfs_list("digest").unwrap_or_default();
    // An array of names, none of which holds anything to be escaped unless somebody else put it there.
    for day in names.split('"').filter_map(|name| name.strip_suffix(".md")) {
        if is_day(day) && *day < *oldest {
            host_api::vfs_delete(&of_day(day));
        }
    }
}

/// Whether a name is that of a day, such as `2026-11-28`.
fn is_day(name: &str) -> bool {
    let is_right = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    name.len() == 10 && name.bytes().enumerate().all(is_right)
}
