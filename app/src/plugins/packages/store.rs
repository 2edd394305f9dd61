//! Packages by hash in the object store: written before the row that names them, deleted after it.

use std::{collections::HashSet, path::Path, time::Duration};

use chrono::Utc;
use futures_util::TryStreamExt;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key};

use crate::{
    auth::keys::create_private_folder,
    error::{ApiError, Result},
};

/// How old a package must be that no row names before it is taken for left behind: an upload may be under way.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// The packages' bytes. Cheap to clone.
#[derive(Clone)]
pub struct PackageStore {
    store: LocalFileSystem,
}

impl PackageStore {
    /// Packages in the folder `packages` in the data folder, which is made if it is missing.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn new(data: &Path) -> Result<Self, object_store::Error> {
        let folder = data.join("packages");
        create_private_folder(&folder).map_err(|error| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: error.into(),
        })?;
        // A row must never outlive a power cut that its package does not.
        Ok(Self { store: LocalFileSystem::new_with_prefix(folder)?.with_fsync(true) })
    }

    /// Stores a package under its hash.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn put(&self, sha256: &str, bytes: Vec<u8>) -> Result<()> {
        self.store.put(&Key::from(sha256), PutPayload::from(bytes)).await.map_err(ApiError::internal)?;
        Ok(())
    }

    /// The package with this hash; none where it is not there.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn get(&self, sha256: &str) -> Result<Option<Vec<u8>>> {
        match self.store.get(&Key::from(sha256)).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(ApiError::internal)?.into())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(ApiError::internal(error)),
        }
    }

    /// Deletes packages. What cannot be deleted is logged and left for [`Self::tidy`].
    pub async fn delete(&self, hashes: &[String]) {
        for sha256 in hashes {
            match self.store.delete(&Key::from(sha256.as_str())).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    tracing::warn!(package = sha256, %error, "a plugin's package cannot be deleted")
                }
            }
        }
    }

    /// Deletes packages that were left behind: those that are old and not among `known`.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn tidy(&self, known: &HashSet<String>) -> Result<()> {
        let packages: Vec<_> = self.store.list(None).try_collect().await.map_err(ApiError::internal)?;
        let now = Utc::now();
        let left: Vec<String> = packages
            .into_iter()
            .filter(|package| (now - package.last_modified).to_std().is_ok_and(|age| age > LEFT_BEHIND))
            .map(|package| package.location.to_string())
            .filter(|sha256| !known.contains(sha256))
            .collect();
        self.delete(&left).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn packages_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = PackageStore::new(folder.path()).unwrap();
        store.put("ab12", b"bytes".to_vec()).await.unwrap();
        assert_eq!(store.get("ab12").await.unwrap().as_deref(), Some(&b"bytes"[..]));
        // A fresh one may belong to an upload that is under way.
        store.tidy(&HashSet::new()).await.unwrap();
        assert!(store.get("ab12").await.unwrap().is_some());
        let file = std::fs::File::options().write(true).open(folder.path().join("packages/ab12")).unwrap();
        file.set_modified(std::time::SystemTime::now() - 2 * LEFT_BEHIND).unwrap();
        store.tidy(&HashSet::from(["ab12".to_owned()])).await.unwrap();
        assert!(store.get("ab12").await.unwrap().is_some());
        store.tidy(&HashSet::new()).await.unwrap();
        assert_eq!(store.get("ab12").await.unwrap(), None);
        store.delete(&["ab12".to_owned()]).await;
    }
}
