//! Where the rows come from: the site's database, asked from a thread that may block.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::ffi;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use tokio::runtime::Handle;

use super::tables::{Seen, Table};
use crate::{database::Database, plugins::host_api::databases::deadline::Deadline};

/// What one table on one connection reads from.
pub(super) struct Source {
    pub(super) table: &'static Table,
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
        let until = self.deadline.until();
        if self.deadline.is_over() {
            return Err(interrupted());
        }
        let runtime = Handle::try_current().map_err(|error| {
            tracing::error!(%error, "a plugin's statement runs outside of a runtime");
            failure("the site's database cannot be asked here")
        })?;
        let answer = || {
            runtime
                .block_on(tokio::time::timeout_at(until.into(), self.site.views().query_all_raw(statement)))
        };
        // SQLite calls this through C, which a panic (of a runtime that is stopping) must not reach.
        match catch_unwind(AssertUnwindSafe(answer)) {
            Ok(Ok(Ok(rows))) => Ok(rows),
            Ok(Ok(Err(error))) => Err(self.unreadable(&error)),
            Ok(Err(_elapsed)) => Err(interrupted()),
            Err(_panic) => Err(failure("the site is stopping")),
        }
    }

    /// The cause is for the site's log: it may tell more of the site than plugins shall know.
    pub(super) fn unreadable(&self, error: &sea_orm::DbErr) -> rusqlite::Error {
        tracing::error!(table = self.table.name, %error, "a plugin's view of the site cannot be read");
        failure(&format!("{} cannot be read now", self.table.name))
    }
}

/// An error with a message for the plugin's author.
pub(super) fn failure(message: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_ERROR), Some(message.to_owned()))
}

fn interrupted() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_INTERRUPT), Some("interrupted".to_owned()))
}
