//! Carrying out a plan: media first, then the post through its service, then the mark.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Mutex;

use super::{
    ImportError,
    links::{Links, Replacement},
    plan::{Action, Work},
    progress::Progress,
    references, repo,
    repo::KnownPost,
    summary::{Note, Summary},
};
use crate::{
    auth::Actor,
    clock::Timestamp,
    error::{ApiError, ErrorCode, FieldError},
    http::IfMatch,
    ids::{CategoryId, PostId, TagId, UserId},
    posts::{NewPost, PostKind, PostPatch, PostStatus},
    services::Services,
};

/// How many files are worked on at once: enough for commits to be shared, too few to crowd out a server beside us.
const AT_ONCE: usize = 8;
/// How often a write is tried while the database is busy, and how long is waited at first.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(100);

/// Writes everything. What concerns one file alone is noted in the summary and does not stop the others.
pub(super) async fn carry_out(
    services: &Services,
    work: Vec<Work>,
    progress: &Progress,
    summary: &mut Summary,
) -> Result<(), ImportError> {
    let run = Run { services, names: Names::ensure(services, &work).await?, media: Mutex::default() };
    let mut outcomes = stream::iter(work)
        .map(|work| {
            let run = &run;
            async move {
                let outcome = Box::pin(run.write(&work)).await;
                progress.step(&work.document.source.name);
                (work, outcome)
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((work, outcome)) = outcomes.next().await {
        let source = work.document.source.name;
        match outcome {
            Ok(()) if matches!(work.action, Action::Update(_)) => summary.updated += 1,
            Ok(()) => summary.imported += 1,
            Err(error) if is_fatal(&error) => {
                return Err(ImportError::Stopped { source_name: source, error });
            }
            Err(error) => summary.skipped.push(Note { source, text: words(&error) }),
        }
    }
    drop(outcomes);
    summary.media = run.media.into_inner().len();
    summary.skipped.sort_by(|one, other| one.source.cmp(&other.source));
    Ok(())
}

/// Whether the next file would fail for the same reason.
fn is_fatal(error: &ApiError) -> bool {
    error.code() == ErrorCode::Internal || error.database_cause().is_some()
}

fn words(error: &ApiError) -> String {
    let words = match FieldError::line(error.fields()) {
        fields if fields.is_empty() => error.detail().to_owned(),
        fields => fields,
    };
    match error.plugin() {
        Some(plugin) => format!("{words} (the plugin {plugin})"),
        None => words,
    }
}

/// Authors, tags and categories, found or made before the first post.
struct Names {
    authors: HashMap<String, UserId>,
    tags: HashMap<String, TagId>,
    categories: HashMap<String, CategoryId>,
}

impl Names {
    async fn ensure(services: &Services, work: &[Work]) -> Result<Self, ApiError> {
        let names =
            |of: fn(&Work) -> &[String]| -> BTreeSet<String> { work.iter().flat_map(of).cloned().collect() };
        let authors = names(|work| &work.document.authors);
        let tags = names(|work| &work.document.tags);
        let categories = names(|work| work.document.category.as_slice());
        Ok(Self {
            authors: ensure(authors, async |name| Ok(services.users.ensure_author(name).await?.id)).await?,
            tags: ensure(tags, async |name| Ok(services.terms.ensure_tag(name).await?.id)).await?,
            categories: ensure(categories, async |name| Ok(services.terms.ensure_category(name).await?.id))
                .await?,
        })
    }

    fn authors_of(&self, work: &Work) -> Vec<UserId> {
        let mut authors = Vec::new();
        for author in work.document.authors.iter().filter_map(|name| self.authors.get(name)) {
            if !authors.contains(author) {
                authors.push(*author);
            }
        }
        authors
    }

    fn tags_of(&self, work: &Work) -> Vec<TagId> {
        let mut tags = Vec::new();
        for tag in work.document.tags.iter().filter_map(|name| self.tags.get(name)) {
            if !tags.contains(tag) {
                tags.push(*tag);
            }
        }
        tags
    }

    fn category_of(&self, work: &Work) -> Option<CategoryId> {
        self.categories.get(work.document.category.as_ref()?).copied()
    }
}

async fn ensure<T>(
    names: BTreeSet<String>,
    find: impl AsyncFn(&str) -> Result<T, ApiError>,
) -> Result<HashMap<String, T>, ApiError> {
    let find = &find;
    stream::iter(names)
        .map(|name| async move {
            let id = patiently(async || find(&name).await).await?;
            Ok((name, id))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

/// Tries again while somebody else keeps the database busy.
async fn patiently<T>(attempt: impl AsyncFn() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match attempt().await {
            Err(error) if error.code() == ErrorCode::Unavailable => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            outcome => return outcome,
        }
    }
    attempt().await
}

struct Run<'a> {
    services: &'a Services,
    names: Names,
    /// Addresses of the files that were stored.
    media: Mutex<HashMap<PathBuf, String>>,
}

impl Run<'_> {
    async fn write(&self, work: &Work) -> Result<(), ApiError> {
        let content = self.content(work).await?;
        let cover = self.cover(&work.links).await?;
        let post = match &work.action {
            Action::Create => {
                let new = self.new_post(work, content, cover);
                let create = async || self.services.posts.create(&Actor::System, new.clone()).await;
                Box::pin(patiently(create)).await?.id
            }
            Action::Complete(post) | Action::Update(post) => {
                let patch = self.patch(work, post, content, cover);
                let update = async || {
                    self.services.posts.update(&Actor::System, post.id, IfMatch(None), patch.clone()).await
                };
                Box::pin(patiently(update)).await?.id
            }
        };
        self.mark(post, work).await
    }

    async fn mark(&self, post: PostId, work: &Work) -> Result<(), ApiError> {
        let mark = work.mark();
        let write = async || {
            self.services
                .database
                .write((post, mark.clone()), |transaction, (post, mark)| {
                    Box::pin(async move { Ok(repo::mark(transaction, *post, mark).await?) })
                })
                .await
        };
        patiently(write).await
    }

    /// The text, with what it refers to stored and addressed anew.
    async fn content(&self, work: &Work) -> Result<String, ApiError> {
        let mut changes = Vec::with_capacity(work.links.changes.len());
        for change in &work.links.changes {
            let address = self.address(&change.replacement).await?;
            changes.push((change.range.clone(), format!("{address}{}", change.suffix)));
        }
        Ok(references::exchange(&work.document.body, &changes))
    }

    async fn cover(&self, links: &Links) -> Result<Option<String>, ApiError> {
        match &links.cover {
            Some(cover) => self.address(cover).await.map(Some),
            None => Ok(None),
        }
    }

    async fn address(&self, replacement: &Replacement) -> Result<String, ApiError> {
        match replacement {
            Replacement::Address(address) => Ok(address.clone()),
            Replacement::File(file) => self.store(file).await,
        }
    }

    /// Two posts that store one file at the same moment do so twice, to the same effect.
    async fn store(&self, file: &Path) -> Result<String, ApiError> {
        if let Some(address) = self.media.lock().await.get(file) {
            return Ok(address.clone());
        }
        let bytes = tokio::fs::read(file).await.map_err(|error| unreadable(file, &error))?;
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let store = async || self.services.media.store(&Actor::System, name, bytes.clone()).await;
        let address = patiently(store).await?.url();
        self.media.lock().await.insert(file.to_owned(), address.clone());
        Ok(address)
    }

    fn new_post(&self, work: &Work, content: String, cover: Option<String>) -> NewPost {
        let document = &work.document;
        NewPost {
            slug: Some(work.slug.to_string()),
            excerpt: document.excerpt.clone(),
            category_id: self.names.category_of(work),
            tag_ids: self.names.tags_of(work),
            author_ids: self.names.authors_of(work),
            status: Some(status(work)),
            cover_image: cover,
            permalink: document.permalink.clone(),
            aliases: document.aliases.clone(),
            published_at: (!document.draft).then_some(work.created_at),
            created_at: Some(created_at(work)),
            ..NewPost::draft(PostKind::Post, document.title.clone(), content)
        }
    }

    /// What the file says replaces what stands; what it does not say stays, and so does the trash.
    fn patch(&self, work: &Work, post: &KnownPost, content: String, cover: Option<String>) -> PostPatch {
        let document = &work.document;
        let (tags, authors) = (self.names.tags_of(work), self.names.authors_of(work));
        let new_slug = document.slug_chosen && document.slug.as_str() != post.slug;
        PostPatch {
            title: Some(document.title.clone()),
            content: Some(content),
            slug: new_slug.then(|| Some(document.slug.to_string())),
            excerpt: document.excerpt.clone().map(Some),
            category_id: self.names.category_of(work).map(Some),
            tag_ids: (!tags.is_empty()).then_some(tags),
            author_ids: (!authors.is_empty()).then_some(authors),
            status: (!post.trashed).then(|| status(work)),
            cover_image: cover.map(Some),
            comments_open: None,
            published_at: (!document.draft).then_some(work.created_at),
            permalink: Some(document.permalink.clone()),
            aliases: document.aliases.clone(),
        }
    }
}

/// With a date that lies ahead, a published post is scheduled.
fn status(work: &Work) -> PostStatus {
    if work.document.draft { PostStatus::Draft } else { PostStatus::Published }
}

/// What comes out at a date that lies ahead has been made by now. A draft keeps its date, which it has nowhere else.
fn created_at(work: &Work) -> Timestamp {
    if work.document.draft { work.created_at } else { work.created_at.min(Timestamp::now()) }
}

fn unreadable(file: &Path, error: &std::io::Error) -> ApiError {
    ApiError::new(ErrorCode::NotFound, format!("{} cannot be read: {error}", file.display()))
}
