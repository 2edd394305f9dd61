//! Which plugins run: the bundled ones, and those in `extensions/plugins`, unless an administrator switched them off.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use fleuron_plugin_host::{DirectorySource, Manifest, Origin, Package, PluginHost, WatchHandle};
use sea_orm::EntityTrait;

use super::bundled;
use crate::{database::Database, entities::plugins, error::Result};

/// Keeps the right plugins running.
pub struct PluginManager {
    hooks: PluginHost,
    watch: WatchHandle,
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

impl PluginManager {
    /// Loads the bundled plugins and what is in the directory, and follows its changes from then on.
    ///
    /// A folder with the id of a bundled plugin takes its place once it holds built code, and switches it off where its
    /// manifest says `enabled = false`.
    pub async fn start(hooks: PluginHost, database: &Database, extensions: &Path) -> Result<Self> {
        let decisions = Decisions::default();
        for row in plugins::Entity::find().all(database.reader()).await? {
            decisions.0.write().unwrap_or_else(PoisonError::into_inner).insert(row.id, row.enabled);
        }
        let policy = move |manifest: &Manifest| decisions.allow(manifest);
        let directory = extensions.join("plugins");
        let watch = DirectorySource::watch(directory, hooks.clone(), bundled_packages(), policy)
            .map_err(crate::error::ApiError::internal)?;
        watch.rescan().await;
        Ok(Self { hooks, watch })
    }

    /// Looks at the directory now, and returns when everything found is loaded or reported.
    pub async fn rescan(&self) {
        self.watch.rescan().await;
    }

    /// Stops following the directory and ends the plugins.
    pub async fn stop(self) {
        drop(self.watch);
        self.hooks.shutdown().await;
    }
}

fn bundled_packages() -> Vec<Package> {
    let mut packages = Vec::new();
    for plugin in bundled::all() {
        match Manifest::parse(plugin.manifest, Path::new(plugin.name)) {
            Ok(manifest) => {
                packages.push(Package { manifest, wasm: plugin.wasm.to_vec(), origin: Origin::Bundled });
            }
            Err(faults) => {
                tracing::error!(plugin = plugin.name, %faults, "a bundled plugin has a faulty manifest");
            }
        }
    }
    packages
}
