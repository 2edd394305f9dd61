//! The tables against the parser, and the page in the repository against both.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::settings::type_names;
use super::super::{ManifestErrors, ManifestFault};
use super::*;
use crate::config::HostConfig;
use crate::cron::Schedule;
use table::DEPENDS;

/// A manifest that has what the parser cannot do without in `section`, and the keys that `changes` set, or leave out
/// where they say none. `kind` is the type of a setting.
fn document(section: &Section, kind: &str, changes: &[(&str, Option<&str>)]) -> String {
    let plugin = &SECTIONS[0];
    let quoted = format!("\"{kind}\"");
    let lines = |of: &Section, kind: &str| -> String {
        let mut keys: Vec<(&str, &str)> = of
            .keys
            .iter()
            .filter(|key| matches!(key.presence, Presence::Required))
            .filter(|key| key.types.is_empty() || key.types.contains(&kind))
            .map(|key| (key.name, if key.name == "type" { quoted.as_str() } else { key.example }))
            .collect();
        if of.name == section.name {
            keys.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
            keys.extend(changes.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
        }
        let lines: Vec<String> = keys.iter().map(|(name, value)| format!("{name} = {value}\n")).collect();
        format!("{}\n{}", of.sample, lines.concat())
    };
    match section.name {
        "plugin" => lines(plugin, kind),
        _ => format!("{}{}", lines(plugin, kind), lines(section, kind)),
    }
}

/// The type of a setting that has this key.
fn kind_for(key: &Key) -> &'static str {
    key.types.first().copied().unwrap_or("string")
}

fn parse(text: &str) -> Result<Manifest, ManifestErrors> {
    Manifest::parse(text, Path::new("manifest.toml"))
}

fn good(text: &str) -> Manifest {
    parse(text).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// The faults of one key.
fn faults(text: &str, key: &str) -> Vec<ManifestFault> {
    let faults = parse(text).err().map(|faults| faults.0).unwrap_or_default();
    faults.into_iter().filter(|fault| fault.key.ends_with(&format!(".{key}"))).collect()
}

fn every_key() -> impl Iterator<Item = (&'static Section, &'static Key)> {
    SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, key)))
}

/// The keys that the parser knows where it meets one that it does not.
fn known_to_the_parser(text: &str) -> BTreeSet<String> {
    let faults = parse(text).expect_err(text).0;
    let unknown: Vec<&ManifestFault> =
        faults.iter().filter(|fault| fault.key.ends_with("surprise")).collect();
    assert_eq!(unknown.len(), 1, "{text}\n{faults:?}");
    match unknown[0].reason.split_once("known here: ") {
        Some((_, known)) => known.split(", ").map(str::to_owned).collect(),
        None => BTreeSet::new(),
    }
}

#[test]
fn the_table_names_every_key_that_the_parser_knows() {
    let tables: BTreeSet<String> = SECTIONS.iter().map(|section| section.name.to_owned()).collect();
    let root = format!("surprise = 1\n{}", document(&SECTIONS[0], "", &[]));
    assert_eq!(known_to_the_parser(&root), tables);
    for section in &SECTIONS {
        let kinds = if section.name == "settings" { type_names().to_vec() } else { vec![""] };
        for kind in kinds {
            let known = known_to_the_parser(&document(section, kind, &[("surprise", Some("1"))]));
            let has = |key: &&Key| key.types.is_empty() || key.types.contains(&kind);
            let keys: BTreeSet<String> =
                section.keys.iter().filter(has).map(|key| key.name.to_owned()).collect();
            assert_eq!(known, keys, "{} {kind}", section.header);
        }
    }
    for point in HookPoint::ALL {
        let text = document(&SECTIONS[0], "", &[]) + &format!("[hooks.{point}]\nsurprise = 1\n");
        let keys: BTreeSet<String> = SECTIONS[2].keys.iter().map(|key| key.name.to_owned()).collect();
        assert_eq!(known_to_the_parser(&text), keys, "{point}");
    }
}

#[test]
fn every_example_is_a_good_one() {
    for section in &SECTIONS {
        good(&document(section, "string", &[]));
    }
    for (section, key) in every_key() {
        assert!(!key.meaning.is_empty() && !key.example.is_empty(), "{}", key.name);
        good(&document(section, kind_for(key), &[(key.name, Some(key.example))]));
    }
}

#[test]
fn what_is_required_and_what_the_defaults_are_is_true() {
    for (section, key) in every_key() {
        let with = |value: Option<&str>| document(section, kind_for(key), &[(key.name, value)]);
        match key.presence {
            Presence::Required => {
                assert_eq!(faults(&with(None), key.name).len(), 1, "{} is required", key.name);
            }
            Presence::Default(value) => {
                let (absent, written) = (good(&with(None)), good(&with(Some(value))));
                assert_eq!(format!("{absent:?}"), format!("{written:?}"), "{}", key.name);
            }
            Presence::Optional(_) => drop(good(&with(None))),
        }
    }
    let required: Vec<&str> =
        SECTIONS.iter().filter(|section| section.is_required).map(|section| section.name).collect();
    assert_eq!(required, ["plugin"], "a manifest of this table alone is good, and none is without it");
    assert!(parse("").is_err());
}

#[test]
fn every_kind_of_value_is_the_parsers() {
    for (section, key) in every_key().filter(|(_, key)| key.kind != DEPENDS) {
        let text = document(section, kind_for(key), &[(key.name, Some("1979-05-27"))]);
        let found = faults(&text, key.name);
        let expected = format!("{} belongs here", key.kind);
        assert!(found.iter().any(|fault| fault.reason.ends_with(&expected)), "{}: {found:?}", key.name);
    }
}

#[test]
fn every_limit_is_the_parsers() {
    for (section, key) in every_key() {
        let of =
            |value: String| faults(&document(section, kind_for(key), &[(key.name, Some(&value))]), key.name);
        match key.bounds {
            Bounds::Range(low, high) => {
                assert!(of(low.to_string()).is_empty() && of(high.to_string()).is_empty(), "{}", key.name);
                for beyond in [low - 1, high + 1] {
                    let found = of(beyond.to_string());
                    assert_eq!(found.len(), 1, "{} {beyond}", key.name);
                    assert!(found[0].reason.contains(&format!("from {low} to {high}")), "{}", found[0]);
                }
            }
            Bounds::Words(words) => {
                for word in words {
                    assert!(of(format!("\"{word}\"")).is_empty(), "{} {word}", key.name);
                }
                let found = of("\"surprise\"".to_owned());
                let (_, known) = found[0].reason.split_once("it is one of ").expect("the words");
                let known: BTreeSet<&str> = known.split(", ").map(|word| word.trim_matches('"')).collect();
                assert_eq!(known, words.iter().copied().collect::<BTreeSet<&str>>(), "{}", key.name);
            }
            Bounds::None | Bounds::Text(_) => {}
        }
    }
}

#[test]
fn the_hosts_defaults_are_the_ones_told() {
    let config = HostConfig::default();
    let mebibytes = |bytes: usize| (bytes >> 20).to_string();
    for (name, default, ceiling) in [
        ("max_memory_mb", mebibytes(config.max_memory), mebibytes(config.max_memory_ceiling)),
        (
            "timeout_ms",
            config.call_timeout.as_millis().to_string(),
            config.call_timeout_ceiling.as_millis().to_string(),
        ),
    ] {
        let (_, key) = every_key().find(|(_, key)| key.name == name).expect(name);
        let Presence::Optional(absent) = key.presence else { panic!("{name}") };
        assert!(absent.contains(&format!(", {default} unless")), "{absent}");
        assert!(key.meaning.contains(&format!("which is {ceiling} by default")), "{}", key.meaning);
    }
    let job = SECTIONS.iter().find(|section| section.name == "cron").expect("jobs");
    let key = job.keys.iter().find(|key| key.name == "timeout_ms").expect("a limit");
    let ceiling = config.job_timeout_ceiling.as_millis();
    assert!(key.meaning.contains(&format!("which is {ceiling} by default")), "{}", key.meaning);
}

#[test]
fn the_types_of_settings_are_the_parsers() {
    let told: BTreeSet<&str> = SETTING_TYPES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(told, BTreeSet::from(type_names()));
    let settings = &SECTIONS[5];
    for (name, default, _) in SETTING_TYPES {
        let values = [
            ("a string", "\"words\""),
            ("a number", "5"),
            ("true or false", "true"),
            ("one of `options`", "\"plain\""),
        ];
        for (kind, value) in values {
            let found = faults(&document(settings, name, &[("default", Some(value))]), "default");
            let fits = kind == default || (default == "a string" && kind == "one of `options`");
            assert_eq!(found.is_empty(), fits, "{name} {value}: {found:?}");
        }
    }
}

#[test]
fn the_example_is_complete_and_good() {
    let manifest = good(EXAMPLE);
    assert!(!consent::warnings(&manifest).is_empty());
    let lines: BTreeSet<&str> = EXAMPLE.lines().filter_map(|line| Some(line.split_once(" = ")?.0)).collect();
    for (section, key) in every_key() {
        assert!(lines.contains(key.name), "{} {} is missing", section.header, key.name);
    }
    for section in &SECTIONS {
        let beginning = section.header.split(['<', ']']).next().unwrap_or_default();
        assert!(EXAMPLE.lines().any(|line| line.starts_with(beginning)), "{}", section.header);
    }
    let kinds: BTreeSet<String> = EXAMPLE
        .lines()
        .filter_map(|line| Some(line.strip_prefix("type = \"")?.trim_end_matches('"').to_owned()))
        .collect();
    assert_eq!(kinds, type_names().map(str::to_owned).into());
}

#[test]
fn cron_expressions_are_what_they_are_said_to_be() {
    for (expression, _) in EXPRESSIONS {
        assert!(Schedule::parse(expression).is_ok(), "{expression}");
    }
    let start = DateTime::<Utc>::UNIX_EPOCH;
    for (word, expression) in SHORTCUTS {
        let (word, expression) =
            (Schedule::parse(word).expect(word), Schedule::parse(expression).expect(expression));
        for days in 0..400 {
            let time = start + TimeDelta::days(days);
            assert_eq!(word.next_after(time), expression.next_after(time), "{word:?} {time}");
        }
    }
}

#[test]
fn every_hook_is_told_as_its_contract_has_it() {
    for point in HookPoint::ALL {
        let signature = signature(point);
        assert!(signature.starts_with("func(") && !signature.contains(';'), "{point}: {signature}");
        assert_eq!(
            signature.contains(" -> option<"),
            point.kind() == HookKind::Filter,
            "{point}: {signature}"
        );
    }
}

#[test]
fn prose_is_broken_between_words() {
    let text = format!("{}\n\nshort", "word ".repeat(60));
    let broken = prose(&text);
    let lines: Vec<&str> = broken.lines().collect();
    assert_eq!(lines.len(), 5, "{broken}");
    assert!(lines.iter().all(|line| line.len() <= WIDTH && line.trim() == *line), "{broken}");
    assert_eq!(broken.split_whitespace().count(), 61);
}

/// `FLEURON_UPDATE=1` writes the page anew.
#[test]
fn the_page_in_the_repository_is_this_one() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugin-wit/docs/manifest.md");
    let page = reference();
    if env::var_os("FLEURON_UPDATE").is_some() {
        fs::write(&file, &page).expect("written");
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    let first = kept.lines().zip(page.lines()).find(|(kept, page)| kept != page);
    assert!(
        kept == page,
        "{} is not up to date; run this test with FLEURON_UPDATE=1. The first lines that differ: {first:#?}",
        file.display()
    );
}
