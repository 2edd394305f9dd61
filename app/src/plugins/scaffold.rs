//! New plugin projects and their build, for `fleuron plugin new` and `fleuron plugin build`.
//!
//! A new project carries everything that its language needs to talk to this server, which was embedded when the server
//! was built, so the two always fit and nothing has to be published anywhere: for Rust the guest SDK and the lockfile
//! of the bundled plugins, whose dependencies are known to work together.

mod build;
mod embedded;
mod language;
mod languages;
mod tools;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use build::{BuildError, build};
pub use language::{Language, MissingTool};

use embedded::TEMPLATES;
use language::ProjectFile;

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
        reason: String,
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
pub fn create(parent: &Path, name: &str, language: Language) -> Result<Vec<PathBuf>, ScaffoldError> {
    check_name(name, language).map_err(|reason| ScaffoldError::Name { name: name.to_owned(), reason })?;
    let folder = parent.join(name);
    fs::create_dir_all(parent).map_err(|source| ScaffoldError::Write { path: parent.to_owned(), source })?;
    // Creating the folder claims it: of two that try at once, one is told that it exists.
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ScaffoldError::Exists(folder));
        }
        result => result.map_err(|source| ScaffoldError::Write { path: folder.clone(), source })?,
    }
    write_project(&folder, name, language).inspect_err(|_| {
        if let Err(error) = fs::remove_dir_all(&folder) {
            tracing::warn!(folder = %folder.display(), %error, "cannot remove a half-written plugin project");
        }
    })
}

fn check_name(name: &str, language: Language) -> Result<(), String> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST_NAME {
        "it is longer than 64 bytes"
    } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        "it does not begin with a lower-case letter from a to z"
    } else if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        "it contains something other than lower-case letters from a to z, digits and dashes"
    } else if name.ends_with('-') || name.contains("--") {
        "a dash does not stand between two letters or digits"
    } else if (language.kit().reserves)(name) {
        return Err(format!("{language} uses this name itself"));
    } else {
        return Ok(());
    };
    Err(reason.to_owned())
}

fn write_project(folder: &Path, name: &str, language: Language) -> Result<Vec<PathBuf>, ScaffoldError> {
    project_files(name, language)
        .into_iter()
        .map(|file| write_file(folder.join(&file.path), &file.text))
        .collect()
}

fn project_files(name: &str, language: Language) -> Vec<ProjectFile> {
    let kit = language.kit();
    let templates = TEMPLATES.iter().filter(|(folder, _)| *folder == kit.folder);
    let mut files: Vec<_> = templates
        .flat_map(|(_, files)| files.iter())
        .map(|(path, text)| ProjectFile::new(template_path(path), fill(text, name)))
        .collect();
    files.extend((kit.more_files)(name));
    files
}

/// Where a template's file goes. Those that tools would take for their own where they are kept end in `.in`.
fn template_path(path: &str) -> &str {
    match path.strip_suffix(".in").unwrap_or(path) {
        "gitignore" => ".gitignore",
        path => path,
    }
}

/// Puts a project's name into a template.
fn fill(text: &str, name: &str) -> String {
    text.replace("{{name}}", name)
        .replace("{{title}}", &title(name))
        .replace("{{id}}", &format!("com.example.{name}"))
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

    use super::{Language, ScaffoldError, create};

    #[test]
    fn a_project_is_complete_and_bears_its_name() {
        for language in Language::ALL {
            let parent = tempfile::tempdir().unwrap();
            let written = create(parent.path(), "my-plugin", language).unwrap();
            let folder = parent.path().join("my-plugin");
            for file in [language.kit().marker, "manifest.toml", "README.md", ".gitignore"] {
                assert!(written.contains(&folder.join(file)), "{language}: {file}");
            }
            assert_eq!(Language::of_project(&folder), Some(language));
            for file in &written {
                let text = fs::read_to_string(file).unwrap();
                let unfilled = ["{{name}}", "{{title}}", "{{id}}"].iter().any(|name| text.contains(name));
                assert!(!unfilled, "{language}: {}", file.display());
            }
        }
    }

    #[test]
    fn a_rust_project_has_the_guest_sdk() {
        let parent = tempfile::tempdir().unwrap();
        let written = create(parent.path(), "my-plugin", Language::Rust).unwrap();
        let folder = parent.path().join("my-plugin");
        for file in ["Cargo.lock", "src/lib.rs"] {
            assert!(written.contains(&folder.join(file)), "{file}");
        }
        for file in
            ["Cargo.toml", "plugin.wit", "wit/host.wit", "README.md", "src/lib.rs", "src/data/query.rs"]
        {
            assert!(written.contains(&folder.join("sdk").join(file)), "sdk/{file}");
        }
    }

    #[test]
    fn the_manifest_is_faultless() {
        for language in Language::ALL {
            let parent = tempfile::tempdir().unwrap();
            create(parent.path(), "a", language).unwrap();
            let path = parent.path().join("a/manifest.toml");
            let text = fs::read_to_string(&path).unwrap();
            let manifest = fleuron_plugin_host::Manifest::parse(&text, Path::new("manifest.toml"));
            assert!(manifest.is_ok(), "{language}: {:?}", manifest.err());
        }
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
            let error = create(parent.path(), name, Language::Rust).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains("my-plugin"), "{name}: {error}");
        }
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        assert!(create(parent.path(), "match", Language::C).is_ok(), "Rust's words are free elsewhere");
    }

    #[test]
    fn what_exists_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("taken"), "precious").unwrap();
        let error = create(parent.path(), "taken", Language::Rust);
        assert!(matches!(error, Err(ScaffoldError::Exists(_))));
        assert_eq!(fs::read_to_string(parent.path().join("taken")).unwrap(), "precious");
    }
}
