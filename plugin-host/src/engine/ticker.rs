//! Makes time pass for guests: a thread of its own, so that a busy runtime cannot hold it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// The shortest tick; shorter ones would keep a core busy with nothing else.
const SHORTEST: Duration = Duration::from_micros(100);

/// Advances the engine's epoch once per tick until it is dropped.
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine, tick: Duration) -> std::io::Result<Ticker> {
        let tick = tick.max(SHORTEST);
        let stop = Arc::new(AtomicBool::new(false));
        let engine = engine.weak();
        let stopped = Arc::clone(&stop);
        let thread = Builder::new().name("plugin-epoch".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Acquire) {
                wait(tick, &stopped);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
            // A guest that still runs must get to a point where it can be dropped.
            if let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { stop, thread: Some(thread) })
    }
}

/// Parks for the whole tick, also where the thread is woken early, unless the ticker is stopped.
fn wait(tick: Duration, stopped: &AtomicBool) {
    let until = Instant::now() + tick;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stopped.load(Ordering::Acquire) {
            return;
        }
        std::thread::park_timeout(left);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in the ticker has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}
