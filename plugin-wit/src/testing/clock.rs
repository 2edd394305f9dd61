//! The time, for files and ids.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Goes with the machine until a test sets it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Where it stands still, in milliseconds since 1970.
    set: Option<u64>,
    /// The milliseconds and the counter of the id before.
    last: (u64, u16),
}

impl Clock {
    /// Stands still at this time, in milliseconds since 1970, from now on.
    pub(super) fn set(&mut self, unix_millis: u64) {
        // The next id tells the new time, also where that is an earlier one.
        *self = Self { set: Some(unix_millis), last: (0, 0) };
    }

    /// Unix seconds.
    pub(super) fn seconds(&self) -> u64 {
        self.milliseconds() / 1000
    }

    fn milliseconds(&self) -> u64 {
        let machine = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        self.set.unwrap_or_else(|| u64::try_from(machine()).unwrap_or(u64::MAX))
    }

    /// A new UUIDv7. Those between two settings of the clock sort in the order in which they were made.
    pub(super) fn new_id(&mut self) -> String {
        let now = self.milliseconds() & 0xffff_ffff_ffff;
        let (last, counter) = self.last;
        let (time, counter) = match (now > last, counter) {
            (true, _) => (now, 0),
            // More than the counter holds in one millisecond: the time runs ahead.
            (false, 0xfff) => (last + 1, 0),
            (false, counter) => (last, counter + 1),
        };
        self.last = (time, counter);
        // Every `RandomState` has keys of its own.
        let random = RandomState::new().build_hasher().finish();
        format!(
            "{:08x}-{:04x}-7{counter:03x}-{:04x}-{:012x}",
            time >> 16,
            time & 0xffff,
            0x8000 | ((random >> 48) & 0x3fff),
            random & 0xffff_ffff_ffff
        )
    }
}
