//! What commands have in common with whoever sits before them: questions, faults in words, and how far something is.

use std::{
    io::{BufRead, IsTerminal, Write},
    sync::Mutex,
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::Failure;
use crate::error::{ApiError, ErrorCode, FieldError};

/// How often a line is written where there is no terminal.
const PAUSE: Duration = Duration::from_secs(5);

/// Asks a question on the terminal. Where there is none, nobody agrees.
pub(super) fn asks_person(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        eprintln!("{question} There is no terminal to ask at; --yes says yes.");
        return Ok(false);
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// An error of the site in words, each of its reasons on a line of its own.
pub(super) fn words(error: ApiError) -> Failure {
    let mut words = match error.code() {
        ErrorCode::Internal => error.to_string(),
        _ => error.detail().to_owned(),
    };
    for fault in error.fields() {
        words.push_str(&format!("\n  - {}", line(fault)));
    }
    words.into()
}

/// A fault in a line.
pub(super) fn line(fault: &FieldError) -> String {
    match fault.field.as_str() {
        "" => fault.message.clone(),
        field => format!("{field}: {}", fault.message),
    }
}

/// One thing is, several are.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// How far something is: a bar on a terminal, otherwise a line every few seconds. Both on standard error.
pub(super) struct Meter {
    bar: ProgressBar,
    is_terminal: bool,
    told: Mutex<Instant>,
}

impl Meter {
    pub(super) fn start() -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = if is_terminal { ProgressBar::new(0) } else { ProgressBar::hidden() };
        // A template that cannot be read leaves the plain bar.
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {elapsed}  {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, is_terminal, told: Mutex::new(Instant::now()) }
    }

    /// It is here now; a total of nothing is not known.
    pub(super) fn at(&self, done: u64, total: u64, words: impl FnOnce() -> String) {
        if self.is_terminal {
            self.bar.set_length(total.max(done).max(1));
            self.bar.set_position(done);
            self.bar.set_message(words());
            return;
        }
        // Several may tell at once; one line is enough.
        let Ok(mut told) = self.told.try_lock() else { return };
        if told.elapsed() >= PAUSE {
            *told = Instant::now();
            eprintln!("{}", words());
        }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_stand_on_lines_of_their_own() {
        let faults = vec![FieldError::new("name", "Must be short."), FieldError::new("", "Is broken.")];
        let words = words(ApiError::validation(faults)).to_string();
        assert_eq!(words, "Some fields are not valid.\n  - name: Must be short.\n  - Is broken.");
        assert_eq!(count(1, "entry", "entries"), "1 entry");
        assert_eq!(count(0, "entry", "entries"), "0 entries");
    }
}
