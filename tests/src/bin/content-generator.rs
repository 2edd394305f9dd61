//! Writes entries of the content type `event` as JSON Lines, always the same ones.
//!
//! ```text
//! cargo run --release -p fleuron-tests --bin content-generator -- 100000 > events.jsonl
//! fleuron content-type enable event && fleuron content import event events.jsonl
//! ```

use std::io::{BufWriter, ErrorKind};
use std::process::ExitCode;

use fleuron_tests::content::write_events;

fn main() -> ExitCode {
    let count = std::env::args().nth(1).and_then(|count| count.replace('_', "").parse().ok());
    let Some(count) = count else {
        eprintln!("How many? content-generator 100000 > events.jsonl");
        return ExitCode::FAILURE;
    };
    match write_events(count, &mut BufWriter::new(std::io::stdout().lock())) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("content-generator: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
