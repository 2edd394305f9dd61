//! The threads that plugins' SQL runs on.
//!
//! SQLite takes a thread's stack for whatever nests in a statement, and nothing can catch a stack that is exhausted: the
//! process is gone. So plugins' statements run on threads of their own, whose stacks hold more levels than a text within
//! its limits can have. They are few: the rest waits in a queue, and takes no threads from the rest of the site.
//! Nobody waits for them at the end of the process, because a file survives whatever happens to a statement.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{runtime::Handle, sync::oneshot};

/// Threads at most.
const THREADS: usize = 8;
/// Bytes of a thread's stack. They are reserved; what is not used takes no memory.
const STACK: usize = 64 * 1024 * 1024;
/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// A handle on the threads. All clones share them.
#[derive(Clone, Default)]
pub(super) struct Workers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

/// The work did not end: it panicked, or no thread could be started for it.
#[derive(Debug, thiserror::Error)]
#[error("its work did not end")]
pub(super) struct Lost;

impl Workers {
    /// Does a piece of work on one of the threads, within the caller's runtime. Where the returned future is dropped,
    /// the work is done all the same: whoever wants it otherwise must look for itself when it begins.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let (sender, receiver) = oneshot::channel();
        self.submit(move || {
            // What nobody waits for any more is dropped here, on this thread.
            drop(sender.send(work()));
        });
        receiver.await.map_err(|_closed| Lost)
    }

    /// Like [`Workers::run`], for work whose outcome nobody waits for.
    pub(super) fn submit(&self, work: impl FnOnce() + Send + 'static) {
        let runtime = Handle::try_current().ok();
        let job = move || {
            let _entered = runtime.as_ref().map(Handle::enter);
            work();
        };
        let mut state = self.0.lock();
        state.jobs.push_back(Box::new(job));
        if state.idle < state.jobs.len() && state.threads < THREADS {
            state.threads += 1;
            drop(state);
            self.start();
        } else {
            drop(state);
        }
        self.0.wake.notify_one();
    }

    fn start(&self) {
        let shared = Arc::clone(&self.0);
        let thread = thread::Builder::new().name("plugin-sql".to_owned()).stack_size(STACK);
        if let Err(error) = thread.spawn(move || shared.work()) {
            tracing::error!(%error, "no thread can be started for plugins' SQL");
            let mut state = self.0.lock();
            state.threads -= 1;
            // Nobody is left to do it: those who wait are told by the loss of their jobs.
            let lost = if state.threads == 0 { std::mem::take(&mut state.jobs) } else { VecDeque::new() };
            drop(state);
            drop(lost);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            // A panic is told by the loss of its outcome; the thread goes on.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }

    /// The next job; none once the thread shall end.
    fn next(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state.idle += 1;
            let (woken, waited) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            if waited.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn work_runs_on_few_threads_within_the_runtime() {
        let workers = Workers::default();
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..40).map(|number| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            workers.run(move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                Handle::current().block_on(tokio::time::sleep(Duration::from_millis(1)));
                now.fetch_sub(1, Ordering::SeqCst);
                assert_eq!(thread::current().name(), Some("plugin-sql"));
                number
            })
        });
        let done: Vec<usize> =
            futures_util::future::join_all(jobs).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done, (0..40).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= THREADS);
    }

    #[tokio::test]
    async fn a_panic_is_lost_work_and_nothing_else() {
        let workers = Workers::default();
        for _ in 0..2 * THREADS {
            assert!(workers.run(|| panic!("on purpose")).await.is_err());
        }
        assert_eq!(workers.run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn the_stack_holds_what_nests() {
        fn deep(levels: usize) -> usize {
            let room = std::hint::black_box([levels; 64]);
            if levels == 0 { 0 } else { deep(levels - 1) + room[levels % 64] / levels }
        }
        assert_eq!(Workers::default().run(|| deep(10_000)).await.unwrap(), 10_000);
    }
}
