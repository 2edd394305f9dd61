//! Why a call on the database failed.

use std::fmt;

/// What kind of reason an [`Error`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The permission is missing.
    NotGranted,
    /// The call is not a good one: no such table or column, a bad name, a value of another type than asked for.
    Invalid,
    /// A constraint of the table forbids it.
    Constraint,
    /// A limit was reached: time, size of the answer, quota.
    OverLimit,
    /// The database could not do it.
    Failed,
}

/// Why a call on the database failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of reason.
    pub code: ErrorCode,
    /// The reason, in words for the plugin's author.
    pub message: String,
}

impl Error {
    /// An error of this kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Error {
        Error { code, message: message.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
