//! The writer seam. Services hand over a piece of work; how it is committed is decided here.
//!
//! SQLite has one writer anyway, and a durable COMMIT costs milliseconds. So one task owns the one writing connection:
//! it opens a transaction, gives each waiting piece of work a savepoint in it, and commits them all at once. While the
//! disk is busy with one COMMIT the next batch gathers; a lone client never waits for company. PostgreSQL runs each
//! piece in a transaction of its own.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration, time::Instant};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait,
};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot};

use super::{Changes, Transaction, is_unique_violation};
use crate::error::{ApiError, ErrorCode, Result};

/// What the work of [`super::Database::write`] returns.
pub type WriteFuture<'a, T> = BoxFuture<'a, Result<T>>;

/// While it lives, no COMMIT happens.
pub struct CommitHold {
    _guard: OwnedMutexGuard<()>,
}

/// How many pieces of work share one COMMIT at most, and for how long they gather at most.
const BATCH: usize = 512;
const GATHER: Duration = Duration::from_millis(25);
const QUEUE: usize = 4096;
/// How often a piece of work is tried when it loses a race.
const TRIES: u32 = 6;

pub(super) struct Writer {
    connection: DatabaseConnection,
    queue: Option<mpsc::Sender<Message>>,
    gate: Arc<Mutex<()>>,
    changes: Changes,
}

enum Message {
    Work(Box<dyn Job>),
    Stop(oneshot::Sender<()>),
}

impl Writer {
    pub(super) fn start(connection: DatabaseConnection, changes: Changes) -> Self {
        let gate = Arc::new(Mutex::new(()));
        let queue = (connection.get_database_backend() == DbBackend::Sqlite).then(|| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            tokio::spawn(run(connection.clone(), receiver, Arc::clone(&gate)));
            sender
        });
        Self { connection, queue, gate, changes }
    }

    pub(super) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    pub(super) async fn hold_commits(&self) -> CommitHold {
        CommitHold { _guard: Arc::clone(&self.gate).lock_owned().await }
    }

    pub(super) async fn stop(&self) {
        if let Some(queue) = &self.queue {
            let (sender, stopped) = oneshot::channel();
            if queue.send(Message::Stop(sender)).await.is_ok() {
                let _ = stopped.await;
            }
        }
    }

    pub(super) async fn write<I, T, F>(&self, input: I, work: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Transaction, &'a I) -> WriteFuture<'a, T> + Send + Sync + 'static,
    {
        match &self.queue {
            Some(queue) => {
                let (answer, answered) = oneshot::channel();
                let job = TypedJob { input, work, outcome: None, answer };
                queue.send(Message::Work(Box::new(job))).await.map_err(|_gone| stopping())?;
                answered.await.map_err(|_gone| stopping())?
            }
            None => self.write_alone(&input, &work).await,
        }
    }

    async fn write_alone<I, T, F>(&self, input: &I, work: &F) -> Result<T>
    where
        I: Send + Sync,
        T: Send,
        F: for<'a> Fn(&'a Transaction, &'a I) -> WriteFuture<'a, T> + Send + Sync,
    {
        let mut tries = 0;
        loop {
            tries += 1;
            let transaction = self.connection.begin().await?;
            let outcome = work(&transaction, input).await;
            let error = match outcome {
                Ok(value) => match self.commit_and_notify(transaction).await {
                    Ok(()) => return Ok(value),
                    Err(error) => ApiError::from(error),
                },
                Err(error) => {
                    let _ = transaction.rollback().await;
                    error
                }
            };
            if tries >= TRIES || !is_lost_race(&error) {
                return Err(error);
            }
        }
    }

    async fn commit_and_notify(&self, transaction: Transaction) -> Result<(), DbErr> {
        transaction.execute_raw(self.changes.notification()).await?;
        let _open = self.gate.lock().await;
        transaction.commit().await
    }
}

/// A race that another try may win: PostgreSQL's serialisation failures, deadlocks, and a unique value that somebody
/// else took between the look and the insert.
fn is_lost_race(error: &ApiError) -> bool {
    let Some(error) = error.database_cause() else { return false };
    if is_unique_violation(error) {
        return true;
    }
    let text = error.to_string();
    text.contains("40001")
        || text.contains("40P01")
        || text.contains("deadlock")
        || text.contains("serialize")
}

fn stopping() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "The server is stopping. Try again shortly.").retry_after(2)
}

/// A piece of work with its types taken off, so that one queue serves all.
trait Job: Send {
    fn run<'a>(&'a mut self, transaction: &'a Transaction) -> BoxFuture<'a, bool>;
    fn answer(self: Box<Self>, committed: Result<(), ApiError>);
}

struct TypedJob<I, T, F> {
    input: I,
    work: F,
    outcome: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<I, T, F> Job for TypedJob<I, T, F>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'a> Fn(&'a Transaction, &'a I) -> WriteFuture<'a, T> + Send + Sync,
{
    fn run<'a>(&'a mut self, transaction: &'a Transaction) -> BoxFuture<'a, bool> {
        async move {
            let work = AssertUnwindSafe((self.work)(transaction, &self.input)).catch_unwind();
            let outcome = work.await.unwrap_or_else(|_panic| Err(ApiError::internal("a write panicked")));
            let succeeded = outcome.is_ok();
            self.outcome = Some(outcome);
            succeeded
        }
        .boxed()
    }

    fn answer(self: Box<Self>, committed: Result<(), ApiError>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (_, Err(error)) => Err(error),
            (None, Ok(())) => Err(ApiError::internal("a write was never run")),
        };
        // The client may have gone; the change stands all the same.
        let _ = self.answer.send(outcome);
    }
}

async fn run(connection: DatabaseConnection, mut queue: mpsc::Receiver<Message>, gate: Arc<Mutex<()>>) {
    while let Some(message) = queue.recv().await {
        match message {
            Message::Work(first) => {
                if let Some(stop) = batch(&connection, first, &mut queue, &gate).await {
                    let _ = stop.send(());
                    return;
                }
            }
            Message::Stop(stop) => {
                let _ = stop.send(());
                return;
            }
        }
    }
}

/// Runs `first` and whatever waits behind it in one transaction. Returns the request to stop, if one came along.
async fn batch(
    connection: &DatabaseConnection,
    first: Box<dyn Job>,
    queue: &mut mpsc::Receiver<Message>,
    gate: &Mutex<()>,
) -> Option<oneshot::Sender<()>> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..Default::default()
    };
    let transaction = match connection.begin_with_options(options).await {
        Ok(transaction) => transaction,
        Err(error) => {
            first.answer(Err(busy(error)));
            return None;
        }
    };
    // The first needs no savepoint: should it fail, nothing else is in the transaction yet.
    let mut first = first;
    if !first.run(&transaction).await {
        let rolled_back = transaction.rollback().await;
        first.answer(rolled_back.map_err(ApiError::from));
        return None;
    }
    let started = Instant::now();
    let mut done = vec![first];
    let mut stop = None;
    while done.len() < BATCH && started.elapsed() < GATHER && stop.is_none() {
        match queue.try_recv() {
            Ok(Message::Work(mut job)) => {
                let outcome = in_savepoint(&transaction, job.as_mut()).await;
                done.push(job);
                if let Err(error) = outcome {
                    // A full disk, say, may have rolled back the whole transaction: nothing of this batch stands.
                    let _ = transaction.rollback().await;
                    let words = error.to_string();
                    for job in done {
                        job.answer(Err(busy(DbErr::Custom(words.clone()))));
                    }
                    return stop;
                }
            }
            Ok(Message::Stop(sender)) => stop = Some(sender),
            Err(_) => break,
        }
    }
    let committed = {
        let _open = gate.lock().await;
        transaction.commit().await
    };
    for job in done {
        job.answer(committed.as_ref().map_err(|error| busy(DbErr::Custom(error.to_string()))).copied());
    }
    stop
}

async fn in_savepoint(transaction: &Transaction, job: &mut dyn Job) -> Result<(), DbErr> {
    let savepoint = transaction.begin().await?;
    if job.run(&savepoint).await { savepoint.commit().await } else { savepoint.rollback().await }
}

fn busy(error: DbErr) -> ApiError {
    ApiError::new(
        ErrorCode::Unavailable,
        "The database could not take the change. Nothing was written; try again.",
    )
    .retry_after(1)
    .caused_by(error)
}
