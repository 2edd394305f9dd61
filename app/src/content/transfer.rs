//! Bringing entries out of a site and into one, as JSON Lines: one entry a line, in its wire form.
//!
//! An export holds everything of a type's entries that an import needs to make them again: ids, drafts, private fields,
//! moments. An import goes by the ids: entries that are known are brought up to date, others are made under the ids
//! that they bring along, lines without an id become new entries. So an import that was broken off is simply run again,
//! as long as its lines have ids. Those who may not edit what others wrote choose no ids: what they import is theirs,
//! made now, under an id of its own.

mod import;
mod line;
mod lines;
mod order;
mod summary;
mod trial;

use std::sync::Arc;

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use serde_json::Value;

pub use import::import;
pub use summary::{ImportProgress, ImportSummary, LineError};
pub use trial::check;

use super::{
    ContentType, Entry, TypeDefinition,
    entries::to_json,
    storage::entries::{Row, batch},
};
use crate::{
    auth::{Actor, Permission},
    database::Database,
    error::{ApiError, Result},
};

/// What JSON Lines are called in HTTP.
pub const MEDIA_TYPE: &str = "application/jsonl";

/// As many entries are read and written at once, each of which may have a mebibyte.
const BATCH: u64 = 50;

/// Fails with `unauthenticated` or `forbidden` unless the actor may see every entry whole: drafts, private fields, and
/// those of others.
pub fn require_all(actor: &Actor, content_type: &ContentType) -> Result<()> {
    content_type.require_write(actor)?;
    if content_type.definition.authorship { actor.require(Permission::EditOthers) } else { Ok(()) }
}

/// All entries of a type, drafts included, oldest first, as lines. Ends with the first error.
pub fn export(database: Database, content_type: Arc<ContentType>) -> impl Stream<Item = Result<Bytes>> {
    stream::try_unfold(Some(0), move |after: Option<i64>| {
        next_batch(database.clone(), Arc::clone(&content_type), after)
    })
}

/// The lines of the entries behind this one, and where it goes on; none where it does not.
async fn next_batch(
    database: Database,
    content_type: Arc<ContentType>,
    after: Option<i64>,
) -> Result<Option<(Bytes, Option<i64>)>> {
    let Some(after) = after else { return Ok(None) };
    let rows = batch(database.reader(), &content_type, after, BATCH).await?;
    let Some(last) = rows.last() else { return Ok(None) };
    let is_last = u64::try_from(rows.len()).is_ok_and(|count| count < BATCH);
    let next = (!is_last).then_some(last.seq);
    Ok(Some((written(&content_type.definition, &rows)?, next)))
}

fn written(definition: &TypeDefinition, rows: &[Row]) -> Result<Bytes> {
    let mut text = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        serde_json::to_writer(&mut text, &line_of(definition, &row.entry)).map_err(ApiError::internal)?;
        text.push(b'\n');
    }
    Ok(text.into())
}

/// A field that has no value says so where an import would give it its default otherwise.
fn line_of(definition: &TypeDefinition, entry: &Entry) -> Value {
    let mut line = to_json(definition, entry);
    if let Some(Value::Object(fields)) = line.get_mut("fields") {
        for field in definition.fields.iter().filter(|field| field.default.is_some()) {
            fields.entry(field.name.as_str()).or_insert(Value::Null);
        }
    }
    line
}
