//! The JSON in which contract 1 speaks of databases.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::{Value, json};

use crate::ports::{DatabaseError, DatabaseErrorKind, Rows, SqlValue};

/// An answer, or `{"error": ...}`.
pub(super) fn answer(outcome: Result<String, DatabaseError>) -> String {
    outcome.unwrap_or_else(|error| json!({ "error": error.message }).to_string())
}

/// `{"ok": true}`, or `{"error": ...}`.
pub(super) fn acknowledged(outcome: Result<(), DatabaseError>) -> String {
    answer(outcome.map(|()| json!({ "ok": true }).to_string()))
}

/// The values of a statement's placeholders.
pub(super) fn params(text: Option<&str>) -> Result<Vec<SqlValue>, DatabaseError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    let invalid = |reason: String| DatabaseError::new(DatabaseErrorKind::Invalid, reason);
    let values = match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(values)) => values,
        Ok(Value::Null) => Vec::new(),
        Ok(_) => {
            return Err(invalid(
                "params is no JSON array; write one value for each `?`, as in [1, \"a\"]".to_owned(),
            ));
        }
        Err(error) => return Err(invalid(format!("params is not valid JSON: {error}"))),
    };
    Ok(values.into_iter().map(value).collect())
}

fn value(value: Value) -> SqlValue {
    match value {
        Value::Null => SqlValue::Null,
        Value::Bool(flag) => SqlValue::Integer(i64::from(flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => SqlValue::Integer(whole),
            (None, Some(real)) => SqlValue::Real(real),
            (None, None) => SqlValue::Text(number.to_string()),
        },
        Value::String(text) => SqlValue::Text(text),
        nested => SqlValue::Text(nested.to_string()),
    }
}

/// Rows as an array of objects. Of columns with the same name the last one counts. Bytes are written in base64; numbers
/// that JSON does not know are null.
pub(super) fn rows(rows: &Rows) -> Result<String, DatabaseError> {
    let columns: Vec<(usize, &str)> = rows
        .columns
        .iter()
        .enumerate()
        .filter(|(position, name)| !rows.columns.iter().skip(position + 1).any(|later| later == *name))
        .map(|(position, name)| (position, name.as_str()))
        .collect();
    let mut bytes = Vec::with_capacity(64 * (rows.rows.len() + 1));
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    let written = serializer.serialize_seq(Some(rows.rows.len())).and_then(|mut array| {
        for row in &rows.rows {
            array.serialize_element(&Object { columns: &columns, row })?;
        }
        SerializeSeq::end(array)
    });
    let failed = |error: String| DatabaseError::new(DatabaseErrorKind::Failed, error);
    written.map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

struct Object<'a> {
    columns: &'a [(usize, &'a str)],
    row: &'a [SqlValue],
}

impl serde::Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.columns.len()))?;
        for (position, name) in self.columns {
            match self.row.get(*position) {
                Some(SqlValue::Integer(whole)) => object.serialize_entry(name, whole)?,
                Some(SqlValue::Real(real)) => object.serialize_entry(name, real)?,
                Some(SqlValue::Text(text)) => object.serialize_entry(name, text)?,
                Some(SqlValue::Blob(bytes)) => object.serialize_entry(name, &STANDARD.encode(bytes))?,
                Some(SqlValue::Null) | None => object.serialize_entry(name, &())?,
            }
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_values() {
        let values = params(Some(r#"[null, true, 3, 2.5, "text", [1, 2], {"a": 1}, 18446744073709551615]"#));
        let expected = vec![
            SqlValue::Null,
            SqlValue::Integer(1),
            SqlValue::Integer(3),
            SqlValue::Real(2.5),
            SqlValue::Text("text".to_owned()),
            SqlValue::Text("[1,2]".to_owned()),
            SqlValue::Text("{\"a\":1}".to_owned()),
            SqlValue::Real(18_446_744_073_709_551_615.0),
        ];
        assert_eq!(values, Ok(expected));
        assert_eq!(params(None), Ok(Vec::new()));
        assert_eq!(params(Some("null")), Ok(Vec::new()));
        for bad in ["{", "3", "{\"a\": 1}", "\"text\""] {
            assert!(params(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn rows_become_objects() {
        let found = Rows {
            columns: ["id", "a", "id", "blob"].map(str::to_owned).to_vec(),
            rows: vec![vec![
                SqlValue::Integer(1),
                SqlValue::Real(f64::INFINITY),
                SqlValue::Text("later \"id\"".to_owned()),
                SqlValue::Blob(vec![1, 2, 3]),
            ]],
            ..Rows::default()
        };
        assert_eq!(rows(&found).as_deref(), Ok(r#"[{"a":null,"id":"later \"id\"","blob":"AQID"}]"#));
        assert_eq!(rows(&Rows::default()).as_deref(), Ok("[]"));
    }
}
