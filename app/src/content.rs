//! Generic content: events, recipes, staff, whatever a site is about beside posts and pages.
//!
//! A type is described in a file or through the API ([`definition`]); one model stands behind both. Each type has a table
//! of its own that holds its entries as JSON, keyed by short keys that stay when a field is renamed or removed
//! ([`layout`]), and indexes over exactly what its fields declare to be filterable, sortable, unique or searchable
//! (`storage`). Entries are checked (`check`), pass through the hooks and are written by one service (`entries`);
//! changing a type that has entries is a piece of work of its own (`change`).

pub mod bundled;
pub mod change;
mod check;
pub mod definition;
pub mod dto;
pub mod entries;
mod files;
pub mod http;
pub mod layout;
pub mod model;
pub mod openapi;
pub(crate) mod references;
pub(crate) mod storage;
pub mod transfer;
pub mod types;

pub(crate) use check::relation_ids;
pub use definition::{Field, Kind, TypeDefinition, TypeName};
pub use entries::EntryService;
pub use model::{ContentType, Entry, EntryPatch, EntryStatus, Fields, NewEntry};
pub use types::{ContentTypes, TypeService};
