//! `fleuron plugin`: writing, building, trying, packing and managing plugins.

mod api;
mod dev;
mod manage;
mod package;
mod scratch;
mod site;
mod trial;

use std::path::{Path, PathBuf};

use fleuron_plugin_host::{DirectorySource, PluginId, Severity, check_plugin, ports::PortError};
use serde_json::Value;
use uuid::Uuid;

use self::site::{Site, SiteArguments};
use super::{Failure, block_on};
use crate::{
    auth::keys::create_private_folder,
    config::Options,
    plugins::{
        host_api,
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
    /// Run every hook of a plugin on a site of its own, and tell what came of it and how long it took
    Test {
        /// The plugin's folder, built [default: here]
        #[arg(default_value = ".", hide_default_value = true)]
        dir: PathBuf,
    },
    /// Watch a plugin's project: build, load and show the log, again and again
    ///
    /// Without --server a site of its own is served, whose data stay in the folder .dev of the project. With --server the
    /// plugin is uploaded to that site under versions such as 0.1.1-dev.1764300000.
    Dev {
        /// The plugin's folder [default: here]
        #[arg(default_value = ".", hide_default_value = true)]
        dir: PathBuf,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Make a package of a plugin's folder: one file to upload
    Pack {
        /// The plugin's folder, built [default: here]
        #[arg(default_value = ".", hide_default_value = true)]
        dir: PathBuf,
        /// The package [default: ID-VERSION.zip]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Put a manifest into a module, which is a package by itself then
    Embed {
        /// The module
        wasm: PathBuf,
        /// The manifest, TOML or JSON
        manifest: PathBuf,
        /// Where the result goes [default: the module's own file]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Tell what a package is and what it asks for
    Inspect {
        /// A package, or a plugin's folder
        path: PathBuf,
        /// Have the site look through it too, with what is installed there in mind; nothing is stored
        #[arg(long)]
        on_site: bool,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Install a plugin from a package: upload it, agree to what it may do, put it in force
    Install {
        /// A package, or a plugin's folder
        path: PathBuf,
        /// Agree to whatever it asks for
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Install a later version of an installed plugin; the one before runs on until the new one has started
    Upgrade {
        /// A package, or a plugin's folder
        path: PathBuf,
        /// Agree to whatever it asks for
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Agree to what a version that waits may do, and put it in force
    Consent {
        /// The plugin's id
        id: PluginId,
        /// Agree to whatever it asks for
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Let a plugin run, wherever it comes from
    Enable {
        /// The plugin's id
        id: PluginId,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Keep a plugin from running, wherever it comes from
    Disable {
        /// The plugin's id
        id: PluginId,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Go back to the version before
    Rollback {
        /// The plugin's id
        id: PluginId,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Remove a plugin that was installed from a package
    Uninstall {
        /// The plugin's id
        id: PluginId,
        /// Delete its tables, key-values, files and settings too
        #[arg(long)]
        delete_data: bool,
        /// Do not ask before deleting data
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Show a plugin's settings, or set some
    Settings {
        /// The plugin's id
        id: PluginId,
        /// KEY=VALUE; KEY= goes back to the default, KEY=- asks, so that a secret stands in no history
        #[arg(value_name = "KEY=VALUE")]
        assignments: Vec<String>,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Print what a plugin of a running site has logged
    Logs {
        /// The plugin's id
        id: PluginId,
        /// Go on as lines come
        #[arg(long, short)]
        follow: bool,
        /// How many lines, counted from the newest
        #[arg(long, default_value_t = 100)]
        limit: usize,
        /// Only lines that are at least this urgent
        #[arg(long, value_parser = ["debug", "info", "warn", "error"])]
        level: Option<String>,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// Tell everything about a plugin of a site
    Show {
        /// The plugin's id
        id: PluginId,
        #[command(flatten)]
        site: SiteArguments,
    },
    /// List all plugins of a site and how they are doing
    List {
        #[command(flatten)]
        site: SiteArguments,
    },
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    match command {
        Command::New { name, lang, dir } => new(&dir, &name, lang),
        Command::Build { dir } => build(&dir),
        Command::Check { dir } => check(&dir),
        Command::Pack { dir, out } => package::write_pack(&dir, out),
        Command::Embed { wasm, manifest, out } => package::write_embedded(&wasm, &manifest, out),
        Command::Inspect { path, on_site: false, .. } => package::inspect(&path),
        Command::Test { dir } => on_actix(trial::run(&dir)),
        Command::Dev { dir, site } => on_actix(develop(options, &dir, &site)),
        command => block_on(manage(options, command)),
    }
}

/// A server in this process needs the runtime that it is made for.
fn on_actix(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    actix_web::rt::System::new().block_on(work)
}

async fn develop(options: &Options, dir: &Path, arguments: &SiteArguments) -> Result<(), Failure> {
    let place = match arguments.names_server() {
        true => dev::Place::Server(Site::open(arguments, options).await?),
        false => {
            let listen = options.listen.clone().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
            let data = options.data.clone().unwrap_or_else(|| dir.join(".dev"));
            dev::Place::Scratch { data, listen }
        }
    };
    dev::run(dir, place).await
}

/// The commands that need a site.
async fn manage(options: &Options, command: Command) -> Result<(), Failure> {
    let arguments = command.site().ok_or("this command needs no site")?;
    let site = Site::open(arguments, options).await?;
    let outcome = match &command {
        Command::Inspect { path, .. } => inspect_on(&site, path).await,
        Command::Install { path, yes, .. } => manage::install(&site, path, *yes, false).await,
        Command::Upgrade { path, yes, .. } => manage::install(&site, path, *yes, true).await,
        Command::Consent { id, yes, .. } => manage::consent(&site, id, *yes).await,
        Command::Enable { id, .. } => manage::switch(&site, id, true).await,
        Command::Disable { id, .. } => manage::switch(&site, id, false).await,
        Command::Rollback { id, .. } => manage::roll_back(&site, id).await,
        Command::Uninstall { id, delete_data, yes, .. } => {
            manage::uninstall(&site, id, *delete_data, *yes).await
        }
        Command::Settings { id, assignments, .. } => manage::settings(&site, id, assignments).await,
        Command::Logs { id, follow, limit, level, .. } => {
            manage::logs(&site, id, *limit, level.as_deref(), *follow).await
        }
        Command::Show { id, .. } => site.details(id).await.map(|plugin| manage::show(&plugin)),
        Command::List { .. } => list(&site).await,
        _ => Ok(()),
    };
    site.close().await;
    outcome
}

async fn inspect_on(site: &Site, path: &Path) -> Result<(), Failure> {
    package::inspect(path)?;
    let inspection = site.inspect(package::read(path)?).await?;
    println!("The site takes it. Beyond what was agreed to there:");
    package::tell_consent(&inspection["consent"]);
    Ok(())
}

impl Command {
    fn site(&self) -> Option<&SiteArguments> {
        match self {
            Self::New { .. } | Self::Build { .. } | Self::Check { .. } | Self::Test { .. } => None,
            Self::Pack { .. } | Self::Embed { .. } => None,
            Self::Dev { site, .. }
            | Self::Inspect { site, .. }
            | Self::Install { site, .. }
            | Self::Upgrade { site, .. }
            | Self::Consent { site, .. }
            | Self::Enable { site, .. }
            | Self::Disable { site, .. }
            | Self::Rollback { site, .. }
            | Self::Uninstall { site, .. }
            | Self::Settings { site, .. }
            | Self::Logs { site, .. }
            | Self::Show { site, .. }
            | Self::List { site } => Some(site),
        }
    }
}

/// Prints all plugins; an error where some of them cannot be loaded.
async fn list(site: &Site) -> Result<(), Failure> {
    let plugins = site.list().await?;
    plugins.iter().for_each(row);
    match plugins.iter().filter(|plugin| plugin["state"] == "faulty").count() {
        0 => Ok(()),
        1 => Err("1 plugin cannot be loaded".into()),
        faulty => Err(format!("{faulty} plugins cannot be loaded").into()),
    }
}

/// Prints a plugin of a list.
fn row(plugin: &Value) {
    let text = |name: &str| plugin[name].as_str().unwrap_or("-").replace('_', " ");
    println!("{:<40} {:<12} {:<17} {}", text("id"), text("version"), text("state"), text("origin"));
    for problem in plugin["problems"].as_array().into_iter().flatten() {
        println!("  - {}", problem.as_str().unwrap_or_default());
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
