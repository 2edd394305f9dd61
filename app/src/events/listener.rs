//! Who is told of events.

use std::{fmt, str::FromStr};

use fleuron_plugin_host::PluginId;

use crate::webhooks::WebhookId;

/// Somebody who is told of events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listener {
    /// An action hook of a plugin.
    Plugin(PluginId),
    /// A webhook.
    Webhook(WebhookId),
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plugin(id) => write!(f, "plugin:{id}"),
            Self::Webhook(id) => write!(f, "webhook:{id}"),
        }
    }
}

impl FromStr for Listener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let listener = match text.split_once(':') {
            Some(("plugin", id)) => id.parse().ok().map(Self::Plugin),
            Some(("webhook", id)) => id.parse().ok().map(Self::Webhook),
            _ => None,
        };
        listener.ok_or_else(|| {
            format!(
                "`{text}` is no listener; write `plugin:` and a plugin's id, or `webhook:` and a webhook's id"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Listener;

    #[test]
    fn names_are_read_back() {
        for name in ["plugin:com.example.a", "webhook:01a22053-c701-757e-ab84-a42cdfd2e30c"] {
            assert_eq!(name.parse::<Listener>().unwrap().to_string(), name);
        }
        for wrong in ["", "plugin", "plugin:", "plugin:NO", "webhook:3", "user:com.example.a"] {
            assert!(wrong.parse::<Listener>().is_err(), "{wrong}");
        }
    }
}
