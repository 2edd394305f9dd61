//! Storing and finding files.

use std::{fmt::Write, ops::Range, path::Path};

use actix_web::web::Bytes;
use deunicode::deunicode;
use futures_util::stream::BoxStream;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, local::LocalFileSystem, path::Path as Key,
};
use sha2::{Digest, Sha256};

use super::{Kind, Media, repo};
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    database::Database,
    entities::media,
    error::{ApiError, ErrorCode, FieldError, Result},
    ids::MediaId,
};

/// The largest file that is taken, in bytes: 25 MiB.
pub const MAX_SIZE: usize = 25 * 1024 * 1024;
/// How much of a name is kept in the address, in bytes.
const NAME_LENGTH: usize = 100;

/// Files that readers see. Cheap to clone.
#[derive(Clone)]
pub struct MediaService {
    database: Database,
    store: LocalFileSystem,
}

/// The kind of a file, if it may be stored at all. The error completes a sentence that begins with its name.
pub fn check(filename: &str, bytes: &[u8]) -> Result<Kind, String> {
    if bytes.len() > MAX_SIZE {
        return Err(format!("has {} bytes; at most {MAX_SIZE} are taken", bytes.len()));
    }
    Kind::of(filename, bytes)
}

impl MediaService {
    /// Puts the service together. Files live in `media` in the data folder, which is made if it is missing.
    pub fn new(database: Database, data: &Path) -> Result<Self, object_store::Error> {
        let folder = data.join("media");
        std::fs::create_dir_all(&folder).map_err(|error| object_store::Error::Generic {
            store: "LocalFileSystem",
            source: error.into(),
        })?;
        // A row must never outlive a power cut that its file does not.
        let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true);
        Ok(Self { database, store })
    }

    /// Stores a file, or finds it if the same bytes were stored under the same name before. Fails with
    /// `validation_failed` when it is too large or of no known kind.
    pub async fn store(&self, actor: &Actor, filename: &str, bytes: Vec<u8>) -> Result<Media> {
        actor.require(Permission::WritePosts)?;
        let kind = check(filename, &bytes).map_err(|fault| {
            ApiError::validation(vec![FieldError::new("file", format!("`{filename}` {fault}."))])
        })?;
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        let path = path(filename, &sha256);
        if let Some(known) = repo::find_by_path(self.database.reader(), &path).await? {
            return same(known, &sha256);
        }
        let size = i64::try_from(bytes.len()).map_err(ApiError::internal)?;
        self.store.put(&Key::from(path.as_str()), PutPayload::from(bytes)).await.map_err(failed)?;
        let row = media::Model {
            id: MediaId::generate().0,
            path,
            filename: filename.trim().to_owned(),
            content_type: kind.content_type.to_owned(),
            size,
            sha256,
            created_by: actor.user_id().map(|id| id.0),
            created_at: Timestamp::now().millis(),
        };
        self.database
            .write(row, |transaction, row| {
                Box::pin(async move {
                    if let Some(known) = repo::find_by_path(transaction, &row.path).await? {
                        return same(known, &row.sha256);
                    }
                    repo::insert(transaction, row.clone()).await?;
                    Ok(Media::from(row.clone()))
                })
            })
            .await
    }

    /// The file with this path, as [`Media::path`] has it.
    pub async fn find(&self, path: &str) -> Result<Option<Media>> {
        Ok(repo::find_by_path(self.database.reader(), path).await?.map(Media::from))
    }

    /// The bytes of a file, all or some of them, as they come from the store.
    pub async fn read(
        &self,
        media: &Media,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, Result<Bytes, object_store::Error>>> {
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let found = self.store.get_opts(&Key::from(media.path.as_str()), options).await.map_err(failed)?;
        Ok(found.into_stream())
    }
}

fn failed(error: object_store::Error) -> ApiError {
    ApiError::internal(error)
}

/// The path holds half of the hash; two files that share that half are not the same for it.
fn same(known: media::Model, sha256: &str) -> Result<Media> {
    if known.sha256 == sha256 {
        return Ok(Media::from(known));
    }
    Err(ApiError::new(ErrorCode::ValidationFailed, "Another file has this name and a hash alike. Rename it."))
}

/// `ab/ab0123456789abcd-picture.png`: the hash first, so that equal names never meet.
fn path(filename: &str, sha256: &str) -> String {
    format!("{}/{}-{}", &sha256[..2], &sha256[..16], clean(filename))
}

/// Letters, digits, dots, dashes and underscores; the extension in lower case.
fn clean(filename: &str) -> String {
    let (stem, extension) = filename.trim().rsplit_once('.').unwrap_or((filename, "bin"));
    let mut name = String::with_capacity(stem.len());
    for character in deunicode(stem).chars() {
        let plain = character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.');
        let character = if plain { character } else { '-' };
        let doubled = matches!(character, '-' | '.') && name.ends_with(character);
        if !doubled && name.len() < NAME_LENGTH {
            name.push(character);
        }
    }
    let name = name.trim_matches(['-', '.']);
    format!("{}.{}", if name.is_empty() { "file" } else { name }, extension.to_ascii_lowercase())
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{clean, path};

    #[test]
    fn names_are_made_harmless() {
        for (filename, cleaned) in [
            ("graph.PNG", "graph.png"),
            ("My Picture (1).jpeg", "My-Picture-1.jpeg"),
            ("Größe.svg", "Grosse.svg"),
            ("../../etc/passwd.txt", "etc-passwd.txt"),
            ("….png", "file.png"),
        ] {
            assert_eq!(clean(filename), cleaned);
        }
        assert!(clean(&format!("{}.png", "x".repeat(500))).len() < 120);
    }

    #[test]
    fn paths_begin_with_the_hash() {
        let hash = "0123456789abcdef0123456789abcdef";
        assert_eq!(path("a.png", hash), "01/0123456789abcdef-a.png");
    }
}
