//! The key-value space: a table in the plugin's file that its SQL cannot name.

use fleuron_plugin_host::ports::DatabaseError;
use rusqlite::{OptionalExtension as _, params};

use super::{
    DatabaseLimits,
    error::{invalid, over_limit},
    session::Session,
};

/// Longest key, in bytes.
const KEY_LENGTH: usize = 512;

const GET: &str = "SELECT value FROM fleuron_key_values WHERE key = ?1";
const SET: &str = "INSERT INTO fleuron_key_values (key, value) VALUES (?1, ?2) \
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Refuses what can be no key or is too large a value.
pub(super) fn check(key: &str, value: &str, limits: &DatabaseLimits) -> Result<(), DatabaseError> {
    if key.is_empty() || key.len() > KEY_LENGTH {
        return Err(invalid(format!("a key must have 1 to {KEY_LENGTH} bytes; this one has {}", key.len())));
    }
    if key.contains('\0') {
        return Err(invalid("a key may hold no NUL character"));
    }
    if value.len() > limits.value_bytes {
        let (length, allowed) = (value.len(), limits.value_bytes);
        return Err(over_limit(format!("a value may have {allowed} bytes; this one has {length}")));
    }
    Ok(())
}

impl Session {
    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Result<Option<String>, DatabaseError> {
        let _host = self.guard().host();
        let _room = self.room_for_values().map_err(|error| self.explain(error))?;
        let found = self
            .connection()
            .prepare_cached(GET)
            .and_then(|mut statement| statement.query_row(params![key], |row| row.get(0)).optional());
        found.map_err(|error| self.explain(error))
    }

    /// Stores a value under a key, both checked.
    pub(super) fn set(&self, key: &str, value: &str) -> Result<(), DatabaseError> {
        let _host = self.guard().host();
        let _room = self.room_for_values().map_err(|error| self.explain(error))?;
        let stored = self
            .connection()
            .prepare_cached(SET)
            .and_then(|mut statement| statement.execute(params![key, value]));
        stored.map(drop).map_err(|error| self.explain(error))
    }
}
