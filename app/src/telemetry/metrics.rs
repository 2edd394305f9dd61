//! Counters for Prometheus.

use std::sync::Arc;

use fleuron_plugin_host::{BUCKET_BOUNDS, HookCounts, PluginHost, PluginState};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
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
}

impl Metrics {
    /// Counters at zero; those of plugins are read from their host.
    pub fn new(hooks: PluginHost) -> Self {
        let mut registry = Registry::with_prefix("fleuron");
        let requests = Family::<StatusLabels, Counter>::default();
        let seconds = Histogram::new(REQUEST_BUCKETS);
        registry.register("http_requests", "Requests by status", requests.clone());
        registry.register("http_request_duration_seconds", "Time from request to response", seconds.clone());
        Self { registry: Arc::new(registry), requests, seconds, hooks }
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
        let mut calls =
            String::from("# HELP fleuron_plugin_calls Hook calls.\n# TYPE fleuron_plugin_calls counter\n");
        let mut errors = String::from(
            "# HELP fleuron_plugin_errors Failed hook calls.\n# TYPE fleuron_plugin_errors counter\n",
        );
        let mut seconds = String::from(
            "# HELP fleuron_plugin_call_duration_seconds Time of a hook call.\n\
             # TYPE fleuron_plugin_call_duration_seconds histogram\n",
        );
        let mut memory = String::from(
            "# HELP fleuron_plugin_memory_bytes Memory of idle instances.\n\
             # TYPE fleuron_plugin_memory_bytes gauge\n",
        );
        let mut up = String::from(
            "# HELP fleuron_plugin_active Whether the plugin serves.\n# TYPE fleuron_plugin_active gauge\n",
        );
        for plugin in self.hooks.plugins() {
            let active = u8::from(matches!(plugin.state, PluginState::Active));
            up += &format!("fleuron_plugin_active{{plugin=\"{}\"}} {active}\n", plugin.id);
            memory += &format!("fleuron_plugin_memory_bytes{{plugin=\"{}\"}} {}\n", plugin.id, plugin.memory);
            for hook in &plugin.hooks {
                let labels = format!("plugin=\"{}\",hook=\"{}\"", plugin.id, hook.point);
                calls += &format!("fleuron_plugin_calls_total{{{labels}}} {}\n", hook.counts.calls);
                errors += &format!("fleuron_plugin_errors_total{{{labels}}} {}\n", hook.counts.errors);
                seconds += &histogram(&labels, &hook.counts);
            }
        }
        [up, memory, calls, errors, seconds].concat()
    }
}

fn histogram(labels: &str, counts: &HookCounts) -> String {
    let name = "fleuron_plugin_call_duration_seconds";
    let mut lines = String::new();
    let mut sum = 0;
    for (bound, count) in BUCKET_BOUNDS.iter().zip(&counts.buckets) {
        sum += count;
        lines += &format!("{name}_bucket{{{labels},le=\"{bound}\"}} {sum}\n");
    }
    lines += &format!("{name}_bucket{{{labels},le=\"+Inf\"}} {}\n", counts.calls);
    lines += &format!("{name}_sum{{{labels}}} {}\n", counts.seconds);
    lines += &format!("{name}_count{{{labels}}} {}\n", counts.calls);
    lines
}
