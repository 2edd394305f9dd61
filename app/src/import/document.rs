//! One file, read and checked on its own: a post to be, or the reasons why it cannot be one.

use sha2::{Digest, Sha256};

use super::{
    dates::{self, Moment},
    front_matter::{self, Fault},
    metadata::{self, Metadata},
    paths, references,
    source::SourceFile,
};
use crate::{
    clock::Timestamp,
    posts::{
        Slug,
        check::{CONTENT_LENGTH, EXCERPT_LENGTH, TITLE_LENGTH},
    },
};

/// A post to be.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) source: SourceFile,
    /// Of the file's bytes.
    pub(super) digest: [u8; 32],
    pub(super) title: String,
    /// Markdown, as it stands in the file.
    pub(super) body: String,
    pub(super) date: Option<Moment>,
    pub(super) modified: Timestamp,
    pub(super) draft: bool,
    pub(super) authors: Vec<String>,
    pub(super) tags: Vec<String>,
    pub(super) category: Option<String>,
    pub(super) excerpt: Option<String>,
    pub(super) slug: Slug,
    /// Whether the author chose the slug; otherwise it comes from the file's name.
    pub(super) slug_chosen: bool,
    pub(super) permalink: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) cover: Option<String>,
    pub(super) warnings: Vec<String>,
}

/// Reads a file. The error says why it is no post.
pub(super) fn read(source: SourceFile) -> Result<Document, String> {
    if paths::split(&source.name).1.starts_with("_index.") {
        return Err("section page of the old site".into());
    }
    let bytes = std::fs::read(&source.file).map_err(|error| format!("cannot be read: {error}"))?;
    let digest = Sha256::digest(&bytes).into();
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        format!("is not UTF-8: byte {} cannot be read", valid + 1)
    })?;
    let text = text.replace("\r\n", "\n");
    let Some(split) = front_matter::split(&text).map_err(|fault| fault.to_string())? else {
        return Err("no front matter".into());
    };
    let metadata = metadata::read(&split).map_err(|faults| words(&faults))?;
    assemble(source, digest, metadata, split.body)
}

fn words(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

fn assemble(
    source: SourceFile,
    digest: [u8; 32],
    metadata: Metadata,
    body: &str,
) -> Result<Document, String> {
    let mut warnings = Vec::new();
    let (title, body) = match metadata.title {
        Some(title) => (title, body),
        None if body.trim().is_empty() => {
            return Err("neither title nor text: filled in by a template of the old site".into());
        }
        None => references::leading_title(body)
            .ok_or("no title: neither in the front matter nor as a first heading")?,
    };
    let body = body.trim_start_matches('\n');
    check_lengths(&title, body)?;
    let permalink = metadata.path.as_deref().and_then(|path| {
        let checked = paths::site_path(path);
        checked
            .map_err(|fault| warnings.push(format!("path `{path}` {fault}; the post gets another address")))
            .ok()
    });
    let name = source.name.rsplit_once('.').map_or(source.name.as_str(), |(name, _)| name);
    let date = metadata
        .date
        .or_else(|| permalink.as_deref().and_then(dates::from_path))
        .or_else(|| metadata.path.as_deref().and_then(dates::from_path))
        .or_else(|| dates::from_path(name));
    let draft = metadata.draft || is_kept_back(date, &mut warnings);
    let (slug, slug_chosen) = slug(metadata.slug.as_deref(), permalink.as_deref(), name, &mut warnings);
    let (category, tags) = terms(metadata.categories, metadata.tags);
    Ok(Document {
        digest,
        title,
        body: body.to_owned(),
        date,
        modified: source.modified(),
        draft,
        authors: metadata.authors,
        tags,
        category,
        excerpt: metadata.description.map(shortened),
        slug,
        slug_chosen,
        aliases: aliases(&metadata.aliases, &mut warnings),
        permalink,
        cover: metadata.cover,
        warnings,
        source,
    })
}

fn check_lengths(title: &str, body: &str) -> Result<(), String> {
    let mut faults = Vec::new();
    if title.chars().count() > TITLE_LENGTH {
        faults.push(format!("the title has more than {TITLE_LENGTH} characters"));
    }
    if body.len() > CONTENT_LENGTH {
        faults.push(format!("the text has {} bytes; at most {CONTENT_LENGTH} are taken", body.len()));
    }
    if body.contains('\0') {
        faults.push("the text holds NUL characters".into());
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// What has no date is not shown to readers unasked. What has one that lies ahead is shown then, which is said.
fn is_kept_back(date: Option<Moment>, warnings: &mut Vec<String>) -> bool {
    let Some(date) = date else {
        warnings.push("no date in the front matter, the path or the file's name: kept as a draft".into());
        return true;
    };
    if date.is_ahead() {
        warnings.push(format!("its date lies ahead: scheduled for {}", date.at));
    }
    false
}

/// The slug that was chosen, or the last part of the address, or the name of the file (of the folder, for `index.md`).
fn slug(
    chosen: Option<&str>,
    permalink: Option<&str>,
    name: &str,
    warnings: &mut Vec<String>,
) -> (Slug, bool) {
    if let Some(chosen) = chosen {
        let slug = Slug::derive(chosen, "post");
        if slug.as_str() != chosen {
            warnings.push(format!("slug `{chosen}` becomes `{slug}`"));
        }
        return (slug, true);
    }
    let (folder, stem) = paths::split(permalink.unwrap_or(name));
    let stem = match stem {
        "index" if !folder.is_empty() => paths::split(folder).1,
        stem if permalink.is_some() => stem.trim_end_matches(".html").trim_end_matches(".htm"),
        stem => stem,
    };
    (Slug::derive(dates::without_date(stem), "post"), false)
}

/// A post has one category; more of them become tags.
fn terms(categories: Vec<String>, mut tags: Vec<String>) -> (Option<String>, Vec<String>) {
    let mut categories = categories.into_iter();
    let category = categories.next();
    for more in categories {
        if !tags.contains(&more) {
            tags.push(more);
        }
    }
    (category, tags)
}

fn aliases(paths: &[String], warnings: &mut Vec<String>) -> Vec<String> {
    let mut aliases = Vec::with_capacity(paths.len());
    for path in paths {
        match paths::site_path(path) {
            Ok(path) if aliases.contains(&path) => {}
            Ok(path) => aliases.push(path),
            Err(fault) => warnings.push(format!("alias `{path}` {fault}; it is left out")),
        }
    }
    aliases
}

fn shortened(text: String) -> String {
    if text.chars().count() <= EXCERPT_LENGTH {
        return text;
    }
    text.chars().take(EXCERPT_LENGTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{Document, read};
    use crate::import::source::SourceFile;

    fn document(name: &str, text: &[u8]) -> Result<Document, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.md");
        std::fs::write(&file, text).unwrap();
        read(SourceFile { name: name.to_owned(), file })
    }

    #[test]
    fn a_post_is_read() {
        let text = "+++\r\npath = \"2019/11/07/Async-await-stable\"\r\ntitle = \"Async-await on stable Rust!\"\r\n\
            authors = [\"Niko Matsakis\"]\r\naliases = [\"2019/11/07/Async-await-stable.html\", \"feed.xml\"]\r\n+++\r\n\r\nText\r\n";
        let post = document("Async-await-stable.md", text.as_bytes()).unwrap();
        assert_eq!(post.body, "Text\n");
        assert_eq!(post.permalink.as_deref(), Some("/2019/11/07/Async-await-stable"));
        assert_eq!(post.aliases, ["/2019/11/07/Async-await-stable.html"]);
        assert_eq!(post.warnings.len(), 1);
        assert_eq!(post.date.unwrap().at.to_rfc3339(), "2019-11-07T00:00:00.000Z");
        assert_eq!((post.slug.as_str(), post.draft), ("async-await-stable", false));
    }

    #[test]
    fn names_stand_in_for_slugs_and_dates() {
        let post = document("_posts/2020-01-02-my-post.md", b"---\ntitle: A\n---\nText").unwrap();
        assert_eq!((post.slug.as_str(), post.draft), ("my-post", false));
        let post = document("a-folder/index.md", b"---\ndate: 2020-01-02\n---\n# Title\n\nText").unwrap();
        assert_eq!(
            (post.slug.as_str(), post.title.as_str(), post.body.as_str()),
            ("a-folder", "Title", "Text")
        );
        let undated = document("a.md", b"---\ntitle: A\n---\n").unwrap();
        assert!(undated.draft && undated.warnings[0].contains("no date"));
        let ahead = document("a.md", b"---\ntitle: A\ndate: 2150-01-01\ncategories: [x, y]\n---\n").unwrap();
        assert!(!ahead.draft && ahead.warnings[0].contains("scheduled for 2150-01-01T00:00:00.000Z"));
        let draft = document("a.md", b"---\ntitle: A\ndate: 2150-01-01\ndraft: true\n---\n").unwrap();
        assert!(draft.draft && draft.warnings.is_empty());
        assert_eq!(
            (ahead.category.as_deref(), ahead.tags.as_slice()),
            (Some("x"), ["y".to_owned()].as_slice())
        );
    }

    #[test]
    fn what_is_no_post_says_why() {
        for (name, text, reason) in [
            ("a/_index.md", b"+++\ntitle = \"A\"\n+++\n".as_slice(), "section page"),
            ("README.md", b"# Read me", "no front matter"),
            ("a.md", b"+++\ntemplate = \"x\"\n+++\n", "neither title nor text"),
            ("a.md", b"+++\ntitle = \n+++\n", "line 2"),
            ("a.md", b"---\ntitle: A\n", "never closed"),
            ("a.md", b"---\ntitle: [A]\ndate: x\n---\n", "line 3"),
            ("a.md", b"---\ntitle: \xff\n---\n", "UTF-8"),
            ("a.md", b"---\ntitle: A\n---\nx\0y", "NUL"),
        ] {
            let error = document(name, text).unwrap_err();
            assert!(error.contains(reason), "{name}: {error}");
        }
    }
}
