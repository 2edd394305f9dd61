//! Finding and listing entries, and what they refer to.

use std::{collections::HashMap, sync::Arc};

use uuid::Uuid;

use super::EntryService;
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    content::{
        ContentType, Entry, EntryStatus, check,
        definition::{Sort, SortKey, Target},
        model::{EntryCursor, EntryList, IndexValue, TypedEntry},
        storage::entries as repo,
    },
    error::Result,
    ids::{EntryId, PostId, UserId},
    posts::{Post, PostKind},
    users::dto::AuthorResponse,
};

/// What a path behind the prefix of a type leads to.
#[derive(Clone, Debug)]
pub enum ResolvedEntry {
    /// A published entry.
    Entry(Box<Entry>),
    /// It moved to this path.
    MovedTo(String),
}

/// Where the page of an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPath {
    /// Its place in the order of creation.
    pub seq: i64,
    /// With a leading slash, not encoded.
    pub path: String,
    /// When the entry was last changed.
    pub updated_at: Timestamp,
}

/// What a relation leads to.
#[derive(Clone, Debug)]
pub enum Related {
    /// An entry of a type.
    Entry(Box<TypedEntry>),
    /// A post or page.
    Post(Box<Post>),
    /// A user, as readers know them.
    User(AuthorResponse),
}

impl EntryService {
    /// The entry with this id or slug, if the actor may see it.
    pub async fn find(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        id_or_slug: &str,
    ) -> Result<Option<Entry>> {
        content_type.require_read(actor)?;
        let seen = |entry: &Entry| entry.is_public() || content_type.may_edit(actor, entry);
        if let Ok(id) = id_or_slug.parse::<EntryId>()
            && let Some(entry) = self.find_by_id(content_type, id).await?.filter(seen)
        {
            return Ok(Some(entry));
        }
        // A slug may read like an id. PostgreSQL takes no text with a NUL, and no slug holds one.
        if content_type.definition.slug_field().is_none() || id_or_slug.contains('\0') {
            return Ok(None);
        }
        let found = repo::find_by_slug(self.database.reader(), content_type, id_or_slug).await?;
        Ok(found.filter(seen))
    }

    pub(super) async fn find_by_id(&self, content_type: &ContentType, id: EntryId) -> Result<Option<Entry>> {
        Ok(repo::find(self.database.reader(), content_type, id).await?)
    }

    /// A page of a list, and where the next one begins. Drafts are shown to those who may edit them.
    pub async fn list(
        &self,
        actor: &Actor,
        content_type: &Arc<ContentType>,
        mut list: EntryList,
    ) -> Result<(Vec<Entry>, Option<EntryCursor>)> {
        content_type.require_read(actor)?;
        if list.status == EntryStatus::Draft {
            content_type.require_write(actor)?;
            if content_type.definition.authorship && !actor.may(Permission::EditOthers) {
                list.created_by = actor.user_id();
            }
        }
        let limit = list.limit;
        list.limit += 1;
        let mut entries = repo::list(self.database.reader(), content_type, &list).await?;
        let is_more = entries.len() as u64 > limit;
        entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let last = entries.last().filter(|_| is_more);
        let next =
            last.map(|entry| EntryCursor { value: place(content_type, &list.sort, entry), id: entry.id });
        Ok((entries, next))
    }

    /// Published entries by page, in the type's own order, and how many there are in all.
    pub async fn published(
        &self,
        content_type: &Arc<ContentType>,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Entry>, u64)> {
        let database = self.database.reader();
        let key = (content_type.number, self.database.changes().content());
        let count = match self.counts.get(&key).await {
            Some(count) => count,
            None => {
                let count = repo::count(database, content_type, Some(EntryStatus::Published)).await?;
                self.counts.insert(key, count).await;
                count
            }
        };
        if offset >= count {
            return Ok((Vec::new(), count));
        }
        Ok((repo::slice(database, content_type, offset, limit).await?, count))
    }

    /// Where the pages of published entries are, in the order of their creation, behind this place in it; zero is before
    /// all. Reads no more of an entry than that takes.
    pub async fn published_paths(
        &self,
        content_type: &Arc<ContentType>,
        after: i64,
        limit: u64,
    ) -> Result<Vec<PublishedPath>> {
        let Some(permalink) = &content_type.definition.permalink else { return Ok(Vec::new()) };
        let found = repo::published_paths(self.database.reader(), content_type, after, limit).await?;
        let path = |found: repo::PublishedPath| {
            let last = if permalink.by_slug { found.slug? } else { found.id.to_string() };
            let path = format!("{}/{last}", permalink.prefix);
            Some(PublishedPath { seq: found.seq, path, updated_at: found.updated_at })
        };
        Ok(found.into_iter().filter_map(path).collect())
    }

    /// What readers find behind the prefix of a type's pages: a published entry, or where it moved to.
    pub async fn resolve(
        &self,
        content_type: &Arc<ContentType>,
        rest: &str,
    ) -> Result<Option<ResolvedEntry>> {
        let definition = &content_type.definition;
        let Some(permalink) = &definition.permalink else { return Ok(None) };
        let database = self.database.reader();
        let found = if permalink.by_slug {
            if rest.contains('\0') {
                return Ok(None);
            }
            repo::find_by_slug(database, content_type, rest).await?
        } else {
            match rest.parse::<EntryId>() {
                Ok(id) if id.to_string() == rest => repo::find(database, content_type, id).await?,
                _ => None,
            }
        };
        if let Some(entry) = found.filter(Entry::is_public) {
            return Ok(Some(ResolvedEntry::Entry(Box::new(entry))));
        }
        if !permalink.by_slug {
            return Ok(None);
        }
        let Some(id) = repo::moved_slug(database, content_type.number, rest).await? else { return Ok(None) };
        let moved = repo::find(database, content_type, id).await?.filter(Entry::is_public);
        Ok(moved.and_then(|entry| entry.path(definition)).map(ResolvedEntry::MovedTo))
    }

    /// What these ids of a target stand for, as far as the actor may see it; one query for all.
    pub async fn related(&self, actor: &Actor, to: &Target, ids: &[Uuid]) -> Result<HashMap<Uuid, Related>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let kind = match to {
            Target::User => {
                let users: Vec<UserId> = ids.iter().copied().map(UserId).collect();
                let found = self.users.authors(&users).await?;
                return Ok(found.into_iter().map(|user| (user.id.0, Related::User(user))).collect());
            }
            Target::Type(name) => return self.related_entries(actor, name.as_str(), ids).await,
            Target::Post => PostKind::Post,
            Target::Page => PostKind::Page,
        };
        let posts: Vec<PostId> = ids.iter().copied().map(PostId).collect();
        let found = self.posts.find_many(actor, &posts).await?;
        let of_kind = found.into_iter().filter(|post| post.kind == kind);
        Ok(of_kind.map(|post| (post.id.0, Related::Post(Box::new(post)))).collect())
    }

    async fn related_entries(
        &self,
        actor: &Actor,
        name: &str,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Related>> {
        let types = self.types.types().await?;
        let served = types.by_name(name).filter(|content_type| content_type.enabled);
        let Some(content_type) = served.filter(|content_type| content_type.may_read(actor)) else {
            return Ok(HashMap::new());
        };
        let ids: Vec<EntryId> = ids.iter().copied().map(EntryId).collect();
        let found = repo::find_many(self.database.reader(), content_type, &ids).await?;
        let seen = found.into_iter().filter(|entry| entry.is_public() || content_type.may_edit(actor, entry));
        let typed = |entry: Entry| {
            let typed = TypedEntry { content_type: Arc::clone(content_type), entry };
            (typed.entry.id.0, Related::Entry(Box::new(typed)))
        };
        Ok(seen.map(typed).collect())
    }
}

/// The value by which a list in this order tells where an entry is.
fn place(content_type: &ContentType, sort: &Sort, entry: &Entry) -> IndexValue {
    let moment = |moment: Timestamp| {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of four-digit years fit a double")]
        IndexValue::Number(moment.millis() as f64)
    };
    match &sort.key {
        SortKey::CreatedAt => moment(entry.created_at),
        SortKey::UpdatedAt => moment(entry.updated_at),
        SortKey::PublishedAt => moment(entry.published_at.unwrap_or(entry.created_at)),
        SortKey::Field(name) => match content_type.definition.field(name.as_str()) {
            Some(field) => check::index_value(field, entry.fields.get(name.as_str())),
            None => IndexValue::Text(String::new()),
        },
    }
}
