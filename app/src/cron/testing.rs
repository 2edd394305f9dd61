//! What the unit tests of scheduled work share: a database of its own, a clock that is turned by hand, and jobs that
//! tell when they ran.

use std::sync::{Arc, Mutex, PoisonError};

use fleuron_plugin_host::HostConfig;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, QueryOrder, Statement,
};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::{
    CronMetrics, CronParts, CronService,
    engine::Engine,
    job::{JobDefinition, Outcome, work},
};
use crate::{
    clock::{ManualClock, Timestamp},
    config::DatabaseConfig,
    database::Database,
    entities::cron_runs,
};

/// A job that does nothing.
pub(super) fn idle_job(job_type: &str, expression: &str) -> JobDefinition {
    let nothing = work(|_now| async { Ok(String::new()) });
    JobDefinition::builtin(job_type, job_type, expression, nothing).unwrap()
}

/// A moment of 2026-03-01.
pub(super) fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-03-01T{time}Z")).unwrap()
}

/// When jobs ran.
#[derive(Clone, Default)]
pub(super) struct Log(Arc<Mutex<Vec<Timestamp>>>);

impl Log {
    /// A job that notes when it runs.
    pub(super) fn job(&self, job_type: &str, expression: &str) -> JobDefinition {
        let log = self.clone();
        let noting = work(move |now| {
            let log = log.clone();
            async move {
                log.note(now);
                Ok("Noted.".to_owned())
            }
        });
        JobDefinition::builtin(job_type, job_type, expression, noting).unwrap()
    }

    /// A job that notes when it runs, and ends when the gate has a permit.
    pub(super) fn gated(&self, job_type: &str, expression: &str, gate: &Arc<Semaphore>) -> JobDefinition {
        let (log, gate) = (self.clone(), Arc::clone(gate));
        let waiting = work(move |now| {
            let (log, gate) = (log.clone(), Arc::clone(&gate));
            async move {
                log.note(now);
                gate.acquire().await.unwrap().forget();
                Ok(String::new())
            }
        });
        JobDefinition::builtin(job_type, job_type, expression, waiting).unwrap()
    }

    pub(super) fn note(&self, now: Timestamp) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(now);
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// A database and a clock for any number of processes.
pub(super) struct Site {
    pub(super) database: Database,
    pub(super) clock: ManualClock,
    folder: TempDir,
}

impl Site {
    /// A site whose clock shows this time.
    pub(super) async fn at(time: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, clock: ManualClock::at(at(time)), folder }
    }

    /// A process with these jobs, which has ticked once.
    pub(super) async fn process(&self, jobs: Vec<JobDefinition>) -> CronService {
        let service = CronService::new(CronParts {
            database: self.database.clone(),
            clock: Arc::new(self.clock.clone()),
            plugins: None,
            limits: HostConfig::default(),
            metrics: CronMetrics::default(),
            builtin: jobs,
        });
        service.engine().tick().await.unwrap();
        service
    }

    /// A connection for [`version`].
    pub(super) async fn onlooker(&self) -> DatabaseConnection {
        let file = self.folder.path().join("site.sqlite");
        let mut options = ConnectOptions::new(format!("sqlite://{}", file.display()));
        options.max_connections(1).min_connections(1);
        sea_orm::Database::connect(options).await.unwrap()
    }

    /// Changes the database by a statement.
    pub(super) async fn change(&self, sql: &'static str) {
        let changed = self.database.write(sql, |transaction, sql| {
            Box::pin(async move { Ok(transaction.execute_unprepared(sql).await?) })
        });
        changed.await.unwrap();
    }

    /// All runs by due time and attempt.
    pub(super) async fn runs(&self) -> Vec<cron_runs::Model> {
        cron_runs::Entity::find()
            .order_by_asc(cron_runs::Column::DueAt)
            .order_by_asc(cron_runs::Column::Attempt)
            .all(self.database.reader())
            .await
            .unwrap()
    }

    /// All runs: when they were due, why they started, which attempt they are, and how they ended.
    pub(super) async fn told(&self) -> Vec<(Timestamp, String, i32, Outcome)> {
        let told = |run: cron_runs::Model| {
            let outcome = Outcome::from_database(&run.outcome).unwrap();
            (Timestamp::from_millis(run.due_at), run.trigger, run.attempt, outcome)
        };
        self.runs().await.into_iter().map(told).collect()
    }

    /// Turns the clock to this time, has the process tick, and waits for what it started.
    pub(super) async fn tick_at(&self, time: &str, service: &CronService) {
        self.clock.set(at(time));
        let engine: Arc<Engine> = service.engine();
        engine.tick().await.unwrap();
        engine.settle().await;
    }
}

/// A number that is another one whenever somebody else wrote to the database.
pub(super) async fn version(onlooker: &DatabaseConnection) -> i64 {
    let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA data_version");
    onlooker.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
}
