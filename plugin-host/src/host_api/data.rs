//! `fleuron:host/data`: typed calls on the plugin's own tables.

use uuid::Uuid;

use super::own_bindings::fleuron::host::data::{
    Aggregate, Condition, Error, ErrorCode, Field, Group, Host, Selection, Value,
};
use super::selection;
use crate::capability::Capability;
use crate::guest_state::GuestState;
use crate::ports::{DatabaseError, DatabaseErrorKind, Rows, SqlValue, Statement};

impl GuestState {
    async fn typed(
        &mut self,
        call: &'static str,
        statement: impl FnOnce() -> Result<Statement, DatabaseError> + Send,
    ) -> wasmtime::Result<Result<Rows, Error>> {
        self.call.spend_host_call()?;
        if let Err(message) = self.permit(Capability::OwnTables, call) {
            return Ok(Err(Error { code: ErrorCode::NotGranted, message }));
        }
        let outcome = match statement() {
            Ok(statement) => self.run(call, statement).await,
            Err(error) => {
                self.complain(call, &error.message);
                Err(error)
            }
        };
        Ok(outcome.map_err(Error::from))
    }
}

impl From<DatabaseError> for Error {
    fn from(error: DatabaseError) -> Error {
        let code = match error.kind {
            DatabaseErrorKind::Denied => ErrorCode::NotGranted,
            DatabaseErrorKind::Invalid => ErrorCode::Invalid,
            DatabaseErrorKind::Constraint => ErrorCode::Constraint,
            DatabaseErrorKind::OverLimit => ErrorCode::OverLimit,
            DatabaseErrorKind::Failed => ErrorCode::Failed,
        };
        Error { code, message: error.message }
    }
}

fn value(value: SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(whole) => Value::Integer(whole),
        SqlValue::Real(real) => Value::Real(real),
        SqlValue::Text(text) => Value::Text(text),
        SqlValue::Blob(bytes) => Value::Blob(bytes),
    }
}

fn fields(columns: &[String], row: Vec<SqlValue>) -> Vec<Field> {
    let pairs = columns.iter().zip(row);
    pairs.map(|(column, found)| Field { column: column.clone(), value: value(found) }).collect()
}

/// The one value of a statement that answers one.
fn single(rows: Rows) -> Value {
    rows.rows.into_iter().flatten().next().map_or(Value::Null, value)
}

impl Host for GuestState {
    async fn insert(&mut self, table: String, row: Vec<Field>) -> wasmtime::Result<Result<i64, Error>> {
        let rows = self.typed("data.insert", || selection::insert(&table, row)).await?;
        Ok(rows.map(|rows| rows.last_insert_id))
    }

    async fn fetch_one(
        &mut self,
        table: String,
        selection: Selection,
    ) -> wasmtime::Result<Result<Option<Vec<Field>>, Error>> {
        let first = Selection { limit: Some(selection.limit.map_or(1, |limit| limit.min(1))), ..selection };
        let rows = self.typed("data.fetch-one", || selection::select(&table, first)).await?;
        Ok(rows.map(|rows| rows.rows.into_iter().next().map(|row| fields(&rows.columns, row))))
    }

    async fn fetch_all(
        &mut self,
        table: String,
        selection: Selection,
    ) -> wasmtime::Result<Result<Vec<Vec<Field>>, Error>> {
        let rows = self.typed("data.fetch-all", || selection::select(&table, selection)).await?;
        Ok(rows.map(|rows| rows.rows.into_iter().map(|row| fields(&rows.columns, row)).collect()))
    }

    async fn update(
        &mut self,
        table: String,
        changes: Vec<Field>,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let rows = self.typed("data.update", || selection::update(&table, changes, conditions)).await?;
        Ok(rows.map(|rows| rows.changed))
    }

    async fn delete(
        &mut self,
        table: String,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let rows = self.typed("data.delete", || selection::delete(&table, conditions)).await?;
        Ok(rows.map(|rows| rows.changed))
    }

    async fn count(
        &mut self,
        table: String,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let rows =
            self.typed("data.count", || selection::total(&table, &Aggregate::Count, conditions)).await?;
        Ok(rows.map(|rows| match single(rows) {
            Value::Integer(count) => count.unsigned_abs(),
            _ => 0,
        }))
    }

    async fn increment(
        &mut self,
        table: String,
        column: String,
        by: i64,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let rows =
            self.typed("data.increment", || selection::increment(&table, &column, by, conditions)).await?;
        Ok(rows.map(|rows| rows.changed))
    }

    async fn sum(
        &mut self,
        table: String,
        column: String,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<Value, Error>> {
        let total = || selection::total(&table, &Aggregate::Sum(column), conditions);
        Ok(self.typed("data.sum", total).await?.map(single))
    }

    async fn group_by(
        &mut self,
        table: String,
        column: String,
        aggregate: Aggregate,
        conditions: Vec<Condition>,
    ) -> wasmtime::Result<Result<Vec<Group>, Error>> {
        let groups = || selection::group(&table, &column, &aggregate, conditions);
        let rows = self.typed("data.group-by", groups).await?;
        let group = |row: Vec<SqlValue>| {
            let mut values = row.into_iter().map(value);
            let (key, value) = (values.next(), values.next());
            Group { key: key.unwrap_or(Value::Null), value: value.unwrap_or(Value::Null) }
        };
        Ok(rows.map(|rows| rows.rows.into_iter().map(group).collect()))
    }

    fn new_id(&mut self) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        Ok(Uuid::now_v7().to_string())
    }
}
