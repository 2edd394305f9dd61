//! Leaves a failing hook alone for a while, so that it costs its time limit only now and then.
//!
//! So many failures within a window open the breaker; after a rest one call is let through as a probe, and its outcome
//! alone decides. Calls that were under way when it opened decide nothing any more.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::HostConfig;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BreakerSettings {
    /// Failures within `window` that open it.
    pub(crate) failures: u32,
    pub(crate) window: Duration,
    /// How long no call is made before one is let through.
    pub(crate) rest: Duration,
}

impl From<&HostConfig> for BreakerSettings {
    fn from(config: &HostConfig) -> BreakerSettings {
        BreakerSettings {
            failures: config.breaker_failures,
            window: config.breaker_window,
            rest: config.breaker_rest,
        }
    }
}

/// The breaker of one hook of one plugin.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    /// Read without a lock on every call; written under the lock.
    open: AtomicBool,
    record: Mutex<Record>,
}

#[derive(Debug, Default)]
struct Record {
    /// The newest failures, at most as many as open the breaker.
    failures: VecDeque<Instant>,
    next_probe: Option<Instant>,
    probing: bool,
}

/// How a call is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// As any other: the breaker is closed.
    Call,
    /// As the one that decides. Whoever makes it reports what became of it.
    Probe,
}

impl Breaker {
    /// A closed breaker.
    pub(crate) fn new(settings: BreakerSettings) -> Breaker {
        Breaker { settings, open: AtomicBool::new(false), record: Mutex::default() }
    }

    /// Whether and how a call may be made now.
    pub(crate) fn admits(&self, now: Instant) -> Option<Admission> {
        if !self.is_open() {
            return Some(Admission::Call);
        }
        let mut record = self.lock();
        // It may have closed in between.
        if !self.is_open() {
            return Some(Admission::Call);
        }
        if record.probing || record.next_probe.is_some_and(|at| now < at) {
            return None;
        }
        record.probing = true;
        Some(Admission::Probe)
    }

    /// Whether calls are being held back.
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// How many failures within the window stand against the hook.
    pub(crate) fn recent_failures(&self, now: Instant) -> usize {
        let record = self.lock();
        record
            .failures
            .iter()
            .filter(|at| now.saturating_duration_since(**at) <= self.settings.window)
            .count()
    }

    /// How long until a call is let through as a probe: zero where the next one is, none while the breaker is closed
    /// or a probe is under way.
    pub(crate) fn retry_in(&self, now: Instant) -> Option<Duration> {
        let record = self.lock();
        let waits = self.is_open() && !record.probing;
        record.next_probe.filter(|_| waits).map(|at| at.saturating_duration_since(now))
    }

    /// The probe went well: the breaker closes.
    pub(crate) fn probe_succeeded(&self) {
        let mut record = self.lock();
        *record = Record::default();
        self.open.store(false, Ordering::Release);
    }

    /// Nobody will say what became of the probe: the breaker rests anew.
    pub(crate) fn probe_abandoned(&self, now: Instant) {
        self.lock().rest(now, self.settings);
    }

    /// A call failed. Answers whether that has opened the breaker.
    pub(crate) fn failed(&self, now: Instant, admission: Admission) -> bool {
        let mut record = self.lock();
        record.count(now, self.settings);
        if self.is_open() {
            if admission == Admission::Probe {
                record.rest(now, self.settings);
            }
            return false;
        }
        if record.failures.len() < self.threshold() {
            return false;
        }
        record.rest(now, self.settings);
        self.open.store(true, Ordering::Release);
        true
    }

    fn threshold(&self) -> usize {
        threshold(self.settings)
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn count(&mut self, now: Instant, settings: BreakerSettings) {
        self.failures.push_back(now);
        while self.failures.len() > threshold(settings)
            || self.failures.front().is_some_and(|at| now.saturating_duration_since(*at) > settings.window)
        {
            self.failures.pop_front();
        }
    }

    fn rest(&mut self, now: Instant, settings: BreakerSettings) {
        self.probing = false;
        self.next_probe = Some(now + settings.rest);
    }
}

/// A breaker that opens without a failure would never let anything through.
fn threshold(settings: BreakerSettings) -> usize {
    usize::try_from(settings.failures).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(30);

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings::from(&HostConfig::default()))
    }

    fn opened(at: Instant) -> Breaker {
        let breaker = breaker();
        for failure in 1..=5 {
            assert_eq!(breaker.failed(at, Admission::Call), failure == 5);
        }
        breaker
    }

    #[test]
    fn opens_after_five_failures_and_probes_once() {
        let start = Instant::now();
        let breaker = opened(start);
        assert_eq!(breaker.admits(start + Duration::from_secs(29)), None);
        assert_eq!(breaker.admits(start + REST), Some(Admission::Probe));
        assert_eq!(breaker.admits(start + REST), None, "one probe only");
        assert_eq!(breaker.admits(start + 20 * REST), None, "one at a time, however long it takes");
        breaker.probe_succeeded();
        assert_eq!(breaker.admits(start + 20 * REST), Some(Admission::Call));
        assert!(!breaker.failed(start + 20 * REST, Admission::Call), "a fresh count");
    }

    #[test]
    fn a_failed_or_abandoned_probe_keeps_it_open() {
        let start = Instant::now();
        for abandoned in [false, true] {
            let breaker = opened(start);
            let probe = start + REST;
            assert_eq!(breaker.admits(probe), Some(Admission::Probe));
            if abandoned {
                breaker.probe_abandoned(probe);
            } else {
                assert!(!breaker.failed(probe, Admission::Probe));
            }
            assert_eq!(breaker.admits(probe + Duration::from_secs(29)), None);
            assert_eq!(breaker.admits(probe + REST), Some(Admission::Probe));
        }
    }

    #[test]
    fn calls_from_before_it_opened_decide_nothing() {
        let start = Instant::now();
        let breaker = opened(start);
        breaker.failed(start + REST / 2, Admission::Call);
        assert_eq!(breaker.admits(start + REST), Some(Admission::Probe), "the rest is not drawn out");
        breaker.failed(start + REST, Admission::Call);
        breaker.probe_succeeded();
        assert!(!breaker.is_open(), "a late failure is not the probe's");
    }

    #[test]
    fn old_failures_are_forgotten() {
        let start = Instant::now();
        let breaker = breaker();
        for step in 0..20 {
            assert!(!breaker.failed(start + Duration::from_secs(16 * step), Admission::Call));
        }
        assert_eq!(breaker.admits(start + Duration::from_secs(320)), Some(Admission::Call));
    }

    #[test]
    fn tells_how_it_stands() {
        let start = Instant::now();
        let breaker = breaker();
        assert_eq!((breaker.recent_failures(start), breaker.retry_in(start)), (0, None));
        for _ in 0..4 {
            breaker.failed(start, Admission::Call);
        }
        assert_eq!((breaker.recent_failures(start), breaker.retry_in(start)), (4, None));
        breaker.failed(start, Admission::Call);
        assert_eq!(breaker.retry_in(start + REST / 3), Some(REST * 2 / 3));
        assert_eq!(breaker.retry_in(start + 2 * REST), Some(Duration::ZERO));
        assert_eq!(breaker.recent_failures(start + Duration::from_secs(61)), 0);
        assert_eq!(breaker.admits(start + REST), Some(Admission::Probe));
        assert_eq!(breaker.retry_in(start + REST), None, "a probe is under way");
        breaker.probe_succeeded();
        assert_eq!((breaker.recent_failures(start), breaker.retry_in(start)), (0, None));
    }

    #[test]
    fn follows_its_settings() {
        let start = Instant::now();
        let second = Duration::from_secs(1);
        let breaker = Breaker::new(BreakerSettings { failures: 2, window: second, rest: 3 * second });
        assert!(!breaker.failed(start, Admission::Call));
        assert!(!breaker.failed(start + 2 * second, Admission::Call), "the first is forgotten");
        assert!(breaker.failed(start + 3 * second, Admission::Call));
        assert_eq!(breaker.admits(start + 5 * second), None);
        assert_eq!(breaker.admits(start + 6 * second), Some(Admission::Probe));
        let strict = Breaker::new(BreakerSettings { failures: 0, window: second, rest: second });
        assert_eq!(strict.admits(start), Some(Admission::Call));
        assert!(strict.failed(start, Admission::Call));
    }
}
