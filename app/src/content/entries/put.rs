//! Bringing entries in from elsewhere, as often as one likes.

use std::sync::Arc;

use serde_json::Value;

use super::{EntryService, TRIES};
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, Entry, Fields, NewEntry, TypeDefinition, check},
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
    /// Creates the entry, or makes the one with its id the same. Its id, who made it and when is kept for those who may
    /// edit everybody's content; for others it is as if they had made it now.
    pub async fn put(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        mut new: NewEntry,
    ) -> Result<PutOutcome> {
        content_type.require_write(actor)?;
        let may_keep = actor.may(Permission::EditOthers);
        if !may_keep {
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
                // Ids are not for everybody to choose.
                new.id = new.id.filter(|_| may_keep);
                return self.create(actor, content_type, new).await.map(PutOutcome::Created);
            };
            let base = self.editable(actor, content_type, base.id).await?;
            let fields = replaced(&content_type.definition, &base, &new.fields);
            if is_as_known(&base, &new) && is_same(content_type, &base, &fields) {
                return Ok(PutOutcome::Unchanged(base));
            }
            let draft = self.change(actor, content_type, base, fields, &new).await?;
            if let Some(entry) = self.write_change(draft).await? {
                return Ok(PutOutcome::Updated(entry));
            }
        }
        Err(ApiError::new(ErrorCode::EditConflict, "Somebody else is changing this entry. Try again."))
    }
}

/// Whether status, author and moments are those that stand, as far as they are brought along.
fn is_as_known(base: &Entry, new: &NewEntry) -> bool {
    new.status.is_none_or(|status| status == base.status)
        && new.created_by.is_none_or(|author| Some(author) == base.created_by)
        && new.created_at.is_none_or(|moment| moment == base.created_at)
        && new.published_at.is_none_or(|moment| Some(moment) == base.published_at)
}

/// The values that are brought in instead of all that stand, as if the entry were new, but that a slug stays which is not
/// brought along.
fn replaced(definition: &TypeDefinition, base: &Entry, new: &Fields) -> Fields {
    let slug = definition.slug_field().map(|field| field.name.as_str());
    let mut fields = new.clone();
    check::with_defaults(definition, &mut fields);
    for (name, value) in &base.fields {
        let stays = slug == Some(name.as_str());
        fields.entry(name.clone()).or_insert_with(|| if stays { value.clone() } else { Value::Null });
    }
    fields
}

/// Whether these values, in the form in which they would be kept, are those that stand.
fn is_same(content_type: &ContentType, base: &Entry, fields: &Fields) -> bool {
    let kept = |fields: &Fields| check::fields(&content_type.definition, fields, base.is_public()).ok();
    // Databases write numbers in ways of their own.
    kept(fields).is_some_and(|new| Some(new) == kept(&base.fields))
}
