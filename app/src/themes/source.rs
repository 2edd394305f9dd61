//! Where a theme's files come from: a folder, or the copy inside the binary.

use std::path::{Path, PathBuf};

use actix_web::web::Bytes;
use include_dir::{Dir, include_dir};

use super::ThemeError;

/// The manifest that makes a folder a theme.
pub(super) const MANIFEST: &str = "theme.toml";

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../themes");

/// The longest file that is taken, in bytes: all of them are kept in memory.
const FILE_LENGTH: u64 = 16 * 1024 * 1024;

/// Where a theme's files come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Folder(PathBuf),
    Embedded(&'static Dir<'static>),
}

/// A file of a theme.
pub(super) struct File {
    /// Relative to the theme, with forward slashes.
    pub(super) path: String,
    pub(super) content: Bytes,
}

impl Source {
    /// A folder, or a name: of a folder under `./themes`, or of a theme that is built in.
    pub(super) fn find(name: &str) -> Result<Self, ThemeError> {
        let is_name = !name.contains(['/', '\\']) && !name.starts_with('.');
        let mut folders = vec![PathBuf::from(name)];
        if is_name {
            folders.push(Path::new("themes").join(name));
        }
        for folder in &folders {
            if folder.join(MANIFEST).is_file() {
                return Ok(Self::Folder(folder.clone()));
            }
        }
        if is_name && let Some(folder) = EMBEDDED.get_dir(name) {
            return Ok(Self::Embedded(folder));
        }
        let looked = if is_name {
            let built_in: Vec<_> = EMBEDDED.dirs().map(|dir| dir.path().display().to_string()).collect();
            format!(
                "no folder `{name}` or `themes/{name}` with a {MANIFEST}; built in are {}",
                built_in.join(", ")
            )
        } else {
            format!("no folder of that path with a {MANIFEST}")
        };
        Err(ThemeError::NotFound { name: name.to_owned(), looked })
    }

    /// Every file of the theme, without hidden ones and those that editors leave behind.
    pub(super) fn files(&self) -> Result<Vec<File>, ThemeError> {
        let mut files = Vec::new();
        match self {
            Self::Folder(folder) => walk(folder, "", &mut files)?,
            Self::Embedded(folder) => embedded(folder, folder.path(), &mut files),
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Embedded(folder) => write!(f, "{} (built in)", folder.path().display()),
        }
    }
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<(), ThemeError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        |cause| ThemeError::Read { path, cause }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if is_left_over(&name) {
            continue;
        }
        let metadata = std::fs::metadata(&path).map_err(failed(&path))?;
        let relative = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        if metadata.is_dir() {
            walk(&path, &relative, files)?;
        } else if metadata.len() > FILE_LENGTH {
            let cause = std::io::Error::other(format!(
                "{} bytes; a theme's file has at most {FILE_LENGTH}",
                metadata.len()
            ));
            return Err(ThemeError::Read { path, cause });
        } else {
            let content = std::fs::read(&path).map_err(failed(&path))?.into();
            files.push(File { path: relative, content });
        }
    }
    Ok(())
}

fn embedded(folder: &Dir<'static>, root: &Path, files: &mut Vec<File>) {
    for file in folder.files() {
        let relative = file.path().strip_prefix(root).unwrap_or(file.path());
        let Some(path) = relative.to_str().map(|path| path.replace('\\', "/")) else { continue };
        files.push(File { path, content: Bytes::copy_from_slice(file.contents()) });
    }
    for dir in folder.dirs() {
        embedded(dir, root, files);
    }
}

fn is_left_over(name: &str) -> bool {
    name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'))
}
