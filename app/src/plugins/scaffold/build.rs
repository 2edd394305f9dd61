//! Compiles a plugin project and puts the module where its manifest says.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

const TARGET: &str = "wasm32-unknown-unknown";

/// Why a plugin was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
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
    /// A program of the Rust toolchain is not there.
    #[error(
        "cannot run {program}: {source}. Plugins are compiled with Rust: install it from https://rustup.rs"
    )]
    Toolchain {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The toolchain cannot compile to WebAssembly yet.
    #[error("the Rust target {TARGET} is not installed: run `rustup target add {TARGET}`")]
    Target,
    /// The compiler found faults; it has shown them.
    #[error("cargo build failed ({0}); what is wrong stands above")]
    Compile(ExitStatus),
    /// The project is a library for other Rust code, not a module.
    #[error("{} builds no WebAssembly module: add `[lib]` with `crate-type = [\"cdylib\"]`", .0.display())]
    NoModule(PathBuf),
    /// It is not clear which module is the plugin.
    #[error("the project builds several WebAssembly modules ({0}): a plugin has one, so split the project")]
    SeveralModules(String),
}

/// Compiles the plugin project in `dir` in release mode and copies the module to the manifest's `entry`, which it
/// answers. The compiler's progress and messages go to the terminal, and the module's size is printed at the end.
///
/// The copy replaces an earlier module in one step: a server that watches the folder never sees half of one.
pub fn build(dir: &Path) -> Result<PathBuf, BuildError> {
    let project = dir.join("Cargo.toml");
    if !project.is_file() {
        return Err(BuildError::Missing(project));
    }
    let entry = dir.join(entry(&dir.join("manifest.toml"))?);
    check_target(dir)?;
    let module = the_one(compile(dir)?, &project)?;
    let size = install(&module, &entry)?;
    println!("{} ({:.1} KiB)", entry.display(), size as f64 / 1024.0);
    Ok(entry)
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

/// Asks the compiler that the project will use whether it has the target, since its own message takes a page.
fn check_target(dir: &Path) -> Result<(), BuildError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(dir)
        .output()
        .map_err(|source| BuildError::Toolchain { program: rustc.to_string_lossy().into_owned(), source })?;
    let folder = String::from_utf8_lossy(&output.stdout);
    if Path::new(folder.trim()).is_dir() { Ok(()) } else { Err(BuildError::Target) }
}

/// Runs cargo, and answers the modules that the project itself built.
fn compile(dir: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let cargo: OsString = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--release", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .current_dir(dir)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| BuildError::Toolchain { program: cargo.to_string_lossy().into_owned(), source })?;
    if !output.status.success() {
        return Err(BuildError::Compile(output.status));
    }
    let project = dir.join("Cargo.toml");
    let project = fs::canonicalize(&project).map_err(|source| BuildError::File {
        doing: "read",
        path: project,
        source,
    })?;
    Ok(modules(&String::from_utf8_lossy(&output.stdout), &project))
}

/// The `.wasm` files in cargo's messages, one message to a line, that belong to the package of this `Cargo.toml`.
fn modules(messages: &str, project: &Path) -> Vec<PathBuf> {
    let mut modules = Vec::new();
    for message in messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let ours = message["reason"] == "compiler-artifact"
            && message["manifest_path"].as_str().is_some_and(|path| is_same(Path::new(path), project));
        let kinds = message["target"]["crate_types"].as_array();
        if ours && kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib")) {
            let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
            modules.extend(
                files.map(PathBuf::from).filter(|file| file.extension().is_some_and(|end| end == "wasm")),
            );
        }
    }
    modules
}

fn is_same(path: &Path, canonical: &Path) -> bool {
    path == canonical || fs::canonicalize(path).is_ok_and(|path| path == canonical)
}

fn the_one(modules: Vec<PathBuf>, project: &Path) -> Result<PathBuf, BuildError> {
    match <[PathBuf; 1]>::try_from(modules) {
        Ok([module]) => Ok(module),
        Err(none) if none.is_empty() => Err(BuildError::NoModule(project.to_owned())),
        Err(several) => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()).collect();
            let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
            Err(BuildError::SeveralModules(names.join(", ")))
        }
    }
}

/// Copies the module beside its destination and renames it, and answers its size in bytes.
fn install(module: &Path, entry: &Path) -> Result<u64, BuildError> {
    let unwritable = |source| BuildError::File { doing: "write", path: entry.to_owned(), source };
    let partial = entry.with_extension(format!("{}.partial", std::process::id()));
    if let Some(folder) = entry.parent() {
        fs::create_dir_all(folder).map_err(unwritable)?;
    }
    let copied = fs::read(module).and_then(|bytes| {
        fs::write(&partial, &bytes)?;
        fs::rename(&partial, entry)?;
        Ok(bytes.len() as u64)
    });
    copied.map_err(|source| {
        // What remains of the copy is in nobody's way; the fault that stopped it is the one to tell.
        let _ = fs::remove_file(&partial);
        unwritable(source)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{BuildError, build, entry, install, modules, the_one};

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
        assert!(error.contains("Cargo.toml") && error.contains("fleuron plugin new"), "{error}");
        fs::write(folder.path().join("Cargo.toml"), "[package]").unwrap();
        let error = build(folder.path()).unwrap_err().to_string();
        assert!(error.contains("manifest.toml"), "{error}");
    }

    #[test]
    fn only_the_project_s_own_modules_count() {
        let messages = r#"
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"crate_types":["cdylib"]},"filenames":["/t/p.wasm","/t/p.d"]}
{"reason":"compiler-artifact","manifest_path":"/p/sdk/Cargo.toml","target":{"crate_types":["cdylib"]},"filenames":["/t/sdk.wasm"]}
{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","target":{"crate_types":["bin"]},"filenames":["/t/tool.wasm"]}
not json
{"reason":"build-finished","success":true}"#;
        assert_eq!(modules(messages, Path::new("/p/Cargo.toml")), [PathBuf::from("/t/p.wasm")]);
    }

    #[test]
    fn a_plugin_has_exactly_one_module() {
        let project = Path::new("p/Cargo.toml");
        assert_eq!(the_one(vec!["a.wasm".into()], project).unwrap(), Path::new("a.wasm"));
        assert!(the_one(Vec::new(), project).unwrap_err().to_string().contains("cdylib"));
        let several = the_one(vec!["t/a.wasm".into(), "t/b.wasm".into()], project).unwrap_err();
        assert!(several.to_string().contains("a.wasm, b.wasm"));
    }

    #[test]
    fn a_module_is_replaced_and_nothing_else_remains() {
        let folder = tempfile::tempdir().unwrap();
        let (module, entry) = (folder.path().join("built.wasm"), folder.path().join("out/plugin.wasm"));
        fs::write(&module, "first").unwrap();
        assert_eq!(install(&module, &entry).unwrap(), 5);
        fs::write(&module, "second").unwrap();
        assert_eq!(install(&module, &entry).unwrap(), 6);
        assert_eq!(fs::read_to_string(&entry).unwrap(), "second");
        assert_eq!(fs::read_dir(folder.path().join("out")).unwrap().count(), 1);
        assert!(install(Path::new("/nonexistent/x.wasm"), &entry).is_err());
        assert_eq!(fs::read_to_string(&entry).unwrap(), "second");
    }
}
