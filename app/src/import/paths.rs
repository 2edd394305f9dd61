//! Paths on the site and paths in the folder, both with `/` between segments.

use url::Url;

use crate::posts::check;

/// A kept path or an alias as posts take it: `2019/11/07/a.html` becomes `/2019/11/07/a.html`. A whole URL loses its
/// host. The error completes a sentence that begins with the path.
pub(super) fn site_path(text: &str) -> Result<String, String> {
    let url = if text.starts_with("http://") || text.starts_with("https://") {
        Url::parse(text).ok()
    } else {
        None
    };
    let path = url.as_ref().map_or(text, Url::path);
    let path = crate::site::decode(path).ok_or("holds characters that no path may")?;
    if path.split('/').any(|segment| segment.starts_with(':')) {
        return Err("is a pattern, not a path".into());
    }
    check::permalink(path.trim())
}

/// `folder/relative` with `.` and `..` worked out; `None` if it climbs out.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

/// The folder of a file, and its name: `a/b.md` is `b.md` in `a`.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Where the address ends and its query or fragment begins.
pub(super) fn split_suffix(address: &str) -> (&str, &str) {
    address.split_at(address.find(['?', '#']).unwrap_or(address.len()))
}

/// A path of the site as it may stand in Markdown and in an attribute, whatever the quotes.
pub(super) fn address(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    for character in crate::site::encode(path).chars() {
        match character {
            '(' => address.push_str("%28"),
            ')' => address.push_str("%29"),
            '\'' => address.push_str("%27"),
            '&' => address.push_str("%26"),
            '*' => address.push_str("%2A"),
            '[' => address.push_str("%5B"),
            ']' => address.push_str("%5D"),
            other => address.push(other),
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::{address, join, site_path, split, split_suffix};

    #[test]
    fn site_paths_are_normal() {
        for (text, path) in [
            ("2025/06/26/Rust-1.88.0", "/2025/06/26/Rust-1.88.0"),
            ("/2016/09/29/Rust-1.12.html", "/2016/09/29/Rust-1.12.html"),
            ("releases/1.88.0/", "/releases/1.88.0"),
            ("https://old.example/2019/%C3%BCber", "/2019/über"),
        ] {
            assert_eq!(site_path(text).unwrap(), path);
        }
        for wrong in
            ["", "/", "a//b", "a/../b", "/:year/:title", "feed.xml", "/tags/x", "a?b", "a\\b", "a\nb"]
        {
            assert!(site_path(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn folders_are_joined() {
        assert_eq!(join("a/b", "../c.md").as_deref(), Some("a/c.md"));
        assert_eq!(join("", "./c.md").as_deref(), Some("c.md"));
        assert_eq!(join("a", "../../c.md"), None);
        assert_eq!((split("a/b.md"), split("b.md")), (("a", "b.md"), ("", "b.md")));
        assert_eq!(split_suffix("a.md?x#y"), ("a.md", "?x#y"));
    }

    #[test]
    fn addresses_need_no_quotes() {
        assert_eq!(address("/a b/(c)\"d'&ü"), "/a%20b/%28c%29%22d%27%26%C3%BC");
    }
}
