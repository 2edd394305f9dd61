//! Removing for good what entries still keep of fields that are gone.

use std::sync::Arc;

use serde_json::json;

use super::{
    examine::Progress,
    plan::{ChangePhase, ChangeProgress},
};
use crate::{
    audit,
    auth::{Actor, Permission},
    clock::Timestamp,
    content::{
        ContentType, TypeService,
        layout::{Layout, Retired},
        storage::{
            self,
            entries::{self, Row},
            links,
        },
        types::conflict,
    },
    database::Transaction,
    error::{ApiError, FieldError, Result},
};

/// Entries that are looked at in one go, and written in one transaction.
const BATCH: u64 = 500;
/// How often all entries are gone through, since some are written by others meanwhile.
const ROUNDS: usize = 20;

/// What is written down of a purge.
struct Purge {
    actor: Actor,
    /// The type as it was.
    seen: ContentType,
    /// The type without the fields.
    purged: ContentType,
    /// The names of the fields.
    names: Vec<String>,
    /// Their keys.
    keys: Vec<String>,
}

impl TypeService {
    /// Removes the values that are kept of fields that are gone: of all, or of those of these names. Answers how many
    /// entries were changed.
    ///
    /// # Errors
    /// `validation_failed` where nothing is kept under a name.
    pub async fn purge(
        &self,
        actor: &Actor,
        name: &str,
        fields: Option<Vec<String>>,
        progress: Progress<'_>,
    ) -> Result<u64> {
        actor.require(Permission::ManageContentTypes)?;
        let _changing = self.changing.lock().await;
        let seen = self.current(name).await?;
        let (gone, retired) = parted(&seen.layout, fields.as_deref())?;
        let mut purged = seen.clone();
        if !gone.is_empty() {
            purged.layout.retired = retired;
            purged.version += 1;
            purged.updated_at = Timestamp::now();
            let mut names: Vec<String> = gone.iter().map(|gone| gone.name.clone()).collect();
            names.sort_unstable();
            names.dedup();
            let keys = gone.into_iter().map(|gone| gone.key).collect();
            // First nothing can bring the fields back, then their values go.
            let purge = Purge { actor: actor.clone(), seen, purged: purged.clone(), names, keys };
            self.database.write(purge, |transaction, purge| Box::pin(forget(transaction, purge))).await?;
            self.changed();
        } else if fields.is_some() {
            return Ok(0);
        }
        self.sweep(&Arc::new(purged), progress).await
    }

    /// Takes out of all entries what the layout knows nothing of: the values of what was purged, and what changes left
    /// behind that came to nothing.
    async fn sweep(&self, content_type: &Arc<ContentType>, progress: Progress<'_>) -> Result<u64> {
        let total = entries::count(self.database.reader(), content_type, None).await?;
        let mut changed = 0;
        for _ in 0..ROUNDS {
            let (mut after, mut done, mut is_clean) = (0, 0, true);
            loop {
                progress(ChangeProgress { phase: ChangePhase::Purging, done, total });
                let rows = entries::batch(self.database.reader(), content_type, after, BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = last.seq;
                done += rows.len() as u64;
                let rows: Vec<Row> =
                    rows.into_iter().filter_map(|row| swept(&content_type.layout, row)).collect();
                if rows.is_empty() {
                    continue;
                }
                let wanted = rows.len() as u64;
                let input = (Arc::clone(content_type), rows);
                let written = self
                    .database
                    .write(input, |transaction, (content_type, rows)| {
                        Box::pin(write(transaction, content_type, rows))
                    })
                    .await?;
                changed += written;
                is_clean &= written == wanted;
            }
            if is_clean {
                return Ok(changed);
            }
        }
        Err(conflict())
    }
}

/// What is to go and what stays of what is kept. Fails where a name is not among it.
fn parted(layout: &Layout, fields: Option<&[String]>) -> Result<(Vec<Retired>, Vec<Retired>)> {
    let retired = layout.retired.iter().cloned();
    let Some(fields) = fields else { return Ok((retired.collect(), Vec::new())) };
    let is_kept = |name: &String| layout.retired.iter().any(|retired| retired.name == *name);
    let unknown = fields.iter().enumerate().filter(|(_, name)| !is_kept(name));
    let faults: Vec<FieldError> = unknown
        .map(|(index, name)| {
            let mut names: Vec<&str> = layout.retired.iter().map(|retired| retired.name.as_str()).collect();
            names.sort_unstable();
            names.dedup();
            let kept = match names.as_slice() {
                [] => "nothing is".to_owned(),
                names => format!("`{}` are", names.join("`, `")),
            };
            let message = format!("Nothing is kept of a field `{name}`; {kept}.");
            FieldError::at(format!("fields[{index}]"), message)
        })
        .collect();
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    Ok(retired.partition(|retired| fields.contains(&retired.name)))
}

/// The row without what the layout knows nothing of; none where there is nothing of the kind.
fn swept(layout: &Layout, mut row: Row) -> Option<Row> {
    let is_known = |key: &str| {
        layout.keys.values().any(|known| known == key) || layout.retired.iter().any(|known| known.key == key)
    };
    let before = row.entry.stored.len();
    row.entry.stored.retain(|key, _| is_known(key));
    (row.entry.stored.len() < before).then_some(row)
}

async fn forget(transaction: &Transaction, purge: &Purge) -> Result<()> {
    let Purge { actor, seen, purged, names, keys } = purge;
    storage::types::lock(transaction, seen.number).await?;
    let current = storage::types::find(transaction, seen.name()).await?.ok_or_else(conflict)?;
    if current.number != seen.number || current.version != seen.version || current.layout != seen.layout {
        return Err(conflict());
    }
    let purged = ContentType { enabled: current.enabled, ..purged.clone() };
    if !storage::types::update(transaction, &purged, seen.version).await? {
        return Err(conflict());
    }
    for key in keys {
        links::forget_key(transaction, seen.number, key).await?;
    }
    let detail = json!({ "fields": names });
    audit::record(transaction, actor, "content_type.purged", seen.name(), &detail).await
}

/// Answers how many rows were written: those are not that somebody else wrote meanwhile.
async fn write(transaction: &Transaction, content_type: &ContentType, rows: &[Row]) -> Result<u64> {
    let mut written = 0;
    for row in rows {
        let Row { seq, entry, .. } = row;
        // A change that another process prepares has to look at the row again.
        let is_written =
            entries::prepare(transaction, content_type, *seq, entry.version, &entry.stored, 0).await?;
        written += u64::from(is_written);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retired(key: &str, name: &str) -> Retired {
        let (key, name) = (key.to_owned(), name.to_owned());
        Retired { key, name, field: json!({}), since: Timestamp::from_millis(0) }
    }

    #[test]
    fn what_is_named_goes_and_the_rest_stays() {
        let retired = vec![retired("f1", "a"), retired("f2", "b"), retired("f3", "a")];
        let layout = Layout { retired, ..Layout::default() };
        let keys = |retired: Vec<Retired>| retired.into_iter().map(|kept| kept.key).collect::<Vec<_>>();
        let (gone, kept) = parted(&layout, Some(&["a".to_owned()])).unwrap();
        assert_eq!((keys(gone), keys(kept)), (vec!["f1".to_owned(), "f3".to_owned()], vec!["f2".to_owned()]));
        let (gone, kept) = parted(&layout, None).unwrap();
        assert_eq!((gone.len(), kept.len()), (3, 0));
        let error = parted(&layout, Some(&["b".to_owned(), "c".to_owned()])).unwrap_err();
        assert_eq!(error.fields().len(), 1);
        assert_eq!(error.fields()[0].field, "fields[1]");
        assert!(error.fields()[0].message.contains("`c`"));
    }
}
