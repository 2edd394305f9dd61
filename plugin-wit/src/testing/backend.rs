//! The host's side of every call.

use super::{MemoryHost, Verdict, files};
use crate::backend::HostBackend;
use crate::context::CallContext;
use crate::data::Error;
#[cfg(feature = "sqlite")]
use crate::data::{Aggregate, Condition, Group, Row, Selection, Value};
use crate::json::Json;

/// The largest key of `get-data` and `set-data`, in bytes.
const MAX_KEY: usize = 512;
/// The largest value of `set-data`, in bytes.
const MAX_VALUE: usize = 1 << 20;

impl HostBackend for MemoryHost {
    fn log(&self, level: &str, message: &str) {
        self.state().log.push(format!("{level}: {message}"));
    }

    fn get_config(&self, key: &str) -> Option<String> {
        self.state().config.get(key).cloned()
    }

    fn http_get(&self, url: &str) -> Option<String> {
        self.state().request("http-get", url, None)
    }

    fn http_post(&self, url: &str, body: &str) -> Option<String> {
        self.state().request("http-post", url, Some(body))
    }

    fn get_data(&self, key: &str) -> Option<String> {
        self.data(key)
    }

    fn set_data(&self, key: &str, value: &str) -> bool {
        let mut state = self.state();
        if key.is_empty() || key.len() > MAX_KEY || key.contains('\0') {
            state.complain(
                "set-data",
                &format!("a key has 1 to {MAX_KEY} bytes and no NUL; this one has {}", key.len()),
            );
            return false;
        }
        if value.len() > MAX_VALUE {
            state.complain(
                "set-data",
                &format!("the value has {} bytes; at most {MAX_VALUE} are allowed", value.len()),
            );
            return false;
        }
        state.data.insert(key.to_owned(), value.to_owned());
        true
    }

    fn get_post(&self, slug: &str) -> Option<String> {
        self.state().posts.get(slug).cloned()
    }

    fn db_query(&self, sql: &str, params: Option<&str>) -> String {
        let scripted = self.scripted(sql);
        scripted.unwrap_or_else(|| answer(self.state().query(sql, params)))
    }

    fn db_execute(&self, sql: &str, params: Option<&str>) -> String {
        let scripted = self.scripted(sql);
        scripted.unwrap_or_else(|| answer(self.state().execute(sql, params)))
    }

    fn db_begin(&self) -> String {
        let scripted = self.scripted("BEGIN");
        scripted.unwrap_or_else(|| acknowledged(self.state().begin()))
    }

    fn db_commit(&self) -> String {
        let scripted = self.scripted("COMMIT");
        scripted.unwrap_or_else(|| acknowledged(self.state().commit()))
    }

    fn db_rollback(&self) -> String {
        let scripted = self.scripted("ROLLBACK");
        scripted.unwrap_or_else(|| acknowledged(self.state().rollback()))
    }

    fn vfs_read(&self, path: &str) -> Option<String> {
        self.file(path)
    }

    fn vfs_write(&self, path: &str, content: &str) -> bool {
        let mut state = self.state();
        let obstacle = match files::is_file_path(path) {
            true => files::obstacle(&state.files, path),
            false => Some(format!("the path {path:?} is refused")),
        };
        match obstacle {
            Some(reason) => {
                state.complain("vfs-write", &reason);
                false
            }
            None => {
                let now = state.clock.seconds();
                state.modified.insert(path.to_owned(), now);
                state.files.insert(path.to_owned(), content.to_owned());
                true
            }
        }
    }

    fn vfs_delete(&self, path: &str) -> bool {
        self.state().files.remove(path).is_some()
    }

    fn vfs_exists(&self, path: &str) -> bool {
        self.vfs_stat(path).is_some()
    }

    fn vfs_list(&self, path: &str) -> Option<String> {
        files::list(&self.state().files, path)
    }

    fn vfs_stat(&self, path: &str) -> Option<String> {
        let state = self.state();
        files::stat(&state.files, &state.modified, path)
    }

    fn emit_event(&self, event_type: &str, data: &str) -> String {
        let emitted = self.state().emit(event_type, data);
        let field = |name: &str, value| (name.to_owned(), value);
        answer(
            emitted
                .map(|id| Json::Object(vec![field("ok", Json::Boolean(true)), field("id", Json::Text(id))])),
        )
    }

    fn refuse(&self, code: &str, message: &str) {
        self.state().refuse(code, message);
    }

    fn hold(&self) {
        self.state().decide("hold", Verdict::Held);
    }

    fn context(&self) -> CallContext {
        self.state().context.clone()
    }

    #[cfg(feature = "sqlite")]
    fn data_insert(&self, table: &str, row: &Row) -> Result<i64, Error> {
        self.state().insert(table, row)
    }

    #[cfg(feature = "sqlite")]
    fn data_fetch_one(&self, table: &str, selection: &Selection) -> Result<Option<Row>, Error> {
        let first = Selection { limit: Some(selection.limit.unwrap_or(1).min(1)), ..selection.clone() };
        Ok(self.state().fetch("data.fetch-one", table, &first)?.into_iter().next())
    }

    #[cfg(feature = "sqlite")]
    fn data_fetch_all(&self, table: &str, selection: &Selection) -> Result<Vec<Row>, Error> {
        self.state().fetch("data.fetch-all", table, selection)
    }

    #[cfg(feature = "sqlite")]
    fn data_update(&self, table: &str, changes: &Row, conditions: &[Condition]) -> Result<u64, Error> {
        self.state().update(table, changes, conditions)
    }

    #[cfg(feature = "sqlite")]
    fn data_delete(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        self.state().delete(table, conditions)
    }

    #[cfg(feature = "sqlite")]
    fn data_count(&self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        let count = self.state().total("data.count", table, &Aggregate::Count, conditions)?;
        Ok(if let Value::Integer(rows) = count { rows.unsigned_abs() } else { 0 })
    }

    #[cfg(feature = "sqlite")]
    fn data_increment(
        &self,
        table: &str,
        column: &str,
        by: i64,
        conditions: &[Condition],
    ) -> Result<u64, Error> {
        self.state().increment(table, column, by, conditions)
    }

    #[cfg(feature = "sqlite")]
    fn data_sum(&self, table: &str, column: &str, conditions: &[Condition]) -> Result<Value, Error> {
        self.state().total("data.sum", table, &Aggregate::Sum(column.to_owned()), conditions)
    }

    #[cfg(feature = "sqlite")]
    fn data_group_by(
        &self,
        table: &str,
        column: &str,
        aggregate: &Aggregate,
        conditions: &[Condition],
    ) -> Result<Vec<Group>, Error> {
        self.state().group(table, column, aggregate, conditions)
    }

    fn new_id(&self) -> String {
        self.state().clock.new_id()
    }
}

impl MemoryHost {
    /// What the test laid ready for this SQL, where SQL is granted.
    fn scripted(&self, sql: &str) -> Option<String> {
        let state = self.state();
        let granted = !state.denied.contains(&super::Permission::Database);
        state.sql_answers.get(sql).filter(|_| granted).cloned()
    }
}

fn answer(outcome: Result<Json, Error>) -> String {
    let error = |error: Error| Json::Object(vec![("error".to_owned(), Json::Text(error.message))]);
    outcome.unwrap_or_else(error).to_string()
}

fn acknowledged(outcome: Result<(), Error>) -> String {
    answer(outcome.map(|()| Json::Object(vec![("ok".to_owned(), Json::Boolean(true))])))
}
