//! Plugins that come as packages: uploaded, agreed to, put in force, rolled back and removed.
//!
//! The database is the record of what should be. Each step is one transaction, with its line in the audit trail, and
//! leaves a state that the next step or the next start goes on from; [`Installed::settle`] brings what runs in line with
//! it. A version that is put in force stays `pending` until it has started, so that one that does not start changes
//! nothing.

mod data;
mod model;
mod repo;
mod settle;
mod steps;
mod store;

pub use data::PluginData;
pub use model::{Install, Removal, StoredPackage};
pub(super) use repo::decisions;
pub use repo::{InstalledPlugin, all, find};
pub use settle::Installed;
pub(super) use steps::{NewPackage, consent, mismatch, remove, roll_back, switch, upload};
pub use store::PackageStore;
