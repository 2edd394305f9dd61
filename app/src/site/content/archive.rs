//! The archive of a content type.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse};

use super::{archive_path, fields};
use crate::{
    content::{ContentType, Entry},
    error::Result,
    site::{
        Site,
        answer::{HTML, document},
        encode,
        pagination::pagination,
    },
    themes::{
        self,
        context::{ContentArchivePage, ContentSummary, PageContext},
    },
};

/// No archive goes on so far; databases count no further than this.
const LAST_PAGE: u64 = 1 << 40;

impl Site {
    /// A page of the archive; none when there is no such page.
    pub(super) async fn content_archive(
        &self,
        request: &HttpRequest,
        content_type: &Arc<ContentType>,
        page: u64,
    ) -> Result<Option<HttpResponse>> {
        let Some(archive) = archive_path(content_type).filter(|_| page <= LAST_PAGE) else { return Ok(None) };
        let path = |page: u64| if page == 1 { archive.clone() } else { format!("{archive}/page/{page}") };
        let per_page = self.settings.site().await?.posts_per_page.clamp(1, 100);
        let offset = page.saturating_sub(1).saturating_mul(per_page);
        let (entries, entry_count) = self.entries.published(content_type, offset, per_page).await?;
        let url = |page| encode(&path(page)).into_owned();
        let Some(pagination) = pagination(page, entry_count, per_page, url) else { return Ok(None) };
        let content_type_context = self.content_type_context(content_type).await?;
        let plural = &content_type.definition.plural;
        let head = PageContext {
            kind: "content-archive",
            title: if page == 1 { plural.clone() } else { format!("{plural}, page {page}") },
            description: content_type.definition.description.clone(),
            canonical: Some(self.links.absolute(&path(page))),
            og_type: "website",
            prev: pagination.newer.clone(),
            next: pagination.older.clone(),
            feed: content_type_context.feed.clone(),
            ..PageContext::default()
        };
        let context = ContentArchivePage {
            frame: self.frame(&path(page), head).await?,
            content_type: content_type_context,
            entries: entries.iter().map(|entry| self.content_summary(content_type, entry)).collect(),
            entry_count,
            pagination,
        };
        let templates = themes::content_archive_templates(content_type.name());
        let body = self.themes.render_fitting(&templates, context)?;
        Ok(Some(document(request, HTML, body)))
    }

    /// An entry as lists show it.
    pub(super) fn content_summary(&self, content_type: &ContentType, entry: &Entry) -> ContentSummary {
        let has_page = self.content_pages(content_type).entries;
        let path = entry.path(&content_type.definition).filter(|_| has_page);
        summary(content_type, entry, path.map(|path| encode(&path).into_owned()))
    }
}

/// An entry as lists show it, with its page at this address.
pub(super) fn summary(content_type: &ContentType, entry: &Entry, url: Option<String>) -> ContentSummary {
    let definition = &content_type.definition;
    let display = fields::public(&definition.fields).map(|field| {
        let value = entry.fields.get(field.name.as_str());
        (field.name.to_string(), value.and_then(|value| fields::display(field, value)))
    });
    let published_at = entry.published_at.unwrap_or(entry.created_at);
    ContentSummary {
        id: entry.id.to_string(),
        title: fields::title(definition, entry),
        url,
        published_at: definition.timestamps.then(|| published_at.to_rfc3339()),
        excerpt: fields::excerpt(definition, &entry.fields),
        values: fields::values(&definition.fields, &entry.fields),
        display: display.collect(),
    }
}
