//! A row of a table.

use super::{Error, ErrorCode, FromValue, Value};

/// A column and the value in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The column's name.
    pub column: String,
    /// The value.
    pub value: Value,
}

/// Columns and their values, in order. Write one with [`row!`](crate::row).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    fields: Vec<Field>,
}

/// Makes a [`Row`](crate::data::Row) of columns and values: `row! { "path" => "/", "n" => 1 }`.
#[macro_export]
macro_rules! row {
    ($($column:expr => $value:expr),* $(,)?) => {
        $crate::data::Row::new()$(.with($column, $value))*
    };
}

impl Row {
    /// A row without columns.
    pub fn new() -> Row {
        Row::default()
    }

    /// Sets a column, in its place where the row has it already, else at the end.
    pub fn set(&mut self, column: impl Into<String>, value: impl Into<Value>) {
        let (column, value) = (column.into(), value.into());
        match self.fields.iter_mut().find(|field| field.column == column) {
            Some(field) => field.value = value,
            None => self.fields.push(Field { column, value }),
        }
    }

    /// The row with a column set, as by [`Row::set`].
    #[must_use]
    pub fn with(mut self, column: impl Into<String>, value: impl Into<Value>) -> Row {
        self.set(column, value);
        self
    }

    /// The value of a column, if the row has it.
    pub fn get(&self, column: &str) -> Option<&Value> {
        self.fields.iter().find(|field| field.column == column).map(|field| &field.value)
    }

    /// Takes a column out of the row.
    pub fn take(&mut self, column: &str) -> Option<Value> {
        let position = self.fields.iter().position(|field| field.column == column)?;
        Some(self.fields.remove(position).value)
    }

    /// The text in a column.
    ///
    /// # Errors
    /// Where the row has no such column, or something else in it; as for all that read a column.
    pub fn text(&self, column: &str) -> Result<&str, Error> {
        match self.value(column)? {
            Value::Text(text) => Ok(text),
            other => Err(unlike(column, other, "text")),
        }
    }

    /// The whole number in a column.
    ///
    /// # Errors
    /// As for [`Row::text`].
    pub fn integer(&self, column: &str) -> Result<i64, Error> {
        self.read(column)
    }

    /// The number in a column, whole or not.
    ///
    /// # Errors
    /// As for [`Row::text`].
    pub fn real(&self, column: &str) -> Result<f64, Error> {
        self.read(column)
    }

    /// The 1 or 0 in a column as a boolean.
    ///
    /// # Errors
    /// As for [`Row::text`].
    pub fn boolean(&self, column: &str) -> Result<bool, Error> {
        self.read(column)
    }

    /// The bytes in a column.
    ///
    /// # Errors
    /// As for [`Row::text`].
    pub fn blob(&self, column: &str) -> Result<&[u8], Error> {
        match self.value(column)? {
            Value::Blob(bytes) => Ok(bytes),
            other => Err(unlike(column, other, "bytes")),
        }
    }

    /// The value of a column as any type that fits, such as `row.read::<Option<String>>("author")`.
    ///
    /// # Errors
    /// As for [`Row::text`].
    pub fn read<T: FromValue>(&self, column: &str) -> Result<T, Error> {
        T::from_value(self.value(column)?.clone())
            .map_err(|error| Error::new(error.code, format!("column `{column}` {}", error.message)))
    }

    /// The columns' names, in order.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.column.as_str())
    }

    /// How many columns the row has.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether the row has no columns.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The columns and their values, in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    fn value(&self, column: &str) -> Result<&Value, Error> {
        self.get(column).ok_or_else(|| {
            let columns: Vec<&str> = self.columns().collect();
            let message = format!("the row has no column `{column}`; it has {}", columns.join(", "));
            Error::new(ErrorCode::Invalid, message)
        })
    }
}

fn unlike(column: &str, value: &Value, wanted: &str) -> Error {
    Error::new(ErrorCode::Invalid, format!("column `{column}` is {}, not {wanted}", value.kind()))
}

impl From<Vec<Field>> for Row {
    fn from(fields: Vec<Field>) -> Row {
        Row { fields }
    }
}

impl IntoIterator for Row {
    type Item = Field;
    type IntoIter = std::vec::IntoIter<Field>;

    fn into_iter(self) -> Self::IntoIter {
        self.fields.into_iter()
    }
}

impl<C: Into<String>, V: Into<Value>> FromIterator<(C, V)> for Row {
    fn from_iter<I: IntoIterator<Item = (C, V)>>(fields: I) -> Row {
        let mut row = Row::new();
        for (column, value) in fields {
            row.set(column, value);
        }
        row
    }
}

#[cfg(test)]
mod tests {
    use super::Row;
    use crate::data::{ErrorCode, Value};

    #[test]
    fn a_row_keeps_its_order() {
        let mut row = row! { "path" => "/", "n" => 1, "gone" => None::<String> };
        row.set("n", 2);
        row.set("note", "x");
        assert_eq!(row.columns().collect::<Vec<_>>(), ["path", "n", "gone", "note"]);
        assert_eq!(row.get("n"), Some(&Value::Integer(2)));
        assert_eq!(row.take("note"), Some(Value::Text("x".to_owned())));
        assert_eq!((row.take("note"), row.len()), (None, 3));
        assert!(row![].is_empty());
        assert_eq!([("a", 1)].into_iter().collect::<Row>(), row! { "a" => 1 });
    }

    #[test]
    fn columns_are_read_by_type() {
        let row =
            row! { "text" => "a", "n" => 1, "real" => 0.5, "null" => None::<i64>, "bytes" => vec![7_u8] };
        assert_eq!(row.text("text"), Ok("a"));
        assert_eq!((row.integer("n"), row.boolean("n"), row.real("real")), (Ok(1), Ok(true), Ok(0.5)));
        assert_eq!(row.blob("bytes"), Ok(&[7_u8][..]));
        assert_eq!(row.read::<Option<i64>>("null"), Ok(None));
        let error = row.integer("text").unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (ErrorCode::Invalid, "column `text` is text, not a whole number")
        );
        assert!(row.text("missing").unwrap_err().message.contains("it has text, n, real"));
    }
}
