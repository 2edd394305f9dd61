//! When a delivery that failed is tried again.

use std::time::Duration;

use super::EventsConfig;

/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// How often and after which pauses one kind of listener is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct RetryPolicy {
    first_pause: Duration,
    attempts: u32,
}

impl RetryPolicy {
    /// For plugins.
    pub(super) fn of_plugins(config: &EventsConfig) -> Self {
        Self { first_pause: config.first_pause, attempts: config.attempts }
    }

    /// For webhooks.
    pub(super) fn of_webhooks(config: &EventsConfig) -> Self {
        Self { first_pause: config.webhook_first_pause, attempts: config.webhook_attempts }
    }

    /// The pause after so many failed attempts; none where it was the last.
    pub(super) fn pause_after(&self, attempts: u32) -> Option<Duration> {
        if attempts >= self.attempts {
            return None;
        }
        let factor = 4_u32.saturating_pow(attempts.saturating_sub(1));
        Some(jittered(self.first_pause.saturating_mul(factor).min(LONGEST)))
    }
}

/// Up to a fifth more or less, so that what failed together does not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness the pause is merely the plain one.
    let share = match getrandom::fill(&mut random) {
        Ok(()) => f64::from(u16::from_be_bytes(random)) / f64::from(u16::MAX),
        Err(_error) => 0.5,
    };
    pause.mul_f64(0.8 + 0.4 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_and_end() {
        let policy = RetryPolicy { first_pause: Duration::from_secs(5), attempts: 10 };
        let mut shortest = Duration::ZERO;
        for attempts in 1..10 {
            let plain = Duration::from_secs(5 * 4_u64.pow(attempts - 1)).min(LONGEST);
            let pause = policy.pause_after(attempts).unwrap();
            assert!(pause >= plain.mul_f64(0.79) && pause <= plain.mul_f64(1.21), "{attempts}: {pause:?}");
            assert!(pause > shortest || plain == LONGEST);
            shortest = pause.min(LONGEST);
        }
        assert_eq!(policy.pause_after(10), None);
        assert!(RetryPolicy { attempts: 1, ..policy }.pause_after(1).is_none());
    }

    #[test]
    fn pauses_differ() {
        let pauses: std::collections::HashSet<_> =
            (0..20).map(|_| jittered(Duration::from_secs(100))).collect();
        assert!(pauses.len() > 10);
    }
}
