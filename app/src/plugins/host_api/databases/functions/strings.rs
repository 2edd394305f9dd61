//! Functions over texts.

use std::collections::HashSet;

use rusqlite::{Result, types::ValueRef};

use super::Call;

/// `trim(text, set)` and its halves: without the characters of the set at the given ends.
pub(super) fn trim(call: &Call<'_>, start: bool, end: bool) -> Result<Option<String>> {
    let (Some(text), Some(set)) = (call.text(0), call.text(1)) else {
        return Ok(None);
    };
    let set: HashSet<char> = set.chars().collect();
    let mut rest = &*text;
    if start {
        rest = rest.trim_start_matches(|character| set.contains(&character));
    }
    if end {
        rest = rest.trim_end_matches(|character| set.contains(&character));
    }
    Ok(Some(rest.to_owned()))
}

/// `instr(text, part)`: where the part first begins, counted from 1 in characters, or in bytes where both are blobs; 0
/// where it doesn't.
pub(super) fn instr(call: &Call<'_>) -> Result<Option<i64>> {
    if let (ValueRef::Blob(bytes), ValueRef::Blob(part)) = (call.raw(0), call.raw(1)) {
        // The search for texts is linear; there is none for bytes.
        let widen = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
        return Ok(Some(place(&widen(bytes), &widen(part))));
    }
    let (Some(text), Some(part)) = (call.text(0), call.text(1)) else {
        return Ok(None);
    };
    Ok(Some(place(&text, &part)))
}

fn place(text: &str, part: &str) -> i64 {
    let before = text.find(part).and_then(|at| text.get(..at));
    before.map_or(0, |before| i64::try_from(before.chars().count()).map_or(0, |count| count + 1))
}

/// `replace(text, part, other)`.
pub(super) fn replace(call: &Call<'_>) -> Result<Option<String>> {
    let (Some(text), Some(part)) = (call.text(0), call.text(1)) else {
        return Ok(None);
    };
    if part.is_empty() || part.starts_with('\0') {
        return Ok(Some(text.into_owned()));
    }
    let Some(other) = call.text(2) else {
        return Ok(None);
    };
    let count = text.matches(&*part).count();
    let kept = text.len() - count * part.len();
    call.check_length(count.saturating_mul(other.len()).saturating_add(kept))?;
    Ok(Some(text.replace(&*part, &other)))
}

/// A number as SQLite writes it: up to 15 digits, and always a point.
pub(super) fn real(number: f64) -> String {
    /// Digits that are written.
    const DIGITS: usize = 15;
    if number.is_infinite() {
        return if number > 0.0 { "Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:.*e}", DIGITS - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&power) {
        let decimals = usize::try_from(14 - power).unwrap_or(0);
        return with_point(&format!("{number:.decimals$}"));
    }
    let sign = if power < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", with_point(mantissa), power.abs())
}

/// Without zeros at the end, but for one behind the point.
fn with_point(number: &str) -> String {
    let Some((whole, decimals)) = number.split_once('.') else {
        return format!("{number}.0");
    };
    let decimals = decimals.trim_end_matches('0');
    format!("{whole}.{}", if decimals.is_empty() { "0" } else { decimals })
}

/// The integer that a text begins with; 0 where it begins with none.
pub(super) fn integer(text: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(text);
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    let digits = text.trim_start_matches(['+', '-']);
    let signs = text.len() - digits.len();
    if signs > 1 {
        return 0;
    }
    let length = digits.find(|character: char| !character.is_ascii_digit()).unwrap_or(digits.len());
    text.get(..signs + length).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn numbers_are_written_as_sqlite_writes_them() {
        let connection = Connection::open_in_memory().unwrap();
        for number in [
            0.0,
            1.0,
            -1.5,
            0.1,
            1.0 / 3.0,
            2.0 / 3.0,
            123_456.789,
            1e14,
            1e15,
            123_456_789_012_345.0,
            1e16,
            1e20,
            1e100,
            1e-4,
            1e-5,
            0.000_123,
            2.5e-7,
            1.5e300,
            -1e-300,
            99_999_999_999_999.9,
            f64::INFINITY,
            f64::NEG_INFINITY,
        ] {
            let expected: String =
                connection.query_row("SELECT CAST(?1 AS TEXT)", [number], |row| row.get(0)).unwrap();
            assert_eq!(real(number), expected, "{number:e}");
        }
    }

    #[test]
    fn integers_are_read_from_the_start_of_a_text() {
        for (text, number) in [("7", 7), (" -7x", -7), ("+7", 7), ("--7", 0), ("x", 0), ("", 0)] {
            assert_eq!(integer(text.as_bytes()), number, "{text}");
        }
    }
}
