//! Values that are any JSON.

use std::io;

use serde::Serialize;
use serde_json::{Number, Value};

/// The longest, in bytes.
const LENGTH: usize = 64 * 1024;
/// How many lists and objects may stand in each other.
const DEPTH: usize = 32;

/// Any JSON that both databases keep.
pub(super) fn value(value: &Value) -> Result<Option<Value>, String> {
    let mut faults = Vec::new();
    // A deep one is not walked to its end.
    if depth(value, 0) > DEPTH {
        return Err(format!("Must have at most {DEPTH} lists and objects in each other."));
    }
    let length = length(value);
    if length > LENGTH {
        faults.push(format!("Must have at most {LENGTH} bytes; this has {length}."));
    }
    if has_nul(value) {
        faults.push("Must not hold NUL characters.".to_owned());
    }
    super::outcome(plain(value), &faults)
}

/// The same with whole numbers written as such, since PostgreSQL keeps no `5e0`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => whole(number).map_or_else(|| value.clone(), Value::Number),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        other => other.clone(),
    }
}

/// A float that is a whole number, as one; none where it is no float, or too large to be told exactly.
fn whole(number: &Number) -> Option<Number> {
    // One above the largest, which a double does not hold.
    const END: f64 = 18_446_744_073_709_551_616.0;
    const START: f64 = -9_223_372_036_854_775_808.0;
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)?;
    match float {
        float if (0.0..END).contains(&float) => Some((float as u64).into()),
        float if (START..0.0).contains(&float) => Some((float as i64).into()),
        _ => None,
    }
}

/// How many bytes it takes as JSON.
pub(super) fn length(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    match serde_json::to_writer(&mut count, value) {
        Ok(()) => count.0,
        Err(_) => usize::MAX,
    }
}

/// Counts what is written.
struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How deep it goes, or one more than is right.
fn depth(value: &Value, above: usize) -> usize {
    if above > DEPTH {
        return above;
    }
    let below = |value: &Value| depth(value, above + 1);
    match value {
        Value::Array(items) => items.iter().map(below).max().unwrap_or(above + 1),
        Value::Object(members) => members.values().map(below).max().unwrap_or(above + 1),
        _ => above,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        _ => false,
    }
}
