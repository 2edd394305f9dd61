//! Hooks as administrators see them: from the plugin's side and from the hook's.

use std::time::Duration;

use fleuron_plugin_host::{HookKind, HookPoint, HookStatus, PluginState, manifest::OnError};
use serde::Serialize;
use utoipa::ToSchema;

use super::plugins::PluginStateName;
use crate::plugins::service::{EntryState, Listener, Timing};

/// Whether a hook changes something or reacts to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HookKindName {
    /// Runs before the change and may alter it.
    Filter,
    /// Runs after the change.
    Action,
}

/// What a failure of a filter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnErrorName {
    /// The value stays as it was.
    Keep,
    /// The request is refused.
    Abort,
}

/// Whether a hook of a plugin is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BreakerName {
    /// It is called.
    Closed,
    /// It failed too often and is left alone for a while.
    Open,
}

/// A hook of one plugin.
#[derive(Debug, Serialize, ToSchema)]
pub struct HookResponse {
    /// The hook, such as `on-post-creating`.
    pub name: &'static str,
    /// Whether it changes something or reacts to it.
    pub kind: HookKindName,
    /// Lower runs first.
    pub priority: i64,
    /// What a failure means.
    pub on_error: OnErrorName,
    /// Custom content types that it wants; empty: all.
    pub content_types: Vec<String>,
    /// Events that it wants, of `on-event`.
    pub events: Vec<String>,
    /// Calls since the plugin was loaded.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Average time of a call, in microseconds; null without calls.
    pub mean_us: Option<f64>,
    /// Half of the calls took no longer, in microseconds, estimated.
    pub p50_us: Option<f64>,
    /// Nine of ten took no longer.
    pub p90_us: Option<f64>,
    /// 99 of 100 took no longer.
    pub p99_us: Option<f64>,
    /// The last failure since the plugin was loaded.
    pub last_error: Option<String>,
    /// Whether it is called.
    pub breaker: BreakerName,
    /// Seconds until it is tried again, where it is left alone.
    pub retry_in: Option<u64>,
    /// Failures that count towards leaving it alone.
    pub recent_failures: usize,
}

/// A hook and who listens.
#[derive(Debug, Serialize, ToSchema)]
pub struct HookListenersResponse {
    /// The hook, such as `on-post-creating`.
    pub name: &'static str,
    /// Whether it changes something or reacts to it.
    pub kind: HookKindName,
    /// Who listens, in the order in which they are called.
    pub listeners: Vec<ListenerResponse>,
}

/// A plugin at a hook.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListenerResponse {
    /// The plugin's id.
    pub plugin: String,
    /// Lower runs first.
    pub priority: i64,
    /// What a failure means.
    pub on_error: OnErrorName,
    /// What the plugin is doing.
    pub state: PluginStateName,
    /// Whether it is called.
    pub breaker: BreakerName,
    /// Seconds until it is tried again, where it is left alone.
    pub retry_in: Option<u64>,
    /// Calls since the plugin was loaded.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Average time of a call, in microseconds; null without calls.
    pub mean_us: Option<f64>,
    /// 99 of 100 calls took no longer, in microseconds, estimated.
    pub p99_us: Option<f64>,
}

impl From<&HookStatus> for HookResponse {
    fn from(hook: &HookStatus) -> Self {
        let timing = Timing::of(&hook.counts);
        Self {
            name: hook.point.name(),
            kind: hook.point.kind().into(),
            priority: hook.settings.priority,
            on_error: hook.settings.on_error.into(),
            content_types: hook.settings.content_types.clone(),
            events: hook.settings.events.clone(),
            calls: hook.counts.calls,
            errors: hook.counts.errors,
            mean_us: timing.map(|timing| timing.mean),
            p50_us: timing.map(|timing| timing.p50),
            p90_us: timing.map(|timing| timing.p90),
            p99_us: timing.map(|timing| timing.p99),
            last_error: hook.last_error.clone(),
            breaker: BreakerName::of(hook),
            retry_in: hook.retry_in.map(whole_seconds),
            recent_failures: hook.recent_failures,
        }
    }
}

impl HookListenersResponse {
    /// A hook with its listeners, in their order.
    pub fn new(point: HookPoint, listeners: &[Listener]) -> Self {
        let listeners = listeners.iter().map(ListenerResponse::from).collect();
        Self { name: point.name(), kind: point.kind().into(), listeners }
    }
}

impl From<&Listener> for ListenerResponse {
    fn from(listener: &Listener) -> Self {
        let hook = HookResponse::from(&listener.hook);
        let state = match listener.state {
            PluginState::Active => EntryState::Active,
            PluginState::Quarantined => EntryState::Quarantined,
        };
        Self {
            plugin: listener.plugin.to_string(),
            priority: hook.priority,
            on_error: hook.on_error,
            state: state.into(),
            breaker: hook.breaker,
            retry_in: hook.retry_in,
            calls: hook.calls,
            errors: hook.errors,
            mean_us: hook.mean_us,
            p99_us: hook.p99_us,
        }
    }
}

impl BreakerName {
    fn of(hook: &HookStatus) -> Self {
        if hook.breaker_open { Self::Open } else { Self::Closed }
    }
}

impl From<HookKind> for HookKindName {
    fn from(kind: HookKind) -> Self {
        match kind {
            HookKind::Filter => Self::Filter,
            HookKind::Action => Self::Action,
        }
    }
}

impl From<OnError> for OnErrorName {
    fn from(on_error: OnError) -> Self {
        match on_error {
            OnError::Keep => Self::Keep,
            OnError::Abort => Self::Abort,
        }
    }
}

/// Rounded up: after so many seconds the time is over.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
