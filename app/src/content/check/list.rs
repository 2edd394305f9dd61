//! Options, ids of other things, and what holds several values.

use serde_json::Value;
use uuid::Uuid;

use super::{FAULTS, members, text::text, within, wrong};
use crate::{
    content::definition::{Bounds, Choice, Field, ITEMS},
    error::FieldError,
};

/// So many options are named in a message.
const NAMED: usize = 20;

/// One of the options.
pub(super) fn option(options: &[Choice], value: &Value) -> Result<Option<Value>, String> {
    let text = text(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    if options.iter().any(|option| option.value == text) {
        return Ok(Some(text.into()));
    }
    let names: Vec<&str> = options.iter().take(NAMED).map(|option| option.value.as_str()).collect();
    let more = if options.len() > NAMED { " and others" } else { "" };
    let shown: String = text.chars().take(60).collect();
    Err(format!("`{shown}` is none of {}{more}.", names.join(", ")))
}

/// The id of something else, in the usual form. Whether that is there is for the database to say.
pub(super) fn id(value: &Value) -> Result<Option<Value>, String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let id = Uuid::try_parse(text).map_err(|_error| {
        let shown: String = text.chars().take(60).collect();
        format!("Must be an id such as 01890a5d-ac96-774b-bcce-b302099a8057; this is `{shown}`.")
    })?;
    Ok(Some(id.to_string().into()))
}

/// A list of so many values, none of them twice.
pub(super) fn distinct(
    value: &Value,
    count: &Bounds<u64>,
    path: &str,
    one: impl Fn(&Value) -> Result<Option<Value>, String>,
) -> Result<Option<Value>, Vec<FieldError>> {
    let items = list(value, count, path)?;
    let mut faults = Vec::new();
    let mut values: Vec<Value> = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if faults.len() >= FAULTS {
            break;
        }
        let message = match one(item) {
            Ok(Some(value)) if values.contains(&value) => "Is in the list already.".to_owned(),
            Ok(Some(value)) => {
                values.push(value);
                continue;
            }
            Ok(None) => "Must not be empty.".to_owned(),
            Err(message) => message,
        };
        faults.push(FieldError::at(format!("{path}[{index}]"), message));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// A list of items that have these fields.
pub(super) fn group(
    fields: &[Field],
    count: &Bounds<u64>,
    value: &Value,
    (path, is_complete): (&str, bool),
) -> Result<Option<Value>, Vec<FieldError>> {
    let items = list(value, count, path)?;
    let mut faults = Vec::new();
    let mut values = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if faults.len() >= FAULTS {
            break;
        }
        let path = format!("{path}[{index}]");
        let Value::Object(input) = item else {
            faults.push(FieldError::at(path, wrong("an object", item)));
            continue;
        };
        match members(fields, input, &path, is_complete) {
            Ok(members) => values.push(Value::Object(members)),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok((!values.is_empty()).then_some(Value::Array(values)))
}

/// The items of a list, of which there may be none at all, or as many as the rules say.
fn list<'a>(value: &'a Value, count: &Bounds<u64>, path: &str) -> Result<&'a [Value], Vec<FieldError>> {
    let Value::Array(items) = value else {
        return Err(vec![FieldError::at(path, wrong("a list", value))]);
    };
    let most = Bounds { min: count.min, max: Some(count.max.unwrap_or(ITEMS)) };
    let mut faults = Vec::new();
    if !items.is_empty() {
        within(&(items.len() as u64), &most, ("have", " items"), &mut faults);
    }
    if faults.is_empty() { Ok(items) } else { Err(vec![FieldError::at(path, faults.join(" "))]) }
}
