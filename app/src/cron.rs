//! Scheduled work: the jobs in plugin manifests.

mod job;
mod runner;

pub use runner::CronRunner;
