//! A loaded plugin: its code, its instances, and how calls into it are made, counted and held back.
//!
//! A call is polled once where it is asked for. Most are over then. One that is not (its first tick has passed, or it
//! waits for the host) moves, whole, to the host's own threads, where it also ends if whoever asked has gone away; so
//! its instance is given back or dropped there in any case, and a busy guest holds up nobody else's thread.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use crate::breaker::Breaker;
use crate::capability::Grants;
use crate::compiled::Compiled;
use crate::config::HostConfig;
use crate::engine::Pulse;
use crate::error::CallError;
use crate::guest_state::Environment;
use crate::hook::{COUNT, Hook, HookPoint};
use crate::instance::{Gauge, Instance};
use crate::manifest::{HookSettings, Isolation, Manifest};
use crate::metrics::HookMetrics;
use crate::package::Origin;
use crate::plugin_log::PluginLog;
use crate::pool::{Pool, Seat};
use crate::ports::{LogLevel, Ports};
use crate::status::{HookStatus, PluginState, PluginStatus};

/// Failures to start, one after the other, after which a plugin is quarantined.
const START_FAILURES: u32 = 3;

/// What all plugins of a host share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: Arc<HostConfig>,
    pub(crate) ports: Ports,
    pub(crate) one_offs: Arc<Semaphore>,
    pub(crate) guests: Handle,
    pub(crate) pulse: Pulse,
}

/// A plugin with everything that belongs to it.
pub(crate) struct Plugin {
    pub(crate) manifest: Manifest,
    pub(crate) origin: Origin,
    compiled: Compiled,
    environment: Arc<Environment>,
    log: PluginLog,
    pool: Pool,
    gauge: Arc<Gauge>,
    hooks: [Option<HookState>; COUNT],
    timeout: Duration,
    start_failures: AtomicU32,
    guests: Handle,
    pulse: Pulse,
}

/// What belongs to one hook that the plugin listens to.
struct HookState {
    settings: HookSettings,
    breaker: Breaker,
    metrics: HookMetrics,
}

impl Plugin {
    pub(crate) fn new(manifest: Manifest, origin: Origin, compiled: Compiled, shared: &Shared) -> Plugin {
        let environment = Arc::new(Environment {
            plugin: manifest.id().clone(),
            ports: shared.ports.clone(),
            grants: Grants::new(manifest.permissions.clone()),
            settings: manifest.settings.clone(),
            max_memory: manifest.limits.memory.unwrap_or(shared.config.max_memory),
            config: Arc::clone(&shared.config),
            denied: AtomicU64::new(0),
        });
        let mut hooks = [const { None }; COUNT];
        for (point, settings) in &manifest.hooks {
            if let (Some(slot), Some(_)) = (hooks.get_mut(point.index()), compiled.export(*point)) {
                *slot = Some(HookState {
                    settings: settings.clone(),
                    breaker: Breaker::default(),
                    metrics: HookMetrics::default(),
                });
            }
        }
        Plugin {
            log: environment.log(),
            pool: Pool::new(shared.config.pool_size, Arc::clone(&shared.one_offs)),
            gauge: Arc::new(Gauge::default()),
            timeout: manifest.limits.timeout.unwrap_or(shared.config.call_timeout),
            start_failures: AtomicU32::new(0),
            guests: shared.guests.clone(),
            pulse: shared.pulse.clone(),
            manifest,
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
        self.log.host(level, line);
    }

    /// Starts a first instance and keeps it, to prove that the plugin can run.
    pub(crate) async fn prove_start(self: &Arc<Self>) -> Result<(), CallError> {
        let limit = self.environment.config.start_timeout;
        let deadline = Instant::now() + limit;
        let plugin = Arc::clone(self);
        let start = self.guests.spawn(async move {
            let _running = plugin.pulse.run();
            timeout_at(deadline.into(), plugin.start(deadline)).await
        });
        match start.await {
            Ok(Ok(instance)) => {
                self.pool.add(instance?);
                Ok(())
            }
            Ok(Err(_elapsed)) => Err(CallError::Timeout(limit)),
            Err(error) => Err(task_failed(&error)),
        }
    }

    /// Calls one hook.
    pub(crate) async fn call<H: Hook>(
        self: &Arc<Self>,
        payload: &Arc<H::Payload>,
    ) -> Result<H::Results, CallError> {
        let Some(hook) = self.hook(H::POINT) else { return Err(CallError::NotListening) };
        if self.is_quarantined() {
            return Err(CallError::Quarantined);
        }
        let started = Instant::now();
        if !hook.breaker.admits(started) {
            return Err(CallError::BreakerOpen);
        }
        let deadline = started + self.timeout;
        let mut work = Box::pin(Arc::clone(self).serve::<H>(Arc::clone(payload), deadline));
        match self.poll_here(work.as_mut()).await {
            Poll::Ready(result) => {
                self.settle(H::POINT, started, result.as_ref().err());
                result
            }
            Poll::Pending => self.hand_over::<H>(work, started, deadline).await,
        }
    }

    /// The application refuses an answer that has been counted as a good call.
    pub(crate) fn refuse_answer(&self, point: HookPoint, reason: String) -> CallError {
        let error = CallError::Invalid(reason);
        self.count_failure(point, Instant::now(), &error);
        error
    }

    /// Drops the idle instances that nobody has needed for long.
    pub(crate) fn retire_idle(&self, now: Instant) {
        self.pool.retire_idle(now, self.environment.config.retire_after_idle);
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
        let hooks = HookPoint::ALL.into_iter().filter_map(|point| {
            let hook = self.hook(point)?;
            Some(HookStatus {
                point,
                settings: hook.settings.clone(),
                counts: hook.metrics.counts(),
                breaker_open: hook.breaker.is_open(),
            })
        });
        PluginStatus {
            id: self.manifest.id().clone(),
            name: self.manifest.plugin.name.clone(),
            version: self.manifest.plugin.version.clone(),
            origin: self.origin.clone(),
            hooks: hooks.collect(),
            cron: self.manifest.cron.clone(),
            state: if self.is_quarantined() { PluginState::Quarantined } else { PluginState::Active },
            instances: self.gauge.instances.load(Ordering::Relaxed),
            memory: self.gauge.memory.load(Ordering::Relaxed),
            denied_calls: self.environment.denied.load(Ordering::Relaxed),
        }
    }

    fn hook(&self, point: HookPoint) -> Option<&HookState> {
        self.hooks.get(point.index()).and_then(Option::as_ref)
    }

    fn is_quarantined(&self) -> bool {
        self.start_failures.load(Ordering::Relaxed) >= START_FAILURES
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
        work: Pin<Box<impl Future<Output = Result<H::Results, CallError>> + Send + 'static>>,
        started: Instant,
        deadline: Instant,
    ) -> Result<H::Results, CallError> {
        let plugin = Arc::clone(self);
        let task = self.guests.spawn(async move {
            let result = match timeout_at(deadline.into(), work).await {
                Ok(result) => result,
                Err(_elapsed) => Err(CallError::Timeout(plugin.timeout)),
            };
            plugin.settle(H::POINT, started, result.as_ref().err());
            result
        });
        match task.await {
            Ok(result) => result,
            Err(error) => Err(task_failed(&error)),
        }
    }

    /// Everything that a call does: find an instance, call it, put it back. Owns what it uses, so that it can move.
    async fn serve<H: Hook>(
        self: Arc<Self>,
        payload: Arc<H::Payload>,
        deadline: Instant,
    ) -> Result<H::Results, CallError> {
        let _running = self.pulse.run();
        let seat = self.pool.seat().await?;
        let mut instance = match self.pool.take(&seat) {
            Some(instance) => instance,
            // Boxed, since starting is rare and its large future would make every call's future as large.
            None => Box::pin(self.start(deadline)).await?,
        };
        let results = instance.call::<H>(&payload, deadline, self.timeout).await?;
        self.put_back(instance, seat);
        Ok(results)
    }

    async fn start(&self, deadline: Instant) -> Result<Box<Instance>, CallError> {
        let hooks = self.listened().map(|(point, _)| point);
        let outcome = Instance::start(&self.compiled, hooks, &self.environment, &self.gauge, deadline).await;
        match &outcome {
            Ok(_) => self.start_failures.store(0, Ordering::Relaxed),
            Err(CallError::Start(_)) => {
                if self.start_failures.fetch_add(1, Ordering::Relaxed) + 1 == START_FAILURES {
                    let line = "instances do not start; the plugin is quarantined until it is loaded anew";
                    self.note(LogLevel::Error, line);
                }
            }
            Err(_) => {}
        }
        outcome
    }

    fn put_back(&self, mut instance: Box<Instance>, seat: Seat) {
        let config = &self.environment.config;
        let worn_out = self.manifest.isolation == Isolation::Call
            || instance.calls() >= config.retire_after_calls
            || instance.growth() > config.retire_after_growth;
        if worn_out {
            drop(instance);
            drop(seat);
        } else {
            instance.rest(Instant::now());
            self.pool.give_back(instance, seat);
        }
    }

    /// Counts a call that was made.
    fn settle(&self, point: HookPoint, started: Instant, failure: Option<&CallError>) {
        let Some(hook) = self.hook(point) else { return };
        let now = Instant::now();
        hook.metrics.called(now.saturating_duration_since(started));
        match failure {
            None => hook.breaker.succeeded(),
            Some(error) if error.was_not_tried() => {}
            Some(error) => self.count_failure(point, now, error),
        }
    }

    fn count_failure(&self, point: HookPoint, now: Instant, error: &CallError) {
        let Some(hook) = self.hook(point) else { return };
        hook.metrics.failed();
        tracing::warn!(plugin = %self.manifest.id(), hook = %point, error = %error, "a plugin failed");
        self.log.keep(LogLevel::Error, &format!("{point}: {error}"));
        if hook.breaker.failed(now) {
            self.note(LogLevel::Error, &format!("{point}: failed too often; left alone for half a minute"));
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
