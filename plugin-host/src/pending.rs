//! A call that has ended well, until somebody has judged what it answered.
//!
//! Only a good answer closes a breaker and publishes what the call emitted. Whether a filter's answer is good is for the
//! application to say.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call::{Outcome, Verdict};
use crate::dispatch::CallContext;
use crate::error::CallError;
use crate::hook::HookPoint;
use crate::plugin::Plugin;
use crate::ports::{EmittedEvent, LogLevel};

/// How long the application may take for the events of one call.
const PUBLISHING: Duration = Duration::from_secs(5);

/// What is still to be decided about a call.
pub(crate) struct Pending {
    plugin: Arc<Plugin>,
    point: HookPoint,
    context: Arc<CallContext>,
    outcome: Outcome,
    probe: Option<Probe>,
}

impl Pending {
    pub(crate) fn new(
        plugin: Arc<Plugin>,
        point: HookPoint,
        context: Arc<CallContext>,
        outcome: Outcome,
        probe: Option<Probe>,
    ) -> Pending {
        Pending { plugin, point, context, outcome, probe }
    }

    /// What a filter said beside its answer.
    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        self.outcome.verdict.as_ref()
    }

    /// The answer is a good one: the breaker may close, and the events go out, also where whoever asked goes away now.
    pub(crate) async fn accept(self) {
        let Pending { plugin, context, outcome, probe, .. } = self;
        if let Some(probe) = probe {
            probe.succeeded();
        }
        if !outcome.emitted.is_empty() {
            let publishing =
                tokio::time::timeout(PUBLISHING, publish(Arc::clone(&plugin), context, outcome.emitted));
            // The runtime of the guests has the timers; a task that fails has logged why.
            let _ = plugin.guests().spawn(publishing).await;
        }
    }

    /// The application does not take the answer: the call counts as a failure, and its events vanish.
    pub(crate) fn refuse(self, reason: String) -> CallError {
        let error = CallError::Invalid(reason);
        self.plugin.count_failure(self.point, Instant::now(), &error, self.probe);
        error
    }
}

/// Hands events over. What the application does not take is lost, and the plugin's log says so: the call itself was good.
async fn publish(plugin: Arc<Plugin>, context: Arc<CallContext>, events: Vec<EmittedEvent>) {
    let Some(port) = plugin.event_port() else { return };
    let (id, count) = (plugin.manifest.id(), events.len());
    let chain = context.chain.iter().chain([id]).cloned().collect();
    if let Err(error) = port.publish(id, events, chain).await {
        plugin.note(LogLevel::Error, &format!("emit-event: {count} events of this call are lost: {error}"));
    }
}

/// The one call that decides whether a breaker closes. Dropped without a report, the breaker rests anew.
pub(crate) struct Probe {
    plugin: Arc<Plugin>,
    point: HookPoint,
    reported: bool,
}

impl Probe {
    pub(crate) fn new(plugin: Arc<Plugin>, point: HookPoint) -> Probe {
        Probe { plugin, point, reported: false }
    }

    fn succeeded(mut self) {
        self.reported = true;
        if let Some(breaker) = self.plugin.breaker(self.point) {
            breaker.probe_succeeded();
        }
    }

    /// Its call failed, which the breaker is told with the failure.
    pub(crate) fn failed(mut self) {
        self.reported = true;
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if !self.reported
            && let Some(breaker) = self.plugin.breaker(self.point)
        {
            breaker.probe_abandoned(Instant::now());
        }
    }
}
