//! Measures the server over HTTP, on loopback, against what it stands on: a bare actix-web route that returns the same
//! bytes, and a bare SQLite commit. Everything compared is measured in the same run.
//!
//! ```text
//! cargo run --release -p fleuron-tests --bin http-bench
//! cargo run --release -p fleuron-tests --bin http-bench -- --only create --seconds 10
//! ```
//!
//! The servers are child processes of this program (which runs again in another role), so that the CPU time in their
//! `/proc/<pid>/stat` is theirs alone. The client lives in one thread: on a machine with two cores it takes one, as
//! `wrk -t1` would. Linux only, for the sake of `/proc`.

mod arguments;
mod bare;
mod client;
mod content;
mod create;
mod cron;
mod entries;
mod events;
mod load;
mod looping;
mod many;
mod memory;
mod plugins;
mod process;
mod reads;
mod reload;
mod report;
mod site;
mod startup;
mod uploads;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use arguments::{Arguments, Scenario};
use report::Report;

/// What a scenario ends with when it cannot be measured: words for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

/// Connections of a loaded server.
const CONNECTIONS: usize = 16;

/// What all scenarios share.
struct Bench {
    /// How long each measurement takes.
    time: Duration,
    /// Where the sites live. Must be on a disk for the commits to mean anything.
    folder: PathBuf,
    /// Worker threads of every server.
    workers: usize,
    /// A package to upload in place of the one that is made.
    package: Option<PathBuf>,
}

fn main() -> ExitCode {
    // A server of a measurement compiles plugins in processes of this program, which know nothing of roles.
    if std::env::args().nth(1).as_deref() == Some(fleuron::cli::COMPILE) {
        return fleuron::cli::main();
    }
    let role = std::env::var(process::ROLE).unwrap_or_default();
    let outcome = match role.as_str() {
        process::FLEURON => return fleuron::cli::main(),
        process::BARE => bare::serve(),
        _ => measure(),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("http-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<ExitCode> {
    let Some(arguments) = Arguments::read(std::env::args().skip(1))? else {
        println!("{}", arguments::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let bench = Bench {
        time: arguments.time,
        folder: arguments.folder.clone(),
        workers,
        package: arguments.package.clone(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::default();
    for scenario in Scenario::ALL.into_iter().filter(|scenario| arguments.wants(*scenario)) {
        eprintln!("measuring {} ...", scenario.name());
        runtime.block_on(Box::pin(run(scenario, &bench, &mut report)))?;
    }
    println!("{} cores, {} s per measurement", bench.workers, bench.time.as_secs());
    report.print(arguments.markdown);
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn run(scenario: Scenario, bench: &Bench, report: &mut Report) -> Result<()> {
    match scenario {
        Scenario::Reads => Box::pin(reads::run(bench, report)).await,
        Scenario::Create => Box::pin(create::run(bench, report)).await,
        Scenario::Looping => Box::pin(looping::run(bench, report)).await,
        Scenario::Startup => Box::pin(startup::run(bench, report)).await,
        Scenario::Memory => Box::pin(memory::run(bench, report)).await,
        Scenario::Plugins => Box::pin(many::run(bench, report)).await,
        Scenario::Reload => Box::pin(reload::run(bench, report)).await,
        Scenario::Uploads => Box::pin(uploads::run(bench, report)).await,
        Scenario::Events => Box::pin(events::run(bench, report)).await,
        Scenario::Cron => Box::pin(cron::run(bench, report)).await,
        Scenario::Content => Box::pin(entries::run(bench, report)).await,
    }
}
