//! The `fleuron` program, built beside the tests so that they can start it as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    fleuron::cli::main()
}
