//! The instances of one plugin: a few that are kept, grown lazily and handed out round-robin, and one-offs beside them
//! while all are busy.
//!
//! A call that finds none starts its own where that takes no time. Where it does, starts are made ahead, one at a time: a
//! call that finds no idle instance waits for the one that starts, or for one that is given back, whichever comes first.
//!
//! Waits end with the call's own deadline and no later, so that nested calls cannot lock each other out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

use crate::error::CallError;
use crate::instance::Instance;

/// What became of a start.
type Started = Result<Box<Instance>, CallError>;

/// The kept instances.
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    size: u32,
    seats: Arc<Semaphore>,
    one_offs: Arc<Semaphore>,
}

#[derive(Default)]
struct Idle {
    instances: VecDeque<Box<Instance>>,
    /// Calls with a seat and without an instance, in the order in which they came. There are none while any is idle.
    waiting: VecDeque<oneshot::Sender<Started>>,
    /// Whether an instance is being started ahead.
    starting: bool,
    /// Set once the plugin is replaced: what comes back is dropped unless somebody waits for it.
    closed: bool,
}

/// The right to use one instance.
pub(crate) struct Seat {
    permit: OwnedSemaphorePermit,
    kept: bool,
}

/// What a seat gets.
pub(crate) enum Taken {
    /// An idle instance, and whether it was the last.
    Idle(Box<Instance>, bool),
    /// Whichever comes next.
    Next(Waiter),
    /// Nothing: an instance is to be started for it.
    Nothing,
}

/// A seat's place in the queue.
pub(crate) struct Waiter(oneshot::Receiver<Started>);

impl Waiter {
    /// Waits for an instance, so long at most.
    pub(crate) async fn next(mut self, limit: Duration) -> Started {
        match timeout(limit, &mut self.0).await {
            Ok(Ok(started)) => started,
            Ok(Err(_closed)) => Err(CallError::ShuttingDown),
            Err(_elapsed) => {
                // One may have come at the last moment; it must not be lost.
                self.0.close();
                self.0.try_recv().unwrap_or(Err(CallError::Busy))
            }
        }
    }
}

impl Pool {
    pub(crate) fn new(size: usize, one_offs: Arc<Semaphore>) -> Pool {
        let size = u32::try_from(size.max(1)).unwrap_or(u32::MAX);
        Pool { idle: Mutex::default(), size, seats: Arc::new(Semaphore::new(size as usize)), one_offs }
    }

    /// Takes a seat: one of the pool's, for which it waits as long as starting a one-off takes; else a one-off, else
    /// whichever of the pool's comes free.
    pub(crate) async fn seat(&self, start: Duration) -> Result<Seat, CallError> {
        if let Ok(permit) = Arc::clone(&self.seats).try_acquire_owned() {
            return Ok(Seat { permit, kept: true });
        }
        if !start.is_zero()
            && let Ok(seat) = timeout(start, self.kept_seat()).await
        {
            return seat;
        }
        if let Ok(permit) = Arc::clone(&self.one_offs).try_acquire_owned() {
            return Ok(Seat { permit, kept: false });
        }
        self.kept_seat().await
    }

    async fn kept_seat(&self) -> Result<Seat, CallError> {
        match Arc::clone(&self.seats).acquire_owned().await {
            Ok(permit) => Ok(Seat { permit, kept: true }),
            Err(_closed) => Err(CallError::ShuttingDown),
        }
    }

    /// The idle instance that has waited longest, if the seat is one of the pool's; where there is none, a place in the
    /// queue if it `may_wait`.
    pub(crate) fn take(&self, seat: &Seat, may_wait: bool) -> Taken {
        if !seat.kept {
            return Taken::Nothing;
        }
        let mut idle = self.lock();
        match idle.instances.pop_front() {
            Some(instance) => Taken::Idle(instance, idle.instances.is_empty()),
            None if may_wait => {
                let (sender, receiver) = oneshot::channel();
                idle.waiting.push_back(sender);
                Taken::Next(Waiter(receiver))
            }
            None => Taken::Nothing,
        }
    }

    /// Gives an instance back after a good call.
    pub(crate) fn give_back(&self, instance: Box<Instance>, seat: Seat) {
        let surplus = {
            let mut idle = self.lock();
            if seat.kept { idle.hand_on(instance) } else { Some(instance) }
        };
        // Dropped outside the lock, since unmapping takes a while, and before the seat is free again.
        drop(surplus);
        drop(seat.permit);
    }

    /// Puts the instance that proved that the plugin starts among the idle ones.
    pub(crate) fn add(&self, instance: Box<Instance>) {
        let surplus = self.lock().hand_on(instance);
        drop(surplus);
    }

    /// Whether an instance is to be started ahead: somebody waits for one, or none is idle though there is a seat for it.
    /// Who is told so starts one and says what became of it with [`Pool::started`].
    ///
    /// Every instance has its seat: those that wait hold theirs, and without any that wait a seat is free; until the start
    /// has ended, nobody else starts one.
    pub(crate) fn wants_start(&self) -> bool {
        let mut idle = self.lock();
        idle.waiting.retain(|waiter| !waiter.is_closed());
        let spare = || !idle.closed && idle.instances.is_empty() && self.seats.available_permits() > 0;
        let wanted = !idle.starting && (!idle.waiting.is_empty() || spare());
        idle.starting |= wanted;
        wanted
    }

    /// Takes in what was started ahead. Where nothing was, those who wait get to know: they would have no better luck.
    pub(crate) fn started(&self, outcome: Started) {
        let surplus = {
            let mut idle = self.lock();
            idle.starting = false;
            match outcome {
                Ok(instance) => idle.hand_on(instance),
                // There was no room for it; an instance may be given back yet.
                Err(error) if error.was_not_tried() => None,
                Err(error) => {
                    for waiter in idle.waiting.drain(..) {
                        // It may have stopped waiting.
                        let _ = waiter.send(Err(error.clone()));
                    }
                    None
                }
            }
        };
        drop(surplus);
    }

    /// Drops the idle instances and, as they come back, the busy ones. Whoever waits is served still.
    pub(crate) fn close(&self) {
        let instances = {
            let mut idle = self.lock();
            idle.closed = true;
            std::mem::take(&mut idle.instances)
        };
        drop(instances);
    }

    /// Drops the instances that have been idle for longer than `limit`, but for so many.
    pub(crate) fn retire_idle(&self, now: Instant, limit: Duration, but: usize) {
        let mut retired = Vec::new();
        let mut idle = self.lock();
        while idle.instances.len() > but
            && let Some(instance) = idle.instances.pop_front()
        {
            if now.saturating_duration_since(instance.idle_since()) <= limit {
                idle.instances.push_front(instance);
                break;
            }
            retired.push(instance);
        }
        drop(idle);
    }

    /// Waits until every seat is free.
    pub(crate) async fn drained(&self) {
        // A closed semaphore has no seats to wait for.
        let _ = self.seats.acquire_many(self.size).await;
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    /// Gives an instance to whoever has waited longest, or else keeps it. It comes back where there is no use for it.
    fn hand_on(&mut self, mut instance: Box<Instance>) -> Option<Box<Instance>> {
        while let Some(waiter) = self.waiting.pop_front() {
            match waiter.send(Ok(instance)) {
                Err(Ok(unwanted)) => instance = unwanted,
                Ok(()) | Err(Err(_)) => return None,
            }
        }
        if self.closed {
            return Some(instance);
        }
        self.instances.push_back(instance);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(10);

    fn pool(size: usize) -> Pool {
        Pool::new(size, Arc::new(Semaphore::new(1)))
    }

    async fn waiter(pool: &Pool) -> (Seat, Waiter) {
        let seat = pool.seat(Duration::ZERO).await.expect("a seat");
        let Taken::Next(waiter) = pool.take(&seat, true) else { panic!("nothing is idle") };
        (seat, waiter)
    }

    #[tokio::test]
    async fn one_starts_at_a_time() {
        let pool = pool(2);
        assert!(pool.wants_start(), "none is idle");
        assert!(!pool.wants_start());
        pool.started(Err(CallError::Start("no luck".to_owned())));
        let (first, place) = waiter(&pool).await;
        let second = pool.seat(Duration::ZERO).await.expect("a seat");
        assert!(pool.wants_start(), "somebody waits");
        pool.started(Err(CallError::Busy));
        drop((first, place));
        let third = pool.seat(Duration::ZERO).await.expect("a seat");
        assert!(!pool.wants_start(), "nobody waits, and all seats are taken");
        drop((second, third));
        pool.close();
        assert!(!pool.wants_start());
    }

    #[tokio::test]
    async fn a_failed_start_is_everybodys_who_waits() {
        let pool = pool(2);
        let (first, one) = waiter(&pool).await;
        let (_second, other) = waiter(&pool).await;
        assert!(pool.wants_start());
        let failure = CallError::Start("no luck".to_owned());
        pool.started(Err(failure.clone()));
        assert_eq!(one.next(LONG).await.err(), Some(failure.clone()));
        assert_eq!(other.next(LONG).await.err(), Some(failure));
        drop(first);
        let (_third, late) = waiter(&pool).await;
        assert_eq!(late.next(Duration::from_millis(1)).await.err(), Some(CallError::Busy));
    }

    #[tokio::test]
    async fn where_starts_take_long_a_seat_is_waited_for() {
        let pool = pool(1);
        let kept = pool.seat(Duration::ZERO).await.expect("a seat");
        let one_off = pool.seat(Duration::ZERO).await.expect("a seat");
        assert!(kept.kept && !one_off.kept);
        drop(one_off);
        let (waited, ()) = tokio::join!(pool.seat(LONG), async { drop(kept) });
        assert!(waited.expect("a seat").kept);
        let _kept = pool.seat(Duration::ZERO).await.expect("a seat");
        let one_off = pool.seat(Duration::from_millis(1)).await.expect("a seat");
        assert!(!one_off.kept, "but not for longer than that");
    }
}
