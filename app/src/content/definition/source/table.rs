//! Takes a table of a definition apart, by key and type, and collects every fault with its place.

use std::{fmt::Display, ops::RangeInclusive};

use serde_json::{Map, Value};

use super::nearest;
use crate::{
    content::{
        check,
        definition::{Bounds, FieldName},
    },
    error::FieldError,
};

/// A table and where it stands.
pub(super) struct Table<'a> {
    values: &'a Map<String, Value>,
    path: String,
    /// The field that is described, for messages.
    subject: Option<String>,
    faults: Vec<FieldError>,
}

impl<'a> Table<'a> {
    /// The table at `path`, which is empty for the whole definition.
    pub(super) fn new(value: &'a Value, path: &str) -> Result<Self, FieldError> {
        match value {
            Value::Object(values) => {
                Ok(Self { values, path: path.to_owned(), subject: None, faults: Vec::new() })
            }
            other => Err(FieldError::at(
                path,
                format!("Must be a table of keys and values; this is {}.", check::what(other)),
            )),
        }
    }

    /// Messages are about this field from now on.
    pub(super) fn concerns(&mut self, name: &FieldName) {
        self.subject = Some(name.to_string());
    }

    /// The full path of a key.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Adds a fault of a key, or of a place below it.
    pub(super) fn fault(&mut self, key: &str, message: impl Display) {
        let message = match &self.subject {
            Some(name) => format!("Field `{name}`: {message}"),
            None => message.to_string(),
        };
        self.faults.push(FieldError::at(self.path(key), message));
    }

    /// Adds faults that were found elsewhere.
    pub(super) fn add(&mut self, faults: Vec<FieldError>) {
        self.faults.extend(faults);
    }

    /// What was read, unless there are faults.
    pub(super) fn finish<T>(self, read: T) -> Result<T, Vec<FieldError>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }

    /// All faults.
    pub(super) fn into_faults(self) -> Vec<FieldError> {
        self.faults
    }

    /// Adds a fault for every key that is none of these.
    pub(super) fn only(&mut self, known: &[&str]) {
        let subject = self.subject.as_ref().map(|name| format!("Field `{name}`: ")).unwrap_or_default();
        let keys = self.values.keys().map(String::as_str).filter(|key| !known.contains(key));
        let message = |key: &str| format!("{subject}{}", nearest::unknown(key, known));
        check::unknown_names(&self.path, keys, message, &mut self.faults);
    }

    /// A value of any type; null is as good as none.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.values.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key has a value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str) -> Option<&'a str> {
        match self.value(key)? {
            Value::String(text) => Some(text),
            other => self.wrong(key, "a text", other),
        }
    }

    /// A text that must be there; `example` shows one.
    pub(super) fn needed(&mut self, key: &str, example: &str) -> Option<&'a str> {
        if !self.has(key) {
            self.fault(key, format!("Must be there, for example `{key} = \"{example}\"`."));
        }
        self.text(key)
    }

    /// One line of at most so many characters, trimmed; none where it is empty.
    pub(super) fn line(&mut self, key: &str, longest: usize) -> Option<String> {
        let text = self.text(key)?.trim();
        if let Err(message) = plain(text, longest) {
            self.fault(key, message);
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &str, default: bool) -> bool {
        match self.value(key) {
            None => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => self.wrong::<bool>(key, "true or false", other).unwrap_or(default),
        }
    }

    /// A list; empty where there is none.
    pub(super) fn list(&mut self, key: &str) -> &'a [Value] {
        match self.value(key) {
            None => &[],
            Some(Value::Array(items)) => items,
            Some(other) => self.wrong::<&[Value]>(key, "a list", other).unwrap_or_default(),
        }
    }

    /// A list of 1 to `most` things that must be there; none where something else is.
    pub(super) fn several(&mut self, key: &str, most: usize, things: &str) -> Option<&'a [Value]> {
        match self.value(key) {
            Some(Value::Array(items)) if (1..=most).contains(&items.len()) => return Some(items),
            Some(Value::Array(items)) => {
                self.fault(key, format!("Must be 1 to {most} {things}; these are {}.", items.len()));
            }
            Some(other) => {
                self.wrong::<()>(key, "a list", other);
            }
            None => self.fault(key, format!("Must be there: a list of 1 to {most} {things}.")),
        }
        None
    }

    /// A whole number within these bounds.
    pub(super) fn count(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(key)?;
        let Some(number) = check::whole(value) else {
            return self.wrong(key, "a whole number", value);
        };
        let count = u64::try_from(number).ok().filter(|count| range.contains(count));
        if count.is_none() {
            self.fault(key, format!("Must be {} to {}; this is {number}.", range.start(), range.end()));
        }
        count
    }

    /// `min` and `max`, read by `read`, which must be in order.
    pub(super) fn bounds<T: PartialOrd + Display>(
        &mut self,
        mut read: impl FnMut(&mut Self, &'static str) -> Option<T>,
    ) -> Bounds<T> {
        let bounds = Bounds { min: read(self, "min"), max: read(self, "max") };
        if let (Some(min), Some(max)) = (&bounds.min, &bounds.max)
            && min > max
        {
            self.fault("min", format!("Must not be more than `max`, which is {max}; this is {min}."));
        }
        bounds
    }

    /// Says that something else belongs here.
    pub(super) fn wrong<T>(&mut self, key: &str, wanted: &str, value: &Value) -> Option<T> {
        self.fault(key, format!("Must be {wanted}; this is {}.", check::what(value)));
        None
    }
}

/// Checks words for people: one line of at most so many characters.
pub(super) fn plain(text: &str, longest: usize) -> Result<(), String> {
    let count = text.chars().count();
    if count > longest {
        return Err(format!("Must have at most {longest} characters; this has {count}."));
    }
    if text.chars().any(char::is_control) {
        return Err("Must be one line without control characters.".into());
    }
    Ok(())
}
