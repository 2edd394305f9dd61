//! Brings what runs in line with what the database says should run.
//!
//! All of it may be interrupted at any point and done again: at the start, after each step, and when another process has
//! changed something.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fleuron_plugin_host::{Package, PackageLimits, PluginHost, PluginId, consent::Granted, read_package};
use tokio::sync::OwnedMutexGuard;

use super::{
    PackageStore, PluginData,
    model::{Install, Removal},
    repo::{self, Ids, InstalledPlugin},
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
    /// Held while what runs or is stored of a plugin is changed.
    turns: BTreeMap<PluginId, Arc<tokio::sync::Mutex<()>>>,
}

/// No call of a plugin takes longer.
const LAST_CALLS: Duration = Duration::from_secs(12);

impl Installed {
    pub(crate) fn new(hooks: PluginHost, database: Database, store: PackageStore, data: PluginData) -> Self {
        Self { shared: Arc::new(Shared { hooks, database, store, data, known: Mutex::default() }) }
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
        self.shared.known().ids = repo::ids(self.shared.database.reader()).await?.installed;
        Ok(())
    }

    /// Loads, replaces, unloads and removes until what runs is what should. A package that did not start is not tried
    /// again until there is another, or [`Self::settle_one`] is told to.
    ///
    /// # Errors
    /// Where the database fails. Whatever is wrong with a plugin is among its problems.
    pub(crate) async fn settle(&self) -> Result<()> {
        let shared = &self.shared;
        let ids = repo::ids(shared.database.reader()).await?;
        shared.forget_others(&ids);
        // Side by side: one that takes its time to compile holds up no other.
        let settled = ids.installed.iter().map(|plugin| shared.settle(plugin, false));
        let outcomes = futures_util::future::join_all(settled).await;
        outcomes.into_iter().collect()
    }

    /// As [`Self::settle`], for one plugin; `anew`: also where it runs as it should, or did not start before.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub(crate) async fn settle_one(&self, plugin: &PluginId, anew: bool) -> Result<()> {
        self.shared.settle(plugin, anew).await
    }

    /// Ends a plugin at once, whatever else is being done with it; [`Self::settle_one`] goes on from there.
    pub(crate) fn stop(&self, plugin: &PluginId) {
        self.shared.unload(plugin);
    }

    /// Held by whoever changes what is stored or runs of a plugin.
    pub(crate) async fn turn(&self, plugin: &PluginId) -> OwnedMutexGuard<()> {
        self.shared.turn(plugin).await
    }

    /// Deletes packages from the store unless they are wanted again by now.
    ///
    /// # Errors
    /// Where the database fails.
    pub(crate) async fn discard(&self, hashes: &[String]) -> Result<()> {
        self.shared.discard(hashes).await
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

    async fn turn(&self, plugin: &PluginId) -> OwnedMutexGuard<()> {
        let turn = Arc::clone(self.known().turns.entry(plugin.clone()).or_default());
        turn.lock_owned().await
    }

    /// Ends what another process has removed, and deletes what was to go with it of those that ran here: they may have
    /// written since. Of those that did not run here nothing is touched: a folder may bring another plugin under the id.
    fn forget_others(self: &Arc<Self>, ids: &Ids) {
        let mut known = self.known();
        known.running.retain(|plugin, _| {
            let stays = ids.installed.contains(plugin);
            if !stays {
                self.hooks.unload(plugin);
                if ids.deleted.contains(plugin) {
                    tokio::spawn(Arc::clone(self).sweep(plugin.clone(), &[Duration::ZERO, LAST_CALLS]));
                }
            }
            stays
        });
        known.problems.retain(|plugin, _| ids.installed.contains(plugin));
        known.ids.clone_from(&ids.installed);
    }

    /// Deletes what is left of a plugin that ran here, after each of these pauses.
    async fn sweep(self: Arc<Self>, plugin: PluginId, pauses: &'static [Duration]) {
        for pause in pauses {
            tokio::time::sleep(*pause).await;
            let _turn = self.turn(&plugin).await;
            if !self.is_gone(&plugin).await {
                return;
            }
            if let Err(error) = self.data.delete(&plugin).await {
                tracing::warn!(%plugin, %error, "what a removed plugin kept cannot be deleted");
            }
        }
    }

    /// Whether a plugin was removed with its data, and neither a package nor a folder has brought one of its id since.
    async fn is_gone(&self, plugin: &PluginId) -> bool {
        let is_loaded = self.hooks.plugins().iter().any(|loaded| loaded.id == *plugin);
        if is_loaded || self.hooks.loading().contains(plugin) {
            return false;
        }
        let install = repo::install(self.database.reader(), plugin).await;
        matches!(install, Ok(Some(install)) if install.is_deleted)
    }

    async fn settle(self: &Arc<Self>, plugin: &PluginId, anew: bool) -> Result<()> {
        let _turn = self.turn(plugin).await;
        // What was decided while this waited counts.
        let Some(found) = repo::find(self.database.reader(), plugin).await? else {
            self.unload(plugin);
            self.known().ids.remove(plugin);
            return Ok(());
        };
        self.known().ids.insert(plugin.clone());
        let install = &found.install;
        if let Some(removal) = install.removing {
            return self.remove(plugin, removal).await;
        }
        let Some((sha256, granted)) = install.wanted() else { return Ok(()) };
        if !self.may_run(&found).await? {
            self.unload(plugin);
            return Ok(());
        }
        let tried = match self.try_load(plugin, sha256, granted, anew).await? {
            true => return self.promote(install).await,
            false => sha256,
        };
        // After a restart, the version before must run in place of one that does not start.
        match &install.active {
            Some((sha256, granted)) if sha256 != tried && !self.known().running.contains_key(plugin) => {
                self.load(plugin, sha256, granted).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Whether a plugin may run, as administrators decided or else its manifest asks.
    async fn may_run(&self, plugin: &InstalledPlugin) -> Result<bool> {
        let decided = repo::decision(self.database.reader(), &plugin.install.plugin).await?;
        let asks = || plugin.current().is_some_and(|package| package.manifest.enabled);
        Ok(decided.unwrap_or_else(asks))
    }

    /// A package may be uploaded again after it was dropped.
    async fn discard(&self, hashes: &[String]) -> Result<()> {
        if hashes.is_empty() {
            return Ok(());
        }
        let wanted: HashSet<String> =
            repo::stored_packages(self.database.reader()).await?.into_iter().collect();
        let surplus: Vec<String> =
            hashes.iter().filter(|sha256| !wanted.contains(*sha256)).cloned().collect();
        self.store.delete(&surplus).await;
        Ok(())
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

    /// Ends a plugin, and says whether it ran.
    fn unload(&self, plugin: &PluginId) -> bool {
        let mut known = self.known();
        known.problems.remove(plugin);
        known.running.remove(plugin).is_some() && self.hooks.unload(plugin)
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
        self.discard(&dropped).await
    }

    async fn remove(self: &Arc<Self>, plugin: &PluginId, removal: Removal) -> Result<()> {
        let ran = self.unload(plugin);
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
        {
            let mut known = self.known();
            known.problems.remove(plugin);
            known.ids.remove(plugin);
        }
        if ran && removal == Removal::DeleteData {
            // The last calls may have written while this deleted.
            tokio::spawn(Arc::clone(self).sweep(plugin.clone(), &[LAST_CALLS]));
        }
        self.discard(&dropped).await
    }
}
