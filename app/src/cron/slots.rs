//! How many runs of plugins' jobs are at work at once, of all plugins and of one. The others have started as well, by
//! their rows, and wait for their turn. The site's own jobs wait for nobody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::job::SITE;

/// Runs at work at once, and how many of them are of one plugin, so that its jobs keep no other's waiting.
const AT_ONCE: usize = 32;
const OF_EACH: usize = 3;

/// The places for runs.
pub(super) struct Slots {
    all: Arc<Semaphore>,
    of_owners: Mutex<HashMap<Arc<str>, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
pub(super) type Slot = [OwnedSemaphorePermit; 2];

impl Default for Slots {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), of_owners: Mutex::default() }
    }
}

impl Slots {
    /// Waits for a place for a run of this owner; none where it needs none.
    pub(super) async fn take(&self, owner: &Arc<str>) -> Option<Slot> {
        if &**owner == SITE {
            return None;
        }
        // Its own first: whoever waits for those of its plugin takes no place of others. They are never closed.
        let own = self.of(owner).acquire_owned().await.ok()?;
        let shared = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some([own, shared])
    }

    fn of(&self, owner: &Arc<str>) -> Arc<Semaphore> {
        let mut of_owners = self.of_owners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = of_owners.entry(Arc::clone(owner)).or_insert_with(|| Arc::new(Semaphore::new(OF_EACH)));
        Arc::clone(own)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_plugin_has_three_places() {
        let (slots, one, other): (_, Arc<str>, Arc<str>) = (Slots::default(), "a.a".into(), "b.b".into());
        let mut taken = Vec::new();
        for _ in 0..OF_EACH {
            taken.push(slots.take(&one).await);
        }
        assert!(slots.take(&one).now_or_never().is_none());
        assert!(slots.take(&other).now_or_never().is_some(), "others go on");
        assert!(slots.take(&Arc::from(SITE)).now_or_never().is_some_and(|slot| slot.is_none()));
        taken.pop();
        assert!(slots.take(&one).now_or_never().is_some());
    }
}
