//! What is wrong with a manifest, one line per fault.

use std::fmt;
use std::path::{Path, PathBuf};

/// One fault of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFault {
    /// The file it is in.
    pub file: PathBuf,
    /// The key, such as `hooks.on-post-creating.priority`; empty for a fault of the whole file.
    pub key: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.key.as_str() {
            "" => write!(formatter, "{file}: {}", self.reason),
            key => write!(formatter, "{file}: `{key}` {}", self.reason),
        }
    }
}

/// All faults of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestErrors(pub Vec<ManifestFault>);

impl fmt::Display for ManifestErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.0.iter().enumerate() {
            if position > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestErrors {}

/// Faults while they are collected.
pub(super) struct Faults<'a> {
    file: &'a Path,
    found: Vec<ManifestFault>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(file: &'a Path) -> Faults<'a> {
        Faults { file, found: Vec::new() }
    }

    pub(super) fn add(&mut self, key: impl Into<String>, reason: impl Into<String>) {
        self.found.push(ManifestFault { file: self.file.to_owned(), key: key.into(), reason: reason.into() });
    }

    pub(super) fn into_errors(self) -> ManifestErrors {
        ManifestErrors(self.found)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}
