//! What a job is: when it is due, what it does, and who may start it.

use std::{fmt, sync::Arc, time::Duration};

use fleuron_plugin_host::{PluginId, cron::Schedule, manifest::CatchUp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    clock::Timestamp,
    error::{ApiError, Result},
};

/// The owner of the site's own jobs. No plugin has this id: theirs have a dot.
pub(super) const SITE: &str = "site";

/// What a built-in job does: it is given the present moment and says what it did, nothing where there was nothing to
/// do.
pub type Work = Arc<dyn Fn(Timestamp) -> BoxFuture<'static, Result<String>> + Send + Sync>;

/// When a built-in job is due next where the data say so.
pub type Look = Arc<dyn Fn() -> BoxFuture<'static, Result<Option<Timestamp>>> + Send + Sync>;

/// Makes [`Work`] of an asynchronous function.
pub fn work<F, R>(run: F) -> Work
where
    F: Fn(Timestamp) -> R + Send + Sync + 'static,
    R: Future<Output = Result<String>> + Send + 'static,
{
    Arc::new(move |now| Box::pin(run(now)))
}

/// Makes a [`Look`] of an asynchronous function.
pub fn look<F, R>(run: F) -> Look
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<Option<Timestamp>>> + Send + 'static,
{
    Arc::new(move || Box::pin(run()))
}

/// Which job.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    /// The plugin's id, or `site`.
    pub owner: Arc<str>,
    /// The owner's name for it.
    pub job_type: Arc<str>,
}

impl JobKey {
    /// The job of this owner and name.
    pub fn new(owner: &str, job_type: &str) -> Self {
        Self { owner: owner.into(), job_type: job_type.into() }
    }
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.job_type)
    }
}

/// When a job is due.
pub(super) enum Timing {
    /// At set times.
    Schedule {
        /// As it was written.
        expression: String,
        schedule: Box<Schedule>,
    },
    /// When the data say so.
    Data(Look),
}

/// What a run does.
pub(super) enum Action {
    /// It calls a plugin. The limit is what its manifest asks for, the longest time what comes of that.
    Plugin { plugin: PluginId, payload: Option<String>, time_limit: Option<Duration>, longest: Duration },
    /// It does something itself.
    Builtin(Work),
}

/// Who starts a job when it is due.
pub(super) enum Starts {
    /// One process of all: each due time is claimed in the database.
    Once,
    /// Every process by itself, without a word in the database. A run that failed leaves a row, and one that did
    /// something, if there was none for so long.
    Everywhere { told_every: Duration },
}

/// A job.
pub struct JobDefinition {
    pub(super) key: JobKey,
    pub(super) label: String,
    pub(super) timing: Timing,
    pub(super) action: Action,
    pub(super) starts: Starts,
    pub(super) catch_up: CatchUp,
    /// Whether it runs unless an administrator says otherwise.
    pub(super) enabled: bool,
}

impl JobDefinition {
    /// A job of the site at set times, in UTC. Each due time starts once over all processes.
    ///
    /// # Errors
    /// Where the expression is no cron expression.
    pub fn builtin(job_type: &str, label: &str, expression: &str, work: Work) -> Result<Self> {
        let schedule = Schedule::parse(expression).map_err(ApiError::internal)?;
        Ok(Self {
            key: JobKey::new(SITE, job_type),
            label: label.to_owned(),
            timing: Timing::Schedule { expression: expression.to_owned(), schedule: Box::new(schedule) },
            action: Action::Builtin(work),
            starts: Starts::Once,
            catch_up: CatchUp::Once,
            enabled: true,
        })
    }

    /// The first due time after this moment; none where there is no further one, or the data say when it is due.
    pub(super) fn next_after(&self, time: Timestamp) -> Option<Timestamp> {
        match &self.timing {
            Timing::Schedule { schedule, .. } => schedule.next_after(time.to_datetime()).map(Timestamp::from),
            Timing::Data(_) => None,
        }
    }

    /// The last due time between these moments, both included.
    pub(super) fn last_between(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        match &self.timing {
            Timing::Schedule { schedule, .. } => {
                schedule.last_between(from.to_datetime(), until.to_datetime()).map(Timestamp::from)
            }
            Timing::Data(_) => None,
        }
    }

    /// The expression as it was written; empty where the data say when it is due.
    pub(super) fn expression(&self) -> &str {
        match &self.timing {
            Timing::Schedule { expression, .. } => expression,
            Timing::Data(_) => "",
        }
    }

    /// The name of the time zone.
    pub(super) fn zone(&self) -> &str {
        match &self.timing {
            Timing::Schedule { schedule, .. } => schedule.zone(),
            Timing::Data(_) => "UTC",
        }
    }

    /// How long one run may take, where there is a limit.
    pub(super) fn longest(&self) -> Option<Duration> {
        match &self.action {
            Action::Plugin { longest, .. } => Some(*longest),
            Action::Builtin(_) => None,
        }
    }

    /// Whether every process starts it by itself.
    pub(super) fn starts_everywhere(&self) -> bool {
        matches!(self.starts, Starts::Everywhere { .. })
    }

    /// Whether it does not run, by an administrator's word or, where there is none, the job's own.
    pub(super) fn is_paused(&self, word: Option<bool>) -> bool {
        word.unwrap_or(!self.enabled)
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_meta])* $variant,)+ }

        impl $name {
            /// The word in the API and the database.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// What a word in the database means; none where it means nothing to this version.
            pub(super) fn from_database(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// How a run stands or how it ended.
    Outcome {
        /// It is at work, or about to be.
        Running = "running",
        /// It did what it should.
        Succeeded = "succeeded",
        /// It did not; the detail says why.
        Failed = "failed",
        /// It took longer than it may.
        TimedOut = "timed_out",
        /// The server ended during the run.
        Aborted = "aborted",
        /// The run before it was still at work.
        Skipped = "skipped",
        /// No server ran when it was due, and the job does not make up for that.
        Missed = "missed",
    }
}

words! {
    /// Why a run was started.
    Trigger {
        /// It was due.
        Schedule = "schedule",
        /// It was due while no server ran.
        CatchUp = "catch_up",
        /// An administrator wanted it.
        Manual = "manual",
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Trigger};

    #[test]
    fn words_are_the_same_everywhere() {
        for outcome in [Outcome::Running, Outcome::TimedOut, Outcome::Aborted, Outcome::Missed] {
            assert_eq!(Outcome::from_database(outcome.as_str()), Some(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        assert_eq!(serde_json::to_value(Trigger::CatchUp).unwrap(), Trigger::CatchUp.as_str());
        assert_eq!(Trigger::from_database("by magic"), None);
    }
}
