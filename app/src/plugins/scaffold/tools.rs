//! Programs that build plugins: whether they are there, and how they are run.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::build::BuildError;

/// What a program prints; none where it cannot be run or fails.
pub(super) fn ask(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a program whose messages go to the terminal. `what` is what it does, in an error.
pub(super) fn run(command: &mut Command, what: &str) -> Result<(), BuildError> {
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|source| BuildError::cannot_run(command.get_program(), source))?;
    if status.success() { Ok(()) } else { Err(BuildError::Compile { what: what.to_owned(), status }) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{BuildError, ask, run};

    #[test]
    fn a_program_that_is_not_there_is_told_from_one_that_fails() {
        assert_eq!(ask("/nonexistent/tool", &[]), None);
        let error = run(&mut Command::new("/nonexistent/tool"), "building").unwrap_err();
        assert!(
            matches!(&error, BuildError::Run { program, .. } if program == "/nonexistent/tool"),
            "{error}"
        );
        let error =
            run(Command::new("cargo").arg("no-such-command").env("CARGO_TERM_QUIET", "true"), "building");
        assert!(error.unwrap_err().to_string().contains("building"));
    }

    #[test]
    fn what_a_program_prints_is_heard() {
        assert!(ask("cargo", &["--version"]).is_some_and(|text| text.starts_with("cargo ")));
        assert_eq!(ask("cargo", &["no-such-command"]), None);
    }
}
