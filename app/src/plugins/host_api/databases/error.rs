//! What SQLite and the host say, as errors that a plugin's author understands.

use fleuron_plugin_host::ports::{DatabaseAccess, DatabaseError, DatabaseErrorKind};
use rusqlite::{Error, ErrorCode};

use super::{
    names::{Table, content_type},
    rules::{no_content_type, out_of_reach, own_tables_missing, site_is_read_only},
};

const TOO_MUCH_MEMORY: &str = "the statement takes too much memory; ask for less, or sort less";

/// The caller's time was over.
pub(super) fn time_is_over() -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::OverLimit, "the statement was ended: the time of its call is over")
}

/// Another transaction of the plugin did not end in time.
pub(super) fn waited_too_long() -> DatabaseError {
    DatabaseError::new(
        DatabaseErrorKind::OverLimit,
        "the plugin's database was not free in time: its other statements and transactions hold it",
    )
}

/// What was written could not be moved into the file.
pub(super) fn log_is_full() -> DatabaseError {
    over_limit(
        "the plugin's database has written too much that readers keep from its file; end what reads, and try again",
    )
}

pub(super) fn invalid(message: impl Into<String>) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Invalid, message)
}

pub(super) fn denied(message: impl Into<String>) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Denied, message)
}

pub(super) fn over_limit(message: impl Into<String>) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::OverLimit, message)
}

pub(super) fn failed(message: impl Into<String>) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Failed, message)
}

/// What is known about the statement that failed.
pub(super) struct Failure<'a> {
    /// What the guard refused.
    pub(super) refusal: Option<DatabaseError>,
    /// Whether it was ended because of the memory that it took.
    pub(super) is_hoarding: bool,
    /// Whether the time is over.
    pub(super) is_late: bool,
    /// What the connection may reach.
    pub(super) access: &'a DatabaseAccess,
    /// The file's quota in bytes.
    pub(super) quota: u64,
}

impl Failure<'_> {
    /// The error in the plugin's words, and whether the connection should be used no more.
    pub(super) fn explain(self, error: Error) -> (DatabaseError, bool) {
        if let Some(refusal) = self.refusal {
            return (refusal, false);
        }
        let Some(code) = code_of(&error) else { return (of_library(&error), false) };
        let message = message_of(&error);
        let explained = match code {
            ErrorCode::OperationInterrupted if self.is_hoarding => over_limit(TOO_MUCH_MEMORY),
            ErrorCode::OperationInterrupted => time_is_over(),
            _ if self.is_late => time_is_over(),
            ErrorCode::ConstraintViolation => DatabaseError::new(DatabaseErrorKind::Constraint, message),
            ErrorCode::DiskFull => over_limit(format!(
                "the plugin's database is full: it may have {} MiB",
                self.quota / (1024 * 1024)
            )),
            // Its program would have too many instructions.
            ErrorCode::OutOfMemory => over_limit("the statement is too long or takes too much memory"),
            ErrorCode::TooBig => {
                over_limit(format!("{message}: a value or row is larger than a plugin's may be"))
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                over_limit("the plugin's database was not free in time: another process holds it")
            }
            ErrorCode::AuthorizationForStatementDenied => denied(message),
            ErrorCode::Unknown => return (of_statement(message, self.access), false),
            ErrorCode::SchemaChanged | ErrorCode::TypeMismatch | ErrorCode::ParameterOutOfRange => {
                invalid(message)
            }
            _ => return (failed(format!("the plugin's database failed: {message}")), true),
        };
        (explained, false)
    }
}

fn code_of(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::SqliteFailure(failure, _) => Some(failure.code),
        Error::SqlInputError { error, .. } => Some(error.code),
        _ => None,
    }
}

/// SQLite's words, with the place in the text where it is known.
fn message_of(error: &Error) -> String {
    match error {
        Error::SqliteFailure(failure, None) => failure.to_string(),
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        Error::SqlInputError { msg, offset, .. } => format!("{msg} (at byte {offset} of the statement)"),
        other => other.to_string(),
    }
}

fn of_library(error: &Error) -> DatabaseError {
    match error {
        Error::MultipleStatement => one_statement_only(),
        Error::NulError(_) => invalid("the statement holds a NUL character"),
        other => failed(format!("the plugin's database failed: {other}")),
    }
}

/// A text held more than one statement.
pub(super) fn one_statement_only() -> DatabaseError {
    invalid("one statement only: another one stands behind the first")
}

/// An error in a statement may be a missing permission in disguise: what was not granted does not exist.
fn of_statement(message: String, access: &DatabaseAccess) -> DatabaseError {
    if let Some(table) = missing_table(&message) {
        match Table::of(table) {
            Table::Content if access.content.contains(&content_type(table)) => {
                return invalid(no_content_type(table));
            }
            kind @ (Table::Site(_) | Table::Content) => return denied(out_of_reach(kind, table)),
            Table::Own if !access.own_tables => return denied(own_tables_missing(table)),
            _ => {}
        }
    }
    if let Some(table) =
        message.strip_prefix("table ").and_then(|rest| rest.strip_suffix(" may not be modified"))
    {
        return denied(match Table::of(table) {
            Table::Site(_) | Table::Content => site_is_read_only(table),
            kind => out_of_reach(kind, table),
        });
    }
    if message.starts_with("cannot VACUUM") {
        return denied("VACUUM is never available to plugins");
    }
    if message.starts_with("unsafe use of virtual table") {
        return denied(format!("{message}: the site is not to be read in triggers and views"));
    }
    invalid(message)
}

fn missing_table(message: &str) -> Option<&str> {
    let name = message.strip_prefix("no such table: ")?;
    let name = name.split_once(" (at byte ").map_or(name, |(name, _)| name);
    Some(name.rsplit_once('.').map_or(name, |(_, table)| table))
}
