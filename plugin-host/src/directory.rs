//! Plugins in a directory, one folder each: `manifest.toml` (or the manifest inside the code), the code, and the folder
//! `migrations` where the plugin has tables.
//!
//! Who can write there is trusted. What is there is loaded as its manifest asks, and followed as it changes; whatever
//! cannot be loaded is reported once and leaves the running version alone.

mod folder;
pub(crate) mod migrations;
mod stamp;
mod standing;
mod watcher;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::binary;
use crate::host::PluginHost;
use crate::manifest::{MANIFEST_FILE, Manifest};
use crate::package::{Origin, Package};
use crate::plugin_id::PluginId;
use migrations::FileFault;
pub use watcher::WatchHandle;

/// The code's file where no manifest says otherwise.
pub(crate) const DEFAULT_ENTRY: &str = "plugin.wasm";
/// The largest code file, in bytes.
const MAX_CODE: u64 = 256 << 20;

/// A directory of plugins.
#[derive(Clone, Copy, Debug)]
pub struct DirectorySource;

/// One folder that holds, or should hold, a plugin.
#[derive(Clone, Debug)]
pub struct Found {
    /// The folder.
    pub folder: PathBuf,
    /// What is in it.
    pub finding: Finding,
}

/// What a folder is to the plugin whose id it names.
#[derive(Clone, Debug)]
pub enum Finding {
    /// The plugin runs from here.
    Plugin(Package),
    /// The policy keeps it out, and with it whatever package the server brings under this id.
    SwitchedOff(Manifest),
    /// The manifest of a package that the server brings, without code of its own: the server's runs.
    Unbuilt(Manifest),
    /// Everything that is wrong with the folder.
    Faulty(Vec<String>),
}

impl DirectorySource {
    /// Reads all plugin folders, sorted by name, and says of each what [`DirectorySource::watch`] would make of it at
    /// its start; the code is read, not compiled. Folders without a manifest and code are left out, as are files; where
    /// two folders claim one id, the first has it and the second is faulty. `standing` are the ids of the packages that
    /// the server brings.
    pub fn scan(directory: &Path, standing: &[PluginId], policy: impl Fn(&Manifest) -> bool) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for folder in folders(directory).unwrap_or_default() {
            let finding = match Candidate::read(&folder) {
                None => continue,
                Some(Err(problems)) => Finding::Faulty(problems),
                Some(Ok(candidate)) => match candidate.role(&policy, |id| standing.contains(id)) {
                    Role::SwitchedOff => Finding::SwitchedOff(candidate.manifest),
                    Role::Unbuilt => Finding::Unbuilt(candidate.manifest),
                    Role::Plugin => claim(candidate, &found),
                },
            };
            found.push(Found { folder, finding });
        }
        found
    }

    /// Reads one plugin's folder, whatever a policy may say about it; the code is read, not compiled. None where there is
    /// neither a manifest nor code.
    ///
    /// # Errors
    /// Everything that is wrong with the folder.
    pub fn read(folder: &Path) -> Option<Result<Package, Vec<String>>> {
        Candidate::read(folder).map(|candidate| candidate.and_then(Candidate::into_package))
    }

    /// Loads what is in the directory and follows its changes until the handle is dropped. Plugins load, change and go
    /// within two seconds. `policy` decides about every good manifest, before the code is looked at; what the manifest
    /// itself wants is in [`Manifest::enabled`]. False keeps the plugin out.
    ///
    /// The packages in `standing` run while no folder has their id: a folder with code takes a package's place, one that
    /// the policy keeps out keeps the package out too, one with a manifest alone leaves it running.
    ///
    /// The directory need not exist yet. The first look happens at once; [`WatchHandle::rescan`] waits for it.
    ///
    /// # Errors
    /// Where the thread that watches cannot be started.
    pub fn watch(
        directory: impl Into<PathBuf>,
        host: PluginHost,
        standing: Vec<Package>,
        policy: impl Fn(&Manifest) -> bool + Send + Sync + 'static,
    ) -> std::io::Result<WatchHandle> {
        watcher::start(directory.into(), host, standing, Box::new(policy))
    }
}

/// What a good manifest makes of its folder.
enum Role {
    Plugin,
    SwitchedOff,
    Unbuilt,
}

/// The plugin of a folder, unless an earlier folder has its id.
fn claim(candidate: Candidate, found: &[Found]) -> Finding {
    let owner = found.iter().find(|other| has_id(other, candidate.manifest.id()));
    if let Some(owner) = owner {
        return Finding::Faulty(vec![taken(&candidate.folder, candidate.manifest.id(), &owner.folder)]);
    }
    candidate.into_package().map_or_else(Finding::Faulty, Finding::Plugin)
}

fn taken(path: &Path, id: &PluginId, other: &Path) -> String {
    format!("{}: the id {id} belongs to the plugin in {} already", path.display(), other.display())
}

fn has_id(found: &Found, id: &PluginId) -> bool {
    matches!(&found.finding, Finding::Plugin(package) if package.manifest.id() == id)
}

/// The folders directly inside `directory`, sorted; hidden ones left out. A directory that is not there has none.
fn folders(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    Ok(folders)
}

/// A folder with a good manifest, before its code is looked at.
struct Candidate {
    folder: PathBuf,
    manifest: Manifest,
    /// The code, where it had to be read for the manifest inside it.
    wasm: Option<Vec<u8>>,
}

impl Candidate {
    /// Reads one folder's manifest; none where the folder holds no plugin at all.
    fn read(folder: &Path) -> Option<Result<Candidate, Vec<String>>> {
        let file = folder.join(MANIFEST_FILE);
        match fs::read_to_string(&file) {
            Ok(text) => Some(Candidate::parse(folder, &text, &file, None)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Candidate::read_embedded(folder),
            Err(error) => Some(Err(vec![format!("{}: cannot be read: {error}", file.display())])),
        }
    }

    fn read_embedded(folder: &Path) -> Option<Result<Candidate, Vec<String>>> {
        let file = folder.join(DEFAULT_ENTRY);
        if !file.exists() {
            return None;
        }
        let wasm = match read_code(&file) {
            Ok(wasm) => wasm,
            Err(fault) => return Some(Err(vec![fault.to_string()])),
        };
        match binary::embedded_manifest(&wasm) {
            Some(text) => Some(Candidate::parse(folder, &text, &file, Some(wasm))),
            None => {
                let (folder, file) = (folder.display(), file.display());
                Some(Err(vec![format!(
                    "{folder}: there is no {MANIFEST_FILE}, and no custom section `manifest` in {file}"
                )]))
            }
        }
    }

    fn parse(
        folder: &Path,
        text: &str,
        file: &Path,
        wasm: Option<Vec<u8>>,
    ) -> Result<Candidate, Vec<String>> {
        match Manifest::parse(text, file) {
            Ok(manifest) => Ok(Candidate { folder: folder.to_owned(), manifest, wasm }),
            Err(errors) => Err(errors.0.iter().map(ToString::to_string).collect()),
        }
    }

    fn role(&self, policy: impl Fn(&Manifest) -> bool, is_standing: impl Fn(&PluginId) -> bool) -> Role {
        if !policy(&self.manifest) {
            return Role::SwitchedOff;
        }
        let has_code = self.wasm.is_some() || self.folder.join(&self.manifest.plugin.entry).exists();
        if !has_code && is_standing(self.manifest.id()) { Role::Unbuilt } else { Role::Plugin }
    }

    /// Reads the code and the migrations.
    fn into_package(self) -> Result<Package, Vec<String>> {
        let Candidate { folder, manifest, wasm } = self;
        let code = match wasm {
            Some(wasm) => Ok(wasm),
            None => read_code(&folder.join(&manifest.plugin.entry)),
        };
        match (code, migrations::read(&folder)) {
            (Ok(wasm), Ok(migrations)) => {
                Ok(Package { manifest, wasm, migrations, origin: Origin::Directory(folder) })
            }
            (code, migrations) => {
                let faults = code.err().into_iter().chain(migrations.err().into_iter().flatten());
                Err(faults.map(|fault| fault.to_string()).collect())
            }
        }
    }
}

/// The code's bytes, or what is wrong with the file.
pub(crate) fn read_code(file: &Path) -> Result<Vec<u8>, FileFault> {
    read_at_most(file, MAX_CODE).map_err(|message| FileFault::new(file, message))
}

/// The bytes of a file that is not larger, or what is wrong with it. Links are followed: a build may put a link to its
/// output in place.
pub(crate) fn read_at_most(file: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = fs::metadata(file).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    if metadata.len() > limit {
        return Err(format!("is {} bytes large; at most {limit} are allowed", metadata.len()));
    }
    fs::read(file).map_err(unreadable)
}

/// How long a folder must have been the same before it is acted on, so that half-written files are left alone.
const SETTLE: Duration = Duration::from_millis(200);
/// How often the directory is looked at where the file system reports nothing.
const POLL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scan_sorts_good_from_faulty() {
        let directory = tempfile::tempdir().expect("a directory");
        let folder = |name: &str, manifest: Option<&str>, code: Option<&[u8]>| {
            let folder = directory.path().join(name);
            fs::create_dir(&folder).expect("a folder");
            if let Some(manifest) = manifest {
                fs::write(folder.join(MANIFEST_FILE), manifest).expect("a manifest");
            }
            if let Some(code) = code {
                fs::write(folder.join(DEFAULT_ENTRY), code).expect("code");
            }
        };
        let manifest = "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n";
        folder("a", Some(manifest), Some(b"\0asm"));
        folder("b-same-id", Some(manifest), Some(b"\0asm"));
        folder("c-no-code", Some(manifest), None);
        folder("d-faulty", Some("[plugin]\n"), Some(b"\0asm"));
        folder("e-no-manifest", None, Some(b"\0asm\x01\0\0\0"));
        folder("f-empty", None, None);
        folder("g-migrations", Some(&manifest.replace("example.a", "example.g")), Some(b"\0asm"));
        fs::create_dir(directory.path().join("g-migrations/migrations")).expect("a folder");
        fs::write(directory.path().join("g-migrations/migrations/1.sql"), "CREATE TABLE a (b)")
            .expect("written");
        folder("h-bad-migrations", Some(&manifest.replace("example.a", "example.h")), None);
        fs::create_dir(directory.path().join("h-bad-migrations/migrations")).expect("a folder");
        fs::write(directory.path().join("h-bad-migrations/migrations/1.txt"), "").expect("written");
        folder(".hidden", Some(manifest), None);
        fs::write(directory.path().join("a-file"), "").expect("a file");

        let found = DirectorySource::scan(directory.path(), &[], |manifest| manifest.enabled);
        let outcomes: Vec<(String, bool)> =
            found.iter().map(|found| (name_of(found), matches!(found.finding, Finding::Plugin(_)))).collect();
        let expected = [
            ("a", true),
            ("b-same-id", false),
            ("c-no-code", false),
            ("d-faulty", false),
            ("e-no-manifest", false),
            ("g-migrations", true),
            ("h-bad-migrations", false),
        ];
        assert_eq!(outcomes, expected.map(|(name, good)| (name.to_owned(), good)));
        let Finding::Plugin(package) = &found[5].finding else { panic!("{:?}", found[5]) };
        assert_eq!(package.migrations.len(), 1);
        let Finding::Faulty(problems) = &found[6].finding else { panic!("{:?}", found[6]) };
        assert_eq!(problems.len(), 2, "the code and the migration: {problems:?}");
        assert!(DirectorySource::scan(Path::new("/nowhere/at/all"), &[], |_| true).is_empty());
    }

    fn name_of(found: &Found) -> String {
        found.folder.file_name().expect("a name").to_string_lossy().into_owned()
    }

    #[test]
    fn scan_knows_what_the_server_brings() {
        let directory = tempfile::tempdir().expect("a directory");
        let lay = |name: &str, lines: &str, code: bool| {
            let folder = directory.path().join(name);
            fs::create_dir(&folder).expect("a folder");
            let manifest =
                format!("[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n{lines}");
            fs::write(folder.join(MANIFEST_FILE), manifest).expect("a manifest");
            if code {
                fs::write(folder.join(DEFAULT_ENTRY), b"\0asm").expect("code");
            }
        };
        lay("a-off", "enabled = false\n", true);
        lay("b-unbuilt", "", false);
        lay("c-built", "", true);
        let standing = ["com.example.a".parse().expect("an id")];
        let found = DirectorySource::scan(directory.path(), &standing, |manifest| manifest.enabled);
        assert!(matches!(found[0].finding, Finding::SwitchedOff(_)), "{found:?}");
        assert!(matches!(found[1].finding, Finding::Unbuilt(_)), "{found:?}");
        assert!(matches!(found[2].finding, Finding::Plugin(_)), "what is off claims nothing: {found:?}");
    }
}
