//! The virtual file system: each plugin's files beneath a prefix of its own in the object store.
//!
//! Names are encoded one by one on their way to the store, so that none can climb and none stands for another. The
//! local store follows symbolic links; here nothing is touched before every part of its path has been looked at.

mod space;
mod tree;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use fleuron_plugin_host::{
    PluginId,
    ports::{FilePort, FileStat, PortError, VfsPath},
};
use object_store::local::LocalFileSystem;

use crate::auth::keys::create_private_folder;
use space::Space;
use tree::Found;

/// How much a plugin may keep in its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileLimits {
    /// Bytes in all files together. Default 100 MiB.
    pub bytes: u64,
    /// Files and folders together. Default 10 000.
    pub files: u64,
    /// Bytes in one file. Default 8 MiB.
    pub file_bytes: u64,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self { bytes: 100 * 1024 * 1024, files: 10_000, file_bytes: 8 * 1024 * 1024 }
    }
}

/// The files of all plugins.
pub(crate) struct PluginFiles {
    store: LocalFileSystem,
    root: PathBuf,
    limits: FileLimits,
    spaces: Mutex<HashMap<PluginId, Arc<Space>>>,
}

impl PluginFiles {
    /// Files in a folder, which is made if it is missing.
    pub(super) fn new(folder: &Path, limits: FileLimits) -> Result<Self, object_store::Error> {
        let broken = |error: std::io::Error| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: error.into(),
        };
        create_private_folder(folder).map_err(broken)?;
        let root = std::fs::canonicalize(folder).map_err(broken)?;
        // A folder is there as long as something is in it, as in other object stores.
        let store = LocalFileSystem::new_with_prefix(&root)?.with_automatic_cleanup(true);
        Ok(Self { store, root, limits, spaces: Mutex::default() })
    }

    /// Deletes all files of a plugin that does not run.
    pub(crate) async fn remove(&self, plugin: &PluginId) -> Result<(), PortError> {
        self.space(plugin).clear().await
    }

    fn space(&self, plugin: &PluginId) -> Arc<Space> {
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let space = spaces.entry(plugin.clone()).or_insert_with(|| {
            Arc::new(Space::new(self.store.clone(), self.root.clone(), plugin.clone(), self.limits))
        });
        Arc::clone(space)
    }
}

#[async_trait::async_trait]
impl FilePort for PluginFiles {
    async fn read(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<String>, PortError> {
        self.space(plugin).read(path).await
    }

    async fn write(&self, plugin: &PluginId, path: &VfsPath, content: &str) -> Result<(), PortError> {
        self.space(plugin).write(path, content).await
    }

    async fn delete(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        self.space(plugin).delete(path).await
    }

    async fn exists(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        Ok(self.stat(plugin, path).await?.is_some())
    }

    async fn list(&self, plugin: &PluginId, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError> {
        self.space(plugin).list(folder).await
    }

    async fn stat(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<FileStat>, PortError> {
        let folder = FileStat { size: 0, is_dir: true, modified: 0 };
        Ok(match self.space(plugin).look(path).await? {
            Found::File { size, modified } => Some(FileStat { size, is_dir: false, modified }),
            Found::Folder => Some(folder),
            Found::Nothing { .. } | Found::BeneathFile(_) => path.is_root().then_some(folder),
        })
    }
}

#[cfg(test)]
mod tests;
