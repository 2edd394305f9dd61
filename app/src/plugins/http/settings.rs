//! Plugins' settings on the wire: declarations and values, and never a secret.

use fleuron_plugin_host::manifest::{Manifest, Setting, SettingType};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::plugins::settings::{GivenValues, StoredValues, typed};

/// The kinds of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettingTypeName {
    /// One line.
    String,
    /// Several lines.
    Text,
    /// One line that is never shown again.
    Secret,
    /// An address, http or https.
    Url,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// One of a list.
    Select,
}

/// A setting that a plugin declares, and its value.
#[derive(Debug, Serialize, ToSchema)]
pub struct SettingResponse {
    /// The key that the plugin asks for.
    pub key: String,
    /// What kind of value it is.
    #[serde(rename = "type")]
    pub kind: SettingTypeName,
    /// The name that people read; the key where the plugin gives none.
    pub label: String,
    /// A sentence of help.
    pub description: Option<String>,
    /// Whether the plugin cannot do without.
    pub required: bool,
    /// The value until one is set.
    pub default: Option<Value>,
    /// The values to choose from, of a select.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Whether somebody has set a value.
    pub is_set: bool,
    /// The value in force: the one that is set, or the default. Always null for a secret.
    pub value: Option<Value>,
}

/// Values to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdatePluginSettingsRequest {
    /// Values by key, of the JSON type that fits the setting; null goes back to the default. Keys that are left out keep
    /// their values.
    #[schema(value_type = std::collections::BTreeMap<String, Option<Value>>)]
    pub values: GivenValues,
}

impl SettingResponse {
    /// All settings that the manifest declares, by key.
    pub fn all(manifest: &Manifest, values: &StoredValues) -> Vec<Self> {
        let settings = manifest.settings.iter();
        settings.map(|(key, setting)| Self::new(key, setting, values.get(key, &setting.kind))).collect()
    }

    fn new(key: &str, setting: &Setting, stored: Option<&str>) -> Self {
        let typed = |text: &str| typed(&setting.kind, text);
        let default = setting.default.as_deref();
        let is_secret = setting.kind == SettingType::Secret;
        let value = if is_secret { None } else { stored.or(default) };
        let (min, max) = match setting.kind {
            SettingType::Number { min, max } => (min, max),
            _ => (None, None),
        };
        let options = match &setting.kind {
            SettingType::Select { options } => options.clone(),
            _ => Vec::new(),
        };
        Self {
            key: key.to_owned(),
            kind: SettingTypeName::from(&setting.kind),
            label: setting.label.clone().unwrap_or_else(|| key.to_owned()),
            description: setting.description.clone(),
            required: setting.required,
            default: default.map(typed),
            options,
            min,
            max,
            is_set: stored.is_some(),
            value: value.map(typed),
        }
    }
}

impl From<&SettingType> for SettingTypeName {
    fn from(kind: &SettingType) -> Self {
        match kind {
            SettingType::String => Self::String,
            SettingType::Text => Self::Text,
            SettingType::Secret => Self::Secret,
            SettingType::Url => Self::Url,
            SettingType::Number { .. } => Self::Number,
            SettingType::Boolean => Self::Boolean,
            SettingType::Select { .. } => Self::Select,
        }
    }
}
