//! Kills the server again and again in a storm of writes, and proves from the ledger of a plugin that every change reached
//! it, each post's in order.
//!
//! ```text
//! cargo build -p fleuron-tests --bins && cargo run -p fleuron-tests --bin crash-storm -- --kills 50
//! ```

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use fleuron_tests::storm::{Aftermath, Storm};

/// What a failure is told in: words for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

const HELP: &str = "\
Kills the server in a storm of writes and proves that no event was lost.

  --kills N       how often it is killed [default: 50]
  --writers N     how many write at once [default: 8]
  --program PATH  the server's command line [default: `fleuron-under-test` beside this program]
  --folder DIR    where the site is made, empty or not there yet [default: one that goes at the end]";

/// As many violations are told in words.
const TOLD: usize = 20;

struct Arguments {
    kills: usize,
    writers: usize,
    program: PathBuf,
    folder: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("crash-storm: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    let Some(arguments) = read(std::env::args().skip(1))? else {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    let scratch = tempfile::tempdir()?;
    let folder = arguments.folder.unwrap_or_else(|| scratch.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let program = arguments.program.to_str().ok_or("the program's path is not UTF-8")?.to_owned();
    let (kills, writers) = (arguments.kills, arguments.writers);
    let storm = Storm { program, folder, kills, writers, between: 300..=2000 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let started = Instant::now();
    let say = |line: &str| println!("[{:>4} s] {line}", started.elapsed().as_secs());
    let aftermath = runtime.block_on(Box::pin(storm.rage(say)));
    Ok(report(&storm, &aftermath))
}

fn report(storm: &Storm, aftermath: &Aftermath) -> ExitCode {
    let Aftermath { acknowledged, changes, deliveries, repeats, retried, violations } = aftermath;
    println!("{} kills, {} writers: {acknowledged} changes acknowledged", storm.kills, storm.writers);
    println!("{changes} changes told, {deliveries} deliveries in the ledger");
    println!("{repeats} of them are repeats, {retried} went well after a failure");
    if violations.is_empty() {
        println!("nothing lost, every repeat under its id, every post in order");
        return ExitCode::SUCCESS;
    }
    println!("{} violations:", violations.len());
    for violation in violations.iter().take(TOLD) {
        println!("  {violation}");
    }
    ExitCode::FAILURE
}

/// Reads the command line; none when help was asked for.
fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Arguments>, Failure> {
    let program = std::env::current_exe()?.with_file_name("fleuron-under-test");
    let mut arguments = Arguments { kills: 50, writers: 8, program, folder: None };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value\n\n{HELP}"));
        match word.as_str() {
            "--kills" => arguments.kills = number(&word, &value()?)?,
            "--writers" => arguments.writers = number(&word, &value()?)?,
            "--program" => arguments.program = std::path::absolute(value()?)?,
            "--folder" => arguments.folder = Some(std::path::absolute(value()?)?),
            "--help" | "-h" => return Ok(None),
            other => return Err(format!("`{other}` is not known\n\n{HELP}").into()),
        }
    }
    Ok(Some(arguments))
}

fn number(word: &str, text: &str) -> Result<usize, Failure> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => Err(format!("{word}: `{text}` is not a whole number from 1 to 1000").into()),
    }
}
