//! What a plugin asks for, in the words of whoever owns the site, and what of it they agreed to.
//!
//! Everything here is a pure function of the manifest. Each thing that a plugin asks for has a key, which is stored, and a
//! sentence, which is shown. A sentence is made from its key alone: nothing that an author writes can make a wish sound
//! smaller than it is, and what was agreed to long ago can be said again.
//!
//! What every plugin has without asking is no part of this: its log, settings, key-values and files, and published posts.

mod granted;
mod hash;
mod key;
mod warnings;
mod words;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use crate::manifest::Manifest;
pub use granted::{Difference, Granted, difference};
pub use hash::hash;
use key::Key;
pub use warnings::warnings;

/// How much harm a permission can do in the wrong hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Little: it concerns the plugin itself or what is public anyway.
    Low,
    /// It reaches what is not public, changes content or talks to servers that are named.
    Medium,
    /// It reaches what people trust the site to keep, may turn visitors away, or talks to anybody.
    High,
}

/// One thing that a plugin asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What it is, for programs; the same as long as it means the same.
    ///
    /// `database:own`, `database:read:<view>`, `database:read:content:<content type>`; `http:<host>`, `http:*.<host>`,
    /// each with `:<port>` where there is one, `http:*`, `http:setting:<key>`; `events:emit`, `events:listen:<name>`;
    /// `hook:<hook>`, and for content hooks that want some types only `hook:<hook>:type:<content type>`;
    /// `hook:<hook>:abort`; `cron:<job type>`; `memory:<MiB>` and `time:<ms>` where that is more than the host's default.
    pub key: String,
    /// What it is, for people who own a site and do not program.
    pub sentence: String,
    /// How much harm it can do.
    pub risk: Risk,
}

impl Ask {
    fn new(key: &Key) -> Ask {
        Ask { key: key.to_string(), sentence: words::sentence(key), risk: words::risk(key) }
    }

    /// What a stored key stands for. One that means nothing to this version is told as such.
    pub(crate) fn of_text(key: &str) -> Ask {
        match Key::parse(key) {
            Some(key) => Ask::new(&key),
            None => Ask {
                key: key.to_owned(),
                sentence: format!("It asks for {}, which this server does not know.", words::quoted(key)),
                risk: Risk::High,
            },
        }
    }
}

/// Everything that the plugin with this manifest asks for, the riskiest first, then by key. No key comes twice.
pub fn asks(manifest: &Manifest) -> Vec<Ask> {
    sorted(key::keys(manifest).iter().map(Ask::new).collect())
}

fn sorted(mut asks: Vec<Ask>) -> Vec<Ask> {
    asks.sort_by(|one, other| (Reverse(one.risk), &one.key).cmp(&(Reverse(other.risk), &other.key)));
    asks
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A manifest with these lines behind `[plugin]`.
    pub(super) fn manifest(lines: &str) -> Manifest {
        versioned("com.example.asker", "1.0.0", lines)
    }

    pub(super) fn versioned(id: &str, version: &str, lines: &str) -> Manifest {
        let text = format!("[plugin]\nid = \"{id}\"\nname = \"Asker\"\nversion = \"{version}\"\n{lines}\n");
        Manifest::parse(&text, Path::new("manifest.toml")).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
    }

    fn keys(lines: &str) -> Vec<String> {
        asks(&manifest(lines)).into_iter().map(|ask| ask.key).collect()
    }

    #[test]
    fn each_part_of_a_manifest_has_its_key() {
        let table: [(&str, &[&str]); 15] = [
            ("", &[]),
            ("[permissions]\nconfig = [\"*\"]", &[]),
            ("[permissions]\ndatabase = [\"own\", \"own\"]", &["database:own"]),
            ("[permissions]\ndatabase = [\"read:posts\"]", &["database:read:posts"]),
            ("[permissions]\ndatabase = [\"read:content:event\"]", &["database:read:content:event"]),
            (
                "[permissions]\nhttp = [\"b.example.com:81\", \"*.example.org\", \"B.example.com:81\"]",
                &["http:*.example.org", "http:b.example.com:81"],
            ),
            ("[permissions]\nhttp = [\"*\"]", &["http:*"]),
            (
                "[permissions]\nhttp = [\"setting:target\"]\n[settings.target]\ntype = \"url\"",
                &["http:setting:target"],
            ),
            ("[permissions]\nevents = [\"emit\"]", &["events:emit"]),
            (
                "[events.\"plugin.com.example.shop.*\"]",
                &["events:listen:plugin.com.example.shop.*", "hook:on-event"],
            ),
            ("[hooks.on-post-creating]", &["hook:on-post-creating"]),
            (
                "[hooks.on-comment-creating]\non_error = \"abort\"",
                &["hook:on-comment-creating", "hook:on-comment-creating:abort"],
            ),
            (
                "[hooks.on-content-creating]\ncontent_types = [\"event\", \"abort\"]",
                &["hook:on-content-creating:type:abort", "hook:on-content-creating:type:event"],
            ),
            (
                "[[cron]]\nlabel = \"Nightly\"\njob_type = \"report\"\ncron_expr = \"@daily\"",
                &["cron:report", "hook:on-cron-tick"],
            ),
            ("[permissions]\nmax_memory_mb = 65\ntimeout_ms = 501", &["memory:65", "time:501"]),
        ];
        for (lines, expected) in table {
            assert_eq!(keys(lines), expected, "{lines}");
        }
        assert!(
            keys("[permissions]\nmax_memory_mb = 64\ntimeout_ms = 500").is_empty(),
            "the host's defaults"
        );
    }

    #[test]
    fn the_riskiest_comes_first() {
        let asks = asks(&manifest(
            "[permissions]\ndatabase = [\"own\", \"read:drafts\", \"read:users\", \"read:posts\"]\nhttp = [\"*\"]",
        ));
        let order: Vec<(Risk, &str)> = asks.iter().map(|ask| (ask.risk, ask.key.as_str())).collect();
        let expected = [
            (Risk::High, "database:read:drafts"),
            (Risk::High, "http:*"),
            (Risk::Medium, "database:read:users"),
            (Risk::Low, "database:own"),
            (Risk::Low, "database:read:posts"),
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn asks_travel_as_json() {
        let asks = asks(&manifest("[permissions]\nhttp = [\"api.example.com\"]"));
        let json = serde_json::to_value(&asks).expect("JSON");
        let expected = serde_json::json!([{
            "key": "http:api.example.com",
            "sentence": "It can send data to api.example.com and read the answers.",
            "risk": "medium",
        }]);
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_value::<Vec<Ask>>(json).expect("asks"), asks);
    }

    #[test]
    fn what_is_not_known_is_told_as_such() {
        let ask = Ask::of_text("camera:front\u{202e}");
        assert_eq!(ask.risk, Risk::High);
        assert!(ask.sentence.contains("which this server does not know"), "{}", ask.sentence);
        assert!(!ask.sentence.contains('\u{202e}'), "{}", ask.sentence);
    }
}
