//! Tells cheaply whether a folder may have changed, and surely whether what matters in it has.

use std::fs::{self, Metadata};
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::migrations;
use crate::package::Package;

/// The files directly inside a plugin's folder and its migrations as the file system describes them. Equal stamps:
/// nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(String, u64, Option<SystemTime>, u64)>);

impl Stamp {
    pub(super) fn of(folder: &Path) -> Stamp {
        let mut files = Vec::new();
        collect(folder, "", &mut files);
        collect(&folder.join(migrations::FOLDER), migrations::FOLDER, &mut files);
        files.sort();
        Stamp(files)
    }
}

fn collect(folder: &Path, place: &str, files: &mut Vec<(String, u64, Option<SystemTime>, u64)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // Links are followed: a build may put a link to its output here.
        let Ok(metadata) = fs::metadata(entry.path()) else { continue };
        if metadata.is_file() {
            let name = format!("{place}/{}", entry.file_name().to_string_lossy());
            files.push((name, metadata.len(), metadata.modified().ok(), identity(&metadata)));
        }
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
    hasher.update(Sha256::digest(&package.wasm));
    for migration in &package.migrations {
        hasher.update(Sha256::digest(&migration.name));
        hasher.update(Sha256::digest(&migration.sql));
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;
    use crate::package::{Migration, Origin};

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
        let second = Stamp::of(folder.path());
        assert_ne!(first, second);
        fs::create_dir(folder.path().join("migrations")).expect("a folder");
        assert_eq!(second, Stamp::of(folder.path()));
        fs::write(folder.path().join("migrations/1.sql"), b"one").expect("written");
        assert_ne!(second, Stamp::of(folder.path()));
    }

    #[test]
    fn a_digest_is_of_everything() {
        let text = "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n";
        let manifest = Manifest::parse(text, Path::new("manifest.toml")).expect("a good manifest");
        let migration = |name: &str, sql: &str| Migration { name: name.to_owned(), sql: sql.to_owned() };
        let package = |wasm: &[u8], migrations: Vec<Migration>| {
            let (manifest, wasm) = (manifest.clone(), wasm.to_vec());
            digest(&Package { manifest, wasm, migrations, origin: Origin::Bundled })
        };
        let plain = package(b"ab", Vec::new());
        assert_eq!(plain, package(b"ab", Vec::new()));
        let others = [
            package(b"abc", Vec::new()),
            package(b"ab", vec![migration("c", "")]),
            package(b"ab", vec![migration("", "c")]),
            package(b"ab", vec![migration("c", "d")]),
            package(b"ab", vec![migration("d", "c")]),
        ];
        for (index, other) in others.iter().enumerate() {
            assert_ne!(plain, *other);
            assert!(!others[..index].contains(other), "{index}");
        }
    }
}
