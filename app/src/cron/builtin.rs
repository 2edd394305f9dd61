//! The site's own jobs.

use std::{sync::Arc, time::Duration};

use fleuron_plugin_host::{cron::Schedule, manifest::CatchUp};

use super::{
    job::{Action, JobDefinition, JobKey, Look, SITE, Starts, Timing, Work, work},
    repo,
};
use crate::{
    database::Database,
    error::{ApiError, Result},
};

/// A run of the counted views that did something leaves a row this often at most.
const VIEWS_TOLD_EVERY: Duration = Duration::from_secs(60 * 60);

/// What the site's jobs do. Each says in a sentence what it did, nothing where there was nothing to do.
pub struct BuiltinWork {
    /// Publishes the scheduled posts whose date has come.
    pub publish: Work,
    /// When the next scheduled post is due.
    pub next_scheduled: Look,
    /// Removes what has been in the trash for long.
    pub purge_trash: Work,
    /// Removes old events and sessions. What is known of old runs goes as well.
    pub clean_up: Work,
    /// Writes the views that were counted.
    pub flush_views: Work,
}

/// The site's jobs.
///
/// # Errors
/// Where one of their expressions is none, which no release has.
pub fn builtin_jobs(parts: BuiltinWork, database: &Database) -> Result<Vec<JobDefinition>> {
    let BuiltinWork { publish, next_scheduled, purge_trash, clean_up, flush_views } = parts;
    let every_quarter_minute = "*/15 * * * * *";
    let schedule = Schedule::parse(every_quarter_minute).map_err(ApiError::internal)?;
    Ok(vec![
        everywhere(
            "publish-scheduled-posts",
            "Publish posts whose date has come",
            Timing::Data(next_scheduled),
            publish,
            Duration::ZERO,
        ),
        everywhere(
            "flush-view-counts",
            "Write counted views",
            Timing::Schedule { expression: every_quarter_minute.to_owned(), schedule: Box::new(schedule) },
            flush_views,
            VIEWS_TOLD_EVERY,
        ),
        JobDefinition::builtin("purge-trash", "Empty the trash of what is old", "30 3 * * *", purge_trash)?,
        JobDefinition::builtin(
            "clean-up",
            "Remove old events, sessions and runs",
            "17 * * * *",
            with_runs(clean_up, database.clone()),
        )?,
    ])
}

/// A job of which every process does its own part, or that may be done by several at once.
pub(super) fn everywhere(
    job_type: &str,
    label: &str,
    timing: Timing,
    work: Work,
    told_every: Duration,
) -> JobDefinition {
    // What the data say is due is so until it is done, however long no server ran.
    let catch_up = if matches!(timing, Timing::Data(_)) { CatchUp::Once } else { CatchUp::Skip };
    JobDefinition {
        key: JobKey::new(SITE, job_type),
        label: label.to_owned(),
        timing,
        action: Action::Builtin(work),
        starts: Starts::Everywhere { told_every },
        catch_up,
        enabled: true,
    }
}

/// Removes old runs as well.
fn with_runs(others: Work, database: Database) -> Work {
    work(move |now| {
        let (others, database) = (Arc::clone(&others), database.clone());
        async move {
            let mut told = others(now).await?;
            match repo::clean_up(&database, now).await? {
                0 => {}
                gone => {
                    let space = if told.is_empty() { "" } else { " " };
                    told = format!("{told}{space}{gone} old runs of jobs are removed.");
                }
            }
            Ok(told)
        }
    })
}
