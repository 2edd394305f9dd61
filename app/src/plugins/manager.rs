//! Which plugins run: the bundled ones, and those in `extensions/plugins`, unless an administrator switched them off.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use arc_swap::ArcSwapOption;
use fleuron_plugin_host::{
    DirectorySource, Finding, Manifest, Origin, Package, PluginHost, PluginId, WatchHandle,
};
use sea_orm::EntityTrait;

use super::bundled;
use crate::{
    database::Database,
    entities::plugins,
    error::{ApiError, Result},
};

/// Keeps the right plugins running. Cheap to clone.
#[derive(Clone)]
pub struct PluginManager {
    hooks: PluginHost,
    decisions: Decisions,
    directory: Arc<Path>,
    /// Taken out when the site stops.
    watch: Arc<ArcSwapOption<WatchHandle>>,
}

/// What administrators decided, by plugin id; a plugin they did not speak of runs as its manifest asks.
#[derive(Clone, Default)]
struct Decisions(Arc<RwLock<HashMap<String, bool>>>);

impl Decisions {
    fn allow(&self, manifest: &Manifest) -> bool {
        let decided = self.0.read().unwrap_or_else(PoisonError::into_inner);
        decided.get(manifest.id().as_str()).copied().unwrap_or(manifest.enabled)
    }
}

/// A plugin with a good manifest, whether or not it runs.
pub(super) struct KnownPlugin {
    pub(super) manifest: Arc<Manifest>,
    pub(super) origin: Origin,
    /// Whether it may run: it is not switched off.
    pub(super) is_wanted: bool,
}

impl PluginManager {
    /// Loads the bundled plugins and what is in the directory, and follows its changes from then on.
    ///
    /// A folder with the id of a bundled plugin takes its place once it holds built code, and switches it off where its
    /// manifest says `enabled = false`.
    ///
    /// # Errors
    /// Where the database does not answer or the thread that watches cannot be started.
    pub async fn start(hooks: PluginHost, database: &Database, extensions: &Path) -> Result<Self> {
        let decisions = Decisions::default();
        for row in plugins::Entity::find().all(database.reader()).await? {
            decisions.0.write().unwrap_or_else(PoisonError::into_inner).insert(row.id, row.enabled);
        }
        let policy = {
            let decisions = decisions.clone();
            move |manifest: &Manifest| decisions.allow(manifest)
        };
        let directory = extensions.join("plugins");
        let watch = DirectorySource::watch(directory.clone(), hooks.clone(), bundled_packages(), policy)
            .map_err(ApiError::internal)?;
        watch.rescan().await;
        let watch = Arc::new(ArcSwapOption::from_pointee(watch));
        Ok(Self { hooks, decisions, directory: directory.into(), watch })
    }

    /// Looks at the directory now, and returns when everything found is loaded or reported.
    pub async fn rescan(&self) {
        if let Some(watch) = self.watch.load_full() {
            watch.rescan().await;
        }
    }

    /// Loads a plugin anew although nothing changed, which ends its quarantine. False where there is none of this id
    /// that may run. Where it does not load, what ran runs on.
    pub async fn reload(&self, id: &PluginId) -> bool {
        match self.watch.load_full() {
            Some(watch) => watch.reload(id).await,
            None => false,
        }
    }

    /// Stops following the directory and ends the plugins.
    pub async fn stop(&self) {
        self.watch.store(None);
        self.hooks.shutdown().await;
    }

    /// Every plugin whose manifest is good: those in folders, in the folders' order, then the bundled ones.
    pub(super) async fn known(&self) -> Result<Vec<KnownPlugin>> {
        let (directory, decisions) = (Arc::clone(&self.directory), self.decisions.clone());
        let read = move || {
            let known = |manifest: Manifest, origin| {
                let is_wanted = decisions.allow(&manifest);
                KnownPlugin { manifest: Arc::new(manifest), origin, is_wanted }
            };
            // A policy that keeps everything out leaves all code unread.
            let found = DirectorySource::scan(&directory, &[], |_| false).into_iter();
            let folders = found.filter_map(|found| match found.finding {
                Finding::SwitchedOff(manifest) => Some(known(manifest, Origin::Directory(found.folder))),
                _ => None,
            });
            let bundled = bundled::all().iter().filter_map(|plugin| bundled_manifest(*plugin));
            folders.chain(bundled.map(|manifest| known(manifest, Origin::Bundled))).collect()
        };
        tokio::task::spawn_blocking(read).await.map_err(ApiError::internal)
    }
}

fn bundled_packages() -> Vec<Package> {
    let package = |plugin: &bundled::BundledPlugin| {
        let manifest = bundled_manifest(*plugin)?;
        Some(Package {
            manifest,
            wasm: plugin.wasm.to_vec(),
            migrations: Vec::new(),
            origin: Origin::Bundled,
        })
    };
    bundled::all().iter().filter_map(package).collect()
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
