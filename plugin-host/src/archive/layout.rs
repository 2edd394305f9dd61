//! What may be in a package, and what each file there is.

use super::icon::{self, Format};
use super::listing::Entry;
use super::sums::SUMS_FILE;
use crate::directory::migrations;
use crate::manifest::MANIFEST_FILE;

/// What people read about a plugin.
pub(super) const README_FILE: &str = "README.md";
/// How the names of licences start.
const LICENSE_PREFIX: &str = "LICENSE";
/// What a manifest is called elsewhere.
const OTHER_MANIFEST: &str = "manifest.json";

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Manifest,
    Entry,
    Migration,
    Readme,
    Icon(Format),
    License,
    Sums,
}

/// What the file `name` is for in a package whose code is in the file `entry`; none where it does not belong there.
pub(super) fn role(name: &str, entry: Option<&str>) -> Option<Role> {
    if entry == Some(name) {
        return Some(Role::Entry);
    }
    match name {
        MANIFEST_FILE => return Some(Role::Manifest),
        README_FILE => return Some(Role::Readme),
        SUMS_FILE => return Some(Role::Sums),
        _ => {}
    }
    if let Some((_, format)) = icon::NAMES.iter().find(|(icon, _)| *icon == name) {
        return Some(Role::Icon(*format));
    }
    match name.split_once('/') {
        Some((folder, _)) => (folder == migrations::FOLDER).then_some(Role::Migration),
        None => name.starts_with(LICENSE_PREFIX).then_some(Role::License),
    }
}

/// What is wrong with where things are. `entry` is the code's file as far as the manifest says; without it, no `.wasm` is
/// out of place.
pub(super) fn faults(entries: &[Entry], entry: Option<&str>) -> Vec<String> {
    if let Some(reason) = wrapped(entries) {
        return vec![reason];
    }
    let mut faults = Vec::new();
    let has = |name: &str| entries.iter().any(|entry| entry.is(name));
    if !has(MANIFEST_FILE) {
        faults.push(format!("{MANIFEST_FILE}: is missing; it stands at the top of the archive"));
    }
    if let Some(entry) = entry.filter(|entry| !has(entry)) {
        faults
            .push(format!("{entry}: is missing; it is the code's file (`plugin.entry` in {MANIFEST_FILE})"));
    }
    let out_of_place: Vec<String> = entries
        .iter()
        .filter(|entry| entry.is_sound)
        .filter_map(|found| misplaced(found, entry, has(MANIFEST_FILE)))
        .collect();
    if !out_of_place.is_empty() {
        faults.extend(out_of_place);
        faults.push(format!(
            "a package may hold {MANIFEST_FILE}, {} (the code), {}/*.sql, {README_FILE}, {}, {LICENSE_PREFIX}* and \
             {SUMS_FILE}, and nothing else",
            entry.unwrap_or("the file that it names as `plugin.entry`"),
            migrations::FOLDER,
            icon::NAMES.map(|(name, _)| name).join(" or "),
        ));
    }
    faults.extend(second_icon(entries));
    faults
}

/// Tells where somebody packed a folder instead of what is in it. The folder is not taken away: which one is meant would
/// be a guess.
fn wrapped(entries: &[Entry]) -> Option<String> {
    let (folder, _) = entries.first()?.name.split_once('/')?;
    let is_inside =
        |entry: &Entry| entry.name.split_once('/').is_some_and(|(top, _)| entry.is_sound && top == folder);
    let manifest = format!("{folder}/{MANIFEST_FILE}");
    if !entries.iter().all(is_inside) || !entries.iter().any(|entry| entry.is(&manifest)) {
        return None;
    }
    Some(format!(
        "{folder}/: holds all there is; pack what is in this folder rather than the folder, so that {MANIFEST_FILE} stands \
         at the top of the archive"
    ))
}

fn misplaced(found: &Entry, entry: Option<&str>, has_manifest: bool) -> Option<String> {
    let (name, shown) = (&found.name, &found.shown);
    if found.is_folder {
        let is_above = |file: &str| file.starts_with(name.as_str());
        let belongs = *name == format!("{}/", migrations::FOLDER) || entry.is_none_or(is_above);
        return (!belongs).then(|| format!("{shown}: does not belong in a package"));
    }
    let is_code = entry.is_none() && name.ends_with(".wasm");
    if is_code || role(name, entry).is_some() {
        return None;
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let is_manifest = [MANIFEST_FILE, OTHER_MANIFEST].iter().any(|file| last.eq_ignore_ascii_case(file));
    if is_manifest && has_manifest {
        return Some(format!("{shown}: is a second manifest beside {MANIFEST_FILE}; keep that one alone"));
    }
    if *name == OTHER_MANIFEST {
        return Some(format!("{shown}: is not read; call it {MANIFEST_FILE}, also where its text is JSON"));
    }
    match proper_name(name) {
        Some(proper) => Some(format!("{shown}: is to be called {proper}")),
        None => Some(format!("{shown}: does not belong in a package")),
    }
}

/// The name that was meant by one that is right but for capitals.
fn proper_name(name: &str) -> Option<&'static str> {
    let icons = icon::NAMES.map(|(icon, _)| icon);
    let names = [MANIFEST_FILE, README_FILE, SUMS_FILE].into_iter().chain(icons);
    names.into_iter().find(|proper| name.eq_ignore_ascii_case(proper)).or_else(|| {
        let start = name.get(..LICENSE_PREFIX.len())?;
        let is_license = start.eq_ignore_ascii_case(LICENSE_PREFIX) && !name.contains('/');
        is_license.then_some("LICENSE (and whatever is to follow)")
    })
}

fn second_icon(entries: &[Entry]) -> Option<String> {
    let mut icons = icon::NAMES.iter().map(|(name, _)| *name);
    let mut found = icons.by_ref().filter(|name| entries.iter().any(|entry| entry.is(name)));
    let (first, second) = (found.next()?, found.next()?);
    Some(format!("{second}: is a second icon beside {first}; keep one"))
}
