//! The virtual file system: each plugin's files beneath a prefix of its own in the object store.

use std::path::Path;

use fleuron_plugin_host::{
    PluginId,
    ports::{FilePort, FileStat, PortError, VfsPath},
};
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key};

pub(super) struct PluginFiles {
    store: LocalFileSystem,
}

impl PluginFiles {
    pub(super) fn new(folder: &Path) -> Result<Self, object_store::Error> {
        std::fs::create_dir_all(folder).map_err(|error| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: error.into(),
        })?;
        Ok(Self { store: LocalFileSystem::new_with_prefix(folder)? })
    }

    async fn is_folder(&self, key: &Key) -> Result<bool, PortError> {
        let listed = self.store.list_with_delimiter(Some(key)).await.map_err(failed)?;
        Ok(!listed.objects.is_empty() || !listed.common_prefixes.is_empty())
    }
}

fn key(plugin: &PluginId, path: &VfsPath) -> Key {
    // Built from segments, so that each is encoded on its own and none can climb.
    Key::from_iter(std::iter::once(plugin.as_str()).chain(path.segments()))
}

fn failed(error: object_store::Error) -> PortError {
    PortError::new(format!("the file store failed: {error}"))
}

#[async_trait::async_trait]
impl FilePort for PluginFiles {
    async fn read(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<String>, PortError> {
        let bytes = match self.store.get(&key(plugin, path)).await {
            Ok(found) => found.bytes().await.map_err(failed)?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        String::from_utf8(bytes.to_vec())
            .map(Some)
            .map_err(|error| PortError::new(format!("`{}` is not UTF-8: {error}", path.as_str())))
    }

    async fn write(&self, plugin: &PluginId, path: &VfsPath, content: &str) -> Result<(), PortError> {
        let payload = PutPayload::from(content.as_bytes().to_vec());
        self.store.put(&key(plugin, path), payload).await.map(|_| ()).map_err(failed)
    }

    async fn delete(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        match self.store.delete(&key(plugin, path)).await {
            Ok(()) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    async fn exists(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        Ok(self.stat(plugin, path).await?.is_some())
    }

    async fn list(&self, plugin: &PluginId, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError> {
        let listed = self.store.list_with_delimiter(Some(&key(plugin, folder))).await.map_err(failed)?;
        let files = listed.objects.iter().filter_map(|object| name(&object.location, ""));
        let folders = listed.common_prefixes.iter().filter_map(|prefix| name(prefix, "/"));
        let names: Vec<String> = files.chain(folders).collect();
        Ok(if names.is_empty() && !folder.is_root() { None } else { Some(names) })
    }

    async fn stat(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<FileStat>, PortError> {
        let key = key(plugin, path);
        if !path.is_root() {
            match self.store.head(&key).await {
                Ok(found) => {
                    let modified = found.last_modified.timestamp();
                    return Ok(Some(FileStat { size: found.size, is_dir: false, modified }));
                }
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let folder = path.is_root() || self.is_folder(&key).await?;
        Ok(folder.then_some(FileStat { size: 0, is_dir: true, modified: 0 }))
    }
}

fn name(location: &Key, suffix: &str) -> Option<String> {
    location.parts().next_back().map(|part| format!("{}{suffix}", part.as_ref()))
}
