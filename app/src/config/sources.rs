//! Where settings come from: a flag or the environment wins over the file. Faults of all are collected.

use std::{ffi::OsString, ops::RangeInclusive};

use super::{Options, file::File};

/// Reads a variable of the environment.
pub(super) type Environment = fn(&str) -> Option<OsString>;

/// The environment of this process.
pub(super) fn process_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

pub(super) struct Sources<'a> {
    pub(super) options: &'a Options,
    /// For what has no flag: those that have one come with the options.
    pub(super) environment: Environment,
    pub(super) file: File,
    pub(super) faults: &'a mut Vec<String>,
}

impl Sources<'_> {
    /// A text, from a flag or the file.
    pub(super) fn text(&mut self, name: &str, option: Option<&str>) -> Option<String> {
        let in_file = self.file.text(&key(name), self.faults);
        option.map(str::to_owned).or(in_file)
    }

    /// A list: separated by commas, in the file a list. Empty entries do not count.
    pub(super) fn texts(&mut self, name: &str, option: Option<&str>) -> Vec<String> {
        let in_file = self.file.texts(&key(name), self.faults);
        let given = match option.map(str::to_owned).or_else(|| self.variable(name)) {
            Some(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
            None => in_file.unwrap_or_default(),
        };
        given.into_iter().filter(|text| !text.is_empty()).collect()
    }

    /// A whole number within bounds, from a flag, the environment or the file.
    pub(super) fn number(&mut self, name: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let key = key(name);
        let in_file = self.file.number(&key, self.faults);
        let wanted = || format!("a whole number from {} to {}", bounds.start(), bounds.end());
        let fault = match self.number_option(name).or_else(|| self.variable(name)) {
            Some(text) => match text.trim().parse() {
                Ok(value) if bounds.contains(&value) => return Some(value),
                Ok(_) | Err(_) => format!("{name}: `{text}` is not {}", wanted()),
            },
            None => match u64::try_from(in_file?) {
                Ok(value) if bounds.contains(&value) => return Some(value),
                Ok(_) | Err(_) => self.file.fault(&key, &format!("must be {}", wanted())),
            },
        };
        self.faults.push(fault);
        None
    }

    /// The flags that are numbers.
    fn number_option(&self, name: &str) -> Option<String> {
        let options = self.options;
        match name {
            "FLEURON_WORKERS" => options.workers.clone(),
            "PLUGIN_WASM_POOL_SIZE" => options.pool_size.clone(),
            "PLUGIN_TIMEOUT_MS" => options.plugin_timeout_ms.clone(),
            "PLUGIN_MAX_MEMORY_MB" => options.plugin_max_memory_mb.clone(),
            _ => None,
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).map(|value| value.to_string_lossy().into_owned())
    }
}

/// The file's key for a name of the environment.
fn key(name: &str) -> String {
    name.strip_prefix("FLEURON_").unwrap_or(name).to_lowercase()
}
