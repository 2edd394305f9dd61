//! Leases of runs: kept while they are at work here, and looked after where their holder has died.
//!
//! Whoever is alive renews its leases every few seconds, also right after a jump of the clock. So a lease counts as
//! given up only after it was seen several times without a change, which a jump alone does not bring about.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::{
    claims::{LEASE, Starter},
    engine::Engine,
    job::{JobDefinition, JobKey, Outcome, Trigger},
    repo,
};
use crate::{clock::Timestamp, database::Transaction, entities::cron_runs, error::Result};

/// Seconds after which leases are renewed, and after which those of others are looked at.
const RENEW_EVERY: i64 = 3;
const LOOK_EVERY: i64 = 2;
/// How often a lease is seen without a change until its holder counts as dead: one that has run out, and one that runs
/// longer than any, since a clock went back. Between the first of these looks and the last one a holder that is alive
/// renews its leases, also where the clock here is so far ahead that they always seem to have run out.
const SEEN_OVER: u32 = 4;
const SEEN_FAR_AHEAD: u32 = 5;
/// How often a due time is started at most.
const ATTEMPTS: i32 = 3;
/// How long a run of a job that is not known here is left to the processes that know it, in seconds.
const LEFT_TO_OTHERS: i64 = 60;

/// What is known of leases.
#[derive(Default)]
pub(super) struct Leases {
    renewed: Option<Timestamp>,
    looked: Option<Timestamp>,
    suspects: HashMap<Uuid, Suspect>,
}

struct Suspect {
    lease_until: Option<i64>,
    seen: u32,
}

/// A run whose holder is dead, and who goes on with it.
struct Orphan {
    run: cron_runs::Model,
    key: JobKey,
    /// None where this process does not know the job.
    job: Option<Arc<JobDefinition>>,
    starter: Starter,
}

impl Leases {
    /// Has the leases be renewed at the next occasion.
    pub(super) fn renew_at_once(&mut self) {
        self.renewed = None;
    }

    /// Those of these runs whose holder is dead. `is_lost` says of a run that this process holds it and does not know
    /// it.
    fn orphans(
        &mut self,
        running: Vec<cron_runs::Model>,
        now: Timestamp,
        is_lost: impl Fn(&cron_runs::Model) -> Option<bool>,
    ) -> Vec<cron_runs::Model> {
        let mut suspects = HashMap::new();
        let mut orphans = Vec::new();
        for run in running {
            let is_lost = match is_lost(&run) {
                Some(false) => continue,
                lost => lost.unwrap_or_default(),
            };
            let needed = match run.lease_until.map(Timestamp::from_millis) {
                _ if is_lost => SEEN_OVER,
                None => SEEN_OVER,
                Some(until) if until < now => SEEN_OVER,
                Some(until) if is_far_ahead(until, now) => SEEN_FAR_AHEAD,
                Some(_) => continue,
            };
            let before = self.suspects.get(&run.id);
            let before = before.filter(|before| is_lost || before.lease_until == run.lease_until);
            let seen = before.map_or(1, |before| before.seen + 1);
            suspects.insert(run.id, Suspect { lease_until: run.lease_until, seen });
            if seen >= needed {
                orphans.push(run);
            }
        }
        self.suspects = suspects;
        orphans
    }
}

impl Engine {
    /// Renews the leases of what is at work here, when it is time.
    pub(super) async fn keep(&self, leases: &mut Leases, now: Timestamp) -> Result<()> {
        if self.state().known.is_empty() || !has_passed(leases.renewed, now, RENEW_EVERY) {
            return Ok(());
        }
        self.set_leases(now.plus_seconds(LEASE)).await?;
        leases.renewed = Some(now);
        Ok(())
    }

    /// Lets the leases of what is still at work run out, so that others need not wait: this process ends.
    pub(super) async fn give_up_leases(&self) -> Result<()> {
        self.set_leases(self.clock.now().plus_seconds(-1)).await
    }

    /// Looks for runs whose process has died, when it is time, and starts their due times again.
    pub(super) async fn take_over(self: &Arc<Self>, leases: &mut Leases, now: Timestamp) -> Result<()> {
        if self.state().timetable.len() == 0 || !has_passed(leases.looked, now, LOOK_EVERY) {
            return Ok(());
        }
        let running = repo::running(self.database.reader()).await?;
        leases.looked = Some(now);
        let orphans = {
            let state = self.state();
            let is_own = |run: &cron_runs::Model| run.holder == Some(self.holder);
            leases.orphans(running, now, |run| is_own(run).then(|| !state.known.contains(&run.id)))
        };
        for run in orphans {
            let key = JobKey::new(&run.owner, &run.job_type);
            let job = self.state().timetable.job(&key).cloned();
            if job.is_some() || is_long_gone(&run, now) {
                self.adopt(Orphan { run, key, job, starter: self.starter(now) }).await?;
            }
        }
        Ok(())
    }

    async fn adopt(self: &Arc<Self>, orphan: Orphan) -> Result<()> {
        let (job, key, attempt) = (orphan.job.clone(), orphan.key.clone(), orphan.run.attempt);
        let adopted = self
            .database
            .write(orphan, |transaction, orphan| Box::pin(take_over(transaction, orphan)))
            .await?;
        match adopted {
            Adopted::No => {}
            Adopted::Ended => {
                tracing::warn!(job = %key, attempt, "a run was cut short when its server ended");
                self.metrics.ended(&key.owner, Outcome::Aborted);
            }
            Adopted::Again(run) => {
                tracing::warn!(job = %key, attempt, "a run was cut short when its server ended; it starts again");
                self.metrics.ended(&key.owner, Outcome::Aborted);
                if let Some(job) = job {
                    self.start_run(job, *run);
                }
            }
        }
        Ok(())
    }

    async fn set_leases(&self, until: Timestamp) -> Result<()> {
        let input = (self.holder, until);
        self.database
            .write(input, |transaction, (holder, until)| {
                Box::pin(async move { Ok(repo::renew(transaction, *holder, *until).await?) })
            })
            .await?;
        Ok(())
    }
}

/// What became of a run whose holder seemed to be dead.
enum Adopted {
    /// Nothing: the holder lives, or somebody else was first.
    No,
    /// It is marked as ended, and that is all.
    Ended,
    /// It is marked as ended, and this is the next attempt.
    Again(Box<cron_runs::Model>),
}

async fn take_over(transaction: &Transaction, orphan: &Orphan) -> Result<Adopted> {
    let Orphan { run, key, job, starter } = orphan;
    let rows = repo::jobs_to_change(transaction, std::slice::from_ref(key)).await?;
    if !repo::abort(transaction, run, starter.now, "The server ended during the run.").await? {
        return Ok(Adopted::No);
    }
    let trigger = Trigger::from_database(&run.trigger).unwrap_or(Trigger::Schedule);
    let may_run = |job: &JobDefinition| {
        let row = rows.get(key);
        trigger == Trigger::Manual || row.is_some_and(|row| !job.is_paused(row.paused))
    };
    if run.attempt >= ATTEMPTS || !job.as_deref().is_some_and(may_run) {
        return Ok(Adopted::Ended);
    }
    let due = Timestamp::from_millis(run.due_at);
    let again = starter.run(key, due, run.attempt + 1, trigger, Outcome::Running);
    let added = repo::add_runs(transaction, std::slice::from_ref(&again)).await?;
    Ok(if added.contains(&again.id) { Adopted::Again(Box::new(again)) } else { Adopted::Ended })
}

/// Whether so many seconds have passed, in whichever direction the clock went.
fn has_passed(last: Option<Timestamp>, now: Timestamp, seconds: i64) -> bool {
    last.is_none_or(|last| now.millis().saturating_sub(last.millis()).saturating_abs() >= seconds * 1000)
}

fn is_far_ahead(until: Timestamp, now: Timestamp) -> bool {
    until > now.plus_seconds(2 * LEASE)
}

/// Whether nobody is left who knows the job of this run and would go on with it.
fn is_long_gone(run: &cron_runs::Model, now: Timestamp) -> bool {
    let until = run.lease_until.map(Timestamp::from_millis);
    until.is_none_or(|until| until.plus_seconds(LEFT_TO_OTHERS) < now || is_far_ahead(until, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn run(holder: Uuid, lease_until: i64) -> cron_runs::Model {
        let starter = Starter { holder, now: at(lease_until - LEASE) };
        let key = JobKey::new("site", "job");
        starter.run(&key, at(0), 1, Trigger::Schedule, Outcome::Running)
    }

    #[test]
    fn a_lease_that_does_not_change_is_given_up() {
        let (other, mut leases) = (Uuid::now_v7(), Leases::default());
        let mut over = run(other, 100);
        let mut seen =
            |run: &cron_runs::Model, now| leases.orphans(vec![run.clone()], at(now), |_| None).len();
        assert_eq!(seen(&over, 100), 0);
        assert_eq!([101, 103, 105, 107].map(|now| seen(&over, now)), [0, 0, 0, 1]);
        // The clock jumped forward, and its holder has renewed it since.
        assert_eq!(seen(&over, 200), 1);
        over.lease_until = Some(at(205).millis());
        assert_eq!(seen(&over, 201), 0);
        assert_eq!([206, 208, 210, 212].map(|now| seen(&over, now)), [0, 0, 0, 1]);
        // The clock went back: whoever lives renews it by the new time.
        over.lease_until = Some(at(300).millis());
        let far: Vec<usize> = [10, 12, 14, 16, 18].map(|now| seen(&over, now)).into();
        assert_eq!(far, [0, 0, 0, 0, 1]);
    }

    #[test]
    fn a_clock_that_is_ahead_takes_nothing_from_the_living() {
        let (other, mut leases) = (Uuid::now_v7(), Leases::default());
        let mut live = run(other, 10);
        for second in 0..60 {
            if second % RENEW_EVERY == 0 {
                live.lease_until = Some(at(second + LEASE).millis());
            }
            if second % LOOK_EVERY == 0 {
                // Here it is a minute later.
                assert!(leases.orphans(vec![live.clone()], at(second + 60), |_| None).is_empty(), "{second}");
            }
        }
    }

    #[test]
    fn a_process_knows_its_own_runs() {
        let (own, mut leases) = (Uuid::now_v7(), Leases::default());
        let mine = run(own, 100);
        let mut seen = |lost| leases.orphans(vec![mine.clone()], at(95), |_| Some(lost)).len();
        assert_eq!((seen(false), seen(false)), (0, 0));
        assert_eq!([true; 4].map(&mut seen), [0, 0, 0, 1], "nobody knows how it was claimed");
    }

    #[test]
    fn time_passes_in_both_directions() {
        assert!(has_passed(None, at(0), 3));
        assert!(!has_passed(Some(at(10)), at(12), 3) && has_passed(Some(at(10)), at(13), 3));
        assert!(!has_passed(Some(at(10)), at(8), 3) && has_passed(Some(at(10)), at(7), 3));
    }
}
