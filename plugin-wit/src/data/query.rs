//! Which rows, and what to do with them.

use super::{Error, ErrorCode, Row, Value};
#[cfg(target_family = "wasm")]
use crate::backend::HostBackend;
use crate::backend::call;

/// How a column is compared with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The same. With NULL: the column is NULL.
    Equal,
    /// Not the same. With NULL: the column is not NULL.
    NotEqual,
    /// Less.
    Less,
    /// Less or the same.
    LessOrEqual,
    /// More.
    Greater,
    /// More or the same.
    GreaterOrEqual,
    /// Like a pattern: `%` stands for any characters, `_` for one; letters from a to z in either case.
    Like,
}

/// A column compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The column's name.
    pub column: String,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with.
    pub value: Value,
}

/// A column to order rows by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The column's name.
    pub column: String,
    /// Whether the largest come first.
    pub descending: bool,
}

/// Rows that meet all conditions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// What they must meet.
    pub conditions: Vec<Condition>,
    /// Their order, by the first column first.
    pub order: Vec<Order>,
    /// How many at most.
    pub limit: Option<u32>,
    /// How many to leave out before the first.
    pub offset: Option<u32>,
}

/// What to work out for each group of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// How many rows.
    Count,
    /// The sum of a column.
    Sum(String),
    /// The average of a column.
    Average(String),
    /// The smallest value of a column.
    Minimum(String),
    /// The largest value of a column.
    Maximum(String),
}

/// What was worked out for the rows that have `key` in a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What the rows have in common.
    pub key: Value,
    /// What was worked out.
    pub value: Value,
}

/// A call on one table, begun by [`data::table`](crate::data::table): conditions, then what to do.
///
/// All that end it fail with an [`Error`]: [`ErrorCode::NotGranted`] without `database = ["own"]`,
/// [`ErrorCode::Invalid`] where there is no such table or column.
#[derive(Clone, Debug)]
#[must_use = "a query does nothing until it is told what to do, as with `fetch_all`"]
pub struct Query {
    table: String,
    selection: Selection,
}

impl Query {
    pub(super) fn new(table: String) -> Query {
        Query { table, selection: Selection::default() }
    }

    /// Only rows whose column compares so with the value.
    pub fn filter(mut self, column: impl Into<String>, operator: Operator, value: impl Into<Value>) -> Query {
        self.selection.conditions.push(Condition { column: column.into(), operator, value: value.into() });
        self
    }

    /// Only rows with this value in the column; short for [`Query::filter`] with [`Operator::Equal`].
    pub fn equal(self, column: impl Into<String>, value: impl Into<Value>) -> Query {
        self.filter(column, Operator::Equal, value)
    }

    /// Orders the rows by a column, the smallest first; behind the columns named before.
    pub fn order_by(mut self, column: impl Into<String>) -> Query {
        self.selection.order.push(Order { column: column.into(), descending: false });
        self
    }

    /// Turns the order by the column named last around: the largest first.
    pub fn descending(mut self) -> Query {
        if let Some(order) = self.selection.order.last_mut() {
            order.descending = true;
        }
        self
    }

    /// So many rows at most.
    pub fn limit(mut self, rows: u32) -> Query {
        self.selection.limit = Some(rows);
        self
    }

    /// Leaves out so many rows before the first.
    pub fn offset(mut self, rows: u32) -> Query {
        self.selection.offset = Some(rows);
        self
    }

    /// The rows, each with all columns.
    ///
    /// # Errors
    /// [`ErrorCode::OverLimit`] where they are too many for one answer; and see [`Query`].
    pub fn fetch_all(self) -> Result<Vec<Row>, Error> {
        call(|host| host.data_fetch_all(&self.table, &self.selection))
    }

    /// The first of the rows.
    ///
    /// # Errors
    /// See [`Query`].
    pub fn fetch_one(self) -> Result<Option<Row>, Error> {
        call(|host| host.data_fetch_one(&self.table, &self.selection))
    }

    /// Changes columns of the rows and answers how many rows there were. At least one condition is required.
    ///
    /// # Errors
    /// [`ErrorCode::Constraint`] where the table forbids it; and see [`Query`].
    pub fn update(self, changes: Row) -> Result<u64, Error> {
        let conditions = self.conditions("update")?;
        call(|host| host.data_update(&self.table, &changes, conditions))
    }

    /// Removes the rows and answers how many there were. At least one condition is required.
    ///
    /// # Errors
    /// [`ErrorCode::Constraint`] where a table forbids it; and see [`Query`].
    pub fn delete(self) -> Result<u64, Error> {
        let conditions = self.conditions("delete")?;
        call(|host| host.data_delete(&self.table, conditions))
    }

    /// Adds to a column of the rows, where NULL counts as 0, and answers how many rows there were. At least one
    /// condition is required.
    ///
    /// # Errors
    /// [`ErrorCode::Constraint`] where the table forbids it; and see [`Query`].
    pub fn increment(self, column: &str, by: i64) -> Result<u64, Error> {
        let conditions = self.conditions("increment")?;
        call(|host| host.data_increment(&self.table, column, by, conditions))
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// See [`Query`].
    pub fn count(self) -> Result<u64, Error> {
        let conditions = self.conditions("count")?;
        call(|host| host.data_count(&self.table, conditions))
    }

    /// The sum of a column, [`Value::Integer`] or [`Value::Real`] as the column is; 0 where there are no rows.
    ///
    /// # Errors
    /// See [`Query`].
    pub fn sum(self, column: &str) -> Result<Value, Error> {
        let conditions = self.conditions("sum")?;
        call(|host| host.data_sum(&self.table, column, conditions))
    }

    /// One value for each group of rows with the same value in a column, in the order of that column.
    ///
    /// # Errors
    /// See [`Query`].
    pub fn group_by(self, column: &str, aggregate: Aggregate) -> Result<Vec<Group>, Error> {
        let conditions = self.conditions("group_by")?;
        call(|host| host.data_group_by(&self.table, column, &aggregate, conditions))
    }

    /// The conditions, for what takes nothing else: an order or a limit that is ignored would mislead.
    fn conditions(&self, call: &str) -> Result<&[Condition], Error> {
        let selection = &self.selection;
        if selection.order.is_empty() && selection.limit.is_none() && selection.offset.is_none() {
            return Ok(&selection.conditions);
        }
        let message = format!("`{call}` takes all rows that meet the conditions: no order, limit or offset");
        Err(Error::new(ErrorCode::Invalid, message))
    }
}

#[cfg(test)]
mod tests {
    use crate::data::{self, ErrorCode, Operator, Order};

    #[test]
    fn a_query_is_put_together() {
        let query = data::table("visits")
            .equal("path", "/")
            .filter("n", Operator::Less, 3)
            .order_by("at")
            .descending()
            .order_by("n")
            .limit(10)
            .offset(5);
        let columns: Vec<&str> =
            query.selection.conditions.iter().map(|condition| condition.column.as_str()).collect();
        assert_eq!(columns, ["path", "n"]);
        let order = |column: &str, descending| Order { column: column.to_owned(), descending };
        assert_eq!(query.selection.order, [order("at", true), order("n", false)]);
        assert_eq!((query.selection.limit, query.selection.offset), (Some(10), Some(5)));
    }

    #[test]
    fn what_would_be_ignored_is_refused() {
        let error = data::table("visits").equal("path", "/").limit(1).delete().unwrap_err();
        assert_eq!(error.code, ErrorCode::Invalid);
        assert!(error.message.contains("`delete`") && error.message.contains("limit"), "{}", error.message);
    }
}
