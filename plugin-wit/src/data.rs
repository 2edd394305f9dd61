//! The plugin's own tables, typed: no SQL text, no JSON.
//!
//! ```
//! use fleuron_plugin::data::{self, Aggregate, Operator};
//! use fleuron_plugin::{row, testing::MemoryHost};
//!
//! let host = MemoryHost::install();
//! host.migrate("CREATE TABLE visits (path TEXT PRIMARY KEY, n INTEGER NOT NULL)")?;
//!
//! data::insert("visits", row! { "path" => "/", "n" => 1 })?;
//! data::insert("visits", row! { "path" => "/about", "n" => 3 })?;
//! data::table("visits").equal("path", "/").increment("n", 1)?;
//!
//! let busy = data::table("visits").filter("n", Operator::Greater, 1).order_by("n").descending().fetch_all()?;
//! assert_eq!(busy.iter().map(|row| row.text("path")).collect::<Result<Vec<_>, _>>()?, ["/about", "/"]);
//! assert_eq!(data::table("visits").group_by("n", Aggregate::Count)?.len(), 2);
//! # Ok::<(), fleuron_plugin::data::Error>(())
//! ```
//!
//! It needs `database = ["own"]`, all but [`new_id`]. The tables come from the plugin's folder `migrations`. Calls take
//! part in the open transaction, if there is one; see [`database::transaction`](crate::database::transaction). What
//! goes beyond one table is a matter of SQL; see [`database::query`](crate::database::query).

mod error;
mod query;
mod row;
mod value;

#[cfg(target_family = "wasm")]
use crate::backend::HostBackend;
use crate::backend::call;
pub use error::{Error, ErrorCode};
pub use query::{Aggregate, Condition, Group, Operator, Order, Query, Selection};
pub use row::{Field, Row};
pub use value::{FromValue, Value};

/// Begins a call on one of the plugin's tables: add conditions, then say what to do with the rows that meet them.
pub fn table(name: impl Into<String>) -> Query {
    Query::new(name.into())
}

/// Stores a row and answers its rowid. Columns that the row leaves out get their defaults.
///
/// # Errors
/// [`ErrorCode::Constraint`] where the table forbids it; see [`ErrorCode`] for the others.
pub fn insert(table: &str, row: Row) -> Result<i64, Error> {
    call(|host| host.data_insert(table, &row))
}

/// A new UUIDv7: unique, and later ones sort behind earlier ones. Needs no permission.
pub fn new_id() -> String {
    call(|host| host.new_id())
}
