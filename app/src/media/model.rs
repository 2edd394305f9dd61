//! What a stored file is.

use crate::{clock::Timestamp, entities::media, ids::MediaId};

/// A stored file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// Identity.
    pub id: MediaId,
    /// Where the object store has it, and the last part of its address: `ab/ab01…-picture.png`.
    pub path: String,
    /// What it was called where it came from.
    pub filename: String,
    /// What browsers are told that it is.
    pub content_type: String,
    /// In bytes.
    pub size: u64,
    /// Of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// When it was stored first.
    pub created_at: Timestamp,
}

impl Media {
    /// Its address on this site, with a leading slash. Needs no encoding.
    pub fn url(&self) -> String {
        format!("/media/{}", self.path)
    }
}

impl From<media::Model> for Media {
    fn from(row: media::Model) -> Self {
        Self {
            id: MediaId(row.id),
            path: row.path,
            filename: row.filename,
            content_type: row.content_type,
            size: u64::try_from(row.size).unwrap_or_default(),
            sha256: row.sha256,
            created_at: Timestamp::from_millis(row.created_at),
        }
    }
}
