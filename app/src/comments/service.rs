//! The rules of comments.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use fleuron_plugin_host::{CallContext, CommentInput, Filtered, HookPoint, PluginHost, hook};

use super::{Comment, CommentStatus, NewComment, dto::UpdateCommentRequest, repo, write};
use crate::{
    auth::{
        Actor, Permission,
        limits::{Limiter, address_key},
    },
    clock::Timestamp,
    config::HttpConfig,
    database::Database,
    error::{ApiError, ErrorCode, FieldError, Result},
    events::{EventRecorder, Fact},
    http::{Cursor, IfMatch, Page},
    ids::{CommentId, PostId},
    plugins::refused,
    posts::{Post, PostService},
    users::{Email, UserService},
};

/// Longest comment, in characters.
pub const CONTENT_LENGTH: usize = 10_000;
/// Longest nickname, in characters.
pub const NICKNAME_LENGTH: usize = 80;
/// How many comments one page shows.
const SHOWN: u64 = 200;

/// Comments. Cheap to clone.
#[derive(Clone)]
pub struct CommentService {
    database: Database,
    posts: PostService,
    users: UserService,
    hooks: PluginHost,
    events: EventRecorder,
    flood: Arc<Limiter<IpAddr>>,
}

/// A comment whose every field was checked.
struct Checked {
    content: String,
    nickname: String,
    email: Option<String>,
    parent_id: Option<CommentId>,
}

impl CommentService {
    /// Puts the service together.
    pub fn new(
        database: Database,
        posts: PostService,
        users: UserService,
        hooks: PluginHost,
        events: EventRecorder,
        config: &HttpConfig,
    ) -> Self {
        let flood = Arc::new(Limiter::new(config.comment_burst, config.comment_interval));
        Self { database, posts, users, hooks, events, flood }
    }

    /// Writes a comment. Those of people who may write posts are approved at once, others wait for a moderator.
    /// Filters of `on-comment-creating` may change it, refuse it, or hold it for a moderator whoever wrote it.
    pub async fn create(
        &self,
        actor: &Actor,
        post_id: PostId,
        mut new: NewComment,
        address: IpAddr,
    ) -> Result<Comment> {
        let post = self.open_post(actor, post_id).await?;
        if !actor.may(Permission::ModerateComments) {
            self.flood.check(&address_key(address), "comments from this address")?;
        }
        self.sign(actor, &mut new).await?;
        let input = CommentInput {
            content: new.content,
            nickname: new.nickname,
            email: new.email,
            parent_id: new.parent_id.map(|id| id.to_string()),
        };
        let (checked, held) = self.filtered(actor, &post, input).await?;
        let trusted = actor.may(Permission::WritePosts) && !held;
        let now = Timestamp::now();
        let comment = Comment {
            id: CommentId::generate(),
            post_id: post.id,
            parent_id: checked.parent_id,
            user_id: actor.user_id(),
            nickname: checked.nickname,
            email: checked.email,
            content: checked.content,
            status: if trusted { CommentStatus::Approved } else { CommentStatus::Pending },
            created_at: now,
            updated_at: now,
            version: 1,
        };
        self.store(comment).await
    }

    /// What is left of the input after the filters, checked, and whether one of them wants it held.
    async fn filtered(&self, actor: &Actor, post: &Post, input: CommentInput) -> Result<(Checked, bool)> {
        let guest = actor.user_id().is_none();
        let checked = check(&input, guest).map_err(ApiError::validation)?;
        if !self.hooks.listens(HookPoint::OnCommentCreating) {
            return Ok((checked, false));
        }
        let (parent, signature) = (input.parent_id.clone(), (input.nickname.clone(), input.email.clone()));
        let allowed = move |answer: &CommentInput| {
            if answer.parent_id != parent {
                return Err("parent_id: A filter cannot move a comment to another thread.".to_owned());
            }
            if !guest && (&answer.nickname, &answer.email) != (&signature.0, &signature.1) {
                return Err("nickname: A filter cannot sign for somebody who is signed in.".to_owned());
            }
            check(answer, guest).map(|_| ()).map_err(|faults| FieldError::line(&faults))
        };
        let context = CallContext {
            parent_id: Some(post.id.to_string()),
            kind: Some("comment".to_owned()),
            acting_user: actor.user_id().map(|id| id.to_string()),
            ..CallContext::default()
        };
        let answer = self.hooks.filter::<hook::OnCommentCreating>(input, &context, allowed).await;
        let Filtered { payload, held, .. } = answer.map_err(refused)?;
        let checked = check(&payload, guest).map_err(ApiError::validation)?;
        Ok((checked, held))
    }

    async fn store(&self, comment: Comment) -> Result<Comment> {
        let events = self.events.clone();
        let (comment, fact) = self
            .database
            .write(comment, move |transaction, comment| {
                let events = events.clone();
                Box::pin(async move {
                    let fact = write::create(transaction, comment, &events).await?;
                    Ok((comment.clone(), fact))
                })
            })
            .await?;
        self.changed([fact]);
        Ok(comment)
    }

    /// The approved comments of a post, oldest first.
    pub async fn approved(&self, post: PostId) -> Result<Vec<Comment>> {
        Ok(repo::approved(self.database.reader(), post, SHOWN).await?)
    }

    /// How many approved comments each of the posts has.
    pub async fn counts(&self, posts: &[PostId]) -> Result<HashMap<PostId, i64>> {
        Ok(repo::counts(self.database.reader(), posts).await?)
    }

    /// The comment, if it is approved or the actor moderates.
    pub async fn find(&self, actor: &Actor, id: CommentId) -> Result<Option<Comment>> {
        let comment = repo::find(self.database.reader(), id).await?;
        let Some(comment) = comment else { return Ok(None) };
        if actor.may(Permission::ModerateComments) {
            return Ok(Some(comment));
        }
        let readable = self.posts.find(actor, comment.post_id).await?.is_some();
        Ok(Some(comment).filter(|comment| readable && comment.status == CommentStatus::Approved))
    }

    /// A page of comments: of one post oldest first, of all posts newest first.
    pub async fn list(
        &self,
        actor: &Actor,
        post: Option<PostId>,
        status: CommentStatus,
        cursor: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<Comment>> {
        if status != CommentStatus::Approved || post.is_none() {
            actor.require(Permission::ModerateComments)?;
        }
        if let Some(post) = post {
            self.posts.find(actor, post).await?.ok_or_else(|| ApiError::not_found("post"))?;
        }
        let items = repo::page(self.database.reader(), post, status, cursor, limit + 1).await?;
        Ok(Page::cut(items, limit, |comment| Cursor { key: comment.created_at.millis(), id: comment.id.0 }))
    }

    /// Approves, corrects or takes away a comment.
    pub async fn update(
        &self,
        actor: &Actor,
        id: CommentId,
        seen: IfMatch,
        request: UpdateCommentRequest,
    ) -> Result<Comment> {
        actor.require(Permission::ModerateComments)?;
        if let Some(fault) = request.content.as_deref().and_then(content_fault) {
            return Err(ApiError::validation(vec![fault]));
        }
        let events = self.events.clone();
        let (comment, fact) = self
            .database
            .write((request, actor.user_id()), move |transaction, (request, by)| {
                let events = events.clone();
                Box::pin(async move { write::update(transaction, id, seen, request, *by, &events).await })
            })
            .await?;
        self.changed([fact]);
        Ok(comment)
    }

    /// Removes a comment and its answers for good.
    pub async fn delete(&self, actor: &Actor, id: CommentId) -> Result<()> {
        actor.require(Permission::ModerateComments)?;
        let events = self.events.clone();
        let facts = self
            .database
            .write((id, actor.user_id()), move |transaction, (id, by)| {
                let events = events.clone();
                Box::pin(async move { write::delete(transaction, *id, *by, &events).await })
            })
            .await?;
        self.changed(facts.ok_or_else(|| ApiError::not_found("comment"))?);
        Ok(())
    }

    /// Removes the comments for good that have been spam or in the trash since before this moment, and answers how many.
    /// One that was answered stays for as long as its answers do: they would go with it.
    pub async fn purge(&self, before: Timestamp) -> Result<u64> {
        let mut purged = 0;
        loop {
            let events = self.events.clone();
            let facts = self
                .database
                .write(before, move |transaction, before| {
                    let events = events.clone();
                    Box::pin(async move { write::purge(transaction, *before, &events).await })
                })
                .await?;
            if facts.is_empty() {
                return Ok(purged);
            }
            purged += facts.len() as u64;
            self.changed(facts);
        }
    }

    /// After a commit: pages are stale, and what was recorded may be delivered.
    fn changed(&self, facts: impl IntoIterator<Item = Fact>) {
        self.database.changes().touch_content();
        self.events.committed(facts);
    }

    async fn open_post(&self, actor: &Actor, id: PostId) -> Result<Post> {
        let post = self.posts.find(actor, id).await?.ok_or_else(|| ApiError::not_found("post"))?;
        if !post.comments_open || !post.is_public() {
            return Err(ApiError::new(ErrorCode::CommentsClosed, "Comments on this post are closed."));
        }
        Ok(post)
    }

    /// A user comments under their own name, whatever the request says.
    async fn sign(&self, actor: &Actor, new: &mut NewComment) -> Result<()> {
        if let Some(id) = actor.user_id()
            && let Some(user) = self.users.find(id).await?
        {
            new.nickname = Some(user.display_name);
            new.email = user.email;
        }
        Ok(())
    }
}

fn content_fault(content: &str) -> Option<FieldError> {
    let length = content.trim().chars().count();
    if length == 0 {
        return Some(FieldError::new("content", "Must not be empty."));
    }
    if length > CONTENT_LENGTH {
        let message = format!("Must have at most {CONTENT_LENGTH} characters; this has {length}.");
        return Some(FieldError::new("content", message));
    }
    content.contains('\0').then(|| FieldError::new("content", "Must not hold NUL characters."))
}

fn check(input: &CommentInput, guest: bool) -> Result<Checked, Vec<FieldError>> {
    let mut faults: Vec<FieldError> = content_fault(&input.content).into_iter().collect();
    let nickname = input.nickname.as_deref().map(str::trim).unwrap_or_default();
    let length = nickname.chars().count();
    if length == 0 || length > 2 * NICKNAME_LENGTH || (guest && length > NICKNAME_LENGTH) {
        faults.push(FieldError::new("nickname", format!("Must have 1 to {NICKNAME_LENGTH} characters.")));
    }
    if nickname.chars().any(char::is_control) {
        faults.push(FieldError::new("nickname", "Must be one line without control characters."));
    }
    let email = match input.email.as_deref().map(str::trim).filter(|email| !email.is_empty()) {
        Some(email) => match Email::parse(email) {
            Ok(email) => Some(email.as_str().to_owned()),
            Err(message) => {
                faults.push(FieldError::new("email", message));
                None
            }
        },
        None if guest => {
            faults.push(FieldError::new("email", "Guests must give one; only moderators see it."));
            None
        }
        None => None,
    };
    let parent_id = input.parent_id.as_deref().and_then(|id| {
        let parsed = id.parse().ok();
        if parsed.is_none() {
            faults.push(FieldError::new("parent_id", "There is no such comment on this post."));
        }
        parsed
    });
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Checked { content: input.content.trim().to_owned(), nickname: nickname.to_owned(), email, parent_id })
}

impl From<&Comment> for CommentInput {
    fn from(comment: &Comment) -> Self {
        Self {
            content: comment.content.clone(),
            nickname: Some(comment.nickname.clone()),
            email: comment.email.clone(),
            parent_id: comment.parent_id.map(|id| id.to_string()),
        }
    }
}
