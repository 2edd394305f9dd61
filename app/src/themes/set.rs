//! One version of a theme, complete and tried out.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, OnceLock},
};

use actix_web::web::Bytes;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Fault, ThemeError, functions,
    source::{File, MANIFEST, Source},
    trial,
};
use crate::error::ApiError;

/// Without these there is no theme.
const REQUIRED: [&str; 3] = ["home.html", "post.html", "error.html"];
/// Bytes of the hash of a static file that its address carries.
const HASH_LENGTH: usize = 8;

/// One version of a theme.
pub(super) struct ThemeSet {
    name: String,
    environment: Environment<'static>,
    assets: Arc<HashMap<String, Asset>>,
}

/// A static file of a theme.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The file.
    pub bytes: Bytes,
    /// For the header of that name.
    pub content_type: &'static str,
    /// Of the content, in hexadecimal; also the entity tag.
    pub hash: String,
}

#[derive(Deserialize)]
struct Manifest {
    theme: About,
}

/// What `theme.toml` says. More keys are welcome.
#[derive(Deserialize)]
struct About {
    name: String,
}

impl ThemeSet {
    /// Reads, parses and tries out a theme. Every fault is reported.
    ///
    /// `base` is the site's base URL as soon as it is known: a theme is read before the first page is made.
    pub(super) fn load(source: &Source, base: &Arc<OnceLock<String>>) -> Result<Self, ThemeError> {
        let files = source.files()?;
        let mut faults = Vec::new();
        let name = manifest_name(&files, &mut faults);
        let assets = Arc::new(assets(&files));
        let mut environment = environment(Arc::clone(&assets), Arc::clone(base));
        for file in &files {
            if let Some(name) = file.path.strip_prefix("templates/") {
                add_template(&mut environment, name, file, &mut faults);
            }
        }
        for required in REQUIRED {
            let file = format!("templates/{required}");
            if !files.iter().any(|other| other.path == file) {
                faults.push(Fault::of_file(file, "this template is required and missing"));
            }
        }
        let set = Self { name, environment, assets };
        if faults.is_empty() {
            trial::run(&set, &mut faults);
        }
        if faults.is_empty() {
            Ok(set)
        } else {
            Err(ThemeError::Broken { theme: source.to_string(), faults })
        }
    }

    /// As its maker calls it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.get(path)
    }

    /// Whether there is one of these templates.
    pub(super) fn has(&self, candidates: &[impl AsRef<str>]) -> bool {
        candidates.iter().any(|name| self.environment.get_template(name.as_ref()).is_ok())
    }

    pub(super) fn render(&self, candidates: &[impl AsRef<str>], context: &Value) -> Result<String, ApiError> {
        self.try_render(candidates, context).map_err(|fault| self.failed(&fault))
    }

    /// Renders the first template that does not fail. Each that fails is logged.
    pub(super) fn render_fitting(
        &self,
        candidates: &[impl AsRef<str>],
        context: &Value,
    ) -> Result<String, ApiError> {
        let mut there =
            candidates.iter().map(AsRef::<str>::as_ref).filter(|name| self.has(&[*name])).peekable();
        while let Some(name) = there.next() {
            match self.try_render(&[name], context) {
                Err(fault) if there.peek().is_some() => {
                    tracing::error!(theme = %self.name, %fault, "a template failed; trying a more general one");
                }
                rendered => return rendered.map_err(|fault| self.failed(&fault)),
            }
        }
        self.render(candidates, context)
    }

    fn failed(&self, fault: &Fault) -> ApiError {
        ApiError::internal(format!("the theme {} failed: {fault}", self.name))
    }

    /// Renders the first template there is. The fault says where it failed.
    pub(super) fn try_render(
        &self,
        candidates: &[impl AsRef<str>],
        context: &Value,
    ) -> Result<String, Fault> {
        let found = candidates.iter().find_map(|name| self.environment.get_template(name.as_ref()).ok());
        let Some(template) = found else {
            let names: Vec<&str> = candidates.iter().map(AsRef::<str>::as_ref).collect();
            let reason = format!("none of these templates exists: {}", names.join(", "));
            return Err(Fault::of_file("templates", reason));
        };
        template.render(context.clone()).map_err(|error| fault(template.name(), &error))
    }
}

fn environment(assets: Arc<HashMap<String, Asset>>, base: Arc<OnceLock<String>>) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    functions::register(&mut environment, assets, base);
    environment
}

fn manifest_name(files: &[File], faults: &mut Vec<Fault>) -> String {
    let Some(file) = files.iter().find(|file| file.path == MANIFEST) else {
        faults.push(Fault::of_file(MANIFEST, "is missing; it names the theme: [theme] name = \"...\""));
        return String::new();
    };
    let text = String::from_utf8_lossy(&file.content);
    match toml::from_str::<Manifest>(&text) {
        Ok(manifest) => manifest.theme.name,
        Err(error) => {
            let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
            faults.push(Fault { file: MANIFEST.into(), line, reason: error.message().to_owned() });
            String::new()
        }
    }
}

fn add_template(environment: &mut Environment<'static>, name: &str, file: &File, faults: &mut Vec<Fault>) {
    let Ok(text) = std::str::from_utf8(&file.content) else {
        faults.push(Fault::of_file(&file.path, "is not UTF-8"));
        return;
    };
    if let Err(error) = environment.add_template_owned(name.to_owned(), text.to_owned()) {
        faults.push(fault(name, &error));
    }
}

/// The innermost place that the error names: where an included or extended template failed.
fn fault(template: &str, error: &minijinja::Error) -> Fault {
    let mut innermost = error;
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause {
        if let Some(deeper) = deeper.downcast_ref::<minijinja::Error>() {
            innermost = deeper;
        }
        cause = deeper.source();
    }
    let mut reason = innermost.kind().to_string();
    if let Some(detail) = innermost.detail() {
        let _ = write!(reason, ": {detail}");
    }
    let placed = if innermost.name().is_some() { innermost } else { error };
    Fault { file: format!("templates/{}", placed.name().unwrap_or(template)), line: placed.line(), reason }
}

fn assets(files: &[File]) -> HashMap<String, Asset> {
    let statics = files.iter().filter_map(|file| Some((file.path.strip_prefix("static/")?, file)));
    statics.map(|(path, file)| (path.to_owned(), asset(path, &file.content))).collect()
}

fn asset(path: &str, content: &Bytes) -> Asset {
    let mut hash = String::with_capacity(2 * HASH_LENGTH);
    for byte in Sha256::digest(content).iter().take(HASH_LENGTH) {
        let _ = write!(hash, "{byte:02x}");
    }
    Asset { bytes: content.clone(), content_type: content_type(path), hash }
}

fn content_type(path: &str) -> &'static str {
    let extension = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    match extension.as_str() {
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "xml" => "application/xml",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "otf" => "font/otf",
        _ => "application/octet-stream",
    }
}
