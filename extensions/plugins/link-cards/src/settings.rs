//! What an administrator may set.

use fleuron_plugin::host_api;

/// The settings, with what stands in for those that are missing or make no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Requests in one render at most.
    pub(crate) requests: u64,
    /// How long a card is good, in days.
    pub(crate) keep_days: u64,
    /// Cards that are kept at most, and failures as many.
    pub(crate) entries: usize,
    only: Vec<String>,
    never: Vec<String>,
}

impl Settings {
    /// As they are now.
    pub(crate) fn read() -> Self {
        Self {
            requests: number("requests", 0, 10, 3),
            keep_days: number("keep_days", 1, 365, 30),
            entries: usize::try_from(number("entries", 10, 2000, 500)).unwrap_or(500),
            only: hosts("only_hosts"),
            never: hosts("never_hosts"),
        }
    }

    /// Whether pages of this host, in lower case, may become cards.
    pub(crate) fn allow(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        let is_among = |names: &[String]| names.iter().any(|name| covers(name, host));
        (self.only.is_empty() || is_among(&self.only)) && !is_among(&self.never)
    }
}

fn number(key: &str, least: u64, most: u64, default: u64) -> u64 {
    let number = host_api::get_config(key).and_then(|text| text.trim().parse::<f64>().ok());
    // A cast saturates, and what is no number becomes 0.
    number.map_or(default, |number| (number as u64).clamp(least, most))
}

/// The host names of a text with one on each line; what people add to them is taken off.
fn hosts(key: &str) -> Vec<String> {
    let text = host_api::get_config(key).unwrap_or_default().to_lowercase();
    let name = |word: &str| {
        let word = word.split_once("://").map_or(word, |(_, rest)| rest);
        let word = word.split(['/', ':']).next().unwrap_or_default();
        word.trim_start_matches("*.").trim_matches('.').to_owned()
    };
    let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
    words.map(name).filter(|name| !name.is_empty()).collect()
}

fn covers(name: &str, host: &str) -> bool {
    host.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use fleuron_plugin::testing::MemoryHost;

    #[test]
    fn nonsense_falls_back_and_extremes_are_held() {
        let host = MemoryHost::install();
        let defaults = Settings::read();
        assert_eq!((defaults.requests, defaults.keep_days, defaults.entries), (3, 30, 500));
        for nonsense in ["", "many"] {
            host.set_config("requests", nonsense);
            assert_eq!(Settings::read(), defaults, "{nonsense:?}");
        }
        for (text, requests) in [("0", 0), ("7.5", 7), ("-1", 0), ("1e9", 10), ("NaN", 0)] {
            host.set_config("requests", text);
            assert_eq!(Settings::read().requests, requests, "{text}");
        }
    }

    #[test]
    fn hosts_cover_what_is_beneath_them() {
        let host = MemoryHost::install();
        assert!(Settings::read().allow("anything.example"));
        host.set_config("only_hosts", "Example.com\n*.example.org, https://example.net:8443/path");
        host.set_config("never_hosts", "ads.example.com");
        let settings = Settings::read();
        for allowed in
            ["example.com", "www.example.com", "example.com.", "example.org", "a.example.org", "example.net"]
        {
            assert!(settings.allow(allowed), "{allowed}");
        }
        for refused in
            ["notexample.com", "example.com.evil.example", "ads.example.com", "x.ads.example.com", ""]
        {
            assert!(!settings.allow(refused), "{refused}");
        }
    }
}
