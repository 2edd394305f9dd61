//! What content types have in feeds and in the sitemap.

use std::{fmt::Write, sync::Arc};

use actix_web::{HttpRequest, HttpResponse};

use super::{
    atom::{self, Entry, Feed},
    http::{ATOM, ENTRIES},
    sitemap::Location,
    xml,
};
use crate::{
    auth::Actor,
    content::{
        self, ContentType, EntryStatus,
        definition::{Sort, SortKey},
        model::EntryList,
    },
    error::Result,
    site::{Pages, Site, archive_path, document, feed_path},
    themes::{
        GENERATOR,
        context::{ContentContext, ContentField, ContentLink},
    },
};

/// Paths that are read at once.
const SLICE: u64 = 1_000;

/// A content type that has pages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    content_type: Arc<ContentType>,
    pages: Pages,
}

/// The types whose pages are in the sitemap.
pub(super) async fn listed(site: &Site) -> Result<Vec<Listed>> {
    let types = site.types.types().await?;
    let listed = types.served().map(|content_type| Listed {
        content_type: Arc::clone(content_type),
        pages: site.content_pages(content_type),
    });
    Ok(listed.filter(|listed| listed.pages.any()).collect())
}

/// Adds the pages of entries and the archives that have entries, until there are `most` locations.
pub(super) async fn locate(
    site: &Site,
    listed: &[Listed],
    most: u64,
    locations: &mut Vec<Location>,
) -> Result<()> {
    for Listed { content_type, pages } in listed {
        let has_timestamps = content_type.definition.timestamps;
        let mut has_entries = false;
        let mut after = 0;
        loop {
            let have = u64::try_from(locations.len()).unwrap_or(u64::MAX);
            let room = if pages.entries { most.saturating_sub(have) } else { 0 };
            let Some(limit) = next_slice(room, has_entries) else { break };
            let found = site.entries.published_paths(content_type, after, limit).await?;
            let Some(last) = found.last() else { break };
            after = last.seq;
            has_entries = true;
            if room == 0 {
                break;
            }
            locations.extend(found.iter().map(|entry| Location {
                url: site.links.absolute(&entry.path),
                changed: has_timestamps.then_some(entry.updated_at),
            }));
        }
        if let Some(path) = archive_path(content_type).filter(|_| pages.archive && has_entries) {
            locations.push(Location { url: site.links.absolute(&path), changed: None });
        }
    }
    Ok(())
}

/// How many paths are read next; none when there is no room for more. Where there never was any, one still tells that
/// the archive has entries.
fn next_slice(room: u64, has_entries: bool) -> Option<u64> {
    match room {
        0 if has_entries => None,
        0 => Some(1),
        room => Some(room.min(SLICE)),
    }
}

/// Published entries, those that came out last first.
fn newest(limit: u64) -> EntryList {
    EntryList {
        status: EntryStatus::Published,
        created_by: None,
        conditions: Vec::new(),
        search: None,
        sort: Sort { key: SortKey::PublishedAt, descending: true },
        after: None,
        limit,
    }
}

/// The Atom feed of a content type.
pub(crate) async fn content_feed(
    site: &Site,
    request: &HttpRequest,
    content_type: &Arc<ContentType>,
) -> Result<HttpResponse> {
    let (found, _) = site.entries.list(&Actor::Anonymous, content_type, newest(ENTRIES)).await?;
    let shown = site.content_contexts(content_type, &found).await?;
    let pairs = found.iter().zip(shown);
    let entries = pairs.map(|(entry, shown)| feed_entry(site, content_type, entry, shown)).collect();
    let settings = site.settings.site().await?;
    let definition = &content_type.definition;
    let archive = archive_path(content_type).filter(|_| site.content_pages(content_type).archive);
    let feed = Feed {
        title: format!("{} · {}", definition.plural, settings.title),
        subtitle: definition.description.clone(),
        language: settings.language.clone(),
        site_url: site.links.absolute(archive.as_deref().unwrap_or("/")),
        self_url: site.links.absolute(&feed_path(content_type).unwrap_or_default()),
        generator: GENERATOR,
        entries,
    };
    Ok(document(request, ATOM, atom::write(&feed)))
}

fn feed_entry(
    site: &Site,
    content_type: &ContentType,
    entry: &content::Entry,
    shown: ContentContext,
) -> Entry {
    let definition = &content_type.definition;
    Entry {
        id: entry.id.0,
        url: site.links.absolute(&entry.path(definition).unwrap_or_default()),
        published: entry.published_at.unwrap_or(entry.created_at),
        updated: entry.updated_at,
        authors: shown.author.iter().map(|author| author.name.clone()).collect(),
        categories: Vec::new(),
        html: body(&shown, definition.title_field.as_ref().map(content::definition::FieldName::as_str)),
        title: shown.summary.title,
        summary: shown.summary.excerpt.unwrap_or_default(),
    }
}

/// All that an entry's page shows, as HTML: a line for each short field, Markdown as it is, groups as tables.
fn body(entry: &ContentContext, title_field: Option<&str>) -> String {
    let mut out = String::new();
    for field in &entry.fields {
        if field.kind == "slug" || title_field == Some(field.name.as_str()) {
            continue;
        }
        if let Some(html) = field.html.as_ref().and_then(|html| html.as_str()) {
            out.push_str(html);
            out.push('\n');
            continue;
        }
        let label = escaped(&field.label);
        // Writing to a string never fails.
        let _ = if field.rows.is_empty() {
            writeln!(out, "<p><strong>{label}:</strong> {}</p>", cell(field))
        } else {
            writeln!(out, "<p><strong>{label}</strong></p>\n{}", table(field))
        };
    }
    out
}

fn table(group: &ContentField) -> String {
    let head = row(group.columns.iter().map(|column| format!("<th>{}</th>", escaped(column))));
    let items = group.rows.iter().map(|cells| row(cells.iter().map(|it| format!("<td>{}</td>", cell(it)))));
    format!("<table>{head}{}</table>", items.collect::<String>())
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("<tr>{}</tr>", cells.collect::<String>())
}

/// One value as HTML.
fn cell(field: &ContentField) -> String {
    if let Some(html) = field.html.as_ref().and_then(|html| html.as_str()) {
        return html.to_owned();
    }
    if !field.links.is_empty() {
        return field.links.iter().map(link).collect::<Vec<_>>().join(", ");
    }
    let text = field.value.as_deref().unwrap_or_default();
    match &field.url {
        Some(url) => link(&ContentLink { title: text.to_owned(), url: Some(url.clone()) }),
        None => escaped(text),
    }
}

fn link(link: &ContentLink) -> String {
    let title = escaped(&link.title);
    match &link.url {
        Some(url) => format!("<a href=\"{}\">{title}</a>", escaped(url)),
        None => title,
    }
}

/// For text and for attributes in double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    xml::text(&mut out, text);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{ContentContext, ContentField, ContentLink, SLICE, body, next_slice};
    use crate::themes::context::ContentSummary;

    fn field(name: &str, kind: &'static str, value: &str) -> ContentField {
        ContentField {
            name: name.into(),
            label: format!("<{name}>"),
            kind,
            value: Some(value.into()),
            ..ContentField::default()
        }
    }

    fn entry(fields: Vec<ContentField>) -> ContentContext {
        ContentContext {
            summary: ContentSummary {
                id: String::new(),
                title: "Title".into(),
                url: None,
                published_at: None,
                excerpt: None,
                values: serde_json::Map::new(),
                display: BTreeMap::new(),
            },
            updated_at: None,
            author: None,
            fields,
            html: BTreeMap::new(),
            relations: BTreeMap::new(),
        }
    }

    #[test]
    fn a_full_sitemap_still_asks_whether_an_archive_has_entries() {
        assert_eq!(next_slice(0, false), Some(1));
        assert_eq!(next_slice(0, true), None);
        assert_eq!((next_slice(7, false), next_slice(7, true)), (Some(7), Some(7)));
        assert_eq!(next_slice(u64::MAX, true), Some(SLICE));
    }

    #[test]
    fn a_feed_has_all_that_the_page_shows() {
        let html = minijinja::Value::from_safe_string("<p>Words</p>".into());
        let ada = ContentLink { title: "Ada & Co".into(), url: Some("/authors/ada".into()) };
        let bob = ContentLink { title: "Bob".into(), url: None };
        let text = body(
            &entry(vec![
                field("title", "text", "Title"),
                field("slug", "slug", "title"),
                field("venue", "text", "A <b> & c"),
                ContentField { html: Some(html), value: None, ..field("body", "markdown", "") },
                ContentField { links: vec![ada, bob], ..field("people", "relation", "Ada & Co, Bob") },
                ContentField { url: Some("https://example.com/?a&b".into()), ..field("site", "url", "x") },
                ContentField {
                    columns: vec!["Amount".into()],
                    rows: vec![vec![field("amount", "number", "5")], vec![ContentField::default()]],
                    ..field("parts", "group", "")
                },
            ]),
            Some("title"),
        );
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "<p><strong>&lt;venue&gt;:</strong> A &lt;b&gt; &amp; c</p>",
                "<p>Words</p>",
                "<p><strong>&lt;people&gt;:</strong> <a href=\"/authors/ada\">Ada &amp; Co</a>, Bob</p>",
                "<p><strong>&lt;site&gt;:</strong> <a href=\"https://example.com/?a&amp;b\">x</a></p>",
                "<p><strong>&lt;parts&gt;</strong></p>",
                "<table><tr><th>Amount</th></tr><tr><td>5</td></tr><tr><td></td></tr></table>",
            ]
        );
    }
}
