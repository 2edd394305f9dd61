//! Compiles a plugin project, checks the code, and puts it where its manifest says.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::ExitStatus;

use fleuron_plugin_host::{LoadError, check_code, embed_world};
use uuid::Uuid;

use super::language::{Language, MissingTool};
use crate::auth::keys::create_private_folder;

/// Why a plugin was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder holds a project in none of the languages.
    #[error(
        "{} holds no plugin project: there is none of {}. `fleuron plugin new NAME` writes one",
        .0.display(),
        markers()
    )]
    NoProject(PathBuf),
    /// The folder lacks a file that every plugin project has.
    #[error("{} is missing: `fleuron plugin new NAME` writes a project that has one", .0.display())]
    Missing(PathBuf),
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The manifest does not say where the module goes.
    #[error("{}: {reason}", .path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// Tools are not installed.
    #[error("a plugin in {language} cannot be built here, for what is not installed:{}", list(.missing))]
    Tools {
        /// The project's language.
        language: Language,
        /// Everything that is missing.
        missing: Vec<MissingTool>,
    },
    /// A program that was there cannot be run.
    #[error("cannot run {program}: {source}")]
    Run {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The compiler found faults; it has shown them.
    #[error("{what} failed ({status}); what is wrong stands above")]
    Compile {
        /// The command, such as `cargo build`.
        what: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// The project makes something other than a module.
    #[error("{} builds no WebAssembly module: {remedy}", .project.display())]
    NoModule {
        /// The file that says what is built.
        project: PathBuf,
        /// What would be right.
        remedy: &'static str,
    },
    /// It is not clear which module is the plugin.
    #[error("the project builds several WebAssembly modules ({0}): a plugin has one, so split the project")]
    SeveralModules(String),
    /// The code was compiled, and no server would load it.
    #[error("what was compiled is no plugin: {0}")]
    Refused(LoadError),
}

impl BuildError {
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::File { doing: "read", path: path.to_owned(), source }
    }

    pub(super) fn unwritable(path: &Path, source: io::Error) -> Self {
        Self::File { doing: "write", path: path.to_owned(), source }
    }

    pub(super) fn cannot_run(program: impl AsRef<OsStr>, source: io::Error) -> Self {
        Self::Run { program: program.as_ref().to_string_lossy().into_owned(), source }
    }
}

fn markers() -> String {
    let markers: Vec<_> =
        Language::ALL.iter().map(|language| format!("{} ({language})", language.kit().marker)).collect();
    markers.join(", ")
}

fn list(missing: &[MissingTool]) -> String {
    missing.iter().map(|tool| format!("\n  {tool}")).collect()
}

/// Compiles the plugin project in `dir`, checks that a server would load the code, and puts it at the manifest's
/// `entry`, which it answers. Messages of the compiler go to the terminal.
///
/// The code replaces what was there in one step: a server that watches the folder never sees half of it.
pub fn build(dir: &Path) -> Result<PathBuf, BuildError> {
    let language = Language::of_project(dir).ok_or_else(|| BuildError::NoProject(dir.to_owned()))?;
    let entry = dir.join(entry(&dir.join("manifest.toml"))?);
    let missing = language.missing_tools(dir);
    if !missing.is_empty() {
        return Err(BuildError::Tools { language, missing });
    }
    let scratch = Scratch::new()?;
    let module = (language.kit().build)(dir, &scratch.folder)?;
    let code = fs::read(&module).map_err(|source| BuildError::unreadable(&module, source))?;
    let code = embed_world(&code).map_err(BuildError::Refused)?;
    check_code(&code).map_err(BuildError::Refused)?;
    install(&code, &entry)?;
    Ok(entry)
}

/// A private folder that is gone when this is dropped.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn new() -> Result<Self, BuildError> {
        let folder = std::env::temp_dir().join(format!("fleuron-build-{}", Uuid::now_v7()));
        let folder =
            std::path::absolute(&folder).map_err(|source| BuildError::unwritable(&folder, source))?;
        create_private_folder(&folder).map_err(|source| BuildError::unwritable(&folder, source))?;
        Ok(Self { folder })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), %error, "cannot remove a temporary folder");
        }
    }
}

/// The manifest's `entry`, a path within the plugin's folder.
fn entry(manifest: &Path) -> Result<PathBuf, BuildError> {
    let text = match fs::read_to_string(manifest) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BuildError::Missing(manifest.to_owned()));
        }
        Err(source) => return Err(BuildError::File { doing: "read", path: manifest.to_owned(), source }),
    };
    let faulty = |reason: String| BuildError::Manifest { path: manifest.to_owned(), reason };
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| faulty(error.to_string()))?;
    let plugin = table.get("plugin").ok_or_else(|| faulty("there is no table `[plugin]`".to_owned()))?;
    let entry = match plugin.get("entry") {
        None => "plugin.wasm",
        Some(value) => value.as_str().ok_or_else(|| faulty("plugin.entry is not a string".to_owned()))?,
    };
    let path = Path::new(entry);
    let within = !entry.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    if !within {
        let reason =
            format!("plugin.entry is \"{entry}\"; it must be a path within the folder, like \"plugin.wasm\"");
        return Err(faulty(reason));
    }
    Ok(path.to_owned())
}

/// Writes the code beside its destination and renames it.
fn install(code: &[u8], entry: &Path) -> Result<(), BuildError> {
    let partial = entry.with_extension(format!("{}.partial", std::process::id()));
    if let Some(folder) = entry.parent() {
        fs::create_dir_all(folder).map_err(|source| BuildError::unwritable(entry, source))?;
    }
    fs::write(&partial, code).and_then(|()| fs::rename(&partial, entry)).map_err(|source| {
        // What remains of the copy is in nobody's way; the fault that stopped it is the one to tell.
        let _ = fs::remove_file(&partial);
        BuildError::unwritable(entry, source)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{BuildError, Language, MissingTool, Scratch, build, entry, install};

    fn manifest(text: &str) -> Result<PathBuf, BuildError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("manifest.toml");
        fs::write(&path, text).unwrap();
        entry(&path)
    }

    #[test]
    fn the_entry_comes_from_the_manifest() {
        assert_eq!(manifest("[plugin]\n").unwrap(), Path::new("plugin.wasm"));
        assert_eq!(manifest("[plugin]\nentry = \"out/x.wasm\"").unwrap(), Path::new("out/x.wasm"));
        for (text, reason) in [
            ("[plugin", "TOML"),
            ("x = 1", "[plugin]"),
            ("[plugin]\nentry = 1", "string"),
            ("[plugin]\nentry = \"\"", "within"),
            ("[plugin]\nentry = \"/etc/x.wasm\"", "within"),
            ("[plugin]\nentry = \"../x.wasm\"", "within"),
        ] {
            let error = manifest(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_that_is_no_project_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = build(folder.path()).unwrap_err().to_string();
        assert!(error.contains("Cargo.toml (Rust)") && error.contains("fleuron plugin new"), "{error}");
        fs::write(folder.path().join("Cargo.toml"), "[package]").unwrap();
        let error = build(folder.path()).unwrap_err().to_string();
        assert!(error.contains("manifest.toml"), "{error}");
    }

    #[test]
    fn every_missing_tool_is_named() {
        let tool = |what: &str, how_to_get| MissingTool { what: what.to_owned(), how_to_get };
        let missing = vec![tool("clang", "apt install clang"), tool("wasm-ld", "apt install lld")];
        let error = BuildError::Tools { language: Language::C, missing }.to_string();
        assert!(
            error.contains("in C ") && error.contains("\n  clang: apt install clang\n  wasm-ld:"),
            "{error}"
        );
    }

    #[test]
    fn code_is_replaced_and_nothing_else_remains() {
        let folder = tempfile::tempdir().unwrap();
        let entry = folder.path().join("out/plugin.wasm");
        install(b"first", &entry).unwrap();
        install(b"second", &entry).unwrap();
        assert_eq!(fs::read_to_string(&entry).unwrap(), "second");
        assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
        assert!(install(b"third", &entry.join("below-a-file")).is_err());
        assert_eq!(fs::read_to_string(&entry).unwrap(), "second");
    }

    #[test]
    fn the_scratch_folder_goes_with_all_that_is_in_it() {
        let scratch = Scratch::new().unwrap();
        let folder = scratch.folder.clone();
        fs::write(folder.join("object.o"), "x").unwrap();
        drop(scratch);
        assert!(!folder.exists());
    }
}
