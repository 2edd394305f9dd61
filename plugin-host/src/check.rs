//! Everything that is wrong with a plugin's folder, said at once, without a server.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::binary;
use crate::compiled::Compiled;
use crate::config::HostConfig;
use crate::directory::{migrations, read_code};
use crate::engine;
use crate::error::LoadError;
use crate::hook::HookPoint;
use crate::manifest::{DatabasePermission, MANIFEST_FILE, Manifest};

/// Whether a problem keeps the plugin from loading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The plugin does not load, or not as its manifest says.
    Error,
    /// The plugin loads; its author may have meant something else.
    Warning,
}

/// One thing that is wrong with a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The file it is about.
    pub file: PathBuf,
    /// The manifest's key, where it is about one.
    pub key: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(formatter, "{severity}: {}: ", self.file.display())?;
        match &self.key {
            Some(key) => write!(formatter, "`{key}` {}", self.message),
            None => formatter.write_str(&self.message),
        }
    }
}

/// Looks at manifest, migrations and code of the plugin in `folder`: faults of the manifest, files that are no
/// migrations, a missing or unreadable entry, code that is refused, hooks listed and not exported (errors), hooks
/// exported and not listed (a warning where code exports some of the hooks only). The migrations' SQL is not run.
/// Compiles, and so takes a moment.
pub fn check_plugin(folder: &Path) -> Vec<Problem> {
    let mut problems = Vec::new();
    let manifest_file = folder.join(MANIFEST_FILE);
    let default_entry = folder.join("plugin.wasm");
    let manifest = read_manifest(&manifest_file, &default_entry, &mut problems);
    check_migrations(folder, manifest.as_ref(), &manifest_file, &mut problems);
    let entry = match &manifest {
        Some(manifest) => folder.join(&manifest.plugin.entry),
        None => default_entry,
    };
    let wasm = match read_code(&entry) {
        Ok(wasm) => wasm,
        Err(_) if !entry.exists() => {
            problems.push(error(&entry, "is missing; build the plugin and put its code there".to_owned()));
            return problems;
        }
        Err(fault) => {
            problems.push(error(&fault.file, fault.message));
            return problems;
        }
    };
    match compile(&wasm) {
        Ok(compiled) => {
            if let Some(manifest) = &manifest {
                compare_hooks(manifest, &compiled, &manifest_file, &mut problems);
            }
        }
        Err(refusal) => problems.push(error(&entry, refusal.to_string())),
    }
    problems
}

/// Whether the host takes this code. Compiles, and so takes a moment; an instance is not started.
///
/// # Errors
/// Where the code is refused.
pub fn check_code(wasm: &[u8]) -> Result<(), LoadError> {
    compile(wasm).map(drop)
}

fn read_manifest(file: &Path, entry: &Path, problems: &mut Vec<Problem>) -> Option<Manifest> {
    let (text, file) = match fs::read_to_string(file) {
        Ok(text) => (text, file),
        Err(reason) => match fs::read(entry).ok().as_deref().and_then(binary::embedded_manifest) {
            Some(text) => (text, entry),
            None => {
                problems.push(error(file, format!("cannot be read: {reason}")));
                return None;
            }
        },
    };
    match Manifest::parse(&text, file) {
        Ok(manifest) => Some(manifest),
        Err(errors) => {
            problems.extend(errors.0.into_iter().map(|fault| Problem {
                severity: Severity::Error,
                file: fault.file,
                key: Some(fault.key).filter(|key| !key.is_empty()),
                message: fault.reason,
            }));
            None
        }
    }
}

fn check_migrations(folder: &Path, manifest: Option<&Manifest>, file: &Path, problems: &mut Vec<Problem>) {
    let migrations = match migrations::read(folder) {
        Ok(migrations) => migrations,
        Err(faults) => {
            problems.extend(faults.into_iter().map(|fault| error(&fault.file, fault.message)));
            return;
        }
    };
    let has_tables = |manifest: &Manifest| manifest.permissions.database.contains(&DatabasePermission::Own);
    if !migrations.is_empty() && manifest.is_some_and(|manifest| !has_tables(manifest)) {
        problems.push(Problem {
            severity: Severity::Warning,
            file: file.to_owned(),
            key: Some("permissions.database".to_owned()),
            message: "does not ask for \"own\", so the plugin cannot use the tables that its migrations make"
                .to_owned(),
        });
    }
}

fn compile(wasm: &[u8]) -> Result<Compiled, LoadError> {
    let unusable = |error: crate::error::HostError| LoadError::Code(error.to_string());
    let engine = engine::on_demand(&HostConfig::default()).map_err(unusable)?;
    let linker = engine::linker(&engine).map_err(unusable)?;
    Compiled::link(&engine, &linker, &Compiled::component(&engine, wasm)?)
}

fn compare_hooks(manifest: &Manifest, compiled: &Compiled, file: &Path, problems: &mut Vec<Problem>) {
    let exported: BTreeSet<HookPoint> = compiled.exported().collect();
    let listed: BTreeSet<HookPoint> = manifest.hooks.keys().copied().collect();
    for point in listed.difference(&exported) {
        problems.push(Problem {
            severity: Severity::Error,
            file: file.to_owned(),
            key: Some(format!("hooks.{point}")),
            message: "is listed, but the code does not export it, so it never fires".to_owned(),
        });
    }
    // The guest SDK exports every hook with a default, so a full set says nothing about what was meant.
    if exported.len() < HookPoint::ALL.len() {
        for point in exported.difference(&listed) {
            problems.push(Problem {
                severity: Severity::Warning,
                file: file.to_owned(),
                key: None,
                message: format!(
                    "the code exports {point}, which fires only with a section `[hooks.{point}]`"
                ),
            });
        }
    }
    if listed.is_empty() {
        problems.push(Problem {
            severity: Severity::Warning,
            file: file.to_owned(),
            key: Some("hooks".to_owned()),
            message: "is empty, so nothing ever calls the plugin".to_owned(),
        });
    }
}

fn error(file: &Path, message: String) -> Problem {
    Problem { severity: Severity::Error, file: file.to_owned(), key: None, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_problem_of_a_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let found = check_plugin(folder.path());
        assert_eq!(found.len(), 2, "{found:?}");

        fs::write(folder.path().join(MANIFEST_FILE), "[plugin]\nid = \"x\"\n[hooks.nope]\n")
            .expect("written");
        fs::write(folder.path().join("plugin.wasm"), b"\0asm\x01\0\0\0").expect("written");
        let found = check_plugin(folder.path());
        let keys: Vec<Option<&str>> = found.iter().map(|problem| problem.key.as_deref()).collect();
        let expected =
            [Some("plugin.id"), Some("plugin.name"), Some("plugin.version"), Some("hooks.nope"), None];
        assert_eq!(keys, expected);
    }

    #[test]
    fn compares_hooks_with_exports() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = "[plugin]\nid = \"a.b\"\nname = \"B\"\nversion = \"1.0.0\"\n[hooks.filter-html]\n";
        fs::write(folder.path().join(MANIFEST_FILE), manifest).expect("written");
        // The smallest component exports nothing.
        fs::write(folder.path().join("plugin.wasm"), b"\0asm\x0d\0\x01\0").expect("written");
        let found = check_plugin(folder.path());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].key.as_deref(), Some("hooks.filter-html"));
    }

    #[test]
    fn looks_at_migrations() {
        let folder = tempfile::tempdir().expect("a folder");
        let manifest = "[plugin]\nid = \"a.b\"\nname = \"B\"\nversion = \"1.0.0\"\n[hooks.filter-html]\n";
        fs::write(folder.path().join(MANIFEST_FILE), manifest).expect("written");
        fs::create_dir(folder.path().join("migrations")).expect("a folder");
        fs::write(folder.path().join("migrations/1.sql"), "CREATE TABLE a (b)").expect("written");
        let found = check_plugin(folder.path());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].key.as_deref(), Some("permissions.database"));
        assert_eq!(found[0].severity, Severity::Warning);
        assert!(found[1].to_string().contains("plugin.wasm: is missing"), "{}", found[1]);

        fs::write(folder.path().join("migrations/2.txt"), "").expect("written");
        let found = check_plugin(folder.path());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].to_string().contains("2.txt: is no migration"), "{}", found[0]);
    }
}
