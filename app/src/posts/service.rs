//! The use cases of posts and pages. HTTP, importers and scheduled work all come through here.

mod filtering;
mod reading;
mod upkeep;

use fleuron_plugin_host::{PluginHost, hook};
use moka::future::Cache;

use self::filtering::Wish;
use super::{
    NewPost, Post, PostFilter, PostPatch, PostStatus, Slug, ViewCounter, check,
    model::WantedSlug,
    repo,
    timing::Timing,
    write::{self, Draft},
};
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    database::Database,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{EventRecorder, Fact},
    http::IfMatch,
    ids::{PostId, UserId},
    taxonomies::TermService,
    users::UserService,
};
pub use reading::Heading;

/// How many counts of lists are kept at hand.
const COUNTS_KEPT: u64 = 2_000;
/// How often a change is tried when somebody else changes the post at the same moment.
const TRIES: u32 = 2;

/// Posts and pages. Cheap to clone.
#[derive(Clone)]
pub struct PostService {
    database: Database,
    terms: TermService,
    users: UserService,
    hooks: PluginHost,
    events: EventRecorder,
    views: ViewCounter,
    counts: Cache<(PostFilter, u64), u64>,
}

impl PostService {
    /// Puts the service together.
    pub fn new(
        database: Database,
        terms: TermService,
        users: UserService,
        hooks: PluginHost,
        events: EventRecorder,
        views: ViewCounter,
    ) -> Self {
        Self { database, terms, users, hooks, events, views, counts: Cache::new(COUNTS_KEPT) }
    }

    /// Creates a post. One that is to be published at a date that lies ahead is scheduled. Filters of `on-post-creating`
    /// may change it, refuse it, or hold it: then it becomes a draft where it would have been published or scheduled.
    /// What they answer is checked and authorised like the actor's own input. A taken slug gets a number.
    pub async fn create(&self, actor: &Actor, new: NewPost) -> Result<Post> {
        let timing = Timing::of_new(new.published_at, Timestamp::now());
        let status = timing.settle(new.status.unwrap_or(PostStatus::Draft));
        check::may_create(actor, new.kind, status)?;
        let terms = self.terms.terms().await?;
        let mut post = write::blank(new.kind);
        let mut faults = Vec::new();
        post.permalink =
            new.permalink.as_deref().and_then(|path| checked_path(path, "permalink", &mut faults));
        let redirects =
            new.aliases.iter().filter_map(|path| checked_path(path, "aliases", &mut faults)).collect();
        let wish = Wish { actor, kind: new.kind, base: None, status, timing, terms: &terms };
        let checked = wish
            .settle::<hook::OnPostCreating>(&self.hooks, filtering::input_of(&new, status), faults)
            .await?;
        post.author_ids = if new.author_ids.is_empty() {
            actor.user_id().into_iter().collect()
        } else {
            self.allowed_authors(actor, new.author_ids).await?
        };
        post.created_by = actor.user_id().or_else(|| post.author_ids.first().copied());
        post.updated_by = post.created_by;
        post.created_at = new.created_at.unwrap_or(post.created_at);
        post.updated_at = post.created_at;
        post.comments_open = new.comments_open;
        post.published_at = timing.date();
        let slug = checked.slug.clone().unwrap_or_else(|| Slug::derive(&checked.title, new.kind.as_str()));
        apply(&mut post, checked, status, None);
        let slug = Some(WantedSlug { slug, may_be_numbered: true });
        let draft = Draft { post, slug, redirects, base: None, by: actor.user_id() };
        let events = self.events.clone();
        let (post, facts) = self
            .database
            .write(draft, move |transaction, draft| {
                let events = events.clone();
                Box::pin(async move { write::create(transaction, draft, &events).await })
            })
            .await?;
        self.changed(facts);
        Ok(post)
    }

    /// Changes a post. Filters of `on-post-updating` get it whole, as it would be, and may change or refuse that. They may
    /// also hold it: what would be public after the edit, or scheduled, becomes a draft, also where it was public before,
    /// until somebody publishes it anew.
    ///
    /// A scheduled post takes a new date, becomes a draft again, or comes out at once where it is published without one.
    ///
    /// When somebody else changes the post at the same moment the change is made again on what stands then, once; after
    /// that it fails with `edit_conflict`, or with `version_mismatch` if the client named a version.
    pub async fn update(&self, actor: &Actor, id: PostId, seen: IfMatch, patch: PostPatch) -> Result<Post> {
        for _ in 0..TRIES {
            let base = self.editable(actor, id).await?;
            seen.check(base.version)?;
            let draft = self.change(actor, base, &patch).await?;
            let events = self.events.clone();
            let written = self
                .database
                .write(draft, move |transaction, draft| {
                    let events = events.clone();
                    Box::pin(async move { write::update(transaction, draft, &events).await })
                })
                .await?;
            if let Some((post, facts)) = written {
                self.changed(facts);
                return Ok(post);
            }
        }
        Err(ApiError::new(ErrorCode::EditConflict, "Somebody else is changing this post. Read it again."))
    }

    /// Moves a post to the trash, or, when it is there already or `permanent` is set, removes it for good.
    pub async fn delete(&self, actor: &Actor, id: PostId, seen: IfMatch, permanent: bool) -> Result<()> {
        let post = self.editable(actor, id).await?;
        if !permanent && post.status != PostStatus::Trash {
            let patch = PostPatch { status: Some(PostStatus::Trash), ..PostPatch::default() };
            return self.update(actor, id, seen, patch).await.map(|_| ());
        }
        check::may_edit(actor, &post, post.status)?;
        seen.check(post.version)?;
        let events = self.events.clone();
        let facts = self
            .database
            .write((post, actor.user_id()), move |transaction, (post, by)| {
                let events = events.clone();
                Box::pin(async move { write::delete(transaction, post, *by, &events).await })
            })
            .await?;
        self.changed(facts);
        Ok(())
    }

    /// Gives the posts of the first run to the first administrator.
    pub async fn adopt_orphans(&self, user: UserId) -> Result<()> {
        self.database
            .write(user, |transaction, user| {
                Box::pin(async move { Ok(repo::adopt(transaction, *user).await?) })
            })
            .await?;
        self.changed(Vec::new());
        Ok(())
    }

    async fn editable(&self, actor: &Actor, id: PostId) -> Result<Post> {
        let post = repo::find(self.database.reader(), id).await?;
        let post =
            post.filter(|post| check::may_read(actor, post)).ok_or_else(|| ApiError::not_found("post"))?;
        check::may_edit(actor, &post, post.status)?;
        Ok(post)
    }

    /// The post as it would be after the patch and the filters.
    async fn change(&self, actor: &Actor, base: Post, patch: &PostPatch) -> Result<Draft> {
        let terms = self.terms.terms().await?;
        let timing = Timing::of_change(&base, patch, Timestamp::now());
        let status = timing.settle(patch.status.unwrap_or(base.status));
        check::may_edit(actor, &base, status)?;
        let mut faults = Vec::new();
        let mut post = base.clone();
        if let Some(permalink) = &patch.permalink {
            post.permalink =
                permalink.as_deref().and_then(|path| checked_path(path, "permalink", &mut faults));
        }
        let redirects =
            patch.aliases.iter().filter_map(|path| checked_path(path, "aliases", &mut faults)).collect();
        let wish = Wish { actor, kind: base.kind, base: Some(&base), status, timing, terms: &terms };
        let input = filtering::merged(&base, patch, status);
        let checked = wish.settle::<hook::OnPostUpdating>(&self.hooks, input, faults).await?;
        if let Some(authors) = &patch.author_ids {
            post.author_ids = self.allowed_authors(actor, authors.clone()).await?;
        }
        post.comments_open = patch.comments_open.unwrap_or(post.comments_open);
        post.published_at = timing.date();
        post.updated_at = Timestamp::now();
        post.updated_by = actor.user_id().or(post.updated_by);
        post.version += 1;
        let chosen = checked.slug.clone().map(|slug| WantedSlug { slug, may_be_numbered: false });
        let derived = || {
            let slug = Slug::derive(&checked.title, base.kind.as_str());
            WantedSlug { slug, may_be_numbered: true }
        };
        let wants_new_slug = patch.slug == Some(None);
        let slug = chosen.or_else(|| wants_new_slug.then(derived));
        apply(&mut post, checked, status, Some(&base));
        Ok(Draft { post, slug, redirects, base: Some(base), by: actor.user_id() })
    }

    async fn allowed_authors(&self, actor: &Actor, authors: Vec<UserId>) -> Result<Vec<UserId>> {
        let own = actor.user_id().is_some_and(|id| authors == [id]);
        if !own {
            actor.require(Permission::EditOthers)?;
        }
        if authors.is_empty() || authors.len() > 50 {
            return Err(ApiError::validation(vec![FieldError::new("author_ids", "Must be 1 to 50 users.")]));
        }
        let mut unique = Vec::with_capacity(authors.len());
        for author in authors {
            if !unique.contains(&author) {
                unique.push(author);
            }
        }
        let known = self.users.authors(&unique).await?;
        let unknown = unique.iter().filter(|id| !known.iter().any(|author| author.id == **id));
        let faults: Vec<FieldError> =
            unknown.map(|id| FieldError::new("author_ids", format!("There is no user `{id}`."))).collect();
        if faults.is_empty() { Ok(unique) } else { Err(ApiError::validation(faults)) }
    }

    /// After a commit: lists and counts are stale, and what was recorded may be delivered.
    fn changed(&self, facts: Vec<Fact>) {
        self.database.changes().touch_content();
        self.events.committed(facts);
    }
}

fn checked_path(path: &str, field: &str, faults: &mut Vec<FieldError>) -> Option<String> {
    let words = |fault| format!("`{}` {fault}.", check::shortened(path));
    check::permalink(path).map_err(|fault| faults.push(FieldError::new(field, words(fault)))).ok()
}

/// Puts checked fields into the post. A missing status or list of tags means that they stay.
fn apply(post: &mut Post, checked: check::Checked, status: PostStatus, base: Option<&Post>) {
    post.title = checked.title;
    post.content = checked.content;
    post.excerpt = checked.excerpt;
    post.category_id = checked.category_id;
    post.cover_image = checked.cover_image;
    post.status = checked.status.unwrap_or(status);
    post.tag_ids =
        checked.tag_ids.unwrap_or_else(|| base.map(|base| base.tag_ids.clone()).unwrap_or_default());
    if post.status == PostStatus::Published && post.published_at.is_none() {
        post.published_at = Some(Timestamp::now());
    }
}
