//! A loaded plugin: its code, its instances, and how calls into it are made, counted and held back.
//!
//! A call is polled once where it is asked for. Most are over then. One that is not (its first tick has passed, or it
//! waits for the host) moves, whole, to the host's own threads, where it also ends if whoever asked has gone away; so
//! its instance is given back or dropped there in any case, and a busy guest holds up nobody else's thread.

mod instances;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::breaker::{Admission, Breaker, BreakerSettings};
use crate::call::Outcome;
use crate::compiled::Compiled;
use crate::config::HostConfig;
use crate::dispatch::CallContext;
use crate::engine::Pulse;
use crate::error::CallError;
use crate::guest_state::Environment;
use crate::hook::{COUNT, Hook, HookPoint};
use crate::instance::Gauge;
use crate::limits::TotalMemory;
use crate::manifest::{HookSettings, Manifest};
use crate::metrics::HookMetrics;
use crate::package::Origin;
use crate::pending::{Pending, Probe};
use crate::plugin_log::PluginLog;
use crate::pool::Pool;
use crate::ports::{EventPort, LogLevel, Ports};
use crate::status::{HookStatus, PluginState, PluginStatus};
use instances::StartTime;

/// What all plugins of a host share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) ports: Ports,
    pub(crate) one_offs: Arc<Semaphore>,
    pub(crate) total_memory: Arc<TotalMemory>,
    pub(crate) guests: Handle,
    pub(crate) pulse: Pulse,
}

/// A plugin with everything that belongs to it.
pub(crate) struct Plugin {
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) origin: Origin,
    compiled: Compiled,
    environment: Arc<Environment>,
    log: PluginLog,
    pool: Pool,
    gauge: Arc<Gauge>,
    hooks: [Option<HookState>; COUNT],
    timeout: Duration,
    start_failures: AtomicU32,
    start_time: StartTime,
    guests: Handle,
    pulse: Pulse,
}

/// What belongs to one hook that the plugin listens to.
struct HookState {
    settings: HookSettings,
    breaker: Breaker,
    metrics: HookMetrics,
    last_error: Mutex<Option<String>>,
}

impl HookState {
    fn new(settings: &HookSettings, config: &HostConfig) -> HookState {
        HookState {
            settings: settings.clone(),
            breaker: Breaker::new(BreakerSettings::from(config)),
            metrics: HookMetrics::default(),
            last_error: Mutex::default(),
        }
    }

    fn status(&self, point: HookPoint, now: Instant) -> HookStatus {
        HookStatus {
            point,
            settings: self.settings.clone(),
            counts: self.metrics.counts(),
            breaker_open: self.breaker.is_open(),
            retry_in: self.breaker.retry_in(now),
            recent_failures: self.breaker.recent_failures(now),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Plugin {
    pub(crate) fn new(manifest: Manifest, origin: Origin, compiled: Compiled, shared: &Shared) -> Plugin {
        let environment =
            Arc::new(Environment::new(&manifest, &shared.ports, &shared.config, &shared.total_memory));
        let mut hooks = [const { None }; COUNT];
        for (point, settings) in &manifest.hooks {
            if let (Some(slot), Some(_)) = (hooks.get_mut(point.index()), compiled.export(*point)) {
                *slot = Some(HookState::new(settings, &shared.config));
            }
        }
        Plugin {
            log: environment.log(),
            pool: Pool::new(shared.config.pool_size, Arc::clone(&shared.one_offs)),
            gauge: Arc::new(Gauge::default()),
            timeout: manifest
                .limits
                .timeout
                .unwrap_or(shared.config.call_timeout)
                .min(shared.config.call_timeout_ceiling.max(shared.config.call_timeout)),
            start_failures: AtomicU32::new(0),
            start_time: StartTime::default(),
            guests: shared.guests.clone(),
            pulse: shared.pulse.clone(),
            manifest: Arc::new(manifest),
            origin,
            compiled,
            environment,
            hooks,
        }
    }

    /// The hooks that fire for this plugin, listed by its manifest and exported by its code.
    pub(crate) fn listened(&self) -> impl Iterator<Item = (HookPoint, &HookSettings)> {
        HookPoint::ALL.into_iter().filter_map(|point| Some((point, &self.hook(point)?.settings)))
    }

    /// The hooks that the manifest lists in vain.
    pub(crate) fn unexported(&self) -> impl Iterator<Item = HookPoint> {
        self.manifest.hooks.keys().copied().filter(|point| self.hook(*point).is_none())
    }

    /// Writes a line of the host into the plugin's log.
    pub(crate) fn note(&self, level: LogLevel, line: &str) {
        self.log.host_about(level, line, None);
    }

    /// Calls one hook. Whoever calls says of the answer whether it is a good one.
    pub(crate) async fn call<H: Hook>(
        self: &Arc<Self>,
        payload: &Arc<H::Payload>,
        context: &Arc<CallContext>,
    ) -> Result<(H::Results, Pending), CallError> {
        let Some(hook) = self.hook(H::POINT) else { return Err(CallError::NotListening) };
        if self.is_quarantined() {
            return Err(CallError::Quarantined);
        }
        let started = Instant::now();
        let probe = match hook.breaker.admits(started) {
            None => return Err(CallError::BreakerOpen),
            Some(Admission::Call) => None,
            Some(Admission::Probe) => Some(Probe::new(Arc::clone(self), H::POINT)),
        };
        let mut work = Box::pin(Arc::clone(self).serve::<H>(Arc::clone(payload), Arc::clone(context)));
        match self.poll_here(work.as_mut()).await {
            Poll::Ready(result) => self.settle(H::POINT, started, context, probe, result),
            Poll::Pending => self.hand_over::<H>(work, context, probe, started).await,
        }
    }

    /// Whether it was granted tables of its own.
    pub(crate) fn has_own_tables(&self) -> bool {
        self.environment.grants.database().own_tables
    }

    /// The breaker of a hook that the plugin listens to.
    pub(crate) fn breaker(&self, point: HookPoint) -> Option<&Breaker> {
        Some(&self.hook(point)?.breaker)
    }

    /// Where its events go, if it may emit any.
    pub(crate) fn event_port(&self) -> Option<&Arc<dyn EventPort>> {
        self.environment.events.as_ref()
    }

    /// The guests' runtime.
    pub(crate) fn guests(&self) -> &Handle {
        &self.guests
    }

    /// Takes the plugin out of service: running calls end well, their instances are dropped after them.
    pub(crate) fn retire(&self) {
        self.pool.close();
    }

    /// Waits until no kept instance is at work.
    pub(crate) async fn drained(&self) {
        self.pool.drained().await;
    }

    /// What there is to say about the plugin now.
    pub(crate) fn status(&self) -> PluginStatus {
        let now = Instant::now();
        let hooks = HookPoint::ALL.into_iter().filter_map(|point| Some(self.hook(point)?.status(point, now)));
        let denials = self.environment.denials.all();
        PluginStatus {
            id: self.manifest.id().clone(),
            name: self.manifest.plugin.name.clone(),
            version: self.manifest.plugin.version.clone(),
            origin: self.origin.clone(),
            manifest: Arc::clone(&self.manifest),
            hooks: hooks.collect(),
            cron: self.manifest.cron.clone(),
            state: if self.is_quarantined() { PluginState::Quarantined } else { PluginState::Active },
            instances: self.gauge.instances.load(Ordering::Relaxed),
            memory: self.gauge.memory.load(Ordering::Relaxed),
            denied_calls: denials.iter().map(|denial| denial.count).sum(),
            denials,
        }
    }

    fn hook(&self, point: HookPoint) -> Option<&HookState> {
        self.hooks.get(point.index()).and_then(Option::as_ref)
    }

    fn is_quarantined(&self) -> bool {
        self.start_failures.load(Ordering::Relaxed) >= self.environment.config.start_failures
    }

    /// One poll on the caller's thread, with the guests' timers at hand.
    async fn poll_here<F: Future>(&self, mut work: Pin<&mut F>) -> Poll<F::Output> {
        poll_fn(|context| {
            let _entered = self.guests.enter();
            Poll::Ready(work.as_mut().poll(context))
        })
        .await
    }

    /// Goes on with a call on the guests' threads.
    async fn hand_over<H: Hook>(
        self: &Arc<Self>,
        work: Pin<Box<impl Future<Output = Result<(H::Results, Outcome), CallError>> + Send + 'static>>,
        context: &Arc<CallContext>,
        probe: Option<Probe>,
        started: Instant,
    ) -> Result<(H::Results, Pending), CallError> {
        let (plugin, context) = (Arc::clone(self), Arc::clone(context));
        let task = self.guests.spawn(async move {
            let result = work.await;
            plugin.settle(H::POINT, started, &context, probe, result)
        });
        match task.await {
            Ok(result) => result,
            Err(error) => Err(task_failed(&error)),
        }
    }

    /// Counts a call that was made.
    fn settle<R>(
        self: &Arc<Self>,
        point: HookPoint,
        started: Instant,
        context: &Arc<CallContext>,
        probe: Option<Probe>,
        result: Result<(R, Outcome), CallError>,
    ) -> Result<(R, Pending), CallError> {
        let now = Instant::now();
        if let Some(hook) = self.hook(point) {
            hook.metrics.called(now.saturating_duration_since(started));
        }
        match result {
            Ok((results, outcome)) => {
                let pending = Pending::new(Arc::clone(self), point, Arc::clone(context), outcome, probe);
                Ok((results, pending))
            }
            Err(error) => {
                if !error.was_not_tried() {
                    self.count_failed_call(point, now, &error, probe, context.event_id.as_deref());
                }
                Err(error)
            }
        }
    }

    /// Counts a failure of a call that is counted by itself.
    pub(crate) fn count_failure(
        &self,
        point: HookPoint,
        now: Instant,
        error: &CallError,
        probe: Option<Probe>,
    ) {
        self.count_failed_call(point, now, error, probe, None);
    }

    /// Counts a failure; `call` is the id of the event that the call was about.
    fn count_failed_call(
        &self,
        point: HookPoint,
        now: Instant,
        error: &CallError,
        probe: Option<Probe>,
        call: Option<&str>,
    ) {
        let Some(hook) = self.hook(point) else { return };
        hook.metrics.failed();
        *hook.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
        tracing::warn!(plugin = %self.manifest.id(), hook = %point, error = %error, "a plugin failed");
        self.log.keep(LogLevel::Error, &format!("{point}: {error}"), call);
        let admission = if probe.is_some() { Admission::Probe } else { Admission::Call };
        if let Some(probe) = probe {
            probe.failed();
        }
        if hook.breaker.failed(now, admission) {
            let rest = self.environment.config.breaker_rest;
            self.note(LogLevel::Error, &format!("{point}: failed too often; left alone for {rest:?}"));
        }
    }
}

fn task_failed(error: &tokio::task::JoinError) -> CallError {
    if error.is_panic() {
        CallError::Trap("the host failed in the call".to_owned())
    } else {
        CallError::ShuttingDown
    }
}
