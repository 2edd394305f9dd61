//! The folder `migrations` of a plugin: one SQL file for each change of its database's schema.
//!
//! A file that was meant to be one and is passed over in silence would be missed only once the plugin's data are wrong,
//! so whatever does not belong there is a fault. Hidden files alone are left out, as hidden folders are.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::read_at_most;
use crate::package::Migration;

/// The folder's name.
pub(crate) const FOLDER: &str = "migrations";
/// The largest file, in bytes.
pub(crate) const MAX_BYTES: u64 = 1 << 20;
/// The most files.
const MAX_FILES: usize = 1_000;

/// What is wrong with a file or folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileFault {
    pub(crate) file: PathBuf,
    pub(crate) message: String,
}

impl FileFault {
    pub(super) fn new(file: &Path, message: impl Into<String>) -> FileFault {
        FileFault { file: file.to_owned(), message: message.into() }
    }
}

impl fmt::Display for FileFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file.display(), self.message)
    }
}

/// Reads a plugin folder's migrations, sorted by name; everything that is wrong with them otherwise. Without a folder
/// there are none.
pub(crate) fn read(plugin: &Path) -> Result<Vec<Migration>, Vec<FileFault>> {
    let folder = plugin.join(FOLDER);
    let files = list(&folder).map_err(|fault| vec![fault])?;
    check_count(files.len()).map_err(|message| vec![FileFault::new(&folder, message)])?;
    let (mut migrations, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        match read_one(&file) {
            Ok(migration) => migrations.push(migration),
            Err(message) => faults.push(FileFault::new(&file, message)),
        }
    }
    if faults.is_empty() { Ok(migrations) } else { Err(faults) }
}

/// What is in the folder, by name.
fn list(folder: &Path) -> Result<Vec<PathBuf>, FileFault> {
    let unreadable =
        |error: std::io::Error| FileFault::new(folder, format!("cannot be read as a folder: {error}"));
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn read_one(file: &Path) -> Result<Migration, String> {
    // A name that is not Unicode has a replacement character in its place, which no migration's name may have.
    let name = file.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    check_name(&name)?;
    parse(&name, read_at_most(file, MAX_BYTES)?)
}

/// Whether a plugin may have so many migrations.
///
/// # Errors
/// Says how many there may be.
pub(crate) fn check_count(count: usize) -> Result<(), String> {
    if count <= MAX_FILES {
        return Ok(());
    }
    Err(format!("holds {count} files; at most {MAX_FILES} are allowed"))
}

/// Whether a file of this name may be a migration.
///
/// # Errors
/// Says what their names are made of.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    if is_name(name) {
        return Ok(());
    }
    Err("is no migration; their names are made of letters, digits, `.`, `_` and `-` and end in `.sql`"
        .to_owned())
}

/// The migration that a file of this name and content is.
///
/// # Errors
/// Says what is wrong with the file.
pub(crate) fn parse(name: &str, content: Vec<u8>) -> Result<Migration, String> {
    check_name(name)?;
    let size = content.len() as u64;
    if size > MAX_BYTES {
        return Err(format!("is {size} bytes large; at most {MAX_BYTES} are allowed"));
    }
    let sql = String::from_utf8(content)
        .map_err(|error| format!("is not UTF-8 from byte {} on", error.utf8_error().valid_up_to()))?;
    Ok(Migration { name: name.to_owned(), sql })
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.strip_suffix(".sql")
        .is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.') && stem.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plugin(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let plugin = tempfile::tempdir().expect("a folder");
        fs::create_dir(plugin.path().join(FOLDER)).expect("a folder");
        for (name, content) in files {
            fs::write(plugin.path().join(FOLDER).join(name), content).expect("written");
        }
        plugin
    }

    fn faults(plugin: &Path) -> Vec<String> {
        let faults = read(plugin).expect_err("faults");
        let name = |file: &Path| file.file_name().expect("a name").to_string_lossy().into_owned();
        faults.iter().map(|fault| format!("{}: {}", name(&fault.file), fault.message)).collect()
    }

    #[test]
    fn names_give_the_order() {
        let plugin = plugin(&[
            ("0010_b.sql", b"B"),
            ("0002-a.sql", b"A"),
            (".0001.sql.swp", b"\xff"),
            ("1.x.sql", b""),
        ]);
        let names: Vec<(String, String)> = read(plugin.path())
            .expect("no faults")
            .into_iter()
            .map(|migration| (migration.name, migration.sql))
            .collect();
        let expected = [("0002-a.sql", "A"), ("0010_b.sql", "B"), ("1.x.sql", "")];
        assert_eq!(names, expected.map(|(name, sql)| (name.to_owned(), sql.to_owned())));
    }

    #[test]
    fn without_a_folder_there_are_none() {
        let plugin = tempfile::tempdir().expect("a folder");
        assert_eq!(read(plugin.path()), Ok(Vec::new()));
        fs::write(plugin.path().join(FOLDER), "CREATE TABLE a (b)").expect("written");
        assert!(faults(plugin.path())[0].contains("migrations: cannot be read as a folder"));
    }

    #[test]
    fn whatever_does_not_belong_there_is_named() {
        let large = vec![b' '; usize::try_from(MAX_BYTES).expect("a size") + 1];
        let plugin = plugin(&[
            ("0001.sql", b"SELECT 1"),
            ("0002.SQL", b""),
            ("a b.sql", b""),
            ("latin.sql", b"-- caf\xe9"),
            ("large.sql", &large),
            ("notes.txt", b""),
        ]);
        fs::create_dir(plugin.path().join(FOLDER).join("sub.sql")).expect("a folder");
        let faults = faults(plugin.path());
        let starts = [
            "0002.SQL: is no migration",
            "a b.sql: is no migration",
            "large.sql: is 1048577 bytes large",
            "latin.sql: is not UTF-8 from byte 6 on",
            "notes.txt: is no migration",
            "sub.sql: is not a file",
        ];
        assert_eq!(faults.len(), starts.len(), "{faults:?}");
        for (fault, start) in faults.iter().zip(starts) {
            assert!(fault.starts_with(start), "{fault}");
        }
    }

    #[test]
    fn there_may_be_many_but_not_any_number() {
        let plugin = plugin(&[]);
        for number in 0..=MAX_FILES {
            fs::write(plugin.path().join(FOLDER).join(format!("{number:05}.sql")), "").expect("written");
        }
        assert!(faults(plugin.path())[0].contains("holds 1001 files"));
        fs::remove_file(plugin.path().join(FOLDER).join("00000.sql")).expect("removed");
        assert_eq!(read(plugin.path()).expect("no faults").len(), MAX_FILES);
    }
}
