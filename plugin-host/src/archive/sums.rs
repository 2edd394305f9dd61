//! `SHA256SUMS`: the sum of every other file, in the form that `sha256sum` writes and checks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::listing::shown;
use crate::engine::hex;

/// The file's name.
pub(super) const SUMS_FILE: &str = "SHA256SUMS";
/// The digits of a sum.
const DIGITS: usize = 64;

/// The files of a package by name, each with its sum in lower-case hexadecimal; none where it could not be read.
pub(super) type Sums = BTreeMap<String, Option<String>>;

/// The sum of a file.
pub(super) fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The text for these files.
pub(super) fn write(files: &BTreeMap<String, Vec<u8>>) -> String {
    files.iter().fold(String::new(), |mut text, (name, bytes)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}  {name}", of(bytes));
        text
    })
}

/// Everything in which the text and the files do not agree. `files` are all but `SHA256SUMS` itself.
pub(super) fn faults(text: &str, files: &Sums) -> Vec<String> {
    let mut faults = Vec::new();
    let mut named = BTreeSet::new();
    for (position, line) in text.lines().enumerate() {
        let place = format!("{SUMS_FILE}: line {}", position + 1);
        let Some((sum, name)) = parse(line) else {
            faults.push(format!(
                "{place} is not a SHA-256 sum of {DIGITS} digits, two spaces and a file's name"
            ));
            continue;
        };
        let sum = sum.to_ascii_lowercase();
        if !named.insert(name) {
            faults.push(format!("{place} names {} again", shown(name)));
            continue;
        }
        match files.get(name) {
            None if name == SUMS_FILE => {
                faults.push(format!("{place} names the file itself; take the line out"))
            }
            None => faults.push(format!("{place} names {}, which is not in the package", shown(name))),
            Some(Some(actual)) if *actual != sum => {
                faults.push(format!("{name}: has the sum {actual}; {SUMS_FILE} says {sum}"));
            }
            Some(_) => {}
        }
    }
    let left_out = files.keys().filter(|name| !named.contains(name.as_str()));
    faults.extend(left_out.map(|name| format!("{SUMS_FILE}: leaves out {}", shown(name))));
    faults
}

/// The sum and the name in a line. A `./` before the name is what `find` puts there.
fn parse(line: &str) -> Option<(&str, &str)> {
    let (sum, rest) = line.split_at_checked(DIGITS)?;
    let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    let is_sum = sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let name = name.strip_prefix("./").unwrap_or(name);
    (is_sum && !name.is_empty()).then_some((sum, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn sums(files: &[&str]) -> Sums {
        files.iter().map(|name| ((*name).to_owned(), Some(of(b"")))).collect()
    }

    #[test]
    fn reads_what_sha256sum_writes() {
        let upper = EMPTY.to_ascii_uppercase();
        for text in
            [format!("{EMPTY}  a.txt\n{EMPTY}  b c.txt\n"), format!("{EMPTY} *./b c.txt\r\n{upper}  ./a.txt")]
        {
            assert_eq!(faults(&text, &sums(&["a.txt", "b c.txt"])), Vec::<String>::new(), "{text}");
        }
        let files = BTreeMap::from([("a.txt".to_owned(), Vec::new()), ("b".to_owned(), b"b".to_vec())]);
        let text = write(&files);
        assert!(text.starts_with(&format!("{EMPTY}  a.txt\n")), "{text}");
        let sums = files.iter().map(|(name, bytes)| (name.clone(), Some(of(bytes)))).collect();
        assert_eq!(faults(&text, &sums), Vec::<String>::new());
    }

    #[test]
    fn names_everything_that_does_not_agree() {
        let other = "f".repeat(DIGITS);
        let text = format!(
            "{other}  a\n{EMPTY}  gone\n{EMPTY}  gone\n{EMPTY}  SHA256SUMS\nnonsense\n{EMPTY} b\n\né\n"
        );
        let mut files = sums(&["a", "b"]);
        files.insert("unread".to_owned(), None);
        let found = faults(&text, &files);
        let expected = [
            format!("a: has the sum {EMPTY}; SHA256SUMS says {other}"),
            "SHA256SUMS: line 2 names gone, which is not in the package".to_owned(),
            "SHA256SUMS: line 3 names gone again".to_owned(),
            "SHA256SUMS: line 4 names the file itself; take the line out".to_owned(),
        ];
        assert_eq!(found[..4], expected);
        for (fault, line) in found[4..8].iter().zip([5, 6, 7, 8]) {
            assert!(fault.starts_with(&format!("SHA256SUMS: line {line} is not a SHA-256 sum")), "{fault}");
        }
        assert_eq!(found[8..], ["SHA256SUMS: leaves out b", "SHA256SUMS: leaves out unread"]);
    }
}
