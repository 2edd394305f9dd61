//! One running guest: a store of its own, its functions resolved once.
//!
//! A trap poisons a component's whole store, so whoever gets an error from an instance drops it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use wasmtime::{PoolConcurrencyLimitError, Store, StoreContextMut, Trap, UpdateDeadline, WasmBacktrace};

use crate::call::Outcome;
use crate::compiled::Compiled;
use crate::dispatch::CallContext;
use crate::error::CallError;
use crate::guest_state::{Environment, GuestState};
use crate::hook::{COUNT, ErasedFunction, Hook, HookFunction, HookPoint, params};
use crate::limits::{BudgetExceeded, Shortage};
use crate::plugin_log::tidy;

/// Ticks until a running guest gives way for the first time, and between the times after that.
const TICKS: u64 = 1;
/// Frames of a guest's stack named in an error.
const FRAMES: usize = 4;
/// Bytes of a reason that are kept.
const REASON: usize = 500;
/// Handles that a guest may hold at once.
const MAX_HANDLES: usize = 10_000;

/// How many instances of a plugin live, and how much memory they hold.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    pub(crate) instances: AtomicUsize,
    pub(crate) memory: AtomicUsize,
}

/// One instance of a plugin.
pub(crate) struct Instance {
    store: Store<GuestState>,
    functions: [Option<ErasedFunction>; COUNT],
    calls: u64,
    memory_at_start: usize,
    memory_reported: usize,
    idle_since: Instant,
    gauge: Arc<Gauge>,
}

impl Instance {
    /// Starts an instance, which runs the guest's initialisers.
    pub(crate) async fn start(
        compiled: &Compiled,
        hooks: impl Iterator<Item = HookPoint> + Send,
        environment: &Arc<Environment>,
        gauge: &Arc<Gauge>,
        deadline: Instant,
    ) -> Result<Box<Instance>, CallError> {
        let started = Instant::now();
        let state = GuestState::new(Arc::clone(environment), deadline);
        let mut store = Store::new(compiled.pre.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(environment.config.hostcall_fuel);
        store.set_max_component_handles(MAX_HANDLES);
        store.epoch_deadline_callback(on_tick);
        store.set_epoch_deadline(TICKS);
        let instance = compiled.pre.instantiate_async(&mut store).await.map_err(|error| {
            let limit = deadline.duration_since(started);
            match describe(&error, &store, limit) {
                CallError::Trap(reason) => CallError::Start(reason),
                CallError::OverLimit(what) => CallError::Start(format!("it goes over its limit of {what}")),
                other => other,
            }
        })?;
        let mut functions = [const { None }; COUNT];
        for point in hooks {
            let (Some(export), Some(slot)) = (compiled.export(point), functions.get_mut(point.index()))
            else {
                continue;
            };
            let function = point.resolve(&instance, &mut store, export);
            *slot = Some(function.map_err(|error| CallError::Start(format!("{point}: {error:#}")))?);
        }
        // What its initialisers left open must not wait for the first call.
        store.data_mut().end_call().await;
        let memory = store.data().memory.used();
        gauge.instances.fetch_add(1, Ordering::Relaxed);
        gauge.memory.fetch_add(memory, Ordering::Relaxed);
        Ok(Box::new(Instance {
            store,
            functions,
            calls: 0,
            memory_at_start: memory,
            memory_reported: memory,
            idle_since: Instant::now(),
            gauge: Arc::clone(gauge),
        }))
    }

    /// Calls a hook's function. After an error the instance must be dropped.
    pub(crate) async fn call<H: Hook>(
        &mut self,
        payload: &Arc<H::Payload>,
        context: Arc<CallContext>,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<(H::Results, Outcome), CallError> {
        let function = self.functions.get(H::POINT.index()).and_then(Option::as_ref);
        let function = function.and_then(|function| function.downcast_ref::<HookFunction<H>>());
        let Some(function) = function.copied() else { return Err(CallError::NotListening) };
        self.calls += 1;
        self.store.data_mut().begin_call(H::POINT, context, deadline);
        self.store.set_epoch_deadline(TICKS);
        let results = function.call_async(&mut self.store, params::<H>(payload)).await;
        let results = results.map_err(|error| describe(&error, &self.store, timeout))?;
        Ok((results, self.store.data_mut().end_call().await))
    }

    /// How many calls it has served.
    pub(crate) fn calls(&self) -> u64 {
        self.calls
    }

    /// Bytes that it has grown since its start.
    pub(crate) fn growth(&self) -> usize {
        self.store.data().memory.used().saturating_sub(self.memory_at_start)
    }

    /// Since when it has been idle.
    pub(crate) fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// Notes that a call is over.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.idle_since = now;
        let used = self.store.data().memory.used();
        if used != self.memory_reported {
            self.gauge.memory.fetch_add(used, Ordering::Relaxed);
            self.gauge.memory.fetch_sub(self.memory_reported, Ordering::Relaxed);
            self.memory_reported = used;
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.gauge.instances.fetch_sub(1, Ordering::Relaxed);
        self.gauge.memory.fetch_sub(self.memory_reported, Ordering::Relaxed);
    }
}

/// At every tick a guest gives way; past its deadline it ends.
fn on_tick(store: StoreContextMut<'_, GuestState>) -> wasmtime::Result<UpdateDeadline> {
    if Instant::now() < store.data().deadline {
        Ok(UpdateDeadline::Yield(TICKS))
    } else {
        Ok(UpdateDeadline::Interrupt)
    }
}

fn describe(error: &wasmtime::Error, store: &Store<GuestState>, timeout: Duration) -> CallError {
    if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        return CallError::Timeout(timeout);
    }
    if let Some(exceeded) = error.downcast_ref::<BudgetExceeded>() {
        return CallError::OverLimit(exceeded.0.clone());
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy;
    }
    let memory = &store.data().memory;
    match memory.refused() {
        Some(Shortage::Own) => return CallError::OverLimit(format!("{} bytes of memory", memory.limit())),
        Some(Shortage::Total) => return CallError::Busy,
        None => {}
    }
    let frames = error.downcast_ref::<WasmBacktrace>().map(frames).filter(|frames| !frames.is_empty());
    // Names and messages are the guest's.
    CallError::Trap(match frames {
        Some(frames) => tidy(&format!("{} (in {frames})", error.root_cause()), REASON),
        None => tidy(&error.root_cause().to_string(), REASON),
    })
}

fn frames(backtrace: &WasmBacktrace) -> String {
    let names: Vec<&str> =
        backtrace.frames().iter().filter_map(|frame| frame.func_name()).take(FRAMES).collect();
    names.join(" < ")
}
