//! Brings what runs in line with what the database says should run.
//!
//! All of it may be interrupted at any point and done again: at the start, after each step, and when another process has
//! changed something.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fleuron_plugin_host::{Package, PackageLimits, PluginHost, PluginId, consent::Granted, read_package};

use super::{
    PackageStore, PluginData,
    model::{Install, Removal, StoredPackage},
    repo::{self, InstalledPlugin},
    steps,
};
use crate::{
    database::Database,
    error::{ApiError, Result},
};

/// Keeps the plugins running that are installed from packages. Cheap to clone.
#[derive(Clone)]
pub struct Installed {
    shared: Arc<Shared>,
}

struct Shared {
    hooks: PluginHost,
    database: Database,
    store: PackageStore,
    data: PluginData,
    /// Held while what runs is changed.
    turn: tokio::sync::Mutex<()>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The package that runs of each plugin.
    running: BTreeMap<PluginId, String>,
    /// The package of each plugin that did not start, and why.
    problems: BTreeMap<PluginId, (String, Vec<String>)>,
    /// Every installed plugin: no folder may bring another under its id.
    ids: HashSet<PluginId>,
}

/// Whether a plugin may run, as administrators decided and its manifest asks.
type MayRun<'a> = &'a (dyn Fn(&StoredPackage) -> bool + Send + Sync);

impl Installed {
    pub(crate) fn new(hooks: PluginHost, database: Database, store: PackageStore, data: PluginData) -> Self {
        let (turn, known) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { hooks, database, store, data, turn, known }) }
    }

    /// The packages' bytes.
    pub fn store(&self) -> &PackageStore {
        &self.shared.store
    }

    /// Whether a plugin is installed from packages, as of the last look.
    pub fn has(&self, plugin: &PluginId) -> bool {
        self.shared.known().ids.contains(plugin)
    }

    /// Why the package of a plugin that should run, or take another's place, does not.
    pub fn problems(&self, plugin: &PluginId) -> Vec<String> {
        let known = self.shared.known();
        known.problems.get(plugin).map(|(_, problems)| problems.clone()).unwrap_or_default()
    }

    /// Reads which ids are taken.
    pub(crate) async fn learn(&self) -> Result<()> {
        let ids = repo::all(self.shared.database.reader()).await?;
        self.shared.known().ids = ids.into_iter().map(|plugin| plugin.install.plugin).collect();
        Ok(())
    }

    /// Loads, replaces, unloads and removes until what runs is what should. A package that did not start is not tried
    /// again until there is another, or `anew` names its plugin.
    ///
    /// # Errors
    /// Where the database fails. Whatever is wrong with a plugin is among its problems.
    pub(crate) async fn settle(&self, anew: Option<&PluginId>) -> Result<()> {
        let shared = &self.shared;
        let _turn = shared.turn.lock().await;
        let decided = repo::decisions(shared.database.reader()).await?;
        let plugins = repo::all(shared.database.reader()).await?;
        shared.forget_others(&plugins);
        let may_run = |package: &StoredPackage| {
            let decision = decided.get(package.manifest.id().as_str());
            decision.copied().unwrap_or(package.manifest.enabled)
        };
        let settle = |plugin: InstalledPlugin| {
            let anew = anew == Some(&plugin.install.plugin);
            async move { shared.settle(&plugin, &may_run, anew).await }
        };
        // Side by side: one that takes its time to compile holds up no other.
        let outcomes = futures_util::future::join_all(plugins.into_iter().map(settle)).await;
        outcomes.into_iter().collect()
    }

    /// Deletes packages that an interrupted upload or removal left behind.
    ///
    /// # Errors
    /// Where the database or the store fails.
    pub(crate) async fn tidy(&self) -> Result<()> {
        let known = repo::stored_packages(self.shared.database.reader()).await?;
        self.shared.store.tidy(&known.into_iter().collect()).await
    }
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unloads what another process has removed.
    fn forget_others(&self, plugins: &[InstalledPlugin]) {
        let ids: HashSet<PluginId> = plugins.iter().map(|plugin| plugin.install.plugin.clone()).collect();
        let mut known = self.known();
        known.running.retain(|plugin, _| {
            let stays = ids.contains(plugin);
            if !stays {
                self.hooks.unload(plugin);
            }
            stays
        });
        known.problems.retain(|plugin, _| ids.contains(plugin));
        known.ids = ids;
    }

    async fn settle(&self, plugin: &InstalledPlugin, may_run: MayRun<'_>, anew: bool) -> Result<()> {
        let install = &plugin.install;
        if let Some(removal) = install.removing {
            return self.remove(&install.plugin, removal).await;
        }
        let Some((sha256, granted)) = install.wanted() else { return Ok(()) };
        if !plugin.current().is_some_and(may_run) {
            self.unload(&install.plugin);
            // It is in force without having been started: enabling it will show.
            return self.promote(install).await;
        }
        let tried = match self.try_load(&install.plugin, sha256, granted, anew).await? {
            true => return self.promote(install).await,
            false => sha256,
        };
        // After a restart, the version before must run in place of one that does not start.
        match &install.active {
            Some((sha256, granted))
                if sha256 != tried && !self.known().running.contains_key(&install.plugin) =>
            {
                self.load(&install.plugin, sha256, granted).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Loads a package unless it runs already or did not start before. Answers whether it runs.
    async fn try_load(&self, plugin: &PluginId, sha256: &str, granted: &Granted, anew: bool) -> Result<bool> {
        let (runs, failed) = {
            let known = self.known();
            let is = |found: Option<&String>| found.is_some_and(|found| found == sha256);
            (is(known.running.get(plugin)), is(known.problems.get(plugin).map(|(sha256, _)| sha256)))
        };
        if (runs || failed) && !anew {
            return Ok(runs);
        }
        match self.load(plugin, sha256, granted).await? {
            Ok(()) => {
                self.known().problems.remove(plugin);
                Ok(true)
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!(%plugin, package = sha256, "plugin not loaded: {problem}");
                }
                self.known().problems.insert(plugin.clone(), (sha256.to_owned(), problems));
                Ok(false)
            }
        }
    }

    async fn load(
        &self,
        plugin: &PluginId,
        sha256: &str,
        granted: &Granted,
    ) -> Result<std::result::Result<(), Vec<String>>> {
        let package = match self.open(plugin, sha256, granted).await? {
            Ok(package) => package,
            Err(problems) => return Ok(Err(problems)),
        };
        match self.hooks.load(package).await {
            Ok(()) => {
                self.known().running.insert(plugin.clone(), sha256.to_owned());
                Ok(Ok(()))
            }
            Err(error) => Ok(Err(vec![error.to_string()])),
        }
    }

    /// Takes a package out of the store and makes sure that it is what was agreed to.
    async fn open(
        &self,
        plugin: &PluginId,
        sha256: &str,
        granted: &Granted,
    ) -> Result<std::result::Result<Package, Vec<String>>> {
        let Some(bytes) = self.store.get(sha256).await? else {
            return Ok(Err(vec![format!("its package {sha256} is not in the store any more")]));
        };
        let read = move || read_package(&bytes, &PackageLimits::default());
        let uploaded = match tokio::task::spawn_blocking(read).await.map_err(ApiError::internal)? {
            Ok(uploaded) => uploaded,
            Err(problems) => return Ok(Err(problems)),
        };
        if uploaded.sha256 != sha256 || uploaded.package.manifest.id() != plugin {
            return Ok(Err(vec![format!("its package {sha256} in the store is not what was uploaded")]));
        }
        if !granted.covers(&uploaded.package.manifest) {
            return Ok(Err(vec!["its package asks for more than was agreed to".to_owned()]));
        }
        Ok(Ok(uploaded.package))
    }

    fn unload(&self, plugin: &PluginId) {
        let mut known = self.known();
        known.problems.remove(plugin);
        if known.running.remove(plugin).is_some() {
            self.hooks.unload(plugin);
        }
    }

    async fn promote(&self, install: &Install) -> Result<()> {
        let Some((sha256, Some(_))) = &install.pending else { return Ok(()) };
        let input = (install.plugin.clone(), sha256.clone());
        let dropped = self
            .database
            .write(input, |transaction, (plugin, sha256)| {
                Box::pin(steps::promote(transaction, plugin, sha256))
            })
            .await?;
        self.store.delete(&dropped).await;
        Ok(())
    }

    async fn remove(&self, plugin: &PluginId, removal: Removal) -> Result<()> {
        self.unload(plugin);
        if removal == Removal::DeleteData
            && let Err(error) = self.data.delete(plugin).await
        {
            // The row stays, and with it the wish to remove it: the next look tries again.
            tracing::error!(%plugin, %error, "what the plugin kept cannot be deleted");
            let problem = format!("what it kept cannot be deleted: {error}");
            self.known().problems.insert(plugin.clone(), (String::new(), vec![problem]));
            return Ok(());
        }
        let dropped = self
            .database
            .write((plugin.clone(), removal), |transaction, (plugin, removal)| {
                Box::pin(steps::finish_removal(transaction, plugin, *removal))
            })
            .await?;
        self.store.delete(&dropped).await;
        let mut known = self.known();
        known.problems.remove(plugin);
        known.ids.remove(plugin);
        Ok(())
    }
}
