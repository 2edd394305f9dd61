//! What an administrator sets. Whatever is missing or makes no sense is as the manifest has it by default.

use fleuron_plugin::host_api;

use crate::text;

/// What somebody reads whose comment is refused, where the setting is empty.
const MESSAGE: &str = "This comment looks like advertising, so it was not kept. If it is not, please leave out links and \
    repetitions and try again.";

/// The settings, read anew for each call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    /// The score from which a comment waits for a moderator.
    pub(crate) hold_at: f64,
    /// The score from which it is refused.
    pub(crate) refuse_at: f64,
    /// How many links cost nothing.
    pub(crate) max_links: usize,
    /// Words and phrases, folded.
    pub(crate) blocked_words: Vec<String>,
    /// Domains in lower case, beside the known ones.
    pub(crate) disposable_domains: Vec<String>,
    /// What is said to whom is refused.
    pub(crate) message: String,
    /// Whether to learn, and to judge by what was learned.
    pub(crate) learn: bool,
    /// Whether people who are signed in are judged, too.
    pub(crate) check_members: bool,
    /// How long things are remembered, in days.
    pub(crate) remember_days: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hold_at: 5.0,
            refuse_at: 10.0,
            max_links: 2,
            blocked_words: Vec::new(),
            disposable_domains: Vec::new(),
            message: MESSAGE.to_owned(),
            learn: true,
            check_members: false,
            remember_days: 30,
        }
    }
}

impl Settings {
    /// Asks the site for them.
    pub(crate) fn load() -> Self {
        let default = Self::default();
        Self {
            hold_at: number("hold_at").unwrap_or(default.hold_at),
            refuse_at: number("refuse_at").unwrap_or(default.refuse_at),
            max_links: number("max_links").map_or(default.max_links, |links| links as usize),
            blocked_words: lines("blocked_words", text::fold),
            disposable_domains: lines("disposable_domains", domain),
            message: text("message").unwrap_or(default.message),
            learn: flag("learn").unwrap_or(default.learn),
            check_members: flag("check_members").unwrap_or(default.check_members),
            remember_days: number("remember_days").map_or(default.remember_days, |days| days as i64),
        }
    }
}

fn text(key: &str) -> Option<String> {
    host_api::get_config(key).filter(|value| !value.trim().is_empty())
}

/// A number of at least 0.
fn number(key: &str) -> Option<f64> {
    text(key)?.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)
}

fn flag(key: &str) -> Option<bool> {
    text(key)?.trim().parse().ok()
}

/// The lines of a text, each as it is compared; empty ones are left out.
fn lines(key: &str, prepare: impl Fn(&str) -> String) -> Vec<String> {
    let value = text(key).unwrap_or_default();
    value.lines().map(|line| prepare(line.trim())).filter(|line| !line.is_empty()).collect()
}

fn domain(line: &str) -> String {
    line.trim_start_matches(['@', '.', '*']).to_lowercase()
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;

    use super::Settings;

    #[test]
    fn without_settings_all_is_as_in_the_manifest() {
        MemoryHost::install();
        assert_eq!(Settings::load(), Settings::default());
        let manifest = include_str!("../manifest.toml");
        for line in
            ["default = 5\n", "default = 10\n", "default = 2\n", "default = true\n", "default = false\n"]
        {
            assert!(manifest.contains(line), "{line}");
        }
        assert!(manifest.contains(&format!("default = \"{}\"", Settings::default().message)), "the message");
    }

    #[test]
    fn what_is_set_counts() {
        let host = MemoryHost::install();
        for (key, value) in [
            ("hold_at", "2.5"),
            ("refuse_at", "7"),
            ("max_links", "0"),
            ("blocked_words", "Casino\n\n  B\u{F6}se W\u{F6}rter \n"),
            ("disposable_domains", "@Trash.example\n*.throw.example"),
            ("message", "No."),
            ("learn", "false"),
            ("check_members", "true"),
            ("remember_days", "7"),
        ] {
            host.set_config(key, value);
        }
        let expected = Settings {
            hold_at: 2.5,
            refuse_at: 7.0,
            max_links: 0,
            blocked_words: vec!["casino".to_owned(), "bose worter".to_owned()],
            disposable_domains: vec!["trash.example".to_owned(), "throw.example".to_owned()],
            message: "No.".to_owned(),
            learn: false,
            check_members: true,
            remember_days: 7,
        };
        assert_eq!(Settings::load(), expected);
    }

    #[test]
    fn nonsense_changes_nothing() {
        let host = MemoryHost::install();
        for nonsense in ["", " ", "many", "-1", "NaN", "inf"] {
            for key in ["hold_at", "refuse_at", "max_links", "learn", "check_members", "remember_days"] {
                host.set_config(key, nonsense);
            }
            assert_eq!(Settings::load(), Settings::default(), "{nonsense}");
        }
    }
}
