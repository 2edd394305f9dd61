//! The instances of one plugin: a few that are kept, grown lazily and handed out round-robin, and one-offs beside them
//! while all are busy.
//!
//! A call that finds neither waits for its own deadline and no longer, so that nested calls cannot lock each other out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::CallError;
use crate::instance::Instance;

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
    /// Set once the plugin is replaced: what comes back is dropped.
    closed: bool,
}

/// The right to use one instance.
pub(crate) struct Seat {
    permit: OwnedSemaphorePermit,
    kept: bool,
}

impl Pool {
    pub(crate) fn new(size: usize, one_offs: Arc<Semaphore>) -> Pool {
        let size = u32::try_from(size.max(1)).unwrap_or(u32::MAX);
        Pool { idle: Mutex::default(), size, seats: Arc::new(Semaphore::new(size as usize)), one_offs }
    }

    /// Takes a seat: one of the pool's, else a one-off, else whichever of the pool's comes free.
    pub(crate) async fn seat(&self) -> Result<Seat, CallError> {
        if let Ok(permit) = Arc::clone(&self.seats).try_acquire_owned() {
            return Ok(Seat { permit, kept: true });
        }
        if let Ok(permit) = Arc::clone(&self.one_offs).try_acquire_owned() {
            return Ok(Seat { permit, kept: false });
        }
        match Arc::clone(&self.seats).acquire_owned().await {
            Ok(permit) => Ok(Seat { permit, kept: true }),
            Err(_closed) => Err(CallError::ShuttingDown),
        }
    }

    /// The idle instance that has waited longest, if the seat is one of the pool's.
    pub(crate) fn take(&self, seat: &Seat) -> Option<Box<Instance>> {
        if !seat.kept {
            return None;
        }
        self.lock().instances.pop_front()
    }

    /// Gives an instance back after a good call.
    pub(crate) fn give_back(&self, instance: Box<Instance>, seat: Seat) {
        let surplus = {
            let mut idle = self.lock();
            if seat.kept && !idle.closed {
                idle.instances.push_back(instance);
                None
            } else {
                Some(instance)
            }
        };
        // Dropped outside the lock, since unmapping takes a while, and before the seat is free again.
        drop(surplus);
        drop(seat.permit);
    }

    /// Puts the instance that proved that the plugin starts among the idle ones.
    pub(crate) fn add(&self, instance: Box<Instance>) {
        self.lock().instances.push_back(instance);
    }

    /// Drops the idle instances and, as they come back, the busy ones.
    pub(crate) fn close(&self) {
        let instances = {
            let mut idle = self.lock();
            idle.closed = true;
            std::mem::take(&mut idle.instances)
        };
        drop(instances);
    }

    /// Drops the instances that have been idle for longer than `limit`.
    pub(crate) fn retire_idle(&self, now: Instant, limit: Duration) {
        let mut retired = Vec::new();
        let mut idle = self.lock();
        while let Some(instance) = idle.instances.pop_front() {
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
