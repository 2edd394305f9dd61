//! Where the rows come from: the site's database, asked from a thread that may block.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use rusqlite::ffi;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement};
use tokio::runtime::Handle;

use super::tables::{AnyTable, Seen};
use crate::{database::Database, plugins::host_api::databases::deadline::Deadline};

/// What one table on one connection reads from.
pub(super) struct Source {
    pub(super) table: AnyTable,
    pub(super) seen: Seen,
    pub(super) site: Database,
    pub(super) deadline: Deadline,
}

impl Source {
    pub(super) fn backend(&self) -> DbBackend {
        self.site.backend()
    }

    /// Runs a query, at most until the deadline.
    pub(super) fn query(&self, statement: Statement) -> rusqlite::Result<Vec<QueryResult>> {
        if self.deadline.is_over() {
            return Err(interrupted());
        }
        let answer = wait(self.deadline.until(), self.site.views().query_all_raw(statement))?;
        answer.map_err(|error| self.unreadable(&error))
    }

    /// The cause is for the site's log: it may tell more of the site than plugins shall know.
    pub(super) fn unreadable(&self, error: &DbErr) -> rusqlite::Error {
        tracing::error!(table = %self.table.name, %error, "a plugin's view of the site cannot be read");
        failure(&format!("{} cannot be read now", self.table.name))
    }
}

/// Waits for an answer of the site's database, at most until `until`, on a thread that may block.
pub(super) fn wait<T>(
    until: Instant,
    answer: impl Future<Output = Result<T, DbErr>>,
) -> rusqlite::Result<Result<T, DbErr>> {
    let runtime = Handle::try_current().map_err(|error| {
        tracing::error!(%error, "a plugin's statement runs outside of a runtime");
        failure("the site's database cannot be asked here")
    })?;
    let answer = || runtime.block_on(tokio::time::timeout_at(until.into(), answer));
    // SQLite calls this through C, which a panic (of a runtime that is stopping) must not reach.
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_elapsed)) => Err(interrupted()),
        Err(_panic) => Err(failure("the site is stopping")),
    }
}

/// An error with a message for the plugin's author.
pub(super) fn failure(message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(message.to_owned()))
}

fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), Some("interrupted".to_owned()))
}
