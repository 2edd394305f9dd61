//! The time. A module for `wasm32-unknown-unknown` has no clock of its own: there, `std::time` panics.
//!
//! ```
//! use fleuron_plugin::{clock, testing::MemoryHost};
//!
//! let host = MemoryHost::install();
//! host.set_clock(1_700_000_000_000);
//! assert_eq!(clock::unix_seconds(), 1_700_000_000);
//! ```

use crate::data;

/// Milliseconds since 1970, in UTC: the time within a new id, of which the host makes one for it. Needs no permission.
///
/// 0 where a [`HostBackend`](crate::HostBackend) of a test makes ids of another form than UUIDv7.
pub fn unix_millis() -> i64 {
    millis_of(&data::new_id()).unwrap_or_default()
}

/// Whole seconds since 1970; see [`unix_millis`].
pub fn unix_seconds() -> i64 {
    unix_millis() / 1000
}

/// A UUIDv7 begins with 48 bits of milliseconds.
fn millis_of(id: &str) -> Option<i64> {
    let (high, low) = (id.get(..8)?, id.get(9..13)?);
    let version = id.as_bytes().get(14);
    if version != Some(&b'7') {
        return None;
    }
    i64::from_str_radix(&format!("{high}{low}"), 16).ok()
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::{millis_of, unix_millis, unix_seconds};
    use crate::testing::MemoryHost;

    #[test]
    fn the_time_is_in_the_id() {
        assert_eq!(millis_of("018bcfe5-6800-7000-8000-000000000000"), Some(1_700_000_000_000));
        for other in ["", "018bcfe5", "018bcfe5-6800-4000-8000-000000000000", "ünïcödé-and-more-of-it"] {
            assert_eq!(millis_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_test_may_set_the_clock() {
        let host = MemoryHost::install();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        assert!(unix_seconds().abs_diff(i64::try_from(now).unwrap()) < 60, "the real time until one is set");
        host.set_clock(1_700_000_000_123);
        assert_eq!(
            (unix_millis(), unix_millis(), unix_seconds()),
            (1_700_000_000_123, 1_700_000_000_123, 1_700_000_000)
        );
        host.set_clock(1_000);
        assert_eq!(unix_millis(), 1_000, "also back");
    }
}
