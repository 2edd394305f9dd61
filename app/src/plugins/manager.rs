//! Which plugins run: the bundled ones, and those in `extensions/plugins`, unless an administrator switched them off.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
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
    /// Loads the bundled plugins, then what is in the directory, and follows its changes from then on.
    ///
    /// A folder with the id of a bundled plugin takes its place once it holds built code.
    pub async fn start(hooks: PluginHost, database: &Database, extensions: &Path) -> Result<Self> {
        let decisions = Decisions::default();
        for row in plugins::Entity::find().all(database.reader()).await? {
            decisions.0.write().unwrap_or_else(PoisonError::into_inner).insert(row.id, row.enabled);
        }
        load_bundled(&hooks, &decisions).await;
        let directory: PathBuf = extensions.join("plugins");
        let policy = move |manifest: &Manifest, folder: &Path| {
            let unbuilt_copy = is_bundled(manifest) && !folder.join(&manifest.plugin.entry).exists();
            !unbuilt_copy && decisions.allow(manifest)
        };
        let watch = DirectorySource::watch(directory, hooks.clone(), policy)
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

fn is_bundled(manifest: &Manifest) -> bool {
    bundled::all().iter().any(|plugin| {
        Manifest::parse(plugin.manifest, Path::new(plugin.name)).is_ok_and(|own| own.id() == manifest.id())
    })
}

async fn load_bundled(hooks: &PluginHost, decisions: &Decisions) {
    for plugin in bundled::all() {
        let manifest = match Manifest::parse(plugin.manifest, Path::new(plugin.name)) {
            Ok(manifest) => manifest,
            Err(faults) => {
                tracing::error!(plugin = plugin.name, %faults, "a bundled plugin has a faulty manifest");
                continue;
            }
        };
        if !decisions.allow(&manifest) {
            continue;
        }
        let package = Package { manifest, wasm: plugin.wasm.to_vec(), origin: Origin::Bundled };
        if let Err(error) = hooks.load(package).await {
            tracing::error!(plugin = plugin.name, %error, "a bundled plugin cannot be loaded");
        }
    }
}
