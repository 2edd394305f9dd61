//! What an operator may set about the plugin host: one struct, each field with its unit and default.

use std::path::PathBuf;
use std::time::Duration;

use crate::compiler::Compiler;

/// Settings of a [`crate::PluginHost`]. `HostConfig::default()` suits a small site.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Instances kept per plugin (`PLUGIN_WASM_POOL_SIZE`). Default 4, at least 1.
    pub pool_size: usize,
    /// Instances that may exist beside the pools, over all plugins, while pools are exhausted. Default 16.
    pub one_off_cap: usize,
    /// Wall time of one hook call where the manifest names none. Default 500 ms.
    pub call_timeout: Duration,
    /// Wall time for starting an instance, which runs the guest's own initialisers. Default 5 s.
    pub start_timeout: Duration,
    /// Bytes of linear memory and tables of one instance where the manifest names no limit. Default 64 MiB.
    pub max_memory: usize,
    /// The most bytes that a manifest may ask for. Default 256 MiB.
    pub max_memory_ceiling: usize,
    /// Bytes of linear memory and tables of all instances of all plugins together. Default 2 GiB.
    pub total_memory: usize,
    /// The longest wall time of one hook call that a manifest may ask for. Default 10 s.
    pub call_timeout_ceiling: Duration,
    /// The longest wall time of one run of a job that a manifest may ask for. Default 60 s.
    pub job_timeout_ceiling: Duration,
    /// Bytes of stack a guest may use. Default 1 MiB.
    pub max_stack: usize,
    /// How often running guests give way to others; also how long a call may hold the thread that asked for it.
    /// Default 1 ms.
    pub epoch_tick: Duration,
    /// Folder for compiled code, created with mode 0700; holds at most 256 plugins and 1 GiB. Plugins must not be able to
    /// write there. Default: none, every start compiles anew.
    pub code_cache: Option<PathBuf>,
    /// What compiles plugins in a process of its own. Default: none, they are compiled in this process, one per two cores
    /// at once, and code that might take too long is refused before.
    pub compiler: Option<Compiler>,
    /// Wall time for compiling one plugin in a process of its own. Default 120 s.
    pub compile_timeout: Duration,
    /// Bytes of memory for compiling one plugin in a process of its own. Default 2 GiB; a guest in Python takes
    /// 0.4.
    pub compile_memory: u64,
    /// How long a look at a directory of plugins is waited for where a compiler is set; what takes longer is loaded
    /// meanwhile, unless a hook of it must agree (`on_error = "abort"`). Default 2 s.
    pub load_patience: Duration,
    /// Threads that run the calls that outlive their first tick. Default 2, at least 1.
    pub guest_threads: usize,
    /// Host calls that one hook call may make before it is ended. Default 10 000.
    pub host_call_budget: u32,
    /// Bytes a guest may hand over in one host call. Default 8 MiB.
    pub hostcall_fuel: usize,
    /// SQL statements and calls of `data` that one hook call may make. Default 2 000.
    pub sql_budget: u32,
    /// How long a transaction may stay open. Default 5 s.
    pub transaction_time: Duration,
    /// Requests to other servers that one hook call may make. Default 10.
    pub http_budget: u32,
    /// Events that one hook call may emit. Default 32.
    pub event_budget: u32,
    /// Bytes of one event's data. Default 64 KiB.
    pub event_bytes: usize,
    /// Plugins that may act one upon the other's events before nothing more may be emitted. Default 3.
    pub chain_depth: usize,
    /// Failures of one hook of one plugin within `breaker_window` after which it is left alone. Default 5.
    pub breaker_failures: u32,
    /// See `breaker_failures`. Default 60 s.
    pub breaker_window: Duration,
    /// How long a hook is left alone before it is tried again. Default 30 s.
    pub breaker_rest: Duration,
    /// Failures to start, one after the other, after which a plugin is quarantined. Default 3.
    pub start_failures: u32,
    /// Log lines that one hook call may write; the rest is dropped with a note. Default 100.
    pub log_lines_per_call: u32,
    /// Bytes of one log line; the rest is cut off. Default 4 096.
    pub log_line_bytes: usize,
    /// Calls after which an instance is replaced. Default 10 000.
    pub retire_after_calls: u64,
    /// Bytes that an instance may grow beyond its size after start before it is replaced; 0: any. Default 16 MiB.
    pub retire_after_growth: usize,
    /// How long an instance may sit idle before it is dropped. Default 5 min.
    pub retire_after_idle: Duration,
}

impl Default for HostConfig {
    fn default() -> HostConfig {
        HostConfig {
            pool_size: 4,
            one_off_cap: 16,
            call_timeout: Duration::from_millis(500),
            start_timeout: Duration::from_secs(5),
            max_memory: 64 << 20,
            max_memory_ceiling: 256 << 20,
            total_memory: 2 << 30,
            call_timeout_ceiling: Duration::from_secs(10),
            job_timeout_ceiling: Duration::from_secs(60),
            max_stack: 1 << 20,
            epoch_tick: Duration::from_millis(1),
            code_cache: None,
            compiler: None,
            compile_timeout: Duration::from_secs(120),
            compile_memory: 2 << 30,
            load_patience: Duration::from_secs(2),
            guest_threads: 2,
            host_call_budget: 10_000,
            hostcall_fuel: 8 << 20,
            sql_budget: 2_000,
            transaction_time: Duration::from_secs(5),
            http_budget: 10,
            event_budget: 32,
            event_bytes: 64 << 10,
            chain_depth: 3,
            breaker_failures: 5,
            breaker_window: Duration::from_secs(60),
            breaker_rest: Duration::from_secs(30),
            start_failures: 3,
            log_lines_per_call: 100,
            log_line_bytes: 4096,
            retire_after_calls: 10_000,
            retire_after_growth: 16 << 20,
            retire_after_idle: Duration::from_secs(300),
        }
    }
}
