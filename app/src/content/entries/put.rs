//! Bringing entries in from elsewhere, as often as one likes.

use std::sync::Arc;

use serde_json::Value;

use super::{EntryService, TRIES, may_write};
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, Entry, NewEntry},
    error::{ApiError, ErrorCode, Result},
};

/// What became of an entry that was brought in.
#[derive(Clone, Debug)]
pub enum PutOutcome {
    /// It is new.
    Created(Entry),
    /// It stood there and was changed.
    Updated(Entry),
    /// It stood there as it is.
    Unchanged(Entry),
}

impl EntryService {
    /// Creates the entry, or makes the one with its id the same. Who made it and when is kept for those who may edit
    /// everybody's content; for others it is as if they had made it now.
    pub async fn put(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        mut new: NewEntry,
    ) -> Result<PutOutcome> {
        may_write(actor, content_type)?;
        if !actor.may(Permission::EditOthers) {
            (new.created_by, new.created_at, new.updated_at, new.published_at) = (None, None, None, None);
        }
        if let Some(author) = new.created_by
            && self.users.authors(&[author]).await?.is_empty()
        {
            // A site that the entry moves to may not know its author.
            new.created_by = None;
        }
        for _ in 0..TRIES {
            let found = match new.id {
                Some(id) => self.find_by_id(content_type, id).await?,
                None => None,
            };
            let Some(base) = found else {
                return self.create(actor, content_type, new).await.map(PutOutcome::Created);
            };
            let base = self.editable(actor, content_type, base.id).await?;
            if is_same(&base, &new) {
                return Ok(PutOutcome::Unchanged(base));
            }
            let mut fields = new.fields.clone();
            for name in base.fields.keys().filter(|name| !new.fields.contains_key(name.as_str())) {
                fields.insert(name.clone(), Value::Null);
            }
            let draft = self.change(actor, content_type, base, fields, new.status).await?;
            if let Some(entry) = self.write_change(draft).await? {
                return Ok(PutOutcome::Updated(entry));
            }
        }
        Err(ApiError::new(ErrorCode::EditConflict, "Somebody else is changing this entry. Try again."))
    }
}

fn is_same(base: &Entry, new: &NewEntry) -> bool {
    let values = new.fields.iter().filter(|(_, value)| !value.is_null());
    new.status.is_none_or(|status| status == base.status)
        && values.clone().count() == base.fields.len()
        && values.into_iter().all(|(name, value)| base.fields.get(name) == Some(value))
}
