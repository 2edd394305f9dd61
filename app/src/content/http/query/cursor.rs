//! Cursors of lists of entries: the id and the value of the last entry, and the order that they are good for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{
    content::{
        ContentType, Kind,
        definition::{Sort, SortKey},
        model::{EntryCursor, IndexValue},
    },
    error::{ApiError, ErrorCode, Result},
    ids::EntryId,
};

/// What says that a number follows, or a text.
const NUMBER: u8 = 0;
const TEXT: u8 = 1;
/// Whole numbers beyond this are no moments, in milliseconds.
const MOMENTS_END: f64 = 9_007_199_254_740_991.0;

/// How clients see it.
pub(in crate::content) fn encode(sort: &Sort, cursor: &EntryCursor) -> String {
    let sort = sort.to_string();
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(cursor.id.0.as_bytes());
    match &cursor.value {
        IndexValue::Number(number) => {
            bytes.push(NUMBER);
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(sort.as_bytes());
        }
        IndexValue::Text(text) => {
            bytes.push(TEXT);
            bytes.extend_from_slice(sort.as_bytes());
            // No name holds a NUL, and neither does a value.
            bytes.push(0);
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads one that [`encode`] made for this order; fails with `invalid_cursor`.
pub(super) fn decode(content_type: &ContentType, sort: &Sort, text: &str) -> Result<EntryCursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let cursor = bytes.as_deref().and_then(|bytes| read(bytes, &sort.to_string()));
    cursor.filter(|cursor| fits(content_type, &sort.key, &cursor.value)).ok_or_else(|| {
        let detail = "Pass `next_cursor` of the page before, unchanged, as `cursor`, with the same `sort`.";
        ApiError::new(ErrorCode::InvalidCursor, detail)
    })
}

fn read(bytes: &[u8], sort: &str) -> Option<EntryCursor> {
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let (tag, rest) = rest.split_first()?;
    let value = match *tag {
        NUMBER => {
            let (number, made_for) = rest.split_first_chunk::<8>()?;
            (made_for == sort.as_bytes()).then(|| IndexValue::Number(f64::from_be_bytes(*number)))?
        }
        TEXT => {
            let text = rest.strip_prefix(sort.as_bytes())?.strip_prefix(&[0])?;
            IndexValue::Text(std::str::from_utf8(text).ok()?.to_owned())
        }
        _ => return None,
    };
    Some(EntryCursor { value, id: EntryId(Uuid::from_bytes(*id)) })
}

/// Whether a value is one that can be compared with what the list is sorted by.
fn fits(content_type: &ContentType, key: &SortKey, value: &IndexValue) -> bool {
    let SortKey::Field(name) = key else {
        return matches!(value, IndexValue::Number(moment) if moment.fract() == 0.0 && moment.abs() <= MOMENTS_END);
    };
    let Some(field) = content_type.definition.field(name.as_str()) else { return false };
    let is_number = matches!(field.kind, Kind::Number(_) | Kind::Integer(_) | Kind::Boolean);
    match value {
        IndexValue::Number(number) => is_number && !number.is_nan(),
        IndexValue::Text(text) => !is_number && !text.contains('\0'),
    }
}
