//! The files of one plugin, and how much it may keep.

use std::{path::PathBuf, sync::Arc};

use fleuron_plugin_host::{
    PluginId,
    ports::{PortError, VfsPath},
};
use object_store::{ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{
    FileLimits,
    tree::{self, Found, Usage},
};

/// Longest name on disk, in bytes: a little less than file systems take, since a write needs a longer one for a moment.
const NAME_LENGTH: usize = 240;

/// What is kept; none while that is not known.
type Ledger = Option<Usage>;

/// One plugin's files.
pub(super) struct Space {
    place: Place,
    limits: FileLimits,
    /// Held through every change, so that changes come one after the other.
    ledger: Arc<Mutex<Ledger>>,
}

/// Where a plugin's files are.
#[derive(Clone)]
struct Place {
    store: LocalFileSystem,
    plugin: PluginId,
    home: PathBuf,
}

impl Space {
    /// The files of a plugin in a store over the folder `root`.
    pub(super) fn new(store: LocalFileSystem, root: PathBuf, plugin: PluginId, limits: FileLimits) -> Self {
        let home = root.join(tree::encode(plugin.as_str()));
        Self { place: Place { store, plugin, home }, limits, ledger: Arc::default() }
    }

    /// What is at a path.
    pub(super) async fn look(&self, path: &VfsPath) -> Result<Found, PortError> {
        self.place.look(path).await
    }

    /// The names in a folder; none where there is no such folder.
    pub(super) async fn list(&self, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError> {
        let folder = folder.clone();
        self.place.blocking(move |home| tree::list(home, &folder)).await
    }

    /// The content of a file; none where there is none.
    pub(super) async fn read(&self, path: &VfsPath) -> Result<Option<String>, PortError> {
        match self.look(path).await? {
            Found::Nothing { .. } => return Ok(None),
            Found::BeneathFile(file) => return Err(not_a_folder(&file)),
            Found::Folder => {
                return Err(PortError::new(format!("`{path}` is a folder; `vfs-list` reads those")));
            }
            Found::File { size, .. } if size > self.limits.file_bytes => {
                let limit = self.limits.file_bytes;
                return Err(PortError::new(format!("`{path}` has {size} bytes; at most {limit} are read")));
            }
            Found::File { .. } => {}
        }
        let bytes = match self.place.store.get(&self.place.key(path)).await {
            Ok(found) => found.bytes().await.map_err(|error| self.place.failed("read", path, &error))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.place.failed("read", path, &error)),
        };
        String::from_utf8(bytes.into())
            .map(Some)
            .map_err(|error| PortError::new(format!("`{path}` is not UTF-8: {}", error.utf8_error())))
    }

    /// Writes a file within the limits. Whatever goes wrong, the file has its old content or its new one.
    pub(super) async fn write(&self, path: &VfsPath, content: &str) -> Result<(), PortError> {
        let size = content.len() as u64;
        if size > self.limits.file_bytes {
            let limit = self.limits.file_bytes;
            return Err(PortError::new(format!("`{path}` would have {size} bytes; a file may have {limit}")));
        }
        if let Some(name) = path.segments().find(|name| tree::encode(name).len() > NAME_LENGTH) {
            return Err(PortError::new(format!(
                "the name `{name}` is too long; it may have {NAME_LENGTH} bytes, where each byte beyond plain letters, \
                 digits and common signs counts three"
            )));
        }
        let (place, limits, path, content) =
            (self.place.clone(), self.limits, path.clone(), content.as_bytes().to_vec());
        let ledger = Arc::clone(&self.ledger).lock_owned().await;
        finished(async move { place.write(ledger, limits, &path, content).await }).await
    }

    /// Deletes everything. May be done again after it was interrupted.
    pub(super) async fn clear(&self) -> Result<(), PortError> {
        let place = self.place.clone();
        let mut ledger = Arc::clone(&self.ledger).lock_owned().await;
        finished(async move {
            *ledger = None;
            place.blocking(tree::clear).await
        })
        .await
    }

    /// Deletes a file; false where there was none.
    pub(super) async fn delete(&self, path: &VfsPath) -> Result<bool, PortError> {
        let (place, path) = (self.place.clone(), path.clone());
        let ledger = Arc::clone(&self.ledger).lock_owned().await;
        finished(async move { place.delete(ledger, &path).await }).await
    }
}

/// Goes through with a change that was begun, also where the caller goes away: the ledger must hear of it.
async fn finished<T: Send + 'static>(
    change: impl Future<Output = Result<T, PortError>> + Send + 'static,
) -> Result<T, PortError> {
    tokio::spawn(change)
        .await
        .map_err(|error| PortError::new(format!("the change was broken off: {error}")))?
}

impl Place {
    // Built from segments, so that each is encoded on its own and none can climb.
    fn key(&self, path: &VfsPath) -> Key {
        Key::from_iter(std::iter::once(self.plugin.as_str()).chain(path.segments()))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&std::path::Path) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let home = self.home.clone();
        let done = tokio::task::spawn_blocking(move || work(&home)).await;
        done.map_err(|error| PortError::new(format!("the file system could not be asked: {error}")))?
    }

    async fn look(&self, path: &VfsPath) -> Result<Found, PortError> {
        let path = path.clone();
        self.blocking(move |home| tree::look(home, &path)).await
    }

    async fn usage(&self, ledger: &Ledger) -> Result<Usage, PortError> {
        match ledger {
            Some(usage) => Ok(*usage),
            None => self.blocking(tree::usage).await,
        }
    }

    async fn write(
        &self,
        mut ledger: OwnedMutexGuard<Ledger>,
        limits: FileLimits,
        path: &VfsPath,
        content: Vec<u8>,
    ) -> Result<(), PortError> {
        let (replaced, added) = match self.look(path).await? {
            Found::File { size, .. } => (size, 0),
            Found::Nothing { missing } => (0, missing),
            Found::Folder => {
                return Err(PortError::new(format!("`{path}` is a folder; it cannot be written")));
            }
            Found::BeneathFile(file) => return Err(not_a_folder(&file)),
        };
        let before = self.usage(&ledger).await?;
        *ledger = Some(before);
        let size = content.len() as u64;
        let after =
            Usage { bytes: before.bytes.saturating_sub(replaced) + size, entries: before.entries + added };
        check(limits, path, before, after, size)?;
        // Unknown again until it is known to have been done.
        *ledger = None;
        let written = self.store.put(&self.key(path), PutPayload::from(content)).await;
        written.map_err(|error| self.failed("written", path, &error))?;
        *ledger = Some(after);
        Ok(())
    }

    async fn delete(&self, mut ledger: OwnedMutexGuard<Ledger>, path: &VfsPath) -> Result<bool, PortError> {
        let size = match self.look(path).await? {
            Found::File { size, .. } => size,
            Found::Nothing { .. } | Found::BeneathFile(_) => return Ok(false),
            Found::Folder => {
                return Err(PortError::new(format!("`{path}` is a folder; only files can be deleted")));
            }
        };
        let known = ledger.take();
        match self.store.delete(&self.key(path)).await {
            Ok(()) => {}
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(self.failed("deleted", path, &error)),
        }
        // Folders go with the last file in them.
        if let (Some(before), Found::Nothing { missing }) = (known, self.look(path).await?) {
            *ledger = Some(Usage {
                bytes: before.bytes.saturating_sub(size),
                entries: before.entries.saturating_sub(missing),
            });
        }
        Ok(true)
    }

    /// The cause names places on the server's disk: it is for the site's log.
    fn failed(&self, what: &str, path: &VfsPath, error: &object_store::Error) -> PortError {
        tracing::warn!(plugin = %self.plugin, %path, %error, "a plugin's file could not be {what}");
        PortError::new(format!("`{path}` could not be {what}; the server's log says why"))
    }
}

/// A change that takes no more than is taken already is always allowed.
fn check(
    limits: FileLimits,
    path: &VfsPath,
    before: Usage,
    after: Usage,
    size: u64,
) -> Result<(), PortError> {
    let Usage { bytes, entries } = before;
    if after.bytes > limits.bytes && after.bytes > bytes {
        let limit = limits.bytes;
        return Err(PortError::new(format!(
            "no room for the {size} bytes of `{path}`: {bytes} of {limit} bytes are used"
        )));
    }
    if after.entries > limits.files && after.entries > entries {
        let (added, limit) = (after.entries - entries, limits.files);
        return Err(PortError::new(format!(
            "no room for `{path}`, which adds {added} files and folders: {entries} of {limit} are there"
        )));
    }
    Ok(())
}

fn not_a_folder(file: &str) -> PortError {
    PortError::new(format!("`{file}` is a file, not a folder"))
}
