//! What happens inside the transaction of a post: no hooks, no side effects, safe to run again.

use super::{Post, PostKind, PostStatus, Slug, model::WantedSlug, repo};
use crate::{
    clock::Timestamp,
    content::references::{self, Removed},
    database::{Transaction, one_at_a_time},
    entities::posts,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{DomainEvent, EventRecorder, Fact, Origin},
    ids::{PostId, UserId},
};

/// How often a scheduled post is looked at when somebody else changes it at the moment at which it is due. After that it
/// is still due, and looked at in the next round.
const TRIES: u32 = 3;

/// A post as it shall be, and what else is to be written with it.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) post: Post,
    /// `None`: the slug stays.
    pub(super) slug: Option<WantedSlug>,
    pub(super) redirects: Vec<String>,
    /// Which version the change was made for; `None` for a new post.
    pub(super) base: Option<Post>,
    /// Who does it.
    pub(super) by: Option<UserId>,
}

/// Creates the post. Returns it with the slug it got, and what was recorded of it.
pub(super) async fn create(
    transaction: &Transaction,
    draft: &Draft,
    events: &EventRecorder,
) -> Result<(Post, Vec<Fact>)> {
    let mut post = draft.post.clone();
    settle_slug(transaction, &mut post, draft.slug.as_ref()).await?;
    check_permalink(transaction, &post).await?;
    repo::insert(transaction, row(&post)).await?;
    repo::insert_tags(transaction, post.id, &post.tag_ids).await?;
    repo::insert_authors(transaction, post.id, &post.author_ids).await?;
    repo::add_redirects(transaction, post.id, &draft.redirects, post.created_at).await?;
    let (kind, origin) = (Some(post.kind), origin(&post, draft.by));
    let created = DomainEvent::PostCreated { post: (&post).into(), kind, origin };
    let mut facts = vec![events.record(transaction, created).await?];
    if post.is_public() {
        let published = DomainEvent::PostPublished { post: (&post).into(), kind, origin };
        facts.push(events.record(transaction, published).await?);
    }
    Ok((post, facts))
}

/// Changes the post if it is still at the version the change was made for; `None` if it is not.
pub(super) async fn update(
    transaction: &Transaction,
    draft: &Draft,
    events: &EventRecorder,
) -> Result<Option<(Post, Vec<Fact>)>> {
    let Some(base) = &draft.base else { return Ok(None) };
    let mut post = draft.post.clone();
    settle_slug(transaction, &mut post, draft.slug.as_ref()).await?;
    check_permalink(transaction, &post).await?;
    if !repo::update(transaction, row(&post), base.version).await? {
        return Ok(None);
    }
    if post.tag_ids != base.tag_ids {
        repo::replace_tags(transaction, post.id, &post.tag_ids).await?;
    }
    if post.author_ids != base.author_ids {
        repo::replace_authors(transaction, post.id, &post.author_ids).await?;
    }
    let mut redirects = draft.redirects.clone();
    if base.is_public() && base.path() != post.path() {
        redirects.push(base.path());
    }
    repo::add_redirects(transaction, post.id, &redirects, post.updated_at).await?;
    let facts = record_change(transaction, base.is_public(), &post, draft.by, events).await?;
    Ok(Some((post, facts)))
}

/// Publishes a scheduled post whose date has come by `now`, on the date that was promised; `None` if it is no such post,
/// or no more. Filters are not asked again: they saw the post when it was scheduled, and nothing of it changes now that
/// they could have a say in.
pub(super) async fn publish(
    transaction: &Transaction,
    id: PostId,
    now: Timestamp,
    events: &EventRecorder,
) -> Result<Option<Vec<Fact>>> {
    for _ in 0..TRIES {
        let found = repo::find(transaction, id).await?;
        let Some(mut post) = found.filter(|post| is_due(post, now)) else { return Ok(None) };
        let seen = post.version;
        post.status = PostStatus::Published;
        post.updated_at = now;
        post.version += 1;
        if repo::update(transaction, row(&post), seen).await? {
            return Ok(Some(record_change(transaction, false, &post, None, events).await?));
        }
    }
    Ok(None)
}

fn is_due(post: &Post, now: Timestamp) -> bool {
    post.status == PostStatus::Scheduled && post.published_at.is_some_and(|at| at <= now)
}

/// Records that the post was changed and, where that is so, that readers see it now or do so no more.
async fn record_change(
    transaction: &Transaction,
    was_public: bool,
    post: &Post,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    let (kind, origin) = (Some(post.kind), origin(post, by));
    let updated = DomainEvent::PostUpdated { post: post.into(), kind, origin };
    let mut facts = vec![events.record(transaction, updated).await?];
    let turn = match (was_public, post.is_public()) {
        (false, true) => DomainEvent::PostPublished { post: post.into(), kind, origin },
        (true, false) => DomainEvent::PostUnpublished { id: post.id, kind, origin },
        (false, false) | (true, true) => return Ok(facts),
    };
    facts.push(events.record(transaction, turn).await?);
    Ok(facts)
}

/// Removes the post for good, if it has not changed meanwhile. Its comments go with it, which is no fact of its own;
/// entries that refer to it lose that relation, which is one of each.
pub(super) async fn delete(
    transaction: &Transaction,
    post: &Post,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<Vec<Fact>> {
    let mut facts = references::release(transaction, removed(post.id), by, events).await?;
    if !repo::delete(transaction, post.id, post.version).await? {
        return Err(ApiError::new(
            ErrorCode::EditConflict,
            "Somebody else is changing this post. Read it again.",
        ));
    }
    let (id, kind, origin) = (post.id, Some(post.kind), origin(post, by));
    if post.is_public() {
        facts.push(events.record(transaction, DomainEvent::PostUnpublished { id, kind, origin }).await?);
    }
    facts.push(events.record(transaction, DomainEvent::PostDeleted { id, kind, origin }).await?);
    Ok(facts)
}

/// Removes those of the posts for good that have been in the trash since before this moment, but for what an entry needs.
/// Answers how many, and what was recorded of it.
pub(super) async fn purge(
    transaction: &Transaction,
    ids: &[PostId],
    before: Timestamp,
    events: &EventRecorder,
) -> Result<(u64, Vec<Fact>)> {
    let (mut purged, mut facts) = (0, Vec::with_capacity(ids.len()));
    for id in ids {
        let found = repo::find(transaction, *id).await?;
        let old = found.filter(|post| post.status == PostStatus::Trash && post.updated_at < before);
        if let Some(post) = old
            && !references::is_held(transaction, removed(*id)).await?
        {
            facts.extend(delete(transaction, &post, None, events).await?);
            purged += 1;
        }
    }
    Ok((purged, facts))
}

fn removed(id: PostId) -> Removed<'static> {
    Removed { table: "posts", id: id.0 }
}

fn origin(post: &Post, by: Option<UserId>) -> Origin {
    Origin { version: Some(post.version), user: by }
}

async fn settle_slug(transaction: &Transaction, post: &mut Post, wanted: Option<&WantedSlug>) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    one_at_a_time(transaction, wanted.slug.as_str()).await?;
    let id = post.id;
    let taken = |slug: &str| {
        let slug = slug.to_owned();
        async move { repo::slug_exists(transaction, &slug, id).await }
    };
    if !taken(wanted.slug.as_str()).await? {
        post.slug = wanted.slug.to_string();
        return Ok(());
    }
    if !wanted.may_be_numbered {
        let detail = format!("Another post or page has the slug `{}`.", wanted.slug);
        return Err(ApiError::new(ErrorCode::SlugTaken, detail));
    }
    post.slug = Slug::free(wanted.slug.as_str(), taken).await?;
    Ok(())
}

async fn check_permalink(transaction: &Transaction, post: &Post) -> Result<()> {
    if let Some(path) = &post.permalink
        && repo::permalink_exists(transaction, path, post.id).await?
    {
        let fault = FieldError::new("permalink", format!("Another post lives at {path}."));
        return Err(ApiError::validation(vec![fault]));
    }
    Ok(())
}

fn row(post: &Post) -> posts::Model {
    posts::Model {
        id: post.id.0,
        kind: post.kind.as_str().to_owned(),
        status: post.status.as_str().to_owned(),
        title: post.title.clone(),
        slug: post.slug.clone(),
        excerpt: post.excerpt.clone(),
        content: post.content.clone(),
        cover_image: post.cover_image.clone(),
        category_id: post.category_id.map(|id| id.0),
        permalink: post.permalink.clone(),
        comments_open: post.comments_open,
        created_by: post.created_by.map(|id| id.0),
        updated_by: post.updated_by.map(|id| id.0),
        created_at: post.created_at.millis(),
        updated_at: post.updated_at.millis(),
        published_at: post.published_at.map(Timestamp::millis),
        view_count: post.view_count,
        version: post.version,
    }
}

/// A new, empty draft of this kind.
pub(super) fn blank(kind: PostKind) -> Post {
    let now = Timestamp::now();
    Post {
        id: PostId::generate(),
        kind,
        status: PostStatus::Draft,
        title: String::new(),
        slug: String::new(),
        excerpt: None,
        content: String::new(),
        cover_image: None,
        category_id: None,
        tag_ids: Vec::new(),
        author_ids: Vec::new(),
        permalink: None,
        comments_open: true,
        created_by: None,
        updated_by: None,
        created_at: now,
        updated_at: now,
        published_at: None,
        view_count: 0,
        version: 1,
    }
}
