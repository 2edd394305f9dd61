//! What an administrator agreed to, and what a new version asks for beside it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::key::{Key, keys};
use super::{Ask, sorted};
use crate::manifest::Manifest;

/// The keys that an administrator agreed to; in JSON a sorted array of strings. A key that this version does not know
/// is kept, and covers nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Granted(BTreeSet<String>);

/// What a manifest asks for, compared with what was agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What is new or wider than before, the riskiest first.
    pub added: Vec<Ask>,
    /// What was agreed to and is not asked for any more, or not to that extent, the riskiest first.
    pub removed: Vec<Ask>,
}

impl Granted {
    /// Everything that a manifest asks for.
    pub fn of(manifest: &Manifest) -> Granted {
        Granted(keys(manifest).iter().map(Key::to_string).collect())
    }

    /// Whether the plugin with this manifest may run without anybody being asked again: all that it asks for was agreed
    /// to, by the same key or by a wider one.
    pub fn covers(&self, manifest: &Manifest) -> bool {
        let granted = self.known();
        keys(manifest).iter().all(|wanted| is_covered(wanted, &granted))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// What was agreed to in sentences, the riskiest first, then by key.
    pub fn asks(&self) -> Vec<Ask> {
        sorted(self.keys().map(Ask::of_text).collect())
    }

    fn known(&self) -> Vec<Key> {
        self.keys().filter_map(Key::parse).collect()
    }
}

impl Difference {
    /// Whether somebody has to agree. Asking for less never needs that.
    pub fn needs_consent(&self) -> bool {
        !self.added.is_empty()
    }
}

/// What the plugin with the manifest `after` asks for beyond `before`, and what of `before` it does without.
pub fn difference(before: &Granted, after: &Manifest) -> Difference {
    let (granted, wanted) = (before.known(), keys(after));
    let added = wanted.iter().filter(|key| !is_covered(key, &granted)).map(Ask::new);
    let is_gone = |text: &&str| Key::parse(text).is_none_or(|key| !is_covered(&key, &wanted));
    let removed = before.keys().filter(is_gone).map(Ask::of_text);
    Difference { added: sorted(added.collect()), removed: sorted(removed.collect()) }
}

fn is_covered(wanted: &Key, granted: &[Key]) -> bool {
    granted.iter().any(|key| key.covers(wanted))
}

#[cfg(test)]
mod tests {
    use super::super::tests::manifest;
    use super::*;

    fn granted(keys: &[&str]) -> Granted {
        serde_json::from_value(serde_json::json!(keys)).expect("an array of strings")
    }

    fn texts(asks: &[Ask]) -> Vec<&str> {
        asks.iter().map(|ask| ask.key.as_str()).collect()
    }

    const WIDE: &str = "[permissions]\ndatabase = [\"own\", \"read:posts\"]\nhttp = [\"*.example.com\"]\n\
                        max_memory_mb = 128\ntimeout_ms = 2000\n[hooks.on-comment-creating]\non_error = \"abort\"\n\
                        [events.\"plugin.com.example.*\"]";
    const NARROW: &str = "[permissions]\ndatabase = [\"own\"]\nhttp = [\"api.example.com\"]\nmax_memory_mb = 96\n\
                          [hooks.on-comment-creating]\n[events.\"plugin.com.example.shop.paid\"]";

    #[test]
    fn it_is_stored_as_a_sorted_array() {
        let granted = Granted::of(&manifest(NARROW));
        let json = serde_json::to_string(&granted).expect("JSON");
        let expected = concat!(
            r#"["database:own","events:listen:plugin.com.example.shop.paid","hook:on-comment-creating","#,
            r#""hook:on-event","http:api.example.com","memory:96"]"#
        );
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Granted>(&json).expect("granted"), granted);
        assert_eq!(granted.asks(), super::super::asks(&manifest(NARROW)));
    }

    #[test]
    fn less_needs_nobody_and_more_does() {
        let (wide, narrow, nothing) = (manifest(WIDE), manifest(NARROW), manifest(""));
        for (before, after, covered) in [
            (&wide, &wide, true),
            (&wide, &narrow, true),
            (&wide, &nothing, true),
            (&nothing, &nothing, true),
            (&narrow, &wide, false),
            (&nothing, &narrow, false),
        ] {
            let before = Granted::of(before);
            assert_eq!(before.covers(after), covered, "{before:?}");
            assert_eq!(difference(&before, after).needs_consent(), !covered, "{before:?}");
        }
    }

    #[test]
    fn a_difference_names_both_directions() {
        let widened = difference(&Granted::of(&manifest(NARROW)), &manifest(WIDE));
        let added = [
            "hook:on-comment-creating:abort",
            "http:*.example.com",
            "database:read:posts",
            "events:listen:plugin.com.example.*",
            "memory:128",
            "time:2000",
        ];
        assert_eq!(texts(&widened.added), added);
        assert!(widened.removed.is_empty(), "{widened:?}");
        let narrowed = difference(&Granted::of(&manifest(WIDE)), &manifest(NARROW));
        assert_eq!(texts(&narrowed.removed), added);
        assert_eq!(narrowed.removed, widened.added, "told in the same words");
        assert!(!narrowed.needs_consent());
    }

    #[test]
    fn a_swap_is_both_more_and_less() {
        let before = Granted::of(&manifest("[permissions]\nhttp = [\"a.example.com\"]"));
        let swapped = difference(&before, &manifest("[permissions]\nhttp = [\"b.example.com\"]"));
        assert_eq!(texts(&swapped.added), ["http:b.example.com"]);
        assert_eq!(texts(&swapped.removed), ["http:a.example.com"]);
    }

    #[test]
    fn what_is_not_known_is_kept_and_covers_nothing() {
        let granted = granted(&["memory:0999", "camera:front", "database:own"]);
        let keys: Vec<&str> = granted.keys().collect();
        assert_eq!(keys, ["camera:front", "database:own", "memory:0999"]);
        assert!(granted.covers(&manifest("[permissions]\ndatabase = [\"own\"]")));
        let more = manifest("[permissions]\ndatabase = [\"own\"]\nmax_memory_mb = 65");
        assert!(!granted.covers(&more));
        let difference = difference(&granted, &more);
        assert_eq!(texts(&difference.added), ["memory:65"]);
        assert_eq!(texts(&difference.removed), ["camera:front", "memory:0999"]);
    }
}
