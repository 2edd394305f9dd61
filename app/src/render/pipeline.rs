//! From Markdown to what readers get, with plugins in between and the sanitiser always last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use fleuron_plugin_host::{CallContext, Filtered, HookPoint, PluginHost, hook};
use moka::{Expiry, future::Cache};

use super::{
    markdown,
    sanitize::{self, SafeHtml},
};
use crate::{
    error::{ApiError, Result},
    ids::PostId,
    plugins::refused,
    posts::Post,
};

/// Bytes of rendered HTML that are kept.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;
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
    cache: Cache<Key, Rendered>,
}

/// A render is good for one version of the content and one generation of plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    post: PostId,
    version: i64,
    generation: u64,
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
    pub fn new(hooks: PluginHost) -> Self {
        let weight = |_: &Key, rendered: &Rendered| {
            u32::try_from(rendered.html.as_str().len() + 128).unwrap_or(u32::MAX)
        };
        let cache =
            Cache::builder().max_capacity(KEPT_BYTES).weigher(weight).expire_after(AfterFailure).build();
        Self { hooks, cache }
    }

    /// The content of a post or page. Rendered once however many wait for it.
    pub async fn post(&self, post: &Post) -> Result<Arc<SafeHtml>> {
        let key = Key { post: post.id, version: post.version, generation: self.hooks.generation() };
        if let Some(rendered) = self.cache.get(&key).await {
            return Ok(rendered.html);
        }
        let context = CallContext {
            entity_id: Some(post.id.to_string()),
            entity_version: Some(post.version),
            ..CallContext::default()
        };
        let render = Box::pin(self.render(&post.content, &context));
        let rendered = self.cache.try_get_with(key, render).await.map_err(|error: Arc<ApiError>| {
            let copy = ApiError::new(error.code(), error.detail());
            copy.caused_by(error.to_string())
        })?;
        Ok(rendered.html)
    }

    /// A comment: a stricter, plain pipeline without plugins.
    pub fn comment(&self, markdown: &str) -> SafeHtml {
        sanitize::comment(&markdown::comment_to_html(markdown))
            .unwrap_or_else(|_| sanitize::escaped(markdown))
    }

    async fn render(&self, markdown: &str, context: &CallContext) -> Result<Rendered> {
        let (html, mut failed) = self.markdown(markdown, context).await?;
        let html = if self.hooks.listens(HookPoint::FilterHtml) {
            let Filtered { payload, failed: filter_failed, .. } =
                self.hooks.filter::<hook::FilterHtml>(html, context, acceptable).await.map_err(refused)?;
            failed |= filter_failed;
            payload
        } else {
            html
        };
        let html = off_thread(html, |html| {
            sanitize::content(&html).unwrap_or_else(|error| {
                tracing::warn!(%error, "content is nested too deep; showing it as plain text");
                sanitize::escaped(&html)
            })
        })
        .await?;
        Ok(Rendered { html: Arc::new(html), failed })
    }

    async fn markdown(&self, markdown: &str, context: &CallContext) -> Result<(String, bool)> {
        let mut failed = false;
        if self.hooks.listens(HookPoint::RenderMarkdown) {
            let (answer, render_failed) =
                self.hooks.render(markdown.to_owned(), context, acceptable).await.map_err(refused)?;
            failed = render_failed;
            if let Some(html) = answer {
                return Ok((html, failed));
            }
        }
        let html = off_thread(markdown.to_owned(), |markdown| markdown::to_html(&markdown)).await?;
        Ok((html, failed))
    }
}

/// What a filter may answer: not too long, not too deep for the sanitiser.
#[expect(
    clippy::ptr_arg,
    reason = "the hook's payload is a String, and a check takes a reference to the payload"
)]
fn acceptable(html: &String) -> Result<(), String> {
    if html.len() > HTML_LENGTH {
        return Err(format!("{} bytes of HTML; at most {HTML_LENGTH} are taken", html.len()));
    }
    super::depth::check(html).map_err(|error| error.to_string())
}

/// Short texts are worked on right here, long ones on a blocking thread.
async fn off_thread<T: Send + 'static>(text: String, work: fn(String) -> T) -> Result<T> {
    if text.len() < LONG {
        return Ok(work(text));
    }
    tokio::task::spawn_blocking(move || work(text)).await.map_err(ApiError::internal)
}
