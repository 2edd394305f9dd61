//! The page of an entry.

use std::{collections::HashMap, slice, sync::Arc};

use super::fields::{self, Material};
use crate::{
    content::{ContentType, Entry},
    error::{ApiError, Result},
    ids::UserId,
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
        let mut contexts = self.content_contexts(content_type, slice::from_ref(entry)).await?;
        let entry_context = contexts.pop().ok_or_else(|| ApiError::internal("an entry has no context"))?;
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

    /// Entries with all that is shown of them, in their order. What they refer to and who made them is asked for once.
    pub(crate) async fn content_contexts(
        &self,
        content_type: &Arc<ContentType>,
        entries: &[Entry],
    ) -> Result<Vec<ContentContext>> {
        let relations = self.content_relations(content_type, entries).await?;
        let authors = self.content_authors(content_type, entries).await?;
        let mut contexts = Vec::with_capacity(entries.len());
        for (entry, relations) in entries.iter().zip(relations) {
            let material = Material { html: self.content_html(content_type, entry).await?, relations };
            let author = entry.created_by.and_then(|creator| authors.get(&creator).cloned());
            let summary = self.content_summary(content_type, entry);
            contexts.push(assemble(content_type, entry, summary, author, &material));
        }
        Ok(contexts)
    }

    /// Who made the entries; nobody where the type does not say.
    async fn content_authors(
        &self,
        content_type: &ContentType,
        entries: &[Entry],
    ) -> Result<HashMap<UserId, NamedLink>> {
        if !content_type.definition.authorship {
            return Ok(HashMap::new());
        }
        let mut creators: Vec<UserId> = entries.iter().filter_map(|entry| entry.created_by).collect();
        creators.sort_unstable();
        creators.dedup();
        let authors = self.users.authors(&creators).await?;
        Ok(authors.into_iter().map(|author| (author.id, author_link(author))).collect())
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
