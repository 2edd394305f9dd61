//! Who answers host calls: the real host in WebAssembly, something replaceable elsewhere.

#[cfg(target_family = "wasm")]
mod imports;
#[cfg(not(target_family = "wasm"))]
mod thread;

use crate::context::CallContext;
use crate::data::{Aggregate, Condition, Error, ErrorCode, Group, Row, Selection, Value};
#[cfg(target_family = "wasm")]
pub(crate) use imports::call;
#[cfg(not(target_family = "wasm"))]
pub(crate) use thread::{call, install};

/// The host's side of [`host_api`](crate::host_api), [`verdict`](crate::verdict), [`context`](crate::context) and
/// [`data`](crate::data), one method per function; see there for what each answers. Those beyond `host_api` need not be
/// implemented.
///
/// Implement it to give a test a host of its own making, then hand it to
/// [`testing::install`](crate::testing::install).
pub trait HostBackend {
    /// Answers [`host_api::log`](crate::host_api::log).
    fn log(&self, level: &str, message: &str);
    /// Answers [`host_api::get_config`](crate::host_api::get_config).
    fn get_config(&self, key: &str) -> Option<String>;
    /// Answers [`host_api::http_get`](crate::host_api::http_get).
    fn http_get(&self, url: &str) -> Option<String>;
    /// Answers [`host_api::http_post`](crate::host_api::http_post).
    fn http_post(&self, url: &str, body: &str) -> Option<String>;
    /// Answers [`host_api::get_data`](crate::host_api::get_data).
    fn get_data(&self, key: &str) -> Option<String>;
    /// Answers [`host_api::set_data`](crate::host_api::set_data).
    fn set_data(&self, key: &str, value: &str) -> bool;
    /// Answers [`host_api::get_post`](crate::host_api::get_post).
    fn get_post(&self, slug: &str) -> Option<String>;
    /// Answers [`host_api::db_query`](crate::host_api::db_query).
    fn db_query(&self, sql: &str, params: Option<&str>) -> String;
    /// Answers [`host_api::db_execute`](crate::host_api::db_execute).
    fn db_execute(&self, sql: &str, params: Option<&str>) -> String;
    /// Answers [`host_api::db_begin`](crate::host_api::db_begin).
    fn db_begin(&self) -> String;
    /// Answers [`host_api::db_commit`](crate::host_api::db_commit).
    fn db_commit(&self) -> String;
    /// Answers [`host_api::db_rollback`](crate::host_api::db_rollback).
    fn db_rollback(&self) -> String;
    /// Answers [`host_api::vfs_read`](crate::host_api::vfs_read).
    fn vfs_read(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::vfs_write`](crate::host_api::vfs_write).
    fn vfs_write(&self, path: &str, content: &str) -> bool;
    /// Answers [`host_api::vfs_delete`](crate::host_api::vfs_delete).
    fn vfs_delete(&self, path: &str) -> bool;
    /// Answers [`host_api::vfs_exists`](crate::host_api::vfs_exists).
    fn vfs_exists(&self, path: &str) -> bool;
    /// Answers [`host_api::vfs_list`](crate::host_api::vfs_list).
    fn vfs_list(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::vfs_stat`](crate::host_api::vfs_stat).
    fn vfs_stat(&self, path: &str) -> Option<String>;
    /// Answers [`host_api::emit_event`](crate::host_api::emit_event).
    fn emit_event(&self, event_type: &str, data: &str) -> String;

    /// Answers [`verdict::refuse`](crate::verdict::refuse). Does nothing by default.
    fn refuse(&self, code: &str, message: &str) {
        let _ = (code, message);
    }

    /// Answers [`verdict::hold`](crate::verdict::hold). Does nothing by default.
    fn hold(&self) {}

    /// Answers [`context::current`](crate::context::current). Empty by default.
    fn context(&self) -> CallContext {
        CallContext::default()
    }

    /// Answers [`data::insert`](crate::data::insert). An error by default, as for all calls on tables.
    fn data_insert(&self, table: &str, row: &Row) -> Result<i64, Error> {
        let _ = row;
        no_tables(table)
    }

    /// Answers [`Query::fetch_one`](crate::data::Query::fetch_one).
    fn data_fetch_one(&self, table: &str, selection: &Selection) -> Result<Option<Row>, Error> {
        let _ = selection;
        no_tables(table)
    }

    /// Answers [`Query::fetch_all`](crate::data::Query::fetch_all).
    fn data_fetch_all(&self, table: &str, selection: &Selection) -> Result<Vec<Row>, Error> {
        let _ = selection;
        no_tables(table)
    }

    /// Answers [`Query::update`](crate::data::Query::update).
    fn data_update(&self, table: &str, changes: &Row, conditions: &[Condition]) -> Result<u64, Error> {
        let _ = (changes, conditions);
        no_tables(table)
    }

    /// Answers [`Query::delete`](crate::data::Query::delete).
    fn data_delete(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        let _ = conditions;
        no_tables(table)
    }

    /// Answers [`Query::count`](crate::data::Query::count).
    fn data_count(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        let _ = conditions;
        no_tables(table)
    }

    /// Answers [`Query::increment`](crate::data::Query::increment).
    fn data_increment(
        &self,
        table: &str,
        column: &str,
        by: i64,
        conditions: &[Condition],
    ) -> Result<u64, Error> {
        let _ = (column, by, conditions);
        no_tables(table)
    }

    /// Answers [`Query::sum`](crate::data::Query::sum).
    fn data_sum(&self, table: &str, column: &str, conditions: &[Condition]) -> Result<Value, Error> {
        let _ = (column, conditions);
        no_tables(table)
    }

    /// Answers [`Query::group_by`](crate::data::Query::group_by).
    fn data_group_by(
        &self,
        table: &str,
        column: &str,
        aggregate: &Aggregate,
        conditions: &[Condition],
    ) -> Result<Vec<Group>, Error> {
        let _ = (column, aggregate, conditions);
        no_tables(table)
    }

    /// Answers [`data::new_id`](crate::data::new_id). By default the same id each time.
    fn new_id(&self) -> String {
        "00000000-0000-7000-8000-000000000000".to_owned()
    }
}

fn no_tables<T>(table: &str) -> Result<T, Error> {
    let message = format!(
        "this backend has no tables, and so no `{table}`; with MemoryHost, enable the feature `sqlite` of \
         fleuron-plugin in `[dev-dependencies]`"
    );
    Err(Error::new(ErrorCode::Failed, message))
}
