//! The moment at which the work on a connection ends.
//!
//! SQLite's progress handler and the views of the site ask it while a statement runs, on a thread that nobody can
//! interrupt from outside.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// When the statement that runs on a connection must end. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Deadline(Arc<Mutex<End>>);

struct End {
    until: Instant,
    caller: Option<Arc<AtomicBool>>,
}

impl Deadline {
    /// One that is over at `until`.
    pub(super) fn new(until: Instant) -> Self {
        Self(Arc::new(Mutex::new(End { until, caller: None })))
    }

    /// Sets the moment for the work that begins now.
    pub(super) fn set(&self, until: Instant) {
        self.replace(End { until, caller: None });
    }

    /// Sets the moment for the work that begins now, which is also over once its caller has gone away.
    pub(super) fn set_for(&self, until: Instant, caller: &Caller) {
        self.replace(End { until, caller: Some(Arc::clone(&caller.0)) });
    }

    /// Whether the work must end now.
    pub(super) fn is_over(&self) -> bool {
        let end = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.caller.as_ref().is_some_and(|gone| gone.load(Ordering::Relaxed)) || Instant::now() >= end.until
    }

    /// The moment that was set.
    pub(super) fn until(&self) -> Instant {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).until
    }

    fn replace(&self, end: End) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

/// Somebody who waits for work on another thread.
#[derive(Clone, Default)]
pub(super) struct Caller(Arc<AtomicBool>);

impl Caller {
    /// A guard that the caller holds while it waits. Dropped, it tells the work to end.
    pub(super) fn waits(&self) -> Waiting {
        Waiting(Arc::clone(&self.0))
    }

    /// Whether nobody waits any more.
    pub(super) fn is_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`Caller::waits`].
pub(super) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn is_over_when_its_time_has_come_or_its_caller_is_gone() {
        let later = Instant::now() + Duration::from_secs(60);
        let deadline = Deadline::new(later);
        assert!(!deadline.is_over());
        deadline.set(Instant::now());
        assert!(deadline.clone().is_over());
        let caller = Caller::default();
        let waiting = caller.waits();
        deadline.set_for(later, &caller);
        assert!(!deadline.is_over());
        drop(waiting);
        assert!(deadline.is_over());
        deadline.set(later);
        assert!(!deadline.is_over(), "the next work is not that caller's");
        assert_eq!(deadline.until(), later);
    }
}
