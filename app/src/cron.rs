//! Scheduled work: the jobs in plugin manifests.

mod job;
mod record;
mod runner;

pub use runner::CronRunner;
