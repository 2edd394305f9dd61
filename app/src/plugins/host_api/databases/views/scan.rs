//! A search in the site's database, batch by batch.
//!
//! Each batch is one short query that goes on where the last row of the batch before it was, so that a search holds no
//! connection while the plugin's statement thinks, and no more than a batch is in memory.

use std::collections::VecDeque;

use rusqlite::types::Value;
use sea_orm::{DbBackend, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::{
    condition::Condition,
    plan::Plan,
    source::Source,
    tables::{AnyTable, Column, Kind, Table},
};
use crate::clock::Timestamp;

/// Rows in a first batch: many searches want no more.
const FIRST_BATCH: u64 = 16;
/// Rows in a first batch that holds large texts.
const FIRST_LONG_BATCH: u64 = 4;
/// Rows in a batch at most: a longer query would keep others from the connection.
const LARGEST_BATCH: u64 = 256;
/// Bytes that a batch shall hold at most, judged by the batch before it.
const BATCH_BYTES: usize = 1024 * 1024;

/// A row, with the columns that were asked for.
pub(super) struct Row {
    /// Stands for the key; the same whenever the row is read.
    pub(super) rowid: i64,
    pub(super) values: Vec<Value>,
}

/// Which rows are being read, where some have no value in the column that orders them. SQLite puts those before all
/// others; databases differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    Unset,
    Set,
}

/// A search.
pub(super) struct Scan {
    table: AnyTable,
    plan: Plan,
    conditions: Vec<Condition>,
    parts: VecDeque<Part>,
    /// Where the last batch ended, in the order of the part.
    after: Vec<sea_orm::Value>,
    batch: u64,
}

impl Scan {
    pub(super) fn new(source: &Source, plan: Plan, conditions: Vec<Condition>) -> Self {
        let table = source.table.clone();
        let is_long = wanted(&table, &plan).any(|column| column.kind == Kind::LongText);
        let batch = if is_long { FIRST_LONG_BATCH } else { FIRST_BATCH };
        let parts = parts(&table, &plan, &conditions);
        Self { table, plan, conditions, parts, after: Vec::new(), batch }
    }

    /// The next rows; none at the end.
    pub(super) fn next_batch(&mut self, source: &Source) -> rusqlite::Result<Option<Vec<Row>>> {
        while let Some(part) = self.parts.front().copied() {
            let found = source.query(self.statement(source, part))?;
            let batch = self.read(part, &found).map_err(|error| source.unreadable(&error))?;
            if (found.len() as u64) < self.batch {
                self.parts.pop_front();
                self.after.clear();
            }
            self.grow(&batch);
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// What is asked first.
    #[cfg(test)]
    pub(super) fn first_statement(&self, source: &Source) -> Option<Statement> {
        self.parts.front().map(|part| self.statement(source, *part))
    }

    /// The columns that order the part: those of the key last.
    fn order(&self, part: Part) -> Vec<&Column> {
        let leading = self.plan.order.column.filter(|_| part != Part::Unset);
        let leading = leading.and_then(|column| self.table.columns.get(column));
        leading.into_iter().chain(&self.table.columns[..self.table.key]).collect()
    }

    fn read(&mut self, part: Part, found: &[QueryResult]) -> Result<Vec<Row>, DbErr> {
        let order = self.order(part);
        let (first_of_key, end_of_key) = (order.len() - self.table.key, order.len());
        let after = |last: &QueryResult| {
            let positions = order.iter().enumerate().map(|(place, column)| position(last, place, column));
            positions.collect::<Result<Vec<_>, _>>()
        };
        let after = found.last().map(after).transpose()?;
        let row = |row: &QueryResult| {
            let values = wanted(&self.table, &self.plan)
                .zip(end_of_key..)
                .map(|(column, place)| value(row, place, column.kind))
                .collect::<Result<_, _>>()?;
            Ok(Row { rowid: rowid(row, first_of_key..end_of_key)?, values })
        };
        let rows: Result<Vec<Row>, DbErr> = found.iter().map(row).collect();
        if let Some(after) = after {
            self.after = after;
        }
        rows
    }

    /// Large batches for those who read on, unless the rows are large.
    fn grow(&mut self, batch: &[Row]) {
        let bytes: usize = batch.iter().flat_map(|row| &row.values).map(size).sum();
        let each = (bytes / batch.len().max(1)).max(1);
        let fitting = (BATCH_BYTES / each).max(1) as u64;
        self.batch = (self.batch * 4).min(LARGEST_BATCH).min(fitting);
    }

    fn statement(&self, source: &Source, part: Part) -> Statement {
        let mut sql = Sql { backend: source.backend(), text: String::with_capacity(512), values: Vec::new() };
        let order = self.order(part);
        let read = wanted(&self.table, &self.plan).map(|column| &*column.expression);
        let columns: Vec<&str> = order.iter().map(|column| column.searched()).chain(read).collect();
        sql.push(&format!("SELECT {} FROM {} WHERE ", columns.join(", "), self.table.origin));
        sql.push(&(self.table.visible)(source.seen, self.prefix(source.backend())));
        for condition in &self.conditions {
            self.condition(&mut sql, condition);
        }
        self.part(&mut sql, part);
        let (sign, direction) = if self.plan.order.descending { ("<", "DESC") } else { (">", "ASC") };
        if !self.after.is_empty() {
            let columns: Vec<&str> = order.iter().map(|column| column.searched()).collect();
            sql.push(&format!(" AND ({}) {sign} (", columns.join(", ")));
            for (place, value) in self.after.iter().enumerate() {
                sql.push(if place == 0 { "" } else { ", " });
                sql.bind(value.clone());
            }
            sql.push(")");
        }
        let terms: Vec<String> =
            order.iter().map(|column| format!("{} {direction}", column.searched())).collect();
        sql.push(&format!(" ORDER BY {} LIMIT ", terms.join(", ")));
        sql.bind(i64::try_from(self.batch).unwrap_or(i64::MAX).into());
        Statement::from_sql_and_values(sql.backend, sql.text, sql.values)
    }

    /// SQLite would rather look rows up by status and sort all of them for each batch than walk along the key. The
    /// prefix forbids it where the key is the order and no index narrows the search.
    fn prefix(&self, backend: DbBackend) -> &'static str {
        let narrows = |condition: &Condition| condition.uses_index(&self.table);
        let walks = self.plan.order.column.is_none() && !self.conditions.iter().any(narrows);
        if walks && backend == DbBackend::Sqlite { "+" } else { "" }
    }

    fn condition(&self, sql: &mut Sql, condition: &Condition) {
        match condition {
            Condition::Compare { column, operator, value } => {
                let Some(column) = self.table.columns.get(*column) else { return };
                sql.push(&format!(" AND {} {} ", column.searched(), operator.sql()));
                sql.bind(value.clone());
            }
            Condition::Path { kept, slug } => {
                sql.push(" AND (permalink = ");
                sql.bind(kept.as_str().into());
                if let Some(slug) = slug {
                    sql.push(" OR (permalink IS NULL AND slug = ");
                    sql.bind(slug.as_str().into());
                    sql.push(")");
                }
                sql.push(")");
            }
        }
    }

    fn part(&self, sql: &mut Sql, part: Part) {
        let Some(column) = self.plan.order.column.and_then(|column| self.table.columns.get(column)) else {
            return;
        };
        match part {
            Part::All => {}
            Part::Unset => {
                // What finds them through an index, which does not hold what tells them from the smallest value.
                if let Some(indexed) = &column.indexed {
                    sql.push(&format!(" AND {} = {}", indexed.expression, indexed.unset));
                }
                sql.push(&format!(" AND {} IS NULL", column.expression));
            }
            Part::Set => sql.push(&format!(" AND {} IS NOT NULL", column.expression)),
        }
    }
}

/// The columns that the plan wants, in the table's order.
fn wanted<'a>(table: &'a Table, plan: &Plan) -> impl Iterator<Item = &'a Column> + use<'a> {
    let plan = plan.columns;
    table
        .columns
        .iter()
        .zip(0_u32..)
        .filter(move |(_, number)| plan & (1 << number) != 0)
        .map(|(column, _)| column)
}

fn parts(table: &Table, plan: &Plan, conditions: &[Condition]) -> VecDeque<Part> {
    let Some(column) = plan.order.column else { return [Part::All].into() };
    if !table.columns.get(column).is_some_and(|column| column.lookup.is_nullable()) {
        return [Part::All].into();
    }
    // A comparison is never true of what is unset.
    if conditions.iter().any(|condition| condition.is_on(column)) {
        return [Part::Set].into();
    }
    if plan.order.descending { [Part::Set, Part::Unset].into() } else { [Part::Unset, Part::Set].into() }
}

/// The text of a query with the values of its placeholders.
struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<sea_orm::Value>,
}

impl Sql {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: sea_orm::Value) {
        self.values.push(value);
        match self.backend {
            DbBackend::Postgres => self.text.push_str(&format!("${}", self.values.len())),
            _ => self.text.push('?'),
        }
    }
}

/// A value as plugins see it.
fn value(row: &QueryResult, place: usize, kind: Kind) -> Result<Value, DbErr> {
    let value = match kind {
        Kind::Id => {
            let id: Option<Uuid> = row.try_get_by_index(place)?;
            id.map(|id| Value::Text(id.hyphenated().to_string()))
        }
        Kind::Time => {
            let millis: Option<i64> = row.try_get_by_index(place)?;
            millis.map(|millis| Value::Text(Timestamp::from_millis(millis).to_rfc3339()))
        }
        Kind::Integer | Kind::Boolean => row.try_get_by_index::<Option<i64>>(place)?.map(Value::Integer),
        Kind::Real => row.try_get_by_index::<Option<f64>>(place)?.map(Value::Real),
        Kind::Text | Kind::LongText => row.try_get_by_index::<Option<String>>(place)?.map(Value::Text),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// A value as the next batch is compared with it.
fn position(row: &QueryResult, place: usize, column: &Column) -> Result<sea_orm::Value, DbErr> {
    match column.kind {
        Kind::Id => row.try_get_by_index::<Uuid>(place).map(Into::into),
        Kind::Text | Kind::LongText => row.try_get_by_index::<String>(place).map(Into::into),
        // Indexes hold whole numbers as what all numbers are.
        Kind::Integer if column.indexed.is_some() => row.try_get_by_index::<f64>(place).map(Into::into),
        Kind::Real => row.try_get_by_index::<f64>(place).map(Into::into),
        Kind::Integer | Kind::Boolean | Kind::Time => row.try_get_by_index::<i64>(place).map(Into::into),
    }
}

/// SQLite tells rows apart by a number when it looks for either of two things (`a OR b`). Ids are random in more than
/// 60 bits of their lower half, so that this many collide for nobody.
fn rowid(row: &QueryResult, key: std::ops::Range<usize>) -> Result<i64, DbErr> {
    let mut number = 0_u64;
    for place in key {
        let (high, low) = row.try_get_by_index::<Uuid>(place)?.as_u64_pair();
        number = number.rotate_left(17) ^ high ^ low;
    }
    Ok(number.cast_signed())
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        _ => 8,
    }
}
