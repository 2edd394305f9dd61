//! Counters of one hook of one plugin: atomics, so that counting costs a call next to nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the histogram's buckets in seconds; one more bucket has none.
pub const BUCKET_BOUNDS: [f64; 15] = [
    0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.1, 0.5, 2.5,
];
/// The same bounds in nanoseconds, to compare without floating point.
const BUCKET_NANOS: [u64; 15] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    100_000_000,
    500_000_000,
    2_500_000_000,
];

/// The counters.
#[derive(Debug, Default)]
pub(crate) struct HookMetrics {
    errors: AtomicU64,
    nanos: AtomicU64,
    buckets: [AtomicU64; BUCKET_NANOS.len() + 1],
}

/// What the counters said at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct HookCounts {
    /// Calls made.
    pub calls: u64,
    /// Calls that failed, refused answers included.
    pub errors: u64,
    /// Seconds spent in all calls together.
    pub seconds: f64,
    /// Calls per bucket, not cumulative: as many as [`BUCKET_BOUNDS`], then those beyond the last bound.
    pub buckets: Vec<u64>,
}

impl HookMetrics {
    /// Counts a call.
    pub(crate) fn called(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        let bucket = BUCKET_NANOS.iter().position(|bound| nanos <= *bound).unwrap_or(BUCKET_NANOS.len());
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Counts a failure of a call that is counted by itself.
    pub(crate) fn failed(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Reads the counters.
    pub(crate) fn counts(&self) -> HookCounts {
        let buckets: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        HookCounts {
            calls: buckets.iter().sum(),
            errors: self.errors.load(Ordering::Relaxed),
            seconds: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)).as_secs_f64(),
            buckets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_agree() {
        for (seconds, nanos) in BUCKET_BOUNDS.into_iter().zip(BUCKET_NANOS) {
            assert!((Duration::from_nanos(nanos).as_secs_f64() - seconds).abs() < 1e-12);
        }
    }

    #[test]
    fn calls_fall_into_buckets() {
        let metrics = HookMetrics::default();
        metrics.called(Duration::from_micros(5));
        metrics.called(Duration::from_micros(6));
        metrics.called(Duration::from_secs(9));
        metrics.failed();
        let counts = metrics.counts();
        assert_eq!((counts.calls, counts.errors), (3, 1));
        assert_eq!((counts.buckets[0], counts.buckets[1], counts.buckets[15]), (1, 1, 1));
    }
}
