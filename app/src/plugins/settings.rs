//! What administrators set for plugins: checked against what the manifest declares, kept as text in the table
//! `plugin_settings`.
//!
//! Among these values are secrets. They travel in types that do not print, and no message repeats them. What was a secret
//! when it was set is never shown as anything else, whatever a later manifest calls it.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use fleuron_plugin_host::{
    PluginId,
    manifest::{Manifest, Setting, SettingType},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{
    clock::Timestamp,
    database::{Transaction, one_at_a_time},
    entities::plugin_settings,
    error::{ApiError, FieldError, Result},
};

/// Longest string, secret and URL, in characters.
const LINE_LENGTH: usize = 2_000;
/// Longest text, in characters.
const TEXT_LENGTH: usize = 20_000;
/// What writers of settings wait for each other at.
const WRITERS: &str = "plugin-settings";

/// A plugin's values as they are kept: text by key, without the defaults.
#[derive(Clone, Default)]
pub struct StoredValues(HashMap<String, Kept>);

/// A value, and whether it was set as a secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Plain(String),
    Secret { secret: String },
}

impl Kept {
    fn new(kind: &SettingType, text: String) -> Self {
        match kind {
            SettingType::Secret => Self::Secret { secret: text },
            _ => Self::Plain(text),
        }
    }

    fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Secret { secret: text } => text,
        }
    }

    /// Whether it counts under a kind: a secret under its own alone.
    fn counts_as(&self, kind: &SettingType) -> bool {
        matches!(self, Self::Plain(_)) || *kind == SettingType::Secret
    }
}

impl StoredValues {
    /// What was set, for whoever may be shown it under the kind that is declared now; none where the default holds, or
    /// where it was set as a secret and the setting is none any more.
    pub fn get(&self, key: &str, kind: &SettingType) -> Option<&str> {
        self.0.get(key).filter(|kept| kept.counts_as(kind)).map(Kept::text)
    }

    /// What was set, for the plugin itself, which may know its secrets.
    pub fn for_plugin(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(Kept::text)
    }

    /// Makes the changes, and forgets what the plugin does not declare, or declares as another kind, by now.
    fn change(&mut self, declared: &BTreeMap<String, Setting>, changes: &Changes) {
        for (key, change) in &changes.0 {
            match (change, declared.get(key)) {
                (Some(text), Some(setting)) => {
                    self.0.insert(key.clone(), Kept::new(&setting.kind, text.clone()))
                }
                _ => self.0.remove(key),
            };
        }
        self.0.retain(|key, kept| {
            let kind = declared.get(key).map(|setting| &setting.kind);
            // What is declared as a secret is kept as one from now on.
            if let (Some(SettingType::Secret), Kept::Plain(text)) = (kind, &*kept) {
                *kept = Kept::Secret { secret: text.clone() };
            }
            kind.is_some_and(|kind| kept.counts_as(kind))
        });
    }

    fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Self).map_err(|error| {
            // The error's own words may quote a value.
            let (line, column) = (error.line(), error.column());
            ApiError::internal(format!(
                "the stored settings are not a JSON object of texts and secrets (line {line}, column {column})"
            ))
        })
    }
}

impl fmt::Debug for StoredValues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "StoredValues({} values)", self.0.len())
    }
}

/// A value as a client sent it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct GivenValue(Value);

impl fmt::Debug for GivenValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("GivenValue(..)")
    }
}

/// Values to set by key; none goes back to the default.
pub type GivenValues = BTreeMap<String, Option<GivenValue>>;

/// What is to be changed of the stored values, checked.
pub struct Changes(Vec<(String, Option<String>)>);

/// The values that are stored for a plugin; none are where there is no row.
///
/// # Errors
/// Where the database does not answer, or what is stored is not what this server writes.
pub async fn stored(database: &impl ConnectionTrait, plugin: &PluginId) -> Result<StoredValues> {
    match plugin_settings::Entity::find_by_id(plugin.as_str().to_owned()).one(database).await? {
        Some(row) => StoredValues::parse(&row.settings),
        None => Ok(StoredValues::default()),
    }
}

/// Checks values against their declarations.
///
/// # Errors
/// `validation_failed` with every fault, each with the field `values.<key>`.
pub fn check(declared: &BTreeMap<String, Setting>, given: &GivenValues) -> Result<Changes> {
    let (mut changes, mut faults) = (Vec::new(), Vec::new());
    for (key, value) in given {
        let checked = match declared.get(key) {
            Some(setting) => setting_change(setting, value.as_ref()),
            None => Err("The plugin declares no such setting.".to_owned()),
        };
        match checked {
            Ok(change) => changes.push((key.clone(), change)),
            Err(message) => faults.push(FieldError::new(format!("values.{key}"), message)),
        }
    }
    if faults.is_empty() { Ok(Changes(changes)) } else { Err(ApiError::validation(faults)) }
}

/// Stores changes for the plugin with this manifest. What they do not name stays as long as it is declared.
///
/// # Errors
/// Where the database does not answer, or what is stored is not what this server writes.
pub async fn store(transaction: &Transaction, manifest: &Manifest, changes: &Changes) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    let mut values = stored(transaction, manifest.id()).await?;
    values.change(&manifest.settings, changes);
    let row = plugin_settings::ActiveModel {
        plugin_id: Set(manifest.id().as_str().to_owned()),
        settings: Set(serde_json::to_string(&values.0).map_err(ApiError::internal)?),
        updated_at: Set(Timestamp::now().millis()),
    };
    let conflict = OnConflict::column(plugin_settings::Column::PluginId)
        .update_columns([plugin_settings::Column::Settings, plugin_settings::Column::UpdatedAt])
        .to_owned();
    plugin_settings::Entity::insert(row).on_conflict(conflict).exec_without_returning(transaction).await?;
    Ok(())
}

/// A stored or default text as JSON of its setting's type; as a string where it does not fit that type any more.
pub fn typed(kind: &SettingType, text: &str) -> Value {
    let value = match kind {
        SettingType::Number { .. } => serde_json::from_str(text).ok().map(Value::Number),
        SettingType::Boolean => text.parse().ok().map(Value::Bool),
        _ => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The text to store; none goes back to the default.
fn setting_change(setting: &Setting, given: Option<&GivenValue>) -> Result<Option<String>, String> {
    let Some(GivenValue(value)) = given else {
        return match setting.required && setting.default.is_none() {
            true => Err("Is required and has no default, so it must have a value.".to_owned()),
            false => Ok(None),
        };
    };
    let text = text_of(&setting.kind, value)?;
    if setting.required && text.trim().is_empty() {
        return Err("Is required and must not be empty.".to_owned());
    }
    Ok(Some(text))
}

fn text_of(kind: &SettingType, value: &Value) -> Result<String, String> {
    match (kind, value) {
        (SettingType::String, Value::String(text)) => line(text),
        (SettingType::Secret, Value::String(text)) => match text.is_empty() {
            true => Err("Must not be empty; null removes it.".to_owned()),
            false => line(text),
        },
        (SettingType::Text, Value::String(text)) => long_text(text),
        (SettingType::Url, Value::String(text)) => address(text),
        (SettingType::Number { min, max }, Value::Number(number)) => {
            within(number, *min, *max).map(|()| number.to_string())
        }
        (SettingType::Boolean, Value::Bool(value)) => Ok(value.to_string()),
        (SettingType::Select { options }, Value::String(text)) => match options.contains(text) {
            true => Ok(text.clone()),
            false => Err(one_of(options)),
        },
        (kind, _) => Err(expected(kind)),
    }
}

/// What JSON belongs to a kind of setting.
fn expected(kind: &SettingType) -> String {
    match kind {
        SettingType::Number { .. } => "Must be a JSON number.".to_owned(),
        SettingType::Boolean => "Must be true or false.".to_owned(),
        SettingType::Select { options } => one_of(options),
        SettingType::String | SettingType::Text | SettingType::Secret | SettingType::Url => {
            "Must be a JSON string.".to_owned()
        }
    }
}

fn one_of(options: &[String]) -> String {
    format!("Must be one of: {}.", options.join(", "))
}

fn line(text: &str) -> Result<String, String> {
    if text.chars().count() > LINE_LENGTH || text.chars().any(char::is_control) {
        return Err(format!("Must be one line of at most {LINE_LENGTH} characters."));
    }
    Ok(text.to_owned())
}

fn long_text(text: &str) -> Result<String, String> {
    if text.chars().count() > TEXT_LENGTH || text.contains('\0') {
        return Err(format!("Must have at most {TEXT_LENGTH} characters, and no NUL among them."));
    }
    Ok(text.to_owned())
}

fn address(text: &str) -> Result<String, String> {
    let line = line(text)?;
    let url = Url::parse(&line).ok();
    let is_web = url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_web || line.contains(char::is_whitespace) {
        return Err("Must be an address that begins with http:// or https://.".to_owned());
    }
    Ok(line)
}

fn within(number: &serde_json::Number, min: Option<f64>, max: Option<f64>) -> Result<(), String> {
    let value = number.as_f64().unwrap_or(f64::NAN);
    let is_within = min.is_none_or(|min| value >= min) && max.is_none_or(|max| value <= max);
    match (min, max) {
        _ if is_within => Ok(()),
        (Some(min), Some(max)) => Err(format!("Must be {min} to {max}.")),
        (Some(min), None) => Err(format!("Must be at least {min}.")),
        (None, Some(max)) => Err(format!("Must be at most {max}.")),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(kind: SettingType, required: bool, default: Option<&str>) -> BTreeMap<String, Setting> {
        let default = default.map(str::to_owned);
        BTreeMap::from([(
            "it".to_owned(),
            Setting { kind, label: None, description: None, default, required },
        )])
    }

    fn outcome(declared: &BTreeMap<String, Setting>, value: Value) -> Result<Option<String>> {
        let given: GivenValues = serde_json::from_value(json!({ "it": value })).unwrap();
        check(declared, &given).map(|changes| changes.0[0].1.clone())
    }

    #[test]
    fn values_fit_their_declarations() {
        let number = SettingType::Number { min: Some(1.0), max: Some(5.0) };
        let select = SettingType::Select { options: vec!["a".to_owned(), "b".to_owned()] };
        let long = "x".repeat(LINE_LENGTH + 1);
        for (kind, good, bad) in [
            (
                SettingType::String,
                vec![json!(""), json!("a line")],
                vec![json!(5), json!("a\nb"), json!(long)],
            ),
            (SettingType::Text, vec![json!("a\nb"), json!(long)], vec![json!(true), json!("\0")]),
            (
                SettingType::Secret,
                vec![json!("s3cret")],
                vec![json!(""), json!("a\nb"), json!(["s"]), json!(long)],
            ),
            (
                SettingType::Url,
                vec![json!("https://example.com/a?b"), json!("http://[::1]:8080")],
                vec![
                    json!(""),
                    json!("ftp://example.com"),
                    json!("example.com"),
                    json!("https://"),
                    json!(" http://a"),
                ],
            ),
            (number, vec![json!(1), json!(2.5), json!(5)], vec![json!(0.9), json!(6), json!("3")]),
            (SettingType::Boolean, vec![json!(true), json!(false)], vec![json!("true"), json!(1)]),
            (select, vec![json!("a")], vec![json!("c"), json!("A"), json!(0)]),
        ] {
            let declared = declared(kind.clone(), false, None);
            for value in good {
                assert!(outcome(&declared, value.clone()).is_ok(), "{kind:?} {value}");
            }
            for value in bad {
                let error = outcome(&declared, value.clone()).unwrap_err();
                assert_eq!(error.fields()[0].field, "values.it", "{kind:?} {value}");
            }
            assert_eq!(outcome(&declared, Value::Null).unwrap(), None, "{kind:?}: back to the default");
        }
    }

    #[test]
    fn required_values_stay() {
        let bare = declared(SettingType::String, true, None);
        for empty in [Value::Null, json!(""), json!("  ")] {
            assert!(outcome(&bare, empty).is_err());
        }
        let with_default = declared(SettingType::String, true, Some("x"));
        assert_eq!(outcome(&with_default, Value::Null).unwrap(), None);
    }

    #[test]
    fn every_fault_is_named() {
        let declared = declared(SettingType::Boolean, false, None);
        let given = serde_json::from_value(json!({ "it": 1, "other": "x", "another": null })).unwrap();
        let Err(error) = check(&declared, &given) else { panic!("faulty values were taken") };
        let fields: Vec<&str> = error.fields().iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["values.another", "values.it", "values.other"]);
    }

    #[test]
    fn nothing_prints_a_value() {
        let given: GivenValues = serde_json::from_value(json!({ "it": "s3cret" })).unwrap();
        let stored = StoredValues::parse(r#"{"it":"s3cret"}"#).unwrap();
        assert_eq!(stored.for_plugin("it"), Some("s3cret"));
        assert!(!format!("{given:?} {stored:?}").contains("s3cret"));
        let broken = StoredValues::parse(r#"{"it":["s3cret"]}"#).unwrap_err();
        assert!(!broken.to_string().contains("s3cret"), "{broken}");
        let declared = declared(SettingType::Secret, false, None);
        let refused = outcome(&declared, json!("s3cret\n")).unwrap_err();
        assert!(!refused.to_string().contains("s3cret"), "{refused}");
    }

    /// What is stored after `changes` under these declarations.
    fn after(
        stored: &str,
        declared: &BTreeMap<String, Setting>,
        changes: Vec<(&str, Option<&str>)>,
    ) -> Value {
        let mut values = StoredValues::parse(stored).unwrap();
        let changes = changes.into_iter().map(|(key, text)| (key.to_owned(), text.map(str::to_owned)));
        values.change(declared, &Changes(changes.collect()));
        serde_json::to_value(&values.0).unwrap()
    }

    #[test]
    fn what_was_set_as_a_secret_is_never_shown_as_anything_else() {
        let (secret, string) = (SettingType::Secret, SettingType::String);
        let (hidden, plain) =
            (declared(secret.clone(), false, None), declared(string.clone(), false, Some("x")));
        let set = after("{}", &hidden, vec![("it", Some("s3cret"))]);
        assert_eq!(set, json!({ "it": { "secret": "s3cret" } }));
        let values = StoredValues::parse(&set.to_string()).unwrap();
        assert_eq!((values.get("it", &secret), values.get("it", &string)), (Some("s3cret"), None));
        assert_eq!(values.for_plugin("it"), Some("s3cret"));
        // What was in the open may become a secret.
        let values = StoredValues::parse(r#"{"it":"open"}"#).unwrap();
        assert_eq!((values.get("it", &secret), values.get("it", &string)), (Some("open"), Some("open")));
        assert_eq!(after(r#"{"it":"open"}"#, &hidden, Vec::new()), json!({ "it": { "secret": "open" } }));
        assert_eq!(after(&set.to_string(), &plain, vec![("it", Some("y"))]), json!({ "it": "y" }));
    }

    #[test]
    fn what_is_no_longer_declared_is_forgotten_at_the_next_change() {
        let declared = declared(SettingType::String, false, None);
        let stored = r#"{"it":"a","gone":"b","hidden":{"secret":"c"}}"#;
        assert_eq!(after(stored, &declared, Vec::new()), json!({ "it": "a" }));
        assert_eq!(after(stored, &declared, vec![("it", None)]), json!({}));
        assert_eq!(after(r#"{"it":{"secret":"c"}}"#, &declared, Vec::new()), json!({}));
    }

    #[test]
    fn texts_come_back_as_what_they_are() {
        let number = SettingType::Number { min: None, max: None };
        assert_eq!(typed(&number, "2.5"), json!(2.5));
        assert_eq!(typed(&number, "many"), json!("many"));
        assert_eq!(typed(&SettingType::Boolean, "false"), json!(false));
        assert_eq!(typed(&SettingType::String, "7"), json!("7"));
    }
}
