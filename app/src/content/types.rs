//! The content types of this site: which there are, how they come and go. How one is changed is in [`super::change`].

mod overview;
mod rules;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use arc_swap::ArcSwapOption;
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    ContentType, TypeDefinition,
    files::FileTypes,
    layout::Layout,
    model::Owner,
    storage::{self, entries, tables, types::Head},
};
use crate::{
    audit,
    auth::{Actor, Permission},
    clock::Timestamp,
    database::{Database, Transaction, one_at_a_time},
    error::{ApiError, ErrorCode, FieldError, Result},
};

pub use super::files::FileState;
pub use overview::{TypeOverview, TypeState};
pub(super) use rules::surroundings;

/// What changes to the set of types wait for each other by.
pub(super) const TYPES: &str = "content types";

/// All content types at one moment.
#[derive(Debug, Default)]
pub struct ContentTypes {
    by_name: BTreeMap<String, Arc<ContentType>>,
}

impl ContentTypes {
    /// A set of these.
    pub(crate) fn new(types: Vec<ContentType>) -> Self {
        let named = |content_type: ContentType| (content_type.name().to_owned(), Arc::new(content_type));
        Self { by_name: types.into_iter().map(named).collect() }
    }

    /// The set as it is now: what has not changed is not read again. Another process that writes anything makes
    /// everybody ask.
    pub(crate) async fn refreshed(
        self: &Arc<Self>,
        database: &impl ConnectionTrait,
    ) -> Result<Arc<Self>, DbErr> {
        let heads = storage::types::heads(database).await?;
        let stands = |head: &Head| self.by_number(head.number).filter(|known| Head::of(known) == *head);
        let stale: Vec<i64> =
            heads.iter().filter(|head| stands(head).is_none()).map(|head| head.number).collect();
        if stale.is_empty() && heads.len() == self.by_name.len() {
            return Ok(Arc::clone(self));
        }
        let kept = heads.iter().filter_map(stands).map(Arc::clone);
        let read = storage::types::some(database, &stale).await?.into_iter().map(Arc::new);
        let named = |content_type: Arc<ContentType>| (content_type.name().to_owned(), content_type);
        Ok(Arc::new(Self { by_name: kept.chain(read).map(named).collect() }))
    }

    /// All, in the order of their names; also those that are not served.
    pub fn all(&self) -> impl Iterator<Item = &Arc<ContentType>> {
        self.by_name.values()
    }

    /// Those that are served.
    pub fn served(&self) -> impl Iterator<Item = &Arc<ContentType>> {
        self.all().filter(|content_type| content_type.enabled)
    }

    /// The type of this name, served or not.
    pub fn by_name(&self, name: &str) -> Option<&Arc<ContentType>> {
        self.by_name.get(name)
    }

    /// The type whose table has this number.
    pub fn by_number(&self, number: i64) -> Option<&Arc<ContentType>> {
        self.all().find(|content_type| content_type.number == number)
    }

    /// Where pages of a served type are that were at this path (decoded) before its permalink was changed.
    pub fn moved(&self, path: &str) -> Option<String> {
        self.served().find_map(|content_type| {
            let prefix = &content_type.definition.permalink.as_ref()?.prefix;
            let beneath = |former: &String| {
                let rest = path.strip_prefix(former.as_str())?;
                (rest.is_empty() || rest.starts_with('/')).then(|| format!("{prefix}{rest}"))
            };
            content_type.layout.former.iter().rev().find_map(beneath)
        })
    }

    /// The served type whose pages are at this path (decoded, with a leading slash), and what follows its prefix: nothing
    /// for the archive.
    pub fn by_path<'a>(&self, path: &'a str) -> Option<(&Arc<ContentType>, &'a str)> {
        self.served().find_map(|content_type| {
            let permalink = content_type.definition.permalink.as_ref()?;
            let rest = path.strip_prefix(permalink.prefix.as_str())?;
            let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
            Some((content_type, rest))
        })
    }
}

/// Content types. Cheap to clone.
#[derive(Clone)]
pub struct TypeService {
    pub(super) database: Database,
    pub(super) files: Arc<FileTypes>,
    /// Held by whoever changes a type in this process.
    pub(super) changing: Arc<Mutex<()>>,
    snapshot: Arc<ArcSwapOption<(u64, Arc<ContentTypes>)>>,
    /// Held by whoever reads them anew.
    reading: Arc<Mutex<()>>,
}

impl TypeService {
    /// Types in this database, and in the folder `content-types` of `extensions`, whose files are read now and applied by
    /// [`Self::follow_files`].
    pub fn new(database: Database, extensions: PathBuf) -> Self {
        let files = Arc::new(FileTypes::read(extensions.join("content-types")));
        Self { database, files, changing: Arc::default(), snapshot: Arc::default(), reading: Arc::default() }
    }

    /// All types as they stand.
    pub async fn types(&self) -> Result<Arc<ContentTypes>> {
        let generation = self.database.changes().names();
        if let Some(snapshot) = self.snapshot.load().as_deref()
            && snapshot.0 == generation
        {
            return Ok(Arc::clone(&snapshot.1));
        }
        let _alone = self.reading.lock().await;
        let known = match self.snapshot.load_full().as_deref() {
            // Somebody else has read them meanwhile.
            Some((known, types)) if *known == generation => return Ok(Arc::clone(types)),
            Some((_, types)) => Arc::clone(types),
            None => Arc::default(),
        };
        let types = known.refreshed(self.database.reader()).await?;
        self.snapshot.store(Some(Arc::new((generation, Arc::clone(&types)))));
        Ok(types)
    }

    /// The type of this name, if it is served. Fails with `not_found`.
    pub async fn served(&self, name: &str) -> Result<Arc<ContentType>> {
        let types = self.types().await?;
        let served = types.by_name(name).filter(|content_type| content_type.enabled);
        served.cloned().ok_or_else(|| ApiError::not_found("content type"))
    }

    /// The type of this name as the database has it now, served or not.
    pub(super) async fn current(&self, name: &str) -> Result<ContentType> {
        let found = storage::types::find(self.database.reader(), name).await?;
        found.ok_or_else(|| ApiError::not_found("content type"))
    }

    /// What the file of a type says.
    pub(super) fn file_definition(&self, name: &str) -> Result<TypeDefinition> {
        let Some(file) = self.files.state(name) else {
            let detail = "There is no file for this content type.";
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        };
        file.definition.ok_or_else(|| {
            let detail =
                format!("The file of this content type is not right: {}", FieldError::line(&file.faults));
            ApiError::new(ErrorCode::NotPossible, detail)
        })
    }

    /// Makes a type through the API. Fails with `content_type_taken`, and where it contradicts the other types.
    pub async fn create(&self, actor: &Actor, definition: TypeDefinition) -> Result<Arc<ContentType>> {
        actor.require(Permission::ManageContentTypes)?;
        if self.files.state(definition.name.as_str()).is_some() {
            let detail = format!(
                "There is a file for a content type `{}`; enable that one, or choose another name.",
                definition.name
            );
            return Err(ApiError::new(ErrorCode::ContentTypeTaken, detail));
        }
        self.make(actor, definition, Owner::Api).await
    }

    pub(super) async fn make(
        &self,
        actor: &Actor,
        definition: TypeDefinition,
        owner: Owner,
    ) -> Result<Arc<ContentType>> {
        let made = self
            .database
            .write((actor.clone(), definition, owner), |transaction, (actor, definition, owner)| {
                Box::pin(make(transaction, actor, definition, *owner))
            })
            .await?;
        self.changed();
        Ok(Arc::new(made))
    }

    /// Serves a type, or no longer. A file's type that was never made is made.
    pub async fn set_enabled(&self, actor: &Actor, name: &str, enabled: bool) -> Result<Arc<ContentType>> {
        actor.require(Permission::ManageContentTypes)?;
        let found = storage::types::find(self.database.reader(), name).await?;
        if found.is_none() && self.files.state(name).is_some() {
            if enabled {
                return self.make(actor, self.file_definition(name)?, Owner::File).await;
            }
            let detail = "This content type was never enabled.";
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        }
        let changed = self
            .database
            .write((actor.clone(), name.to_owned(), enabled), |transaction, (actor, name, enabled)| {
                Box::pin(switch(transaction, actor, name, *enabled))
            })
            .await?;
        self.changed();
        Ok(Arc::new(changed))
    }

    /// Removes a type for good. One that has entries goes only together with them, which must be wished; the events of its
    /// entries are not told. A file's type goes only when its file no longer asks for it.
    pub async fn remove(&self, actor: &Actor, name: &str, with_entries: bool) -> Result<()> {
        actor.require(Permission::ManageContentTypes)?;
        let _changing = self.changing.lock().await;
        if self.files.state(name).is_some_and(|file| file.enabled) {
            let detail = "The file of this content type would bring it back: remove the file, or say `enabled = false` \
                          in it.";
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        }
        self.database
            .write(
                (actor.clone(), name.to_owned(), with_entries),
                |transaction, (actor, name, with_entries)| {
                    Box::pin(remove(transaction, actor, name, *with_entries))
                },
            )
            .await?;
        self.changed();
        Ok(())
    }

    /// Makes the indexes what the definitions ask for, of types that have not changed since `before`: a change that died
    /// may have left some, or left some out. Where somebody changes a type here, it is left for another time. What fails
    /// is told to the log.
    pub async fn tidy_indexes(&self, before: Timestamp) -> Result<()> {
        let Ok(_changing) = self.changing.try_lock() else { return Ok(()) };
        for found in self.types().await?.all().filter(|found| found.updated_at < before) {
            // Somebody elsewhere may have begun to change it.
            let Ok(found) = self.current(found.name()).await else { continue };
            if found.updated_at >= before {
                continue;
            }
            if let Err(error) = self.tidy(&found).await {
                tracing::warn!(content_type = found.name(), %error, "its indexes could not be looked over");
            }
        }
        Ok(())
    }

    async fn tidy(&self, content_type: &ContentType) -> Result<()> {
        storage::indexes::build(&self.database, content_type).await?;
        storage::indexes::drop_unwanted(&self.database, content_type).await
    }

    /// After a commit: what is cached of types, and of pages that are made of them, is stale.
    pub(super) fn changed(&self) {
        self.database.changes().touch_names();
        self.database.changes().touch_content();
    }
}

async fn make(
    transaction: &Transaction,
    actor: &Actor,
    definition: &TypeDefinition,
    owner: Owner,
) -> Result<ContentType> {
    one_at_a_time(transaction, TYPES).await?;
    let name = definition.name.as_str();
    let others = ContentTypes::new(storage::types::all(transaction).await?);
    if storage::types::find(transaction, name).await?.is_some() {
        let detail = format!("There is a content type `{name}` already.");
        return Err(ApiError::new(ErrorCode::ContentTypeTaken, detail));
    }
    let faults = surroundings(&others, definition);
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    let mut layout = Layout::default();
    for field in &definition.fields {
        let key = layout.fresh();
        layout.keys.insert(field.name.to_string(), key);
    }
    let now = Timestamp::now();
    let mut made = ContentType {
        number: 0,
        version: 1,
        owner,
        enabled: true,
        definition: definition.clone(),
        layout,
        created_at: now,
        updated_at: now,
    };
    made.number = storage::types::insert(transaction, &made).await?;
    tables::create(transaction, &made).await?;
    audit::record(transaction, actor, "content_type.created", name, &json!({ "owner": owner })).await?;
    Ok(made)
}

async fn switch(transaction: &Transaction, actor: &Actor, name: &str, enabled: bool) -> Result<ContentType> {
    one_at_a_time(transaction, TYPES).await?;
    let found = storage::types::find(transaction, name).await?;
    let found = found.ok_or_else(|| ApiError::not_found("content type"))?;
    // Somebody may be changing it.
    storage::types::lock(transaction, found.number).await?;
    let found = storage::types::find(transaction, name).await?;
    let mut content_type = found.ok_or_else(|| ApiError::not_found("content type"))?;
    if content_type.enabled == enabled {
        return Ok(content_type);
    }
    content_type.enabled = enabled;
    content_type.updated_at = Timestamp::now();
    let seen = content_type.version;
    if !storage::types::update(transaction, &content_type, seen).await? {
        return Err(conflict());
    }
    let action = if enabled { "content_type.enabled" } else { "content_type.disabled" };
    audit::record(transaction, actor, action, name, &json!({})).await?;
    Ok(content_type)
}

async fn remove(transaction: &Transaction, actor: &Actor, name: &str, with_entries: bool) -> Result<()> {
    one_at_a_time(transaction, TYPES).await?;
    let types = ContentTypes::new(storage::types::all(transaction).await?);
    let found = storage::types::find(transaction, name).await?;
    let content_type = found.ok_or_else(|| ApiError::not_found("content type"))?;
    storage::types::lock(transaction, content_type.number).await?;
    let holders: Vec<&str> = rules::holders(&types, name);
    if !holders.is_empty() {
        let detail =
            format!("Relations of `{}` lead to this content type; remove them first.", holders.join("`, `"));
        return Err(ApiError::new(ErrorCode::StillReferenced, detail));
    }
    let entries = entries::count(transaction, &content_type, None).await?;
    if entries > 0 && !with_entries {
        let detail = format!(
            "This content type has {entries} entries. To remove them, too, ask with `entries=delete`."
        );
        return Err(ApiError::new(ErrorCode::NotPossible, detail));
    }
    tables::drop(transaction, content_type.number).await?;
    storage::types::delete(transaction, content_type.number).await?;
    audit::record(transaction, actor, "content_type.removed", name, &json!({ "entries": entries })).await?;
    Ok(())
}

pub(super) fn conflict() -> ApiError {
    ApiError::new(ErrorCode::EditConflict, "Somebody else is changing this content type. Read it again.")
}

#[cfg(test)]
mod tests;
