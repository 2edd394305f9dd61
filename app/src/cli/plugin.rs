//! `fleuron plugin new|build|check|list`.

use std::path::{Path, PathBuf};

use fleuron_plugin_host::{
    DirectorySource, Finding, Found, Manifest, PluginId, Severity, check_code, check_plugin,
};

use super::Failure;
use crate::{
    config::{Config, Options},
    plugins::{bundled, scaffold},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Write a new plugin project in Rust that builds as it is
    New {
        /// Name of the plugin and its folder: a-z, 0-9 and `-`
        name: String,
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
        Command::New { name, dir } => new(&dir, &name),
        Command::Build { dir } => build(&dir),
        Command::Check { dir } => check(&dir),
        Command::List => list(&Config::load(options)?),
    }
}

fn new(dir: &Path, name: &str) -> Result<(), Failure> {
    let files = scaffold::create(dir, name)?;
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
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    match errors {
        0 => {
            println!("{} is fine.", dir.display());
            Ok(())
        }
        errors => Err(format!("{}: {errors} errors", dir.display()).into()),
    }
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
