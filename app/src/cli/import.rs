//! `fleuron import markdown`.

use std::{io::IsTerminal, path::PathBuf};

use url::Url;

use super::{Failure, block_on};
use crate::{
    config::{Config, Options},
    import::{self, ImportOptions},
    services::Services,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Import a folder of Markdown files with TOML (`+++`) or YAML (`---`) front matter
    ///
    /// Can be repeated: files that have not changed are left alone, changed ones update their posts. Paths and aliases
    /// are kept, images beside the posts become media. Plugins filter imported posts like any other.
    Markdown {
        /// The folder
        dir: PathBuf,
        /// Read and check everything, write nothing
        #[arg(long)]
        dry_run: bool,
    },
}

pub(super) fn run(options: &Options, command: Command) -> Result<(), Failure> {
    let Command::Markdown { dir, dry_run } = command;
    let config = Config::load(options)?;
    block_on(async move {
        let services = Services::open(&config, base_url(&config)?).await?;
        let progress = std::io::stderr().is_terminal();
        let outcome = import::markdown(&services, ImportOptions { dir, dry_run, progress }).await;
        services.close().await;
        println!("{}", outcome?);
        Ok(())
    })
}

/// What links begin with when no server runs here.
pub(super) fn base_url(config: &Config) -> Result<Url, Failure> {
    match &config.http.base_url {
        Some(url) => Ok(url.clone()),
        None => Ok(Url::parse(&format!("http://{}", config.http.listen))?),
    }
}
