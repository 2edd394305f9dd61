//! Days and moments.

use chrono::NaiveDate;
use serde_json::Value;

use super::{outcome, text, within};
use crate::{clock::Timestamp, content::definition::Bounds};

/// A day or a moment, as `parse` writes it.
pub(super) fn value(
    value: &Value,
    bounds: &Bounds<String>,
    parse: fn(&str) -> Result<String, String>,
) -> Result<Option<Value>, String> {
    let text = text::text(value)?.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = parse(text)?;
    let mut faults = Vec::new();
    within(&parsed, bounds, ("be", ""), &mut faults);
    outcome(parsed.into(), &faults)
}

/// A real day of the years 1 to 9999. The error says what would be right.
pub(in crate::content) fn date(text: &str) -> Result<String, String> {
    let is_shaped = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d");
    if is_shaped && day.is_ok() && !text.starts_with("0000") {
        Ok(text.to_owned())
    } else {
        Err(format!("Must be a day such as 2026-01-31; this is `{}`.", shortened(text)))
    }
}

/// A moment, in UTC with milliseconds. The error says what would be right.
pub(in crate::content) fn datetime(text: &str) -> Result<String, String> {
    let moment = Timestamp::parse(text).map_err(|_error| {
        format!("Must be a moment such as 2026-01-31T12:00:00Z; this is `{}`.", shortened(text))
    })?;
    Ok(moment.to_rfc3339())
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
