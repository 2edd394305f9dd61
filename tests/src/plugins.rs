//! Plugins laid into a site's folder.

use std::fs;
use std::path::Path;

/// A manifest with these hooks, each a name or a name and lines for its table: `filter-html`, `on-comment-creating:
/// on_error = "abort"`.
pub fn manifest(id: &str, hooks: &[&str]) -> String {
    let mut text = format!(
        "[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"0.1.0\"\nruntime = \"wasm\"\nentry = \"plugin.wasm\"\n"
    );
    for hook in hooks {
        let (name, lines) = hook.split_once(": ").unwrap_or((hook, ""));
        text.push_str(&format!("\n[hooks.{name}]\n{lines}\n"));
    }
    text
}

/// Puts a plugin into `<extensions>/plugins/<name>`, or replaces the one there. The module takes its place in one step,
/// as a careful operator does it.
///
/// # Panics
/// When a file cannot be written.
pub fn write_plugin(extensions: &Path, name: &str, manifest: &str, module: &[u8]) {
    let folder = extensions.join("plugins").join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    let draft = folder.join(".plugin.wasm");
    fs::write(&draft, module).expect("the module can be written");
    fs::rename(&draft, folder.join("plugin.wasm")).expect("the module can be put in place");
    let file = folder.join("manifest.toml");
    if fs::read_to_string(&file).ok().as_deref() != Some(manifest) {
        fs::write(&file, manifest).expect("the manifest can be written");
    }
}

/// Puts migrations, each a name and SQL, into `<extensions>/plugins/<name>/migrations`. Write them before the plugin
/// that brings them.
///
/// # Panics
/// When a file cannot be written.
pub fn write_migrations(extensions: &Path, name: &str, migrations: &[(String, String)]) {
    let folder = extensions.join("plugins").join(name).join("migrations");
    fs::create_dir_all(&folder).expect("the folder can be made");
    for (file, sql) in migrations {
        fs::write(folder.join(file), sql).expect("the migration can be written");
    }
}
