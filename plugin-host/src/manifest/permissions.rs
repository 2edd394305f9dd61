//! What a manifest asks for, and its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::faults::Faults;
use super::parse::{each, is_name};
use super::section::Section;
use super::settings::{Setting, SettingType};
use super::{DatabasePermission, Limits, Permissions};
use crate::ports::{HttpPermission, SiteView, is_content_type_name};

/// The largest `max_memory_mb`.
pub(super) const MAX_MEMORY_MB: i64 = 1024;
/// The largest `timeout_ms`.
pub(super) const MAX_TIMEOUT_MS: i64 = 10_000;

/// The section `[permissions]`. The settings are those that it may name.
pub(super) fn permissions(
    mut section: Section,
    settings: &BTreeMap<String, Setting>,
    faults: &mut Faults<'_>,
) -> (Permissions, Limits) {
    let database = each(&mut section, "database", faults, database_permission);
    let http = each(&mut section, "http", faults, |text| http_permission(text, settings));
    let config = each(&mut section, "config", faults, config_key);
    let emit = !each(&mut section, "events", faults, event_permission).is_empty();
    let memory = section.integer("max_memory_mb", 1..=MAX_MEMORY_MB, faults);
    let timeout = section.integer("timeout_ms", 1..=MAX_TIMEOUT_MS, faults);
    section.finish(faults);
    let limits = Limits {
        memory: memory.and_then(|mebibytes| usize::try_from(mebibytes << 20).ok()),
        timeout: timeout.and_then(|ms| u64::try_from(ms).ok()).map(Duration::from_millis),
    };
    (Permissions { database, http, config, emit }, limits)
}

fn database_permission(text: &str) -> Result<DatabasePermission, String> {
    if text == "own" {
        return Ok(DatabasePermission::Own);
    }
    if let Some(name) = text.strip_prefix("read:content:") {
        return content_permission(text, name);
    }
    let view = text.strip_prefix("read:").and_then(SiteView::from_name);
    view.map(DatabasePermission::Read).ok_or_else(|| {
        let views = SiteView::ALL.map(|view| format!("\"read:{view}\"")).join(", ");
        format!("is \"{text}\"; it is \"own\", \"read:content:TYPE\" or one of {views}")
    })
}

fn content_permission(text: &str, name: &str) -> Result<DatabasePermission, String> {
    if is_content_type_name(name) {
        return Ok(DatabasePermission::ReadContent(name.to_owned()));
    }
    Err(format!(
        "is \"{text}\"; behind \"read:content:\" stands the name of a content type: 1 to 40 lower-case letters (a to z), \
         digits and underscores, beginning with a letter"
    ))
}

fn event_permission(text: &str) -> Result<(), String> {
    if text == "emit" {
        Ok(())
    } else {
        Err(format!("is \"{text}\"; the one permission for events is \"emit\""))
    }
}

fn http_permission(text: &str, settings: &BTreeMap<String, Setting>) -> Result<HttpPermission, String> {
    let permission = text.parse()?;
    let HttpPermission::Setting(key) = &permission else { return Ok(permission) };
    match settings.get(key) {
        Some(setting) if setting.kind == SettingType::Url => Ok(permission),
        Some(_) => Err(format!(
            "is \"{text}\", but the setting `{key}` is no address; declare it with `type = \"url\"`"
        )),
        None => Err(format!(
            "is \"{text}\", but there is no setting `{key}`; declare it as `[settings.{key}]` with `type = \"url\"`"
        )),
    }
}

fn config_key(text: &str) -> Result<String, String> {
    if text == "*" || is_name(text) {
        return Ok(text.to_owned());
    }
    Err(format!("is \"{text}\"; it is the key of a setting, or \"*\" for all of the plugin's own"))
}
