//! The arguments of a call in a script.

use serde_json::Value;

/// What stands behind a call's name.
pub struct Arguments<'a>(pub &'a [Value]);

impl Arguments<'_> {
    /// An argument, null where there is none.
    pub fn value(&self, position: usize) -> &Value {
        self.0.get(position).unwrap_or(&Value::Null)
    }

    /// An argument as a text.
    pub fn text(&self, position: usize) -> String {
        text(self.value(position))
    }

    /// An argument as a text, none for null.
    pub fn optional(&self, position: usize) -> Option<String> {
        match self.value(position) {
            Value::Null => None,
            value => Some(text(value)),
        }
    }

    /// An argument as a whole number, 0 where it is none.
    pub fn integer(&self, position: usize) -> i64 {
        self.value(position).as_i64().unwrap_or_default()
    }
}

/// A text as it is; `{"parts": ["a", ["b", 3]]}` as `abbb`, so that scripts need not be as long as what they send;
/// anything else as its JSON.
fn text(value: &Value) -> String {
    if let Some(text) = value.as_str() {
        return text.to_owned();
    }
    let Some(parts) = value.get("parts").and_then(Value::as_array) else {
        return value.to_string();
    };
    let mut whole = String::new();
    for part in parts {
        match part.as_array().map(Vec::as_slice) {
            Some([part, times]) => {
                let times = usize::try_from(times.as_u64().unwrap_or_default()).unwrap_or_default();
                whole.push_str(&text(part).repeat(times));
            }
            _ => whole.push_str(&text(part)),
        }
    }
    whole
}
