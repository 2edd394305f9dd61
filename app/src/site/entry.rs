//! The page of a post, and of a page that stands alone.

use actix_web::{HttpRequest, HttpResponse, http::Method};
use minijinja::Value;
use url::form_urlencoded;

use super::{
    READING, Site,
    answer::{HTML, answer, document, method_not_allowed, moved, no_such_page},
    content, decode, encode,
    reserved::is_reserved,
    thread,
};
use crate::{
    comments::Comment,
    error::Result,
    ids::CommentId,
    posts::{Post, PostKind, model::Resolved, service::Heading},
    themes::{
        self,
        context::{
            CommentForm, CommentParent, EntryPage, PageContext, PostContext, Summary, TitledLink, safe,
        },
    },
};

/// As many comments as a page shows at most, the oldest first.
const COMMENTS_SHOWN: usize = 200;

const PENDING: &str = "Thank you. Your comment will appear here as soon as it has been approved.";
const APPROVED: &str = "Thank you. Your comment has been published.";

/// What no route took: a post or page by its address, or where it moved to, or what a content type has there, or the
/// page of an error.
pub async fn entry(request: HttpRequest) -> Result<HttpResponse> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(method_not_allowed(&request, READING).await);
    }
    Ok(answer(&request, Box::pin(show(&request))).await)
}

async fn show(request: &HttpRequest) -> Result<HttpResponse> {
    let site = Site::of(request)?;
    let path = decode(request.path()).ok_or_else(no_such_page)?;
    let mut found = site.posts.resolve(&path).await?;
    if found.is_none() && path != request.path() {
        // An imported address may hold percent signs of its own.
        found = site.posts.resolve(request.path()).await?;
    }
    match found {
        Some(Resolved::Post(post)) if post.path() == path || post.path() == request.path() => {
            let (form, reply_to) = form(request);
            let body = site.entry_page(&post, form, reply_to).await?;
            if request.method() == Method::GET {
                site.posts.count_view(post.id);
            }
            Ok(document(request, HTML, body))
        }
        Some(Resolved::Post(post)) => Ok(moved(request, &post.path())),
        Some(Resolved::MovedTo(path)) => Ok(moved(request, &path)),
        None => {
            if let Some(response) = Box::pin(content::find(&site, request, &path)).await? {
                return Ok(response);
            }
            without_slash(&path).map(|path| moved(request, path)).ok_or_else(no_such_page)
        }
    }
}

/// The address of one of our own routes that was written with a slash at the end.
fn without_slash(path: &str) -> Option<&str> {
    let trimmed = path.strip_suffix('/')?;
    let first = trimmed.strip_prefix('/')?.split('/').next()?;
    is_reserved(first).then_some(trimmed)
}

/// What the query asks of the comment form: to answer a comment, to say thank you.
fn form(request: &HttpRequest) -> (CommentForm, Option<CommentId>) {
    let mut form = CommentForm::default();
    let mut reply_to = None;
    for (key, value) in form_urlencoded::parse(request.query_string().as_bytes()) {
        match (key.as_ref(), value.as_ref()) {
            ("comment", "pending") => form.notice = Some(PENDING),
            ("comment", "approved") => form.notice = Some(APPROVED),
            ("reply_to", id) => reply_to = id.parse().ok(),
            _ => {}
        }
    }
    (form, reply_to)
}

impl Site {
    /// The page of a post with the comment form in this state.
    pub(super) async fn entry_page(
        &self,
        post: &Post,
        mut form: CommentForm,
        reply_to: Option<CommentId>,
    ) -> Result<String> {
        let html = self.renderer.post(post).await?;
        let is_post = post.kind == PostKind::Post;
        let (previous, next) = if is_post { self.posts.neighbours(post).await? } else { (None, None) };
        let mut comments = if is_post { self.comments.approved(post.id).await? } else { Vec::new() };
        let comment_count = self.comment_count(post, &comments).await?;
        comments.truncate(COMMENTS_SHOWN);
        form.action = format!("/comments/{}", post.id);
        form.parent = comments
            .iter()
            .find(|comment| Some(comment.id) == reply_to)
            .map(|comment| CommentParent { id: comment.id.to_string(), author: comment.nickname.clone() });
        let summary = self.summary(post, comment_count).await?;
        let context = EntryPage {
            frame: self.frame(&post.path(), self.head(post, &summary)).await?,
            post: PostContext {
                summary,
                html: safe(&html),
                id: post.id.to_string(),
                updated_at: post.updated_at.to_rfc3339(),
                comments_open: is_post && post.comments_open,
            },
            previous: previous.map(link),
            next: next.map(link),
            comments: thread::tree(self.rendered(comments).await?),
            comment_count,
            comment_form: form,
        };
        self.themes.render(if is_post { themes::POST } else { themes::PAGE }, context)
    }

    fn head(&self, post: &Post, summary: &Summary) -> PageContext {
        let is_post = post.kind == PostKind::Post;
        PageContext {
            kind: post.kind.as_str(),
            title: post.title.clone(),
            description: summary.excerpt.clone().unwrap_or_default(),
            canonical: Some(self.links.absolute(&post.path())),
            og_type: if is_post { "article" } else { "website" },
            image: post.cover_image.as_deref().map(|image| self.links.absolute(image)),
            published: is_post.then(|| summary.published_at.clone()),
            modified: is_post.then(|| post.updated_at.to_rfc3339()),
            ..PageContext::default()
        }
    }

    /// Only a page full of comments leaves some to be counted.
    async fn comment_count(&self, post: &Post, comments: &[Comment]) -> Result<i64> {
        if comments.len() < COMMENTS_SHOWN {
            return Ok(i64::try_from(comments.len()).unwrap_or(i64::MAX));
        }
        Ok(self.comments.counts(&[post.id]).await?.get(&post.id).copied().unwrap_or_default())
    }

    async fn rendered(&self, comments: Vec<Comment>) -> Result<Vec<(Comment, Value)>> {
        let rendered = self.renderer.comments(&comments).await?;
        Ok(comments.into_iter().zip(rendered.iter().map(|html| safe(html))).collect())
    }
}

fn link(heading: Heading) -> TitledLink {
    TitledLink { title: heading.title, url: encode(&heading.path).into_owned() }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::{form, without_slash};

    #[test]
    fn only_our_own_routes_lose_their_slash() {
        assert_eq!(without_slash("/tags/rust/"), Some("/tags/rust"));
        for path in ["/", "/tags", "/unknown/", "//evil.example/", "//tags/"] {
            assert_eq!(without_slash(path), None, "{path}");
        }
    }

    #[test]
    fn the_query_sets_the_form() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let uri = format!("/post?comment=pending&reply_to={id}&x=%ff");
        let (state, reply_to) = form(&TestRequest::with_uri(&uri).to_http_request());
        assert!(state.notice.is_some());
        assert_eq!(reply_to.unwrap().to_string(), id);
        let (state, reply_to) = form(&TestRequest::with_uri("/post?comment=x&reply_to=y").to_http_request());
        assert!(state.notice.is_none() && reply_to.is_none());
    }
}
