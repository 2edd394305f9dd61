//! Counts of runs.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::job::Outcome;
use crate::clock::Timestamp;

/// Upper bounds of the histogram of delays, in seconds.
const DELAYS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    owner: String,
    outcome: &'static str,
}

/// What is counted about jobs. Cheap to clone.
#[derive(Clone)]
pub struct CronMetrics {
    runs: Family<RunLabels, Counter>,
    jobs: Gauge,
    delay: Histogram,
}

impl Default for CronMetrics {
    fn default() -> Self {
        Self { runs: Family::default(), jobs: Gauge::default(), delay: Histogram::new(DELAYS) }
    }
}

impl CronMetrics {
    /// Adds them to what the server tells.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("cron_runs", "Runs of scheduled jobs that ended", self.runs.clone());
        registry.register("cron_jobs", "Scheduled jobs", self.jobs.clone());
        registry.register(
            "cron_start_delay_seconds",
            "Time from when a run was due to its start",
            self.delay.clone(),
        );
    }

    pub(super) fn ended(&self, owner: &str, outcome: Outcome) {
        let labels = RunLabels { owner: owner.to_owned(), outcome: outcome.as_str() };
        self.runs.get_or_create(&labels).inc();
    }

    pub(super) fn started(&self, due: Timestamp, now: Timestamp) {
        let late = now.millis().saturating_sub(due.millis()).max(0);
        self.delay.observe(late as f64 / 1000.0);
    }

    pub(super) fn has_jobs(&self, count: usize) {
        self.jobs.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
