//! What is done by the clock. The manifest's `payload` says which job is due.

mod clean_up;
mod learning;

use fleuron_plugin::host_api;

use crate::settings::Settings;

/// Does the job that is due at `now`. A job that fails has done what it had finished, and does the rest the next time.
pub(crate) fn run(job: &str, settings: &Settings, now: i64) {
    let outcome = match job {
        "learn" if !settings.learn => Ok("learning is switched off".to_owned()),
        "learn" => learning::run(now),
        "clean-up" => clean_up::run(settings, now),
        _ => Ok("there is no such job".to_owned()),
    };
    match outcome {
        Ok(done) => host_api::log("info", &format!("{job}: {done}")),
        Err(error) => panic!("{job}: {error}"),
    }
}
