//! What happens inside the transaction of an entry: no hooks, no side effects, safe to run again.

use std::{borrow::Cow, sync::Arc};

use sea_orm::{ConnectionTrait, DbBackend};
use serde_json::{Map, Value, json};

use super::filtering::Settled;
use crate::{
    content::{
        ContentType, ContentTypes, Entry, TypeDefinition, references,
        storage::{self, entries as repo},
        types,
    },
    database::{Transaction, one_at_a_time},
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{
        CONTENT_CREATED, CONTENT_DELETED, CONTENT_PUBLISHED, CONTENT_UNPUBLISHED, CONTENT_UPDATED,
        ContentOutput, DomainEvent, EventRecorder, Fact, Origin,
    },
    ids::UserId,
    posts::Slug,
};

/// How often another slug is looked for where the last one is taken at the same moment.
const SLUGS_TRIED: u32 = 3;

/// An entry as it shall be, and what else is to be written with it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    content_type: Arc<ContentType>,
    entry: Entry,
    derived: repo::Derived,
    may_be_numbered: bool,
    /// Which version the change was made for; `None` for a new entry.
    base: Option<Entry>,
    /// Who does it.
    by: Option<UserId>,
}

impl Draft {
    pub(super) fn new(
        content_type: &Arc<ContentType>,
        settled: Settled,
        base: Option<Entry>,
        by: Option<UserId>,
    ) -> Result<Self> {
        let Settled { mut entry, may_be_numbered } = settled;
        entry.stored = stored(content_type, &entry, base.as_ref());
        let derived = repo::Derived::of(content_type, &entry)?;
        Ok(Self { content_type: Arc::clone(content_type), entry, derived, may_be_numbered, base, by })
    }

    /// What follows from the entry once its slug is settled; made before, unless the slug got a number.
    fn derived_of(&self, entry: &mut Entry) -> Result<Cow<'_, repo::Derived>> {
        let definition = &self.content_type.definition;
        if entry.slug(definition) == self.entry.slug(definition) {
            return Ok(Cow::Borrowed(&self.derived));
        }
        entry.stored = stored(&self.content_type, entry, self.base.as_ref());
        Ok(Cow::Owned(repo::Derived::of(&self.content_type, entry)?))
    }
}

/// What was written, and what was recorded of it.
#[derive(Default)]
pub(super) struct Written {
    pub(super) entries: Vec<Entry>,
    pub(super) facts: Vec<Fact>,
}

/// Creates the entry, with the slug that it gets. Nearly always nothing is in its way, so that is not asked before.
pub(super) async fn create(
    transaction: &Transaction,
    types: &ContentTypes,
    draft: &Draft,
    events: &EventRecorder,
    written: &mut Written,
) -> Result<()> {
    let content_type = &draft.content_type;
    // On SQLite nobody else writes, and what is written asks for the type by itself.
    if transaction.get_database_backend() != DbBackend::Sqlite {
        unchanged(transaction, content_type).await?;
    }
    let faults = references::hold(transaction, types, content_type, &draft.entry, None).await?;
    let is_written = faults.is_empty()
        && match repo::insert(transaction, content_type, &draft.entry, &draft.derived).await {
            Ok(is_written) => is_written,
            // The table goes with its type.
            Err(error) => {
                unchanged(transaction, content_type).await?;
                return Err(error.into());
            }
        };
    let entry =
        if is_written { draft.entry.clone() } else { create_otherwise(transaction, draft, faults).await? };
    if events.hears_of_content(CONTENT_CREATED, content_type.name()) {
        let (entry, origin) = (output(content_type, &entry), origin(&entry, draft.by));
        let created = DomainEvent::ContentCreated { entry, origin };
        written.facts.push(events.record(transaction, created).await?);
    }
    if entry.is_public() {
        written.facts.extend(record_turn(transaction, events, content_type, &entry, draft.by).await?);
    }
    written.entries.push(entry);
    Ok(())
}

/// Creates the entry with another slug where that helps, or says everything that is in its way.
async fn create_otherwise(
    transaction: &Transaction,
    draft: &Draft,
    mut faults: Vec<FieldError>,
) -> Result<Entry> {
    let content_type = &draft.content_type;
    unchanged(transaction, content_type).await?;
    // Between the look for a free slug and the entry, somebody may take that one, too.
    for _ in 0..SLUGS_TRIED {
        let mut entry = draft.entry.clone();
        settle_slug(transaction, draft, &mut entry).await?;
        faults.extend(repeated(transaction, content_type, &entry, None).await?);
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let derived = draft.derived_of(&mut entry)?;
        if repo::insert(transaction, content_type, &entry, &derived).await? {
            return Ok(entry);
        }
    }
    Err(ApiError::new(ErrorCode::EditConflict, "Somebody else has just made an entry like this. Try again."))
}

/// Changes the entry if it is still at the version the change was made for; `None` if it is not.
pub(super) async fn update(
    transaction: &Transaction,
    types: &ContentTypes,
    draft: &Draft,
    events: &EventRecorder,
) -> Result<Option<(Entry, Vec<Fact>)>> {
    let Some(base) = &draft.base else { return Ok(None) };
    let content_type = &draft.content_type;
    let mut entry = settle(transaction, types, draft).await?;
    let derived = draft.derived_of(&mut entry)?;
    if !repo::update(transaction, content_type, &entry, &derived, base.version).await? {
        return Ok(None);
    }
    let definition = &content_type.definition;
    if let (Some(before), Some(now)) = (base.slug(definition), entry.slug(definition))
        && before != now
    {
        repo::forget_slug(transaction, content_type.number, now).await?;
        if base.is_public() {
            repo::remember_slug(transaction, content_type.number, before, base.id).await?;
        }
    }
    let facts = record_update(transaction, events, content_type, base.is_public(), &entry, draft.by).await?;
    Ok(Some((entry, facts)))
}

/// Removes the entry for good, if it has not changed meanwhile.
pub(super) async fn delete(
    transaction: &Transaction,
    content_type: &ContentType,
    entry: &Entry,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    unchanged(transaction, content_type).await?;
    let table = content_type.table();
    let removed = references::Removed { table: &table, id: entry.id.0 };
    let mut facts = references::release(transaction, removed, by, events).await?;
    if !repo::delete(transaction, content_type, entry.id, entry.version).await? {
        return Err(ApiError::new(
            ErrorCode::EditConflict,
            "Somebody else is changing this entry. Read it again.",
        ));
    }
    let (id, origin) = (entry.id, origin(entry, by));
    let name = content_type.name();
    if entry.is_public() && events.hears_of_content(CONTENT_UNPUBLISHED, name) {
        let gone = DomainEvent::ContentUnpublished { content_type: name.to_owned(), id, origin };
        facts.push(events.record(transaction, gone).await?);
    }
    if events.hears_of_content(CONTENT_DELETED, name) {
        let gone = DomainEvent::ContentDeleted { content_type: name.to_owned(), id, origin };
        facts.push(events.record(transaction, gone).await?);
    }
    Ok(facts)
}

/// Records that the entry was changed and, where that is so, that readers see it now or do so no more.
pub(in crate::content) async fn record_update(
    transaction: &Transaction,
    events: &EventRecorder,
    content_type: &ContentType,
    was_public: bool,
    entry: &Entry,
    by: Option<UserId>,
) -> Result<Vec<Fact>> {
    let mut facts = Vec::new();
    if events.hears_of_content(CONTENT_UPDATED, content_type.name()) {
        let updated =
            DomainEvent::ContentUpdated { entry: output(content_type, entry), origin: origin(entry, by) };
        facts.push(events.record(transaction, updated).await?);
    }
    if was_public != entry.is_public() {
        facts.extend(record_turn(transaction, events, content_type, entry, by).await?);
    }
    Ok(facts)
}

/// Records that readers see the entry from now on, or no longer.
async fn record_turn(
    transaction: &Transaction,
    events: &EventRecorder,
    content_type: &ContentType,
    entry: &Entry,
    by: Option<UserId>,
) -> Result<Option<Fact>> {
    let name = if entry.is_public() { CONTENT_PUBLISHED } else { CONTENT_UNPUBLISHED };
    if !events.hears_of_content(name, content_type.name()) {
        return Ok(None);
    }
    let origin = origin(entry, by);
    let turn = if entry.is_public() {
        DomainEvent::ContentPublished { entry: output(content_type, entry), origin }
    } else {
        DomainEvent::ContentUnpublished { content_type: content_type.name().to_owned(), id: entry.id, origin }
    };
    Ok(Some(events.record(transaction, turn).await?))
}

/// The entry with its slug, after everything that the database alone can tell was checked.
async fn settle(transaction: &Transaction, types: &ContentTypes, draft: &Draft) -> Result<Entry> {
    let content_type = &draft.content_type;
    unchanged(transaction, content_type).await?;
    let mut entry = draft.entry.clone();
    settle_slug(transaction, draft, &mut entry).await?;
    let mut faults = repeated(transaction, content_type, &entry, draft.base.as_ref()).await?;
    faults.extend(references::hold(transaction, types, content_type, &entry, draft.base.as_ref()).await?);
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    Ok(entry)
}

/// Fails unless the type is still what the entry was checked against, and keeps it so until the transaction ends.
async fn unchanged(transaction: &Transaction, content_type: &ContentType) -> Result<()> {
    match storage::types::version_for_share(transaction, content_type.number).await? {
        Some((version, true)) if version == content_type.version => Ok(()),
        Some((_, true)) => Err(types::conflict()),
        Some((_, false)) | None => Err(ApiError::not_found("content type")),
    }
}

async fn settle_slug(transaction: &Transaction, draft: &Draft, entry: &mut Entry) -> Result<()> {
    let content_type = &draft.content_type;
    let definition = &content_type.definition;
    let Some(field) = definition.slug_field() else { return Ok(()) };
    let Some(wanted) = entry.slug(definition).map(str::to_owned) else { return Ok(()) };
    if draft.base.as_ref().and_then(|base| base.slug(definition)) == Some(wanted.as_str()) {
        return Ok(());
    }
    one_at_a_time(transaction, &format!("{} {wanted}", content_type.table())).await?;
    let id = entry.id;
    let taken = |slug: &str| {
        let value = Value::from(slug);
        async move { repo::taken(transaction, content_type, field, &value, id).await }
    };
    if !taken(&wanted).await? {
        return Ok(());
    }
    if !draft.may_be_numbered {
        let detail = format!("Another {} has the slug `{wanted}`.", content_type.name());
        let fault = FieldError::at(format!("fields.{}", field.name), detail.clone());
        return Err(ApiError::new(ErrorCode::SlugTaken, detail).about(vec![fault]));
    }
    let slug = Slug::free(&wanted, taken).await?;
    entry.fields.insert(field.name.to_string(), slug.into());
    Ok(())
}

/// Every field whose value another entry has, though it must not.
async fn repeated(
    transaction: &Transaction,
    content_type: &ContentType,
    entry: &Entry,
    base: Option<&Entry>,
) -> Result<Vec<FieldError>> {
    let mut faults = Vec::new();
    for field in content_type.definition.fields.iter().filter(|field| field.unique) {
        let name = field.name.as_str();
        let Some(value) = entry.fields.get(name) else { continue };
        if base.and_then(|base| base.fields.get(name)) == Some(value) {
            continue;
        }
        one_at_a_time(transaction, &format!("{} {name} {value}", content_type.table())).await?;
        if repo::taken(transaction, content_type, field, value, entry.id).await? {
            let message = format!("Another {} has this value; it must be unique.", content_type.name());
            faults.push(FieldError::at(format!("fields.{name}"), message));
        }
    }
    Ok(faults)
}

/// What is stored: the values of today's fields under their keys, beside those of fields that are gone.
fn stored(content_type: &ContentType, entry: &Entry, base: Option<&Entry>) -> Map<String, Value> {
    let mut stored = base.map(|base| base.stored.clone()).unwrap_or_default();
    for field in &content_type.definition.fields {
        let name = field.name.as_str();
        let Some(key) = content_type.layout.key(name) else { continue };
        match entry.fields.get(name) {
            Some(value) => drop(stored.insert(key.to_owned(), value.clone())),
            None => drop(stored.remove(key)),
        }
    }
    stored
}

fn origin(entry: &Entry, by: Option<UserId>) -> Origin {
    Origin { version: Some(entry.version), user: by }
}

fn output(content_type: &ContentType, entry: &Entry) -> ContentOutput {
    let data = to_json(&content_type.definition, entry);
    ContentOutput { content_type: content_type.name().to_owned(), id: entry.id, data }
}

/// The whole entry, with its private fields, as hooks, events and exports have it.
pub fn to_json(definition: &TypeDefinition, entry: &Entry) -> Value {
    json!({
        "id": entry.id,
        "type": definition.name,
        "status": entry.status,
        "fields": entry.fields,
        "url": entry.path(definition),
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "published_at": entry.published_at,
        "created_by": entry.created_by,
        "updated_by": entry.updated_by,
        "version": entry.version,
    })
}
