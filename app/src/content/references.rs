//! What entries refer to, kept whole: nothing is referred to that is not there, however many write and remove at the same
//! moment.
//!
//! Whoever writes an entry holds what it refers to, and whoever removes something holds that alone, so that of the two one
//! sees what the other did.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::{
    ContentType, ContentTypes, Entry, Field,
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
            // Somebody may have removed it with its table.
            if storage::types::version_for_share(transaction, target.number).await?.is_none() {
                return Ok(Vec::new());
            }
            return Ok(links::lock_entries(transaction, &target.table(), ids).await?);
        }
        Target::Post => PostKind::Post,
        Target::Page => PostKind::Page,
    };
    let found = links::lock_entries(transaction, "posts", ids).await?;
    Ok(posts::of_kind(transaction, kind, &found).await?)
}

/// The keys of the fields that refer to something, by the number of the type and the entry.
type Referring = BTreeMap<(i64, EntryId), Vec<String>>;

/// Something that is to be removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removed<'r> {
    /// Its table.
    pub(crate) table: &'r str,
    /// Its id. Things of other tables may have the same one.
    pub(crate) id: Uuid,
}

/// Whether a relation keeps it from being removed.
pub(crate) async fn is_held(transaction: &Transaction, removed: Removed<'_>) -> Result<bool> {
    let referrers = links::referrers(transaction, removed.id, RELEASED + 1).await?;
    if referrers.is_empty() {
        return Ok(false);
    }
    let types = ContentTypes::new(storage::types::all(transaction).await?);
    let referring = referring(&types, referrers, removed);
    let holds = |((number, _), keys): (&(i64, EntryId), &Vec<String>)| {
        let found = types.by_number(*number);
        found.is_some_and(|found| keys.iter().any(|key| rule(found, key) == Some(OnDelete::Restrict)))
    };
    Ok(referring.len() as u64 > RELEASED || referring.iter().any(holds))
}

/// To be called within the transaction that removes something, before it does: takes it out of the entries that refer to
/// it, each of which is changed thereby.
///
/// # Errors
/// `still_referenced` where a relation keeps it, or more entries refer to it than are changed at once.
pub(crate) async fn release(
    transaction: &Transaction,
    removed: Removed<'_>,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    links::lock_for_delete(transaction, removed.table, removed.id).await?;
    let referrers = links::referrers(transaction, removed.id, RELEASED + 1).await?;
    if referrers.is_empty() {
        return Ok(Vec::new());
    }
    let is_complete = referrers.len() as u64 <= RELEASED;
    let types = hold_types(transaction, &referrers).await?;
    let referring = hold_entries(transaction, &types, referring(&types, referrers, removed), removed).await?;
    if !is_complete && !referring.is_empty() {
        let detail = format!(
            "More than {RELEASED} entries refer to it; at most that many are changed at once. Take it out of some first."
        );
        return Err(ApiError::new(ErrorCode::StillReferenced, detail));
    }
    let mut facts = Vec::new();
    for ((number, id), keys) in referring {
        let Some(content_type) = types.by_number(number) else { continue };
        // What refers to itself goes with itself.
        if id.0 == removed.id && content_type.table() == removed.table {
            continue;
        }
        let found = storage::entries::find(transaction, content_type, id).await?;
        let Some(mut entry) = found else { continue };
        let restricts = keys.iter().any(|key| rule(content_type, key) == Some(OnDelete::Restrict));
        if restricts || keys.iter().any(|key| falls_short(content_type, &entry, key)) {
            let detail = format!(
                "The {} `{id}` refers to it and would not be complete without it.",
                content_type.name()
            );
            return Err(ApiError::new(ErrorCode::StillReferenced, detail));
        }
        for key in &keys {
            take_out(&mut entry, key, removed.id);
        }
        entry.fields = Entry::named(&content_type.definition, &content_type.layout, &entry.stored);
        let seen = entry.version;
        entry.version += 1;
        entry.updated_at = Timestamp::now();
        entry.updated_by = by.or(entry.updated_by);
        let derived = storage::entries::Derived::of(content_type, &entry)?;
        if !storage::entries::update(transaction, content_type, &entry, &derived, seen).await? {
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

/// Waits until nobody edits these entries, and answers which of them still refer to what is removed.
async fn hold_entries(
    transaction: &Transaction,
    types: &ContentTypes,
    referring: Referring,
    removed: Removed<'_>,
) -> Result<Referring> {
    if referring.is_empty() || transaction.get_database_backend() == DbBackend::Sqlite {
        return Ok(referring);
    }
    for content_type in types.all() {
        let of_type = referring.keys().filter(|(number, _)| *number == content_type.number);
        let ids: Vec<Uuid> = of_type.map(|(_, id)| id.0).collect();
        links::lock_entries_for_update(transaction, &content_type.table(), &ids).await?;
    }
    let referrers = links::referrers(transaction, removed.id, RELEASED + 1).await?;
    Ok(self::referring(types, referrers, removed))
}

/// Each entry with the keys of the fields that refer to what is removed, and not to something else with its id.
fn referring(types: &ContentTypes, referrers: Vec<links::Referrer>, removed: Removed<'_>) -> Referring {
    let mut entries = Referring::new();
    for links::Referrer { type_number, entry, key } in referrers {
        let field = types.by_number(type_number).and_then(|found| field(found, &key));
        let leads_there = match field.map(|field| &field.kind) {
            Some(Kind::Relation { to, .. }) => is_in(types, to, removed.table),
            _ => false,
        };
        if leads_there {
            entries.entry((type_number, entry)).or_default().push(key);
        }
    }
    entries
}

/// Whether what a relation leads to is in this table.
fn is_in(types: &ContentTypes, to: &Target, table: &str) -> bool {
    match to {
        Target::User => table == "users",
        Target::Post | Target::Page => table == "posts",
        Target::Type(name) => types.by_name(name.as_str()).is_some_and(|found| found.table() == table),
    }
}

/// Whether a list would have fewer values than it must.
fn falls_short(content_type: &ContentType, entry: &Entry, key: &str) -> bool {
    let least = match field(content_type, key).map(|field| &field.kind) {
        Some(Kind::Relation { many: Some(bounds), .. }) => bounds.min.unwrap_or_default(),
        _ => return false,
    };
    let count = entry.stored.get(key).and_then(serde_json::Value::as_array).map_or(0, Vec::len);
    // A list without values is no value, which is for `required` to say.
    count > 1 && (count as u64) <= least
}

/// The field with this key; none of one that is gone.
fn field<'t>(content_type: &'t ContentType, key: &str) -> Option<&'t Field> {
    let fields = &content_type.definition.fields;
    fields.iter().find(|field| content_type.layout.key(field.name.as_str()) == Some(key))
}

/// What the field with this key says of removals.
fn rule(content_type: &ContentType, key: &str) -> Option<OnDelete> {
    match &field(content_type, key)?.kind {
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
