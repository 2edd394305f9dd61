//! Calls go to the imports without a table of functions between, so that the linker drops the imports that a
//! plugin never calls.

use super::HostBackend;
use crate::bindings::fleuron::host::{context, data, verdict};
use crate::bindings::raisfast::plugin_wit::host_api;
use crate::context::CallContext;
use crate::data::{Aggregate, Condition, Error, ErrorCode, Group, Row, Selection, Value};

pub(crate) struct Imports;

impl HostBackend for Imports {
    fn log(&self, level: &str, message: &str) {
        host_api::log(level, message);
    }

    fn get_config(&self, key: &str) -> Option<String> {
        host_api::get_config(key)
    }

    fn http_get(&self, url: &str) -> Option<String> {
        host_api::http_get(url)
    }

    fn http_post(&self, url: &str, body: &str) -> Option<String> {
        host_api::http_post(url, body)
    }

    fn get_data(&self, key: &str) -> Option<String> {
        host_api::get_data(key)
    }

    fn set_data(&self, key: &str, value: &str) -> bool {
        host_api::set_data(key, value)
    }

    fn get_post(&self, slug: &str) -> Option<String> {
        host_api::get_post(slug)
    }

    fn db_query(&self, sql: &str, params: Option<&str>) -> String {
        host_api::db_query(sql, params)
    }

    fn db_execute(&self, sql: &str, params: Option<&str>) -> String {
        host_api::db_execute(sql, params)
    }

    fn db_begin(&self) -> String {
        host_api::db_begin()
    }

    fn db_commit(&self) -> String {
        host_api::db_commit()
    }

    fn db_rollback(&self) -> String {
        host_api::db_rollback()
    }

    fn vfs_read(&self, path: &str) -> Option<String> {
        host_api::vfs_read(path)
    }

    fn vfs_write(&self, path: &str, content: &str) -> bool {
        host_api::vfs_write(path, content)
    }

    fn vfs_delete(&self, path: &str) -> bool {
        host_api::vfs_delete(path)
    }

    fn vfs_exists(&self, path: &str) -> bool {
        host_api::vfs_exists(path)
    }

    fn vfs_list(&self, path: &str) -> Option<String> {
        host_api::vfs_list(path)
    }

    fn vfs_stat(&self, path: &str) -> Option<String> {
        host_api::vfs_stat(path)
    }

    fn emit_event(&self, event_type: &str, data: &str) -> String {
        host_api::emit_event(event_type, data)
    }

    fn refuse(&self, code: &str, message: &str) {
        verdict::refuse(code, message);
    }

    fn hold(&self) {
        verdict::hold();
    }

    fn context(&self) -> CallContext {
        context::current()
    }

    fn data_insert(&self, table: &str, row: &Row) -> Result<i64, Error> {
        Ok(data::insert(table, row.fields())?)
    }

    fn data_fetch_one(&self, table: &str, selection: &Selection) -> Result<Option<Row>, Error> {
        Ok(data::fetch_one(table, selection)?.map(Row::from))
    }

    fn data_fetch_all(&self, table: &str, selection: &Selection) -> Result<Vec<Row>, Error> {
        Ok(data::fetch_all(table, selection)?.into_iter().map(Row::from).collect())
    }

    fn data_update(&self, table: &str, changes: &Row, conditions: &[Condition]) -> Result<u64, Error> {
        Ok(data::update(table, changes.fields(), conditions)?)
    }

    fn data_delete(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        Ok(data::delete(table, conditions)?)
    }

    fn data_count(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        Ok(data::count(table, conditions)?)
    }

    fn data_increment(
        &self,
        table: &str,
        column: &str,
        by: i64,
        conditions: &[Condition],
    ) -> Result<u64, Error> {
        Ok(data::increment(table, column, by, conditions)?)
    }

    fn data_sum(&self, table: &str, column: &str, conditions: &[Condition]) -> Result<Value, Error> {
        Ok(data::sum(table, column, conditions)?)
    }

    fn data_group_by(
        &self,
        table: &str,
        column: &str,
        aggregate: &Aggregate,
        conditions: &[Condition],
    ) -> Result<Vec<Group>, Error> {
        Ok(data::group_by(table, column, aggregate, conditions)?)
    }

    fn new_id(&self) -> String {
        data::new_id()
    }
}

impl From<data::Error> for Error {
    fn from(error: data::Error) -> Error {
        let code = match error.code {
            data::ErrorCode::NotGranted => ErrorCode::NotGranted,
            data::ErrorCode::Invalid => ErrorCode::Invalid,
            data::ErrorCode::Constraint => ErrorCode::Constraint,
            data::ErrorCode::OverLimit => ErrorCode::OverLimit,
            data::ErrorCode::Failed => ErrorCode::Failed,
        };
        Error { code, message: error.message }
    }
}

pub(crate) fn call<T>(answer: impl FnOnce(&Imports) -> T) -> T {
    answer(&Imports)
}
