//! What an administrator sets.

use fleuron_plugin::host_api;

use crate::change::Change;
use crate::signature::Secret;

/// The settings, read anew for each event.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where events go.
    pub(crate) url: String,
    /// What they are signed with.
    pub(crate) secret: Secret,
    /// Whether the text of a post is sent.
    pub(crate) include_content: bool,
    events: Events,
}

/// Which events are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Events {
    All,
    NoUpdates,
    Published,
}

impl Settings {
    /// Asks the site for them.
    ///
    /// # Errors
    /// What is missing or wrong, so that nothing can be sent; never a secret itself.
    pub(crate) fn load() -> Result<Self, String> {
        let text = |key: &str| {
            host_api::get_config(key).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let url = text("url").ok_or("the setting `url` is empty")?;
        let secret = text("secret").ok_or("the setting `secret` is empty")?;
        let secret = Secret::parse(&secret).map_err(|reason| format!("the setting `secret` {reason}"))?;
        let events = match text("events").as_deref() {
            Some("no-updates") => Events::NoUpdates,
            Some("published") => Events::Published,
            _ => Events::All,
        };
        Ok(Self { url, secret, include_content: text("include_content").as_deref() == Some("true"), events })
    }

    /// Whether an event is to be sent.
    pub(crate) fn wants(&self, change: Change) -> bool {
        match self.events {
            Events::All => true,
            Events::NoUpdates => change != Change::Updated,
            Events::Published => change == Change::Published,
        }
    }
}

#[cfg(test)]
mod tests {
    use fleuron_plugin::testing::MemoryHost;

    use super::Settings;
    use crate::change::Change;

    #[test]
    fn what_is_missing_is_named() {
        let host = MemoryHost::install();
        assert_eq!(Settings::load().unwrap_err(), "the setting `url` is empty");
        host.set_config("url", "https://hooks.example.com/");
        host.set_config("secret", " ");
        assert_eq!(Settings::load().unwrap_err(), "the setting `secret` is empty");
        host.set_config("secret", "hunter2");
        let reason = Settings::load().unwrap_err();
        assert!(
            reason.starts_with("the setting `secret` has 7 bytes") && !reason.contains("hunter2"),
            "{reason}"
        );
    }

    #[test]
    fn events_are_chosen() {
        let host = MemoryHost::install();
        host.set_config("url", "https://hooks.example.com/");
        host.set_config("secret", "0123456789abcdef");
        let all = [Change::Published, Change::Updated, Change::Unpublished, Change::Deleted];
        for (events, expected) in [
            (None, [true, true, true, true]),
            (Some("all"), [true, true, true, true]),
            (Some("no-updates"), [true, false, true, true]),
            (Some("published"), [true, false, false, false]),
        ] {
            if let Some(events) = events {
                host.set_config("events", events);
            }
            let settings = Settings::load().unwrap();
            assert_eq!(all.map(|change| settings.wants(change)), expected, "{events:?}");
        }
        assert!(!Settings::load().unwrap().include_content);
        host.set_config("include_content", "true");
        assert!(Settings::load().unwrap().include_content);
    }
}
