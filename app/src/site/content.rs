//! Pages of content types that anybody may read: one for each entry, and an archive that lists them. There are those
//! that the theme has templates for.

mod archive;
mod fields;
mod page;
mod related;

use actix_web::{HttpRequest, HttpResponse};

use super::{
    Site,
    answer::{HTML, document, moved},
    encode,
    home::plain_number,
};
use crate::{
    content::{ContentType, definition::Requirement, entries::ResolvedEntry},
    error::Result,
    feeds::content_feed,
    themes::{
        self,
        context::{ContentTypeContext, FeedContext},
    },
};

/// The last segment of the address of a type's feed.
const FEED: &str = "feed.xml";

/// Which pages a content type has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Of its entries; then there is a feed, too.
    pub(crate) entries: bool,
    /// The archive.
    pub(crate) archive: bool,
}

impl Pages {
    /// Whether it has any.
    pub(crate) fn any(self) -> bool {
        self.entries || self.archive
    }
}

/// What stands at a path that no post has (decoded): an entry, an archive or a feed. Nothing where no type has pages
/// there.
pub(super) async fn find(site: &Site, request: &HttpRequest, path: &str) -> Result<Option<HttpResponse>> {
    let types = site.types.types().await?;
    let Some((content_type, rest)) = types.by_path(path) else {
        return Ok(types.moved(path).map(|path| moved(request, &path)));
    };
    let pages = site.content_pages(content_type);
    let without_slash = path.trim_end_matches('/');
    if pages.any() && without_slash != path {
        return Ok(Some(moved(request, without_slash)));
    }
    match rest {
        "" if pages.archive => site.content_archive(request, content_type, 1).await,
        FEED if pages.entries => content_feed(site, request, content_type).await.map(Some),
        _ if rest.contains('/') && pages.archive => {
            let number = rest.strip_prefix("page/").and_then(plain_number);
            match (number, archive_path(content_type)) {
                (Some(1), Some(path)) => Ok(Some(moved(request, &path))),
                (Some(page), _) => site.content_archive(request, content_type, page).await,
                _ => Ok(None),
            }
        }
        "" => Ok(None),
        _ if rest.contains('/') || !pages.entries => Ok(None),
        _ => match site.entries.resolve(content_type, rest).await? {
            Some(ResolvedEntry::Entry(entry)) => {
                let Some(own) = entry.path(&content_type.definition).filter(|_| entry.is_public()) else {
                    return Ok(None);
                };
                if own != path {
                    return Ok(Some(moved(request, &own)));
                }
                let body = site.content_page(content_type, &entry).await?;
                Ok(Some(document(request, HTML, body)))
            }
            Some(ResolvedEntry::MovedTo(path)) => Ok(Some(moved(request, &path))),
            None => Ok(None),
        },
    }
}

/// The path of a type's archive; none where the type has no pages.
pub(crate) fn archive_path(content_type: &ContentType) -> Option<String> {
    content_type.definition.permalink.as_ref().map(|permalink| permalink.prefix.clone())
}

/// The path of a type's feed; none where the type has no pages.
pub(crate) fn feed_path(content_type: &ContentType) -> Option<String> {
    archive_path(content_type).map(|archive| format!("{archive}/{FEED}"))
}

impl Site {
    /// Which pages a content type has: none unless anybody may read it.
    pub(crate) fn content_pages(&self, content_type: &ContentType) -> Pages {
        let definition = &content_type.definition;
        let is_public = definition.access.read == Requirement::Anyone;
        if !content_type.enabled || !is_public || definition.permalink.is_none() {
            return Pages::default();
        }
        let name = content_type.name();
        Pages {
            entries: self.themes.has(&themes::content_templates(name)),
            archive: self.themes.has(&themes::content_archive_templates(name)),
        }
    }

    /// The type as its pages show it.
    async fn content_type_context(&self, content_type: &ContentType) -> Result<ContentTypeContext> {
        let definition = &content_type.definition;
        let pages = self.content_pages(content_type);
        let labels = fields::public(&definition.fields);
        let feed = match feed_path(content_type).filter(|_| pages.entries) {
            Some(path) => {
                let title = format!("{} · {}", definition.plural, self.settings.site().await?.title);
                Some(FeedContext { title, url: encode(&path).into_owned() })
            }
            None => None,
        };
        let archive = archive_path(content_type).filter(|_| pages.archive);
        Ok(ContentTypeContext {
            name: content_type.name().to_owned(),
            singular: definition.singular.clone(),
            plural: definition.plural.clone(),
            description: Some(definition.description.clone()).filter(|text| !text.is_empty()),
            title_field: definition.title_field.as_ref().map(ToString::to_string),
            labels: labels.map(|field| (field.name.to_string(), field.label.clone())).collect(),
            url: archive.map(|path| encode(&path).into_owned()),
            feed,
        })
    }
}
