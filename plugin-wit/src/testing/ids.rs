//! Ids, and the clock that they carry.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes ids that sort in the order in which they are made.
#[derive(Debug, Default)]
pub(super) struct Ids {
    /// Milliseconds since 1970, where a test has set them.
    clock: Option<u64>,
    /// The milliseconds and the counter of the id before.
    last: (u64, u16),
}

impl Ids {
    /// Stops the clock at a time.
    pub(super) fn set_clock(&mut self, unix_millis: u64) {
        *self = Self { clock: Some(unix_millis), last: (0, 0) };
    }

    /// A new UUIDv7.
    pub(super) fn new_id(&mut self) -> String {
        let now = self.now() & 0xffff_ffff_ffff;
        let (time, counter) = match (now > self.last.0, self.last) {
            (true, _) => (now, 0),
            // More than the counter holds in one millisecond: the time runs ahead.
            (false, (last, 0xfff)) => (last + 1, 0),
            (false, (last, counter)) => (last, counter + 1),
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

    fn now(&self) -> u64 {
        self.clock.unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            u64::try_from(now).unwrap_or(u64::MAX)
        })
    }
}
