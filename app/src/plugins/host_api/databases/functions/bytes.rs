//! Functions over bytes.

use std::{borrow::Cow, collections::HashSet};

use rusqlite::{Result, types::ValueRef};

use super::Call;
use crate::plugins::host_api::databases::usage::misuse;

/// `hex(bytes)`.
pub(super) fn hex(call: &Call<'_>) -> Result<String> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let bytes = match call.raw(0) {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Cow::Borrowed(bytes),
        _ => Cow::Owned(call.text(0).unwrap_or_default().into_owned().into_bytes()),
    };
    call.check_length(bytes.len().saturating_mul(2))?;
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// `unhex(text[, passed])`: bytes in hexadecimal, between whose pairs some characters may stand; none where there is
/// anything else.
pub(super) fn unhex(call: &Call<'_>) -> Result<Option<Vec<u8>>> {
    let passed = if call.len() > 1 { call.text(1) } else { Some(Cow::Borrowed("")) };
    let (Some(text), Some(passed)) = (call.text(0), passed) else {
        return Ok(None);
    };
    let passed: HashSet<char> = passed.chars().collect();
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut characters = text.chars();
    while let Some(first) = characters.next() {
        let Some(high) = first.to_digit(16) else {
            if passed.contains(&first) {
                continue;
            }
            return Ok(None);
        };
        let Some(low) = characters.next().and_then(|second| second.to_digit(16)) else {
            return Ok(None);
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    Ok(Some(bytes))
}

/// `zeroblob(length)`.
pub(super) fn zeroblob(call: &Call<'_>) -> Result<Vec<u8>> {
    Ok(vec![0; length(call, 0)?])
}

/// `randomblob(length)`, which has at least one byte.
pub(super) fn randomblob(call: &Call<'_>) -> Result<Vec<u8>> {
    let mut bytes = vec![0; length(call, 1)?];
    getrandom::fill(&mut bytes).map_err(|error| misuse(&error.to_string()))?;
    Ok(bytes)
}

fn length(call: &Call<'_>, least: i64) -> Result<usize> {
    let length = usize::try_from(call.integer(0).max(least)).unwrap_or(usize::MAX);
    call.check_length(length)?;
    Ok(length)
}
