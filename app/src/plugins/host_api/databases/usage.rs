//! How much memory a statement takes, and when that or its time is too much.
//!
//! SQLite counts what it allocates in the whole process. A limit of its own there would make the site's statements fail
//! with a plugin's, so the count is only looked at, while statements of plugins run, and ends those.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use rusqlite::{Error, ffi};

use super::deadline::Deadline;

/// Bytes that SQLite's memory may grow by while a statement of a plugin runs. What it sorts is part of that.
pub(super) const MOST_MEMORY: i64 = 64 * 1024 * 1024;

/// What ends a statement: its deadline, or the memory that it takes. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Watch {
    deadline: Deadline,
    memory: Arc<Memory>,
}

#[derive(Default)]
struct Memory {
    at_start: AtomicI64,
    was_too_much: AtomicBool,
}

impl Watch {
    /// Watches over the statements of the connection that this deadline belongs to.
    pub(super) fn new(deadline: Deadline) -> Self {
        let watch = Self { deadline, memory: Arc::default() };
        watch.begin();
        watch
    }

    /// To be called before each statement.
    pub(super) fn begin(&self) {
        self.memory.at_start.store(memory_used(), Ordering::Relaxed);
        self.memory.was_too_much.store(false, Ordering::Relaxed);
    }

    /// Whether the statement must end now.
    pub(super) fn must_end(&self) -> bool {
        let taken = memory_used() - self.memory.at_start.load(Ordering::Relaxed);
        if taken > MOST_MEMORY {
            self.memory.was_too_much.store(true, Ordering::Relaxed);
        }
        self.was_too_much() || self.deadline.is_over()
    }

    /// Whether the statement was told to end because of the memory that it took.
    pub(super) fn was_too_much(&self) -> bool {
        self.memory.was_too_much.load(Ordering::Relaxed)
    }

    /// Fails where the statement must end now, for functions that SQL calls.
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        if self.must_end() { Err(failure(ffi::SQLITE_INTERRUPT)) } else { Ok(()) }
    }
}

/// An error of SQLite's, in its own words: with others the library would hand on a function's error as a nameless one.
pub(super) fn failure(code: i32) -> Error {
    Error::SqliteFailure(ffi::Error::new(code), None)
}

/// An error of a function that was called with what it cannot take.
pub(super) fn misuse(message: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(message.to_owned()))
}

/// Bytes that SQLite has allocated in this process.
fn memory_used() -> i64 {
    #[expect(unsafe_code, reason = "the library has no safe call for it")]
    // SAFETY: it takes nothing, may be called from every thread, and reads a counter behind SQLite's own lock.
    unsafe {
        ffi::sqlite3_memory_used()
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_statement_ends_with_its_time() {
        let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
        let watch = Watch::new(deadline.clone());
        assert!(watch.check().is_ok());
        deadline.set(Instant::now());
        assert!(watch.check().is_err());
        assert!(!watch.was_too_much());
    }

    #[test]
    fn a_statement_ends_with_its_memory() {
        let deadline = Deadline::new(Instant::now() + Duration::from_secs(60));
        let watch = Watch::new(deadline);
        watch.memory.at_start.store(memory_used() - 2 * MOST_MEMORY, Ordering::Relaxed);
        assert!(watch.clone().check().is_err());
        assert!(watch.was_too_much());
        watch.begin();
        assert!(!watch.was_too_much());
    }
}
