//! `fleuron plugin new|build|check|list`.

use std::path::{Path, PathBuf};

use fleuron_plugin_host::{
    DirectorySource, Finding, Found, Manifest, PluginId, Severity, check_code, check_plugin, ports::PortError,
};
use uuid::Uuid;

use super::{Failure, block_on};
use crate::{
    auth::keys::create_private_folder,
    config::{Config, Options},
    plugins::{
        bundled, host_api,
        scaffold::{self, Language},
    },
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Write a new plugin project that builds as it is
    New {
        /// Name of the plugin and its folder: a-z, 0-9 and `-`
        name: String,
        /// The language it is written in
        #[arg(long, value_enum, default_value_t = Language::Rust)]
        lang: Language,
        /// Where the folder is put [default: here]
        #[arg(long, default_value = ".", hide_default_value = true)]
        dir: PathBuf,
    },
    /// Compile a plugin and put its plugin.wasm beside its manifest
    Build {
        /// The plugin's folder [default: here]
        #[arg(default_value = ".", hide_default_value = true)]
        dir: PathBuf,
    },
    /// Say everything that is wrong with a plugin's folder
    Check {
        /// The plugin's folder [default: here]
        #[arg(default_value = ".", hide_default_value = true)]
        dir: PathBuf,
    },
    /// List the bundled plugins and those in the extensions folder
    List,
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    match command {
        Command::New { name, lang, dir } => new(&dir, &name, lang),
        Command::Build { dir } => build(&dir),
        Command::Check { dir } => check(&dir),
        Command::List => list(&Config::load(options)?),
    }
}

fn new(dir: &Path, name: &str, language: Language) -> Result<(), Failure> {
    let files = scaffold::create(dir, name, language)?;
    let folder = dir.join(name);
    println!("Wrote {} files to {}.", files.len(), folder.display());
    println!(
        "Next:\n  fleuron plugin build {0}\n  mkdir -p extensions/plugins/{name}\n  \
         cp {0}/manifest.toml {0}/plugin.wasm extensions/plugins/{name}/",
        folder.display()
    );
    Ok(())
}

fn build(dir: &Path) -> Result<(), Failure> {
    let wasm = scaffold::build(dir)?;
    let size = std::fs::metadata(&wasm)?.len();
    println!("Built {} ({} KB).", wasm.display(), size.div_ceil(1024));
    Ok(())
}

fn check(dir: &Path) -> Result<(), Failure> {
    let problems = check_plugin(dir);
    for problem in &problems {
        println!("{problem}");
    }
    let mut errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if let Some(fault) = migration_fault(dir)? {
        println!("error: {}: {fault}", dir.display());
        errors += 1;
    }
    match errors {
        0 => {
            println!("{} is fine.", dir.display());
            Ok(())
        }
        1 => Err(format!("{}: 1 error", dir.display()).into()),
        errors => Err(format!("{}: {errors} errors", dir.display()).into()),
    }
}

/// What keeps the migrations from being run on a new database. Nothing where the folder is faulty in another way.
fn migration_fault(dir: &Path) -> Result<Option<PortError>, Failure> {
    let Some(Ok(package)) = DirectorySource::read(dir) else { return Ok(None) };
    if package.migrations.is_empty() {
        return Ok(None);
    }
    let scratch = std::env::temp_dir().join(format!("fleuron-check-{}", Uuid::now_v7()));
    create_private_folder(&scratch)?;
    let id = package.manifest.id().clone();
    let outcome = block_on(async { Ok(host_api::try_migrations(&scratch, &id, &package.migrations).await?) });
    std::fs::remove_dir_all(&scratch)?;
    outcome
}

/// Tells what a server makes of the bundled plugins and the folders when it starts.
fn list(config: &Config) -> Result<(), Failure> {
    let mut own = Vec::new();
    for plugin in bundled::all() {
        own.push(Manifest::parse(plugin.manifest, Path::new(plugin.name))?);
    }
    let ids: Vec<PluginId> = own.iter().map(|manifest| manifest.id().clone()).collect();
    let folders = config.plugins.extensions.join("plugins");
    let found = DirectorySource::scan(&folders, &ids, |manifest| manifest.enabled);
    for manifest in &own {
        if !found.iter().any(|found| replaces(&found.finding, manifest.id())) {
            row("bundled", manifest);
        }
    }
    let faulty = found.iter().filter(|found| !tell(found)).count();
    match faulty {
        0 => Ok(()),
        1 => Err("1 folder holds a plugin that cannot be loaded".into()),
        _ => Err(format!("{faulty} folders hold plugins that cannot be loaded").into()),
    }
}

/// Whether a folder speaks for this id, so that a bundled plugin of this id does not run.
fn replaces(finding: &Finding, id: &PluginId) -> bool {
    match finding {
        Finding::Plugin(package) => package.manifest.id() == id && check_code(&package.wasm).is_ok(),
        Finding::SwitchedOff(manifest) => manifest.id() == id,
        Finding::Unbuilt(_) | Finding::Faulty(_) => false,
    }
}

/// Prints what is in a folder; false where it cannot be loaded.
fn tell(found: &Found) -> bool {
    let problems = match &found.finding {
        Finding::Plugin(package) => match check_code(&package.wasm) {
            Ok(()) => {
                row("directory", &package.manifest);
                return true;
            }
            Err(refusal) => vec![refusal.to_string()],
        },
        Finding::SwitchedOff(manifest) => {
            row("directory", manifest);
            return true;
        }
        Finding::Unbuilt(_) => return true,
        Finding::Faulty(problems) => problems.clone(),
    };
    println!("{}: cannot be loaded:", found.folder.display());
    problems.iter().for_each(|problem| println!("  - {problem}"));
    false
}

fn row(source: &str, manifest: &Manifest) {
    let hooks: Vec<&str> = manifest.hooks.keys().map(|hook| hook.name()).collect();
    let state = if manifest.enabled { "enabled" } else { "disabled" };
    let (id, version) = (manifest.id().as_str(), &manifest.plugin.version);
    println!("{id:<40} {version:<10} {state:<9} {source:<10} {}", hooks.join(", "));
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn migrations_are_tried() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[plugin]\nid = \"com.example.a\"\nname = \"A\"\nversion = \"1.0.0\"\n";
        fs::write(folder.path().join("manifest.toml"), manifest).unwrap();
        fs::write(folder.path().join("plugin.wasm"), b"\0asm").unwrap();
        assert_eq!(migration_fault(folder.path()).unwrap(), None, "there are none");
        let migrations = folder.path().join("migrations");
        fs::create_dir(&migrations).unwrap();
        fs::write(migrations.join("0001.sql"), "CREATE TABLE visits (path TEXT)").unwrap();
        assert_eq!(migration_fault(folder.path()).unwrap(), None);
        fs::write(migrations.join("0002.sql"), "CREATE TABLE visits (path TEXT)").unwrap();
        let fault = migration_fault(folder.path()).unwrap().unwrap().to_string();
        assert!(fault.contains("0002.sql"), "{fault}");
    }
}
