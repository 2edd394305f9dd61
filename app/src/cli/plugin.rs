//! `fleuron plugin new|build|check|list`.

use std::path::{Path, PathBuf};

use fleuron_plugin_host::{DirectorySource, Manifest, Severity, check_plugin};

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
    println!("Next: fleuron plugin build {0} && cp -r {0} extensions/plugins/", folder.display());
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

fn list(config: &Config) -> Result<(), Failure> {
    let row = |source: &str, manifest: &Manifest| {
        let hooks: Vec<&str> = manifest.hooks.keys().map(|hook| hook.name()).collect();
        let state = if manifest.enabled { "enabled" } else { "disabled" };
        println!(
            "{:<40} {:<10} {state:<9} {source:<10} {}",
            manifest.id(),
            manifest.plugin.version,
            hooks.join(", ")
        );
    };
    let found = DirectorySource::scan(&config.plugins.extensions.join("plugins"));
    let mut own = Vec::new();
    for plugin in bundled::all() {
        own.push(Manifest::parse(plugin.manifest, Path::new(plugin.name))?);
    }
    for manifest in &own {
        let replaced = found.iter().filter_map(|found| found.outcome.as_ref().ok());
        if !replaced.into_iter().any(|package| package.manifest.id() == manifest.id()) {
            row("bundled", manifest);
        }
    }
    for found in &found {
        match &found.outcome {
            Ok(package) => row("directory", &package.manifest),
            Err(faults) => {
                let unbuilt = own.iter().any(|manifest| found.folder.ends_with(manifest_folder(manifest)));
                if !unbuilt {
                    println!("{}: cannot be loaded:", found.folder.display());
                    faults.iter().for_each(|fault| println!("  - {fault}"));
                }
            }
        }
    }
    Ok(())
}

/// The folder of a bundled plugin's source: the last part of its id.
fn manifest_folder(manifest: &Manifest) -> &str {
    manifest.id().as_str().rsplit('.').next().unwrap_or_default()
}
