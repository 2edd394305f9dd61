//! Under which keys the values of fields are stored. A key is given once and never again, so that a renamed field keeps its
//! values without touching an entry, a removed one leaves its values where they are until they are purged, and a field
//! that comes back under its name finds them again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;

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
}
