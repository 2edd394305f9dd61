//! The rules of a post, in one place: for what people send and for what filters answer.

use fleuron_plugin_host::PostInput;
use url::Url;

use super::{Post, PostKind, PostStatus, Slug};
use crate::{
    auth::{Actor, Permission},
    error::{ApiError, ErrorCode, FieldError, Result},
    ids::{CategoryId, TagId},
    site::reserved,
    taxonomies::Terms,
};

/// Longest title, in characters.
pub const TITLE_LENGTH: usize = 300;
/// Longest content, in bytes.
pub const CONTENT_LENGTH: usize = 1024 * 1024;
/// Longest excerpt, in characters.
pub const EXCERPT_LENGTH: usize = 2000;
/// Longest address, in bytes.
pub const ADDRESS_LENGTH: usize = 2000;
/// Most tags of one post.
pub const TAGS: usize = 100;

/// Whose input is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Somebody who can be told to choose another slug.
    Client,
    /// A plugin, which makes slugs of titles by simple means and cannot know the site's own addresses: what it wants is
    /// made into a slug.
    Filter,
}

/// What of a post is open to filters, after every rule was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) title: String,
    pub(super) content: String,
    pub(super) slug: Option<Slug>,
    pub(super) excerpt: Option<String>,
    pub(super) category_id: Option<CategoryId>,
    pub(super) tag_ids: Option<Vec<TagId>>,
    pub(super) status: Option<PostStatus>,
    pub(super) cover_image: Option<String>,
}

/// Checks every rule and reports every fault. `kept_slug` is one that stands already: it may break newer rules.
pub(super) fn input(
    input: &PostInput,
    kept_slug: Option<&str>,
    terms: &Terms,
    source: Source,
) -> Result<Checked, Vec<FieldError>> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| faults.push(FieldError::new(field, message));
    let title = input.title.trim();
    match title.chars().count() {
        0 => fault("title", "Must not be empty.".into()),
        count if count > TITLE_LENGTH => {
            fault("title", format!("Must have at most {TITLE_LENGTH} characters; this has {count}."));
        }
        _ => {}
    }
    if title.chars().any(char::is_control) {
        fault("title", "Must be one line without control characters.".into());
    }
    if input.content.len() > CONTENT_LENGTH {
        fault(
            "content",
            format!("Must have at most {CONTENT_LENGTH} bytes; this has {}.", input.content.len()),
        );
    }
    if input.content.contains('\0') {
        fault("content", "Must not hold NUL characters.".into());
    }
    let slug =
        input.slug.as_deref().filter(|slug| Some(*slug) != kept_slug).and_then(|slug| {
            match Slug::parse(slug) {
                Ok(slug) => Some(slug),
                Err(_) if source == Source::Filter && slug.len() <= ADDRESS_LENGTH => Slug::of(slug),
                Err(message) => {
                    fault("slug", message);
                    None
                }
            }
        });
    let excerpt = input.excerpt.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if excerpt.is_some_and(|text| text.chars().count() > EXCERPT_LENGTH) {
        fault("excerpt", format!("Must have at most {EXCERPT_LENGTH} characters."));
    }
    if excerpt.is_some_and(|text| text.contains('\0')) {
        fault("excerpt", "Must not hold NUL characters.".into());
    }
    let category_id = input.category_id.as_deref().and_then(|id| {
        let known = id.parse().ok().filter(|id| terms.category(*id).is_some());
        known.or_else(|| {
            fault("category_id", format!("There is no category `{}`.", shortened(id)));
            None
        })
    });
    let tag_ids = input.tag_ids.as_ref().map(|ids| tags(ids, terms, &mut fault));
    let status = input.status.as_deref().and_then(|status| {
        PostStatus::parse(status).or_else(|| {
            let words = format!("`{}` is none of draft, scheduled, published, trash.", shortened(status));
            fault("status", words);
            None
        })
    });
    let cover_image = input.cover_image.as_deref().map(str::trim).filter(|address| !address.is_empty());
    if let Some(Err(message)) = cover_image.map(address) {
        fault("cover_image", message);
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(Checked {
        title: title.to_owned(),
        content: input.content.clone(),
        slug,
        excerpt: excerpt.map(str::to_owned),
        category_id,
        tag_ids,
        status,
        cover_image: cover_image.map(str::to_owned),
    })
}

fn tags(ids: &[String], terms: &Terms, fault: &mut impl FnMut(&str, String)) -> Vec<TagId> {
    if ids.len() > TAGS {
        fault("tag_ids", format!("Must be at most {TAGS}; these are {}.", ids.len()));
        return Vec::new();
    }
    let mut known: Vec<TagId> = Vec::with_capacity(ids.len());
    for id in ids {
        match id.parse().ok().filter(|id| terms.tag(*id).is_some()) {
            Some(id) if known.contains(&id) => {}
            Some(id) => known.push(id),
            None => fault("tag_ids", format!("There is no tag `{}`.", shortened(id))),
        }
    }
    known
}

/// An absolute http(s) URL, or a path on this site.
fn address(text: &str) -> Result<(), String> {
    let wrong = || "Must be an http(s) URL or a path on this site such as /media/cover.jpg.".to_owned();
    if text.len() > ADDRESS_LENGTH
        || text.chars().any(|character| character.is_control() || character == '\\')
    {
        return Err(wrong());
    }
    if text.starts_with('/') && !text.starts_with("//") {
        return Ok(());
    }
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(()),
        _ => Err(wrong()),
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

/// Whether the actor may create a post of this kind with this status.
pub(super) fn may_create(actor: &Actor, kind: PostKind, status: PostStatus) -> Result<()> {
    actor.require(Permission::WritePosts)?;
    if kind == PostKind::Page {
        actor.require(Permission::EditOthers)?;
    }
    if status.is_for_readers() { actor.require(Permission::PublishPosts) } else { Ok(()) }
}

/// Whether the actor may change this post so that it ends up with `status`.
pub(super) fn may_edit(actor: &Actor, post: &Post, status: PostStatus) -> Result<()> {
    actor.require(Permission::WritePosts)?;
    let own = post.kind == PostKind::Post && is_own(actor, post);
    if !own && !actor.may(Permission::EditOthers) {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "This needs the permission to edit everybody's posts and pages.",
        ));
    }
    if post.status.is_for_readers() || status.is_for_readers() {
        actor.require(Permission::PublishPosts)?;
    }
    Ok(())
}

/// Whether the actor may read it.
pub(super) fn may_read(actor: &Actor, post: &Post) -> bool {
    post.is_public()
        || actor.may(Permission::EditOthers)
        || (actor.may(Permission::WritePosts) && is_own(actor, post))
}

fn is_own(actor: &Actor, post: &Post) -> bool {
    actor.user_id().is_some_and(|id| post.created_by == Some(id) || post.author_ids.contains(&id))
}

/// A kept path: absolute, no empty, dot or reserved first segment. The error completes a sentence that begins with the
/// path.
pub(crate) fn permalink(path: &str) -> Result<String, String> {
    let path = format!("/{}", path.trim_matches('/'));
    let plausible = path.len() > 1
        && path.len() <= ADDRESS_LENGTH
        && !path.contains(['?', '#', '\\'])
        && !path.chars().any(|character| character.is_control())
        && path[1..].split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    if !plausible {
        return Err("is not a path on this site".into());
    }
    let first = path[1..].split('/').next().unwrap_or_default();
    if reserved::is_reserved(first) {
        return Err(format!("begins with /{first}, which belongs to the site itself"));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use fleuron_plugin_host::PostInput;

    use crate::taxonomies::Terms;

    #[test]
    fn every_fault_is_reported() {
        let input = PostInput {
            title: "  ".into(),
            content: "\0".into(),
            slug: Some("No Slug".into()),
            excerpt: Some("x".repeat(3000)),
            category_id: Some("nowhere".into()),
            tag_ids: Some(vec!["none".into()]),
            status: Some("gone".into()),
            cover_image: Some("javascript:alert(1)".into()),
        };
        let faults = super::input(&input, None, &Terms::default(), super::Source::Client).unwrap_err();
        let fields: Vec<_> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            ["title", "content", "slug", "excerpt", "category_id", "tag_ids", "status", "cover_image"]
        );
    }

    #[test]
    fn permalinks_stay_on_the_site() {
        assert_eq!(super::permalink("2019/11/07/A.html").unwrap(), "/2019/11/07/A.html");
        for wrong in ["", "/", "a/../b", "a//b", "api/v1", "a?b", "a\\b", "a\nb"] {
            assert!(super::permalink(wrong).is_err(), "{wrong:?}");
        }
    }
}
