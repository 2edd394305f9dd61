//! Pages of lists. A cursor names the last item seen, so pages stay right while items come and go, and deep pages cost
//! what the first one does.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::{ApiError, ErrorCode, FieldError, Result};

const DEFAULT_LIMIT: u64 = 20;
const MAX_LIMIT: u64 = 100;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass it as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of `limit` items from a query that asked for one more.
    pub fn cut(mut items: Vec<T>, limit: u64, cursor: impl FnOnce(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(cursor).map(Cursor::encode) } else { None };
        Self { items, next_cursor }
    }

    /// Turns the items into something else.
    pub fn map<U>(self, turn: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(turn).collect(), next_cursor: self.next_cursor }
    }
}

/// The place after an item: the value it is sorted by, and its id to break ties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by, in milliseconds; 0 if by id alone.
    pub key: i64,
    /// The item.
    pub id: Uuid,
}

impl Cursor {
    /// How clients see it.
    pub fn encode(self) -> String {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.key.to_be_bytes());
        bytes[8..].copy_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads one that [`Self::encode`] made; fails with `invalid_cursor`.
    pub fn decode(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let parts = bytes.as_deref().and_then(|bytes| bytes.split_first_chunk::<8>());
        let parts = parts.and_then(|(key, id)| Some((i64::from_be_bytes(*key), Uuid::from_slice(id).ok()?)));
        parts.map(|(key, id)| Self { key, id }).ok_or_else(|| {
            ApiError::new(
                ErrorCode::InvalidCursor,
                "Pass `next_cursor` of the page before, unchanged, as `cursor`.",
            )
        })
    }

    /// How many items a page has: 20 unless the client asks for 1 to 100.
    pub fn limit(asked: Option<u64>) -> Result<u64> {
        match asked.unwrap_or(DEFAULT_LIMIT) {
            limit @ 1..=MAX_LIMIT => Ok(limit),
            _ => Err(ApiError::validation(vec![FieldError::new(
                "limit",
                format!("Must be 1 to {MAX_LIMIT}."),
            )])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Page};

    #[test]
    fn cursors_survive_the_journey() {
        let cursor = Cursor { key: -5, id: uuid::Uuid::now_v7() };
        assert_eq!(Cursor::decode(&cursor.encode()).unwrap(), cursor);
        for wrong in ["", "x", "AAAA", "!!!!"] {
            assert!(Cursor::decode(wrong).is_err());
        }
    }

    #[test]
    fn only_a_cut_page_has_a_next_one() {
        let cursor = |_: &i32| Cursor { key: 1, id: uuid::Uuid::nil() };
        assert!(Page::cut(vec![1, 2], 2, cursor).next_cursor.is_none());
        let page = Page::cut(vec![1, 2, 3], 2, cursor);
        assert_eq!(page.items, [1, 2]);
        assert!(page.next_cursor.is_some());
    }
}
