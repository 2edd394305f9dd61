//! What the host tells the process that compiles, and what that answers.

use serde::{Deserialize, Serialize};

/// One plugin to compile. The file to write follows as an argument of its own: a path need not be text.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Job {
    /// Bytes of code on standard input.
    pub(super) code_bytes: usize,
    /// What the host's engine would make of code, as a number: another program's engine may differ.
    pub(super) fingerprint: u64,
    /// Bytes of stack that guests may use.
    pub(super) max_stack: usize,
    /// Bytes of memory that the process may take.
    pub(super) memory: u64,
    /// Seconds of processor time that the process may take.
    pub(super) cpu_seconds: u64,
    /// The host's process.
    pub(super) host: u32,
}

/// What became of a job.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    /// The file holds the compiled code.
    Compiled,
    /// The code is refused, and why.
    Refused(String),
    /// The code takes more memory than the process may have.
    OutOfMemory,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_one_line() {
        for answer in [Answer::Compiled, Answer::Refused("it is\nnot valid".to_owned()), Answer::OutOfMemory]
        {
            let line = serde_json::to_string(&answer).expect("JSON");
            assert!(!line.contains('\n'), "{line}");
            assert_eq!(serde_json::from_str::<Answer>(&line).expect("an answer"), answer);
        }
    }
}
