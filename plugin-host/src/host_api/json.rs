//! The JSON in which contract 1 speaks of databases.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::value::RawValue;
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

/// The longest text of parameters, in bytes. Parsed, JSON takes many times its length.
const MAX_PARAMS_TEXT: usize = 2 << 20;
/// The most parameters of one statement.
const MAX_PARAMS: usize = 4_000;

/// The values of a statement's placeholders.
pub(super) fn params(text: Option<&str>) -> Result<Vec<SqlValue>, DatabaseError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(Vec::new()) };
    let invalid = |reason: String| DatabaseError::new(DatabaseErrorKind::Invalid, reason);
    if text.len() > MAX_PARAMS_TEXT {
        return Err(invalid(format!(
            "params has {} bytes; at most {MAX_PARAMS_TEXT} are allowed",
            text.len()
        )));
    }
    let Params(values) = serde_json::from_str(text)
        .map_err(|error| invalid(format!("params is no JSON array of values such as [1, \"a\"]: {error}")))?;
    values.into_iter().map(|raw| value(raw).map_err(|error| invalid(error.to_string()))).collect()
}

/// The elements of an array, unread, so that what is nested takes no more than its text.
#[derive(Debug, Default)]
struct Params<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Params<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Elements)
    }
}

struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Params<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array with one value for each `?`")
    }

    fn visit_unit<E>(self) -> Result<Params<'de>, E> {
        Ok(Params::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Params<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = array.next_element()? {
            if values.len() == MAX_PARAMS {
                return Err(serde::de::Error::custom(format!("there are more than {MAX_PARAMS} values")));
            }
            values.push(value);
        }
        Ok(Params(values))
    }
}

fn value(raw: &RawValue) -> serde_json::Result<SqlValue> {
    let text = raw.get();
    if text.starts_with(['[', '{']) {
        return Ok(SqlValue::Text(text.to_owned()));
    }
    Ok(match serde_json::from_str(text)? {
        Value::Null => SqlValue::Null,
        Value::Bool(flag) => SqlValue::Integer(i64::from(flag)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => SqlValue::Integer(whole),
            (None, Some(real)) => SqlValue::Real(real),
            (None, None) => SqlValue::Text(number.to_string()),
        },
        Value::String(text) => SqlValue::Text(text),
        nested => SqlValue::Text(nested.to_string()),
    })
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
            SqlValue::Text("[1, 2]".to_owned()),
            SqlValue::Text("{\"a\": 1}".to_owned()),
            SqlValue::Real(18_446_744_073_709_551_615.0),
        ];
        assert_eq!(values, Ok(expected));
        assert_eq!(params(None), Ok(Vec::new()));
        assert_eq!(params(Some("null")), Ok(Vec::new()));
        for bad in ["{", "3", "{\"a\": 1}", "\"text\"", "[1,", "[tru]"] {
            assert!(params(Some(bad)).is_err(), "{bad}");
        }
        assert!(params(Some(&format!("[{}]", vec!["1"; 4_001].join(",")))).is_err());
        assert!(params(Some(&format!("[\"{}\"]", "x".repeat(2 << 20)))).is_err());
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
