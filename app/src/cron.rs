//! Scheduled work: the jobs in plugin manifests and the site's own.
//!
//! Each process has a timetable in memory, so that while nothing is due nothing is written, and all that the database
//! is asked is which runs are at work: one look into an index every two seconds. What is due is claimed there in one
//! transaction: the row of the run is the claim, and its unique key lets each due time start once, whichever process is
//! first. A run holds a lease that its process renews; where the process dies, another one starts the same due time
//! again as the next attempt. Whoever lost its lease writes nothing about the run any more. This protects the site's
//! own rows, not what a plugin did elsewhere.

mod builtin;
mod claims;
mod dto;
mod ends;
mod engine;
pub mod http;
mod job;
mod leases;
mod metrics;
mod plugin_jobs;
mod repo;
mod runner;
mod runs;
mod service;
mod slots;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod timetable;

pub use builtin::{BuiltinWork, builtin_jobs};
pub use job::{JobDefinition, JobKey, Look, Outcome, Trigger, Work, look, work};
pub use metrics::CronMetrics;
pub use repo::{disarm, forget};
pub use runner::CronRunner;
pub use service::{CronParts, CronService};
