//! Paths that plugins may name. They are refused, never cleaned: a path that needs cleaning is a mistake or an attack,
//! and a cleaned one surprises whoever wrote it.

use std::fmt;

/// The longest path accepted, in bytes.
const MAX_LENGTH: usize = 512;

/// A path below a plugin's own root: relative, `/`-separated, with no segment that means anything but itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VfsPath(String);

impl VfsPath {
    /// Accepts the path of a file, such as `cache/posts/hello.json`.
    ///
    /// # Errors
    /// Says why the path is refused.
    pub fn parse(path: &str) -> Result<VfsPath, String> {
        if path.is_empty() {
            return Err("the path is empty; name a file such as `cache/page.json`".to_owned());
        }
        check(path)?;
        Ok(VfsPath(path.to_owned()))
    }

    /// Accepts the path of a folder: as [`VfsPath::parse`], and also one trailing `/`, or nothing, `.` or `/` for the
    /// plugin's root.
    ///
    /// # Errors
    /// Says why the path is refused.
    pub fn parse_folder(path: &str) -> Result<VfsPath, String> {
        if matches!(path, "" | "." | "/") {
            return Ok(VfsPath::root());
        }
        VfsPath::parse(path.strip_suffix('/').unwrap_or(path))
    }

    /// The plugin's root folder, the empty path.
    pub fn root() -> VfsPath {
        VfsPath(String::new())
    }

    /// Whether this is the plugin's root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as text, without leading or trailing `/`; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments of the path, none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }
}

impl fmt::Display for VfsPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn check(path: &str) -> Result<(), String> {
    if path.len() > MAX_LENGTH {
        return Err(format!("the path is {} bytes long; at most {MAX_LENGTH} are allowed", path.len()));
    }
    if path.starts_with('/') {
        return Err("the path starts with `/`; paths are relative to the plugin's own root".to_owned());
    }
    if let Some(character) = path.chars().find(|character| character.is_control()) {
        return Err(format!("the path holds the control character {}", character.escape_unicode()));
    }
    if path.contains('\\') {
        return Err("the path holds a backslash; separate folders with `/`".to_owned());
    }
    match path.split('/').find(|segment| matches!(*segment, "" | "." | "..")) {
        None => Ok(()),
        Some("") => Err("the path has an empty segment (`//` or a trailing `/`)".to_owned()),
        Some(segment) => Err(format!("the path has the segment `{segment}`, which plugins may not use")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_whatever_would_need_cleaning() {
        for good in ["a", "cache/posts/hello.json", "über/straße.txt", "a..b/c.", "..."] {
            assert_eq!(
                VfsPath::parse(good).map(|path| path.as_str().to_owned()),
                Ok(good.to_owned()),
                "{good}"
            );
        }
        let long = "x".repeat(513);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "a/../b",
            "./a",
            "a/.",
            "a//b",
            "a/",
            "a\\b",
            "a\0b",
            "a\nb",
            &long,
        ] {
            assert!(VfsPath::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn folders_may_be_the_root_and_end_in_a_slash() {
        for root in ["", ".", "/"] {
            assert_eq!(VfsPath::parse_folder(root), Ok(VfsPath::root()));
        }
        assert_eq!(
            VfsPath::parse_folder("cache/").map(|path| path.as_str().to_owned()),
            Ok("cache".to_owned())
        );
        for bad in ["//", "cache//", "../", "..", "/cache"] {
            assert!(VfsPath::parse_folder(bad).is_err(), "{bad}");
        }
    }
}
