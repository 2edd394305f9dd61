//! Tells cheaply whether a folder may have changed, and surely whether what matters in it has.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::package::Package;

/// The files directly inside a folder as the file system describes them. Equal stamps: nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(String, u64, Option<SystemTime>, u64)>);

impl Stamp {
    pub(super) fn of(folder: &Path) -> Stamp {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            // Links are followed: a build may put a link to its output here.
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if metadata.is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                files.push((name, metadata.len(), metadata.modified().ok(), identity(&metadata)));
            }
        }
        files.sort();
        Stamp(files)
    }
}

/// What differs where a file was replaced by one of the same size and time.
#[cfg(unix)]
fn identity(metadata: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    metadata.ino() ^ metadata.ctime_nsec().unsigned_abs().rotate_left(32)
}

#[cfg(not(unix))]
fn identity(_metadata: &Metadata) -> u64 {
    0
}

/// A digest of everything that a loaded plugin is made of.
pub(super) fn digest(package: &Package) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(format!("{:?}", package.manifest));
    hasher.update([0]);
    hasher.update(&package.wasm);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_changes_of_files_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("plugin.wasm");
        fs::write(&file, b"one").expect("written");
        let first = Stamp::of(folder.path());
        assert_eq!(first, Stamp::of(folder.path()));
        fs::create_dir(folder.path().join("src")).expect("a folder");
        assert_eq!(first, Stamp::of(folder.path()));
        fs::write(&file, b"four").expect("written");
        assert_ne!(first, Stamp::of(folder.path()));
    }
}
