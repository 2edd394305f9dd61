//! Leaves a failing hook alone for a while, so that it costs its time limit only now and then.
//!
//! Five failures within a minute open the breaker for half a minute; then one call is let through as a probe, and its
//! outcome decides. A probe that never reports back is followed by another after the same while.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FAILURES: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
const OPEN_FOR: Duration = Duration::from_secs(30);

/// The breaker of one hook of one plugin.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    /// Read without a lock on every call; written under the lock.
    open: AtomicBool,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    failures: VecDeque<Instant>,
    next_probe: Option<Instant>,
}

impl Breaker {
    /// Whether a call may be made now.
    pub(crate) fn admits(&self, now: Instant) -> bool {
        if !self.open.load(Ordering::Acquire) {
            return true;
        }
        let mut record = self.lock();
        match record.next_probe {
            Some(at) if now < at => false,
            _ => {
                record.next_probe = Some(now + OPEN_FOR);
                true
            }
        }
    }

    /// Whether calls are being held back.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// A call went well.
    pub(crate) fn succeeded(&self) {
        if self.open.load(Ordering::Acquire) {
            let mut record = self.lock();
            record.failures.clear();
            record.next_probe = None;
            self.open.store(false, Ordering::Release);
        }
    }

    /// A call failed. Answers whether that has opened the breaker.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut record = self.lock();
        if self.open.load(Ordering::Acquire) {
            record.next_probe = Some(now + OPEN_FOR);
            return false;
        }
        record.failures.push_back(now);
        while record.failures.front().is_some_and(|at| now.duration_since(*at) > WINDOW) {
            record.failures.pop_front();
        }
        if record.failures.len() < FAILURES {
            return false;
        }
        record.next_probe = Some(now + OPEN_FOR);
        self.open.store(true, Ordering::Release);
        true
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(at: Instant) -> Breaker {
        let breaker = Breaker::default();
        for failure in 1..=FAILURES {
            assert_eq!(breaker.failed(at), failure == FAILURES);
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_and_probes_once() {
        let start = Instant::now();
        let breaker = opened(start);
        assert!(!breaker.admits(start + Duration::from_secs(29)));
        assert!(breaker.admits(start + Duration::from_secs(30)), "the probe");
        assert!(!breaker.admits(start + Duration::from_secs(31)), "one probe only");
        breaker.succeeded();
        assert!(breaker.admits(start + Duration::from_secs(31)));
        assert!(!breaker.failed(start + Duration::from_secs(32)), "a fresh count");
    }

    #[test]
    fn a_failed_probe_keeps_it_open() {
        let start = Instant::now();
        let breaker = opened(start);
        let probe = start + OPEN_FOR;
        assert!(breaker.admits(probe));
        assert!(!breaker.failed(probe));
        assert!(!breaker.admits(probe + Duration::from_secs(29)));
        assert!(breaker.admits(probe + OPEN_FOR));
    }

    #[test]
    fn old_failures_are_forgotten() {
        let start = Instant::now();
        let breaker = Breaker::default();
        for minute in 0..20 {
            assert!(!breaker.failed(start + Duration::from_secs(16 * minute)));
        }
        assert!(breaker.admits(start + Duration::from_secs(320)));
    }
}
