//! Builds the bundled plugins from source and embeds them, together with what new plugin projects are made of: the
//! guest SDK and the templates.

#[path = "build/bindings.rs"]
mod bindings;
#[path = "build/guest.rs"]
mod guest;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use guest::Guests;

/// The folders of `extensions/plugins` that come with the server.
const BUNDLED: [&str; 9] = [
    "comment-guard",
    "event-reminder",
    "link-cards",
    "post-stats",
    "publish-webhook",
    "reading-time",
    "related-posts",
    "slug-and-excerpt",
    "table-of-contents",
];

/// The folders of `assets/plugin-template`, one for each language.
const LANGUAGES: [&str; 6] = ["c", "go", "javascript", "python", "rust", "zig"];

/// The parts of the guest SDK: to be watched, and to be copied into new plugin projects.
const SDK: [&str; 6] = ["Cargo.toml", "README.md", "docs", "plugin.wit", "src", "wit"];

fn main() {
    guest::finish(run());
}

fn run() -> Result<(), String> {
    let package = guest::variable("CARGO_MANIFEST_DIR")?;
    let out = guest::variable("OUT_DIR")?;
    let root = package.parent().ok_or("the package has no parent folder")?;
    let sdk = root.join("plugin-wit");
    guest::watch(&package, &["build.rs", "build"]);
    guest::watch(&sdk, &SDK);
    embed_sdk(&sdk, &out)?;
    embed_templates(&package.join("assets/plugin-template"), &out)?;
    embed_bindings(&sdk, &out)?;
    embed_plugins(&root.join("extensions/plugins"), &out)
}

fn embed_plugins(plugins: &Path, out: &Path) -> Result<(), String> {
    let mut table = String::from("const BUNDLED: &[BundledPlugin] = &[\n");
    for name in BUNDLED {
        let folder = plugins.join(name);
        guest::watch(
            &folder,
            &["Cargo.toml", "Cargo.lock", "manifest.toml", "README.md", "src", "migrations"],
        );
        let built = Guests { folder: &folder, package: None, target: "wasm32-unknown-unknown" }.build()?;
        let wasm = out.join(format!("{name}.wasm"));
        guest::copy(&built.join(name.replace('-', "_")).with_extension("wasm"), &wasm)?;
        let _ = writeln!(
            table,
            "    BundledPlugin {{ name: {name:?}, manifest: include_str!({:?}), readme: include_str!({:?}), \
             wasm: include_bytes!({wasm:?}), migrations: &[{}] }},",
            folder.join("manifest.toml"),
            folder.join("README.md"),
            migrations(&folder.join("migrations"))?,
        );
    }
    table.push_str("];\n");
    guest::write(&out.join("bundled.rs"), table.as_bytes())
}

/// The files of a plugin's folder `migrations`, each as its name and its text.
fn migrations(folder: &Path) -> Result<String, String> {
    let mut files = Vec::new();
    if folder.is_dir() {
        collect_files(folder, &mut files)?;
    }
    Ok(rows(folder, files))
}

fn embed_sdk(sdk: &Path, out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for part in SDK {
        collect_files(&sdk.join(part), &mut files)?;
    }
    let table = format!("pub(super) const SDK: &[(&str, &str)] = &[\n{}];\n", rows(sdk, files));
    guest::write(&out.join("sdk.rs"), table.as_bytes())
}

/// One row for each language: its folder, and the files in it. A language may have no folder.
fn embed_templates(templates: &Path, out: &Path) -> Result<(), String> {
    guest::watch(templates, &["."]);
    let mut table = String::from("pub(super) const TEMPLATES: &[(&str, &[(&str, &str)])] = &[\n");
    for language in LANGUAGES {
        let folder = templates.join(language);
        let mut files = Vec::new();
        if folder.is_dir() {
            collect_files(&folder, &mut files)?;
        }
        let _ = writeln!(table, "({language:?}, &[\n{}]),", rows(&folder, files));
    }
    table.push_str("];\n");
    guest::write(&out.join("templates.rs"), table.as_bytes())
}

fn embed_bindings(sdk: &Path, out: &Path) -> Result<(), String> {
    let bindings = bindings::for_c(sdk)?;
    guest::write(&out.join("bindings.h"), bindings.header.as_bytes())?;
    guest::write(&out.join("bindings.c"), bindings.source.as_bytes())
}

/// The rows of a table of text files: the path within the folder, and the text.
fn rows(folder: &Path, mut files: Vec<PathBuf>) -> String {
    files.sort();
    let mut rows = String::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(rows, "    ({name:?}, include_str!({file:?})),");
    }
    rows
}

fn collect_files(path: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    for entry in fs::read_dir(path).map_err(unreadable)? {
        collect_files(&entry.map_err(unreadable)?.path(), files)?;
    }
    Ok(())
}
