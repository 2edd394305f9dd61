//! Who compiles when.
//!
//! A compiler takes a core and, for large code, hundreds of megabytes. So large code waits for its turn and is compiled
//! by half of the cores at most. Everything else starts as soon as another has had its half second: most of it is through
//! by then, and what is not goes on beside, so that small plugins wait for no slow one. A few of these in all, since code
//! that is made to take long takes memory, too.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// From how many bytes on code is large: interpreters with their libraries are, and nothing else is.
const LARGE: usize = 4 << 20;
/// For how long the next must wait.
const START: Duration = Duration::from_millis(500);
/// How much that is not large is compiled side by side.
const SIDE_BY_SIDE: usize = 4;

/// The turns that there are.
#[derive(Clone)]
pub(super) struct Turns {
    large: Arc<Semaphore>,
    starts: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

/// The right to compile.
pub(super) struct Turn {
    _whole: OwnedSemaphorePermit,
    /// What holds back the next, for a while.
    start: Option<OwnedSemaphorePermit>,
}

/// No turn will come any more.
#[derive(Debug)]
pub(super) struct Closed;

impl Turns {
    pub(super) fn new() -> Turns {
        let some = half_of_the_cores();
        let semaphore = |turns: usize| Arc::new(Semaphore::new(turns));
        Turns { large: semaphore(some), starts: semaphore(some), all: semaphore(SIDE_BY_SIDE.max(some)) }
    }

    /// Waits for a turn for code of so many bytes.
    pub(super) async fn take(&self, bytes: usize) -> Result<Turn, Closed> {
        if bytes > LARGE {
            return Ok(Turn { _whole: acquire(&self.large).await?, start: None });
        }
        let whole = acquire(&self.all).await?;
        Ok(Turn { _whole: whole, start: Some(acquire(&self.starts).await?) })
    }

    /// Lets nobody have another turn.
    pub(super) fn close(&self) {
        [&self.large, &self.starts, &self.all].into_iter().for_each(|turns| turns.close());
    }
}

impl Turn {
    /// Does the work, and after a while no longer holds back the next.
    pub(super) async fn with<T>(mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(START) => {}
        }
        self.start = None;
        work.await
    }
}

async fn acquire(turns: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Closed> {
    Arc::clone(turns).acquire_owned().await.map_err(|_closed| Closed)
}

/// The others serve.
pub(super) fn half_of_the_cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).div_ceil(2)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Instant;

    use super::*;

    fn turns(some: usize) -> Turns {
        let semaphore = |turns: usize| Arc::new(Semaphore::new(turns));
        Turns { large: semaphore(some), starts: semaphore(some), all: semaphore(3) }
    }

    #[tokio::test]
    async fn slow_code_holds_back_the_next_for_a_moment() {
        let turns = turns(1);
        let begun = Instant::now();
        let slow = tokio::spawn(turns.take(100).await.expect("a turn").with(pending::<()>()));
        let quick = turns.take(100).await.expect("a turn");
        assert!(begun.elapsed() >= START && begun.elapsed() < 4 * START, "{:?}", begun.elapsed());
        drop(quick);
        let other = tokio::spawn(turns.take(100).await.expect("a turn").with(pending::<()>()));
        let third = tokio::spawn(turns.take(100).await.expect("a turn").with(pending::<()>()));
        let none = tokio::time::timeout(2 * START, turns.take(100)).await;
        assert!(none.is_err(), "three are at work");
        slow.abort();
        turns.take(100).await.expect("a turn");
        other.abort();
        third.abort();
    }

    #[tokio::test]
    async fn large_code_waits_for_large_code_alone() {
        let turns = turns(1);
        let large = turns.take(LARGE + 1).await.expect("a turn");
        drop(turns.take(LARGE).await.expect("a turn"));
        let second = tokio::time::timeout(2 * START, turns.take(LARGE + 1)).await;
        assert!(second.is_err(), "one at a time");
        drop(large);
        drop(turns.take(LARGE + 1).await.expect("a turn"));
        turns.close();
        assert!(turns.take(1).await.is_err());
        assert!(turns.take(LARGE + 1).await.is_err());
    }
}
