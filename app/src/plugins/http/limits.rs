//! The limits that are in force for a plugin.

use std::time::Duration;

use fleuron_plugin_host::manifest::Limits;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{config::PluginsConfig, egress::EgressConfig};

/// The limits that are in force for a plugin: the server's, and what its manifest asks for instead.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginLimits {
    /// Time of one hook call, in milliseconds.
    pub timeout_ms: u64,
    /// Time for starting an instance, in milliseconds.
    pub start_timeout_ms: u64,
    /// Bytes of memory and tables of one instance.
    pub max_memory_bytes: usize,
    /// Bytes of stack.
    pub max_stack_bytes: usize,
    /// Instances that are kept.
    pub pool_size: usize,
    /// Host calls of one hook call.
    pub host_calls: u32,
    /// Bytes that it may hand over in one host call.
    pub host_call_bytes: usize,
    /// SQL statements of one hook call.
    pub sql_statements: u32,
    /// Bytes of one statement's text.
    pub sql_bytes: usize,
    /// Rows of one answer.
    pub sql_rows: usize,
    /// Bytes of one answer.
    pub sql_answer_bytes: usize,
    /// How long a transaction may stay open, in milliseconds.
    pub transaction_ms: u64,
    /// Requests to other servers of one hook call.
    pub http_requests: u32,
    /// Time of one request with its redirects, in milliseconds; the hook call's own time counts as well.
    pub http_timeout_ms: u64,
    /// Time of connecting, in milliseconds.
    pub http_connect_ms: u64,
    /// Bytes of one answer.
    pub http_answer_bytes: usize,
    /// Redirects that are followed.
    pub http_redirects: usize,
    /// Requests under way at once.
    pub http_at_once: usize,
    /// Requests of all plugins together under way at once.
    pub http_at_once_of_all: usize,
    /// Events of one hook call.
    pub events: u32,
    /// Bytes of one event's data.
    pub event_bytes: usize,
    /// Plugins that may act one upon the other's events.
    pub event_depth: usize,
    /// Log lines of one hook call.
    pub log_lines: u32,
    /// Bytes of one log line.
    pub log_line_bytes: usize,
    /// Log lines that are kept.
    pub log_kept_lines: usize,
    /// Bytes of log that are kept.
    pub log_kept_bytes: usize,
    /// Bytes of its database.
    pub database_bytes: u64,
    /// Bytes of one key-value.
    pub value_bytes: usize,
    /// Bytes of all its files together.
    pub files_bytes: u64,
    /// Files and folders together.
    pub files: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Failures of one hook within `breaker_window_seconds` after which it is left alone.
    pub breaker_failures: u32,
    /// See `breaker_failures`.
    pub breaker_window_seconds: u64,
    /// How long a hook is left alone before it is tried again, in seconds.
    pub breaker_rest_seconds: u64,
    /// Failures to start, one after the other, after which the plugin is quarantined.
    pub start_failures: u32,
}

impl PluginLimits {
    /// What holds where the manifest asks for `asked`.
    pub fn new(asked: &Limits, config: &PluginsConfig, egress: &EgressConfig) -> Self {
        let PluginsConfig { host, databases, files, .. } = config;
        Self {
            timeout_ms: millis(asked.timeout.unwrap_or(host.call_timeout)),
            start_timeout_ms: millis(host.start_timeout),
            max_memory_bytes: asked.memory.unwrap_or(host.max_memory),
            max_stack_bytes: host.max_stack,
            pool_size: host.pool_size,
            host_calls: host.host_call_budget,
            host_call_bytes: host.hostcall_fuel,
            sql_statements: host.sql_budget,
            sql_bytes: databases.sql_bytes,
            sql_rows: databases.answer_rows,
            sql_answer_bytes: databases.answer_bytes,
            transaction_ms: millis(host.transaction_time),
            http_requests: host.http_budget,
            http_timeout_ms: millis(egress.timeout),
            http_connect_ms: millis(egress.connect_timeout),
            http_answer_bytes: egress.max_body,
            http_redirects: egress.max_redirects,
            http_at_once: egress.per_caller,
            http_at_once_of_all: egress.concurrent,
            events: host.event_budget,
            event_bytes: host.event_bytes,
            event_depth: host.chain_depth,
            log_lines: host.log_lines_per_call,
            log_line_bytes: host.log_line_bytes,
            log_kept_lines: config.log.lines,
            log_kept_bytes: config.log.bytes,
            database_bytes: databases.file_bytes,
            value_bytes: databases.value_bytes,
            files_bytes: files.bytes,
            files: files.files,
            file_bytes: files.file_bytes,
            breaker_failures: host.breaker_failures,
            breaker_window_seconds: host.breaker_window.as_secs(),
            breaker_rest_seconds: host.breaker_rest.as_secs(),
            start_failures: host.start_failures,
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
