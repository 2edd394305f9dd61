//! What happens at each tick: the timetable is kept in line with the plugins and the database, leases are kept, and
//! what is due is started. The time is asked of the clock port alone.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::{
    claims::{self, Claim, Decision, Starter},
    ends::{Collector, Message},
    job::{JobDefinition, JobKey, Outcome, Timing},
    leases::Leases,
    metrics::CronMetrics,
    plugin_jobs::PluginJobs,
    repo,
    service::CronParts,
    slots::Slots,
    timetable::Timetable,
};
use crate::{
    clock::{Clock, Timestamp},
    database::Database,
    entities::cron_jobs,
    error::Result,
};

/// What a wait for a due time takes at least, whatever the clock shows, and at most: the scheduler gives no ticks for
/// as long as the clock was put back.
const SHORTEST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What starts jobs in this process.
pub(super) struct Engine {
    pub(super) database: Database,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) plugins: Option<PluginJobs>,
    pub(super) metrics: CronMetrics,
    /// This process, in the rows of its runs.
    pub(super) holder: Uuid,
    pub(super) shared: Arc<Shared>,
    pub(super) slots: Slots,
    pub(super) ends: mpsc::UnboundedSender<Message>,
    builtin: Vec<Arc<JobDefinition>>,
    ticking: tokio::sync::Mutex<Ticking>,
    is_stopping: AtomicBool,
    is_abandoned: AtomicBool,
}

/// What runs and their ends share with the ticks.
#[derive(Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Something may be due now.
    pub(super) wake: Notify,
    /// Something has ended.
    pub(super) ended: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) timetable: Timetable,
    /// The runs of this process whose end is not written yet.
    pub(super) known: HashSet<Uuid>,
    /// The jobs that every process starts by itself and that are at work here.
    pub(super) local: HashSet<JobKey>,
    /// Until when such a job is left alone, after a failure or while it is paused.
    pub(super) held_back: HashMap<JobKey, Timestamp>,
    /// When a run of such a job last left a row for what it did.
    pub(super) told: HashMap<JobKey, Timestamp>,
    /// Whether jobs may be due at another time by now of which the data say when.
    pub(super) look_again: bool,
    /// Whether this process has left a run to whoever comes next.
    pub(super) has_left_behind: bool,
}

/// What only the tick that is under way knows.
#[derive(Default)]
struct Ticking {
    /// The plugins that the timetable is made for.
    synced: Option<u64>,
    /// The content that was last looked at for due times.
    content: Option<u64>,
    /// When the tick before was.
    last: Option<Timestamp>,
    leases: Leases,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// An engine that does nothing before it is ticked. Ends of runs are written from now on.
    pub(super) fn start(parts: CronParts) -> Arc<Self> {
        let CronParts { database, clock, plugins, limits, metrics, builtin } = parts;
        let (ends, received) = mpsc::unbounded_channel();
        let (shared, holder) = (Arc::<Shared>::default(), Uuid::now_v7());
        let collector = Collector {
            database: database.clone(),
            clock: Arc::clone(&clock),
            shared: Arc::clone(&shared),
            holder,
        };
        tokio::spawn(collector.run(received));
        Arc::new(Self {
            database,
            clock,
            plugins: plugins.map(|(hooks, logs)| PluginJobs::new(hooks, logs, limits)),
            metrics,
            holder,
            shared,
            slots: Slots::default(),
            ends,
            builtin: builtin.into_iter().map(Arc::new).collect(),
            ticking: tokio::sync::Mutex::default(),
            is_stopping: AtomicBool::new(false),
            is_abandoned: AtomicBool::new(false),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    pub(super) fn starter(&self, now: Timestamp) -> Starter {
        Starter { holder: self.holder, now }
    }

    /// Starts what is due, and sees to everything else whose time has come. What fails keeps nothing else from being
    /// done, least of all the leases from being kept.
    pub(super) async fn tick(self: &Arc<Self>) -> Result<()> {
        let mut ticking = self.ticking.lock().await;
        if self.is_stopping() {
            return Ok(());
        }
        let now = self.clock.now();
        if ticking.last.is_some_and(|last| now < last) {
            // The clock was put back: everything is due again at the next time by the clock.
            tracing::warn!(%now, "the clock went back; jobs are scheduled anew");
            ticking.synced = None;
            ticking.leases.renew_at_once();
        }
        ticking.last = Some(now);
        let kept = self.keep(&mut ticking.leases, now).await;
        if let Err(error) = self.sync(&mut ticking, now).await {
            tracing::error!(%error, "changed jobs cannot be scheduled; those of before go on");
        }
        let looked = self.look(&mut ticking).await;
        let taken_over = self.take_over(&mut ticking.leases, now).await;
        let started = self.start_due(now).await;
        kept.and(looked).and(taken_over).and(started)
    }

    /// Makes sure that the jobs of all plugins that are loaded are known.
    pub(super) async fn ready(&self) -> Result<()> {
        let mut ticking = self.ticking.lock().await;
        self.sync(&mut ticking, self.clock.now()).await
    }

    /// How long until something is due that was not yet at this moment, where that is soon.
    pub(super) fn wait(&self, since: Timestamp) -> Duration {
        let Some(next) = self.state().timetable.first_after(since) else { return LONGEST_WAIT };
        let ahead = next.millis().saturating_sub(self.clock.now().millis()).max(0);
        Duration::from_millis(ahead.unsigned_abs()).clamp(SHORTEST_WAIT, LONGEST_WAIT)
    }

    /// Lets nothing start any more.
    pub(super) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Has what has not begun yet never begin here: it is left to whoever comes next.
    pub(super) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::Release);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    /// Brings the timetable in line with the plugins that are loaded and with what the database says of their jobs.
    async fn sync(&self, ticking: &mut Ticking, now: Timestamp) -> Result<()> {
        let generation = self.plugins.as_ref().map_or(0, PluginJobs::generation);
        if ticking.synced == Some(generation) {
            return Ok(());
        }
        let of_plugins = self.plugins.as_ref().map(PluginJobs::definitions).unwrap_or_default();
        let jobs: Vec<Arc<JobDefinition>> =
            self.builtin.iter().cloned().chain(of_plugins.into_iter().map(Arc::new)).collect();
        let mut rows = repo::all_jobs(self.database.reader()).await?;
        let (mut planned, mut changed) = (Vec::with_capacity(jobs.len()), Vec::new());
        for job in jobs {
            let row = rows.remove(&job.key);
            let plan = plan(&job, row.as_ref(), now);
            changed.extend(plan.save);
            planned.push((job, plan.next));
        }
        if !changed.is_empty() {
            self.database
                .write(changed, |transaction, rows| {
                    Box::pin(async move { Ok(repo::save_schedules(transaction, rows).await?) })
                })
                .await?;
        }
        self.metrics.has_jobs(planned.len());
        self.state().timetable.replace(planned);
        ticking.synced = Some(generation);
        ticking.content = None;
        Ok(())
    }

    /// Asks the data when jobs are due that depend on them, if they may have changed.
    async fn look(&self, ticking: &mut Ticking) -> Result<()> {
        let content = self.database.changes().content();
        let again = std::mem::take(&mut self.state().look_again);
        if ticking.content == Some(content) && !again {
            return Ok(());
        }
        // Until all have been asked, a failure has them asked again.
        ticking.content = None;
        for job in &self.builtin {
            if let Timing::Data(look) = &job.timing {
                let next = look().await?;
                self.state().timetable.set_next(&job.key, next);
            }
        }
        ticking.content = Some(content);
        Ok(())
    }

    async fn start_due(self: &Arc<Self>, now: Timestamp) -> Result<()> {
        let due = self.state().timetable.due(now);
        if due.is_empty() {
            return Ok(());
        }
        let (local, claimed): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|(job, _)| job.starts_everywhere());
        for (job, due) in local {
            self.start_local(job, due, now);
        }
        let claimed: Vec<Arc<JobDefinition>> = claimed.into_iter().map(|(job, _)| job).collect();
        for jobs in claimed.chunks(repo::AT_ONCE) {
            // The chunks before took a while; rows tell of the start, and leases count from it.
            let now = self.clock.now();
            let jobs = self.still_due(jobs, now).await?;
            if !jobs.is_empty() {
                self.claim(jobs, now).await?;
            }
        }
        Ok(())
    }

    /// Those that are not paused, and that no other process has started, as far as a look shows: it spares the others a
    /// transaction.
    async fn still_due(
        &self,
        jobs: &[Arc<JobDefinition>],
        now: Timestamp,
    ) -> Result<Vec<Arc<JobDefinition>>> {
        let keys: Vec<JobKey> = jobs.iter().map(|job| job.key.clone()).collect();
        let rows = repo::jobs(self.database.reader(), &keys).await?;
        let mut state = self.state();
        let mut still = Vec::with_capacity(jobs.len());
        for job in jobs {
            match claims::decide(job, rows.get(&job.key), None, now) {
                Decision::Wait(next) => state.timetable.set_next(&job.key, next),
                Decision::Stay | Decision::Take { .. } => still.push(Arc::clone(job)),
            }
        }
        Ok(still)
    }

    async fn claim(self: &Arc<Self>, jobs: Vec<Arc<JobDefinition>>, now: Timestamp) -> Result<()> {
        let input = (jobs, self.starter(now));
        let claims = self
            .database
            .write(input, |transaction, (jobs, starter)| Box::pin(claims::claim(transaction, jobs, *starter)))
            .await?;
        for Claim { job, next, run } in claims {
            if let Some(next) = next {
                self.state().timetable.set_next(&job.key, next);
            }
            let Some(run) = run else { continue };
            match Outcome::from_database(&run.outcome) {
                Some(Outcome::Running) => self.start_run(job, run),
                Some(outcome) => {
                    tracing::warn!(job = %job.key, outcome = outcome.as_str(), "a run is left out");
                    self.metrics.ended(&job.key.owner, outcome);
                }
                None => {}
            }
        }
        Ok(())
    }
}

/// How a job goes on.
struct Plan {
    next: Option<Timestamp>,
    /// Its row, where the database has another one.
    save: Option<cron_jobs::Model>,
}

/// A job goes on where its row says, and from now on where it is new, was scheduled otherwise or waited. No due time is
/// further ahead than the next one by the clock, whatever the clock showed before.
fn plan(job: &JobDefinition, row: Option<&cron_jobs::Model>, now: Timestamp) -> Plan {
    let by_clock = job.next_after(now);
    let same = row.filter(|row| row.expression == job.expression() && row.time_zone == job.zone());
    let known = same.and_then(|row| row.next_due).map(Timestamp::from_millis);
    let next = match (known, by_clock) {
        (Some(known), Some(by_clock)) => Some(known.min(by_clock)),
        (known, by_clock) => known.or(by_clock),
    };
    let waits = job.starts_everywhere() || job.is_paused(row.and_then(|row| row.paused));
    let kept = if waits { None } else { next.map(Timestamp::millis) };
    let save = same.is_none_or(|row| row.next_due != kept).then(|| cron_jobs::Model {
        owner: job.key.owner.to_string(),
        job_type: job.key.job_type.to_string(),
        expression: job.expression().to_owned(),
        time_zone: job.zone().to_owned(),
        next_due: kept,
        paused: row.and_then(|row| row.paused),
        updated_at: now.millis(),
    });
    // Whether a job that waits still does is looked at when it would be due.
    Plan { next: if waits { by_clock } else { next }, save }
}

#[cfg(test)]
mod tests {
    use super::super::testing::idle_job;
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(&format!("2026-03-01T{text}Z")).unwrap()
    }

    #[test]
    fn plans() {
        let job = idle_job("job", "0 * * * *");
        let now = at("12:30:00");
        let new = plan(&job, None, now);
        assert_eq!(new.next, Some(at("13:00:00")));
        let row = new.save.unwrap();
        assert_eq!((row.next_due, row.paused), (Some(at("13:00:00").millis()), None));
        let planned = |change: &dyn Fn(&mut cron_jobs::Model)| {
            let mut row = row.clone();
            change(&mut row);
            let plan = plan(&job, Some(&row), now);
            (plan.next, plan.save.map(|row| row.next_due))
        };
        assert_eq!(planned(&|_| {}), (Some(at("13:00:00")), None));
        // It was due while nobody looked.
        let missed = at("09:00:00");
        assert_eq!(planned(&|row| row.next_due = Some(missed.millis())), (Some(missed), None));
        let from_now = (Some(at("13:00:00")), Some(Some(at("13:00:00").millis())));
        assert_eq!(planned(&|row| row.next_due = None), from_now);
        assert_eq!(
            planned(&|row| row.next_due = Some(at("19:00:00").millis())),
            from_now,
            "the clock went back"
        );
        let changed = |row: &mut cron_jobs::Model| {
            row.expression = "0 9 * * *".to_owned();
            row.next_due = Some(missed.millis());
        };
        assert_eq!(planned(&changed), from_now);
        let paused = |row: &mut cron_jobs::Model| row.paused = Some(true);
        assert_eq!(planned(&paused), (Some(at("13:00:00")), Some(None)));
    }
}
