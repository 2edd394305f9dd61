//! The page of an entry.

use std::{collections::HashMap, sync::Arc};

use super::fields::{self, Material};
use crate::{
    content::{ContentType, Entry},
    error::Result,
    render::sanitize::SafeHtml,
    site::{Site, lists::author_link},
    themes::{
        self,
        context::{ContentContext, ContentPage, ContentSummary, NamedLink, PageContext},
    },
};

impl Site {
    /// The page of an entry.
    pub(super) async fn content_page(
        &self,
        content_type: &Arc<ContentType>,
        entry: &Entry,
    ) -> Result<String> {
        let entry_context = self.content_context(content_type, entry).await?;
        let content_type_context = self.content_type_context(content_type).await?;
        let path = entry.path(&content_type.definition).unwrap_or_default();
        let head = PageContext {
            kind: "content",
            title: entry_context.summary.title.clone(),
            description: entry_context.summary.excerpt.clone().unwrap_or_default(),
            canonical: Some(self.links.absolute(&path)),
            og_type: "article",
            published: entry_context.summary.published_at.clone(),
            modified: entry_context.updated_at.clone(),
            feed: content_type_context.feed.clone(),
            ..PageContext::default()
        };
        let context = ContentPage {
            frame: self.frame(&path, head).await?,
            content_type: content_type_context,
            entry: entry_context,
        };
        self.themes.render_fitting(&themes::content_templates(content_type.name()), context)
    }

    /// An entry with all that is shown of it.
    pub(crate) async fn content_context(
        &self,
        content_type: &Arc<ContentType>,
        entry: &Entry,
    ) -> Result<ContentContext> {
        let material = Material {
            html: self.content_html(content_type, entry).await?,
            relations: self.content_relations(content_type, entry).await?,
        };
        let creator = entry.created_by.filter(|_| content_type.definition.authorship);
        let author = match creator {
            Some(creator) => self.users.authors(&[creator]).await?.pop().map(author_link),
            None => None,
        };
        let summary = self.content_summary(content_type, entry);
        Ok(assemble(content_type, entry, summary, author, &material))
    }

    /// The Markdown that readers may see, made into HTML, by where it stands.
    async fn content_html(
        &self,
        content_type: &ContentType,
        entry: &Entry,
    ) -> Result<HashMap<String, Arc<SafeHtml>>> {
        let mut html = HashMap::new();
        for (place, text) in fields::markdown(&content_type.definition.fields, &entry.fields) {
            let rendered =
                self.renderer.content(content_type.name(), entry.id, entry.version, &place, text).await?;
            html.insert(place, rendered);
        }
        Ok(html)
    }
}

/// Puts together what was gathered.
fn assemble(
    content_type: &ContentType,
    entry: &Entry,
    summary: ContentSummary,
    author: Option<NamedLink>,
    material: &Material,
) -> ContentContext {
    let definition = &content_type.definition;
    let relations = fields::relations(definition, &entry.fields).into_iter().map(|(field, ..)| {
        let links = material.relations.get(field.name.as_str()).cloned().unwrap_or_default();
        (field.name.to_string(), links)
    });
    ContentContext {
        summary,
        updated_at: definition.timestamps.then(|| entry.updated_at.to_rfc3339()),
        author,
        fields: fields::shown(&definition.fields, &entry.fields, material),
        html: fields::html(&definition.fields, material).collect(),
        relations: relations.collect(),
    }
}

#[cfg(test)]
mod tests;
