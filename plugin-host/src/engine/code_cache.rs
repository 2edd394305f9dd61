//! Compiled code on disk, keyed by the plugin's bytes and by everything of the engine that the code depends on.
//!
//! Loading compiled code is the one unsafe act of this crate: wasmtime trusts it like its own. So the folder belongs to
//! this process's user alone (mode 0700), and no plugin can name a file in it. Against accidents, such as a file that a
//! power cut left half written, every file ends in a checksum and its length; whatever does not match is thrown away and
//! compiled anew. A cryptographic digest would guard no better: who can write here can write that, too.
//!
//! Code is mapped, not read: dozens of megabytes of it are on the plugin's account only where they are run. Files are
//! therefore never written in place, only moved in and unlinked.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::HostError;

/// Entries kept; those not used for longest go first.
const ENTRIES: usize = 256;
/// Bytes kept. Python compiles to some eighty megabytes, most plugins to less than one.
const BYTES: u64 = 1 << 30;
/// How files end: a CRC-32 of the code, then its length, both little-endian.
const TRAILER: usize = 4 + 8;
/// Bytes that are read at once.
const CHUNK: usize = 256 << 10;
/// What unfinished files are called.
const UNFINISHED: &str = "tmp";
/// From which age on an unfinished file is nobody's any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The cache's folder.
#[derive(Clone, Debug)]
pub(crate) struct CodeCache {
    folder: PathBuf,
    /// Removes the folder in the end, where nothing is to stay.
    _temporary: Option<Arc<TempDir>>,
}

/// Where the compiled form of some code belongs.
#[derive(Clone, Debug)]
pub(crate) struct Slot(PathBuf);

/// A file that is being written. It is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Unfinished(PathBuf);

impl CodeCache {
    /// Opens the folder, creating it for this user alone.
    pub(crate) fn open(folder: &Path) -> Result<CodeCache, HostError> {
        create_private(folder).map_err(|error| unusable(folder, &error))?;
        Ok(CodeCache { folder: folder.to_owned(), _temporary: None })
    }

    /// A folder that is removed with the last clone.
    pub(crate) fn temporary() -> Result<CodeCache, HostError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("plugin-code-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let folder = builder.tempdir().map_err(|error| unusable(&std::env::temp_dir(), &error))?;
        Ok(CodeCache { folder: folder.path().to_owned(), _temporary: Some(Arc::new(folder)) })
    }

    /// The place for the compiled form of `wasm`.
    pub(crate) fn slot(&self, engine: &Engine, wasm: &[u8]) -> Slot {
        let name = format!("{}-{:016x}.cwasm", hex(&Sha256::digest(wasm)), fingerprint(engine));
        Slot(self.folder.join(name))
    }

    /// What is there, if it is whole.
    pub(crate) fn load(&self, engine: &Engine, slot: &Slot) -> Option<Component> {
        let mut file = File::open(&slot.0).ok()?;
        let whole = is_whole(&mut file).unwrap_or(false);
        let component = if whole { deserialize(engine, &slot.0) } else { None };
        if component.is_some() {
            // Only the order in which entries go depends on it.
            let _ = file.set_modified(SystemTime::now());
        } else {
            tracing::warn!(file = %slot.0.display(), "compiled plugin code is damaged; compiling anew");
            remove(&slot.0);
        }
        component
    }

    /// Keeps compiled code. A failure costs the next start a compilation, no more.
    pub(crate) fn store(&self, slot: &Slot, component: &Component) {
        let unfinished = self.unfinished(slot);
        let outcome = component
            .serialize()
            .map_err(|error| format!("{error:#}"))
            .and_then(|code| write_code(unfinished.path(), &code).map_err(|error| error.to_string()))
            .and_then(|()| self.keep(unfinished, slot).map_err(|error| error.to_string()));
        if let Err(error) = outcome {
            tracing::warn!(file = %slot.0.display(), error, "compiled plugin code cannot be kept");
        }
    }

    /// A name in the folder, for somebody to write what belongs into the slot.
    pub(crate) fn unfinished(&self, slot: &Slot) -> Unfinished {
        static UNIQUE: AtomicU64 = AtomicU64::new(0);
        let unique = UNIQUE.fetch_add(1, Ordering::Relaxed);
        Unfinished(slot.0.with_extension(format!("{}-{unique}.{UNFINISHED}", std::process::id())))
    }

    /// Puts what was written into its slot.
    pub(crate) fn keep(&self, written: Unfinished, slot: &Slot) -> io::Result<()> {
        fs::rename(&written.0, &slot.0)?;
        self.prune(slot, ENTRIES, BYTES);
        Ok(())
    }

    /// Removes what was not used for longest until the rest is within bounds. What was stored last stays, however large.
    fn prune(&self, newest: &Slot, most: usize, most_bytes: u64) {
        let Ok(entries) = fs::read_dir(&self.folder) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| {
                let metadata = entry.metadata().ok()?;
                Some((metadata.modified().ok()?, metadata.len(), entry.path()))
            })
            .filter(|(_, _, path)| *path != newest.0)
            .collect();
        files.sort();
        let (mut kept, mut bytes) = (1, fs::metadata(&newest.0).map_or(0, |metadata| metadata.len()));
        for (modified, length, path) in files.iter().rev() {
            if path.extension().is_some_and(|extension| extension == UNFINISHED) {
                if modified.elapsed().is_ok_and(|age| age > ABANDONED) {
                    remove(path);
                }
                continue;
            }
            kept += 1;
            bytes += length;
            if kept > most || bytes > most_bytes {
                remove(path);
            }
        }
    }
}

impl Unfinished {
    /// Where to write.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it was kept, there is nothing under this name any more.
        remove(&self.0);
    }
}

fn unusable(folder: &Path, error: &io::Error) -> HostError {
    HostError::CodeCache { folder: folder.display().to_string(), reason: error.to_string() }
}

/// Stands for everything of an engine that compiled code depends on.
pub(crate) fn fingerprint(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// Writes a new file as the cache reads it.
pub(crate) fn write_code(path: &Path, code: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(code)?;
    file.write_all(&crc32fast::hash(code).to_le_bytes())?;
    file.write_all(&(code.len() as u64).to_le_bytes())
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

/// Whether a file ends in the checksum and the length of what comes before.
fn is_whole(file: &mut File) -> io::Result<bool> {
    let Some(length) = file.metadata()?.len().checked_sub(TRAILER as u64) else { return Ok(false) };
    file.seek(SeekFrom::Start(length))?;
    let (mut checksum, mut written) = ([0; 4], [0; 8]);
    file.read_exact(&mut checksum)?;
    file.read_exact(&mut written)?;
    if u64::from_le_bytes(written) != length {
        return Ok(false);
    }
    file.rewind()?;
    let mut code = file.take(length);
    let (mut hasher, mut chunk) = (crc32fast::Hasher::new(), vec![0; CHUNK]);
    loop {
        let read = code.read(&mut chunk)?;
        if read == 0 {
            return Ok(code.limit() == 0 && hasher.finalize() == u32::from_le_bytes(checksum));
        }
        hasher.update(chunk.get(..read).unwrap_or_default());
    }
}

#[expect(
    unsafe_code,
    reason = "wasmtime marks loading compiled code as unsafe; the module's head says why this is sound"
)]
fn deserialize(engine: &Engine, path: &Path) -> Option<Component> {
    // SAFETY: the code was made by wasmtime for the same user, written into a folder of mode 0700, and is whole; files
    // there are never changed, so neither is the mapping.
    unsafe { Component::deserialize_file(engine, path) }.ok()
}

fn remove(path: &Path) {
    // Whoever removed it first did what was wanted.
    let _ = fs::remove_file(path);
}

#[cfg(unix)]
fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn create_private(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::EMPTY_COMPONENT;

    fn cache(folder: &tempfile::TempDir) -> CodeCache {
        CodeCache::open(&folder.path().join("code")).expect("a cache")
    }

    #[test]
    fn keeps_code_and_throws_away_what_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let engine = Engine::default();
        let slot = cache.slot(&engine, EMPTY_COMPONENT);
        assert!(cache.load(&engine, &slot).is_none());
        let component = Component::from_binary(&engine, EMPTY_COMPONENT).expect("a component");
        cache.store(&slot, &component);
        assert!(cache.load(&engine, &slot).is_some());
        assert!(cache.load(&engine, &cache.slot(&engine, b"other")).is_none());

        let good = fs::read(&slot.0).expect("the file");
        let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            fs::remove_file(&slot.0).expect("removed");
            fs::write(&slot.0, &bytes).expect("written");
            let refused = cache.load(&engine, &slot).is_none();
            assert!(!refused || !slot.0.exists(), "damaged code is removed");
            fs::write(&slot.0, &good).expect("written");
            refused
        };
        assert!(!damaged(&|_| ()));
        assert!(damaged(&|bytes| bytes[0] ^= 1));
        assert!(damaged(&|bytes| bytes[good.len() / 2] ^= 0x80));
        assert!(damaged(&|bytes| bytes[good.len() - 1] ^= 1));
        assert!(damaged(&|bytes| bytes.truncate(good.len() - 1)));
        assert!(damaged(&|bytes| bytes.truncate(5)));
        assert!(damaged(&|bytes| bytes.clear()));
        assert!(damaged(&|bytes| bytes.extend(good.iter())));
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let path = |name: &str| folder.path().join("code").join(name);
        for (age, name) in [(50, "old.cwasm"), (40, "middle.cwasm"), (30, "new.cwasm"), (60, "newest.cwasm")]
        {
            let file = File::create(path(name)).expect("a file");
            file.set_len(100).expect("a length");
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).expect("a time");
        }
        let left = |names: &[&str]| names.iter().map(|name| path(name).exists()).collect::<Vec<_>>();
        let all = ["old.cwasm", "middle.cwasm", "new.cwasm", "newest.cwasm"];
        let newest = Slot(path("newest.cwasm"));
        cache.prune(&newest, 4, 400);
        assert_eq!(left(&all), [true, true, true, true]);
        cache.prune(&newest, 3, 400);
        assert_eq!(left(&all), [false, true, true, true]);
        cache.prune(&newest, 3, 299);
        assert_eq!(left(&all), [false, false, true, true]);
        cache.prune(&newest, 3, 10);
        assert_eq!(left(&all), [false, false, false, true], "it is in use");
    }

    #[test]
    fn use_makes_young() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let engine = Engine::default();
        let slot = cache.slot(&engine, EMPTY_COMPONENT);
        cache.store(&slot, &Component::from_binary(&engine, EMPTY_COMPONENT).expect("a component"));
        let hour = Duration::from_secs(3600);
        let file = File::open(&slot.0).expect("the file");
        file.set_modified(SystemTime::now() - hour).expect("a time");
        assert!(cache.load(&engine, &slot).is_some());
        let modified = file.metadata().expect("metadata").modified().expect("a time");
        assert!(modified.elapsed().is_ok_and(|age| age < hour / 2));
    }

    #[test]
    fn unfinished_files_do_not_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = cache(&folder);
        let slot = cache.slot(&Engine::default(), b"any");
        let unfinished = cache.unfinished(&slot);
        write_code(unfinished.path(), b"code").expect("written");
        assert!(write_code(unfinished.path(), b"code").is_err(), "a file is written once");
        let path = unfinished.path().to_owned();
        drop(unfinished);
        assert!(!path.exists());

        let abandoned = cache.unfinished(&slot);
        write_code(abandoned.path(), b"code").expect("written");
        cache.prune(&slot, 0, 0);
        assert!(abandoned.path().exists(), "somebody may be writing it");
        let file = File::open(abandoned.path()).expect("the file");
        file.set_modified(SystemTime::now() - 2 * ABANDONED).expect("a time");
        cache.prune(&slot, 0, 0);
        assert!(!abandoned.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        cache(&folder);
        let temporary = CodeCache::temporary().expect("a cache");
        for path in [&folder.path().join("code"), &temporary.folder] {
            let mode = fs::metadata(path).expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let path = temporary.folder.clone();
        drop(temporary.clone());
        assert!(path.exists());
        drop(temporary);
        assert!(!path.exists());
    }
}
