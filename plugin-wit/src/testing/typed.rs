//! The calls of `data` as SQL. Names are quoted, values are bound.

use super::Permission;
use super::sqlite::{Rows, Statement, StatementKind};
use super::state::State;
use crate::data::{Aggregate, Condition, Error, ErrorCode, Field, Group, Operator, Row, Selection, Value};

/// The longest name of a table or column, in bytes.
const MAX_NAME: usize = 128;

impl State {
    fn typed(&mut self, call: &str, statement: Result<Statement, Error>) -> Result<Rows, Error> {
        self.permit(Permission::OwnTables, call)?;
        match statement {
            Ok(statement) => self.run(call, &statement),
            Err(error) => {
                self.complain(call, &error.message);
                Err(error)
            }
        }
    }

    fn changed(&mut self, call: &str, statement: Result<Statement, Error>) -> Result<u64, Error> {
        Ok(self.typed(call, statement)?.changed.unsigned_abs())
    }

    pub(super) fn insert(&mut self, table: &str, row: &Row) -> Result<i64, Error> {
        Ok(self.typed("data.insert", insert(table, row.fields()))?.last_insert_id)
    }

    pub(super) fn fetch(
        &mut self,
        call: &str,
        table: &str,
        selection: &Selection,
    ) -> Result<Vec<Row>, Error> {
        let found = self.typed(call, select(table, selection))?;
        let columns = &found.columns;
        Ok(found.rows.into_iter().map(|row| columns.iter().map(String::as_str).zip(row).collect()).collect())
    }

    pub(super) fn update(
        &mut self,
        table: &str,
        changes: &Row,
        conditions: &[Condition],
    ) -> Result<u64, Error> {
        self.changed("data.update", update(table, changes.fields(), conditions))
    }

    pub(super) fn delete(&mut self, table: &str, conditions: &[Condition]) -> Result<u64, Error> {
        self.changed("data.delete", delete(table, conditions))
    }

    pub(super) fn increment(
        &mut self,
        table: &str,
        column: &str,
        by: i64,
        conditions: &[Condition],
    ) -> Result<u64, Error> {
        self.changed("data.increment", increment(table, column, by, conditions))
    }

    pub(super) fn total(
        &mut self,
        call: &str,
        table: &str,
        aggregate: &Aggregate,
        conditions: &[Condition],
    ) -> Result<Value, Error> {
        let found = self.typed(call, total(table, aggregate, conditions))?;
        Ok(found.rows.into_iter().flatten().next().unwrap_or_default())
    }

    pub(super) fn group(
        &mut self,
        table: &str,
        column: &str,
        aggregate: &Aggregate,
        conditions: &[Condition],
    ) -> Result<Vec<Group>, Error> {
        let found = self.typed("data.group-by", group(table, column, aggregate, conditions))?;
        let group = |row: Vec<Value>| {
            let mut values = row.into_iter();
            Group { key: values.next().unwrap_or_default(), value: values.next().unwrap_or_default() }
        };
        Ok(found.rows.into_iter().map(group).collect())
    }
}

fn insert(table: &str, row: &[Field]) -> Result<Statement, Error> {
    let table = quoted(table)?;
    let (columns, params) = assignments(row)?;
    let sql = if columns.is_empty() {
        format!("INSERT INTO {table} DEFAULT VALUES")
    } else {
        format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            vec!["?"; columns.len()].join(", ")
        )
    };
    Ok(Statement { kind: StatementKind::Execute, sql, params })
}

fn select(table: &str, selection: &Selection) -> Result<Statement, Error> {
    let (met, params) = requirements(&selection.conditions)?;
    let mut sql = format!("SELECT * FROM {}{met}", quoted(table)?);
    for (position, order) in selection.order.iter().enumerate() {
        sql.push_str(if position == 0 { " ORDER BY " } else { ", " });
        sql.push_str(&quoted(&order.column)?);
        sql.push_str(if order.descending { " DESC" } else { " ASC" });
    }
    let (limit, offset) = (selection.limit.map_or(-1, i64::from), selection.offset.unwrap_or(0));
    sql.push_str(&format!(" LIMIT {limit} OFFSET {offset}"));
    Ok(Statement { kind: StatementKind::Query, sql, params })
}

fn update(table: &str, changes: &[Field], conditions: &[Condition]) -> Result<Statement, Error> {
    if changes.is_empty() {
        return Err(invalid("there is nothing to change; name a column and its new value"));
    }
    let (columns, mut params) = assignments(changes)?;
    let (met, values) = some_requirements(conditions)?;
    params.extend(values);
    let places: Vec<String> = columns.iter().map(|column| format!("{column} = ?")).collect();
    let sql = format!("UPDATE {} SET {}{met}", quoted(table)?, places.join(", "));
    Ok(Statement { kind: StatementKind::Execute, sql, params })
}

fn delete(table: &str, conditions: &[Condition]) -> Result<Statement, Error> {
    let (met, params) = some_requirements(conditions)?;
    Ok(Statement {
        kind: StatementKind::Execute,
        sql: format!("DELETE FROM {}{met}", quoted(table)?),
        params,
    })
}

fn increment(table: &str, column: &str, by: i64, conditions: &[Condition]) -> Result<Statement, Error> {
    let (met, values) = some_requirements(conditions)?;
    let column = quoted(column)?;
    let sql = format!("UPDATE {} SET {column} = coalesce({column}, 0) + ?{met}", quoted(table)?);
    let params = std::iter::once(Value::Integer(by)).chain(values).collect();
    Ok(Statement { kind: StatementKind::Execute, sql, params })
}

fn total(table: &str, aggregate: &Aggregate, conditions: &[Condition]) -> Result<Statement, Error> {
    let (met, params) = requirements(conditions)?;
    let sql = format!("SELECT {} FROM {}{met}", function(aggregate)?, quoted(table)?);
    Ok(Statement { kind: StatementKind::Query, sql, params })
}

fn group(
    table: &str,
    column: &str,
    aggregate: &Aggregate,
    conditions: &[Condition],
) -> Result<Statement, Error> {
    let (met, params) = requirements(conditions)?;
    let (table, column, value) = (quoted(table)?, quoted(column)?, function(aggregate)?);
    let sql = format!("SELECT {column}, {value} FROM {table}{met} GROUP BY {column} ORDER BY {column}");
    Ok(Statement { kind: StatementKind::Query, sql, params })
}

/// Quoted columns, and their values.
fn assignments(fields: &[Field]) -> Result<(Vec<String>, Vec<Value>), Error> {
    let columns = fields.iter().map(|field| quoted(&field.column)).collect::<Result<_, _>>()?;
    Ok((columns, fields.iter().map(|field| field.value.clone()).collect()))
}

/// ` WHERE ...`, or nothing where there are no conditions, and the values to bind.
fn requirements(conditions: &[Condition]) -> Result<(String, Vec<Value>), Error> {
    let (mut sql, mut values) = (String::new(), Vec::new());
    for (position, condition) in conditions.iter().enumerate() {
        sql.push_str(if position == 0 { " WHERE " } else { " AND " });
        sql.push_str(&quoted(&condition.column)?);
        sql.push_str(match (condition.operator, &condition.value) {
            (Operator::Equal, Value::Null) => " IS NULL",
            (Operator::NotEqual, Value::Null) => " IS NOT NULL",
            (operator, value) => {
                values.push(value.clone());
                comparison(operator)
            }
        });
    }
    Ok((sql, values))
}

fn some_requirements(conditions: &[Condition]) -> Result<(String, Vec<Value>), Error> {
    match conditions {
        [] => Err(invalid("there is no condition, so this would reach every row; use SQL if that is meant")),
        conditions => requirements(conditions),
    }
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

fn function(aggregate: &Aggregate) -> Result<String, Error> {
    Ok(match aggregate {
        Aggregate::Count => "count(*)".to_owned(),
        Aggregate::Sum(column) => format!("coalesce(sum({}), 0)", quoted(column)?),
        Aggregate::Average(column) => format!("avg({})", quoted(column)?),
        Aggregate::Minimum(column) => format!("min({})", quoted(column)?),
        Aggregate::Maximum(column) => format!("max({})", quoted(column)?),
    })
}

/// A name in brackets: in double quotes SQLite may take an unknown column for a string.
fn quoted(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.len() > MAX_NAME || name.contains(['\0', '[', ']']) {
        let reason =
            format!("{name:?} is no name of a table or column: 1 to {MAX_NAME} bytes without brackets");
        return Err(invalid(&reason));
    }
    Ok(format!("[{name}]"))
}

fn invalid(reason: &str) -> Error {
    Error::new(ErrorCode::Invalid, reason)
}
