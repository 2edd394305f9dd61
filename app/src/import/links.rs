//! What the text of a post refers to, worked out against the whole folder: which addresses are to be exchanged, what
//! leads nowhere, and a fingerprint that changes when any of it does.

use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    document::Document,
    library::{Library, Target},
    paths, references,
};
use crate::media;

/// Grows when the importer makes something else of the same file, so that the next import updates every post.
const VERSION: &[u8] = b"markdown-1";
/// How many addresses a warning names.
const NAMED: usize = 8;

/// What stands instead of an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replacement {
    /// This very address.
    Address(String),
    /// The address that the file gets as media.
    File(PathBuf),
}

/// An address to be exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) range: Range<usize>,
    pub(super) replacement: Replacement,
    /// The query and fragment, which stay.
    pub(super) suffix: String,
}

/// What a post refers to.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    pub(super) changes: Vec<Change>,
    pub(super) cover: Option<Replacement>,
    pub(super) fingerprint: String,
    pub(super) warnings: Vec<String>,
}

impl Links {
    /// The files that the post needs.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let replacements = self.changes.iter().map(|change| &change.replacement).chain(&self.cover);
        replacements.filter_map(|replacement| match replacement {
            Replacement::File(file) => Some(file.as_path()),
            Replacement::Address(_) => None,
        })
    }
}

/// The files that were looked at: the hash of what is in them, or why they cannot be stored.
#[derive(Default)]
pub(super) struct Files {
    seen: HashMap<PathBuf, Result<String, String>>,
}

impl Files {
    fn look(&mut self, file: &Path) -> Result<String, String> {
        if let Some(seen) = self.seen.get(file) {
            return seen.clone();
        }
        let outcome = hash(file);
        self.seen.insert(file.to_owned(), outcome.clone());
        outcome
    }
}

fn hash(file: &Path) -> Result<String, String> {
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("has a name that is not UTF-8")?;
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let size = std::fs::metadata(file).map_err(unreadable)?.len();
    if usize::try_from(size).is_ok_and(|size| size > media::MAX_SIZE) {
        return Err(format!("has {size} bytes; at most {} are taken", media::MAX_SIZE));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    media::check(name, &bytes)?;
    Ok(media::hexadecimal(&Sha256::digest(&bytes)))
}

/// Works out what the document at `index` of the library refers to.
pub(super) fn resolve(document: &Document, index: usize, library: &Library, files: &mut Files) -> Links {
    let found = references::find(&document.body);
    let mut work =
        Work { library, files, index, print: Sha256::new(), missing: Vec::new(), unfit: Vec::new() };
    work.print.update(VERSION);
    work.print.update(document.digest);
    let mut changes = Vec::new();
    for reference in found.references {
        if let Some(replacement) = work.replacement(&reference.address) {
            let suffix = paths::split_suffix(&reference.address).1.to_owned();
            changes.push(Change { range: reference.range, replacement, suffix });
        }
    }
    let cover = document.cover.as_deref().and_then(|address| work.cover(address));
    let mut warnings = work.warnings();
    if found.template_tags > 0 {
        let count = found.template_tags;
        let tags = if count == 1 { "tag stands as it is" } else { "tags stand as they are" };
        warnings.push(format!("{count} of the old site's template {tags}: {{{{ … }}}} or {{% … %}}"));
    }
    Links { changes, cover, fingerprint: media::hexadecimal(&work.print.finalize()), warnings }
}

struct Work<'a> {
    library: &'a Library,
    files: &'a mut Files,
    index: usize,
    print: Sha256,
    missing: Vec<String>,
    unfit: Vec<String>,
}

impl Work<'_> {
    /// What is to stand instead of the address; `None` if it stays.
    fn replacement(&mut self, address: &str) -> Option<Replacement> {
        match self.library.resolve(self.index, address) {
            Target::Elsewhere => None,
            Target::Missing => {
                self.note(address, "missing");
                note_once(&mut self.missing, address.to_owned());
                None
            }
            Target::Post(path) => {
                self.note(address, &path);
                let new = paths::address(&path);
                (new != paths::split_suffix(address).0).then_some(Replacement::Address(new))
            }
            Target::File(file) => match self.files.look(&file) {
                Ok(hash) => {
                    self.note(address, &hash);
                    Some(Replacement::File(file))
                }
                Err(fault) => {
                    self.note(address, &fault);
                    note_once(&mut self.unfit, format!("`{address}` {fault}; the address stays"));
                    None
                }
            },
        }
    }

    fn cover(&mut self, address: &str) -> Option<Replacement> {
        let web = address.starts_with("https://") || address.starts_with("http://");
        match self.replacement(address) {
            Some(Replacement::Address(_)) => None,
            None if web => Some(Replacement::Address(address.to_owned())),
            other => other,
        }
    }

    fn note(&mut self, address: &str, target: &str) {
        for part in [address, target] {
            self.print.update(b"\0");
            self.print.update(part.as_bytes());
        }
    }

    fn warnings(&mut self) -> Vec<String> {
        let mut warnings = std::mem::take(&mut self.unfit);
        if !self.missing.is_empty() {
            let named = self.missing.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = match self.missing.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            warnings.push(format!("these lead to nothing in the folder and stay as they are: {named}{more}"));
        }
        warnings
    }
}

fn note_once(notes: &mut Vec<String>, note: String) {
    if !notes.contains(&note) {
        notes.push(note);
    }
}
