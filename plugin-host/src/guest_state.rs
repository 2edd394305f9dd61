//! What a store knows besides its guest: whose it is, what the running call may still use, and its empty WASI.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::call::{CallState, Outcome};
use crate::capability::{Capability, Grants};
use crate::config::HostConfig;
use crate::denials::Denials;
use crate::dispatch::CallContext;
use crate::hook::HookPoint;
use crate::limits::{StoreMemory, TotalMemory};
use crate::manifest::{Manifest, Setting};
use crate::plugin_id::PluginId;
use crate::plugin_log::{PluginLog, StandardStream};
use crate::ports::{
    ContentPort, EventPort, FilePort, HostAllowList, HttpPort, LogLevel, LogPort, PluginDatabase, Ports,
    SettingsPort,
};

/// The most random bytes that one call gives: they are made while the guest's thread waits. More traps.
const MAX_RANDOM: u64 = 64 << 10;
/// The most things of WASI that an instance may hold. Each takes memory of the host that the guest's limit leaves out,
/// and a clock's alarm counts twice.
const MAX_RESOURCES: usize = 512;

/// What all instances of a plugin share. It holds the ports that were granted, and no others.
pub(crate) struct Environment {
    pub(crate) plugin: PluginId,
    pub(crate) grants: Grants,
    pub(crate) content: Arc<dyn ContentPort>,
    pub(crate) database: Arc<dyn PluginDatabase>,
    pub(crate) files: Arc<dyn FilePort>,
    pub(crate) setting_values: Arc<dyn SettingsPort>,
    pub(crate) http: Option<Arc<dyn HttpPort>>,
    pub(crate) events: Option<Arc<dyn EventPort>>,
    log: Arc<dyn LogPort>,
    /// The settings that the manifest declares.
    pub(crate) settings: BTreeMap<String, Setting>,
    /// Bytes of one instance.
    pub(crate) max_memory: usize,
    /// What all instances of all plugins share.
    pub(crate) total_memory: Arc<TotalMemory>,
    pub(crate) config: Arc<HostConfig>,
    pub(crate) denials: Denials,
}

impl Environment {
    /// What a plugin with this manifest gets of the application's ports.
    pub(crate) fn new(
        manifest: &Manifest,
        ports: &Ports,
        config: &Arc<HostConfig>,
        total_memory: &Arc<TotalMemory>,
    ) -> Environment {
        let grants = Grants::new(&manifest.permissions);
        let granted = |capability| grants.check(capability).is_ok();
        Environment {
            plugin: manifest.id().clone(),
            content: Arc::clone(&ports.content),
            database: ports.databases.open(manifest.id(), grants.database().clone()),
            files: Arc::clone(&ports.files),
            setting_values: Arc::clone(&ports.settings),
            http: granted(Capability::Http).then(|| Arc::clone(&ports.http)),
            events: granted(Capability::Emit).then(|| Arc::clone(&ports.events)),
            log: Arc::clone(&ports.log),
            settings: manifest.settings.clone(),
            max_memory: manifest
                .limits
                .memory
                .unwrap_or(config.max_memory)
                .min(config.max_memory_ceiling.max(config.max_memory)),
            total_memory: Arc::clone(total_memory),
            config: Arc::clone(config),
            denials: Denials::default(),
            grants,
        }
    }

    /// The hosts that are granted now. Settings are read anew at each request, so that a changed one counts at once. Their
    /// defaults are the author's and open nothing: only what an administrator set does.
    pub(crate) async fn allowed_hosts(&self) -> Cow<'_, HostAllowList> {
        let mut allowed = Cow::Borrowed(self.grants.hosts());
        for key in self.grants.host_settings() {
            let set = self.setting_values.get(&self.plugin, key).await;
            allowed.to_mut().add_setting(key, set);
        }
        allowed
    }

    /// A log with an allowance of its own.
    pub(crate) fn log(&self) -> PluginLog {
        let (lines, bytes) = (self.config.log_lines_per_call, self.config.log_line_bytes);
        PluginLog::new(self.plugin.clone(), Arc::clone(&self.log), lines, bytes)
    }
}

/// The data of one store.
pub(crate) struct GuestState {
    pub(crate) environment: Arc<Environment>,
    pub(crate) log: Arc<PluginLog>,
    pub(crate) memory: StoreMemory,
    /// When the running call must be over.
    pub(crate) deadline: Instant,
    pub(crate) call: CallState,
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
            memory: StoreMemory::new(environment.max_memory, Arc::clone(&environment.total_memory)),
            deadline,
            call: CallState::starting(&environment.config),
            wasi: wasi.build(),
            resources,
            environment,
        }
    }

    /// Gives a new call its deadline and budgets.
    pub(crate) fn begin_call(&mut self, hook: HookPoint, context: Arc<CallContext>, deadline: Instant) {
        self.deadline = deadline;
        self.log.begin_call(&context);
        self.call.begin(hook, context);
        self.memory.begin_call();
    }

    /// Ends a call that went well: what it left open is undone, what it asked for is answered.
    pub(crate) async fn end_call(&mut self) -> Outcome {
        if let Some(transaction) = self.call.transaction.take().and_then(|open| open.take()) {
            self.log.host(LogLevel::Warn, "the call ended with an open transaction, which was rolled back");
            if let Err(error) = transaction.rollback().await {
                self.log.host(LogLevel::Error, &format!("the transaction was not rolled back: {error}"));
            }
        }
        std::mem::take(&mut self.call.outcome)
    }

    /// Whether `call` may go on; counts and logs what is denied, and answers why.
    pub(crate) fn permit(&self, capability: Capability, call: &'static str) -> Result<(), String> {
        self.environment.grants.check(capability).inspect_err(|reason| self.denied(call, reason))
    }

    /// Counts and logs a denied call.
    pub(crate) fn denied(&self, call: &'static str, reason: &str) {
        self.environment.denials.count(call, reason);
        self.complain(call, reason);
    }

    /// Why a call did not do what it was asked to, for the plugin's author.
    pub(crate) fn complain(&self, call: &str, reason: &str) {
        self.log.guest(LogLevel::Warn, &format!("{call}: {reason}"));
    }
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.resources }
    }
}
