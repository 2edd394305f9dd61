//! A look at the folders on disk, without following a link. Everything here blocks.

use std::{
    fs::{self, Metadata},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fleuron_plugin_host::ports::{PortError, VfsPath};
use object_store::path::PathPart;

/// After this long an unfinished write is nobody's any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, and so many parts of the path are missing.
    Nothing { missing: u64 },
    /// The path goes through this file as if it were a folder.
    BeneathFile(String),
    /// A file.
    File {
        /// In bytes.
        size: u64,
        /// In unix seconds; 0 where it is not known.
        modified: i64,
    },
    /// A folder.
    Folder,
}

/// What is kept on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// In all files together.
    pub(super) bytes: u64,
    /// Files and folders.
    pub(super) entries: u64,
}

/// Deletes the plugin's folder and all that is in it. Links in it go, not what they lead to.
///
/// # Errors
/// Where the disk fails.
pub(super) fn clear(home: &Path) -> Result<(), PortError> {
    match fs::remove_dir_all(home) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(PortError::new(format!("its files cannot be deleted: {error}")))
        }
        _ => Ok(()),
    }
}

/// The name of a segment on disk.
pub(super) fn encode(segment: &str) -> String {
    PathPart::from(segment).as_ref().to_owned()
}

/// The segment that has this name on disk; none where no plugin could have made it.
fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = if *first == b'%' {
            let (digits, others) = others.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            others
        } else {
            bytes.push(*first);
            others
        };
    }
    let segment = String::from_utf8(bytes).ok()?;
    let is_one = VfsPath::parse(&segment).is_ok_and(|path| path.segments().count() == 1);
    (is_one && encode(&segment) == name).then_some(segment)
}

/// Looks at a path beneath the plugin's folder.
///
/// # Errors
/// Where a part of it is a symbolic link or no ordinary file, or the disk fails.
pub(super) fn look(home: &Path, path: &VfsPath) -> Result<Found, PortError> {
    let segments: Vec<&str> = path.segments().collect();
    let mut place = home.to_path_buf();
    match entry(&place, "the plugin's folder")? {
        None => return Ok(Found::Nothing { missing: segments.len() as u64 }),
        Some(metadata) if metadata.is_dir() => {}
        Some(_) => return Err(PortError::new("the plugin's folder is a file")),
    }
    for (index, segment) in segments.iter().enumerate() {
        let shown = || segments[..=index].join("/");
        place.push(encode(segment));
        match entry(&place, &format!("`{}`", shown()))? {
            None => return Ok(Found::Nothing { missing: (segments.len() - index) as u64 }),
            Some(metadata) if metadata.is_dir() => {}
            Some(metadata) if index + 1 == segments.len() => {
                return Ok(Found::File { size: metadata.len(), modified: modified(&metadata) });
            }
            Some(_) => return Ok(Found::BeneathFile(shown())),
        }
    }
    Ok(Found::Folder)
}

/// A file or folder; none where nothing is there.
fn entry(place: &Path, shown: &str) -> Result<Option<Metadata>, PortError> {
    match fs::symlink_metadata(place) {
        Ok(metadata) if metadata.is_dir() || metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_symlink() => {
            Err(PortError::new(format!("{shown} is a symbolic link, which is never followed")))
        }
        Ok(_) => Err(PortError::new(format!("{shown} is neither a file nor a folder"))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(PortError::new(format!("{shown} cannot be looked at: {}", error.kind()))),
    }
}

fn modified(metadata: &Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0)
}

/// The names in a folder, those of folders with `/` behind; none where there is no such folder, or nothing in it that
/// a plugin could have made.
///
/// # Errors
/// As [`look`], and where the path leads to a file.
pub(super) fn list(home: &Path, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError> {
    match look(home, folder)? {
        Found::Folder => {}
        Found::Nothing { .. } => return Ok(folder.is_root().then(Vec::new)),
        Found::File { .. } => return Err(PortError::new(format!("`{folder}` is a file, not a folder"))),
        Found::BeneathFile(file) => return Err(PortError::new(format!("`{file}` is a file, not a folder"))),
    }
    let place = folder.segments().fold(home.to_path_buf(), |place, segment| place.join(encode(segment)));
    let failed = |error: io::Error| PortError::new(format!("`{folder}` cannot be listed: {}", error.kind()));
    let mut names = Vec::new();
    for entry in fs::read_dir(place).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let Some(name) = entry.file_name().to_str().and_then(decode) else { continue };
        if kind.is_dir() {
            names.push(format!("{name}/"));
        } else if kind.is_file() {
            names.push(name);
        }
    }
    Ok((folder.is_root() || !names.is_empty()).then_some(names))
}

/// Counts what the plugin keeps, and clears away what a crash left of unfinished writes.
///
/// # Errors
/// Where the disk fails.
pub(super) fn usage(home: &Path) -> Result<Usage, PortError> {
    count(home).map_err(|error| PortError::new(format!("the files cannot be counted: {}", error.kind())))
}

fn count(home: &Path) -> io::Result<Usage> {
    let mut usage = Usage::default();
    let mut folders: Vec<PathBuf> = match fs::symlink_metadata(home) {
        Ok(metadata) if metadata.is_dir() => vec![home.to_path_buf()],
        Ok(_) => Vec::new(),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Of links the entry itself counts, not what it leads to.
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if is_abandoned(&entry.file_name().to_string_lossy(), &metadata)
                && fs::remove_file(entry.path()).is_ok()
            {
                continue;
            }
            usage.entries += 1;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                usage.bytes += metadata.len();
            }
        }
    }
    Ok(usage)
}

/// The store writes to `name#1` and renames; no encoded name holds a `#`.
fn is_abandoned(name: &str, metadata: &Metadata) -> bool {
    let is_staged = name
        .rsplit_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    let age = || metadata.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    is_staged && metadata.is_file() && age().is_some_and(|age| age > ABANDONED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_disk_stand_for_one_segment_each() {
        for segment in
            ["a", "a.b", "a%2fb", "a%", "~", "#1", "über", "…", "trailing.", "trailing ", " ", "A", "%2E"]
        {
            let name = encode(segment);
            assert!(!name.contains('#') && name.is_ascii(), "{name}");
            assert_eq!(decode(&name).as_deref(), Some(segment), "{name}");
        }
        for foreign in
            ["a#1", "%2F", "a%2Fb", "%2E", "%2E%2E", "%00", "%zz", "%4", "%", "über", "%61", "a%0A", "%5C"]
        {
            assert_eq!(decode(foreign), None, "{foreign}");
        }
    }
}
