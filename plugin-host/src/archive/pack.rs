//! Makes a package of a plugin's folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::layout::{self, Role};
use super::sums::{self, SUMS_FILE};
use super::{PackageLimits, read_package};
use crate::directory::{migrations, read_at_most};
use crate::manifest::{MANIFEST_FILE, Manifest};

/// How hard to look for ways to say it in fewer bytes.
const LEVEL: i64 = 9;
/// Read and written by its owner, read by everybody.
const MODE: u32 = 0o644;

/// Makes a zip archive of the plugin in `folder`: `manifest.toml`, the code, `migrations`, `README.md`, licences, the
/// icon, and a `SHA256SUMS` of them all. Whatever else is in the folder, such as its sources, is left out. The same files
/// give the same bytes, wherever and whenever they are packed by this build. [`read_package`] accepts what comes out.
///
/// # Errors
/// Everything for which no package can be made of the folder, each a sentence that names the file.
pub fn pack(folder: &Path) -> Result<Vec<u8>, Vec<String>> {
    let limits = PackageLimits::default();
    let mut files = gather(folder, &limits)?;
    files.insert(SUMS_FILE.to_owned(), sums::write(&files).into_bytes());
    let archive = zip(&files).map_err(|error| vec![format!("the archive cannot be made: {error}")])?;
    read_package(&archive, &limits)?;
    Ok(archive)
}

/// The folder's files that belong into a package, by the name that they have there.
fn gather(folder: &Path, limits: &PackageLimits) -> Result<BTreeMap<String, Vec<u8>>, Vec<String>> {
    let entry = entry(folder, limits)?;
    let (mut files, mut faults) = (BTreeMap::new(), Vec::new());
    let names = names(folder, &entry).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
    for name in names {
        // What a file of its kind may hold is checked with the package.
        match read_at_most(&folder.join(&name), limits.unpacked) {
            Ok(bytes) => drop(files.insert(name, bytes)),
            Err(reason) => faults.push(format!("{name}: {reason}")),
        }
    }
    match migrations::read(folder) {
        Ok(migrations) => files.extend(migrations.into_iter().map(|migration| {
            (format!("{}/{}", migrations::FOLDER, migration.name), migration.sql.into_bytes())
        })),
        Err(reasons) => faults.extend(reasons.iter().map(ToString::to_string)),
    }
    if faults.is_empty() { Ok(files) } else { Err(faults) }
}

/// The code's file as the folder's manifest says.
fn entry(folder: &Path, limits: &PackageLimits) -> Result<String, Vec<String>> {
    let one = |reason: String| vec![format!("{MANIFEST_FILE}: {reason}")];
    let bytes = read_at_most(&folder.join(MANIFEST_FILE), limits.manifest).map_err(one)?;
    let text = String::from_utf8(bytes).map_err(|error| one(format!("is not UTF-8: {error}")))?;
    let manifest = Manifest::parse(&text, Path::new(MANIFEST_FILE));
    let manifest = manifest.map_err(|errors| errors.0.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    Ok(manifest.plugin.entry)
}

/// The manifest, the code, and what else there is at the top of the folder that a package may hold.
fn names(folder: &Path, entry: &str) -> std::io::Result<Vec<String>> {
    let mut names = vec![MANIFEST_FILE.to_owned(), entry.to_owned()];
    for found in fs::read_dir(folder)? {
        let found = found?;
        // What has a name that no package may hold is none of a package's files.
        let Ok(name) = found.file_name().into_string() else { continue };
        let belongs =
            matches!(layout::role(&name, Some(entry)), Some(Role::Readme | Role::Icon(_) | Role::License));
        // Links are followed, as they are where the folder is loaded.
        if belongs && found.path().is_file() {
            names.push(name);
        }
    }
    Ok(names)
}

/// The archive of these files, in the order of their names, as if made at the beginning of zip's time.
fn zip(files: &BTreeMap<String, Vec<u8>>) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::DEFAULT
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(MODE);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(name, options)?;
        writer.write_all(bytes)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str =
        "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\nentry = \"build/a.wasm\"\n";
    /// The smallest component.
    const CODE: &[u8] = b"\0asm\x0d\0\x01\0";

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in files {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            fs::write(file, content).expect("written");
        }
        folder
    }

    const FILES: [(&str, &[u8]); 7] = [
        ("manifest.toml", MANIFEST.as_bytes()),
        ("build/a.wasm", CODE),
        ("migrations/2.sql", b"SELECT 2"),
        ("migrations/1.sql", b"SELECT 1"),
        ("README.md", b"Read me"),
        ("LICENSE-MIT", b"MIT"),
        ("icon.svg", b"<svg/>"),
    ];

    #[test]
    fn a_folder_becomes_a_package() {
        let others: [(&str, &[u8]); 5] = [
            ("src/lib.rs", b"fn main() {}"),
            ("Cargo.toml", b""),
            ("SHA256SUMS", b"old"),
            ("migrations/.swp", b""),
            ("LICENSES/MIT", b""),
        ];
        let folder = folder(&[&FILES[..], &others].concat());
        let packed = pack(folder.path()).expect("a package");
        let mut archive = zip::ZipArchive::new(Cursor::new(&packed)).expect("an archive");
        let names: Vec<String> =
            archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
        let expected = [
            "LICENSE-MIT",
            "README.md",
            "SHA256SUMS",
            "build/a.wasm",
            "icon.svg",
            "manifest.toml",
            "migrations/1.sql",
            "migrations/2.sql",
        ];
        assert_eq!(names, expected);
        let sums = std::io::read_to_string(archive.by_name("SHA256SUMS").expect("the sums")).expect("text");
        assert_eq!(sums.lines().count(), expected.len() - 1);
        let read = read_package(&packed, &PackageLimits::default()).expect("a good package");
        assert_eq!(read.package.wasm, CODE);
        assert_eq!(read.package.migrations.len(), 2);
        assert_eq!(read.readme.as_deref(), Some("Read me"));
        assert_eq!(read.icon.map(|icon| icon.content_type), Some("image/svg+xml"));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let first = folder(&FILES);
        let mut reversed = FILES;
        reversed.reverse();
        let second = folder(&reversed);
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        let readme = fs::File::options().write(true).open(second.path().join("README.md")).expect("a file");
        readme.set_modified(old).expect("an old file");
        let packed = pack(first.path()).expect("a package");
        assert_eq!(pack(first.path()).as_ref(), Ok(&packed));
        assert_eq!(pack(second.path()).as_ref(), Ok(&packed));
        fs::write(second.path().join("README.md"), "Read it").expect("written");
        assert_ne!(pack(second.path()).as_ref(), Ok(&packed));
    }

    #[test]
    fn what_would_be_refused_is_not_packed() {
        let reasons = |files: &[(&str, &[u8])]| pack(folder(files).path()).expect_err("reasons");
        assert!(reasons(&[])[0].starts_with("manifest.toml: cannot be read"));
        assert_eq!(reasons(&[("manifest.toml", b"[plugin]\nid = \"a\"\n")]).len(), 3);
        let found = reasons(&[FILES[0], ("migrations/notes.txt", b"")]);
        assert!(found[0].starts_with("build/a.wasm: cannot be read"), "{found:?}");
        assert!(found[1].contains("notes.txt: is no migration"), "{found:?}");
        let found = reasons(&[&FILES[..], &[("icon.png", b"GIF89a")]].concat());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("icon.svg: is a second icon"), "{found:?}");
        assert!(found[1].starts_with("icon.png: is no PNG picture"), "{found:?}");
    }
}
