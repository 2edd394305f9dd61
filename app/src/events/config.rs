//! How often and how long deliveries are tried, and how long events are kept.

use std::time::Duration;

/// The settings of events and webhooks.
#[derive(Clone, Debug)]
pub struct EventsConfig {
    /// The pause after the first attempt that a plugin failed; four times as long after each further one, at most
    /// twelve hours. Default 1 s.
    pub first_pause: Duration,
    /// How often a plugin is told until the delivery is a dead letter. Default 8, over an hour and a half.
    pub attempts: u32,
    /// As `first_pause`, for webhooks. Default 5 s.
    pub webhook_first_pause: Duration,
    /// As `attempts`, for webhooks. Default 10, over a day and a half.
    pub webhook_attempts: u32,
    /// How long a webhook may fail without a success until it is paused. Default three days.
    pub webhook_pause_after: Duration,
    /// How long a plugin that cannot be asked, since it is not loaded, rests or is busy, is waited for. Default a day.
    pub wait_for_plugins: Duration,
    /// How long events that were delivered are kept. Default seven days. Dead letters are kept four times as long.
    pub kept: Duration,
    /// How old the oldest event that nobody was told of may be until the server calls itself degraded. Default 60 s.
    pub stuck_after: Duration,
}

impl Default for EventsConfig {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            first_pause: Duration::from_secs(1),
            attempts: 8,
            webhook_first_pause: Duration::from_secs(5),
            webhook_attempts: 10,
            webhook_pause_after: 3 * DAY,
            wait_for_plugins: DAY,
            kept: 7 * DAY,
            stuck_after: Duration::from_secs(60),
        }
    }
}
