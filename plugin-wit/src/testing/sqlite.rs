//! A plugin's database in memory, and what its SQL may do there.

mod guard;

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode as SqliteCode, ToSql, params_from_iter};

use super::views;
use crate::data::{Error, ErrorCode, Row, Value};

/// What a statement is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementKind {
    /// Its rows are wanted.
    Query,
    /// It changes something.
    Execute,
}

/// One statement and the values of its placeholders.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) kind: StatementKind,
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
}

/// What came of a statement.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) changed: i64,
    pub(super) last_insert_id: i64,
}

/// What a test left of the permission `database`.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) own_tables: bool,
    pub(super) denied_views: Vec<&'static str>,
}

impl Granted {
    fn lacks_view(&self, table: &str) -> bool {
        self.denied_views.iter().any(|view| view.eq_ignore_ascii_case(table))
    }
}

/// Why the guard said no, for the error that SQLite words too briefly.
pub(super) type Reason = Arc<Mutex<Option<String>>>;

#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    reason: Reason,
}

impl Database {
    pub(super) fn open() -> Result<Database, Error> {
        let connection =
            Connection::open_in_memory().map_err(|error| Error::new(ErrorCode::Failed, error.to_string()))?;
        Ok(Database { connection, reason: Reason::default() })
    }

    /// Carries out one statement of the plugin.
    pub(super) fn run(&self, statement: &Statement, granted: Granted) -> Result<Rows, Error> {
        let guard = guard::plugin(granted, Arc::clone(&self.reason));
        self.guarded(guard, || self.run_unguarded(statement))
    }

    /// Runs a migration, all of it or nothing.
    pub(super) fn migrate(&self, sql: &str) -> Result<(), Error> {
        self.control("SAVEPOINT migration")?;
        let guard = guard::migration(Arc::clone(&self.reason));
        let outcome =
            self.guarded(guard, || self.connection.execute_batch(sql).map_err(|error| self.error(error)));
        if outcome.is_err() {
            self.control("ROLLBACK TO migration")?;
        }
        self.control("RELEASE migration")?;
        outcome
    }

    /// Fills a view of the site, here a table that the plugin may only read.
    pub(super) fn seed_view(&self, view: &str, rows: impl IntoIterator<Item = Row>) -> Result<(), Error> {
        let columns = views::columns(view)?;
        self.control(&format!("CREATE TABLE IF NOT EXISTS {view} ({})", columns.join(", ")))?;
        for row in rows {
            if let Some(unknown) = row.columns().find(|column| !columns.contains(column)) {
                let message = format!("{view} has no column `{unknown}`; it has {}", columns.join(", "));
                return Err(Error::new(ErrorCode::Invalid, message));
            }
            let values = columns.iter().map(|column| row.get(column).unwrap_or(&Value::Null));
            let places = vec!["?"; columns.len()].join(", ");
            let insert = format!("INSERT INTO {view} VALUES ({places})");
            self.connection.execute(&insert, params_from_iter(values)).map_err(|error| self.error(error))?;
        }
        Ok(())
    }

    /// Takes all rows out of a view of the site.
    pub(super) fn clear_view(&self, view: &str) -> Result<(), Error> {
        self.seed_view(view, [])?;
        self.control(&format!("DELETE FROM {view}"))
    }

    /// A statement of the host's own.
    pub(super) fn control(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).map_err(|error| self.error(error))
    }

    fn guarded<T>(
        &self,
        guard: impl for<'a> FnMut(AuthContext<'a>) -> Authorization + Send + 'static,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.connection.authorizer(Some(guard)).map_err(|error| self.error(error))?;
        let outcome = work();
        let none = None::<fn(AuthContext<'_>) -> Authorization>;
        self.connection.authorizer(none).map_err(|error| self.error(error))?;
        outcome
    }

    fn run_unguarded(&self, wanted: &Statement) -> Result<Rows, Error> {
        let invalid = |message: String| Err(Error::new(ErrorCode::Invalid, message));
        let mut statement = self.connection.prepare(&wanted.sql).map_err(|error| self.error(error))?;
        if statement.expanded_sql().is_none() {
            return invalid("there is no statement".to_owned());
        }
        if wanted.kind == StatementKind::Execute && statement.readonly() {
            return invalid("the statement changes nothing; use db-query".to_owned());
        }
        let (places, given) = (statement.parameter_count(), wanted.params.len());
        if places != given {
            return invalid(format!("the statement has {places} placeholders, params has {given} values"));
        }
        let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let changes = !statement.readonly();
        let mut rows = Vec::new();
        let mut found =
            statement.query(params_from_iter(&wanted.params)).map_err(|error| self.error(error))?;
        while let Some(row) = found.next().map_err(|error| self.error(error))? {
            let values = (0..columns.len()).map(|position| row.get_ref(position).map(read));
            rows.push(values.collect::<Result<Vec<Value>, _>>().map_err(|error| self.error(error))?);
        }
        drop(found);
        let changed = if changes { i64::try_from(self.connection.changes()).unwrap_or(i64::MAX) } else { 0 };
        Ok(Rows { columns, rows, changed, last_insert_id: self.connection.last_insert_rowid() })
    }

    fn error(&self, error: rusqlite::Error) -> Error {
        let code = match &error {
            rusqlite::Error::MultipleStatement => {
                return Error::new(
                    ErrorCode::Invalid,
                    "there is more than one statement; run each by itself",
                );
            }
            rusqlite::Error::SqlInputError { error, .. } => error.code,
            other => match other.sqlite_error_code() {
                Some(code) => code,
                None => return Error::new(ErrorCode::Failed, error.to_string()),
            },
        };
        let said = match &error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            other => other.to_string(),
        };
        let refused = self.reason.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (code, refused) {
            (_, Some(reason)) => Error::new(ErrorCode::NotGranted, reason),
            (SqliteCode::AuthorizationForStatementDenied, None) => Error::new(ErrorCode::NotGranted, said),
            (SqliteCode::ConstraintViolation, _) => Error::new(ErrorCode::Constraint, said),
            (SqliteCode::DiskFull | SqliteCode::TooBig, _) => Error::new(ErrorCode::OverLimit, said),
            (SqliteCode::Unknown, _) => Error::new(ErrorCode::Invalid, with_hint(said)),
            _ => Error::new(ErrorCode::Failed, said),
        }
    }
}

/// A view that was not seeded looks like a table that is not there.
fn with_hint(said: String) -> String {
    match said.strip_prefix("no such table: ") {
        Some(view) if views::columns(view).is_ok() => {
            format!("{said}; fill it with MemoryHost::seed_view(\"{view}\", ..)")
        }
        _ => said,
    }
}

fn read(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(whole) => Value::Integer(whole),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Boolean(flag) => ValueRef::Integer((*flag).into()),
            Value::Integer(whole) => ValueRef::Integer(*whole),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
