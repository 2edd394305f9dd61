//! `fleuron.toml`. Keys are taken out of it one by one, so that a bad one hides no other, and what is left over is
//! reported as unknown.

use std::path::Path;

use toml::{Table, Value};

/// Looked for in the working directory when no file is named.
const DEFAULT: &str = "fleuron.toml";

/// The file's keys: the environment's names in lower case, without `FLEURON_`.
#[derive(Debug, Default)]
pub(super) struct File {
    /// As faults name it.
    name: String,
    table: Table,
}

impl File {
    /// Reads the named file, or the default one where there is one.
    pub(super) fn read(named: Option<&Path>, faults: &mut Vec<String>) -> Self {
        let path = named.unwrap_or(Path::new(DEFAULT));
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => String::new(),
            Err(error) => {
                faults.push(format!("{name}: cannot be read: {error}"));
                String::new()
            }
        };
        Self::parse(name, &text, faults)
    }

    pub(super) fn parse(name: String, text: &str, faults: &mut Vec<String>) -> Self {
        let table = text.parse().unwrap_or_else(|error: toml::de::Error| {
            faults.push(format!("{name}: {}", error.to_string().trim_end()));
            Table::new()
        });
        Self { name, table }
    }

    /// A text.
    pub(super) fn text(&mut self, key: &str, faults: &mut Vec<String>) -> Option<String> {
        self.take(key, "a text in quotes", faults, |value| match value {
            Value::String(text) => Some(text),
            _ => None,
        })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str, faults: &mut Vec<String>) -> Option<Vec<String>> {
        self.take(key, "a list of texts in quotes", faults, |value| match value {
            Value::Array(values) => {
                values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        })
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &str, faults: &mut Vec<String>) -> Option<i64> {
        self.take(key, "a whole number", faults, |value| value.as_integer())
    }

    /// A fault of a value that has been taken.
    pub(super) fn fault(&self, key: &str, reason: &str) -> String {
        format!("{}: `{key}` {reason}", self.name)
    }

    /// Reports the keys that nobody has taken.
    pub(super) fn finish(self, faults: &mut Vec<String>) {
        faults.extend(self.table.keys().map(|key| self.fault(key, "is no setting")));
    }

    fn take<T>(
        &mut self,
        key: &str,
        wanted: &str,
        faults: &mut Vec<String>,
        read: impl FnOnce(Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.table.remove(key)?;
        let found = value.type_str();
        let read = read(value);
        if read.is_none() {
            faults.push(self.fault(key, &format!("must be {wanted}; this is of the type {found}")));
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn a_bad_key_hides_no_other() {
        let mut faults = Vec::new();
        let text = "a = 1\nb = \"two\"\nc = [\"x\", 3]\nd = [\"x\"]\ne = 1.5\nsurprise = true\n";
        let mut file = File::parse("site.toml".to_owned(), text, &mut faults);
        assert_eq!(file.text("a", &mut faults), None);
        assert_eq!(file.text("b", &mut faults).as_deref(), Some("two"));
        assert_eq!(file.texts("c", &mut faults), None);
        assert_eq!(file.texts("d", &mut faults), Some(vec!["x".to_owned()]));
        assert_eq!(file.number("e", &mut faults), None);
        assert_eq!(file.number("missing", &mut faults), None);
        file.finish(&mut faults);
        let keys =
            ["`a` must be a text", "`c` must be a list", "`e` must be a whole", "`surprise` is no setting"];
        assert_eq!(faults.len(), keys.len(), "{faults:?}");
        for (fault, key) in faults.iter().zip(keys) {
            assert!(fault.starts_with("site.toml: ") && fault.contains(key), "{fault}");
        }
    }

    #[test]
    fn a_file_that_is_no_toml_is_one_fault() {
        let mut faults = Vec::new();
        File::parse("site.toml".to_owned(), "listen =\n", &mut faults).finish(&mut faults);
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}
