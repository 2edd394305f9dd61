//! What a store knows besides its guest: whose it is, what the running call may still use, and its empty WASI.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::capability::{Capability, Grants};
use crate::config::HostConfig;
use crate::limits::{BudgetExceeded, StoreMemory};
use crate::manifest::Setting;
use crate::plugin_id::PluginId;
use crate::plugin_log::{PluginLog, StandardStream};
use crate::ports::{LogLevel, Ports};

/// The most random bytes that one call gives: they are made while the guest's thread waits. More traps.
const MAX_RANDOM: u64 = 64 << 10;
/// The most things of WASI that an instance may hold. Each takes memory of the host that the guest's limit leaves out,
/// and a clock's alarm counts twice.
const MAX_RESOURCES: usize = 4096;

/// What all instances of a plugin share.
pub(crate) struct Environment {
    pub(crate) plugin: PluginId,
    pub(crate) ports: Ports,
    pub(crate) grants: Grants,
    /// The settings that the manifest declares.
    pub(crate) settings: BTreeMap<String, Setting>,
    /// Bytes of one instance.
    pub(crate) max_memory: usize,
    pub(crate) config: Arc<HostConfig>,
    /// Calls denied since the plugin was loaded.
    pub(crate) denied: AtomicU64,
}

impl Environment {
    /// A log with an allowance of its own.
    pub(crate) fn log(&self) -> PluginLog {
        let (lines, bytes) = (self.config.log_lines_per_call, self.config.log_line_bytes);
        PluginLog::new(self.plugin.clone(), Arc::clone(&self.ports.log), lines, bytes)
    }
}

/// The data of one store.
pub(crate) struct GuestState {
    pub(crate) environment: Arc<Environment>,
    pub(crate) log: Arc<PluginLog>,
    pub(crate) memory: StoreMemory,
    /// When the running call must be over.
    pub(crate) deadline: Instant,
    host_calls_left: u32,
    wasi: WasiCtx,
    resources: ResourceTable,
}

impl GuestState {
    pub(crate) fn new(environment: Arc<Environment>, deadline: Instant) -> GuestState {
        let log = Arc::new(environment.log());
        let mut wasi = WasiCtx::builder();
        wasi.stdout(StandardStream::new(Arc::clone(&log), LogLevel::Info))
            .stderr(StandardStream::new(Arc::clone(&log), LogLevel::Warn))
            .allow_tcp(false)
            .allow_udp(false)
            .max_random_size(MAX_RANDOM);
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(MAX_RESOURCES);
        GuestState {
            log,
            memory: StoreMemory::new(environment.max_memory),
            deadline,
            host_calls_left: environment.config.host_call_budget,
            wasi: wasi.build(),
            resources,
            environment,
        }
    }

    /// Gives a new call its deadline and budgets.
    pub(crate) fn begin_call(&mut self, deadline: Instant) {
        self.deadline = deadline;
        self.host_calls_left = self.environment.config.host_call_budget;
        self.memory.begin_call();
        self.log.begin_call();
    }

    /// Counts a host call; an error ends the hook call.
    pub(crate) fn spend_host_call(&mut self) -> wasmtime::Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => {
                let budget = self.environment.config.host_call_budget;
                Err(wasmtime::Error::new(BudgetExceeded(format!("{budget} host calls in one hook call"))))
            }
        }
    }

    /// Counts and logs a call that is not granted; answers why.
    pub(crate) fn deny(&self, capability: Capability, call: &str) -> String {
        self.environment.denied.fetch_add(1, Ordering::Relaxed);
        let reason = self.environment.grants.denial(capability);
        self.log.guest(LogLevel::Warn, &format!("{call}: {reason}"));
        reason
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}
