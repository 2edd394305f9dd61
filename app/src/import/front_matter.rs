//! The head of a Markdown file: where it ends, and what is in it, whether it is TOML or YAML.

use serde_json::{Map, Value};

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from 1, if known.
    pub(super) line: Option<usize>,
    pub(super) message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// The two parts of a file. Both have `\n` line ends if the file was given so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split<'a> {
    format: Format,
    /// Between the fences; its first line is the file's second.
    pub(super) head: &'a str,
    /// After them.
    pub(super) body: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Toml,
    Yaml,
}

/// Line 1 is the opening fence.
const FIRST_LINE: usize = 2;

/// Finds the front matter. `None`: the file has none. Fails if it is opened and never closed.
pub(super) fn split(text: &str) -> Result<Option<Split<'_>>, Fault> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.split_inclusive('\n');
    let opening = lines.next().unwrap_or_default();
    let (format, fence) = match opening.trim_end() {
        "+++" => (Format::Toml, "+++"),
        "---" => (Format::Yaml, "---"),
        _ => return Ok(None),
    };
    let mut end = opening.len();
    for line in lines {
        if line.trim_end() == fence {
            return Ok(Some(Split {
                format,
                head: &text[opening.len()..end],
                body: &text[end + line.len()..],
            }));
        }
        end += line.len();
    }
    Err(Fault {
        line: Some(1),
        message: format!("the front matter is opened by `{fence}` but never closed by it"),
    })
}

impl Split<'_> {
    /// The fields, with names in lower case. Dates are strings.
    pub(super) fn parse(&self) -> Result<Map<String, Value>, Fault> {
        let value = match self.format {
            Format::Toml => self.toml()?,
            Format::Yaml => self.yaml()?,
        };
        match value {
            Value::Object(fields) => {
                Ok(fields.into_iter().map(|(name, value)| (name.to_lowercase(), value)).collect())
            }
            Value::Null => Ok(Map::new()),
            _ => Err(Fault {
                line: Some(FIRST_LINE),
                message: "the front matter must be `name: value` lines".into(),
            }),
        }
    }

    /// The line of the file on which a field stands; for `taxonomies.tags` that of `tags`.
    pub(super) fn line_of(&self, field: &str) -> Option<usize> {
        let name = field.rsplit('.').next().unwrap_or(field);
        let found = self.head.lines().position(|line| {
            let line = line.trim_start().trim_start_matches('"');
            let rest = line
                .get(..name.len())
                .filter(|start| start.eq_ignore_ascii_case(name))
                .map(|_| &line[name.len()..]);
            rest.is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with(['=', ':']))
        });
        found.map(|index| index + FIRST_LINE)
    }

    fn toml(&self) -> Result<Value, Fault> {
        let table: toml::Table = toml::from_str(self.head).map_err(|error| {
            let line = error.span().map(|span| self.head[..span.start].matches('\n').count() + FIRST_LINE);
            Fault { line, message: one_line(&format!("the front matter is not TOML: {}", error.message())) }
        })?;
        Ok(from_toml(toml::Value::Table(table)))
    }

    fn yaml(&self) -> Result<Value, Fault> {
        let value: serde_yaml_ng::Value = serde_yaml_ng::from_str(self.head).map_err(|error| {
            let line = error.location().map(|location| location.line() + FIRST_LINE - 1);
            // The parser's own places count from the fence; ours count from the top of the file.
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            Fault { line, message: one_line(&format!("the front matter is not YAML: {words}")) }
        })?;
        Ok(from_yaml(value))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(moment) => Value::String(moment.to_string()),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(name, value)| (name, from_toml(value))).collect())
        }
    }
}

fn from_yaml(value: serde_yaml_ng::Value) -> Value {
    match value {
        serde_yaml_ng::Value::Null => Value::Null,
        serde_yaml_ng::Value::Bool(flag) => flag.into(),
        serde_yaml_ng::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => Value::String(number.to_string()),
        },
        serde_yaml_ng::Value::String(text) => Value::String(text),
        serde_yaml_ng::Value::Sequence(items) => items.into_iter().map(from_yaml).collect(),
        serde_yaml_ng::Value::Mapping(mapping) => {
            let fields = mapping.into_iter().filter_map(|(name, value)| {
                let name = name.as_str().map(str::to_owned)?;
                Some((name, from_yaml(value)))
            });
            Value::Object(fields.collect())
        }
        serde_yaml_ng::Value::Tagged(tagged) => from_yaml(tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn both_formats_are_found() {
        let found = split("\u{feff}+++\ntitle = \"A\"\ndate = 2019-11-07\n+++\n\nText\n").unwrap().unwrap();
        assert_eq!(found.body, "\nText\n");
        let fields = found.parse().unwrap();
        assert_eq!((fields["title"].as_str(), fields["date"].as_str()), (Some("A"), Some("2019-11-07")));

        let found = split("---\nTitle: A\ntags: [x, 2]\n--- \nText").unwrap().unwrap();
        assert_eq!(found.body, "Text");
        let fields = found.parse().unwrap();
        assert_eq!(fields["title"], "A");
        assert_eq!(fields["tags"][1], 2);
        assert_eq!(
            (found.line_of("tags"), found.line_of("title"), found.line_of("none")),
            (Some(3), Some(2), None)
        );
    }

    #[test]
    fn what_is_none_is_none() {
        assert_eq!(split("# Title\n+++\n").unwrap(), None);
        assert_eq!(split("").unwrap(), None);
        assert_eq!(split("---\n---\nText").unwrap().unwrap().parse().unwrap().len(), 0);
    }

    #[test]
    fn faults_name_the_line() {
        assert!(split("+++\ntitle = 1\n").unwrap_err().to_string().starts_with("line 1: "));
        let fault = split("+++\ntitle = \"A\"\nwrong wrong\n+++\n").unwrap().unwrap().parse().unwrap_err();
        assert_eq!(fault.line, Some(3), "{fault}");
        let fault = split("---\ntitle: \"A\nb: [\n---\n").unwrap().unwrap().parse().unwrap_err();
        assert!(fault.line.is_some(), "{fault}");
        assert!(split("---\njust words\n---\n").unwrap().unwrap().parse().is_err());
    }
}
