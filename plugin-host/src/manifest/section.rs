//! Reads one table of a manifest: keys are taken out by type, and what is left over at the end is unknown.

use toml::{Table, Value};

use super::faults::Faults;

/// A table and where it stands.
pub(super) struct Section {
    path: String,
    table: Table,
    known: Vec<&'static str>,
}

impl Section {
    pub(super) fn root(table: Table) -> Section {
        Section { path: String::new(), table, known: Vec::new() }
    }

    /// The full key of one of this section's keys.
    pub(super) fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.table.remove(name)
    }

    /// A sub-table; empty where it is absent or something else.
    pub(super) fn section(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Section {
        let path = self.key(name);
        let table = match self.take(name) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(other) => {
                faults.add(&path, format!("is {}; a table `[{path}]` belongs here", kind(&other)));
                Table::new()
            }
        };
        Section { path, table, known: Vec::new() }
    }

    /// All remaining keys as sub-tables, for tables whose keys are names.
    pub(super) fn into_sections(self, faults: &mut Faults<'_>) -> Vec<(String, Section)> {
        let Section { path, table, .. } = self;
        let mut sections = Vec::new();
        for (name, value) in table {
            let path = format!("{path}.{name}");
            match value {
                Value::Table(table) => sections.push((name, Section { path, table, known: Vec::new() })),
                other => faults.add(&path, format!("is {}; a table `[{path}]` belongs here", kind(&other))),
            }
        }
        sections
    }

    /// An array of tables.
    pub(super) fn sections(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Vec<Section> {
        let path = self.key(name);
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                faults.add(&path, format!("is {}; write each entry as `[[{path}]]`", kind(&other)));
                return Vec::new();
            }
        };
        let mut sections = Vec::new();
        for (position, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{position}]");
            match item {
                Value::Table(table) => sections.push(Section { path, table, known: Vec::new() }),
                other => faults.add(path, format!("is {}; a table belongs here", kind(&other))),
            }
        }
        sections
    }

    /// An optional string.
    pub(super) fn string(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            other => self.wrong(name, &other, "a string", faults),
        }
    }

    /// A string that must be there and not be blank; empty after a fault.
    pub(super) fn required(&mut self, name: &'static str, example: &str, faults: &mut Faults<'_>) -> String {
        if !self.table.contains_key(name) {
            self.known.push(name);
            faults.add(self.key(name), format!("is missing; write `{name} = \"{example}\"`"));
            return String::new();
        }
        match self.string(name, faults) {
            Some(text) if text.trim().is_empty() => {
                faults.add(self.key(name), format!("is empty; write `{name} = \"{example}\"`"));
                String::new()
            }
            text => text.unwrap_or_default(),
        }
    }

    /// An optional boolean.
    pub(super) fn boolean(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Option<bool> {
        match self.take(name)? {
            Value::Boolean(value) => Some(value),
            other => self.wrong(name, &other, "true or false", faults),
        }
    }

    /// An optional whole number within bounds.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        bounds: std::ops::RangeInclusive<i64>,
        faults: &mut Faults<'_>,
    ) -> Option<i64> {
        match self.take(name)? {
            Value::Integer(value) if bounds.contains(&value) => Some(value),
            Value::Integer(value) => {
                let (low, high) = (bounds.start(), bounds.end());
                faults.add(self.key(name), format!("is {value}; it goes from {low} to {high}"));
                None
            }
            other => self.wrong(name, &other, "a whole number", faults),
        }
    }

    /// An optional number, whole or not.
    pub(super) fn number(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Option<f64> {
        match self.take(name)? {
            Value::Float(value) => Some(value),
            Value::Integer(value) => Some(value as f64),
            other => self.wrong(name, &other, "a number", faults),
        }
    }

    /// An optional array of strings; empty where it is absent.
    pub(super) fn strings(&mut self, name: &'static str, faults: &mut Faults<'_>) -> Vec<String> {
        let items = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                return self.wrong(name, &other, "an array of strings", faults).unwrap_or_default();
            }
        };
        let mut texts = Vec::new();
        for (position, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => faults.add(
                    format!("{}[{position}]", self.key(name)),
                    format!("is {}; a string belongs here", kind(&other)),
                ),
            }
        }
        texts
    }

    /// One word out of a list; none where it is absent or faulty.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        let text = self.string(name, faults)?;
        let found = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            faults.add(self.key(name), format!("is \"{text}\"; it is one of {}", words.join(", ")));
        }
        found
    }

    /// One word out of a list that must be there; none after a fault.
    pub(super) fn required_choice<T: Copy>(
        &mut self,
        name: &'static str,
        choices: &[(&str, T)],
        faults: &mut Faults<'_>,
    ) -> Option<T> {
        if self.table.contains_key(name) {
            return self.choice(name, choices, faults);
        }
        let example = choices.first().map_or("", |(word, _)| word);
        self.required(name, example, faults);
        None
    }

    /// Any value.
    pub(super) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.take(name)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self, faults: &mut Faults<'_>) {
        let mut known = self.known.clone();
        known.sort_unstable();
        let reason = match known.as_slice() {
            [] => "is unknown; this table stays empty".to_owned(),
            known => format!("is unknown; known here: {}", known.join(", ")),
        };
        for name in self.table.keys() {
            faults.add(self.key(name), reason.as_str());
        }
    }

    fn wrong<T>(&self, name: &str, value: &Value, expected: &str, faults: &mut Faults<'_>) -> Option<T> {
        faults.add(self.key(name), format!("is {}; {expected} belongs here", kind(value)));
        None
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "an array",
        Value::Table(_) => "a table",
    }
}
