//! The identity of a plugin: a reverse-DNS name that never changes.
//!
//! Keys, folders, log lines and event names are derived from it, so it is checked once, here, and travels as its own
//! type from then on.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest id accepted, in bytes.
const MAX_LENGTH: usize = 128;

/// A reverse-DNS plugin id such as `com.example.my-plugin`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(Arc<str>);

impl PluginId {
    /// Parses an id: at least two labels of lowercase letters, digits, `-` and `_`, joined by dots, at most 128 bytes.
    ///
    /// # Errors
    /// Says what is wrong with the text and what would be right.
    pub fn parse(text: &str) -> Result<PluginId, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("is {} bytes long; at most {MAX_LENGTH} are allowed", text.len()));
        }
        let labels: Vec<&str> = text.split('.').collect();
        if labels.len() < 2 {
            return Err(format!("`{text}` is not a reverse-DNS name; write it like `com.example.my-plugin`"));
        }
        match labels.iter().find(|label| !is_label(label)) {
            None => Ok(PluginId(Arc::from(text))),
            Some(label) => Err(format!(
                "has the part `{label}`; each part starts with a lowercase letter or digit and goes on with \
                 lowercase letters, digits, `-` or `_`, as in `com.example.my-plugin`"
            )),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_label(label: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.first().is_some_and(|byte| alphanumeric(*byte))
        && bytes.iter().all(|byte| alphanumeric(*byte) || *byte == b'-' || *byte == b'_')
}

impl fmt::Display for PluginId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PluginId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PluginId({})", self.0)
    }
}

impl std::str::FromStr for PluginId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        PluginId::parse(text)
    }
}

impl Serialize for PluginId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PluginId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        PluginId::parse(&text)
            .map_err(|reason| serde::de::Error::custom(format!("the plugin id `{text}` {reason}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_reverse_dns_names_only() {
        for good in ["com.example.my-plugin", "a.b", "io.github.some_one.x1"] {
            assert!(PluginId::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "plugin", "com..x", ".com.x", "com.x.", "Com.Example", "com.exa mple", "com.-x", "com/../x"]
        {
            assert!(PluginId::parse(bad).is_err(), "{bad}");
        }
        assert!(PluginId::parse(&format!("com.{}", "x".repeat(200))).is_err());
    }
}
