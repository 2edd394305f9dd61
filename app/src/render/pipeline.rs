//! From Markdown to what readers get, with plugins in between and the sanitiser always last.

use std::{
    hash::{DefaultHasher, Hasher},
    sync::Arc,
    time::{Duration, Instant},
};

use fleuron_plugin_host::{CallContext, Filtered, HookPoint, PluginHost, hook};
use moka::{Expiry, future::Cache};

use super::{
    depth, markdown,
    sanitize::{self, SafeHtml},
};
use crate::{
    comments::Comment,
    database::Changes,
    error::{ApiError, Result},
    ids::{CommentId, EntryId, PostId},
    plugins::refused,
    posts::Post,
};

/// Bytes of rendered HTML that are kept.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of rendered comments that are kept.
const COMMENT_BYTES_KEPT: u64 = 4 * 1024 * 1024;
/// Comments of more Markdown than this, in bytes, are rendered off the async threads.
const MANY_COMMENTS: usize = 50 * 1024;
/// How long a render is kept in which a filter failed.
const KEPT_AFTER_FAILURE: Duration = Duration::from_secs(30);
/// Longer Markdown, in bytes, is rendered off the async threads.
const LONG: usize = 16 * 1024;
/// The longest HTML that a filter may answer, in bytes.
const HTML_LENGTH: usize = 8 * 1024 * 1024;

/// Renders content. Cheap to clone.
#[derive(Clone)]
pub struct Renderer {
    hooks: PluginHost,
    changes: Changes,
    cache: Cache<Key, Rendered>,
    comments: Cache<(CommentId, i64), Arc<SafeHtml>>,
}

/// A render is good for one version of the content, one generation of plugins and of what administrators set for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    what: What,
    version: i64,
    generation: u64,
    settings: u64,
}

/// What is rendered.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// The content of a post or page.
    Post(PostId),
    /// A Markdown field of an entry. A change of its type may give it other text while its version stays, so a hash of
    /// the text counts, too.
    Field { entry: EntryId, field: Box<str>, text: u64 },
}

#[derive(Clone)]
struct Rendered {
    html: Arc<SafeHtml>,
    failed: bool,
}

/// Lets a render go early when a filter failed in it.
struct AfterFailure;

impl Expiry<Key, Rendered> for AfterFailure {
    fn expire_after_create(&self, _: &Key, rendered: &Rendered, _: Instant) -> Option<Duration> {
        rendered.failed.then_some(KEPT_AFTER_FAILURE)
    }
}

impl Renderer {
    /// A renderer over the plugins of this host.
    pub fn new(hooks: PluginHost, changes: Changes) -> Self {
        let weight = |_: &Key, rendered: &Rendered| {
            u32::try_from(rendered.html.as_str().len() + 128).unwrap_or(u32::MAX)
        };
        let cache =
            Cache::builder().max_capacity(KEPT_BYTES).weigher(weight).expire_after(AfterFailure).build();
        let weight = |_: &(CommentId, i64), html: &Arc<SafeHtml>| {
            u32::try_from(html.as_str().len() + 96).unwrap_or(u32::MAX)
        };
        let comments = Cache::builder().max_capacity(COMMENT_BYTES_KEPT).weigher(weight).build();
        Self { hooks, changes, cache, comments }
    }

    /// The content of a post or page. Rendered once however many wait for it.
    pub async fn post(&self, post: &Post) -> Result<Arc<SafeHtml>> {
        // Nobody acts: what is rendered for one reader is shown to all.
        let context = || CallContext {
            entity_id: Some(post.id.to_string()),
            entity_version: Some(post.version),
            kind: Some(post.kind.as_str().to_owned()),
            ..CallContext::default()
        };
        self.once(What::Post(post.id), post.version, &post.content, context).await
    }

    /// A Markdown field of an entry of this content type, as [`Self::post`] renders a post. `field` says which: `body`,
    /// or `agenda[2].notes` in a group.
    pub async fn content(
        &self,
        content_type: &str,
        entry: EntryId,
        version: i64,
        field: &str,
        markdown: &str,
    ) -> Result<Arc<SafeHtml>> {
        let mut hasher = DefaultHasher::new();
        hasher.write(markdown.as_bytes());
        let what = What::Field { entry, field: field.into(), text: hasher.finish() };
        let context = || CallContext {
            entity_id: Some(entry.to_string()),
            entity_version: Some(version),
            kind: Some(content_type.to_owned()),
            ..CallContext::default()
        };
        self.once(what, version, markdown, context).await
    }

    /// Renders unless that was done already, and once however many wait for it.
    async fn once(
        &self,
        what: What,
        version: i64,
        markdown: &str,
        context: impl FnOnce() -> CallContext,
    ) -> Result<Arc<SafeHtml>> {
        let generation = self.hooks.generation();
        let key = Key { what, version, generation, settings: self.changes.names() };
        if let Some(rendered) = self.cache.get(&key).await {
            return Ok(rendered.html);
        }
        let context = context();
        let render = Box::pin(self.render(markdown, &context));
        let rendered = self.cache.try_get_with(key, render).await;
        let rendered = rendered.map_err(|error: Arc<ApiError>| error.duplicate())?;
        Ok(rendered.html)
    }

    /// A comment: a stricter, plain pipeline without plugins. Rendered once for each version.
    pub async fn comment(&self, comment: &Comment) -> Result<Arc<SafeHtml>> {
        let mut rendered = self.comments(std::slice::from_ref(comment)).await?;
        rendered.pop().ok_or_else(|| ApiError::internal("a comment was rendered to nothing"))
    }

    /// Comments in their order, as [`Self::comment`] renders each.
    pub async fn comments(&self, comments: &[Comment]) -> Result<Vec<Arc<SafeHtml>>> {
        let mut rendered = Vec::with_capacity(comments.len());
        let mut missing = Vec::new();
        for (index, comment) in comments.iter().enumerate() {
            let known = self.comments.get(&(comment.id, comment.version)).await;
            if known.is_none() {
                missing.push((index, comment.content.clone()));
            }
            rendered.push(known.unwrap_or_default());
        }
        for (index, html) in render_comments(missing).await? {
            if let (Some(place), Some(comment)) = (rendered.get_mut(index), comments.get(index)) {
                self.comments.insert((comment.id, comment.version), Arc::clone(&html)).await;
                *place = html;
            }
        }
        Ok(rendered)
    }

    async fn render(&self, markdown: &str, context: &CallContext) -> Result<Rendered> {
        let (html, mut failed) = self.markdown(markdown, context).await?;
        let html = if self.hooks.listens(HookPoint::FilterHtml) {
            let html = match shallow(html).await? {
                Ok(html) => html,
                Err(plain) => return Ok(Rendered { html: Arc::new(plain), failed }),
            };
            // A filter that hands back what it got must not be blamed for the length of that.
            let longest = HTML_LENGTH.max(2 * html.len());
            let check = |answer: &String| acceptable(answer, longest);
            let Filtered { payload, failed: filter_failed, .. } =
                self.hooks.filter::<hook::FilterHtml>(html, context, check).await.map_err(refused)?;
            failed |= filter_failed;
            payload
        } else {
            html
        };
        let html =
            off_thread(html, |html| sanitize::content(&html).unwrap_or_else(|error| verbatim(&html, error)))
                .await?;
        Ok(Rendered { html: Arc::new(html), failed })
    }

    async fn markdown(&self, markdown: &str, context: &CallContext) -> Result<(String, bool)> {
        let mut failed = false;
        if self.hooks.listens(HookPoint::RenderMarkdown) {
            let check = |answer: &String| acceptable(answer, HTML_LENGTH);
            let (answer, render_failed) =
                self.hooks.render(markdown.to_owned(), context, check).await.map_err(refused)?;
            failed = render_failed;
            if let Some(html) = answer {
                return Ok((html, failed));
            }
        }
        let html = off_thread(markdown.to_owned(), |markdown| markdown::to_html(&markdown)).await?;
        Ok((html, failed))
    }
}

/// What a filter may answer: not too long, which is quickly seen, and not too deep for the sanitiser.
fn acceptable(html: &str, longest: usize) -> Result<(), String> {
    if html.len() > longest {
        return Err(format!("{} bytes of HTML; at most {longest} are taken", html.len()));
    }
    depth::check(html).map_err(|error| error.to_string())
}

/// The HTML if filters can work on it. What is nested too deep before they saw it is none of their faults, so it is
/// shown as plain text without asking them.
async fn shallow(html: String) -> Result<Result<String, SafeHtml>> {
    off_thread(html, |html| match depth::check(&html) {
        Ok(()) => Ok(html),
        Err(error) => Err(verbatim(&html, error)),
    })
    .await
}

fn verbatim(html: &str, error: depth::TooDeep) -> SafeHtml {
    tracing::warn!(%error, "content is nested too deep; showing it as plain text");
    sanitize::escaped(html)
}

/// Renders what is to stand at these places.
async fn render_comments(contents: Vec<(usize, String)>) -> Result<Vec<(usize, Arc<SafeHtml>)>> {
    let length: usize = contents.iter().map(|(_, content)| content.len()).sum();
    let work = move || {
        let render = |(index, content): (usize, String)| (index, Arc::new(comment_html(&content)));
        contents.into_iter().map(render).collect()
    };
    if length < MANY_COMMENTS {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}

fn comment_html(markdown: &str) -> SafeHtml {
    sanitize::comment(&markdown::comment_to_html(markdown)).unwrap_or_else(|_| sanitize::escaped(markdown))
}

/// Short texts are worked on right here, long ones on a blocking thread.
async fn off_thread<T: Send + 'static>(text: String, work: fn(String) -> T) -> Result<T> {
    if text.len() < LONG {
        return Ok(work(text));
    }
    tokio::task::spawn_blocking(move || work(text)).await.map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::{MANY_COMMENTS, acceptable, render_comments, shallow};

    #[actix_web::test]
    async fn many_comments_keep_their_places() {
        let contents =
            |words: usize| (0..4).map(move |n| (n, format!("*{n}*{}", " word".repeat(words)))).collect();
        for words in [1, MANY_COMMENTS / 4] {
            let rendered = render_comments(contents(words)).await.unwrap();
            assert_eq!(rendered.len(), 4);
            for (n, html) in rendered {
                assert!(html.as_str().starts_with(&format!("<p><em>{n}</em> word")), "{html:.40}");
            }
        }
    }

    #[actix_web::test]
    async fn what_is_too_deep_before_filters_is_shown_as_text() {
        assert_eq!(shallow("<p>x</p>".into()).await.unwrap(), Ok("<p>x</p>".into()));
        let plain = shallow("<div>".repeat(200)).await.unwrap().unwrap_err();
        assert!(plain.as_str().starts_with("<pre>\n&lt;div&gt;"), "{plain:.40}");
    }

    #[test]
    fn filters_may_answer_so_much() {
        assert_eq!(acceptable("<p>x</p>", 8), Ok(()));
        assert!(acceptable("<p>x</p>", 7).is_err());
        assert!(acceptable(&"<b>".repeat(200), 10_000).is_err());
    }
}
