//! Compiled code on disk, keyed by the plugin's bytes and by everything of the engine that the code depends on.
//!
//! Loading compiled code is the one unsafe act of this crate: wasmtime trusts it like its own. So the folder belongs to
//! this process's user alone (mode 0700), no plugin can name a file in it, and every file carries a digest of its code;
//! whatever does not match is thrown away and compiled anew.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::HostError;

/// Bytes of a SHA-256 digest.
const DIGEST: usize = 32;
/// Entries kept; the oldest go first.
const ENTRIES: usize = 256;

/// The cache's folder.
#[derive(Clone, Debug)]
pub(crate) struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// Opens the folder, creating it for this user alone.
    pub(crate) fn open(folder: &Path) -> Result<CodeCache, HostError> {
        create_private(folder).map_err(|error| HostError::CodeCache {
            folder: folder.display().to_string(),
            reason: error.to_string(),
        })?;
        Ok(CodeCache { folder: folder.to_owned() })
    }

    /// The compiled form of `wasm`, if it is there and whole.
    pub(crate) fn load(&self, engine: &Engine, wasm: &[u8]) -> Option<Component> {
        let path = self.path(engine, wasm);
        let file = fs::read(&path).ok()?;
        let component = match file.split_at_checked(DIGEST) {
            Some((digest, code)) if Sha256::digest(code).as_slice() == digest => deserialize(engine, code),
            _ => None,
        };
        if component.is_none() {
            tracing::warn!(file = %path.display(), "compiled plugin code is damaged; compiling anew");
            remove(&path);
        }
        component
    }

    /// Keeps the compiled form of `wasm`. A failure costs the next start a compilation, no more.
    pub(crate) fn store(&self, engine: &Engine, wasm: &[u8], component: &Component) {
        let path = self.path(engine, wasm);
        let outcome = component
            .serialize()
            .map_err(|error| format!("{error:#}"))
            .and_then(|code| write_whole(&path, &code).map_err(|error| error.to_string()));
        match outcome {
            Ok(()) => self.prune(),
            Err(error) => {
                tracing::warn!(file = %path.display(), error, "compiled plugin code cannot be kept")
            }
        }
    }

    fn path(&self, engine: &Engine, wasm: &[u8]) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{}-{:016x}.cwasm", hex(&Sha256::digest(wasm)), hasher.finish()))
    }

    fn prune(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        files.sort();
        let surplus = files.len().saturating_sub(ENTRIES);
        for (_, path) in files.iter().take(surplus) {
            remove(path);
        }
    }
}

/// Lowercase hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[expect(
    unsafe_code,
    reason = "wasmtime marks loading compiled code as unsafe; the module's head says why this is sound"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Component> {
    // SAFETY: the code was written by `store` of the same user into a folder of mode 0700 and matches its digest.
    unsafe { Component::deserialize(engine, code) }.ok()
}

fn write_whole(path: &Path, code: &[u8]) -> std::io::Result<()> {
    static UNIQUE: AtomicU64 = AtomicU64::new(0);
    let unique = UNIQUE.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{unique}.tmp", std::process::id()));
    let mut file = fs::File::create(&temporary)?;
    file.write_all(&Sha256::digest(code))?;
    file.write_all(code)?;
    drop(file);
    fs::rename(&temporary, path)
}

fn remove(path: &Path) {
    // Whoever removed it first did what was wanted.
    let _ = fs::remove_file(path);
}

#[cfg(unix)]
fn create_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::EMPTY_COMPONENT;

    #[test]
    fn keeps_code_and_throws_away_what_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = CodeCache::open(&folder.path().join("code")).expect("a cache");
        let engine = Engine::default();
        assert!(cache.load(&engine, EMPTY_COMPONENT).is_none());
        let component = Component::from_binary(&engine, EMPTY_COMPONENT).expect("a component");
        cache.store(&engine, EMPTY_COMPONENT, &component);
        assert!(cache.load(&engine, EMPTY_COMPONENT).is_some());

        let path = cache.path(&engine, EMPTY_COMPONENT);
        let mut bytes = fs::read(&path).expect("the file");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, &bytes).expect("written");
        assert!(cache.load(&engine, EMPTY_COMPONENT).is_none());
        assert!(!path.exists(), "damaged code is removed");
        fs::write(&path, b"short").expect("written");
        assert!(cache.load(&engine, EMPTY_COMPONENT).is_none());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("code");
        CodeCache::open(&path).expect("a cache");
        let mode = fs::metadata(&path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
