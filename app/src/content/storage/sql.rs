//! The text of a statement, with the values of its placeholders.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement, Value};

/// As many ids as one statement is given; both databases take far more.
pub(super) const CHUNK: usize = 500;

/// A statement in the making.
pub(super) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    /// One that begins with this text.
    pub(super) fn new(backend: DbBackend, text: &str) -> Self {
        Self { backend, text: text.to_owned(), values: Vec::new() }
    }

    /// Adds text as it is.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder for this value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        match self.backend {
            DbBackend::Postgres => self.text.push_str(&format!("${}", self.values.len())),
            _ => self.text.push('?'),
        }
        self
    }

    /// Adds a list in brackets, to compare with `IN`. No value is in an empty one.
    pub(super) fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        self.push("(");
        let mut is_empty = true;
        for value in values {
            if !is_empty {
                self.push(", ");
            }
            self.bind(value);
            is_empty = false;
        }
        self.push(if is_empty { "NULL)" } else { ")" })
    }

    /// The statement.
    pub(super) fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }

    /// Runs it for its effect.
    pub(super) async fn execute(self, database: &impl ConnectionTrait) -> Result<ExecResult, DbErr> {
        database.execute_raw(self.statement()).await
    }

    /// Runs it for the rows that it changes.
    pub(super) async fn affected(self, database: &impl ConnectionTrait) -> Result<u64, DbErr> {
        self.execute(database).await.map(|result| result.rows_affected())
    }

    /// Its first row.
    pub(super) async fn one(self, database: &impl ConnectionTrait) -> Result<Option<QueryResult>, DbErr> {
        database.query_one_raw(self.statement()).await
    }

    /// Its rows.
    pub(super) async fn all(self, database: &impl ConnectionTrait) -> Result<Vec<QueryResult>, DbErr> {
        database.query_all_raw(self.statement()).await
    }

    /// The number in its first row, as of `SELECT COUNT(*)`.
    pub(super) async fn number(self, database: &impl ConnectionTrait) -> Result<u64, DbErr> {
        let number: i64 = match self.one(database).await? {
            Some(row) => row.try_get_by_index(0)?,
            None => 0,
        };
        Ok(u64::try_from(number).unwrap_or(0))
    }
}

/// A limit or an offset as databases take it.
pub(super) fn limit(rows: u64) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}
