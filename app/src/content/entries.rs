//! The use cases of entries. HTTP, importers and everybody else come through here: parse, authorise, filter hooks, check
//! and authorise again, one transaction.

mod filtering;
mod put;
mod reading;
mod write;

use std::sync::Arc;

use fleuron_plugin_host::{PluginHost, hook};
use moka::future::Cache;

use self::{
    filtering::Wish,
    write::{Draft, Written},
};
use super::{
    ContentType, Entry, EntryPatch, EntryStatus, Fields, NewEntry, TypeService, check,
    definition::{Kind, TypeDefinition},
};
use crate::{
    auth::Actor,
    clock::Timestamp,
    database::Database,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{EventRecorder, Fact},
    http::IfMatch,
    ids::EntryId,
    posts::{PostService, Slug},
    users::UserService,
};

pub use put::PutOutcome;
pub use reading::{PublishedPath, Related, ResolvedEntry};
pub(super) use write::record_update;
pub use write::to_json;

/// How many counts of lists are kept at hand.
const COUNTS_KEPT: u64 = 1_000;
/// How often a change is tried when somebody else changes the entry, or its type, at the same moment.
const TRIES: u32 = 2;
/// The most entries that are created at once.
pub const AT_ONCE: usize = 500;

/// Entries of content types. Cheap to clone.
#[derive(Clone)]
pub struct EntryService {
    database: Database,
    types: TypeService,
    posts: PostService,
    users: UserService,
    hooks: PluginHost,
    events: EventRecorder,
    /// By the number of the type and the generation of content.
    counts: Cache<(i64, u64), u64>,
}

impl EntryService {
    /// Puts the service together.
    pub fn new(
        database: Database,
        types: TypeService,
        posts: PostService,
        users: UserService,
        hooks: PluginHost,
        events: EventRecorder,
    ) -> Self {
        Self { database, types, posts, users, hooks, events, counts: Cache::new(COUNTS_KEPT) }
    }

    /// Creates an entry. Filters of `on-content-creating` may change it, refuse it, or hold it: then it becomes a draft,
    /// where the type has drafts. What they answer is checked and authorised like the actor's own input. A slug that is
    /// made from another field gets a number where it is taken.
    pub async fn create(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        new: NewEntry,
    ) -> Result<Entry> {
        match self.create_once(actor, content_type, new.clone()).await {
            Err(error) => match self.successor(content_type, &error).await? {
                Some(current) => self.create_once(actor, &current, new).await,
                None => Err(error),
            },
            created => created,
        }
    }

    async fn create_once(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        new: NewEntry,
    ) -> Result<Entry> {
        let draft = self.draft_of(actor, content_type, new).await?;
        let mut created = self.write_all(vec![draft], false).await?;
        created.pop().ok_or_else(|| ApiError::internal("an entry was written to nothing"))
    }

    /// The type as it stands now, where something failed since the type was changed at the same moment: what was asked
    /// for is then asked of that, once.
    async fn successor(&self, known: &ContentType, error: &ApiError) -> Result<Option<Arc<ContentType>>> {
        if error.code() != ErrorCode::EditConflict {
            return Ok(None);
        }
        let current = self.types.current(known.name()).await?;
        let is_another = current.enabled && current.version != known.version;
        Ok(is_another.then(|| Arc::new(current)))
    }

    /// Creates several entries, all or none of them. Faults name the entry as `items[3].fields.title`.
    pub async fn create_many(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        new: Vec<NewEntry>,
    ) -> Result<Vec<Entry>> {
        if new.is_empty() || new.len() > AT_ONCE {
            let message = format!("Must be 1 to {AT_ONCE} entries; these are {}.", new.len());
            return Err(ApiError::validation(vec![FieldError::at("items", message)]));
        }
        let (mut drafts, mut faults) = (Vec::with_capacity(new.len()), Vec::new());
        for (index, new) in new.into_iter().enumerate() {
            if faults.len() >= check::FAULTS {
                break;
            }
            match self.draft_of(actor, content_type, new).await {
                Ok(draft) => drafts.push(draft),
                Err(error) => faults.extend(of_item(index, error)?),
            }
        }
        if !faults.is_empty() {
            return Err(ApiError::validation(check::first_of("items", faults)));
        }
        self.write_all(drafts, true).await
    }

    /// Changes an entry. Filters of `on-content-updating` get it whole, as it would be, and may change, refuse or hold
    /// that.
    ///
    /// When somebody else changes the entry at the same moment the change is made again on what stands then, once; after
    /// that it fails with `edit_conflict`, or with `version_mismatch` if the client named a version.
    pub async fn update(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        id: EntryId,
        seen: IfMatch,
        patch: EntryPatch,
    ) -> Result<Entry> {
        match self.update_once(actor, content_type, id, seen, patch.clone()).await {
            Err(error) => match self.successor(content_type, &error).await? {
                Some(current) => self.update_once(actor, &current, id, seen, patch).await,
                None => Err(error),
            },
            updated => updated,
        }
    }

    async fn update_once(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        id: EntryId,
        seen: IfMatch,
        patch: EntryPatch,
    ) -> Result<Entry> {
        for _ in 0..TRIES {
            let base = self.editable(actor, content_type, id).await?;
            seen.check(base.version)?;
            let mut fields = base.fields.clone();
            fields.extend(patch.fields.clone());
            let wanted = NewEntry { status: patch.status, ..NewEntry::default() };
            let draft = self.change(actor, content_type, base, fields, &wanted).await?;
            if let Some(entry) = self.write_change(draft).await? {
                return Ok(entry);
            }
        }
        Err(ApiError::new(ErrorCode::EditConflict, "Somebody else is changing this entry. Read it again."))
    }

    /// Removes an entry for good. What refers to it loses that relation, unless it needs it: then this fails with
    /// `still_referenced`.
    pub async fn delete(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        id: EntryId,
        seen: IfMatch,
    ) -> Result<()> {
        let entry = self.editable(actor, content_type, id).await?;
        may_have(actor, content_type, entry.status)?;
        seen.check(entry.version)?;
        let events = self.events.clone();
        let input = (Arc::clone(content_type), entry, actor.user_id());
        let facts = self
            .database
            .write(input, move |transaction, (content_type, entry, by)| {
                let events = events.clone();
                Box::pin(async move { write::delete(transaction, content_type, entry, *by, &events).await })
            })
            .await?;
        self.changed(facts);
        Ok(())
    }

    /// The types of the entries.
    pub(super) fn content_types(&self) -> &TypeService {
        &self.types
    }

    async fn editable(&self, actor: &Actor, content_type: &ContentType, id: EntryId) -> Result<Entry> {
        content_type.require_write(actor)?;
        let found = self.find_by_id(content_type, id).await?;
        let seen = found.filter(|entry| entry.is_public() || content_type.may_edit(actor, entry));
        let entry = seen.ok_or_else(|| ApiError::not_found(content_type.name()))?;
        if !content_type.may_edit(actor, &entry) {
            return Err(ApiError::new(ErrorCode::Forbidden, "This entry is somebody else's."));
        }
        may_have(actor, content_type, entry.status)?;
        Ok(entry)
    }

    /// The entry as it shall be created, after the filters.
    async fn draft_of(&self, actor: &Actor, content_type: &Arc<ContentType>, new: NewEntry) -> Result<Draft> {
        content_type.require_write(actor)?;
        let definition = &content_type.definition;
        let mut fields = new.fields;
        check::with_defaults(definition, &mut fields);
        let now = Timestamp::now();
        let created_at = new.created_at.unwrap_or(now);
        let entry = Entry {
            id: new.id.unwrap_or_else(EntryId::generate),
            status: initial(definition, new.status),
            fields,
            stored: serde_json::Map::new(),
            created_by: new.created_by.or_else(|| actor.user_id()),
            updated_by: new.created_by.or_else(|| actor.user_id()),
            created_at,
            updated_at: new.updated_at.unwrap_or(created_at),
            published_at: new.published_at,
            version: 1,
        };
        let wish = Wish { actor, content_type, base: None };
        let settled = wish.settle::<hook::OnContentCreating>(&self.hooks, entry).await?;
        Draft::new(content_type, settled, None, actor.user_id())
    }

    /// The entry as it would be with these fields, after the filters. Of `wanted`, status, author and moments count.
    async fn change(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        base: Entry,
        fields: Fields,
        wanted: &NewEntry,
    ) -> Result<Draft> {
        let entry = Entry {
            status: wanted.status.unwrap_or(base.status),
            fields,
            created_by: wanted.created_by.or(base.created_by),
            created_at: wanted.created_at.unwrap_or(base.created_at),
            published_at: wanted.published_at.or(base.published_at),
            updated_by: actor.user_id().or(base.updated_by),
            updated_at: wanted.updated_at.unwrap_or_else(Timestamp::now),
            version: base.version + 1,
            ..base.clone()
        };
        let wish = Wish { actor, content_type, base: Some(&base) };
        let settled = wish.settle::<hook::OnContentUpdating>(&self.hooks, entry).await?;
        Draft::new(content_type, settled, Some(base), actor.user_id())
    }

    /// Writes new entries in one transaction.
    async fn write_all(&self, drafts: Vec<Draft>, are_items: bool) -> Result<Vec<Entry>> {
        let (events, types) = (self.events.clone(), self.types.types().await?);
        let Written { entries, facts } = self
            .database
            .write((drafts, types), move |transaction, (drafts, types)| {
                let events = events.clone();
                Box::pin(async move {
                    let mut written = Written::default();
                    for (index, draft) in drafts.iter().enumerate() {
                        let outcome = write::create(transaction, types, draft, &events, &mut written).await;
                        match outcome {
                            Err(error) if are_items => {
                                return Err(ApiError::validation(of_item(index, error)?));
                            }
                            outcome => outcome?,
                        }
                    }
                    Ok(written)
                })
            })
            .await?;
        self.changed(facts);
        Ok(entries)
    }

    /// Writes a change; none if the entry has changed meanwhile.
    async fn write_change(&self, draft: Draft) -> Result<Option<Entry>> {
        let (events, types) = (self.events.clone(), self.types.types().await?);
        let written = self
            .database
            .write((draft, types), move |transaction, (draft, types)| {
                let events = events.clone();
                Box::pin(async move { write::update(transaction, types, draft, &events).await })
            })
            .await?;
        let Some((entry, facts)) = written else { return Ok(None) };
        self.changed(facts);
        Ok(Some(entry))
    }

    /// After a commit: lists and counts are stale, and what was recorded may be delivered.
    fn changed(&self, facts: Vec<Fact>) {
        self.database.changes().touch_content();
        self.events.committed(facts);
    }
}

/// The status of a new entry. Types without drafts have published entries alone, which the check sees to.
fn initial(definition: &TypeDefinition, asked: Option<EntryStatus>) -> EntryStatus {
    asked.unwrap_or(if definition.drafts { EntryStatus::Draft } else { EntryStatus::Published })
}

/// Fails unless the actor may have an entry of this status as theirs to change.
fn may_have(actor: &Actor, content_type: &ContentType, status: EntryStatus) -> Result<()> {
    if status == EntryStatus::Draft || content_type.may_publish(actor) {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::Forbidden, "This needs the permission to publish posts."))
}

/// What is wrong with one of several entries, as faults of the whole request. What is no fault of an entry stays an error.
fn of_item(index: usize, error: ApiError) -> Result<Vec<FieldError>> {
    let place = format!("items[{index}]");
    match error.code() {
        ErrorCode::ValidationFailed | ErrorCode::SlugTaken => {
            Ok(error.fields().iter().map(|fault| fault.within(&place)).collect())
        }
        _ => {
            let detail = format!("{place}: {}", error.detail());
            Err(error.with_detail(detail))
        }
    }
}

/// Makes the slug of an entry from the field that it is to be made from, where it has none. Answers whether it did.
fn derive_slug(definition: &TypeDefinition, fields: &mut Fields, is_public: bool) -> bool {
    let Some(field) = definition.slug_field() else { return false };
    let name = field.name.as_str();
    if fields.get(name).is_some_and(|value| !value.is_null()) {
        return false;
    }
    let from = match &field.kind {
        Kind::Slug { from } => from.as_ref().and_then(|from| fields.get(from.as_str())),
        _ => None,
    };
    let text = from.and_then(serde_json::Value::as_str).unwrap_or_default();
    // A draft has time until it says what it is about.
    if text.trim().is_empty() && !is_public {
        return false;
    }
    let slug = Slug::derive_below(text, definition.name.as_str());
    fields.insert(name.to_owned(), slug.as_str().into());
    true
}
