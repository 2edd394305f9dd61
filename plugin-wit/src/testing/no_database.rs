//! Without the feature `sqlite` there is no database; every call on one says what would help.

use super::Permission;
use super::state::State;
use crate::data::{Error, ErrorCode};
use crate::json::Json;

const NO_DATABASE: &str = "MemoryHost has no database: enable the feature `sqlite` of fleuron-plugin in \
                           `[dev-dependencies]`, or lay an answer ready with MemoryHost::set_sql_answer";

impl State {
    pub(super) fn query(&mut self, _sql: &str, _params: Option<&str>) -> Result<Json, Error> {
        self.refused("db-query")
    }

    pub(super) fn execute(&mut self, _sql: &str, _params: Option<&str>) -> Result<Json, Error> {
        self.refused("db-execute")
    }

    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.refused("db-begin")
    }

    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.refused("db-commit")
    }

    pub(super) fn rollback(&mut self) -> Result<(), Error> {
        self.refused("db-rollback")
    }

    /// There is nothing to undo.
    pub(super) fn undo(&mut self) {}

    fn refused<T>(&mut self, call: &str) -> Result<T, Error> {
        self.permit(Permission::Database, call)?;
        self.complain(call, NO_DATABASE);
        Err(Error::new(ErrorCode::Failed, NO_DATABASE))
    }
}
