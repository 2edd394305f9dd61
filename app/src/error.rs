//! One error type for the whole server: a stable code from one table, words for the client, and a private cause
//! that only the log sees.

mod code;
mod problem;

pub use code::ErrorCode;
pub use problem::{FieldError, Problem};

use sea_orm::{DbErr, SqlErr};

/// The result of everything that can fail for a client.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;

/// What went wrong, in the client's words, with the cause kept back for the log.
#[derive(Debug)]
pub struct ApiError {
    code: ErrorCode,
    detail: String,
    fields: Vec<FieldError>,
    plugin: Option<Box<str>>,
    plugin_code: Option<Box<str>>,
    retry_after: Option<u64>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// An error of this code; `detail` tells the client what was wrong and what would be right.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            plugin: None,
            plugin_code: None,
            retry_after: None,
            cause: None,
        }
    }

    /// The input breaks rules; every broken rule is listed.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        let mut error = Self::new(ErrorCode::ValidationFailed, "Some fields are not valid.");
        error.fields = fields;
        error
    }

    /// Names the fields that it is about.
    pub fn about(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    /// The same with other words, for the client.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Something that should never fail did; the client learns no more than that.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error =
            Self::new(ErrorCode::Internal, "Something went wrong here. The error has been logged.");
        error.cause = Some(cause.into());
        error
    }

    /// There is no such thing, or it may not be seen.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    /// Names the plugin that refused.
    pub fn by_plugin(mut self, plugin: impl Into<String>) -> Self {
        self.plugin = Some(plugin.into().into());
        self
    }

    /// The plugin's own code for its reason.
    pub fn with_plugin_code(mut self, code: impl Into<String>) -> Self {
        self.plugin_code = Some(code.into().into());
        self
    }

    /// Says after how many seconds another try makes sense.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Keeps the cause for the log.
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The same error for one more client that waited for the same work. Its cause is kept as text.
    pub fn duplicate(&self) -> Self {
        Self {
            code: self.code,
            detail: self.detail.clone(),
            fields: self.fields.clone(),
            plugin: self.plugin.clone(),
            plugin_code: self.plugin_code.clone(),
            retry_after: self.retry_after,
            cause: self.cause.as_ref().map(|cause| cause.to_string().into()),
        }
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The client's words.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The plugin that refused, if one did.
    pub fn plugin(&self) -> Option<&str> {
        self.plugin.as_deref()
    }

    /// The database's own error, if that is the cause.
    pub fn database_cause(&self) -> Option<&DbErr> {
        self.cause.as_deref()?.downcast_ref()
    }

    /// The broken rules, field by field.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)?;
        for field in &self.fields {
            write!(f, " {}: {}", field.field, field.message)?;
        }
        if let Some(plugin) = &self.plugin {
            write!(f, " [plugin {plugin}")?;
            if let Some(code) = &self.plugin_code {
                write!(f, ", code {code}")?;
            }
            f.write_str("]")?;
        }
        match &self.cause {
            Some(cause) => write!(f, " ({cause})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

impl From<DbErr> for ApiError {
    fn from(error: DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => {
                Self::new(ErrorCode::Unavailable, "The database does not answer. Try again shortly.")
                    .retry_after(1)
                    .caused_by(error)
            }
            other => match other.sql_err() {
                Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                    let detail =
                        "Something that this refers to has just been removed. Read again what there is.";
                    Self::new(ErrorCode::EditConflict, detail).caused_by(other)
                }
                Some(SqlErr::UniqueConstraintViolation(_)) => {
                    let detail = "Somebody else has just taken this name or address. Try again.";
                    Self::new(ErrorCode::EditConflict, detail).caused_by(other)
                }
                // PostgreSQL takes no NUL in text; SQLite does, so nothing is to be found there under such a name either.
                _ if ["invalid byte sequence", "unsupported Unicode escape sequence"]
                    .iter()
                    .any(|words| other.to_string().contains(words)) =>
                {
                    Self::new(ErrorCode::MalformedRequest, "Text must not hold NUL characters.")
                        .caused_by(other)
                }
                _ => Self::internal(other),
            },
        }
    }
}
