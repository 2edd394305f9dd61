//! `LIKE` and `GLOB`.
//!
//! A pattern is compared with a text from one wildcard to the next: what follows a wildcard is looked for at every place,
//! and nothing is ever tried again for an earlier wildcard. That is enough, because a later wildcard matches whatever an
//! earlier one could have left to it.

use rusqlite::Result;

use super::Call;
use crate::plugins::host_api::databases::usage::{Watch, misuse};

/// Bytes of the longest pattern.
const LONGEST: usize = 256;
/// Comparisons between two looks at the clock: some milliseconds.
const COMPARISONS_PER_LOOK: u32 = 1 << 16;

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// This character.
    Character(char),
    /// One character, whichever.
    One,
    /// Any number of characters.
    All,
    /// One of these ranges, or none of them.
    Set { ranges: Vec<(char, char)>, is_inverted: bool },
    /// Nothing: the pattern is malformed.
    Never,
}

/// `like(pattern, text[, escape])`. Case does not matter in ASCII.
pub(super) fn like(call: &Call<'_>) -> Result<Option<bool>> {
    let escape = if call.len() > 2 {
        let Some(escape) = call.text(2) else { return Ok(None) };
        let mut characters = escape.chars();
        let (Some(escape), None) = (characters.next(), characters.next()) else {
            return Err(misuse("ESCAPE expression must be a single character"));
        };
        Some(escape)
    } else {
        None
    };
    compare(call, |pattern| like_steps(pattern, escape), |one, other| one.eq_ignore_ascii_case(&other))
}

/// `glob(pattern, text)`.
pub(super) fn glob(call: &Call<'_>) -> Result<Option<bool>> {
    compare(call, glob_steps, |one, other| one == other)
}

fn compare(
    call: &Call<'_>,
    steps: impl Fn(&str) -> Vec<Step>,
    is_same: impl Fn(char, char) -> bool,
) -> Result<Option<bool>> {
    let (Some(pattern), Some(text)) = (call.text(0), call.text(1)) else {
        return Ok(None);
    };
    if pattern.len() > LONGEST {
        return Err(misuse("LIKE or GLOB pattern too complex"));
    }
    // For SQLite a text ends with its first NUL here.
    let until_nul = |text: &str| text.split('\0').next().unwrap_or("").len();
    let (pattern, text) = (&pattern[..until_nul(&pattern)], &text[..until_nul(&text)]);
    matches(&steps(pattern), text, is_same, call.watch).map(Some)
}

fn like_steps(pattern: &str, escape: Option<char>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = pattern.chars();
    while let Some(character) = rest.next() {
        steps.push(match character {
            _ if Some(character) == escape => rest.next().map_or(Step::Never, Step::Character),
            '%' => Step::All,
            '_' => Step::One,
            _ => Step::Character(character),
        });
    }
    steps
}

fn glob_steps(pattern: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        steps.push(match character {
            '*' => Step::All,
            '?' => Step::One,
            '[' => set(&mut rest),
            _ => Step::Character(character),
        });
    }
    steps
}

/// What stands behind a `[`, up to its `]`.
fn set(rest: &mut &str) -> Step {
    let mut ranges = Vec::new();
    let mut characters = rest.chars();
    let mut next = characters.next();
    let is_inverted = next == Some('^');
    if is_inverted {
        next = characters.next();
    }
    if next == Some(']') {
        ranges.push((']', ']'));
        next = characters.next();
    }
    let mut before = None;
    while let Some(character) = next {
        if character == ']' {
            *rest = characters.as_str();
            return Step::Set { ranges, is_inverted };
        }
        let is_range = character == '-' && !matches!(characters.clone().next(), None | Some(']'));
        match before.filter(|_| is_range) {
            Some(first) => {
                ranges.extend(characters.next().map(|last| (first, last)));
                before = None;
            }
            None => {
                ranges.push((character, character));
                before = Some(character);
            }
        }
        next = characters.next();
    }
    *rest = "";
    Step::Never
}

fn matches(steps: &[Step], text: &str, is_same: impl Fn(char, char) -> bool, watch: &Watch) -> Result<bool> {
    let (mut step, mut rest) = (0, text);
    // Where to go on once what follows the last wildcard does not match: behind it, one character later.
    let mut again: Option<(usize, &str)> = None;
    let mut comparisons = 0_u32;
    loop {
        comparisons += 1;
        if comparisons == COMPARISONS_PER_LOOK {
            comparisons = 0;
            watch.check()?;
        }
        let first = rest.chars().next();
        let is_match = match (steps.get(step), first) {
            (None, None) => return Ok(true),
            (Some(Step::All), _) => {
                step += 1;
                if step == steps.len() {
                    return Ok(true);
                }
                again = Some((step, rest));
                continue;
            }
            (Some(Step::Character(own)), Some(other)) => is_same(*own, other),
            (Some(Step::One), Some(_)) => true,
            (Some(Step::Set { ranges, is_inverted }), Some(other)) => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&other)) != *is_inverted
            }
            _ => false,
        };
        match (is_match, first) {
            (true, Some(first)) => {
                step += 1;
                rest = &rest[first.len_utf8()..];
            }
            _ => {
                let Some((behind, at)) = again else { return Ok(false) };
                let Some(skipped) = at.chars().next() else { return Ok(false) };
                // At the end of the text no later place is any better.
                if first.is_none() && step < steps.len() {
                    return Ok(false);
                }
                (step, rest) = (behind, &at[skipped.len_utf8()..]);
                again = Some((step, rest));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::plugins::host_api::databases::deadline::Deadline;

    #[test]
    fn a_long_comparison_ends_with_its_time() {
        let deadline = Deadline::new(Instant::now() + Duration::from_secs(600));
        let watch = Watch::new(deadline.clone());
        let pattern = format!("%{}b", "a".repeat(250));
        let text = "a".repeat(1_000_000);
        deadline.set(Instant::now());
        assert!(matches(&like_steps(&pattern, None), &text, |one, other| one == other, &watch).is_err());
    }
}
