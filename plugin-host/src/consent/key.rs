//! What a plugin can ask for, as values and as the text that is stored.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::config::HostConfig;
use crate::hook::HookPoint;
use crate::manifest::{DatabasePermission, Manifest, OnError};
use crate::ports::{HttpPermission, SiteView, is_content_type_name};

/// One thing that a plugin asks for. Its text is canonical: equal wishes have equal texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Its own tables, a view of the site, or the entries of a content type.
    Database(DatabasePermission),
    /// Hosts.
    Http(HttpPermission),
    /// Emitting events.
    Emit,
    /// Events of this name, or of all names that begin so where it ends in `*`.
    Listen(String),
    /// A hook, or of a content hook one type.
    Hook { point: HookPoint, content_type: Option<String> },
    /// That a hook's failure refuses what is asked of the site.
    Abort(HookPoint),
    /// A job.
    Job(String),
    /// MiB of memory of an instance, above the host's default.
    Memory(u64),
    /// Milliseconds of a call, above the host's default.
    Time(u64),
}

/// Everything that a manifest asks for, each once, by key.
pub(super) fn keys(manifest: &Manifest) -> Vec<Key> {
    let permissions = &manifest.permissions;
    let mut keys: Vec<Key> = permissions.database.iter().cloned().map(Key::Database).collect();
    keys.extend(permissions.http.iter().cloned().map(Key::Http));
    keys.extend(permissions.emit.then_some(Key::Emit));
    for (point, settings) in &manifest.hooks {
        let types = settings.content_types.iter();
        keys.extend(types.map(|name| Key::Hook { point: *point, content_type: Some(name.clone()) }));
        if settings.content_types.is_empty() {
            keys.push(Key::Hook { point: *point, content_type: None });
        }
        keys.extend(settings.events.iter().cloned().map(Key::Listen));
        keys.extend((settings.on_error == OnError::Abort).then_some(Key::Abort(*point)));
    }
    keys.extend(manifest.cron.iter().map(|entry| Key::Job(entry.job_type.clone())));
    let defaults = HostConfig::default();
    let memory = manifest.limits.memory.filter(|bytes| *bytes > defaults.max_memory);
    keys.extend(memory.map(|bytes| Key::Memory(mebibytes(bytes))));
    let time = manifest.limits.timeout.filter(|time| *time > defaults.call_timeout);
    keys.extend(time.map(|time| Key::Time(milliseconds(time))));
    let by_text: BTreeMap<String, Key> = keys.into_iter().map(|key| (key.to_string(), key)).collect();
    by_text.into_values().collect()
}

pub(super) fn mebibytes(bytes: usize) -> u64 {
    bytes.div_ceil(1 << 20) as u64
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Key {
    /// Reads a key's text; none where it is not the text of any.
    pub(super) fn parse(text: &str) -> Option<Key> {
        let (group, rest) = text.split_once(':')?;
        let key = match group {
            "database" => Key::Database(database(rest)?),
            "http" => Key::Http(rest.parse().ok()?),
            "events" if rest == "emit" => Key::Emit,
            "events" => Key::Listen(rest.strip_prefix("listen:")?.to_owned()),
            "hook" => hook(rest)?,
            "cron" => Key::Job(rest.to_owned()),
            "memory" => Key::Memory(rest.parse().ok()?),
            "time" => Key::Time(rest.parse().ok()?),
            _ => return None,
        };
        // Another way to write the same, such as `memory:0128`, is none of ours.
        (key.to_string() == text).then_some(key)
    }

    /// Whether whoever agreed to this has agreed to `other`. What it is not sure of, it answers with no.
    pub(super) fn covers(&self, other: &Key) -> bool {
        match (self, other) {
            (Key::Http(mine), Key::Http(wanted)) => covers_hosts(mine, wanted),
            (Key::Listen(mine), Key::Listen(wanted)) => match mine.strip_suffix('*') {
                Some(beginning) => wanted.starts_with(beginning),
                None => mine == wanted,
            },
            (Key::Hook { point: mine, content_type: None }, Key::Hook { point: wanted, content_type: _ }) => {
                mine == wanted
            }
            (Key::Memory(mine), Key::Memory(wanted)) | (Key::Time(mine), Key::Time(wanted)) => mine >= wanted,
            _ => self == other,
        }
    }
}

fn covers_hosts(mine: &HttpPermission, wanted: &HttpPermission) -> bool {
    match (mine, wanted) {
        // Not the host of a setting, which may be any that somebody types in, nor a place in the owner's own network,
        // of which "any server on the internet" says nothing.
        (HttpPermission::AnyHost, HttpPermission::Host(wanted)) => wanted.is_public(),
        (HttpPermission::Host(mine), HttpPermission::Host(wanted)) => mine.covers(wanted),
        _ => mine == wanted,
    }
}

fn database(text: &str) -> Option<DatabasePermission> {
    if let Some(name) = text.strip_prefix("read:content:") {
        return is_content_type_name(name).then(|| DatabasePermission::ReadContent(name.to_owned()));
    }
    match text.strip_prefix("read:") {
        Some(view) => SiteView::from_name(view).map(DatabasePermission::Read),
        None => (text == "own").then_some(DatabasePermission::Own),
    }
}

fn hook(text: &str) -> Option<Key> {
    let (name, rest) = match text.split_once(':') {
        Some((name, rest)) => (name, Some(rest)),
        None => (text, None),
    };
    let point = HookPoint::from_name(name)?;
    match rest {
        None => Some(Key::Hook { point, content_type: None }),
        Some("abort") => Some(Key::Abort(point)),
        Some(rest) => {
            let content_type = rest.strip_prefix("type:")?.to_owned();
            Some(Key::Hook { point, content_type: Some(content_type) })
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Database(DatabasePermission::Own) => formatter.write_str("database:own"),
            Key::Database(DatabasePermission::Read(view)) => write!(formatter, "database:read:{view}"),
            Key::Database(DatabasePermission::ReadContent(name)) => {
                write!(formatter, "database:read:content:{name}")
            }
            Key::Http(permission) => write!(formatter, "http:{permission}"),
            Key::Emit => formatter.write_str("events:emit"),
            Key::Listen(name) => write!(formatter, "events:listen:{name}"),
            Key::Hook { point, content_type: None } => write!(formatter, "hook:{point}"),
            Key::Hook { point, content_type: Some(name) } => write!(formatter, "hook:{point}:type:{name}"),
            Key::Abort(point) => write!(formatter, "hook:{point}:abort"),
            Key::Job(job_type) => write!(formatter, "cron:{job_type}"),
            Key::Memory(mebibytes) => write!(formatter, "memory:{mebibytes}"),
            Key::Time(milliseconds) => write!(formatter, "time:{milliseconds}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn every_text_is_that_of_its_key() {
        let mut texts: Vec<String> = HookPoint::ALL
            .into_iter()
            .flat_map(|point| [format!("hook:{point}"), format!("hook:{point}:abort")])
            .collect();
        texts.extend(SiteView::ALL.map(|view| format!("database:read:{view}")));
        texts.extend(
            [
                "database:own",
                "database:read:content:event",
                "http:api.example.com",
                "http:*.example.com:8443",
                "http:*",
                "http:setting:target",
                "events:emit",
                "events:listen:plugin.com.example.shop.*",
                "hook:on-content-creating:type:abort",
                "cron:a job: with anything\nin it",
                "memory:128",
                "time:2000",
            ]
            .map(str::to_owned),
        );
        for text in texts {
            assert_eq!(key(&text).to_string(), text);
        }
        for text in [
            "",
            "database",
            "database:",
            "database:write:posts",
            "database:read:content",
            "database:read:content:",
            "database:read:content:Event",
            "http:",
            "http:API.example.com",
            "http:a:080",
            "events:listen",
            "hook:on-post-renamed",
            "hook:on-login:type",
            "memory:0128",
            "memory:+1",
            "time:-1",
            "camera:front",
        ] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }

    #[test]
    fn who_agreed_to_more_has_agreed_to_less() {
        let table = [
            ("database:own", "database:own", true),
            ("database:own", "database:read:posts", false),
            ("database:read:drafts", "database:read:posts", false),
            ("database:read:content:event", "database:read:content:event", true),
            ("database:read:content:event", "database:read:content:events", false),
            ("database:read:posts", "database:read:content:event", false),
            ("http:*.example.com", "http:api.example.com", true),
            ("http:*.example.com", "http:*.api.example.com", true),
            ("http:*.example.com", "http:example.com", false),
            ("http:*.example.com", "http:api.example.com:8443", false),
            ("http:api.example.com", "http:*.api.example.com", false),
            ("http:*", "http:api.example.com:8443", true),
            ("http:*", "http:*.example.com", true),
            ("http:*", "http:setting:target", false),
            ("http:*", "http:10.0.0.5", false),
            ("http:*", "http:localhost:8080", false),
            ("http:*.example.com", "http:*", false),
            ("http:setting:target", "http:setting:target", true),
            ("http:setting:target", "http:setting:other", false),
            ("http:setting:target", "http:api.example.com", false),
            ("events:listen:plugin.com.example.*", "events:listen:plugin.com.example.shop.paid", true),
            ("events:listen:plugin.com.example.*", "events:listen:plugin.com.example.shop.*", true),
            ("events:listen:plugin.com.example.shop.*", "events:listen:plugin.com.example.*", false),
            (
                "events:listen:plugin.com.example.shop.paid",
                "events:listen:plugin.com.example.shop.paid-late",
                false,
            ),
            ("events:listen:plugin.*", "events:emit", false),
            ("events:emit", "events:listen:plugin.*", false),
            ("hook:on-content-creating", "hook:on-content-creating:type:event", true),
            ("hook:on-content-creating:type:event", "hook:on-content-creating", false),
            ("hook:on-content-creating:type:event", "hook:on-content-creating:type:talk", false),
            ("hook:on-content-creating", "hook:on-content-updating:type:event", false),
            ("hook:on-comment-creating", "hook:on-comment-creating:abort", false),
            ("hook:on-comment-creating:abort", "hook:on-comment-creating", false),
            ("cron:report", "cron:report", true),
            ("cron:report", "cron:reports", false),
            ("memory:128", "memory:96", true),
            ("memory:96", "memory:128", false),
            ("time:2000", "time:501", true),
            ("time:2000", "memory:96", false),
        ];
        for (mine, wanted, expected) in table {
            assert_eq!(key(mine).covers(&key(wanted)), expected, "{mine} {wanted}");
        }
    }
}
