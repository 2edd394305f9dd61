//! What a plugin was granted of the site, as read-only virtual tables beside its own.
//!
//! Nothing of the site's database is within reach of the plugin's connection: the host answers each table itself, row
//! by row, from queries of its own that only ever see what was granted. A table that was not granted does not exist.

mod condition;
mod content;
mod cursor;
mod plan;
mod scan;
mod source;
mod tables;
#[cfg(test)]
mod tests;
mod types;

use std::sync::Arc;

use fleuron_plugin_host::ports::DatabaseAccess;
use rusqlite::{
    Connection,
    ffi::sqlite3_vtab,
    vtab::{IndexInfo, VTab, VTabConfig, VTabConnection, eponymous_only_module},
};

use super::deadline::Deadline;
use crate::{content::ContentType, database::Database};
use cursor::Cursor;
use source::Source;
use tables::{AnyTable, Seen};
pub(super) use types::{ContentTypes, GrantedTypes};

/// Adds the tables for the views that `access` holds, and those of `types`. Their rows are read until `deadline` is over.
///
/// Statements over them must run on a thread that may block, within a runtime.
pub(super) fn register(
    connection: &Connection,
    access: &DatabaseAccess,
    types: &GrantedTypes,
    site: &Database,
    deadline: &Deadline,
) -> rusqlite::Result<()> {
    let seen = Seen::of(access);
    let granted = |table: &&tables::Table| table.view.is_some_and(|view| access.views.contains(&view));
    let always_there = tables::ALL.iter().filter(granted).map(AnyTable::Site);
    let of_type = |content_type: &Arc<ContentType>| {
        AnyTable::Content(Arc::new(content::table(content_type, seen, site.backend())))
    };
    for table in always_there.chain(types.0.iter().map(of_type)) {
        let name = table.name.clone();
        let source = Arc::new(Source { table, seen, site: site.clone(), deadline: deadline.clone() });
        connection.create_module(&*name, eponymous_only_module::<SiteTable>(), Some(source))?;
    }
    Ok(())
}

/// One of the tables, as SQLite sees it.
#[repr(C)]
struct SiteTable {
    base: sqlite3_vtab,
    source: Arc<Source>,
}

#[expect(unsafe_code, reason = "rusqlite asks for the promise that the base comes first")]
// SAFETY: `#[repr(C)]` with the base as the first field.
unsafe impl<'vtab> VTab<'vtab> for SiteTable {
    type Aux = Arc<Source>;
    type Cursor = Cursor;

    fn connect(
        connection: &mut VTabConnection,
        source: Option<&Self::Aux>,
        _arguments: &[&[u8]],
    ) -> rusqlite::Result<(String, Self)> {
        let source = source.ok_or_else(|| source::failure("the table has no source"))?;
        // Not from within views and triggers of the plugin's schema: what a statement reaches stands in its text.
        connection.config(VTabConfig::DirectOnly)?;
        let table = Self { base: sqlite3_vtab::default(), source: Arc::clone(source) };
        Ok((source.table.declaration(), table))
    }

    fn best_index(&self, info: &mut IndexInfo) -> rusqlite::Result<()> {
        plan::choose(&self.source.table, info)
    }

    fn open(&'vtab mut self) -> rusqlite::Result<Cursor> {
        Ok(Cursor::new(Arc::clone(&self.source)))
    }
}
