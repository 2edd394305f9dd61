//! Where a call's instance comes from, and what becomes of it.
//!
//! Most guests start in well below a millisecond, beside the call that needs them. Guests that take longer (those that
//! bring an interpreter, or initialise a lot) start ahead instead: as soon as a call takes the last idle instance, and
//! where one was lost, the next is started in the background, so that nobody's request pays for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{timeout, timeout_at};

use super::{Plugin, task_failed};
use crate::call::Outcome;
use crate::dispatch::CallContext;
use crate::error::CallError;
use crate::hook::Hook;
use crate::instance::Instance;
use crate::manifest::Isolation;
use crate::pool::{Seat, Taken};
use crate::ports::LogLevel;

/// From how many microseconds on a start is slow.
const SLOW: u64 = 2000;

/// How long instances of a plugin take to start: the least so far, since the machine may be busy with other things.
pub(super) struct StartTime(AtomicU64);

impl Default for StartTime {
    fn default() -> StartTime {
        StartTime(AtomicU64::new(u64::MAX))
    }
}

impl StartTime {
    fn note(&self, time: Duration) {
        self.0.fetch_min(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time where it is long; zero where it is not, or not known.
    fn if_slow(&self) -> Duration {
        match self.0.load(Ordering::Relaxed) {
            0..SLOW | u64::MAX => Duration::ZERO,
            micros => Duration::from_micros(micros),
        }
    }
}

impl Plugin {
    /// Starts a first instance and keeps it, to prove that the plugin can run.
    pub(crate) async fn prove_start(self: &Arc<Self>) -> Result<(), CallError> {
        self.pool.add(self.start_by_itself().await?);
        Ok(())
    }

    /// Drops the idle instances that nobody has needed for long. Where starts are slow, one stays.
    pub(crate) fn retire_idle(&self, now: Instant) {
        let but = usize::from(self.starts_ahead());
        self.pool.retire_idle(now, self.environment.config.retire_after_idle, but);
    }

    /// Everything that a call does: find an instance, call it, put it back. Owns what it uses, so that it can move. The
    /// call has its whole time from when it has its instance; as long it waits for one.
    pub(super) async fn serve<H: Hook>(
        self: Arc<Self>,
        payload: Arc<H::Payload>,
        context: Arc<CallContext>,
    ) -> Result<(H::Results, Outcome), CallError> {
        let _running = self.pulse.run();
        let limit = self.time_limit(&context);
        // That all are at work is not this call's failure.
        let seat = match timeout(limit, self.pool.seat(self.slow_start())).await {
            Ok(seat) => seat?,
            Err(_elapsed) => return Err(CallError::Busy),
        };
        // The seat is free only after the instance is gone: what is declared last is dropped first.
        let (seat, mut instance) = self.instance(seat, limit).await?;
        let deadline = Instant::now() + limit;
        let call = instance.call::<H>(&payload, context, deadline, limit);
        let answer = timeout_at(deadline.into(), call).await;
        match answer.unwrap_or(Err(CallError::Timeout(limit))) {
            Ok(answer) => {
                self.put_back(instance, seat);
                Ok(answer)
            }
            Err(error) => {
                self.dismiss(instance, seat);
                Err(error)
            }
        }
    }

    /// How long a call may take: as long as the plugin's calls may, unless it is one with a limit of its own.
    fn time_limit(&self, context: &CallContext) -> Duration {
        let ceiling = self.environment.config.job_timeout_ceiling;
        context.time_limit.map_or(self.timeout, |asked| asked.min(ceiling))
    }

    /// An instance for a seat, which is waited for as long as the limit says.
    async fn instance(
        self: &Arc<Self>,
        seat: Seat,
        limit: Duration,
    ) -> Result<(Seat, Box<Instance>), CallError> {
        match self.pool.take(&seat, self.starts_ahead()) {
            Taken::Idle(instance, last) => {
                if last {
                    self.start_ahead();
                }
                Ok((seat, instance))
            }
            Taken::Next(waiter) => {
                self.start_ahead();
                Ok((seat, waiter.next(limit).await?))
            }
            Taken::Nothing => match timeout(limit, self.start_apart(seat)).await {
                Ok(started) => started,
                Err(_elapsed) => Err(CallError::Timeout(limit)),
            },
        }
    }

    /// How long a start takes, where instances are started ahead; else zero.
    fn slow_start(&self) -> Duration {
        // What is never kept cannot be started for whoever comes next.
        if self.manifest.isolation == Isolation::Call { Duration::ZERO } else { self.start_time.if_slow() }
    }

    fn starts_ahead(&self) -> bool {
        !self.slow_start().is_zero()
    }

    /// Starts the next instance in the background where starts are slow and one is wanted.
    fn start_ahead(self: &Arc<Self>) {
        if !self.starts_ahead() || !self.pool.wants_start() {
            return;
        }
        let plugin = Arc::clone(self);
        self.guests.spawn(async move {
            let outcome = plugin.start_by_itself().await;
            let succeeded = outcome.is_ok();
            plugin.pool.started(outcome);
            // Whoever has got it may not have been the only one to wait.
            if succeeded {
                plugin.start_ahead();
            }
        });
    }

    /// Starts an instance beside the call that needs it: it has its own time, and where the call does not wait for it
    /// any more, the next one finds it in the pool.
    async fn start_apart(self: &Arc<Self>, seat: Seat) -> Result<(Seat, Box<Instance>), CallError> {
        let (sender, started) = oneshot::channel();
        let plugin = Arc::clone(self);
        self.guests.spawn(async move {
            let outcome = plugin.start().await.map(|instance| (seat, instance));
            if let Err(Ok((seat, instance))) = sender.send(outcome) {
                plugin.put_back(instance, seat);
            }
        });
        started.await.unwrap_or(Err(CallError::ShuttingDown))
    }

    /// Starts an instance in a task of its own, so that whoever waits for it hears of every end.
    async fn start_by_itself(self: &Arc<Self>) -> Result<Box<Instance>, CallError> {
        let plugin = Arc::clone(self);
        let start = self.guests.spawn(async move { plugin.start().await });
        start.await.unwrap_or_else(|error| Err(task_failed(&error)))
    }

    /// Starts an instance, and counts towards quarantine where that fails.
    async fn start(&self) -> Result<Box<Instance>, CallError> {
        let _running = self.pulse.run();
        let limit = self.environment.config.start_timeout;
        let begun = Instant::now();
        let deadline = begun + limit;
        let hooks = self.listened().map(|(point, _)| point);
        let start = Instance::start(&self.compiled, hooks, &self.environment, &self.gauge, deadline);
        let outcome = timeout_at(deadline.into(), Box::pin(start)).await;
        let outcome = outcome.unwrap_or(Err(CallError::Timeout(limit)));
        match &outcome {
            Ok(_) => {
                self.start_time.note(begun.elapsed());
                self.start_failures.store(0, Ordering::Relaxed);
            }
            Err(CallError::Start(_) | CallError::Timeout(_)) => self.count_failed_start(),
            Err(_) => {}
        }
        outcome
    }

    fn count_failed_start(&self) {
        if self.start_failures.fetch_add(1, Ordering::Relaxed) + 1 == self.environment.config.start_failures {
            let line = "instances do not start; the plugin is quarantined until it is loaded anew";
            self.note(LogLevel::Error, line);
        }
    }

    fn put_back(self: &Arc<Self>, mut instance: Box<Instance>, seat: Seat) {
        let config = &self.environment.config;
        let worn_out = self.manifest.isolation == Isolation::Call
            || instance.calls() >= config.retire_after_calls
            || (config.retire_after_growth > 0 && instance.growth() > config.retire_after_growth);
        if worn_out {
            self.dismiss(instance, seat);
        } else {
            instance.rest(Instant::now());
            self.pool.give_back(instance, seat);
        }
    }

    /// Drops an instance, before its seat is free again, and has another take its place.
    fn dismiss(self: &Arc<Self>, instance: Box<Instance>, seat: Seat) {
        drop(instance);
        drop(seat);
        self.start_ahead();
    }
}
