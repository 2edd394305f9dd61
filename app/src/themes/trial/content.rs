//! A made-up content type and an entry of it, with every kind of field or with none.

use std::collections::BTreeMap;

use minijinja::Value;
use serde_json::json;

use super::{ID, MOMENT, frame, link, many, pagination, some};
use crate::themes::context::{
    ContentArchivePage, ContentContext, ContentField, ContentLink, ContentPage, ContentSummary,
    ContentTypeContext,
};

/// The page of an entry.
pub(super) fn entry(full: bool) -> ContentPage {
    let html = Value::from_safe_string("<p>Content</p>".into());
    ContentPage {
        frame: frame("content", full),
        content_type: content_type(full),
        entry: ContentContext {
            summary: summary(full),
            updated_at: some(full, "2026-02-28T12:00:00.000Z"),
            author: full.then(link),
            fields: if full { fields() } else { Vec::new() },
            html: BTreeMap::from([("body".into(), full.then_some(html))]),
            relations: BTreeMap::from([("people".into(), if full { links() } else { Vec::new() })]),
        },
    }
}

/// A page of the archive.
pub(super) fn archive(full: bool) -> ContentArchivePage {
    ContentArchivePage {
        frame: frame("content-archive", full),
        content_type: content_type(full),
        entries: if full { vec![summary(true), summary(false)] } else { Vec::new() },
        entry_count: if full { 2 } else { 0 },
        pagination: pagination(full),
    }
}

fn content_type(full: bool) -> ContentTypeContext {
    ContentTypeContext {
        name: "thing".into(),
        singular: "Thing".into(),
        plural: "Things".into(),
        description: some(full, "What there is."),
        title_field: some(full, "title"),
        labels: BTreeMap::from([("title".into(), "Title".into())]),
        url: some(full, "/things"),
        feed: full.then(|| super::feed("/things/feed.xml")),
    }
}

fn summary(full: bool) -> ContentSummary {
    let values = json!({ "title": full.then_some("Title") });
    ContentSummary {
        id: ID.into(),
        title: "Title".into(),
        url: some(full, "/things/title"),
        published_at: some(full, MOMENT),
        excerpt: some(full, "Excerpt"),
        values: values.as_object().cloned().unwrap_or_default(),
        display: BTreeMap::from([("title".into(), some(full, "Title"))]),
    }
}

fn links() -> Vec<ContentLink> {
    let link = |url: Option<&str>| ContentLink { title: "Ada".into(), url: url.map(str::to_owned) };
    vec![link(Some("/authors/ada")), link(None)]
}

/// A field of every kind, and a group with them, in which cells may be empty.
fn fields() -> Vec<ContentField> {
    let mut fields = single_fields();
    let cells: Vec<ContentField> =
        fields.iter().filter(|field| !["slug", "relation"].contains(&field.kind)).cloned().collect();
    let empty: Vec<ContentField> = cells.iter().map(|cell| field(&cell.name, cell.kind, None)).collect();
    fields.push(ContentField {
        columns: cells.iter().map(|cell| cell.label.clone()).collect(),
        rows: many(true, cells).into_iter().chain([empty]).collect(),
        ..field("parts", "group", None)
    });
    fields
}

fn single_fields() -> Vec<ContentField> {
    let html = Value::from_safe_string("<p>Content</p>".into());
    let timed = |name: &str, kind, moment: &str| ContentField {
        datetime: Some(moment.into()),
        ..field(name, kind, Some("31 January 2026"))
    };
    let leading =
        |name: &str, kind, url: &str| ContentField { url: Some(url.into()), ..field(name, kind, Some("x")) };
    vec![
        field("title", "text", Some("Title")),
        ContentField { html: Some(html), ..field("body", "markdown", None) },
        field("price", "number", Some("12.5")),
        field("seats", "integer", Some("12")),
        field("open", "boolean", Some("Yes")),
        timed("day", "date", "2026-01-31"),
        timed("begin", "datetime", MOMENT),
        ContentField { items: many(true, "One".into()), ..field("tags", "select", Some("One, One")) },
        leading("mail", "email", "mailto:ada@example.com"),
        leading("site", "url", "https://example.com/"),
        field("slug", "slug", Some("title")),
        field("data", "json", Some("{}")),
        ContentField { links: links(), ..field("people", "relation", Some("Ada, Ada")) },
    ]
}

fn field(name: &str, kind: &'static str, value: Option<&str>) -> ContentField {
    ContentField {
        name: name.into(),
        label: name.into(),
        kind,
        value: value.map(str::to_owned),
        ..ContentField::default()
    }
}
