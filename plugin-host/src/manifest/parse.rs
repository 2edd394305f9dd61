//! From text to [`Manifest`], collecting every fault on the way.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Table;

use super::cron::cron;
use super::faults::{Faults, ManifestErrors};
use super::permissions::permissions;
use super::section::Section;
use super::settings::{Setting, setting};
use super::{HookSettings, Isolation, Manifest, OnError, PluginInfo};
use crate::hook::{HookKind, HookPoint};
use crate::plugin_id::PluginId;
use crate::ports::VfsPath;

/// How far `priority` goes in both directions.
pub(super) const MAX_PRIORITY: i64 = 1_000_000;

pub(super) fn manifest(text: &str, file: &Path) -> Result<Manifest, ManifestErrors> {
    let mut faults = Faults::new(file);
    let table = match table(text) {
        Ok(table) => table,
        Err(reason) => {
            faults.add("", reason);
            return Err(faults.into_errors());
        }
    };
    let mut root = Section::root(table);
    let plugin = plugin(root.section("plugin", &mut faults), &mut faults);
    // Before the permissions, which may name them.
    let settings = settings(root.section("settings", &mut faults), &mut faults);
    let (permissions, limits) = permissions(root.section("permissions", &mut faults), &settings, &mut faults);
    let mut hooks = hooks(root.section("hooks", &mut faults), &mut faults);
    subscribe(root.section("events", &mut faults), &mut hooks, &mut faults);
    let cron = cron(root.sections("cron", &mut faults), &mut faults);
    root.finish(&mut faults);
    if !cron.is_empty() {
        hooks.entry(HookPoint::OnCronTick).or_default();
    } else if hooks.contains_key(&HookPoint::OnCronTick) {
        faults.add("hooks.on-cron-tick", "is listed without a job; add one as `[[cron]]`");
    }
    match plugin {
        Some((plugin, enabled, isolation)) if faults.is_empty() => {
            Ok(Manifest { plugin, enabled, isolation, permissions, limits, hooks, cron, settings })
        }
        _ => Err(faults.into_errors()),
    }
}

fn table(text: &str) -> Result<Table, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| format!("is not valid JSON: {error}"));
    }
    text.parse::<Table>().map_err(|error| {
        let place = error.span().map(|span| format!(" in line {}", line_of(text, span.start)));
        format!("is not valid TOML{}: {}", place.unwrap_or_default(), error.message())
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

fn plugin(mut section: Section, faults: &mut Faults<'_>) -> Option<(PluginInfo, bool, Isolation)> {
    let id = checked(&mut section, "id", "com.example.my-plugin", faults, PluginId::parse);
    let name = section.required("name", "My Plugin", faults);
    let version = checked(&mut section, "version", "0.1.0", faults, |text| {
        semver::Version::parse(text)
            .map_err(|error| format!("is \"{text}\", not a semantic version such as \"0.1.0\": {error}"))
    });
    section.choice("runtime", &[("wasm", ())], faults);
    let entry = section.string("entry", faults).unwrap_or_else(|| "plugin.wasm".to_owned());
    if let Err(reason) = VfsPath::parse(&entry) {
        faults.add(section.key("entry"), format!("is \"{entry}\"; {reason}"));
    }
    let enabled = section.boolean("enabled", faults).unwrap_or(true);
    let isolations = [("instance", Isolation::Instance), ("call", Isolation::Call)];
    let isolation = section.choice("isolation", &isolations, faults).unwrap_or_default();
    let description = section.string("description", faults);
    let author = section.string("author", faults);
    let homepage = section.string("homepage", faults);
    let license = section.string("license", faults);
    section.finish(faults);
    let info = PluginInfo { id: id?, name, version: version?, entry, description, author, homepage, license };
    Some((info, enabled, isolation))
}

fn checked<T>(
    section: &mut Section,
    name: &'static str,
    example: &str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Option<T> {
    let text = section.required(name, example, faults);
    if text.is_empty() {
        return None;
    }
    parse(&text).map_err(|reason| faults.add(section.key(name), reason)).ok()
}

/// The strings of an array, each parsed.
pub(super) fn each<T>(
    section: &mut Section,
    name: &'static str,
    faults: &mut Faults<'_>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<T> {
    let texts = section.strings(name, faults);
    let mut parsed = Vec::new();
    for (position, text) in texts.iter().enumerate() {
        match parse(text) {
            Ok(value) => parsed.push(value),
            Err(reason) => faults.add(format!("{}[{position}]", section.key(name)), reason),
        }
    }
    parsed
}

/// Whether it is letters, digits, `_` and `-`.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn hooks(section: Section, faults: &mut Faults<'_>) -> BTreeMap<HookPoint, HookSettings> {
    let mut hooks = BTreeMap::new();
    for (name, section) in section.into_sections(faults) {
        match HookPoint::from_name(&name) {
            Some(point) => {
                hooks.insert(point, hook(point, section, faults));
            }
            None => {
                let names: Vec<&str> = HookPoint::ALL.into_iter().map(HookPoint::name).collect();
                faults
                    .add(format!("hooks.{name}"), format!("is no hook; the hooks are {}", names.join(", ")));
            }
        }
    }
    hooks
}

fn hook(point: HookPoint, mut section: Section, faults: &mut Faults<'_>) -> HookSettings {
    let defaults = HookSettings::default();
    let priority =
        section.integer("priority", -MAX_PRIORITY..=MAX_PRIORITY, faults).unwrap_or(defaults.priority);
    let on_errors = [("keep", OnError::Keep), ("abort", OnError::Abort)];
    let on_error = section.choice("on_error", &on_errors, faults).unwrap_or_default();
    if on_error == OnError::Abort && point.kind() == HookKind::Action {
        faults.add(
            section.key("on_error"),
            "is \"abort\", but an action has nothing left to refuse; leave it out",
        );
    }
    let content_types = each(&mut section, "content_types", faults, |text| {
        is_name(text)
            .then(|| text.to_owned())
            .ok_or_else(|| format!("is \"{text}\"; it is the name of a content type, such as \"event\""))
    });
    let about_content = point.name().starts_with("on-content-");
    if !content_types.is_empty() && !about_content {
        faults.add(
            section.key("content_types"),
            "is given, but only the hooks of content have types; leave it out",
        );
    }
    section.finish(faults);
    HookSettings { priority, on_error, content_types, events: Vec::new() }
}

/// The tables `[events."<name>"]` are subscriptions; `[hooks.on-event]` may say more about their hook.
fn subscribe(section: Section, hooks: &mut BTreeMap<HookPoint, HookSettings>, faults: &mut Faults<'_>) {
    let mut names = Vec::new();
    for (name, section) in section.into_sections(faults) {
        section.finish(faults);
        if is_event_name(&name) {
            names.push(name);
        } else {
            faults.add(
                format!("events.\"{name}\""),
                "is no event's name; write the plugin's id and the type, as in \
                 `[events.\"plugin.com.example.shop.order-paid\"]`, or a `*` at the end",
            );
        }
    }
    if !names.is_empty() {
        hooks.entry(HookPoint::OnEvent).or_default().events = names;
    } else if hooks.contains_key(&HookPoint::OnEvent) {
        faults.add(
            "hooks.on-event",
            "is listed without a subscription; add one, as in `[events.\"plugin.com.example.shop.order-paid\"]`",
        );
    }
}

fn is_event_name(text: &str) -> bool {
    let name = text.strip_suffix('*').unwrap_or(text);
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    name.starts_with("plugin.")
        && name.bytes().all(fits)
        && (name.len() > "plugin.".len() || text.ends_with('*'))
}

fn settings(section: Section, faults: &mut Faults<'_>) -> BTreeMap<String, Setting> {
    let mut settings = BTreeMap::new();
    for (name, section) in section.into_sections(faults) {
        if !is_name(&name) {
            faults.add(format!("settings.{name}"), "is no setting's key; use letters, digits, `-` and `_`");
        }
        settings.insert(name, setting(section, faults));
    }
    settings
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{DatabasePermission, Limits};
    use super::*;
    use crate::ports::SiteView;

    const QUICK_START: &str = r#"
        [plugin]
        id = "com.example.my-plugin"
        name = "My WASM Plugin"
        version = "0.1.0"
        runtime = "wasm"
        entry = "plugin.wasm"
        [hooks.on-post-creating]
        priority = 10
        [hooks.on-post-created]
        priority = 10
        [[cron]]
        label = "Scheduled Task"
        job_type = "my_task"
        cron_expr = "0 */6 * * *"
    "#;

    fn parse(text: &str) -> Result<Manifest, ManifestErrors> {
        manifest(text, Path::new("manifest.toml"))
    }

    fn faulty_keys(text: &str) -> Vec<String> {
        parse(text).expect_err("faults").0.into_iter().map(|fault| fault.key).collect()
    }

    #[test]
    fn reads_the_quick_start() {
        let manifest = parse(QUICK_START).expect("a good manifest");
        assert_eq!(manifest.id().as_str(), "com.example.my-plugin");
        assert!(manifest.enabled);
        assert_eq!(manifest.hooks[&HookPoint::OnPostCreating].priority, 10);
        assert_eq!(manifest.hooks[&HookPoint::OnCronTick].priority, 100, "cron entries imply the hook");
        assert_eq!(manifest.cron[0].job_type, "my_task");
        assert_eq!(manifest.limits, Limits::default());
    }

    #[test]
    fn reads_everything_else() {
        let manifest = parse(
            r#"
            [plugin]
            id = "a.b"
            name = "B"
            version = "1.2.3-beta.1"
            enabled = false
            isolation = "call"
            [permissions]
            database = ["own", "read:posts", "read:content:event"]
            http = ["API.example.com", "*.example.org:8443", "*", "setting:target"]
            config = ["*"]
            max_memory_mb = 32
            timeout_ms = 250
            [hooks.on-content-creating]
            content_types = ["event"]
            on_error = "abort"
            [settings.api_key]
            type = "secret"
            [settings.speed]
            type = "number"
            min = 1
            max = 10
            default = 5
            [settings.target]
            type = "url"
        "#,
        )
        .expect("a good manifest");
        assert!(!manifest.enabled);
        assert_eq!(manifest.isolation, Isolation::Call);
        let http: Vec<String> = manifest.permissions.http.iter().map(ToString::to_string).collect();
        assert_eq!(http, ["api.example.com", "*.example.org:8443", "*", "setting:target"]);
        assert_eq!(manifest.permissions.database[1], DatabasePermission::Read(SiteView::Posts));
        let content = DatabasePermission::ReadContent("event".to_owned());
        assert_eq!(manifest.permissions.database[2], content);
        assert_eq!(manifest.limits.memory, Some(32 << 20));
        assert_eq!(manifest.limits.timeout, Some(Duration::from_millis(250)));
        assert_eq!(manifest.hooks[&HookPoint::OnContentCreating].on_error, OnError::Abort);
        assert_eq!(manifest.settings["speed"].default.as_deref(), Some("5"));
    }

    #[test]
    fn reads_json() {
        let json =
            r#"{"plugin": {"id": "a.b", "name": "B", "version": "1.0.0"}, "hooks": {"filter-html": {}}}"#;
        assert!(parse(json).expect("a good manifest").hooks.contains_key(&HookPoint::FilterHtml));
    }

    #[test]
    fn reports_all_faults_at_once() {
        let keys = faulty_keys(
            r#"
            colour = "blue"
            [plugin]
            id = "plugin"
            version = "one"
            runtime = "lua"
            entry = "../plugin.wasm"
            enabled = "yes"
            [permissions]
            database = ["write:posts", "read:content:Event", "read:content:", 3]
            http = ["https://example.com/"]
            max_memory_mb = 0
            timeout_ms = "fast"
            [hooks.on-post-renamed]
            [hooks.on-post-created]
            on_error = "abort"
            [hooks.filter-html]
            priority = "first"
            prio = 3
            [[cron]]
            label = "One"
            job_type = "job"
            cron_expr = "every day"
            [[cron]]
            label = "Two"
            job_type = "job"
            cron_expr = "@daily"
            [settings.mode]
            type = "select"
            default = "x"
            [settings.key]
            type = "secret"
            default = "hunter2"
            [settings.untyped]
        "#,
        );
        for expected in [
            "colour",
            "plugin.id",
            "plugin.name",
            "plugin.version",
            "plugin.runtime",
            "plugin.entry",
            "plugin.enabled",
            "permissions.database[0]",
            "permissions.database[1]",
            "permissions.database[2]",
            "permissions.database[3]",
            "permissions.http[0]",
            "permissions.max_memory_mb",
            "permissions.timeout_ms",
            "hooks.on-post-renamed",
            "hooks.on-post-created.on_error",
            "hooks.filter-html.priority",
            "hooks.filter-html.prio",
            "cron[0].cron_expr",
            "cron[1].job_type",
            "settings.mode.options",
            "settings.mode.default",
            "settings.key.default",
            "settings.untyped.type",
        ] {
            assert!(keys.iter().any(|key| key == expected), "{expected} is not among {keys:?}");
        }
        assert_eq!(keys.len(), 24, "{keys:?}");
    }

    #[test]
    fn a_host_from_a_setting_needs_a_setting_that_is_an_address() {
        let errors = parse(
            r#"
            [plugin]
            id = "a.b"
            name = "B"
            version = "1.0.0"
            [permissions]
            http = ["setting:target", "setting:greeting", "setting:missing", "setting:", "setting:a b"]
            [settings.target]
            type = "url"
            [settings.greeting]
            type = "string"
        "#,
        )
        .expect_err("faults");
        for (fault, (key, words)) in errors.0.iter().zip([
            ("permissions.http[1]", "the setting `greeting` is no address; declare it with `type = \"url\"`"),
            ("permissions.http[2]", "there is no setting `missing`; declare it as `[settings.missing]`"),
            ("permissions.http[3]", "the key of a setting stands behind `setting:`"),
            ("permissions.http[4]", "the key of a setting stands behind `setting:`"),
        ]) {
            assert_eq!(fault.key, key);
            assert!(fault.reason.contains(words), "{fault}");
        }
        assert_eq!(errors.0.len(), 4, "{errors}");
    }

    #[test]
    fn broken_text_is_one_fault_with_its_line() {
        let errors = parse("[plugin]\nid = \n").expect_err("a fault");
        assert_eq!(errors.0.len(), 1);
        assert!(errors.to_string().contains("line 2"), "{errors}");
        assert!(parse("{ not json").is_err());
    }

    #[test]
    fn wrong_shapes_do_not_panic() {
        for text in
            ["plugin = 3", "[plugin]\nid = 3", "hooks = []", "cron = {}", "[[cron]]\n", "[settings]\na = 1"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
