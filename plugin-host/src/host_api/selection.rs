//! From the typed calls of `fleuron:host/data` to SQL text with placeholders.
//!
//! Names are quoted, values are bound; what the statement may reach is the authorizer's business as for any other.

use super::own_bindings::fleuron::host::data::{Aggregate, Condition, Field, Operator, Selection, Value};
use crate::ports::{DatabaseError, DatabaseErrorKind, SqlValue, Statement, StatementKind};

/// The longest name of a table or column, in bytes.
const MAX_NAME: usize = 128;

/// A statement while it is put together.
pub(super) struct Draft {
    kind: StatementKind,
    sql: String,
    params: Vec<SqlValue>,
}

impl Draft {
    fn new(kind: StatementKind, sql: String) -> Draft {
        Draft { kind, sql, params: Vec::new() }
    }

    fn into_statement(self) -> Statement {
        Statement { kind: self.kind, sql: self.sql, params: self.params }
    }

    fn conditions(&mut self, conditions: Vec<Condition>) -> Result<(), DatabaseError> {
        for (position, condition) in conditions.into_iter().enumerate() {
            self.sql.push_str(if position == 0 { " WHERE " } else { " AND " });
            self.sql.push_str(&quoted(&condition.column)?);
            let (operator, value) = (condition.operator, bound(condition.value));
            match (operator, &value) {
                (Operator::Equal, SqlValue::Null) => self.sql.push_str(" IS NULL"),
                (Operator::NotEqual, SqlValue::Null) => self.sql.push_str(" IS NOT NULL"),
                _ => {
                    self.sql.push_str(comparison(operator));
                    self.params.push(value);
                }
            }
        }
        Ok(())
    }
}

/// `insert`.
pub(super) fn insert(table: &str, row: Vec<Field>) -> Result<Statement, DatabaseError> {
    let table = quoted(table)?;
    if row.is_empty() {
        return Ok(Draft::new(StatementKind::Execute, format!("INSERT INTO {table} DEFAULT VALUES"))
            .into_statement());
    }
    let columns = row.iter().map(|field| quoted(&field.column)).collect::<Result<Vec<_>, _>>()?.join(", ");
    let places = vec!["?"; row.len()].join(", ");
    let sql = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
    let mut draft = Draft::new(StatementKind::Execute, sql);
    draft.params = row.into_iter().map(|field| bound(field.value)).collect();
    Ok(draft.into_statement())
}

/// `fetch-one` and `fetch-all`.
pub(super) fn select(table: &str, selection: Selection) -> Result<Statement, DatabaseError> {
    let mut draft = Draft::new(StatementKind::Query, format!("SELECT * FROM {}", quoted(table)?));
    draft.conditions(selection.conditions)?;
    for (position, order) in selection.order.iter().enumerate() {
        draft.sql.push_str(if position == 0 { " ORDER BY " } else { ", " });
        draft.sql.push_str(&quoted(&order.column)?);
        draft.sql.push_str(if order.descending { " DESC" } else { " ASC" });
    }
    if selection.limit.is_some() || selection.offset.is_some() {
        let limit = selection.limit.map_or(-1, i64::from);
        draft.sql.push_str(&format!(" LIMIT {limit} OFFSET {}", selection.offset.unwrap_or(0)));
    }
    Ok(draft.into_statement())
}

/// `update`.
pub(super) fn update(
    table: &str,
    changes: Vec<Field>,
    conditions: Vec<Condition>,
) -> Result<Statement, DatabaseError> {
    if changes.is_empty() {
        return Err(invalid("there is nothing to change; name a column and its new value"));
    }
    some(&conditions)?;
    let places = changes.iter().map(|field| Ok(format!("{} = ?", quoted(&field.column)?)));
    let places = places.collect::<Result<Vec<_>, DatabaseError>>()?.join(", ");
    let mut draft = Draft::new(StatementKind::Execute, format!("UPDATE {} SET {places}", quoted(table)?));
    draft.params = changes.into_iter().map(|field| bound(field.value)).collect();
    draft.conditions(conditions)?;
    Ok(draft.into_statement())
}

/// `delete`.
pub(super) fn delete(table: &str, conditions: Vec<Condition>) -> Result<Statement, DatabaseError> {
    some(&conditions)?;
    let mut draft = Draft::new(StatementKind::Execute, format!("DELETE FROM {}", quoted(table)?));
    draft.conditions(conditions)?;
    Ok(draft.into_statement())
}

/// `increment`. A null counts as zero.
pub(super) fn increment(
    table: &str,
    column: &str,
    by: i64,
    conditions: Vec<Condition>,
) -> Result<Statement, DatabaseError> {
    some(&conditions)?;
    let (table, column) = (quoted(table)?, quoted(column)?);
    let sql = format!("UPDATE {table} SET {column} = coalesce({column}, 0) + ?");
    let mut draft = Draft::new(StatementKind::Execute, sql);
    draft.params = vec![SqlValue::Integer(by)];
    draft.conditions(conditions)?;
    Ok(draft.into_statement())
}

/// `count`, `sum`: one value over the rows that meet the conditions.
pub(super) fn total(
    table: &str,
    aggregate: &Aggregate,
    conditions: Vec<Condition>,
) -> Result<Statement, DatabaseError> {
    let mut draft =
        Draft::new(StatementKind::Query, format!("SELECT {} FROM {}", function(aggregate)?, quoted(table)?));
    draft.conditions(conditions)?;
    Ok(draft.into_statement())
}

/// `group-by`.
pub(super) fn group(
    table: &str,
    column: &str,
    aggregate: &Aggregate,
    conditions: Vec<Condition>,
) -> Result<Statement, DatabaseError> {
    let (table, column, value) = (quoted(table)?, quoted(column)?, function(aggregate)?);
    let mut draft = Draft::new(StatementKind::Query, format!("SELECT {column}, {value} FROM {table}"));
    draft.conditions(conditions)?;
    draft.sql.push_str(&format!(" GROUP BY {column} ORDER BY {column}"));
    Ok(draft.into_statement())
}

fn function(aggregate: &Aggregate) -> Result<String, DatabaseError> {
    Ok(match aggregate {
        Aggregate::Count => "count(*)".to_owned(),
        Aggregate::Sum(column) => format!("coalesce(sum({}), 0)", quoted(column)?),
        Aggregate::Average(column) => format!("avg({})", quoted(column)?),
        Aggregate::Minimum(column) => format!("min({})", quoted(column)?),
        Aggregate::Maximum(column) => format!("max({})", quoted(column)?),
    })
}

fn comparison(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => " = ?",
        Operator::NotEqual => " <> ?",
        Operator::Less => " < ?",
        Operator::LessOrEqual => " <= ?",
        Operator::Greater => " > ?",
        Operator::GreaterOrEqual => " >= ?",
        Operator::Like => " LIKE ?",
    }
}

/// A name in the brackets that only ever hold names: in double quotes SQLite may take an unknown column for a string.
fn quoted(name: &str) -> Result<String, DatabaseError> {
    if name.is_empty() || name.len() > MAX_NAME || name.contains(['\0', '[', ']']) {
        return Err(invalid(&format!(
            "`{}` is no name of a table or column: 1 to {MAX_NAME} bytes without brackets",
            name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or_default().escape_debug()
        )));
    }
    Ok(format!("[{name}]"))
}

fn bound(value: Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Boolean(flag) => SqlValue::Integer(i64::from(flag)),
        Value::Integer(whole) => SqlValue::Integer(whole),
        Value::Real(real) => SqlValue::Real(real),
        Value::Text(text) => SqlValue::Text(text),
        Value::Blob(bytes) => SqlValue::Blob(bytes),
    }
}

fn some(conditions: &[Condition]) -> Result<(), DatabaseError> {
    match conditions {
        [] => Err(invalid("there is no condition, so this would reach every row; use SQL if that is meant")),
        _ => Ok(()),
    }
}

fn invalid(reason: &str) -> DatabaseError {
    DatabaseError::new(DatabaseErrorKind::Invalid, reason)
}

#[cfg(test)]
mod tests {
    use super::super::own_bindings::fleuron::host::data::Order;
    use super::*;

    fn condition(column: &str, operator: Operator, value: Value) -> Condition {
        Condition { column: column.to_owned(), operator, value }
    }

    #[test]
    fn selections_become_sql() {
        let selection = Selection {
            conditions: vec![
                condition("path", Operator::Equal, Value::Text("/".to_owned())),
                condition("seen at", Operator::NotEqual, Value::Null),
                condition("n", Operator::GreaterOrEqual, Value::Boolean(true)),
            ],
            order: vec![Order { column: "n".to_owned(), descending: true }],
            limit: None,
            offset: Some(3),
        };
        let statement = select("visits", selection).expect("a statement");
        assert_eq!(
            statement.sql,
            "SELECT * FROM [visits] WHERE [path] = ? AND [seen at] IS NOT NULL AND [n] >= ? ORDER BY [n] DESC LIMIT -1 \
             OFFSET 3"
        );
        assert_eq!(statement.params, [SqlValue::Text("/".to_owned()), SqlValue::Integer(1)]);
    }

    #[test]
    fn names_cannot_end_their_brackets() {
        for bad in ["", "a]", "a] = 1; --", "[a", "a\0", &"x".repeat(129)] {
            assert!(quoted(bad).is_err(), "{bad}");
        }
        assert_eq!(quoted("a\"b'c").as_deref(), Ok("[a\"b'c]"));
    }

    #[test]
    fn changing_every_row_takes_more_than_an_empty_list() {
        let field = || vec![Field { column: "a".to_owned(), value: Value::Integer(1) }];
        assert!(update("t", field(), Vec::new()).is_err());
        assert!(update("t", Vec::new(), vec![condition("a", Operator::Equal, Value::Null)]).is_err());
        assert!(delete("t", Vec::new()).is_err());
        assert!(increment("t", "a", 1, Vec::new()).is_err());
        assert!(insert("t", Vec::new()).is_ok());
    }
}
