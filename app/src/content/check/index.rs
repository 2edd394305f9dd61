//! What the indexes of the database compare, and what filters mean.

use serde_json::Value;

use super::{list, number, text, time};
use crate::{
    clock::Timestamp,
    content::{
        definition::{Field, Kind, TextRules},
        model::IndexValue,
    },
};

/// What the index expression of a field yields for this value. What is unset sorts before everything.
pub(crate) fn index_value(field: &Field, value: Option<&Value>) -> IndexValue {
    match field.kind {
        Kind::Number(_) | Kind::Integer(_) => {
            IndexValue::Number(value.and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY))
        }
        Kind::Boolean => {
            IndexValue::Number(value.and_then(Value::as_bool).map_or(-1.0, |flag| f64::from(u8::from(flag))))
        }
        _ => IndexValue::Text(value.and_then(Value::as_str).unwrap_or_default().to_owned()),
    }
}

/// Reads the value of a filter, in the form in which values of the field are kept. The error says what would be right.
pub(crate) fn filter_value(field: &Field, text: &str) -> Result<IndexValue, String> {
    let value = Value::from(text);
    // Longer and shorter texts than the rules allow are no faults here; nothing has them.
    let free = TextRules::default();
    let kept = match &field.kind {
        Kind::Number(_) | Kind::Integer(_) => return Ok(IndexValue::Number(number(field, text)?)),
        Kind::Boolean => {
            return match text {
                "true" => Ok(IndexValue::Number(1.0)),
                "false" => Ok(IndexValue::Number(0.0)),
                _ => Err("Must be true or false.".into()),
            };
        }
        Kind::Text(_) | Kind::Slug { .. } => text::line(&value, &free, None)?,
        Kind::Email(_) => text::email(&value, &free, None)?,
        Kind::Url(_) => text::url(&value, &free, None)?,
        Kind::Date(_) => Some(time::date(text)?.into()),
        Kind::DateTime(_) => Some(time::datetime(text)?.into()),
        Kind::Select { options, .. } => list::option(options, &value)?,
        Kind::Relation { .. } => list::id(&value)?,
        Kind::Markdown(_) | Kind::Json | Kind::Group { .. } => {
            return Err(format!("Lists cannot be filtered by a field of kind {}.", field.kind.name()));
        }
    };
    match kept {
        Some(Value::String(text)) => Ok(IndexValue::Text(text)),
        _ => Err("Must not be empty; `null` finds entries without a value.".into()),
    }
}

/// Reads the value of a filter by one of the moments of an entry.
pub(crate) fn moment(text: &str) -> Result<IndexValue, String> {
    let millis = Timestamp::parse(time::datetime(text)?.as_str())?.millis();
    // Exact: a moment of four-digit years is far below 2^53.
    Ok(IndexValue::Number(millis as f64))
}

fn number(field: &Field, text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    match (number, &field.kind) {
        (Some(number), Kind::Integer(_)) if number::whole(&number::number_value(number)).is_none() => {
            Err("Must be a whole number.".into())
        }
        (Some(number), _) => Ok(number),
        (None, _) => Err("Must be a number such as 19.5.".into()),
    }
}
