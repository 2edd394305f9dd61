//! Values that are numbers, and yes or no.

use serde_json::{Number, Value};

use super::{outcome, within, wrong};
use crate::content::definition::Bounds;

/// Up to here, every whole number is exact in a double: 2^53 - 1.
const EXACT: i64 = (1 << 53) - 1;

/// A finite number.
pub(super) fn number(value: &Value, bounds: &Bounds<f64>) -> Result<Option<Value>, String> {
    let Some(number) = value.as_f64().filter(|number| number.is_finite()) else {
        return Err(wrong("a number, without quotes", value));
    };
    let mut faults = Vec::new();
    within(&number, bounds, ("be", ""), &mut faults);
    outcome(number_value(number), &faults)
}

/// A whole number that is exact everywhere; `5.0` is 5.
pub(super) fn integer(value: &Value, bounds: &Bounds<i64>) -> Result<Option<Value>, String> {
    let Some(number) = whole(value) else {
        return Err(match value {
            Value::Number(number) => {
                format!("Must be a whole number between -{EXACT} and {EXACT}; this is {number}.")
            }
            other => wrong("a whole number, without quotes", other),
        });
    };
    let mut faults = Vec::new();
    within(&number, bounds, ("be", ""), &mut faults);
    outcome(number.into(), &faults)
}

/// True or false.
pub(super) fn boolean(value: &Value) -> Result<Option<Value>, String> {
    if value.is_boolean() { Ok(Some(value.clone())) } else { Err(wrong("true or false", value)) }
}

/// The whole number that a value is, if it is one that is exact everywhere.
pub(in crate::content) fn whole(value: &Value) -> Option<i64> {
    let number = match (value.as_i64(), value.as_f64()) {
        (Some(number), _) => number,
        (None, Some(number)) if number.fract() == 0.0 && number.abs() <= EXACT as f64 => number as i64,
        _ => return None,
    };
    (-EXACT..=EXACT).contains(&number).then_some(number)
}

/// The one way in which a number is written, so that equal numbers are equal texts in an index: `5` for `5.0` and
/// `5e0`.
pub(in crate::content) fn number_value(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() <= EXACT as f64 {
        return (number as i64).into();
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}
