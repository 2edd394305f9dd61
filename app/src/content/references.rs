//! What entries refer to, kept whole: nothing is referred to that is not there, however many write and remove at the same
//! moment.
//!
//! Whoever writes an entry holds what it refers to, and whoever removes something holds that alone, so that of the two one
//! sees what the other did.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    ContentType, ContentTypes, Entry,
    definition::{Kind, OnDelete, Target},
    entries,
    storage::{self, links},
};
use crate::{
    clock::Timestamp,
    database::Transaction,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{EventRecorder, Fact},
    ids::{EntryId, UserId},
    posts::{self, PostKind},
};

/// Entries that lose a relation in one transaction, so that nobody waits long behind it.
const RELEASED: u64 = 1_000;

/// Checks that everything that the relations of the entry lead to is there, and keeps it there until the transaction ends.
/// Answers every fault.
pub(super) async fn hold(
    transaction: &Transaction,
    types: &ContentTypes,
    content_type: &ContentType,
    entry: &Entry,
    base: Option<&Entry>,
) -> Result<Vec<FieldError>> {
    let mut faults = Vec::new();
    for field in &content_type.definition.fields {
        let Kind::Relation { to, .. } = &field.kind else { continue };
        let Some(value) = entry.fields.get(field.name.as_str()) else { continue };
        // What stands stays: it cannot go while this refers to it.
        if base.and_then(|base| base.fields.get(field.name.as_str())) == Some(value) {
            continue;
        }
        let ids = super::check::relation_ids(value);
        let found = existing(transaction, types, to, &ids).await?;
        for (index, id) in ids.iter().enumerate().filter(|(_, id)| !found.contains(id)) {
            let place = if field.kind.is_many() { format!("[{index}]") } else { String::new() };
            let message = format!("There is no {} `{id}`.", to.name());
            faults.push(FieldError::at(format!("fields.{}{place}", field.name), message));
        }
    }
    Ok(faults)
}

async fn existing(
    transaction: &Transaction,
    types: &ContentTypes,
    to: &Target,
    ids: &[Uuid],
) -> Result<Vec<Uuid>> {
    let kind = match to {
        Target::User => return Ok(links::lock_entries(transaction, "users", ids).await?),
        Target::Type(name) => {
            let Some(target) = types.by_name(name.as_str()) else { return Ok(Vec::new()) };
            return Ok(links::lock_entries(transaction, &target.table(), ids).await?);
        }
        Target::Post => PostKind::Post,
        Target::Page => PostKind::Page,
    };
    let found = links::lock_entries(transaction, "posts", ids).await?;
    Ok(posts::of_kind(transaction, kind, &found).await?)
}

/// Whether a relation keeps the thing with this id from being removed.
pub(crate) async fn is_held(transaction: &Transaction, id: Uuid) -> Result<bool> {
    let referrers = links::referrers(transaction, id, RELEASED + 1).await?;
    if referrers.is_empty() {
        return Ok(false);
    }
    let types = ContentTypes::new(storage::types::all(transaction).await?);
    let holds = |referrer: &links::Referrer| {
        types
            .by_number(referrer.type_number)
            .is_some_and(|found| rule(found, &referrer.key) == Some(OnDelete::Restrict))
    };
    Ok(referrers.len() as u64 > RELEASED || referrers.iter().any(holds))
}

/// To be called within the transaction that removes something, before it does: takes it out of the entries that refer to
/// it, each of which is changed thereby.
///
/// # Errors
/// `still_referenced` where a relation keeps it, or more entries refer to it than are changed at once.
pub(crate) async fn release(
    transaction: &Transaction,
    (table, id): (&str, Uuid),
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    links::lock_for_delete(transaction, table, id).await?;
    let referrers = links::referrers(transaction, id, RELEASED + 1).await?;
    if referrers.is_empty() {
        return Ok(Vec::new());
    }
    if referrers.len() as u64 > RELEASED {
        let detail = format!(
            "More than {RELEASED} entries refer to it; at most that many are changed at once. Take it out of some first."
        );
        return Err(ApiError::new(ErrorCode::StillReferenced, detail));
    }
    let types = hold_types(transaction, &referrers).await?;
    let mut facts = Vec::new();
    for ((number, id_of_entry), keys) in by_entry(referrers) {
        // What refers to itself goes with itself.
        if id_of_entry.0 == id {
            continue;
        }
        let Some(content_type) = types.by_number(number) else { continue };
        if keys.iter().any(|key| rule(content_type, key) == Some(OnDelete::Restrict)) {
            let detail = format!(
                "The {} `{id_of_entry}` refers to it and would not be complete without it.",
                content_type.name()
            );
            return Err(ApiError::new(ErrorCode::StillReferenced, detail));
        }
        let found = storage::entries::find(transaction, content_type, id_of_entry).await?;
        let Some(mut entry) = found else { continue };
        for key in &keys {
            take_out(&mut entry, key, id);
        }
        entry.fields = Entry::named(&content_type.definition, &content_type.layout, &entry.stored);
        let seen = entry.version;
        entry.version += 1;
        entry.updated_at = Timestamp::now();
        entry.updated_by = by.or(entry.updated_by);
        if !storage::entries::update(transaction, content_type, &entry, seen).await? {
            let detail = "An entry that refers to it was changed at the same moment. Try again.";
            return Err(ApiError::new(ErrorCode::EditConflict, detail));
        }
        let was_public = entry.is_public();
        facts
            .extend(entries::record_update(transaction, events, content_type, was_public, &entry, by).await?);
    }
    Ok(facts)
}

/// The types of these entries, kept as they are until the transaction ends: whoever changes one waits.
async fn hold_types(transaction: &Transaction, referrers: &[links::Referrer]) -> Result<ContentTypes> {
    let numbers: BTreeSet<i64> = referrers.iter().map(|referrer| referrer.type_number).collect();
    for number in numbers {
        storage::types::version_for_share(transaction, number).await?;
    }
    Ok(ContentTypes::new(storage::types::all(transaction).await?))
}

/// Each entry with the keys of the fields that refer.
fn by_entry(referrers: Vec<links::Referrer>) -> BTreeMap<(i64, EntryId), Vec<String>> {
    let mut entries: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for links::Referrer { type_number, entry, key } in referrers {
        entries.entry((type_number, entry)).or_default().push(key);
    }
    entries
}

/// What the field with this key says; none of a field that is gone.
fn rule(content_type: &ContentType, key: &str) -> Option<OnDelete> {
    let fields = &content_type.definition.fields;
    let field = fields.iter().find(|field| content_type.layout.key(field.name.as_str()) == Some(key))?;
    match &field.kind {
        Kind::Relation { on_delete, .. } => Some(*on_delete),
        _ => None,
    }
}

/// Removes the id from what is stored under the key.
fn take_out(entry: &mut Entry, key: &str, id: Uuid) {
    let id = id.hyphenated().to_string();
    let is_empty = match entry.stored.get_mut(key) {
        Some(serde_json::Value::Array(ids)) => {
            ids.retain(|other| other.as_str() != Some(id.as_str()));
            ids.is_empty()
        }
        Some(_) => true,
        None => false,
    };
    if is_empty {
        entry.stored.remove(key);
    }
}
