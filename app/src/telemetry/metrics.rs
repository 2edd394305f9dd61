//! Counters for Prometheus.

use std::{collections::BTreeMap, fmt::Display, sync::Arc};

use fleuron_plugin_host::{BUCKET_BOUNDS, HookCounts, PluginHost, PluginState, PluginStatus};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{
    cron::CronMetrics,
    events::{Backlog, EventMetrics},
};

/// Upper bounds of the request histogram, in seconds.
const REQUEST_BUCKETS: [f64; 11] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: u16,
}

/// All counters. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    requests: Family<StatusLabels, Counter>,
    seconds: Histogram,
    hooks: PluginHost,
    events: EventMetrics,
}

impl Metrics {
    /// Counters at zero; those of plugins are read from their host.
    pub fn new(hooks: PluginHost, events: EventMetrics, cron: &CronMetrics) -> Self {
        let mut registry = Registry::with_prefix("fleuron");
        events.register(&mut registry);
        cron.register(&mut registry);
        let requests = Family::<StatusLabels, Counter>::default();
        let seconds = Histogram::new(REQUEST_BUCKETS);
        registry.register("http_requests", "Requests by status", requests.clone());
        registry.register("http_request_duration_seconds", "Time from request to response", seconds.clone());
        Self { registry: Arc::new(registry), requests, seconds, hooks, events }
    }

    /// Takes over how many events wait.
    pub fn show(&self, backlog: &Backlog) {
        self.events.show(backlog);
    }

    /// Counts a request.
    pub fn request(&self, status: u16, seconds: f64) {
        self.requests.get_or_create(&StatusLabels { status }).inc();
        self.seconds.observe(seconds);
    }

    /// Everything in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            return String::new();
        }
        // The plugins' lines come before the end mark.
        let text = text.trim_end().trim_end_matches("# EOF").to_owned();
        format!("{text}{}# EOF\n", self.plugins())
    }

    fn plugins(&self) -> String {
        let mut families = PluginFamilies::new();
        for plugin in self.hooks.plugins() {
            families.add(&plugin);
        }
        families.text()
    }
}

/// What the host counts about plugins, as families of the text format. The host keeps these counters itself, for as long
/// as a plugin is loaded, so they are written out here, not registered.
struct PluginFamilies {
    active: Lines,
    quarantined: Lines,
    instances: Lines,
    memory: Lines,
    denied: Lines,
    breakers: Lines,
    calls: Lines,
    errors: Lines,
    seconds: Lines,
}

impl PluginFamilies {
    fn new() -> Self {
        Self {
            active: Lines::new("active", "gauge", "Whether the plugin serves."),
            quarantined: Lines::new("quarantined", "gauge", "Whether the plugin waits to be loaded anew."),
            instances: Lines::new("instances", "gauge", "Instances alive."),
            memory: Lines::new("memory_bytes", "gauge", "Memory and tables of all instances."),
            denied: Lines::new("denied", "counter", "Host calls denied."),
            breakers: Lines::new("breaker_open", "gauge", "Whether a hook is left alone after failures."),
            calls: Lines::new("calls", "counter", "Hook calls."),
            errors: Lines::new("errors", "counter", "Failed hook calls."),
            seconds: Lines::new("call_duration_seconds", "histogram", "Time of a hook call."),
        }
    }

    fn add(&mut self, plugin: &PluginStatus) {
        let labels = label("plugin", plugin.id.as_str());
        let is_active = matches!(plugin.state, PluginState::Active);
        self.active.line("", &labels, u8::from(is_active));
        self.quarantined.line("", &labels, u8::from(!is_active));
        self.instances.line("", &labels, plugin.instances);
        self.memory.line("", &labels, plugin.memory);
        for (call, count) in denied(plugin) {
            self.denied.line("_total", &format!("{labels},{}", label("call", call)), count);
        }
        for hook in &plugin.hooks {
            let labels = format!("{labels},{}", label("hook", hook.point.name()));
            self.breakers.line("", &labels, u8::from(hook.breaker_open));
            self.calls.line("_total", &labels, hook.counts.calls);
            self.errors.line("_total", &labels, hook.counts.errors);
            self.seconds.histogram(&labels, &hook.counts);
        }
    }

    fn text(self) -> String {
        let Self { active, quarantined, instances, memory, denied, breakers, calls, errors, seconds } = self;
        let families = [active, quarantined, instances, memory, denied, breakers, calls, errors, seconds];
        families.map(|family| family.text).concat()
    }
}

/// One family: its head and its samples.
struct Lines {
    name: String,
    text: String,
}

impl Lines {
    fn new(name: &str, kind: &str, help: &str) -> Self {
        let name = format!("fleuron_plugin_{name}");
        let text = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Self { name, text }
    }

    fn line(&mut self, suffix: &str, labels: &str, value: impl Display) {
        self.text += &format!("{}{suffix}{{{labels}}} {value}\n", self.name);
    }

    fn histogram(&mut self, labels: &str, counts: &HookCounts) {
        let mut sum = 0;
        for (bound, count) in BUCKET_BOUNDS.iter().zip(&counts.buckets) {
            sum += count;
            self.line("_bucket", &format!("{labels},le=\"{bound}\""), sum);
        }
        self.line("_bucket", &format!("{labels},le=\"+Inf\""), counts.calls);
        self.line("_sum", labels, counts.seconds);
        self.line("_count", labels, counts.calls);
    }
}

/// Denials by call, whatever the reasons.
fn denied(plugin: &PluginStatus) -> BTreeMap<&str, u64> {
    let mut counts = BTreeMap::new();
    for denial in &plugin.denials {
        *counts.entry(denial.call.as_str()).or_default() += denial.count;
    }
    counts
}

/// A label with its value, escaped.
fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        assert_eq!(label("call", "a\"b\\c\nd"), r#"call="a\"b\\c\nd""#);
    }

    #[test]
    fn buckets_are_cumulative() {
        let mut buckets = vec![0; BUCKET_BOUNDS.len() + 1];
        (buckets[0], buckets[2], buckets[15]) = (1, 2, 4);
        let counts = HookCounts { calls: 7, errors: 0, seconds: 0.5, buckets };
        let mut lines = Lines::new("call_duration_seconds", "histogram", "Time.");
        lines.histogram(&label("plugin", "com.example.a"), &counts);
        for line in [
            "fleuron_plugin_call_duration_seconds_bucket{plugin=\"com.example.a\",le=\"0.00001\"} 1",
            "fleuron_plugin_call_duration_seconds_bucket{plugin=\"com.example.a\",le=\"0.000025\"} 3",
            "fleuron_plugin_call_duration_seconds_bucket{plugin=\"com.example.a\",le=\"2.5\"} 3",
            "fleuron_plugin_call_duration_seconds_bucket{plugin=\"com.example.a\",le=\"+Inf\"} 7",
            "fleuron_plugin_call_duration_seconds_sum{plugin=\"com.example.a\"} 0.5",
        ] {
            assert!(lines.text.lines().any(|found| found == line), "no {line} in {}", lines.text);
        }
    }
}
