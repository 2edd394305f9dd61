//! Places for requests under way: so many in all, so many for one caller.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

pub(super) struct Turns {
    all: Arc<Semaphore>,
    per_caller: usize,
    callers: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// One place, until it is dropped.
pub(super) struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Turns {
    pub(super) fn new(all: usize, per_caller: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all.max(1))),
            per_caller: per_caller.max(1),
            callers: Mutex::default(),
        }
    }

    /// Waits for a place. First within the caller's own share, so that a caller with many requests queues for its
    /// own places and not before others.
    pub(super) async fn take(&self, caller: &str) -> Turn {
        let own = self.share(caller).acquire_owned().await;
        let all = Arc::clone(&self.all).acquire_owned().await;
        Turn { _own: granted(own), _all: granted(all) }
    }

    fn share(&self, caller: &str) -> Arc<Semaphore> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = callers.get(caller) {
            return Arc::clone(share);
        }
        // Whoever waits or holds a place holds the share too.
        callers.retain(|_, share| Arc::strong_count(share) > 1);
        let share = Arc::new(Semaphore::new(self.per_caller));
        callers.insert(caller.to_owned(), Arc::clone(&share));
        share
    }
}

/// These semaphores are never closed, so the place is always there.
fn granted(permit: Result<OwnedSemaphorePermit, AcquireError>) -> Option<OwnedSemaphorePermit> {
    permit.ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn has_room(turns: &Turns, caller: &str) -> bool {
        timeout(Duration::from_millis(20), turns.take(caller)).await.is_ok()
    }

    #[tokio::test]
    async fn a_caller_has_its_share_and_all_have_a_limit() {
        let turns = Turns::new(3, 2);
        let first = turns.take("a").await;
        let _second = turns.take("a").await;
        assert!(!has_room(&turns, "a").await);
        let third = turns.take("b").await;
        assert!(!has_room(&turns, "b").await);
        drop(first);
        assert!(has_room(&turns, "a").await && has_room(&turns, "c").await);
        drop(third);
        assert_eq!(turns.all.available_permits(), 2);
    }

    #[tokio::test]
    async fn shares_without_use_are_forgotten() {
        let turns = Turns::new(8, 2);
        for caller in 0..100 {
            drop(turns.take(&caller.to_string()).await);
        }
        assert_eq!(turns.callers.lock().unwrap().len(), 1);
    }
}
