//! What a plugin is made of when it comes to the host.

use std::path::PathBuf;

use crate::manifest::Manifest;

/// A plugin, ready to be loaded.
#[derive(Clone, Debug)]
pub struct Package {
    /// Its manifest.
    pub manifest: Manifest,
    /// Its code: a component, or a core module with component metadata.
    pub wasm: Vec<u8>,
    /// The changes of its database's schema, in the order of their names.
    pub migrations: Vec<Migration>,
    /// Where it comes from.
    pub origin: Origin,
}

/// One file in a plugin's folder `migrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The file's name, such as `0001_visits.sql`. Names give the order.
    pub name: String,
    /// Its text: any number of statements.
    pub sql: String,
}

/// Where a plugin comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The server itself brings it.
    Bundled,
    /// A folder in the plugins' directory.
    Directory(PathBuf),
    /// A package that somebody uploaded.
    Uploaded,
}
