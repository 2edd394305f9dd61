//! Themes: folders of templates and static files that make pages of what the site has to show.
//!
//! A theme is read whole, tried out on made-up pages, and only then put into service. One that fails while the server
//! runs changes nothing: the last good version stays, and the log says what is wrong and where.

pub mod context;
mod functions;
mod set;
mod source;
mod trial;
mod watch;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use minijinja::{Value, value::Serde};
use serde::Serialize;

use crate::error::ApiError;
use set::ThemeSet;
use source::Source;

pub use set::Asset;

/// The engine's name and version, for `<meta name="generator">`.
pub const GENERATOR: &str = concat!("Fleuron ", env!("CARGO_PKG_VERSION"));

/// The templates of a post, first found wins.
pub const POST: &[&str] = &["post.html"];
/// The templates of a page.
pub const PAGE: &[&str] = &["page.html", "post.html"];
/// The templates of an entry of a content type that has none of its own.
pub const CONTENT: &[&str] = &["content.html"];
/// The templates of the archive of a content type that has none of its own.
pub const CONTENT_ARCHIVE: &[&str] = &["archive-content.html"];
/// The templates of an error.
pub const ERROR: &[&str] = &["error.html"];
/// The templates of each kind of list.
pub const LISTS: [(&str, &[&str]); 4] = [
    ("home", &["home.html"]),
    ("category", &["category.html", "archive.html", "home.html"]),
    ("tag", &["tag.html", "archive.html", "home.html"]),
    ("author", &["author.html", "archive.html", "home.html"]),
];

/// The templates of a kind of list.
pub fn list_templates(kind: &str) -> &'static [&'static str] {
    LISTS.iter().find(|(name, _)| *name == kind).map_or(&["home.html"], |(_, templates)| templates)
}

/// The templates of an entry of this content type, first found wins.
pub fn content_templates(content_type: &str) -> Vec<String> {
    own_first(format!("content-{content_type}.html"), CONTENT)
}

/// The templates of the archive of this content type.
pub fn content_archive_templates(content_type: &str) -> Vec<String> {
    own_first(format!("archive-{content_type}.html"), CONTENT_ARCHIVE)
}

fn own_first(own: String, others: &[&str]) -> Vec<String> {
    std::iter::once(own).chain(others.iter().map(|name| (*name).to_owned())).collect()
}

/// Renders pages with a theme. Cheap to clone.
#[derive(Clone)]
pub struct ThemeEngine {
    shared: Arc<Shared>,
}

struct Shared {
    source: Source,
    /// The site's base URL, learnt from the first page.
    base: Arc<OnceLock<String>>,
    current: ArcSwap<ThemeSet>,
    /// Holds the watcher of a theme in a folder; it ends with the engine.
    watcher: OnceLock<notify::RecommendedWatcher>,
}

/// Why a theme cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// There is no such theme.
    #[error("there is no theme `{name}`: {looked}")]
    NotFound {
        /// As it was asked for.
        name: String,
        /// Where it could have been.
        looked: String,
    },
    /// A file or folder can't be read.
    #[error("cannot read {path}: {cause}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The theme has faults; all of them are listed.
    #[error("the theme {theme} is broken:\n{}", .faults.iter().map(|fault| format!("  - {fault}")).collect::<Vec<_>>().join("\n"))]
    Broken {
        /// Where it is.
        theme: String,
        /// What is wrong.
        faults: Vec<Fault>,
    },
}

/// One thing that is wrong with a theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file inside the theme.
    pub file: String,
    /// The line, if it is about one.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl Fault {
    fn of_file(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, reason: reason.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.reason),
            None => write!(f, "{}: {}", self.file, self.reason),
        }
    }
}

impl ThemeEngine {
    /// Opens a theme: a folder, or the name of one under `./themes`, or of one that is built in (`default`, `minimal`).
    /// One in a folder is read again whenever a file in it changes.
    ///
    /// # Errors
    /// When there is no such theme or it has faults; all of them are named, with file and line.
    pub fn open(name_or_folder: &str) -> Result<Self, ThemeError> {
        let source = Source::find(name_or_folder)?;
        let base = Arc::default();
        let set = ThemeSet::load(&source, &base)?;
        tracing::debug!(theme = %source, name = set.name(), "theme loaded");
        let shared =
            Arc::new(Shared { source, base, current: ArcSwap::from_pointee(set), watcher: OnceLock::new() });
        watch::start(&shared);
        Ok(Self { shared })
    }

    /// Renders the first of the candidates that the theme has.
    ///
    /// # Errors
    /// When it has none of them, or the template fails; the cause names file and line.
    pub fn render(
        &self,
        candidates: &[impl AsRef<str>],
        context: impl Serialize,
    ) -> Result<String, ApiError> {
        self.shared.current.load_full().render(candidates, &self.context(context))
    }

    /// As [`Self::render`], but goes on to the next candidate when one fails. For what no trial can tell: whether a
    /// template that was written for one content type fits the fields that the type has today.
    ///
    /// # Errors
    /// When the theme has none of the candidates, or all that it has fail.
    pub fn render_fitting(
        &self,
        candidates: &[impl AsRef<str>],
        context: impl Serialize,
    ) -> Result<String, ApiError> {
        self.shared.current.load_full().render_fitting(candidates, &self.context(context))
    }

    /// Whether the theme has one of these templates.
    pub fn has(&self, candidates: &[impl AsRef<str>]) -> bool {
        self.shared.current.load().has(candidates)
    }

    fn context(&self, context: impl Serialize) -> Value {
        let context = Value::from(Serde(context));
        if self.shared.base.get().is_none()
            && let Some(url) = context.get_attr("site").and_then(|site| site.get_attr("url")).ok()
            && let Some(url) = url.as_str()
        {
            self.shared.base.get_or_init(|| url.to_owned());
        }
        context
    }

    /// A file of the theme's `static/` folder by its path in there.
    pub fn asset(&self, path: &str) -> Option<Asset> {
        self.shared.current.load().asset(path).cloned()
    }
}

impl Shared {
    /// Reads the theme again. What is wrong with it goes to the log, and the version in service stays.
    fn reload(&self) {
        match ThemeSet::load(&self.source, &self.base) {
            Ok(set) => {
                self.current.store(Arc::new(set));
                tracing::info!(theme = %self.source, "theme reloaded");
            }
            Err(ThemeError::Broken { theme, faults }) => {
                for Fault { file, line, reason } in faults {
                    tracing::error!(
                        theme,
                        file,
                        line,
                        reason,
                        "theme not reloaded; the last good version stays"
                    );
                }
            }
            Err(error) => tracing::error!(%error, "theme not reloaded; the last good version stays"),
        }
    }
}

#[cfg(test)]
mod tests;
