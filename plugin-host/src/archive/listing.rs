//! The list of files at the end of a zip archive, read strictly before anything else is.
//!
//! The zip crate reads leniently, as it must: it looks for a list that makes some sense, sets memory aside for as many
//! files as that announces, and keeps one file of each name. Here an archive has one list, at its very end, that holds
//! what it announces; what is more is a fault. The same list is handed to the crate afterwards, which unpacks by it.

use std::collections::BTreeMap;

use crate::ports::VfsPath;

/// How a file in an archive starts, and so an archive.
pub(super) const FILE_MARK: &[u8] = b"PK\x03\x04";
/// How the end record starts, and so an archive without files.
pub(super) const END_MARK: &[u8] = b"PK\x05\x06";
/// How a row of the list starts.
const ROW_MARK: &[u8] = b"PK\x01\x02";

/// The end record's bytes, without the archive's comment.
const END_SIZE: usize = 22;
/// A row's bytes, without name, extra fields and comment.
const ROW_SIZE: usize = 46;
/// The longest name, in bytes.
const MAX_NAME: usize = 255;
/// How many characters of a name faults show.
const SHOWN: usize = 80;

/// What marks a file as encrypted: encrypted, strongly encrypted, header masked.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// A file's kind in a Unix mode.
const KIND: u32 = 0o170_000;
const KIND_NONE: u32 = 0;
const KIND_FILE: u32 = 0o100_000;
const KIND_FOLDER: u32 = 0o040_000;
const KIND_LINK: u32 = 0o120_000;

/// The list of an archive.
pub(super) struct Listing {
    /// Its rows, in the archive's order.
    pub(super) entries: Vec<Entry>,
    /// Where it begins, in bytes from the archive's start.
    pub(super) start: u64,
}

/// A row: a file or a folder.
pub(super) struct Entry {
    /// The name as the archive has it.
    pub(super) raw: Vec<u8>,
    /// The same as text; exact where the entry is sound.
    pub(super) name: String,
    /// The same as it may stand in a sentence.
    pub(super) shown: String,
    /// Whether it is a folder.
    pub(super) is_folder: bool,
    /// Whether its name, kind and packing are such that it may be read.
    pub(super) is_sound: bool,
    /// What is wrong with it.
    faults: Vec<String>,
}

impl Entry {
    /// Whether it has this name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.raw == name.as_bytes()
    }
}

impl Listing {
    /// Reads the list of an archive that holds `most` files at most.
    pub(super) fn of(bytes: &[u8], most: usize) -> Result<Listing, String> {
        let end = End::of(bytes)?;
        if end.count > most {
            return Err(format!("the archive holds {} files; at most {most} are allowed", end.count));
        }
        let rows = bytes.get(end.start..end.position).unwrap_or_default();
        let entries = entries(rows, end.count).ok_or_else(|| damaged("its list of files is broken"))?;
        Ok(Listing { entries: without_twins(entries), start: end.start as u64 })
    }

    /// Everything that is wrong with names, kinds and packing.
    pub(super) fn faults(&self) -> Vec<String> {
        let own = self.entries.iter().flat_map(|entry| entry.faults.iter().cloned());
        own.chain(alike(&self.entries)).collect()
    }
}

/// The end record.
struct End {
    /// Where it is.
    position: usize,
    /// How many rows the list has.
    count: usize,
    /// Where the list begins.
    start: usize,
}

impl End {
    fn of(bytes: &[u8]) -> Result<End, String> {
        let window = bytes.len().saturating_sub(END_SIZE + usize::from(u16::MAX));
        let position = bytes
            .get(window..)
            .and_then(|tail| tail.windows(END_MARK.len()).rposition(|mark| mark == END_MARK))
            .map(|position| window + position)
            .ok_or_else(|| damaged("its end is missing"))?;
        let record = bytes.get(position..).unwrap_or_default();
        End::parse(record, position).ok_or_else(|| damaged("its end is broken"))?
    }

    fn parse(record: &[u8], position: usize) -> Option<Result<End, String>> {
        let disks = (number(record, 4)?, number(record, 6)?);
        let (here, count) = (number(record, 8)?, number(record, 10)?);
        let (size, start) = (long(record, 12)?, long(record, 16)?);
        let comment = usize::from(number(record, 20)?);
        if count == u16::MAX || size == u32::MAX || start == u32::MAX {
            return Some(Err(
                "the archive is in the zip64 format, which a package of this size does not need; write a \
                             plain zip"
                    .to_owned(),
            ));
        }
        if disks != (0, 0) || here != count {
            return Some(Err("the archive is one part of several; upload one whole zip".to_owned()));
        }
        let (size, start) = (usize::try_from(size).ok()?, usize::try_from(start).ok()?);
        if record.len() != END_SIZE + comment || start.checked_add(size)? != position {
            return Some(Err(damaged("there is something before, behind or between its parts")));
        }
        if count == 0 {
            return Some(Err("the archive is empty".to_owned()));
        }
        Some(Ok(End { position, count: usize::from(count), start }))
    }
}

fn damaged(how: &str) -> String {
    format!("the archive is damaged: {how}; pack it anew")
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

/// As many rows as are announced; none where they do not fill the list exactly.
fn entries(mut rows: &[u8], count: usize) -> Option<Vec<Entry>> {
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        if !rows.starts_with(ROW_MARK) {
            return None;
        }
        let lengths = (number(rows, 28)?, number(rows, 30)?, number(rows, 32)?);
        let name_end = ROW_SIZE + usize::from(lengths.0);
        let row_end = name_end + usize::from(lengths.1) + usize::from(lengths.2);
        let name = rows.get(ROW_SIZE..name_end)?;
        entries.push(entry(name, number(rows, 8)?, number(rows, 10)?, long(rows, 38)? >> 16));
        rows = rows.get(row_end..)?;
    }
    rows.is_empty().then_some(entries)
}

fn entry(raw: &[u8], flags: u16, method: u16, mode: u32) -> Entry {
    let name = String::from_utf8_lossy(raw).into_owned();
    let shown = shown(&name);
    let is_folder = raw.ends_with(b"/");
    let mut reasons = Vec::new();
    reasons.extend(check_name(raw).err());
    let right_kind = if is_folder { KIND_FOLDER } else { KIND_FILE };
    match mode & KIND {
        KIND_NONE => {}
        kind if kind == right_kind => {}
        KIND_LINK => reasons.push("is a symbolic link; pack the file that it points to".to_owned()),
        KIND_FOLDER => reasons.push("is a folder without the `/` at the end of its name".to_owned()),
        _ => reasons.push("is neither a plain file nor a folder".to_owned()),
    }
    if flags & ENCRYPTED != 0 {
        reasons.push("is encrypted; pack it without a password".to_owned());
    } else if !matches!(method, STORED | DEFLATED) {
        reasons.push(format!("is packed by method {method}; use `deflate`, or none"));
    }
    let faults: Vec<String> = reasons.into_iter().map(|reason| format!("{shown}: {reason}")).collect();
    Entry { raw: raw.to_vec(), name, shown, is_folder, is_sound: faults.is_empty(), faults }
}

fn check_name(raw: &[u8]) -> Result<(), String> {
    if raw.len() > MAX_NAME {
        return Err(format!("the name is {} bytes long; at most {MAX_NAME} are allowed", raw.len()));
    }
    let name = std::str::from_utf8(raw)
        .map_err(|error| format!("the name is not UTF-8 from byte {} on", error.valid_up_to()))?;
    if name.contains(':') {
        return Err("the name holds a colon, as those of drives do".to_owned());
    }
    VfsPath::parse(name.strip_suffix('/').unwrap_or(name)).map(drop)
}

/// A name as it may stand in a sentence.
pub(super) fn shown(name: &str) -> String {
    let mut shown = String::new();
    for character in name.chars().take(SHOWN) {
        match character {
            '\\' | '\'' | '"' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    if name.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    if shown.is_empty() { "(a file without a name)".to_owned() } else { shown }
}

/// Takes out entries of a name that was there before, and leaves the fault with the first of them: which one is meant is
/// anybody's guess.
fn without_twins(entries: Vec<Entry>) -> Vec<Entry> {
    let mut counts: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    for entry in &entries {
        *counts.entry(entry.raw.clone()).or_default() += 1;
    }
    let mut kept = Vec::new();
    for mut entry in entries {
        // Taken at the first entry of a name; the others find nothing left.
        let Some(count) = counts.remove(&entry.raw) else { continue };
        if count > 1 {
            entry.is_sound = false;
            entry.faults.push(format!("{}: is in the archive {count} times; keep one", entry.shown));
        }
        kept.push(entry);
    }
    kept
}

/// Names that are one on systems that do not tell capitals from small letters.
fn alike(entries: &[Entry]) -> Vec<String> {
    let mut names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for entry in entries {
        let folded = entry.name.to_lowercase();
        names.entry(folded.trim_end_matches('/').to_owned()).or_default().push(&entry.shown);
    }
    let twins = names.into_values().filter(|names| names.len() > 1);
    twins.map(|names| format!("{}: differ in capitals alone; keep one", names.join(" and "))).collect()
}
