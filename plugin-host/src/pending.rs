//! A call that has ended well, until somebody has judged what it answered.
//!
//! Only a good answer closes a breaker and publishes what the call emitted. Whether a filter's answer is good is for the
//! application to say.

use std::sync::Arc;
use std::time::Instant;

use crate::call::{Outcome, Verdict};
use crate::dispatch::CallContext;
use crate::error::CallError;
use crate::hook::HookPoint;
use crate::plugin::Plugin;
use crate::ports::{EmittedEvent, LogLevel};

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
    ///
    /// # Errors
    /// Where the events could not be published, with the reason: none of them has gone out.
    pub(crate) async fn accept(self) -> Result<(), String> {
        let Pending { plugin, context, outcome, probe, .. } = self;
        if let Some(probe) = probe {
            probe.succeeded();
        }
        if outcome.emitted.is_empty() {
            return Ok(());
        }
        // It is waited for, however long: one that is given up may be committed all the same, and emitted twice then.
        let publishing = publish(Arc::clone(&plugin), context, outcome.emitted);
        let published = plugin.guests().spawn(publishing).await;
        published.unwrap_or_else(|_ended| Err("the plugin host is shutting down".to_owned()))
    }

    /// The application does not take the answer: the call counts as a failure, and its events vanish.
    pub(crate) fn refuse(self, reason: String) -> CallError {
        let error = CallError::Invalid(reason);
        self.plugin.count_failure(self.point, Instant::now(), &error, self.probe);
        error
    }
}

/// Hands events over, all or none. The plugin's log says what the application does not take.
async fn publish(
    plugin: Arc<Plugin>,
    context: Arc<CallContext>,
    events: Vec<EmittedEvent>,
) -> Result<(), String> {
    let Some(port) = plugin.event_port() else { return Ok(()) };
    let (id, count) = (plugin.manifest.id(), events.len());
    let chain = context.chain.iter().chain([id]).cloned().collect();
    port.publish(id, events, chain).await.map_err(|error| {
        plugin.note(
            LogLevel::Error,
            &format!("emit-event: {count} events of this call were not taken: {error}"),
        );
        error.to_string()
    })
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
