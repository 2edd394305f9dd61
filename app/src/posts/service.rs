//! The use cases of posts and pages. HTTP, importers and scheduled work all come through here.

use fleuron_plugin_host::{CallContext, HookPoint, PluginHost, PostInput, hook};
use moka::future::Cache;

use super::{
    NewPost, Post, PostFilter, PostKind, PostPatch, PostStatus, Slug, ViewCounter,
    check::{self, Source},
    model::{Resolved, WantedSlug},
    repo::{self, Order},
    write::{self, Draft},
};
use crate::{
    auth::{Actor, Permission},
    clock::Timestamp,
    database::Database,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::EventRecorder,
    http::{Cursor, IfMatch, Page},
    ids::{PostId, UserId},
    plugins::refused,
    taxonomies::{TermService, Terms},
    users::UserService,
};

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

/// A title and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Plain text.
    pub title: String,
    /// With a leading slash.
    pub path: String,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<repo::Heading> for Heading {
    fn from(row: repo::Heading) -> Self {
        Self {
            title: row.title,
            path: row.permalink.unwrap_or_else(|| format!("/{}", row.slug)),
            updated_at: Timestamp::from_millis(row.updated_at),
        }
    }
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

    /// Creates a post. Filters of `on-post-creating` may change it; their answer is checked and authorised like the
    /// actor's own input. A taken slug gets a number.
    pub async fn create(&self, actor: &Actor, new: NewPost) -> Result<Post> {
        let status = new.status.unwrap_or(PostStatus::Draft);
        check::may_create(actor, new.kind, status)?;
        let terms = self.terms.terms().await?;
        let mut post = write::blank(new.kind);
        let mut faults = Vec::new();
        post.permalink =
            new.permalink.as_deref().and_then(|path| checked_path(path, "permalink", &mut faults));
        let redirects =
            new.aliases.iter().filter_map(|path| checked_path(path, "aliases", &mut faults)).collect();
        if status == PostStatus::Published {
            not_ahead(new.published_at, &mut faults);
        }
        let input = self.input_of(&new, status);
        let checked = check::input(&input, None, &terms, Source::Client);
        if let Err(more) = &checked {
            faults.extend(more.iter().cloned());
        }
        let Ok(mut checked) = checked else { return Err(ApiError::validation(faults)) };
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        if self.hooks.listens(HookPoint::OnPostCreating) {
            let allowed = |answer: &PostInput| {
                let checked = check::input(answer, None, &terms, Source::Filter)
                    .map_err(|faults| FieldError::line(&faults))?;
                let status = checked.status.unwrap_or(status);
                check::may_create(actor, new.kind, status).map_err(|error| error.detail().to_owned())
            };
            let context = self.context(actor, &post);
            let answer =
                self.hooks.filter::<hook::OnPostCreating>(input, &context, allowed).await.map_err(refused)?;
            checked =
                check::input(&answer.payload, None, &terms, Source::Filter).map_err(ApiError::validation)?;
        }
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
        post.published_at = new.published_at;
        let slug = checked.slug.clone().unwrap_or_else(|| Slug::derive(&checked.title, new.kind.as_str()));
        apply(&mut post, checked, status, None);
        let draft =
            Draft { post, slug: Some(WantedSlug { slug, may_be_numbered: true }), redirects, base: None };
        let events = self.events.clone();
        let post = self
            .database
            .write(draft, move |transaction, draft| {
                let events = events.clone();
                Box::pin(async move { write::create(transaction, draft, &events).await })
            })
            .await?;
        self.changed();
        Ok(post)
    }

    /// Changes a post. Filters of `on-post-updating` get it whole, as it would be. When somebody else changes it at the
    /// same moment the change is made again on what stands then, once; after that it fails with `edit_conflict`, or
    /// with `version_mismatch` if the client named a version.
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
            if let Some(post) = written {
                self.changed();
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
        let deleted = self
            .database
            .write(post, move |transaction, post| {
                let events = events.clone();
                Box::pin(async move { write::delete(transaction, post, &events).await })
            })
            .await?;
        if !deleted {
            let detail = "Somebody else is changing this post. Read it again.";
            return Err(ApiError::new(ErrorCode::EditConflict, detail));
        }
        self.changed();
        Ok(())
    }

    /// The post with this id, if the actor may read it.
    pub async fn find(&self, actor: &Actor, id: PostId) -> Result<Option<Post>> {
        let post = repo::find(self.database.reader(), id).await?;
        Ok(post.filter(|post| check::may_read(actor, post)))
    }

    /// The post with this slug, if the actor may read it.
    pub async fn find_by_slug(&self, actor: &Actor, slug: &str) -> Result<Option<Post>> {
        if slug.contains('\0') {
            return Ok(None);
        }
        let post = repo::find_by_slug(self.database.reader(), slug).await?;
        Ok(post.filter(|post| check::may_read(actor, post)))
    }

    /// What a reader finds at a path: a published post, or where it moved to.
    pub async fn resolve(&self, path: &str) -> Result<Option<Resolved>> {
        let database = self.database.reader();
        let path = match path.trim_end_matches('/') {
            path if path.is_empty() || path.contains('\0') => return Ok(None),
            path => path,
        };
        let slug = path.strip_prefix('/').filter(|slug| !slug.contains('/'));
        let mut found = match slug {
            Some(slug) => repo::find_by_slug(database, slug).await?.filter(Post::is_public),
            None => None,
        };
        if found.is_none() {
            found = repo::find_by_permalink(database, path).await?.filter(Post::is_public);
        }
        if let Some(post) = found {
            let moved = post.path() != path;
            return Ok(Some(if moved {
                Resolved::MovedTo(post.path())
            } else {
                Resolved::Post(Box::new(post))
            }));
        }
        let Some(id) = repo::redirect(database, path).await? else { return Ok(None) };
        let post = repo::find(database, id).await?.filter(Post::is_public);
        Ok(post.filter(|post| post.path() != path).map(|post| Resolved::MovedTo(post.path())))
    }

    /// A page of posts by cursor. Without a status: the published ones. Others are shown to those who may edit them.
    pub async fn list(
        &self,
        actor: &Actor,
        mut filter: PostFilter,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<Post>> {
        let status = *filter.status.get_or_insert(PostStatus::Published);
        if status != PostStatus::Published {
            actor.require(Permission::WritePosts)?;
            if !actor.may(Permission::EditOthers) {
                filter.author = actor.user_id();
            }
        }
        let order = order(&filter);
        let posts = repo::after(self.database.reader(), &filter, order, cursor, limit + 1).await?;
        Ok(Page::cut(posts, limit, |post| order.cursor(post)))
    }

    /// Published posts by page number, newest first, and how many there are in all.
    pub async fn published(
        &self,
        mut filter: PostFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(Vec<Post>, u64)> {
        filter.status = Some(PostStatus::Published);
        let count = self.count(&filter).await?;
        let posts = repo::slice(self.database.reader(), &filter, order(&filter), offset, limit).await?;
        Ok((posts, count))
    }

    /// How many published posts the filter matches.
    pub async fn count_published(&self, mut filter: PostFilter) -> Result<u64> {
        filter.status = Some(PostStatus::Published);
        self.count(&filter).await
    }

    /// The published posts before and after this one.
    pub async fn neighbours(&self, post: &Post) -> Result<(Option<Heading>, Option<Heading>)> {
        let database = self.database.reader();
        let older = repo::neighbour(database, post, true).await?;
        let newer = repo::neighbour(database, post, false).await?;
        Ok((older.map(Heading::from), newer.map(Heading::from)))
    }

    /// Everything published of a kind, oldest first: for navigation and the sitemap.
    pub async fn published_headings(&self, kind: Option<PostKind>, limit: u64) -> Result<Vec<Heading>> {
        let rows = repo::published_headings(self.database.reader(), kind, limit).await?;
        Ok(rows.into_iter().map(Heading::from).collect())
    }

    /// Gives the posts of the first run to the first administrator.
    pub async fn adopt_orphans(&self, user: UserId) -> Result<()> {
        self.database
            .write(user, |transaction, user| {
                Box::pin(async move { Ok(repo::adopt(transaction, *user).await?) })
            })
            .await?;
        self.changed();
        Ok(())
    }

    /// Grows when posts, pages or comments change; belongs into the keys of what is cached of lists.
    pub fn content_generation(&self) -> u64 {
        self.database.changes().content()
    }

    /// Counts a view of a page.
    pub fn count_view(&self, post: PostId) {
        self.views.count(post);
    }

    async fn count(&self, filter: &PostFilter) -> Result<u64> {
        let key = (filter.clone(), self.database.changes().content());
        if let Some(count) = self.counts.get(&key).await {
            return Ok(count);
        }
        let count = repo::count(self.database.reader(), filter).await?;
        self.counts.insert(key, count).await;
        Ok(count)
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
        let status = patch.status.unwrap_or(base.status);
        check::may_edit(actor, &base, status)?;
        let input = merged(&base, patch, status);
        let mut faults = Vec::new();
        let mut post = base.clone();
        if let Some(permalink) = &patch.permalink {
            post.permalink =
                permalink.as_deref().and_then(|path| checked_path(path, "permalink", &mut faults));
        }
        let redirects =
            patch.aliases.iter().filter_map(|path| checked_path(path, "aliases", &mut faults)).collect();
        if status == PostStatus::Published {
            not_ahead(patch.published_at.or(base.published_at), &mut faults);
        }
        let mut checked = self.checked(&input, &base, &terms, Source::Client, faults)?;
        if self.hooks.listens(HookPoint::OnPostUpdating) {
            let allowed = |answer: &PostInput| {
                let checked = check::input(answer, Some(&base.slug), &terms, Source::Filter)
                    .map_err(|faults| FieldError::line(&faults))?;
                let status = checked.status.unwrap_or(status);
                check::may_edit(actor, &base, status).map_err(|error| error.detail().to_owned())
            };
            let context = self.context(actor, &base);
            let answer =
                self.hooks.filter::<hook::OnPostUpdating>(input, &context, allowed).await.map_err(refused)?;
            checked = self.checked(&answer.payload, &base, &terms, Source::Filter, Vec::new())?;
        }
        if let Some(authors) = &patch.author_ids {
            post.author_ids = self.allowed_authors(actor, authors.clone()).await?;
        }
        post.comments_open = patch.comments_open.unwrap_or(post.comments_open);
        post.published_at = patch.published_at.or(post.published_at);
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
        Ok(Draft { post, slug, redirects, base: Some(base) })
    }

    fn checked(
        &self,
        input: &PostInput,
        base: &Post,
        terms: &Terms,
        source: Source,
        mut faults: Vec<FieldError>,
    ) -> Result<check::Checked> {
        match check::input(input, Some(&base.slug), terms, source) {
            Ok(checked) if faults.is_empty() => Ok(checked),
            Ok(_) => Err(ApiError::validation(faults)),
            Err(more) => {
                faults.extend(more);
                Err(ApiError::validation(faults))
            }
        }
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

    fn input_of(&self, new: &NewPost, status: PostStatus) -> PostInput {
        PostInput {
            title: new.title.clone(),
            content: new.content.clone(),
            slug: new.slug.clone(),
            excerpt: new.excerpt.clone(),
            category_id: new.category_id.map(|id| id.to_string()),
            tag_ids: Some(new.tag_ids.iter().map(ToString::to_string).collect()),
            status: Some(status.as_str().to_owned()),
            cover_image: new.cover_image.clone(),
        }
    }

    fn context(&self, actor: &Actor, post: &Post) -> CallContext {
        CallContext {
            entity_id: Some(post.id.to_string()),
            entity_version: Some(post.version),
            acting_user: actor.user_id().map(|id| id.to_string()),
            ..CallContext::default()
        }
    }

    /// After a commit: lists and counts are stale, and the outbox may have work.
    fn changed(&self) {
        self.database.changes().touch_content();
        self.events.wake();
    }
}

fn order(filter: &PostFilter) -> Order {
    if filter.status == Some(PostStatus::Published) { Order::Publication } else { Order::Creation }
}

fn checked_path(path: &str, field: &str, faults: &mut Vec<FieldError>) -> Option<String> {
    let words = |fault| format!("`{}` {fault}.", check::shortened(path));
    check::permalink(path).map_err(|fault| faults.push(FieldError::new(field, words(fault)))).ok()
}

/// Published posts cannot wait for their date yet, so one that lies ahead would be shown too early. Time zones explain
/// up to a day.
fn not_ahead(published_at: Option<Timestamp>, faults: &mut Vec<FieldError>) {
    if published_at.is_some_and(|at| at > Timestamp::now().plus_seconds(24 * 3600)) {
        faults.push(FieldError::new("published_at", "Must not lie ahead. Keep the post a draft until then."));
    }
}

/// The whole post as it would be after the patch, as filters see it.
fn merged(base: &Post, patch: &PostPatch, status: PostStatus) -> PostInput {
    let category_id = patch.category_id.unwrap_or(base.category_id);
    let tag_ids = patch.tag_ids.as_ref().unwrap_or(&base.tag_ids);
    PostInput {
        title: patch.title.clone().unwrap_or_else(|| base.title.clone()),
        content: patch.content.clone().unwrap_or_else(|| base.content.clone()),
        slug: patch.slug.clone().unwrap_or_else(|| Some(base.slug.clone())),
        excerpt: patch.excerpt.clone().unwrap_or_else(|| base.excerpt.clone()),
        category_id: category_id.map(|id| id.to_string()),
        tag_ids: Some(tag_ids.iter().map(ToString::to_string).collect()),
        status: Some(status.as_str().to_owned()),
        cover_image: patch.cover_image.clone().unwrap_or_else(|| base.cover_image.clone()),
    }
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
