//! The imported folder as a whole: which file becomes which address, and what an address in a text leads to.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use url::Url;

use super::paths;
use crate::site::reserved;

/// What an address leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Nothing to do with the folder: another site, a place on the same page, a page of the site itself.
    Elsewhere,
    /// Another post, by its path on the site.
    Post(String),
    /// A file to be kept as media.
    File(PathBuf),
    /// It should be in the folder and is not.
    Missing,
}

/// A post as others refer to it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its file, relative to the folder.
    pub(super) source: String,
    /// Its path on the site.
    pub(super) path: String,
    /// Old paths.
    pub(super) aliases: Vec<String>,
}

/// All posts and the folders that files are looked for in.
pub(super) struct Library {
    content: PathBuf,
    /// Where addresses that begin with `/` have their files.
    roots: Vec<PathBuf>,
    entries: Vec<Entry>,
    by_source: HashMap<String, usize>,
    by_path: HashMap<String, usize>,
}

impl Library {
    /// Puts the library together. The folder must exist.
    pub(super) fn new(folder: &Path, entries: Vec<Entry>) -> std::io::Result<Self> {
        let content = folder.canonicalize()?;
        let mut by_path = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            for path in std::iter::once(&entry.path).chain(&entry.aliases) {
                by_path.entry(path.clone()).or_insert(index);
            }
        }
        let by_source =
            entries.iter().enumerate().map(|(index, entry)| (entry.source.clone(), index)).collect();
        Ok(Self { roots: roots(&content), content, entries, by_source, by_path })
    }

    /// What `address` in the text of the post at `index` leads to.
    pub(super) fn resolve(&self, index: usize, address: &str) -> Target {
        let (path, _) = paths::split_suffix(address.trim());
        if path.is_empty() || path == "/" || is_elsewhere(path) {
            return Target::Elsewhere;
        }
        let decoded = crate::site::decode(path).unwrap_or_else(|| path.to_owned());
        if let Some(source) = decoded.strip_prefix("@/") {
            return self.post(source).unwrap_or(Target::Missing);
        }
        match decoded.strip_prefix('/') {
            Some(absolute) => self.absolute(absolute),
            None => self.relative(index, path, &decoded),
        }
    }

    fn post(&self, source: &str) -> Option<Target> {
        let entry = self.by_source.get(source).and_then(|index| self.entries.get(*index))?;
        Some(Target::Post(entry.path.clone()))
    }

    fn absolute(&self, path: &str) -> Target {
        let address = format!("/{}", path.trim_matches('/'));
        if let Some(index) = self.by_path.get(&address) {
            return Target::Post(self.entries[*index].path.clone());
        }
        let file = self.roots.iter().find_map(|root| file_within(root, path));
        if let Some(target) = self.post(path).or(file.map(Target::File)) {
            return target;
        }
        let first = path.split('/').next().unwrap_or_default();
        if reserved::is_reserved(first) { Target::Elsewhere } else { Target::Missing }
    }

    /// Relative to the file first, as authors see it, then to the address, as browsers saw it on the old site.
    fn relative(&self, index: usize, path: &str, decoded: &str) -> Target {
        let Some(entry) = self.entries.get(index) else { return Target::Missing };
        let (folder, _) = paths::split(&entry.source);
        if let Some(name) = paths::join(folder, decoded) {
            let found = self.post(&name).or_else(|| file_within(&self.content, &name).map(Target::File));
            if let Some(target) = found {
                return target;
            }
        }
        let bases = [format!("{}/", entry.path), entry.path.clone()];
        bases.iter().find_map(|base| self.by_address(base, path)).unwrap_or(Target::Missing)
    }

    /// A post at the address, or a file beside the post whose address is one level up.
    fn by_address(&self, base: &str, relative: &str) -> Option<Target> {
        let base = Url::parse("http://site.invalid").and_then(|site| site.join(base)).ok()?;
        let path = crate::site::decode(base.join(relative).ok()?.path())?;
        let path = path.trim_end_matches('/');
        if let Some(index) = self.by_path.get(path) {
            return Some(Target::Post(self.entries[*index].path.clone()));
        }
        let (parent, name) = path.rsplit_once('/')?;
        let owner = self.by_path.get(parent).and_then(|index| self.entries.get(*index))?;
        let file = paths::join(paths::split(&owner.source).0, name)?;
        file_within(&self.content, &file).map(Target::File)
    }
}

/// Site generators serve `static` or `public` at the root of the site; Jekyll serves what lies beside `_posts`.
fn roots(content: &Path) -> Vec<PathBuf> {
    let mut roots = vec![content.to_owned(), content.join("static"), content.join("public")];
    if let Some(project) = content.parent() {
        roots.extend([project.join("static"), project.join("public")]);
        if content.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('_')) {
            roots.push(project.to_owned());
        }
    }
    roots.into_iter().filter_map(|root| root.canonicalize().ok()).collect()
}

/// The file at this path, if it is one and no link leads out of the folder. Markdown is never a mere file.
fn file_within(root: &Path, path: &str) -> Option<PathBuf> {
    let path = paths::join("", path)?;
    let file = root.join(path).canonicalize().ok()?;
    let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let markdown = extension.eq_ignore_ascii_case("md") || extension.eq_ignore_ascii_case("markdown");
    (!markdown && file.starts_with(root) && file.is_file()).then_some(file)
}

/// Has a scheme or a host, or is a template tag.
fn is_elsewhere(path: &str) -> bool {
    let scheme = path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|character: char| character.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    scheme || path.starts_with("//") || path.starts_with("{{") || path.starts_with("{%")
}

#[cfg(test)]
mod tests {
    use super::{Entry, Library, Target};

    #[test]
    fn addresses_lead_to_posts_and_files() {
        let project = tempfile::tempdir().unwrap();
        let content = project.path().join("content");
        for name in
            ["content/blog/a/pic one.png", "content/blog/a/notes.txt", "static/images/logo.svg", "secret.txt"]
        {
            let file = project.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let entry = |source: &str, path: &str, alias: &str| Entry {
            source: source.to_owned(),
            path: path.to_owned(),
            aliases: vec![alias.to_owned()],
        };
        let entries = vec![
            entry("blog/a/index.md", "/2019/11/07/A", "/old/A.html"),
            entry("blog/b.md", "/2020/01/01/B", "/b"),
        ];
        let library = Library::new(&content, entries).unwrap();
        let root = project.path().canonicalize().unwrap();
        let file = |name: &str| Target::File(root.join(name));
        let post = |path: &str| Target::Post(path.to_owned());
        for (index, address, target) in [
            (0, "pic%20one.png", file("content/blog/a/pic one.png")),
            (0, "./notes.txt#x", file("content/blog/a/notes.txt")),
            (0, "../b.md?x", post("/2020/01/01/B")),
            (0, "@/blog/b.md#part", post("/2020/01/01/B")),
            (0, "/old/A.html", post("/2019/11/07/A")),
            (1, "/2019/11/07/A/", post("/2019/11/07/A")),
            (1, "../../../../2019/11/07/A/notes.txt", file("content/blog/a/notes.txt")),
            (1, "../../../2019/11/07/A.html", Target::Missing),
            (0, "/images/logo.svg", file("static/images/logo.svg")),
            (0, "../../../secret.txt", Target::Missing),
            (0, "none.png", Target::Missing),
            (0, "@/none.md", Target::Missing),
            (0, "https://example.com/a.png", Target::Elsewhere),
            (0, "//example.com", Target::Elsewhere),
            (0, "mailto:a@example.com", Target::Elsewhere),
            (0, "#part", Target::Elsewhere),
            (0, "/feed.xml", Target::Elsewhere),
            (0, "{{ url }}", Target::Elsewhere),
        ] {
            assert_eq!(library.resolve(index, address), target, "{address}");
        }
    }
}
