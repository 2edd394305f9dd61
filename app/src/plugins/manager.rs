//! Which plugins run: the bundled ones, those in `extensions/plugins` and those installed from packages, unless an
//! administrator switched them off.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use fleuron_plugin_host::{
    DirectorySource, Finding, Manifest, Migration, Origin, Package, PluginHost, PluginId, WatchHandle,
};
use tokio::task::JoinHandle;

use super::{
    bundled,
    packages::{self, Installed, StoredPackage},
};
use crate::{
    database::Database,
    error::{ApiError, Result},
};

/// How often it is looked whether another process has changed what should run, where nobody says so.
const LOOK: Duration = Duration::from_secs(2);
/// How long the start waits for installed plugins.
const START: Duration = Duration::from_secs(2);

/// Keeps the right plugins running. Cheap to clone.
#[derive(Clone)]
pub struct PluginManager {
    hooks: PluginHost,
    decisions: Decisions,
    installed: Installed,
    database: Database,
    directory: Arc<Path>,
    /// Taken out when the site stops.
    watch: Arc<ArcSwapOption<WatchHandle>>,
    follower: Arc<ArcSwapOption<JoinHandle<()>>>,
}

/// What administrators decided, by plugin id; a plugin they did not speak of runs as its manifest asks.
#[derive(Clone, Default)]
struct Decisions(Arc<RwLock<HashMap<String, bool>>>);

impl Decisions {
    fn allow(&self, manifest: &Manifest) -> bool {
        let decided = self.0.read().unwrap_or_else(PoisonError::into_inner);
        decided.get(manifest.id().as_str()).copied().unwrap_or(manifest.enabled)
    }

    /// Takes the place of what was decided before. Answers whether that was something else.
    fn replace(&self, decided: HashMap<String, bool>) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = *known != decided;
        *known = decided;
        is_new
    }
}

/// A plugin with a good manifest, whether or not it runs.
pub(super) struct KnownPlugin {
    pub(super) manifest: Arc<Manifest>,
    pub(super) origin: Origin,
    /// Whether it may run: it is not switched off.
    pub(super) is_wanted: bool,
    /// Whether a version waits for consent and none is in force.
    pub(super) waits: bool,
    /// What is wrong with it.
    pub(super) problems: Vec<String>,
}

impl PluginManager {
    /// Loads the bundled plugins, what is in the directory and what was installed, and follows changes from then on: of
    /// the directory, and of what other processes decide.
    ///
    /// A folder with the id of a bundled plugin takes its place once it holds built code, and switches it off where its
    /// manifest says `enabled = false`.
    ///
    /// # Errors
    /// Where the database does not answer or the thread that watches cannot be started.
    pub(crate) async fn start(
        hooks: PluginHost,
        database: &Database,
        extensions: &Path,
        installed: Installed,
    ) -> Result<Self> {
        let decisions = Decisions::default();
        decisions.replace(packages::decisions(database.reader()).await?);
        installed.learn().await?;
        let policy = {
            let (decisions, installed) = (decisions.clone(), installed.clone());
            move |manifest: &Manifest| !installed.has(manifest.id()) && decisions.allow(manifest)
        };
        let directory = extensions.join("plugins");
        let watch = DirectorySource::watch(directory.clone(), hooks.clone(), bundled_packages(), policy)
            .map_err(ApiError::internal)?;
        let first = settle_first(installed.clone());
        tokio::join!(watch.rescan(), first).1?;
        installed.tidy().await?;
        let manager = Self {
            hooks,
            decisions,
            installed,
            database: database.clone(),
            directory: directory.into(),
            watch: Arc::new(ArcSwapOption::from_pointee(watch)),
            follower: Arc::default(),
        };
        let follower = tokio::spawn(follow(manager.clone()));
        manager.follower.store(Some(Arc::new(follower)));
        Ok(manager)
    }

    /// The plugins that are installed from packages.
    pub(super) fn installed(&self) -> &Installed {
        &self.installed
    }

    /// Has one plugin follow what was decided and installed, and returns when it does, or does not start.
    ///
    /// # Errors
    /// Where the database fails.
    pub(super) async fn settle_one(&self, id: &PluginId) -> Result<()> {
        let decided = packages::decisions(self.database.reader()).await?;
        let is_new = self.decisions.replace(decided);
        self.installed.settle_one(id, false).await?;
        if is_new && !self.installed.has(id) {
            self.rescan().await;
        }
        Ok(())
    }

    /// Has what runs follow what was decided and installed.
    ///
    /// # Errors
    /// Where the database fails.
    pub(super) async fn settle(&self) -> Result<()> {
        let decided = packages::decisions(self.database.reader()).await?;
        let is_new = self.decisions.replace(decided);
        self.installed.settle().await?;
        if is_new {
            self.rescan().await;
        }
        Ok(())
    }

    /// Looks at the directory now, and returns when everything found is loaded or reported.
    pub async fn rescan(&self) {
        if let Some(watch) = self.watch.load_full() {
            watch.rescan().await;
        }
    }

    /// Loads a plugin anew although nothing changed, which ends its quarantine. False where there is none of this id
    /// that may run. Where it does not load, what ran runs on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn reload(&self, id: &PluginId) -> Result<bool> {
        if self.installed.has(id) {
            self.installed.settle_one(id, true).await?;
            return Ok(true);
        }
        match self.watch.load_full() {
            Some(watch) => Ok(watch.reload(id).await),
            None => Ok(false),
        }
    }

    /// Stops following the directory and other processes, and ends the plugins.
    pub async fn stop(&self) {
        if let Some(follower) = self.follower.swap(None) {
            follower.abort();
        }
        self.watch.store(None);
        self.hooks.shutdown().await;
    }

    /// Every plugin whose manifest is good: those in folders, in the folders' order, then the bundled and the installed
    /// ones.
    pub(super) async fn known(&self) -> Result<Vec<KnownPlugin>> {
        let (directory, decisions) = (Arc::clone(&self.directory), self.decisions.clone());
        let installed = self.installed.clone();
        let read = move || {
            // A policy that keeps everything out leaves all code unread.
            let found = DirectorySource::scan(&directory, &[], |_| false).into_iter();
            let folders = found.filter_map(|found| match found.finding {
                Finding::SwitchedOff(manifest) => {
                    Some(KnownPlugin::in_folder(manifest, found.folder, &decisions, &installed))
                }
                _ => None,
            });
            let bundled = bundled::all().iter().filter_map(|plugin| bundled_manifest(*plugin));
            let bundled = bundled.map(|manifest| KnownPlugin::new(manifest, Origin::Bundled, &decisions));
            folders.chain(bundled).collect::<Vec<_>>()
        };
        let mut known = tokio::task::spawn_blocking(read).await.map_err(ApiError::internal)?;
        for plugin in packages::all(self.database.reader()).await? {
            let Some(StoredPackage { manifest, .. }) = plugin.current().cloned() else { continue };
            let problems = self.installed.problems(manifest.id());
            let waits = plugin.install.active.is_none() && plugin.install.waits_for_consent();
            let entry = KnownPlugin::new(manifest, Origin::Uploaded, &self.decisions);
            known.push(KnownPlugin { waits, problems, ..entry });
        }
        Ok(known)
    }
}

impl KnownPlugin {
    fn new(manifest: Manifest, origin: Origin, decisions: &Decisions) -> Self {
        let is_wanted = decisions.allow(&manifest);
        Self { manifest: Arc::new(manifest), origin, is_wanted, waits: false, problems: Vec::new() }
    }

    fn in_folder(manifest: Manifest, folder: PathBuf, decisions: &Decisions, installed: &Installed) -> Self {
        let taken = installed.has(manifest.id()).then(|| {
            let (folder, id) = (folder.display(), manifest.id());
            format!("{folder}: the id {id} belongs to a plugin that was installed from a package; uninstall that first")
        });
        let plugin = Self::new(manifest, Origin::Directory(folder), decisions);
        Self { problems: taken.into_iter().collect(), ..plugin }
    }
}

/// Loads what was installed. What takes long, since it has to be compiled anew, is loaded beside the running site.
async fn settle_first(installed: Installed) -> Result<()> {
    let mut first = tokio::spawn(async move { installed.settle().await });
    match tokio::time::timeout(START, &mut first).await {
        Ok(done) => done.map_err(ApiError::internal)?,
        Err(_elapsed) => {
            tracing::info!("installed plugins are still being compiled; the site starts without them");
            tokio::spawn(async move {
                if let Ok(Err(error)) = first.await {
                    tracing::error!(%error, "installed plugins cannot be loaded");
                }
            });
            Ok(())
        }
    }
}

/// Notices what other processes decide and install.
async fn follow(manager: PluginManager) {
    let changes = manager.database.changes().clone();
    let mut seen = changes.names();
    loop {
        // A change between two waits shows in the number, at the latest after the pause.
        let _ = tokio::time::timeout(LOOK, changes.changed_elsewhere()).await;
        let now = changes.names();
        if now == seen {
            continue;
        }
        match manager.settle().await {
            Ok(()) => seen = now,
            Err(error) => {
                tracing::warn!(%error, "what other processes changed about plugins cannot be read; trying again");
            }
        }
    }
}

fn bundled_packages() -> Vec<Package> {
    let package = |plugin: &bundled::BundledPlugin| {
        let manifest = bundled_manifest(*plugin)?;
        Some(Package {
            manifest,
            wasm: plugin.wasm.to_vec(),
            migrations: plugin.migrations.iter().map(migration).collect(),
            origin: Origin::Bundled,
        })
    };
    bundled::all().iter().filter_map(package).collect()
}

fn migration((name, sql): &(&str, &str)) -> Migration {
    Migration { name: (*name).to_owned(), sql: (*sql).to_owned() }
}

fn bundled_manifest(plugin: bundled::BundledPlugin) -> Option<Manifest> {
    match Manifest::parse(plugin.manifest, Path::new(plugin.name)) {
        Ok(manifest) => Some(manifest),
        Err(faults) => {
            tracing::error!(plugin = plugin.name, %faults, "a bundled plugin has a faulty manifest");
            None
        }
    }
}
