//! Makes time pass for guests: a thread of its own, so that a busy runtime cannot hold it back.
//!
//! It rests while no guest runs, so that an idle site does not wake a core a thousand times a second.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{Builder, JoinHandle, Thread};
use std::time::{Duration, Instant};

use wasmtime::Engine;

/// The shortest tick; shorter ones would keep a core busy with nothing else.
const SHORTEST: Duration = Duration::from_micros(100);
/// Ticks without a running guest after which the ticker rests; until then the next call need not wake it.
const TICKS_BEFORE_REST: u32 = 50;

/// Advances the engine's epoch once per tick, while guests run, until it is dropped.
pub(crate) struct Ticker {
    pulse: Pulse,
    thread: Option<JoinHandle<()>>,
}

/// Tells the ticker that guests run. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Pulse(Arc<PulseState>);

#[derive(Default)]
struct PulseState {
    running: AtomicUsize,
    resting: AtomicBool,
    stopped: AtomicBool,
    thread: OnceLock<Thread>,
}

/// While it lives, time passes.
pub(crate) struct Running(Pulse);

impl Pulse {
    /// A guest starts to run.
    pub(crate) fn run(&self) -> Running {
        // Both sides write before they read, in one order for all: either the ticker sees this guest, or this sees that
        // the ticker rests.
        self.0.running.fetch_add(1, Ordering::SeqCst);
        if self.0.resting.load(Ordering::SeqCst) {
            self.wake();
        }
        Running(self.clone())
    }

    fn wake(&self) {
        if let Some(thread) = self.0.thread.get() {
            thread.unpark();
        }
    }

    fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    fn is_idle(&self) -> bool {
        self.0.running.load(Ordering::SeqCst) == 0 && !self.is_stopped()
    }

    /// Parks until a guest runs or the ticker is stopped.
    fn rest(&self) {
        self.0.resting.store(true, Ordering::SeqCst);
        while self.is_idle() {
            std::thread::park();
        }
        self.0.resting.store(false, Ordering::SeqCst);
    }

    /// Parks for the whole tick, also where the thread is woken early, unless the ticker is stopped.
    fn wait(&self, tick: Duration) {
        let until = Instant::now() + tick;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_stopped() {
                return;
            }
            std::thread::park_timeout(left);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ticker {
    pub(crate) fn start(engine: &Engine, tick: Duration) -> std::io::Result<Ticker> {
        let tick = tick.max(SHORTEST);
        let pulse = Pulse::default();
        let engine = engine.weak();
        let followed = pulse.clone();
        let thread = Builder::new().name("plugin-epoch".to_owned()).spawn(move || {
            let mut idle_ticks = 0;
            while !followed.is_stopped() {
                followed.wait(tick);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
                idle_ticks = if followed.is_idle() { idle_ticks + 1 } else { 0 };
                if idle_ticks >= TICKS_BEFORE_REST {
                    followed.rest();
                    idle_ticks = 0;
                }
            }
            // A guest that still runs must get to a point where it can be dropped.
            if let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
            }
        })?;
        // Nothing else sets it, and nobody has the pulse yet.
        let _ = pulse.0.thread.set(thread.thread().clone());
        Ok(Ticker { pulse, thread: Some(thread) })
    }

    /// What calls hold on to while they run.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.pulse.0.stopped.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in the ticker has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Pulse;

    #[test]
    fn a_rest_ends_when_a_guest_runs() {
        let pulse = Pulse::default();
        let resting = pulse.clone();
        let thread = std::thread::spawn(move || resting.rest());
        pulse.0.thread.set(thread.thread().clone()).expect("set once");
        let limit = Instant::now() + Duration::from_secs(10);
        while !pulse.0.resting.load(std::sync::atomic::Ordering::SeqCst) && Instant::now() < limit {
            std::thread::yield_now();
        }
        let running = pulse.run();
        thread.join().expect("the rest ends");
        assert!(!pulse.is_idle());
        drop(running);
        assert!(pulse.is_idle());
    }
}
