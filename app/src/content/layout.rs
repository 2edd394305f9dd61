//! Under which keys the values of fields are stored. A key is given once and never again, so that a renamed field keeps its
//! values without touching an entry, a removed one leaves its values where they are until they are purged, and a field
//! that comes back under its name finds them again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;

/// How many former places of a type's pages are remembered.
const FORMER: usize = 20;

/// The keys of a type's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// By the names of the fields.
    pub keys: BTreeMap<String, String>,
    /// Fields that are gone, whose values are still kept.
    #[serde(default)]
    pub retired: Vec<Retired>,
    /// The number of the next key.
    #[serde(default)]
    pub next: u32,
    /// Where the pages of entries were before, the latest last: prefixes such as `/events`, without today's.
    #[serde(default)]
    pub former: Vec<String>,
}

/// A field that is gone, whose values are still kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retired {
    /// The key of its values.
    pub key: String,
    /// What it was called.
    pub name: String,
    /// As its author described it.
    pub field: Value,
    /// When it was removed.
    pub since: Timestamp,
}

impl Layout {
    /// The key of a field; none of a field that is not in the layout.
    pub fn key(&self, field: &str) -> Option<&str> {
        self.keys.get(field).map(String::as_str)
    }

    /// A key that was never used: letters and digits, so that it can stand in SQL as it is.
    pub fn fresh(&mut self) -> String {
        self.next += 1;
        format!("f{}", self.next)
    }

    /// Notes that pages move from one prefix to another; either is none where there are no pages.
    pub fn move_pages(&mut self, from: Option<&str>, to: Option<&str>) {
        if from == to {
            return;
        }
        self.former.retain(|former| Some(former.as_str()) != from && Some(former.as_str()) != to);
        self.former.extend(from.map(str::to_owned));
        let surplus = self.former.len().saturating_sub(FORMER);
        self.former.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{FORMER, Layout};

    #[test]
    fn former_places_are_remembered_once_and_not_for_ever() {
        let mut layout = Layout::default();
        for (from, to) in [
            (None, Some("/a")),
            (Some("/a"), Some("/a")),
            (Some("/a"), Some("/b")),
            (Some("/b"), None),
            (None, Some("/c")),
            (Some("/c"), Some("/a")),
        ] {
            layout.move_pages(from, to);
        }
        assert_eq!(layout.former, ["/b", "/c"]);
        for number in 0..FORMER {
            layout.move_pages(Some(&format!("/{number}")), Some(&format!("/{}", number + 1)));
        }
        assert_eq!((layout.former.len(), layout.former[0].as_str()), (FORMER, "/0"));
    }

    #[test]
    fn a_layout_of_before_there_were_former_places_can_be_read() {
        let layout: Layout = serde_json::from_value(json!({ "keys": { "a": "f1" }, "next": 1 })).unwrap();
        assert_eq!((layout.key("a"), layout.former.is_empty()), (Some("f1"), true));
    }
}
