//! SQL in JSON, and transactions.

use super::Permission;
use super::sqlite::{Database, Granted, Rows, Statement, StatementKind};
use super::state::State;
use crate::data::{Error, ErrorCode, Value};
use crate::json::Json;

impl State {
    /// The database, opened when it is first needed.
    pub(super) fn database(&mut self) -> Result<&mut Database, Error> {
        if self.database.is_none() {
            self.database = Some(Database::open()?);
        }
        self.database.as_mut().ok_or_else(|| Error::new(ErrorCode::Failed, "the database cannot be opened"))
    }

    /// `db-query`.
    pub(super) fn query(&mut self, sql: &str, params: Option<&str>) -> Result<Json, Error> {
        self.statement("db-query", StatementKind::Query, sql, params).map(rows)
    }

    /// `db-execute`.
    pub(super) fn execute(&mut self, sql: &str, params: Option<&str>) -> Result<Json, Error> {
        let changed = self.statement("db-execute", StatementKind::Execute, sql, params)?.changed;
        Ok(Json::Object(vec![("rows_affected".to_owned(), Json::Integer(changed))]))
    }

    fn statement(
        &mut self,
        call: &str,
        kind: StatementKind,
        sql: &str,
        params: Option<&str>,
    ) -> Result<Rows, Error> {
        self.permit(Permission::Database, call)?;
        match read_params(params) {
            Ok(params) => self.run(call, &Statement { kind, sql: sql.to_owned(), params }),
            Err(error) => {
                self.complain(call, &error.message);
                Err(error)
            }
        }
    }

    /// Carries out a statement within what is granted; a failure is logged.
    pub(super) fn run(&mut self, call: &str, statement: &Statement) -> Result<Rows, Error> {
        self.count_statement();
        let denied_view = |permission: &Permission| match permission {
            Permission::View(view) => Some(*view),
            _ => None,
        };
        let granted = Granted {
            own_tables: !self.denied.contains(&Permission::OwnTables),
            denied_views: self.denied.iter().filter_map(denied_view).collect(),
        };
        let outcome = self.database().and_then(|database| database.run(statement, granted));
        outcome.inspect_err(|error| self.complain(call, &error.message))
    }

    /// `db-begin`.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.permit(Permission::Database, "db-begin")?;
        if self.transaction.is_some() {
            return self
                .misplaced("db-begin", "a transaction is open already; commit it or roll it back first");
        }
        self.count_statement();
        self.database()?.control("BEGIN IMMEDIATE")?;
        self.transaction = Some(self.data.clone());
        Ok(())
    }

    /// `db-commit`.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.permit(Permission::Database, "db-commit")?;
        self.count_statement();
        if self.transaction.take().is_none() {
            return self.misplaced("db-commit", "no transaction is open; begin one first");
        }
        self.database()?.control("COMMIT")
    }

    /// `db-rollback`.
    pub(super) fn rollback(&mut self) -> Result<(), Error> {
        self.permit(Permission::Database, "db-rollback")?;
        self.count_statement();
        let Some(data) = self.transaction.take() else {
            return self.misplaced("db-rollback", "no transaction is open; begin one first");
        };
        self.data = data;
        self.database()?.control("ROLLBACK")
    }

    /// Rolls the tables back, whoever may no longer ask for it.
    pub(super) fn undo(&mut self) {
        if let Some(Err(error)) = self.database.as_ref().map(|database| database.control("ROLLBACK")) {
            self.complain("db-rollback", &error.message);
        }
    }

    /// Ends the hook call where a test wants that, before anything is done.
    fn count_statement(&mut self) {
        self.statements += 1;
        if self.interruption.is_some_and(|last| self.statements > last) {
            self.interruption = None;
            panic!("interrupted by the test before call {} on the database", self.statements);
        }
    }

    fn misplaced(&mut self, call: &str, reason: &str) -> Result<(), Error> {
        self.complain(call, reason);
        Err(Error::new(ErrorCode::Invalid, reason))
    }
}

/// The values of a statement's placeholders.
fn read_params(text: Option<&str>) -> Result<Vec<Value>, Error> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    match Json::parse(text) {
        Ok(Json::Null) => Ok(Vec::new()),
        Ok(Json::Array(values)) => Ok(values.into_iter().map(bound).collect()),
        Ok(_) => {
            let reason = "params is no JSON array; write one value for each `?`, as in [1, \"a\"]";
            Err(Error::new(ErrorCode::Invalid, reason))
        }
        Err(reason) => Err(Error::new(ErrorCode::Invalid, format!("params is not valid JSON: {reason}"))),
    }
}

fn bound(value: Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Boolean(flag) => Value::Integer(flag.into()),
        Json::Integer(whole) => Value::Integer(whole),
        Json::Real(real) => Value::Real(real),
        Json::Text(text) => Value::Text(text),
        nested => Value::Text(nested.to_string()),
    }
}

/// Rows as an array of objects. Of columns with the same name the last one counts.
fn rows(rows: Rows) -> Json {
    let is_last: Vec<bool> = (0..rows.columns.len())
        .map(|position| !rows.columns[position + 1..].contains(&rows.columns[position]))
        .collect();
    let object = |row: Vec<Value>| {
        let fields = rows.columns.iter().zip(row).zip(&is_last).filter(|(_, is_last)| **is_last);
        Json::Object(fields.map(|((column, value), _)| (column.clone(), shown(value))).collect())
    };
    Json::Array(rows.rows.into_iter().map(object).collect())
}

fn shown(value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => Json::Integer(flag.into()),
        Value::Integer(whole) => Json::Integer(whole),
        Value::Real(real) => Json::Real(real),
        Value::Text(text) => Json::Text(text),
        Value::Blob(bytes) => Json::Text(base64(&bytes)),
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |position: usize| u32::from(chunk.get(position).copied().unwrap_or_default());
        let group = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for position in 0..4 {
            let sextet = (group >> (18 - 6 * position)) & 0x3f;
            text.push(if position > chunk.len() { '=' } else { char::from(ALPHABET[sextet as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn bytes_are_written_in_base64() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
