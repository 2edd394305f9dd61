//! Declared settings: what the administrator's form is drawn from and what values are checked against.

use super::faults::Faults;
use super::section::{Section, kind};

/// One section `[settings.<key>]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What kind of value it is.
    pub kind: SettingType,
    /// The name that people read; the key where none is given.
    pub label: Option<String>,
    /// A sentence of help.
    pub description: Option<String>,
    /// The value until somebody sets one, as text.
    pub default: Option<String>,
    /// Whether the plugin cannot do without.
    pub required: bool,
}

/// The kinds of settings.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingType {
    /// One line (`"string"`).
    String,
    /// Several lines (`"text"`).
    Text,
    /// One line that is never shown again (`"secret"`).
    Secret,
    /// An address (`"url"`).
    Url,
    /// A number within optional bounds (`"number"`).
    Number {
        /// The smallest value.
        min: Option<f64>,
        /// The largest value.
        max: Option<f64>,
    },
    /// Yes or no (`"boolean"`).
    Boolean,
    /// One of a list (`"select"`).
    Select {
        /// The values to choose from.
        options: Vec<String>,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    String,
    Text,
    Secret,
    Url,
    Number,
    Boolean,
    Select,
}

const KINDS: [(&str, Kind); 7] = [
    ("string", Kind::String),
    ("text", Kind::Text),
    ("secret", Kind::Secret),
    ("url", Kind::Url),
    ("number", Kind::Number),
    ("boolean", Kind::Boolean),
    ("select", Kind::Select),
];

/// The words for the kinds of settings.
#[cfg(test)]
pub(super) fn type_names() -> [&'static str; KINDS.len()] {
    KINDS.map(|(name, _)| name)
}

pub(super) fn setting(mut section: Section, faults: &mut Faults<'_>) -> Setting {
    let kind = section.required_choice("type", &KINDS, faults).unwrap_or(Kind::String);
    let kind = match kind {
        Kind::String => SettingType::String,
        Kind::Text => SettingType::Text,
        Kind::Secret => SettingType::Secret,
        Kind::Url => SettingType::Url,
        Kind::Boolean => SettingType::Boolean,
        Kind::Number => number(&mut section, faults),
        Kind::Select => select(&mut section, faults),
    };
    let label = section.string("label", faults);
    let description = section.string("description", faults);
    let required = section.boolean("required", faults).unwrap_or(false);
    let default = default_value(&mut section, &kind, faults);
    section.finish(faults);
    Setting { kind, label, description, default, required }
}

fn number(section: &mut Section, faults: &mut Faults<'_>) -> SettingType {
    let (min, max) = (section.number("min", faults), section.number("max", faults));
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.add(section.key("min"), format!("is {min}, above `max`, which is {max}"));
    }
    SettingType::Number { min, max }
}

fn select(section: &mut Section, faults: &mut Faults<'_>) -> SettingType {
    let options = section.strings("options", faults);
    if options.is_empty() {
        faults.add(
            section.key("options"),
            "is empty; a select needs its values, as in `options = [\"a\", \"b\"]`",
        );
    }
    SettingType::Select { options }
}

fn default_value(section: &mut Section, setting: &SettingType, faults: &mut Faults<'_>) -> Option<String> {
    use toml::Value;
    let value = section.value("default")?;
    let outcome = match (setting, &value) {
        (SettingType::Secret, _) => Err("is given; a secret has no default that anybody may read".to_owned()),
        (SettingType::Boolean, Value::Boolean(value)) => Ok(value.to_string()),
        (SettingType::Number { min, max }, Value::Integer(_) | Value::Float(_)) => {
            in_bounds(&value, *min, *max)
        }
        (SettingType::Select { options }, Value::String(text)) => match options.contains(text) {
            true => Ok(text.clone()),
            false => Err(format!("is \"{text}\", which is not among `options`")),
        },
        (SettingType::String | SettingType::Text | SettingType::Url, Value::String(text)) => Ok(text.clone()),
        (_, other) => Err(format!("is {}, which does not fit the setting's type", kind(other))),
    };
    outcome.map_err(|reason| faults.add(section.key("default"), reason)).ok()
}

fn in_bounds(value: &toml::Value, min: Option<f64>, max: Option<f64>) -> Result<String, String> {
    let text = value.to_string();
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
        return Err(format!("is {text}, outside `min` and `max`"));
    }
    Ok(text)
}
