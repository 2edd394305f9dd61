//! A package that is a zip archive.

use std::path::Path;

use super::contents::Contents;
use super::icon::Icon;
use super::layout::{self, Role};
use super::listing::{Entry, Listing};
use super::sums::{self, SUMS_FILE, Sums};
use super::{PackageLimits, Parts, code};
use crate::directory::migrations;
use crate::manifest::{MANIFEST_FILE, Manifest};
use crate::package::Migration;

/// Reads an archive: its list of files first, then the manifest, which says where the code is, then the rest.
pub(super) fn read(bytes: &[u8], limits: &PackageLimits) -> Result<Parts, Vec<String>> {
    let listing = Listing::of(bytes, limits.files).map_err(|reason| vec![reason])?;
    let mut faults = listing.faults();
    let contents = match Contents::open(bytes, &listing, limits) {
        Ok(contents) => contents,
        Err(reasons) => {
            faults.extend(reasons);
            return Err(faults);
        }
    };
    let mut reading = Reading { listing: &listing, contents, limits, sums: Sums::new(), faults };
    let (manifest, manifest_text) = reading.manifest().unzip();
    let entry = manifest.as_ref().and_then(|manifest| reading.entry(manifest));
    reading.faults.extend(layout::faults(&listing.entries, entry));
    let parts = reading.parts(entry, manifest.as_ref());
    reading.compare_sums();
    // The check names no file, so the others' reasons say more than its own.
    if reading.faults.is_empty() {
        reading.faults.extend(reading.contents.check().err());
    }
    match (manifest, manifest_text, parts.wasm) {
        (Some(manifest), Some(manifest_text), Some(wasm)) if reading.faults.is_empty() => {
            let Found { migrations, readme, icon, .. } = parts;
            Ok(Parts { manifest, manifest_text, wasm, migrations, readme, icon })
        }
        _ => Err(reading.faults),
    }
}

/// An archive while it is read.
struct Reading<'a> {
    listing: &'a Listing,
    contents: Contents<'a>,
    limits: &'a PackageLimits,
    /// What has been read, for `SHA256SUMS`.
    sums: Sums,
    faults: Vec<String>,
}

/// What was found beside the manifest.
#[derive(Default)]
struct Found {
    wasm: Option<Vec<u8>>,
    migrations: Vec<Migration>,
    readme: Option<String>,
    icon: Option<Icon>,
}

impl<'a> Reading<'a> {
    fn manifest(&mut self) -> Option<(Manifest, String)> {
        let text = self.text(MANIFEST_FILE, self.limits.manifest)?;
        match Manifest::parse(&text, Path::new(MANIFEST_FILE)) {
            Ok(manifest) => Some((manifest, text)),
            Err(errors) => {
                self.faults.extend(errors.0.iter().map(ToString::to_string));
                None
            }
        }
    }

    /// The code's file, where its name leaves no doubt about what it is.
    fn entry<'m>(&mut self, manifest: &'m Manifest) -> Option<&'m str> {
        let entry = manifest.plugin.entry.as_str();
        if entry.ends_with(".wasm") {
            return Some(entry);
        }
        self.faults.push(format!(
            "{MANIFEST_FILE}: `plugin.entry` is \"{entry}\"; in a package, the name of the code's file ends in `.wasm`"
        ));
        None
    }

    /// Reads every sound file that has a use.
    fn parts(&mut self, entry: Option<&str>, manifest: Option<&Manifest>) -> Found {
        let (mut found, mut migrations) = (Found::default(), 0);
        let listing = self.listing;
        for file in listing.entries.iter().filter(|entry| entry.is_sound && !entry.is_folder) {
            let name = file.name.as_str();
            match layout::role(name, entry) {
                None | Some(Role::Manifest | Role::Sums) => {}
                Some(Role::Entry) => found.wasm = self.code(name, manifest),
                Some(Role::Migration) => {
                    migrations += 1;
                    found.migrations.extend(self.migration(name));
                }
                Some(Role::Readme) => found.readme = self.text(name, self.limits.readme),
                Some(Role::License) => drop(self.text(name, self.limits.readme)),
                Some(Role::Icon(format)) => {
                    let icon = self.bytes(name, self.limits.icon).map(|bytes| format.read(bytes));
                    found.icon = icon.and_then(|icon| self.keep(name, icon)).or(found.icon);
                }
            }
        }
        if let Err(reason) = migrations::check_count(migrations) {
            self.faults.push(format!("{}/: {reason}", migrations::FOLDER));
        }
        found.migrations.sort_by(|left, right| left.name.cmp(&right.name));
        found
    }

    fn code(&mut self, name: &str, manifest: Option<&Manifest>) -> Option<Vec<u8>> {
        let bytes = self.bytes(name, self.limits.unpacked)?;
        let faults = code::faults(name, &bytes, manifest, self.limits);
        let is_good = faults.is_empty();
        self.faults.extend(faults);
        is_good.then_some(bytes)
    }

    fn migration(&mut self, name: &str) -> Option<Migration> {
        let (_, file) = name.split_once('/')?;
        self.keep(name, migrations::check_name(file))?;
        let bytes = self.bytes(name, self.limits.migration)?;
        self.keep(name, migrations::parse(file, bytes))
    }

    fn text(&mut self, name: &str, most: u64) -> Option<String> {
        let bytes = self.bytes(name, most)?;
        let text = String::from_utf8(bytes)
            .map_err(|error| format!("is not UTF-8 from byte {} on", error.utf8_error().valid_up_to()));
        self.keep(name, text)
    }

    /// A file's bytes; none where it is not there, or not fit to be read.
    fn bytes(&mut self, name: &str, most: u64) -> Option<Vec<u8>> {
        let is_readable = |entry: &Entry| entry.is(name) && entry.is_sound;
        if !self.listing.entries.iter().any(is_readable) {
            return None;
        }
        let read = self.contents.read(name, most);
        let bytes = self.keep(name, read)?;
        self.sums.insert(name.to_owned(), Some(sums::of(&bytes)));
        Some(bytes)
    }

    /// What came out well; otherwise the reason is noted.
    fn keep<T>(&mut self, name: &str, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|reason| self.faults.push(format!("{name}: {reason}"))).ok()
    }

    /// Compares the files with `SHA256SUMS`, where there is one.
    fn compare_sums(&mut self) {
        let Some(text) = self.text(SUMS_FILE, self.limits.readme) else { return };
        self.sums.remove(SUMS_FILE);
        for entry in self.listing.entries.iter().filter(|entry| !entry.is_folder && !entry.is(SUMS_FILE)) {
            self.sums.entry(entry.name.clone()).or_insert(None);
        }
        self.faults.extend(sums::faults(&text, &self.sums));
    }
}
