//! How long calls take, estimated from the buckets that they were counted in.

use fleuron_plugin_host::{BUCKET_BOUNDS, HookCounts};

const MICROS: f64 = 1e6;

/// Times of one hook's calls, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timing {
    /// All time by all calls.
    pub mean: f64,
    /// Half of the calls took no longer.
    pub p50: f64,
    /// Nine of ten took no longer.
    pub p90: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

impl Timing {
    /// What the counts say; none without calls. Percentiles lie between a bucket's bounds, as if its calls were spread
    /// evenly; what lies beyond the last bound is taken for that bound.
    pub fn of(counts: &HookCounts) -> Option<Self> {
        let calls: u64 = counts.buckets.iter().sum();
        if calls == 0 {
            return None;
        }
        let percentile = |share| tenths(percentile(&counts.buckets, share * count(calls)) * MICROS);
        Some(Self {
            mean: tenths(counts.seconds / count(calls) * MICROS),
            p50: percentile(0.5),
            p90: percentile(0.9),
            p99: percentile(0.99),
        })
    }
}

/// The time, in seconds, that as many calls as `rank` took at most.
fn percentile(buckets: &[u64], rank: f64) -> f64 {
    let (mut passed, mut lower) = (0.0, 0.0);
    for (calls, upper) in buckets.iter().zip(BUCKET_BOUNDS) {
        let calls = count(*calls);
        if calls > 0.0 && passed + calls >= rank {
            return lower + (upper - lower) * ((rank - passed) / calls);
        }
        passed += calls;
        lower = upper;
    }
    lower
}

/// A count for estimates: a float holds it exactly up to nine quadrillions.
fn count(calls: u64) -> f64 {
    calls as f64
}

fn tenths(micros: f64) -> f64 {
    (micros * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(filled: &[(usize, u64)], seconds: f64) -> HookCounts {
        let mut buckets = vec![0; BUCKET_BOUNDS.len() + 1];
        for (bucket, calls) in filled {
            buckets[*bucket] = *calls;
        }
        HookCounts { calls: buckets.iter().sum(), errors: 0, seconds, buckets }
    }

    #[test]
    fn without_calls_there_are_no_times() {
        assert_eq!(Timing::of(&counts(&[], 0.0)), None);
    }

    #[test]
    fn percentiles_lie_within_their_buckets() {
        // 90 calls of 5 to 10 microseconds, 10 of 100 to 250.
        let timing = Timing::of(&counts(&[(1, 90), (5, 10)], 0.0025)).unwrap();
        assert_eq!(timing.mean, 25.0);
        assert_eq!(timing.p50, 7.8);
        assert_eq!(timing.p90, 10.0);
        assert!((100.0..=250.0).contains(&timing.p99), "{timing:?}");
    }

    #[test]
    fn what_lies_beyond_the_last_bound_counts_as_that_bound() {
        let timing = Timing::of(&counts(&[(15, 3)], 30.0)).unwrap();
        assert_eq!((timing.p50, timing.p99), (2_500_000.0, 2_500_000.0));
        assert_eq!(timing.mean, 10_000_000.0);
    }
}
