//! The languages that a plugin may be written in, and what each of them brings along.

use std::fmt;
use std::path::{Path, PathBuf};

use super::build::BuildError;
use super::languages::{c, go, javascript, python, rust, zig};

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// Rust, with the guest SDK.
    Rust,
    /// C, with generated bindings.
    C,
    /// JavaScript, with an engine inside the plugin.
    #[value(name = "javascript", alias = "js")]
    JavaScript,
    /// Python, with its interpreter inside the plugin.
    #[value(alias = "py")]
    Python,
    /// Go, with a package in place of bindings.
    Go,
    /// Zig, on the bindings for C.
    Zig,
}

/// What a language brings: how a project is known, what is in a new one, and how it becomes a module.
pub(super) struct Kit {
    /// As people write it.
    pub(super) name: &'static str,
    /// The file that every project in this language has, relative to its folder.
    pub(super) marker: &'static str,
    /// The files of `assets/plugin-template/<folder>` make up a new project, together with `more_files`.
    pub(super) folder: &'static str,
    /// Files of a new project that are no templates, for a project of this name.
    pub(super) more_files: fn(&str) -> Vec<ProjectFile>,
    /// Names that the language's own tools refuse for a project.
    pub(super) reserves: fn(&str) -> bool,
    /// The tools that building a project in this folder takes and that are not there.
    pub(super) missing_tools: fn(&Path) -> Vec<MissingTool>,
    /// Compiles the project in the first folder, with the second for what is in between, and answers the module or the
    /// component. The second folder is empty, private, and removed afterwards. Messages go to the terminal.
    pub(super) build: fn(&Path, &Path) -> Result<PathBuf, BuildError>,
}

/// A file of a new project: its path in the project's folder, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProjectFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl ProjectFile {
    pub(super) fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

/// A tool that is not installed, or not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingTool {
    /// What is missing, and what it is for where the name does not say it.
    pub what: String,
    /// How to get it, in a line.
    pub how_to_get: &'static str,
}

impl fmt::Display for MissingTool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.what, self.how_to_get)
    }
}

impl Language {
    /// All of them, in the order in which a folder is asked whose project it holds. Rust comes first: its projects may
    /// well contain files that mark others.
    pub const ALL: [Self; 6] = [Self::Rust, Self::Go, Self::Zig, Self::C, Self::Python, Self::JavaScript];

    pub(super) fn kit(self) -> &'static Kit {
        match self {
            Self::Rust => &rust::KIT,
            Self::C => &c::KIT,
            Self::JavaScript => &javascript::KIT,
            Self::Python => &python::KIT,
            Self::Go => &go::KIT,
            Self::Zig => &zig::KIT,
        }
    }

    /// The language of the project in a folder; none where the folder holds no project.
    pub fn of_project(folder: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|language| folder.join(language.kit().marker).is_file())
    }

    /// What building a project in this folder takes and is not installed.
    pub fn missing_tools(self, folder: &Path) -> Vec<MissingTool> {
        (self.kit().missing_tools)(folder)
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kit().name)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Language;

    #[test]
    fn a_project_is_known_by_its_marker() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            assert_eq!(Language::of_project(folder.path()), None);
            let marker = folder.path().join(language.kit().marker);
            fs::create_dir_all(marker.parent().unwrap()).unwrap();
            fs::write(marker, "").unwrap();
            assert_eq!(Language::of_project(folder.path()), Some(language));
        }
    }

    #[test]
    fn a_rust_project_may_contain_the_files_of_others() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["package.json", "Cargo.toml"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        assert_eq!(Language::of_project(folder.path()), Some(Language::Rust));
    }
}
