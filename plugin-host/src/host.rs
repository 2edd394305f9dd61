//! The plugin host: owns the engine, the guests' threads and the registry; loads and unloads plugins.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::compiled::Compiled;
use crate::compiler::CompileService;
use crate::config::HostConfig;
use crate::engine::{self, Ticker};
use crate::error::{HostError, LoadError};
use crate::hook::HookPoint;
use crate::limits::TotalMemory;
use crate::manifest::Manifest;
use crate::package::{Migration, Origin, Package};
use crate::plugin::{Plugin, Shared};
use crate::plugin_id::PluginId;
use crate::ports::{LaterMigrations, LogLevel, Ports};
use crate::registry::{Registry, Snapshot};
use crate::status::{PluginFault, PluginStatus};

/// How often idle instances are looked through.
const RETIRE_EVERY: Duration = Duration::from_secs(30);
/// Turns of guests between two looks at the timers.
const GUEST_TURNS: u32 = 4;
/// How long a shutdown waits for running calls.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);

/// Runs plugins. Cheap to clone; everything ends with the last clone.
#[derive(Clone)]
pub struct PluginHost {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    compiler: CompileService,
    shared: Shared,
    faults: Mutex<Vec<PluginFault>>,
    /// The plugins that are being loaded, each as often as it is.
    loading: Mutex<Vec<PluginId>>,
    runtime: Option<Runtime>,
    _ticker: Ticker,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Dropping a runtime waits for it, which panics inside another one; this does not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl PluginHost {
    /// Sets up an engine and the threads for guests.
    ///
    /// # Errors
    /// Where the engine, the code cache's folder or a thread cannot be had.
    pub fn new(config: HostConfig, ports: Ports) -> Result<PluginHost, HostError> {
        let engine = engine::build(&config)?;
        let linker = engine::linker(&engine)?;
        let cache = CompileService::cache(&config)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.guest_threads.max(1))
            .thread_name("plugin-guest")
            // A guest holds its thread for a tick at a time; timers must not wait for the usual 61 of them.
            .event_interval(GUEST_TURNS)
            .enable_all()
            .build()?;
        let ticker = Ticker::start(&engine, config.epoch_tick)?;
        let config = Arc::new(config);
        let compiler = CompileService::new(engine, linker, cache, &config, runtime.handle().clone());
        let shared = Shared {
            one_offs: Arc::new(Semaphore::new(config.one_off_cap)),
            total_memory: Arc::new(TotalMemory::new(config.total_memory)),
            guests: runtime.handle().clone(),
            pulse: ticker.pulse().clone(),
            config,
            ports,
        };
        let inner = Arc::new(Inner {
            registry: Registry::new(),
            compiler,
            shared,
            faults: Mutex::default(),
            loading: Mutex::default(),
            runtime: Some(runtime),
            _ticker: ticker,
        });
        inner.shared.guests.spawn(retire_idle(Arc::downgrade(&inner)));
        Ok(PluginHost { inner })
    }

    /// Whether any plugin listens to a hook. Allocates nothing.
    pub fn listens(&self, point: HookPoint) -> bool {
        self.inner.registry.listens(point)
    }

    /// The plugins that listen to a hook, in the order in which they are called.
    pub fn listeners(&self, point: HookPoint) -> Vec<PluginId> {
        let snapshot = self.snapshot();
        snapshot.listeners(point).iter().map(|listener| listener.plugin.manifest.id().clone()).collect()
    }

    /// A number that grows whenever a plugin comes, goes or is replaced; belongs into the keys of what is cached of
    /// plugins' work.
    pub fn generation(&self) -> u64 {
        self.inner.registry.generation()
    }

    /// Follows [`PluginHost::generation`].
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.registry.changes()
    }

    /// Loads a plugin, or replaces the one with its id: compiles beside the running calls, starts a first instance to
    /// see that it can run, brings its database up to date, then swaps. Calls that run on the old code end there, and
    /// see the new schema while they do.
    ///
    /// # Errors
    /// Where the code is refused or does not start; whatever ran under the id goes on running.
    pub async fn load(&self, package: Package) -> Result<(), LoadError> {
        // Nobody calls it off.
        self.load_unless(package, pending()).await.unwrap_or(Err(LoadError::ShuttingDown))
    }

    /// Loads a plugin unless that is called off before its code is compiled: then there is no outcome.
    pub(crate) async fn load_unless(
        &self,
        package: Package,
        called_off: impl Future<Output = ()>,
    ) -> Option<Result<(), LoadError>> {
        let Package { manifest, wasm, migrations, origin } = package;
        let _loading = Loading::new(&self.inner, manifest.id());
        let compiled = tokio::select! {
            biased;
            () = called_off => return None,
            compiled = self.inner.compiler.compile(wasm) => compiled,
        };
        Some(match compiled {
            Ok(compiled) => self.install(manifest, origin, compiled, &migrations).await,
            Err(error) => Err(error),
        })
    }

    /// Looks at code that is not to run yet, as a load would, and says which hooks it exports. A load after it finds it
    /// compiled, where there is a code cache.
    ///
    /// # Errors
    /// Where the code is refused.
    pub async fn examine(&self, wasm: Vec<u8>) -> Result<Vec<HookPoint>, LoadError> {
        Ok(self.inner.compiler.compile(wasm).await?.exported().collect())
    }

    /// Unloads a plugin. Answers whether there was one; calls that run on it end well.
    pub fn unload(&self, id: &PluginId) -> bool {
        match self.inner.registry.remove(id) {
            Some(plugin) => {
                plugin.retire();
                tracing::info!(plugin = %id, "plugin unloaded");
                true
            }
            None => false,
        }
    }

    /// All loaded plugins, by id.
    pub fn plugins(&self) -> Vec<PluginStatus> {
        self.snapshot().plugins.values().map(|plugin| plugin.status()).collect()
    }

    /// The plugins that are being loaded at this moment, such as those whose code is being compiled; sorted. A version
    /// before may run meanwhile.
    pub fn loading(&self) -> Vec<PluginId> {
        let mut loading = self.inner.loading.lock().unwrap_or_else(PoisonError::into_inner).clone();
        loading.sort();
        loading.dedup();
        loading
    }

    /// The folders whose plugins cannot be loaded as they stand.
    pub fn faults(&self) -> Vec<PluginFault> {
        self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the service: no hook fires any more, running calls are waited for, at most ten seconds.
    pub async fn shutdown(&self) {
        self.inner.compiler.close();
        let plugins = self.inner.registry.close();
        let one_offs = Arc::clone(&self.inner.shared.one_offs);
        let cap = u32::try_from(self.inner.shared.config.one_off_cap).unwrap_or(u32::MAX);
        let drain = self.inner.shared.guests.spawn(async move {
            let all = async {
                for plugin in &plugins {
                    plugin.drained().await;
                }
                // A closed semaphore has nothing to wait for.
                let _ = one_offs.acquire_many(cap).await;
            };
            if tokio::time::timeout(DRAIN_LIMIT, all).await.is_err() {
                tracing::warn!("plugin calls are still running; leaving them behind");
            }
            for plugin in &plugins {
                plugin.retire();
            }
        });
        // The task ends early only together with the runtime, and then nothing runs any more.
        let _ = drain.await;
    }

    /// The plugins at this moment.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.registry.snapshot()
    }

    /// What was set.
    pub(crate) fn config(&self) -> &HostConfig {
        &self.inner.shared.config
    }

    /// The guests' runtime.
    pub(crate) fn guests(&self) -> &Handle {
        &self.inner.shared.guests
    }

    /// Replaces the list of faulty folders.
    pub(crate) fn set_faults(&self, faults: Vec<PluginFault>) {
        *self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Starts compiled code and lets it take its id's place.
    async fn install(
        &self,
        manifest: Manifest,
        origin: Origin,
        compiled: Compiled,
        migrations: &[Migration],
    ) -> Result<(), LoadError> {
        // Versions of packages can be rolled back; files in a folder are whatever their author put there.
        let later = match origin {
            Origin::Uploaded => LaterMigrations::RolledBack,
            Origin::Bundled | Origin::Directory(_) => LaterMigrations::Missing,
        };
        let plugin = Arc::new(Plugin::new(manifest, origin, compiled, &self.inner.shared));
        for point in plugin.unexported() {
            plugin
                .note(LogLevel::Warn, &format!("the manifest lists {point}, which the code does not export"));
        }
        plugin.prove_start().await.map_err(LoadError::Start)?;
        let (id, version) = (plugin.manifest.id().clone(), plugin.manifest.plugin.version.clone());
        // With tables of its own, that migrations are missing is worth telling, too.
        if !migrations.is_empty() || plugin.has_own_tables() {
            self.migrate(&id, migrations, later).await?;
        }
        match self.inner.registry.insert(plugin) {
            Ok(old) => {
                let replaced = old.is_some();
                if let Some(old) = old {
                    old.retire();
                }
                tracing::info!(plugin = %id, %version, replaced, "plugin loaded");
                Ok(())
            }
            Err(late) => {
                late.retire();
                Err(LoadError::ShuttingDown)
            }
        }
    }

    /// Brings the plugin's database up to date.
    async fn migrate(
        &self,
        id: &PluginId,
        migrations: &[Migration],
        later: LaterMigrations,
    ) -> Result<(), LoadError> {
        let run = self.inner.shared.ports.databases.migrate(id, migrations, later).await;
        let run = run.map_err(|error| LoadError::Migrations(error.0))?;
        if run > 0 {
            tracing::info!(plugin = %id, run, "plugin database migrated");
        }
        Ok(())
    }
}

/// Keeps a plugin among those that are being loaded.
struct Loading<'a> {
    host: &'a Inner,
    id: PluginId,
}

impl<'a> Loading<'a> {
    fn new(host: &'a Inner, id: &PluginId) -> Loading<'a> {
        host.loading.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        Loading { host, id: id.clone() }
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let mut loading = self.host.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = loading.iter().position(|id| *id == self.id) {
            loading.swap_remove(index);
        }
    }
}

async fn retire_idle(host: Weak<Inner>) {
    let mut interval = tokio::time::interval(RETIRE_EVERY);
    loop {
        interval.tick().await;
        let Some(host) = host.upgrade() else { return };
        let now = Instant::now();
        for plugin in host.registry.snapshot().plugins.values() {
            plugin.retire_idle(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::testing::{EMPTY_COMPONENT, MemoryPorts};

    fn package(version: &str, wasm: &[u8]) -> Package {
        let text = format!(
            "[plugin]\nid = \"com.example.test\"\nname = \"Test\"\nversion = \"{version}\"\n[hooks.filter-html]\n"
        );
        let manifest = Manifest::parse(&text, Path::new("manifest.toml")).expect("a good manifest");
        Package { manifest, wasm: wasm.to_vec(), migrations: Vec::new(), origin: Origin::Bundled }
    }

    fn host(ports: &MemoryPorts) -> PluginHost {
        PluginHost::new(HostConfig::default(), ports.ports()).expect("a host")
    }

    #[tokio::test]
    async fn plugins_come_are_replaced_and_go() {
        let ports = MemoryPorts::default();
        let host = host(&ports);
        assert!(host.plugins().is_empty());
        host.load(package("1.0.0", EMPTY_COMPONENT)).await.expect("loaded");
        host.load(package("1.1.0", EMPTY_COMPONENT)).await.expect("replaced");
        let plugins = host.plugins();
        assert_eq!(plugins.len(), 1);
        assert_eq!(plugins[0].version.to_string(), "1.1.0");
        assert_eq!(host.generation(), 2);
        assert!(!host.listens(HookPoint::FilterHtml), "listed, but not exported");
        assert!(ports.lines().iter().any(|line| line.line.contains("filter-html")));
        assert!(host.unload(&plugins[0].id));
        assert!(!host.unload(&plugins[0].id));
        assert_eq!(host.generation(), 3);
    }

    #[tokio::test]
    async fn a_failed_load_changes_nothing() {
        let host = host(&MemoryPorts::default());
        host.load(package("1.0.0", EMPTY_COMPONENT)).await.expect("loaded");
        for bad in [&b""[..], b"not wasm", b"\0asm\x01\0\0\0"] {
            assert!(matches!(host.load(package("2.0.0", bad)).await, Err(LoadError::Code(_))));
        }
        assert_eq!(host.plugins()[0].version.to_string(), "1.0.0");
        assert_eq!(host.generation(), 1);
    }

    #[tokio::test]
    async fn after_a_shutdown_nothing_loads() {
        let host = host(&MemoryPorts::default());
        host.load(package("1.0.0", EMPTY_COMPONENT)).await.expect("loaded");
        host.shutdown().await;
        assert!(host.plugins().is_empty());
        assert_eq!(host.load(package("1.0.0", EMPTY_COMPONENT)).await, Err(LoadError::ShuttingDown));
    }
}
