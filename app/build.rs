//! Builds the bundled plugins from source and embeds them, together with the guest SDK that new plugin projects get.

#[path = "build/guest.rs"]
mod guest;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use guest::Guests;

/// The folders of `extensions/plugins` that come with the server.
const BUNDLED: [&str; 2] = ["reading-time", "slug-and-excerpt"];

/// The parts of the guest SDK: to be watched, and to be copied into new plugin projects.
const SDK: [&str; 5] = ["Cargo.toml", "README.md", "plugin.wit", "src", "wit"];

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
    embed_plugins(&root.join("extensions/plugins"), &out)
}

fn embed_plugins(plugins: &Path, out: &Path) -> Result<(), String> {
    let mut table = String::from("const BUNDLED: &[BundledPlugin] = &[\n");
    for name in BUNDLED {
        let folder = plugins.join(name);
        guest::watch(&folder, &["Cargo.toml", "Cargo.lock", "manifest.toml", "README.md", "src"]);
        let built = Guests { folder: &folder, package: None, target: "wasm32-unknown-unknown" }.build()?;
        let wasm = out.join(format!("{name}.wasm"));
        guest::copy(&built.join(name.replace('-', "_")).with_extension("wasm"), &wasm)?;
        let _ = writeln!(
            table,
            "    BundledPlugin {{ name: {name:?}, manifest: include_str!({:?}), readme: include_str!({:?}), \
             wasm: include_bytes!({wasm:?}) }},",
            folder.join("manifest.toml"),
            folder.join("README.md"),
        );
    }
    table.push_str("];\n");
    guest::write(&out.join("bundled.rs"), table.as_bytes())
}

fn embed_sdk(sdk: &Path, out: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for part in SDK {
        collect_files(&sdk.join(part), &mut files)?;
    }
    files.sort();
    let mut table = String::from("const SDK: &[(&str, &str)] = &[\n");
    for file in files {
        let name = file.strip_prefix(sdk).unwrap_or(&file).to_string_lossy().replace('\\', "/");
        let _ = writeln!(table, "    ({name:?}, include_str!({file:?})),");
    }
    table.push_str("];\n");
    guest::write(&out.join("sdk.rs"), table.as_bytes())
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
