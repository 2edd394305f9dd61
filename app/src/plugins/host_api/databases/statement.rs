//! One statement of a plugin, from its text to its rows.

use fleuron_plugin_host::ports::{DatabaseError, Rows, SqlValue, Statement, StatementKind};
use rusqlite::{
    Batch,
    fallible_iterator::FallibleIterator as _,
    types::{ToSql, ToSqlOutput, ValueRef},
};

use super::{
    DatabaseLimits,
    error::{invalid, one_statement_only, over_limit},
    names::HOST_PREFIX,
    session::Session,
};

/// Texts up to this many bytes are kept prepared.
const KEPT_TEXT: usize = 4096;

/// Where a statement runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On a connection that can only read.
    Reader,
    /// By itself, on the connection that writes.
    Alone,
    /// Within the transaction that is open on the connection.
    Transaction,
}

/// What came of running a statement.
#[derive(Debug, PartialEq)]
pub(super) enum Ran {
    /// It ran.
    Rows(Rows),
    /// It did not run: it writes, which it cannot where it was to run.
    NeedsWriter,
}

impl Session {
    /// Runs one statement. One that fails changes nothing; whether a transaction is still open afterwards says
    /// [`Session::is_at_rest`].
    pub(super) fn run(
        &self,
        statement: &Statement,
        place: Place,
        limits: &DatabaseLimits,
    ) -> Result<Ran, DatabaseError> {
        let sql = self.one_statement(&statement.sql, limits)?;
        let connection = self.connection();
        self.begin_statement();
        // What is kept prepared keeps what it was allowed, and the host's statements are allowed more.
        if sql.len() <= KEPT_TEXT && !sql.contains(HOST_PREFIX) {
            let mut prepared = connection.prepare_cached(sql).map_err(|error| self.explain(error))?;
            self.carry_out(&mut prepared, statement, place, limits)
        } else {
            let mut prepared = connection.prepare(sql).map_err(|error| self.explain(error))?;
            self.carry_out(&mut prepared, statement, place, limits)
        }
    }

    /// The text without what may stand around one statement. SQLite itself decides what a statement is: only a text
    /// without any semicolon needs no asking.
    fn one_statement<'a>(&self, sql: &'a str, limits: &DatabaseLimits) -> Result<&'a str, DatabaseError> {
        if sql.len() > limits.sql_bytes {
            let (length, allowed) = (sql.len(), limits.sql_bytes);
            return Err(over_limit(format!("the statement has {length} bytes; {allowed} are allowed")));
        }
        if sql.contains('\0') {
            return Err(invalid("the statement holds a NUL character"));
        }
        self.views().check(sql)?;
        let sql = sql.trim_matches(|character: char| character.is_ascii_whitespace() || character == ';');
        if sql.contains(';') {
            self.begin_statement();
            let mut batch = Batch::new(self.connection(), sql);
            let first = batch.next().map_err(|error| self.explain(error))?;
            // Whatever stands there, be it nonsense, is one too many.
            if first.is_some() && !matches!(batch.next(), Ok(None)) {
                return Err(one_statement_only());
            }
        }
        Ok(sql)
    }

    fn carry_out(
        &self,
        prepared: &mut rusqlite::Statement<'_>,
        statement: &Statement,
        place: Place,
        limits: &DatabaseLimits,
    ) -> Result<Ran, DatabaseError> {
        let writes = !prepared.readonly() && prepared.is_explain() == 0;
        let answers = prepared.column_count() > 0;
        if !writes && !answers {
            return Err(invalid("there is no statement"));
        }
        let (given, wanted) = (statement.params.len(), prepared.parameter_count());
        if given != wanted {
            return Err(invalid(format!(
                "the statement has {wanted} placeholders; {given} parameters are given"
            )));
        }
        if !writes && statement.kind == StatementKind::Execute {
            return Err(invalid("the statement only reads; use db-query"));
        }
        if writes && place == Place::Reader {
            return Ok(Ran::NeedsWriter);
        }
        for (index, value) in (1..).zip(&statement.params) {
            prepared.raw_bind_parameter(index, Bound(value)).map_err(|error| self.explain(error))?;
        }
        // An answer that grows too large ends after the change was made.
        let undo = writes && answers;
        if undo {
            self.begin_step(place)?;
        }
        self.forget_insert();
        let outcome = self.collect(prepared, statement.kind, limits);
        if undo {
            self.end_step(place, outcome.is_ok())?;
        }
        let mut rows = outcome?;
        if writes {
            rows.changed = self.connection().changes();
            rows.last_insert_id = self.inserted(&statement.sql);
        }
        Ok(Ran::Rows(rows))
    }

    fn collect(
        &self,
        prepared: &mut rusqlite::Statement<'_>,
        kind: StatementKind,
        limits: &DatabaseLimits,
    ) -> Result<Rows, DatabaseError> {
        let columns: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
        let mut answer = Answer::new(&columns, limits);
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.explain(error))? {
            if kind == StatementKind::Query {
                answer.add(row).map_err(|error| self.explain(error))??;
            }
        }
        Ok(Rows { columns, rows: answer.rows, changed: 0, last_insert_id: 0 })
    }

    /// The rowid of the row that the statement just inserted; 0 where it inserted none.
    fn inserted(&self, sql: &str) -> i64 {
        if self.has_inserted() && inserts(sql) { self.connection().last_insert_rowid() } else { 0 }
    }
}

struct Answer<'a> {
    rows: Vec<Vec<SqlValue>>,
    width: usize,
    /// What each row's names take: in JSON they come with every row.
    names: usize,
    bytes: usize,
    limits: &'a DatabaseLimits,
}

impl<'a> Answer<'a> {
    fn new(columns: &[String], limits: &'a DatabaseLimits) -> Self {
        let names = columns.iter().map(|name| name.len() + 4).sum();
        Self { rows: Vec::new(), width: columns.len(), names, bytes: 0, limits }
    }

    fn add(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<Result<(), DatabaseError>> {
        if self.rows.len() == self.limits.answer_rows {
            let allowed = self.limits.answer_rows;
            return Ok(Err(over_limit(format!("the answer has more than {allowed} rows; add a LIMIT"))));
        }
        self.bytes = self.bytes.saturating_add(self.names);
        let mut values = Vec::with_capacity(self.width);
        for index in 0..self.width {
            let value = row.get_ref(index)?;
            self.bytes = self.bytes.saturating_add(size(value));
            if self.bytes > self.limits.answer_bytes {
                let allowed = self.limits.answer_bytes;
                return Ok(Err(over_limit(format!(
                    "the answer has more than {allowed} bytes; ask for less"
                ))));
            }
            values.push(owned(value));
        }
        self.rows.push(values);
        Ok(Ok(()))
    }
}

/// What a value takes in the answer, about.
fn size(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => 8,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() + 8,
    }
}

fn owned(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Integer(number),
        ValueRef::Real(number) => SqlValue::Real(number),
        // SQLite does not keep texts from holding other bytes.
        ValueRef::Text(bytes) => SqlValue::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
    }
}

struct Bound<'a>(&'a SqlValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(number) => ValueRef::Integer(*number),
            SqlValue::Real(number) => ValueRef::Real(*number),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Whether a statement's first word says that it inserts, or does not tell.
fn inserts(sql: &str) -> bool {
    let mut rest = sql.trim_start_matches([' ', '\t', '\n', '\r', '\x0c', ';']);
    while let Some(behind) = comment(rest) {
        rest = behind.trim_start_matches([' ', '\t', '\n', '\r', '\x0c', ';']);
    }
    let length = rest.find(|character: char| !character.is_ascii_alphabetic()).unwrap_or(rest.len());
    ["insert", "replace", "with"].iter().any(|word| rest[..length].eq_ignore_ascii_case(word))
}

/// What stands behind the comment that a text begins with.
fn comment(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix("--") {
        return Some(rest.split_once('\n').map_or("", |(_, behind)| behind));
    }
    let rest = text.strip_prefix("/*")?;
    Some(rest.split_once("*/").map_or("", |(_, behind)| behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells_inserts() {
        for sql in
            ["INSERT INTO t", " ;replace into t", "-- a\n/* b */ insert", "WITH a AS (SELECT 1) INSERT"]
        {
            assert!(inserts(sql), "{sql}");
        }
        for sql in ["UPDATE t SET a = 'insert'", "", "-- insert", "/* insert", "inserted"] {
            assert!(!inserts(sql), "{sql}");
        }
    }
}
