//! The command line.

mod content;
mod content_type;
mod import;
mod migrate;
mod plugin;
mod serve;
mod terminal;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{
    config::Options,
    telemetry::{self, Logger},
};

/// A content engine, blog and CMS in one program.
///
/// Without a command it serves the site: open http://127.0.0.1:8080 and follow the set-up link that it prints.
#[derive(Parser)]
#[command(name = "fleuron", version, propagate_version = true)]
#[command(after_help = "Examples:
  fleuron                                            serve ./data on 127.0.0.1:8080
  fleuron --listen 0.0.0.0:80 --base-url https://blog.example.com
  fleuron user create --email ada@example.com --username ada --role administrator
  fleuron import markdown ~/old-blog/content --dry-run
  fleuron content-type enable event && fleuron content import event events.jsonl
  fleuron plugin new hello && fleuron plugin build hello

Commands may be used while a server runs on the same data; it notices what they change.")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the site (what happens without a command)
    Serve,
    /// Bring the database's schema up to date, then stop
    Migrate,
    /// Manage accounts
    #[command(subcommand)]
    User(user::Command),
    /// Bring content in from elsewhere
    #[command(subcommand)]
    Import(import::Command),
    /// Look over, change and check content types
    #[command(subcommand)]
    ContentType(content_type::Command),
    /// Bring entries of content types out and in
    #[command(subcommand)]
    Content(content::Command),
    /// Write, build and look over plugins
    #[command(subcommand)]
    Plugin(plugin::Command),
}

impl Command {
    /// What a command answers must not be buried under what the site says while it is opened.
    fn logger(&self) -> Logger {
        match self {
            Self::Serve => Logger::Server,
            _ => Logger::Command,
        }
    }
}

/// The first word of a process that compiles one plugin for another process of this program, which starts it so.
pub const COMPILE: &str = "compile-plugin";

/// What a command fails with: words for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command line and says how it went.
pub fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == COMPILE) {
        return fleuron_plugin_host::compile_child(arguments);
    }
    let cli = Cli::parse();
    let command = cli.command.unwrap_or(Command::Serve);
    telemetry::start_logging(command.logger());
    let outcome = match command {
        Command::Serve => serve::run(&cli.options),
        Command::Migrate => migrate::run(&cli.options),
        Command::User(command) => user::run(&cli.options, command),
        Command::Import(command) => import::run(&cli.options, command),
        Command::ContentType(command) => content_type::run(&cli.options, command),
        Command::Content(command) => content::run(&cli.options, command),
        Command::Plugin(command) => plugin::run(&cli.options, command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("fleuron: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a command's future on a runtime of its own.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(future)
}
