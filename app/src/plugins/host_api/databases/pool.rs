//! The few connections that a plugin has at a time.
//!
//! SQLite blocks the thread it runs on, so a connection travels to one of the threads for plugins' SQL for each piece of
//! work and comes back with the outcome. Whoever goes away meanwhile leaves the connection to itself: it ends the work, undoes what is
//! unfinished and returns.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use fleuron_plugin_host::ports::DatabaseError;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout_at,
};

use super::{
    deadline::Caller,
    error::{failed, time_is_over, waited_too_long},
    session::{Role, Session, Source},
    workers::Workers,
};

/// How long a connection may idle before it is closed.
const IDLE: Duration = Duration::from_secs(180);
/// How much longer than its time a statement may take to end, before its caller no longer waits for that.
const GRACE: Duration = Duration::from_millis(20);

/// Connections of one role, opened when they are first needed and closed when they idle.
pub(super) struct Pool {
    source: Arc<Source>,
    role: Role,
    slots: Arc<Semaphore>,
    /// How many slots there are.
    size: u32,
    rest: Mutex<Rest>,
}

#[derive(Default)]
struct Rest {
    idle: Vec<Idle>,
    /// Whether a task closes what idles.
    is_swept: bool,
}

struct Idle {
    session: Box<Session>,
    since: Instant,
}

impl Rest {
    fn take_idle(&mut self, longest: Duration) -> Vec<Idle> {
        self.idle.extract_if(.., |idle| idle.since.elapsed() >= longest).collect()
    }
}

impl Pool {
    /// A pool with as many connections as there are slots. Pools may share slots.
    pub(super) fn new(source: Arc<Source>, role: Role, slots: Arc<Semaphore>) -> Arc<Self> {
        let size = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        Arc::new(Self { source, role, slots, size, rest: Mutex::default() })
    }

    /// Waits for a connection, at most until `until`.
    pub(super) async fn lease(self: &Arc<Self>, until: Instant) -> Result<Lease, DatabaseError> {
        let slots = Arc::clone(&self.slots);
        let permit = timeout_at(until.into(), slots.acquire_owned())
            .await
            .map_err(|_elapsed| waited_too_long())?
            .map_err(|closed| failed(closed.to_string()))?;
        let session = self.rest().idle.pop().map(|idle| idle.session);
        Ok(Lease { pool: Arc::clone(self), session, permit: Some(permit) })
    }

    /// Waits until nobody has a connection, at most until `until`, and keeps it so while the returned value lives.
    pub(super) async fn hold_all(&self, until: Instant) -> Result<OwnedSemaphorePermit, DatabaseError> {
        let slots = Arc::clone(&self.slots);
        timeout_at(until.into(), slots.acquire_many_owned(self.size))
            .await
            .map_err(|_elapsed| waited_too_long())?
            .map_err(|closed| failed(closed.to_string()))
    }

    fn workers(&self) -> &Workers {
        &self.source.workers
    }

    fn rest(&self) -> MutexGuard<'_, Rest> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put_back(self: &Arc<Self>, session: Box<Session>) {
        let mut rest = self.rest();
        rest.idle.push(Idle { session, since: Instant::now() });
        if rest.is_swept {
            return;
        }
        if let Ok(runtime) = Handle::try_current() {
            rest.is_swept = true;
            drop(runtime.spawn(sweep(Arc::downgrade(self))));
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = self.rest().take_idle(Duration::ZERO);
        if !idle.is_empty() {
            self.workers().submit(move || drop(idle));
        }
    }
}

/// Closes what idles, until nothing is open.
async fn sweep(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(IDLE / 2).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut rest = pool.rest();
        let idle = rest.take_idle(IDLE);
        rest.is_swept = !rest.idle.is_empty();
        let is_done = !rest.is_swept;
        drop(rest);
        if !idle.is_empty() {
            pool.workers().submit(move || drop(idle));
        }
        if is_done {
            return;
        }
    }
}

/// A connection on loan. Dropped, it goes back, after an unfinished transaction was rolled back.
pub(super) struct Lease {
    pool: Arc<Pool>,
    /// None until it is opened.
    session: Option<Box<Session>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// Does a piece of work on one of the threads for it, and hands the connection back with its outcome. The work is
    /// told to end at `until`, or when the returned future is dropped; it is not begun where that was before.
    ///
    /// # Errors
    /// The outer error means that the connection did not come back: it could not be opened, or the work did not end in
    /// time and is left to itself.
    pub(super) async fn work<T: Send + 'static>(
        mut self,
        until: Instant,
        work: impl FnOnce(&Session) -> Result<T, DatabaseError> + Send + 'static,
    ) -> Result<(Self, Result<T, DatabaseError>), DatabaseError> {
        if Instant::now() >= until {
            return Ok((self, Err(time_is_over())));
        }
        let caller = Caller::default();
        let _waiting = caller.waits();
        let workers = self.pool.workers().clone();
        let running = workers.run(move || {
            if caller.is_gone() || Instant::now() >= until {
                return (self, Err(time_is_over()));
            }
            let outcome = self.open().and_then(|session| {
                session.start(until, &caller)?;
                work(session)
            });
            (self, outcome)
        });
        match timeout_at((until + GRACE).into(), running).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(lost)) => Err(failed(format!("the plugin's database failed: {lost}"))),
            Err(_elapsed) => Err(time_is_over()),
        }
    }

    /// Like [`Lease::work`], for work that goes on without its caller and gives the connection back by itself.
    pub(super) async fn finish(
        mut self,
        until: Instant,
        work: impl FnOnce(&Session) -> Result<(), DatabaseError> + Send + 'static,
    ) -> Result<(), DatabaseError> {
        let workers = self.pool.workers().clone();
        let running = workers.run(move || {
            let session = self.open()?;
            session.start_alone(until)?;
            work(session)
        });
        match running.await {
            Ok(outcome) => outcome,
            Err(lost) => Err(failed(format!("the plugin's database failed: {lost}"))),
        }
    }

    fn open(&mut self) -> Result<&Session, DatabaseError> {
        let source = &self.pool.source;
        let session = match self.session.take() {
            // Within a transaction nobody else can have changed the schema.
            Some(session) if !session.is_broken() && session.is_current(source) => session,
            unfit => {
                drop(unfit);
                Box::new(Session::open(source, self.pool.role)?)
            }
        };
        Ok(self.session.insert(session))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        if session.is_at_rest() && !session.is_broken() {
            self.pool.put_back(session);
            return;
        }
        let (pool, permit) = (Arc::clone(&self.pool), self.permit.take());
        let workers = self.pool.workers().clone();
        workers.submit(move || {
            if !session.is_broken() && session.roll_back().is_ok() {
                pool.put_back(session);
            }
            drop(permit);
        });
    }
}
