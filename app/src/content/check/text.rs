//! Values that are text.

use std::fmt::Write;

use serde_json::Value;
use url::{Position, Url};
use uuid::Uuid;

use super::{outcome, within, wrong};
use crate::{
    content::definition::{Bounds, Field, INDEXED_LENGTH, TEXT_LENGTH, TextRules},
    posts::slug::{AMONG_ENTRIES, Slug},
    users::Email,
};

/// The longest e-mail address, in characters.
pub(in crate::content) const EMAIL_LENGTH: u64 = 254;
/// The longest address, in bytes.
pub(in crate::content) const URL_LENGTH: u64 = 2000;

/// The longest text of a field whose values stand in an index, in characters; none where no index limits it.
pub(super) fn longest(field: &Field) -> Option<u64> {
    (field.unique || field.filterable || field.sortable).then_some(INDEXED_LENGTH)
}

/// The text of a value.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| wrong("a text", value))
}

/// One line, trimmed.
pub(super) fn line(value: &Value, rules: &TextRules, longest: Option<u64>) -> Result<Option<Value>, String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let mut faults = Vec::new();
    if text.chars().any(char::is_control) {
        faults.push("Must be one line without control characters.".to_owned());
    }
    check(text, rules, longest, &mut faults);
    outcome(text.into(), &faults)
}

/// Markdown, as it is.
pub(super) fn markdown(value: &Value, rules: &TextRules) -> Result<Option<Value>, String> {
    let text = text(value)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut faults = Vec::new();
    if text.contains('\0') {
        faults.push("Must not hold NUL characters.".to_owned());
    }
    check(text, rules, None, &mut faults);
    outcome(text.into(), &faults)
}

/// An e-mail address, in lower case.
pub(super) fn email(value: &Value, rules: &TextRules, longest: Option<u64>) -> Result<Option<Value>, String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let email = Email::parse(text)?;
    let mut faults = Vec::new();
    check(email.as_str(), rules, longest, &mut faults);
    outcome(email.as_str().into(), &faults)
}

/// An absolute address of http or https, as a standard address: with everything escaped that RFC 3986 wants escaped.
pub(super) fn url(value: &Value, rules: &TextRules, longest: Option<u64>) -> Result<Option<Value>, String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let address = address(text)?;
    let mut faults = Vec::new();
    check(&address, rules, longest, &mut faults);
    outcome(address.into(), &faults)
}

fn address(text: &str) -> Result<String, String> {
    let wrong = || "Must be an absolute address such as https://example.com/page.".to_owned();
    let is_odd = |character: char| character.is_control() || character.is_whitespace() || character == '\\';
    if text.chars().any(is_odd) {
        return Err(wrong());
    }
    let url = Url::parse(text).map_err(|_error| wrong())?;
    // A parser mends `http:example.com`; readers of the text may not.
    let is_absolute = text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"));
    if !matches!(url.scheme(), "http" | "https") || !is_absolute || url.host().is_none() {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("Must not hold a user name or a password.".into());
    }
    let host = &url[..Position::BeforePath];
    if !host.bytes().all(|byte| is_plain(byte) || b":/[]%".contains(&byte)) {
        return Err(wrong());
    }
    let address = format!("{host}{}", escaped(&url[Position::BeforePath..]));
    if address.len() as u64 > URL_LENGTH {
        return Err(format!("Must have at most {URL_LENGTH} bytes; this has {}.", address.len()));
    }
    Ok(address)
}

/// What RFC 3986 lets stand in every part of an address.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

/// The path and what is behind it. Browsers let more pass than the standard.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut is_fragment = false;
    for (place, byte) in text.bytes().enumerate() {
        let next = text.as_bytes().get(place + 1..place + 3);
        let is_escape = byte == b'%' && next.is_some_and(|next| next.iter().all(u8::is_ascii_hexdigit));
        let begins_fragment = byte == b'#' && !is_fragment;
        is_fragment |= begins_fragment;
        if is_escape || begins_fragment || is_plain(byte) || b"/?:@".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// What names the entry in addresses, beside its id.
pub(super) fn slug(value: &Value) -> Result<Option<Value>, String> {
    let text = text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let slug = Slug::parse_below(text)?;
    if Uuid::try_parse(text).is_ok() {
        return Err("Must not look like an id, since entries are found by both.".into());
    }
    if text == AMONG_ENTRIES {
        return Err(format!("`{AMONG_ENTRIES}` is the address of the type's export; choose another."));
    }
    Ok(Some(slug.as_str().into()))
}

/// The rules that all texts share.
fn check(text: &str, rules: &TextRules, longest: Option<u64>, faults: &mut Vec<String>) {
    if text.len() as u64 > TEXT_LENGTH {
        faults.push(format!("Must have at most {TEXT_LENGTH} bytes; this has {}.", text.len()));
        return;
    }
    let max = match (rules.length.max, longest) {
        (Some(max), Some(longest)) => Some(max.min(longest)),
        (max, longest) => max.or(longest),
    };
    let bounds = Bounds { min: rules.length.min, max };
    within(&(text.chars().count() as u64), &bounds, ("have", " characters"), faults);
    if let Some(pattern) = &rules.pattern
        && !pattern.regex.is_match(text)
    {
        let shown: String = text.chars().take(60).collect();
        faults.push(format!("Must match `{}`; this is `{shown}`.", pattern.text));
    }
}
