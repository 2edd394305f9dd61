//! Finding the files, and nothing that should not be found: hidden folders stay closed, links to elsewhere are not
//! followed.

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use crate::clock::Timestamp;

/// A Markdown file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceFile {
    /// Relative to the imported folder, with `/` between segments.
    pub(super) name: String,
    pub(super) file: PathBuf,
}

impl SourceFile {
    /// When the file was changed last; the present if the system does not say.
    pub(super) fn modified(&self) -> Timestamp {
        let modified = std::fs::metadata(&self.file).and_then(|metadata| metadata.modified()).ok();
        let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok());
        since
            .and_then(|since| i64::try_from(since.as_millis()).ok())
            .map_or_else(Timestamp::now, Timestamp::from_millis)
    }
}

/// All Markdown files beneath the folder, by name.
pub(super) fn walk(folder: &Path) -> io::Result<Vec<SourceFile>> {
    let mut found = Vec::new();
    descend(folder, "", &mut found)?;
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

fn descend(folder: &Path, prefix: &str, found: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| !name.starts_with('.') && *name != "node_modules")
        else {
            continue;
        };
        let kind = entry.file_type()?;
        let relative = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if kind.is_dir() {
            descend(&entry.path(), &relative, found)?;
        } else if kind.is_file() && is_markdown(&entry.path()) {
            found.push(SourceFile { name: relative, file: entry.path() });
        }
    }
    Ok(())
}

fn is_markdown(file: &Path) -> bool {
    let extension = file.extension().and_then(OsStr::to_str).unwrap_or_default();
    extension.eq_ignore_ascii_case("md") || extension.eq_ignore_ascii_case("markdown")
}

#[cfg(test)]
mod tests {
    use super::walk;

    #[test]
    fn markdown_is_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.md", "a/index.markdown", "a/pic.png", ".git/x.md", "A.MD"] {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let names: Vec<_> = walk(folder.path()).unwrap().into_iter().map(|source| source.name).collect();
        assert_eq!(names, ["A.MD", "a/index.markdown", "b.md"]);
        assert!(walk(&folder.path().join("none")).is_err());
    }
}
