//! The two generic calls through which hooks fire, filter and notify, and the one hook that is neither: rendering.

use std::sync::Arc;
use std::time::Duration;

use crate::call::Verdict;
use crate::error::{CallError, Refusal, RefusalReason};
use crate::hook::{ActionHook, FilterHook, Hook, HookPoint, RenderMarkdown};
use crate::host::PluginHost;
use crate::manifest::OnError;
use crate::plugin_id::PluginId;
use crate::registry::Listener;

/// Why a hook fires: what the call is part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallContext {
    /// The plugins whose work led here, first cause first. They do not hear the echo of what they did.
    pub chain: Vec<PluginId>,
    /// The event that is being delivered.
    pub event_id: Option<String>,
    /// Which attempt at the delivery this is, from 1; 0 where there is no delivery.
    pub attempt: u32,
    /// The entity that the call is about.
    pub entity_id: Option<String>,
    /// The entity's version.
    pub entity_version: Option<i64>,
    /// What the entity belongs to.
    pub parent_id: Option<String>,
    /// What the entity is: `post`, `page`, `comment`, `user`, or the name of a content type.
    pub kind: Option<String>,
    /// The user on whose behalf it happens.
    pub acting_user: Option<String>,
    /// Wall time of the call where it is a job's own; never more than [`crate::HostConfig::job_timeout_ceiling`].
    pub time_limit: Option<Duration>,
}

/// What came out of a chain of filters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filtered<P> {
    /// The payload after the last filter.
    pub payload: P,
    /// Whether any filter answered with a payload.
    pub changed: bool,
    /// Whether any filter failed, so that the result should not be kept for long.
    pub failed: bool,
    /// Whether any filter wants it held back from the public.
    pub held: bool,
}

/// What became of a notification at one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The listener.
    pub plugin: PluginId,
    /// Whether it took the event.
    pub result: Result<(), CallError>,
}

impl PluginHost {
    /// Passes a payload through all filters of a hook, each getting its predecessor's output.
    ///
    /// `check` is the application's validation: what it refuses is dropped and the previous value kept, as after any
    /// other failure. Where nobody listens this costs no allocation.
    ///
    /// # Errors
    /// Where a filter refuses, or fails and must agree (`on_error = "abort"`). The filters after it are not asked.
    pub async fn filter<H: FilterHook>(
        &self,
        payload: H::Payload,
        context: &CallContext,
        check: impl Fn(&H::Payload) -> Result<(), String> + Send + Sync,
    ) -> Result<Filtered<H::Payload>, Refusal> {
        if !self.listens(H::POINT) {
            return Ok(Filtered { payload, changed: false, failed: false, held: false });
        }
        let snapshot = self.snapshot();
        let context = Arc::new(context.clone());
        let mut current = Arc::new(payload);
        let (mut changed, mut failed, mut held) = (false, false, false);
        for listener in snapshot.listeners(H::POINT) {
            if !concerns::<H>(listener, &current, &context) {
                continue;
            }
            match ask::<H>(listener, &current, &context, &check).await {
                Ok(Asked::Refused { code, message }) => {
                    return Err(refusal::<H>(listener, RefusalReason::Refused { code, message }));
                }
                Ok(Asked::Answered { payload, held: now_held }) => {
                    held |= now_held;
                    if let Some(answer) = payload {
                        current = Arc::new(answer);
                        changed = true;
                    }
                }
                Ok(Asked::Invalid { error, held: now_held }) => {
                    held |= now_held;
                    failed = true;
                    agree_to_go_on::<H>(listener, error)?;
                }
                Err(error) => {
                    failed = true;
                    agree_to_go_on::<H>(listener, error)?;
                }
            }
        }
        let payload = Arc::try_unwrap(current).unwrap_or_else(|shared| H::Payload::clone(&shared));
        Ok(Filtered { payload, changed, failed, held })
    }

    /// Asks the `render-markdown` plugins in order; the first that answers is the renderer. None where nobody does.
    /// The second part says whether any of them failed.
    ///
    /// # Errors
    /// As [`PluginHost::filter`].
    pub async fn render(
        &self,
        markdown: String,
        context: &CallContext,
        check: impl Fn(&String) -> Result<(), String> + Send + Sync,
    ) -> Result<(Option<String>, bool), Refusal> {
        if !self.listens(RenderMarkdown::POINT) {
            return Ok((None, false));
        }
        let snapshot = self.snapshot();
        let (markdown, context) = (Arc::new(markdown), Arc::new(context.clone()));
        let mut failed = false;
        for listener in snapshot.listeners(RenderMarkdown::POINT) {
            if !concerns::<RenderMarkdown>(listener, &markdown, &context) {
                continue;
            }
            match ask::<RenderMarkdown>(listener, &markdown, &context, &check).await {
                Ok(Asked::Answered { payload: Some(html), .. }) => return Ok((Some(html), failed)),
                // The host takes no verdicts from this hook.
                Ok(Asked::Answered { payload: None, .. } | Asked::Refused { .. }) => {}
                Ok(Asked::Invalid { error, .. }) | Err(error) => {
                    failed = true;
                    agree_to_go_on::<RenderMarkdown>(listener, error)?;
                }
            }
        }
        Ok((None, failed))
    }

    /// The plugins that are to hear of something, in the order in which they are told: those that listen to the hook,
    /// want the topic and did not cause it. Costs no allocation where there are none.
    pub fn audience(&self, point: HookPoint, topic: Option<&str>, chain: &[PluginId]) -> Vec<PluginId> {
        if !self.listens(point) {
            return Vec::new();
        }
        let snapshot = self.snapshot();
        let listeners = snapshot.listeners(point).iter().filter(|listener| is_for(listener, topic, chain));
        listeners.map(|listener| listener.plugin.manifest.id().clone()).collect()
    }

    /// Tells all listeners of a hook, one after the other, and answers what became of each.
    pub async fn notify<H: ActionHook>(&self, payload: H::Payload, context: &CallContext) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let (payload, context) = (Arc::new(payload), Arc::new(context.clone()));
        for plugin in self.audience(H::POINT, H::topic(&payload), &context.chain) {
            let result = self.notify_one::<H>(&plugin, &payload, &context).await;
            deliveries.push(Delivery { plugin, result });
        }
        deliveries
    }

    /// Tells one plugin, if it listens and wants the payload's topic.
    ///
    /// # Errors
    /// Where it is not loaded, does not listen, the call fails, or what it emitted cannot be published: then it is to be
    /// told again.
    pub async fn notify_one<H: ActionHook>(
        &self,
        plugin: &PluginId,
        payload: &Arc<H::Payload>,
        context: &Arc<CallContext>,
    ) -> Result<(), CallError> {
        let snapshot = self.snapshot();
        if !snapshot.plugins.contains_key(plugin) {
            return Err(CallError::NotLoaded);
        }
        let mut listeners = snapshot.listeners(H::POINT).iter();
        let listener = listeners.find(|listener| {
            listener.plugin.manifest.id() == plugin && concerns::<H>(listener, payload, context)
        });
        let Some(listener) = listener else { return Err(CallError::NotListening) };
        let (_, pending) = listener.plugin.call::<H>(payload, context).await?;
        pending.accept().await.map_err(CallError::Unpublished)
    }
}

/// Whether a listener is to hear of this at all.
fn concerns<H: Hook>(listener: &Listener, payload: &H::Payload, context: &CallContext) -> bool {
    is_for(listener, H::topic(payload), &context.chain)
}

fn is_for(listener: &Listener, topic: Option<&str>, chain: &[PluginId]) -> bool {
    listener.wants(topic) && !chain.contains(listener.plugin.manifest.id())
}

/// What a filter said.
enum Asked<P> {
    /// No.
    Refused { code: String, message: String },
    /// The changed payload, if it changed it, and whether it wants it held back.
    Answered { payload: Option<P>, held: bool },
    /// A payload that the application does not take; what was said beside it stands.
    Invalid { error: CallError, held: bool },
}

/// One filter's answer, checked.
async fn ask<H: FilterHook>(
    listener: &Listener,
    payload: &Arc<H::Payload>,
    context: &Arc<CallContext>,
    check: &(impl Fn(&H::Payload) -> Result<(), String> + Send + Sync),
) -> Result<Asked<H::Payload>, CallError> {
    let (results, pending) = listener.plugin.call::<H>(payload, context).await?;
    let (refused, held) = match pending.verdict() {
        Some(Verdict::Refused { code, message }) => (Some((code.clone(), message.clone())), false),
        Some(Verdict::Held) => (None, true),
        None => (None, false),
    };
    let payload = H::answer(results).filter(|_| refused.is_none());
    if let Some(Err(reason)) = payload.as_ref().map(check) {
        return Ok(Asked::Invalid { error: pending.refuse(reason), held });
    }
    // What a filter emitted and could not be published is lost, as its log tells: its answer stands all the same.
    let _ = pending.accept().await;
    Ok(match refused {
        Some((code, message)) => Asked::Refused { code, message },
        None => Asked::Answered { payload, held },
    })
}

/// After a failure: the value stays as it was, unless this listener must agree.
fn agree_to_go_on<H: Hook>(listener: &Listener, error: CallError) -> Result<(), Refusal> {
    match listener.on_error {
        OnError::Keep => Ok(()),
        OnError::Abort => Err(refusal::<H>(listener, RefusalReason::Failed(error))),
    }
}

fn refusal<H: Hook>(listener: &Listener, reason: RefusalReason) -> Refusal {
    Refusal { plugin: listener.plugin.manifest.id().clone(), hook: H::POINT, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hook::{OnCronTick, OnPostCreating, PostInput};

    /// Multi-threaded servers need these; the compiler is the test.
    #[expect(dead_code, reason = "compiled, never called")]
    fn futures_are_send(host: &PluginHost, post: PostInput, plugin: &PluginId, context: &CallContext) {
        fn send<F: Future + Send>(_future: F) {}
        send(host.filter::<OnPostCreating>(post, context, |_| Ok(())));
        send(host.render(String::new(), context, |_| Ok(())));
        send(host.notify::<OnCronTick>(None, context));
        let (payload, context) = (Arc::new(None), Arc::new(context.clone()));
        send(host.notify_one::<OnCronTick>(plugin, &payload, &context));
    }
}
