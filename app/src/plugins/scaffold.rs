//! New plugin projects and their build, for `fleuron plugin new` and `fleuron plugin build`.
//!
//! A new project carries a copy of the guest SDK that this server was built with, so the two always fit and nothing has
//! to be published anywhere; and the lockfile that the bundled plugins were built with, so its dependencies are known
//! to work together.

mod build;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use build::{BuildError, build};

include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The project's own files: where each goes, and its text with placeholders.
const TEMPLATE: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../assets/plugin-template/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../../assets/plugin-template/lib.rs.in")),
    ("manifest.toml", include_str!("../../assets/plugin-template/manifest.toml.in")),
    ("README.md", include_str!("../../assets/plugin-template/README.md.in")),
    (".gitignore", include_str!("../../assets/plugin-template/gitignore.in")),
];

/// A lockfile for the project, once the name of the package that it was made for is replaced.
const LOCKFILE: &str = include_str!("../../../extensions/plugins/reading-time/Cargo.lock");
const LOCKFILE_PACKAGE: &str = "name = \"reading-time\"";

/// The longest project name, in bytes.
const LONGEST_NAME: usize = 64;

/// Why a plugin project was not created.
#[derive(Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot be the name of a package and of a folder.
    #[error("\"{name}\" cannot name a plugin: {reason}; \"my-plugin\" would do")]
    Name {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is something of this name already; it is left alone.
    #[error("{} exists already: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    /// A file could not be written. What had been written is gone again.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes a plugin project into the new folder `parent/name` and answers the files written, each beginning with
/// `parent`.
///
/// The name is lower-case letters, digits and dashes, begins with a letter and has at most 64 bytes. The project builds
/// as it is. On failure nothing is left behind.
pub fn create(parent: &Path, name: &str) -> Result<Vec<PathBuf>, ScaffoldError> {
    check_name(name).map_err(|reason| ScaffoldError::Name { name: name.to_owned(), reason })?;
    let folder = parent.join(name);
    fs::create_dir_all(parent).map_err(|source| ScaffoldError::Write { path: parent.to_owned(), source })?;
    // Creating the folder claims it: of two that try at once, one is told that it exists.
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ScaffoldError::Exists(folder));
        }
        result => result.map_err(|source| ScaffoldError::Write { path: folder.clone(), source })?,
    }
    write_project(&folder, name).inspect_err(|_| {
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "cannot remove a half-written plugin project");
        }
    })
}

fn check_name(name: &str) -> Result<(), &'static str> {
    /// Names that cargo refuses for a package, or that would shadow a crate the project needs.
    const TAKEN: [&str; 8] =
        ["alloc", "build", "core", "deps", "fleuron-plugin", "proc-macro", "std", "test"];
    if name.is_empty() {
        Err("it is empty")
    } else if name.len() > LONGEST_NAME {
        Err("it is longer than 64 bytes")
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        Err("it does not begin with a lower-case letter from a to z")
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        Err("it contains something other than lower-case letters from a to z, digits and dashes")
    } else if name.ends_with('-') || name.contains("--") {
        Err("a dash does not stand between two letters or digits")
    } else if TAKEN.contains(&name) || is_keyword(name) {
        Err("Rust uses this name itself")
    } else {
        Ok(())
    }
}

fn is_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 50] = [
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
        "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self",
        "static", "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
        "virtual", "where", "while",
    ];
    KEYWORDS.contains(&name)
}

fn write_project(folder: &Path, name: &str) -> Result<Vec<PathBuf>, ScaffoldError> {
    let mut written = Vec::new();
    for (path, text) in TEMPLATE {
        written.push(write_file(folder.join(path), &fill(text, name))?);
    }
    written.push(write_file(folder.join("Cargo.lock"), &lockfile(name))?);
    for (path, text) in SDK {
        written.push(write_file(folder.join("sdk").join(path), text)?);
    }
    Ok(written)
}

fn fill(text: &str, name: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{title}}", &title(name))
        .replace("{{id}}", &format!("com.example.{name}"))
}

/// The lockfile under the project's name. Cargo orders packages by name, and `--locked` takes nothing else.
fn lockfile(name: &str) -> String {
    const SEPARATOR: &str = "\n[[package]]\n";
    let text = LOCKFILE.replace(LOCKFILE_PACKAGE, &format!("name = \"{name}\""));
    let mut packages: Vec<&str> = text.trim_end().split(SEPARATOR).map(str::trim_end).collect();
    packages[1..].sort_by_key(|package| package.lines().next().map(|line| line.trim_end_matches('"')));
    let mut sorted = packages.join(&format!("\n{SEPARATOR}"));
    sorted.push('\n');
    sorted
}

/// `my-plugin` becomes `My plugin`.
fn title(name: &str) -> String {
    let mut title = name.replace('-', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

fn write_file(path: PathBuf, text: &str) -> Result<PathBuf, ScaffoldError> {
    let result = match path.parent() {
        Some(parent) => fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)),
        None => fs::write(&path, text),
    };
    match result {
        Ok(()) => Ok(path),
        Err(source) => Err(ScaffoldError::Write { path, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{LOCKFILE, LOCKFILE_PACKAGE, ScaffoldError, create, lockfile};

    #[test]
    fn a_project_is_complete_and_bears_its_name() {
        let parent = tempfile::tempdir().unwrap();
        let written = create(parent.path(), "my-plugin").unwrap();
        let folder = parent.path().join("my-plugin");
        for file in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "manifest.toml", "README.md", ".gitignore"] {
            assert!(written.contains(&folder.join(file)), "{file}");
        }
        for file in
            ["Cargo.toml", "plugin.wit", "wit/host.wit", "README.md", "src/lib.rs", "src/data/query.rs"]
        {
            assert!(written.contains(&folder.join("sdk").join(file)), "sdk/{file}");
        }
        for file in &written {
            let text = fs::read_to_string(file).unwrap();
            assert!(!text.contains("{{name}}") && !text.contains("{{title}}"), "{}", file.display());
        }
        let lockfile = fs::read_to_string(folder.join("Cargo.lock")).unwrap();
        assert!(lockfile.contains("name = \"my-plugin\"") && !lockfile.contains(LOCKFILE_PACKAGE));
        let names: Vec<_> = lockfile.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
        assert!(names.is_sorted_by_key(|name| name.trim_matches('"')), "{names:?}");
    }

    #[test]
    fn the_lockfile_is_changed_by_its_name_only() {
        assert_eq!(LOCKFILE.matches(LOCKFILE_PACKAGE).count(), 1);
        assert_eq!(lockfile("reading-time"), LOCKFILE);
    }

    #[test]
    fn the_manifest_is_faultless() {
        let parent = tempfile::tempdir().unwrap();
        create(parent.path(), "a").unwrap();
        let path = parent.path().join("a/manifest.toml");
        let text = fs::read_to_string(&path).unwrap();
        let manifest = fleuron_plugin_host::Manifest::parse(&text, Path::new("manifest.toml"));
        assert!(manifest.is_ok(), "{:?}", manifest.err());
    }

    #[test]
    fn bad_names_are_refused_with_the_reason() {
        let parent = tempfile::tempdir().unwrap();
        for (name, reason) in [
            ("", "empty"),
            ("My-plugin", "lower-case"),
            ("1st", "begin"),
            ("../up", "begin"),
            ("a/b", "other than"),
            ("a_b", "other than"),
            ("a-", "dash"),
            ("a--b", "dash"),
            ("match", "Rust"),
            ("fleuron-plugin", "Rust"),
            ("a".repeat(65).as_str(), "64"),
        ] {
            let error = create(parent.path(), name).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("my-plugin"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_exists_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("taken"), "precious").unwrap();
        assert!(matches!(create(parent.path(), "taken"), Err(ScaffoldError::Exists(_))));
        assert_eq!(fs::read_to_string(parent.path().join("taken")).unwrap(), "precious");
    }
}
