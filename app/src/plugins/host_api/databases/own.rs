//! One plugin's database as its hooks see it.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use fleuron_plugin_host::ports::{
    DatabaseAccess, DatabaseError, DatabaseTransaction, PluginDatabase, Rows, Statement, StatementKind,
};
use tokio::sync::Semaphore;

use super::{
    DatabaseLimits,
    error::{denied, failed},
    key_values,
    pool::{Lease, Pool},
    session::{Role, Session, Source},
    statement::{Place, Ran},
};

/// Connections that read, at most. A plugin's calls rarely read at once for longer than a moment.
const READERS: usize = 2;
/// How long the end of a transaction may take, checkpoint included.
const END: Duration = Duration::from_secs(5);

/// Bytes that may be written before they are in the file, at least.
const LEAST_LOG: u64 = 8 * 1024 * 1024;

const NOT_GRANTED: &str = "not granted: the manifest does not ask for `database` (`own` for own tables, `read:posts` and so on for the site)";

/// A plugin's database within what it was granted. Nothing is open before its first use.
pub(super) struct OwnDatabase {
    access: DatabaseAccess,
    limits: DatabaseLimits,
    /// The file that changes are written to first.
    log: PathBuf,
    writer: Arc<Pool>,
    readers: Arc<Pool>,
    /// Where the statements of a plugin without tables of its own run.
    views: Arc<Pool>,
}

impl OwnDatabase {
    /// `writer` is the file's one slot for writing.
    pub(super) fn new(source: Source, writer: Arc<Semaphore>) -> Self {
        let (access, limits) = (source.access.clone(), source.limits);
        let mut log = source.path.clone().into_os_string();
        log.push("-wal");
        let source = Arc::new(source);
        let pool = |role, slots| Pool::new(Arc::clone(&source), role, slots);
        Self {
            access,
            limits,
            log: log.into(),
            writer: pool(Role::Writer, writer),
            readers: pool(Role::Reader, Arc::new(Semaphore::new(READERS))),
            views: pool(Role::Views, Arc::new(Semaphore::new(READERS))),
        }
    }

    /// Waits for the connection that writes, at most until `until`. Where much was written that readers kept from being
    /// moved into the file, readers wait until it is.
    async fn lease_writer(&self, until: Instant) -> Result<Lease, DatabaseError> {
        let lease = self.writer.lease(until).await?;
        if !self.is_log_large() {
            return Ok(lease);
        }
        let _nobody_reads = self.readers.hold_all(until).await?;
        let (lease, outcome) = lease.work(until, |session| session.checkpoint()).await?;
        outcome?;
        Ok(lease)
    }

    /// Whether the file that changes are written to first is large: the quota does not count it.
    fn is_log_large(&self) -> bool {
        let allowed = (self.limits.file_bytes / 4).max(LEAST_LOG);
        std::fs::metadata(&self.log).is_ok_and(|log| log.len() > allowed)
    }

    async fn run_in(
        &self,
        pool: &Arc<Pool>,
        place: Place,
        statement: Arc<Statement>,
        until: Instant,
    ) -> Result<Ran, DatabaseError> {
        let limits = self.limits;
        let lease = match place {
            Place::Alone => self.lease_writer(until).await?,
            Place::Reader | Place::Transaction => pool.lease(until).await?,
        };
        let (_, outcome) = lease.work(until, move |session| session.run(&statement, place, &limits)).await?;
        outcome
    }

    /// Runs a statement of a plugin without tables of its own.
    async fn run_on_views(&self, statement: Statement, until: Instant) -> Result<Rows, DatabaseError> {
        if !self.access.is_any() {
            return Err(denied(NOT_GRANTED));
        }
        match self.run_in(&self.views, Place::Reader, Arc::new(statement), until).await? {
            Ran::Rows(rows) => Ok(rows),
            Ran::NeedsWriter => Err(denied("not granted: to change anything needs the permission `own`")),
        }
    }
}

#[async_trait]
impl PluginDatabase for SharedDatabase {
    async fn run(&self, statement: Statement, until: Instant) -> Result<Rows, DatabaseError> {
        let database = &self.0;
        if !database.access.own_tables {
            return database.run_on_views(statement, until).await;
        }
        let statement = Arc::new(statement);
        if statement.kind == StatementKind::Query {
            let ran =
                database.run_in(&database.readers, Place::Reader, Arc::clone(&statement), until).await?;
            if let Ran::Rows(rows) = ran {
                return Ok(rows);
            }
        }
        expect_rows(database.run_in(&database.writer, Place::Alone, statement, until).await?)
    }

    async fn begin(&self, until: Instant) -> Result<Box<dyn DatabaseTransaction>, DatabaseError> {
        let lease = self.0.lease_writer(until).await?;
        let (lease, outcome) = lease.work(until, |session| session.begin()).await?;
        outcome?;
        Ok(Box::new(OpenTransaction { database: Arc::clone(&self.0), state: State::Open(lease) }))
    }

    async fn get(&self, key: &str, until: Instant) -> Result<Option<String>, DatabaseError> {
        key_values::check(key, "", &self.0.limits)?;
        let key = key.to_owned();
        let lease = self.0.readers.lease(until).await?;
        let (_, outcome) = lease.work(until, move |session| session.get(&key)).await?;
        outcome
    }

    async fn set(&self, key: &str, value: &str, until: Instant) -> Result<(), DatabaseError> {
        key_values::check(key, value, &self.0.limits)?;
        let (key, value) = (key.to_owned(), value.to_owned());
        let lease = self.0.lease_writer(until).await?;
        let (_, outcome) = lease.work(until, move |session| session.set(&key, &value)).await?;
        outcome
    }
}

/// An [`OwnDatabase`] that its transactions share.
pub(super) struct SharedDatabase(pub(super) Arc<OwnDatabase>);

fn expect_rows(ran: Ran) -> Result<Rows, DatabaseError> {
    match ran {
        Ran::Rows(rows) => Ok(rows),
        Ran::NeedsWriter => Err(failed("the plugin's database failed: no connection can write")),
    }
}

/// A transaction that holds the one connection that writes. Dropped, it gives it back, which rolls back.
struct OpenTransaction {
    database: Arc<OwnDatabase>,
    state: State,
}

enum State {
    Open(Lease),
    /// A call on it is under way, or was given up.
    Away,
    /// SQLite itself rolled it back.
    RolledBack(String),
}

impl OpenTransaction {
    /// Takes the connection; it is put back when the work on it has ended well enough.
    fn take(&mut self) -> Result<Lease, DatabaseError> {
        match std::mem::replace(&mut self.state, State::Away) {
            State::Open(lease) => Ok(lease),
            State::Away => {
                Err(failed("the transaction was rolled back: a statement of it did not end in time"))
            }
            State::RolledBack(reason) => {
                let error = failed(format!("the transaction was rolled back: {reason}"));
                self.state = State::RolledBack(reason);
                Err(error)
            }
        }
    }

    async fn work<T: Send + 'static>(
        &mut self,
        until: Instant,
        work: impl FnOnce(&Session) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        let lease = self.take()?;
        let (lease, (outcome, is_over)) = match lease
            .work(until, move |session| {
                let outcome = work(session);
                Ok((outcome, session.is_at_rest() || session.is_broken()))
            })
            .await?
        {
            (lease, Ok(done)) => (lease, done),
            (lease, Err(error)) => {
                self.state = State::Open(lease);
                return Err(error);
            }
        };
        match outcome {
            Err(mut error) if is_over => {
                self.state = State::RolledBack(error.message.clone());
                error.message.push_str("; the transaction was rolled back");
                Err(error)
            }
            outcome => {
                self.state = State::Open(lease);
                outcome
            }
        }
    }
}

#[async_trait]
impl DatabaseTransaction for OpenTransaction {
    async fn run(&mut self, statement: Statement, until: Instant) -> Result<Rows, DatabaseError> {
        if !self.database.access.own_tables {
            return self.database.run_on_views(statement, until).await;
        }
        let limits = self.database.limits;
        let ran =
            self.work(until, move |session| session.run(&statement, Place::Transaction, &limits)).await?;
        expect_rows(ran)
    }

    async fn get(&mut self, key: &str, until: Instant) -> Result<Option<String>, DatabaseError> {
        key_values::check(key, "", &self.database.limits)?;
        let key = key.to_owned();
        self.work(until, move |session| session.get(&key)).await
    }

    async fn set(&mut self, key: &str, value: &str, until: Instant) -> Result<(), DatabaseError> {
        key_values::check(key, value, &self.database.limits)?;
        let (key, value) = (key.to_owned(), value.to_owned());
        self.work(until, move |session| session.set(&key, &value)).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), DatabaseError> {
        self.take()?.finish(Instant::now() + END, |session| session.commit()).await
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), DatabaseError> {
        match std::mem::replace(&mut self.state, State::Away) {
            State::Open(lease) => lease.finish(Instant::now() + END, |session| session.roll_back()).await,
            // It is being rolled back, or has been.
            State::Away | State::RolledBack(_) => Ok(()),
        }
    }
}
