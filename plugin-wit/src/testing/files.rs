//! Files, as `vfs-*` shows them.

use std::collections::{BTreeMap, BTreeSet};

use crate::json::Json;

/// The longest path, in bytes.
const MAX_PATH: usize = 512;

/// The site's own rule: refused, never cleaned.
pub(super) fn is_file_path(path: &str) -> bool {
    path.len() <= MAX_PATH
        && !path.contains(|character: char| character == '\\' || character.is_control())
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Why nothing can be written at a path: a file is no folder, and the reverse.
pub(super) fn obstacle(files: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let beneath = path.match_indices('/').map(|(end, _)| &path[..end]).find(|part| files.contains_key(*part));
    let folder = format!("{path}/");
    match beneath {
        Some(file) => Some(format!("`{file}` is a file, not a folder")),
        None if files.keys().any(|file| file.starts_with(&folder)) => {
            Some(format!("`{path}` is a folder; it cannot be written"))
        }
        None => None,
    }
}

/// Names directly inside a folder, as a sorted JSON array; `None` where there is no such folder.
pub(super) fn list(files: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let folder = folder_prefix(path)?;
    let names: BTreeSet<&str> = files
        .keys()
        .filter_map(|file| file.strip_prefix(&folder))
        .map(|rest| rest.find('/').map_or(rest, |slash| &rest[..=slash]))
        .collect();
    if names.is_empty() && !folder.is_empty() {
        return None;
    }
    let names = names.into_iter().map(|name| Json::Text(name.to_owned()));
    Some(Json::Array(names.collect()).to_string())
}

/// Size, kind and time of the last change, as JSON.
pub(super) fn stat(
    files: &BTreeMap<String, String>,
    modified: &BTreeMap<String, u64>,
    path: &str,
) -> Option<String> {
    let folder = folder_prefix(path)?;
    if let Some(content) = files.get(path) {
        let (size, modified) = (content.len(), modified.get(path).copied().unwrap_or(0));
        Some(format!(r#"{{"size":{size},"is_dir":false,"modified":{modified}}}"#))
    } else if folder.is_empty() || files.keys().any(|file| file.starts_with(&folder)) {
        Some(r#"{"size":0,"is_dir":true,"modified":0}"#.to_owned())
    } else {
        None
    }
}

/// What the paths in a folder begin with, nothing for the root; `None` for a path that is refused.
fn folder_prefix(path: &str) -> Option<String> {
    if matches!(path, "" | "." | "/") {
        return Some(String::new());
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    is_file_path(path).then(|| format!("{path}/"))
}
