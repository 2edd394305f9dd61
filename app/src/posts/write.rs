//! What happens inside the transaction of a post: no hooks, no side effects, safe to run again.

use super::{Post, PostKind, PostStatus, model::WantedSlug, repo};
use crate::{
    clock::Timestamp,
    database::{Transaction, one_at_a_time},
    entities::posts,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{DomainEvent, EventRecorder, Origin},
    ids::{PostId, UserId},
};

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

/// Creates the post. Returns it with the slug it got.
pub(super) async fn create(transaction: &Transaction, draft: &Draft, events: &EventRecorder) -> Result<Post> {
    let mut post = draft.post.clone();
    settle_slug(transaction, &mut post, draft.slug.as_ref()).await?;
    check_permalink(transaction, &post).await?;
    repo::insert(transaction, row(&post)).await?;
    repo::insert_tags(transaction, post.id, &post.tag_ids).await?;
    repo::insert_authors(transaction, post.id, &post.author_ids).await?;
    repo::add_redirects(transaction, post.id, &draft.redirects, post.created_at).await?;
    let (kind, origin) = (Some(post.kind), origin(&post, draft.by));
    events.record(transaction, &DomainEvent::PostCreated { post: (&post).into(), kind, origin }).await?;
    Ok(post)
}

/// Changes the post if it is still at the version the change was made for; `None` if it is not.
pub(super) async fn update(
    transaction: &Transaction,
    draft: &Draft,
    events: &EventRecorder,
) -> Result<Option<Post>> {
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
    let (kind, origin) = (Some(post.kind), origin(&post, draft.by));
    events.record(transaction, &DomainEvent::PostUpdated { post: (&post).into(), kind, origin }).await?;
    Ok(Some(post))
}

/// Removes the post for good; `false` if it has changed meanwhile.
pub(super) async fn delete(
    transaction: &Transaction,
    post: &Post,
    by: Option<UserId>,
    events: &EventRecorder,
) -> Result<bool> {
    if !repo::delete(transaction, post.id, post.version).await? {
        return Ok(false);
    }
    let (kind, origin) = (Some(post.kind), origin(post, by));
    events.record(transaction, &DomainEvent::PostDeleted { id: post.id, kind, origin }).await?;
    Ok(true)
}

fn origin(post: &Post, by: Option<UserId>) -> Origin {
    Origin { version: Some(post.version), user: by }
}

async fn settle_slug(transaction: &Transaction, post: &mut Post, wanted: Option<&WantedSlug>) -> Result<()> {
    let Some(wanted) = wanted else { return Ok(()) };
    one_at_a_time(transaction, wanted.slug.as_str()).await?;
    let id = post.id;
    let taken = |slug: String| async move { repo::slug_exists(transaction, &slug, id).await };
    if !taken(wanted.slug.to_string()).await? {
        post.slug = wanted.slug.to_string();
        return Ok(());
    }
    if !wanted.may_be_numbered {
        let detail = format!("Another post or page has the slug `{}`.", wanted.slug);
        return Err(ApiError::new(ErrorCode::SlugTaken, detail));
    }
    // Doubling finds a free number, halving the first one, so that the thousandth namesake costs twenty looks.
    let (mut low, mut high) = (1, 2);
    while taken(wanted.slug.numbered(high).to_string()).await? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if taken(wanted.slug.numbered(middle).to_string()).await? { low = middle } else { high = middle }
    }
    post.slug = wanted.slug.numbered(high).to_string();
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
