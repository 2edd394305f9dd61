//! Rate limits on guessing and flooding, by account and by address, kept in memory.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock};

use crate::error::{ApiError, ErrorCode, Result};

/// After how many checks the keys that have all their allowance are forgotten.
const TIDY_EVERY: u64 = 1_000;

/// Allows `burst` in a row for each key, then one per interval.
pub struct Limiter<K: std::hash::Hash + Eq + Clone> {
    limiter: DefaultKeyedRateLimiter<K>,
    checks: AtomicU64,
}

impl<K: std::hash::Hash + Eq + Clone> Limiter<K> {
    /// A limiter; zero counts as one.
    pub fn new(burst: u32, interval: Duration) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(interval.max(Duration::from_millis(1)))
            .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
            .allow_burst(burst);
        Self { limiter: RateLimiter::keyed(quota), checks: AtomicU64::new(1) }
    }

    /// Takes one from the key's allowance, or fails with `rate_limited` and the seconds to wait.
    pub fn check(&self, key: &K, what: &str) -> Result<()> {
        if self.checks.fetch_add(1, Ordering::Relaxed).is_multiple_of(TIDY_EVERY) {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(governor::clock::DefaultClock::default().now());
            let seconds = wait.as_secs() + 1;
            ApiError::new(ErrorCode::RateLimited, format!("Too many {what}. Try again in {seconds} s."))
                .retry_after(seconds)
        })
    }
}

/// An IPv6 host has a whole /64 to itself, so that is what counts as one address.
pub fn address_key(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => {
                let mut segments = address.segments();
                segments[4..].fill(0);
                IpAddr::V6(segments.into())
            }
        },
    }
}
