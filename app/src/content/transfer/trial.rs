//! Reading lines as an import does, without a word to the site.

use std::pin::pin;

use actix_web::web::Bytes;
use futures_util::Stream;

use super::{
    line,
    lines::{Line, Lines},
    summary::{ImportProgress, ImportSummary},
};
use crate::{
    content::{
        ContentType, EntryStatus, Field, Kind,
        check::{fields as check_fields, with_defaults},
    },
    error::{FieldError, Result},
    ids::EntryId,
};

/// Reads and checks lines as an import does, and writes nothing. What only the site knows is not looked at: whether a
/// value is taken, or what a relation leads to is there.
pub async fn check(
    content_type: &ContentType,
    lines: impl Stream<Item = Result<Bytes>>,
    progress: &(dyn Fn(ImportProgress) + Send + Sync),
) -> Result<ImportSummary> {
    let lines = pin!(lines);
    let mut lines = Lines::new(lines);
    let mut summary = ImportSummary::default();
    while let Some(found) = lines.next().await? {
        summary.read += 1;
        match check_line(content_type, &found) {
            Ok(()) => summary.created += 1,
            Err((id, errors)) => summary.fail(found.number, id, errors),
        }
        let (read, failed) = (summary.read, summary.failed);
        progress(ImportProgress { bytes: lines.bytes(), read, done: read, failed });
    }
    Ok(summary)
}

fn check_line(content_type: &ContentType, found: &Line) -> Result<(), (Option<EntryId>, Vec<FieldError>)> {
    let mut new = line::read(found.text.as_deref(), content_type)?;
    let definition = &content_type.definition;
    with_defaults(definition, &mut new.fields);
    let is_complete = !definition.drafts || new.status == Some(EntryStatus::Published);
    // A slug that is left out is made from another field.
    let made = match definition.slug_field() {
        Some(Field { kind: Kind::Slug { from: Some(_) }, name, .. })
            if !new.fields.contains_key(name.as_str()) =>
        {
            Some(format!("fields.{name}"))
        }
        _ => None,
    };
    match check_fields(definition, &new.fields, is_complete) {
        Ok(_) => Ok(()),
        Err(faults) => {
            let faults: Vec<FieldError> =
                faults.into_iter().filter(|fault| Some(&fault.field) != made.as_ref()).collect();
            if faults.is_empty() { Ok(()) } else { Err((new.id, faults)) }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use futures_util::stream;
    use serde_json::json;

    use super::*;
    use crate::{
        clock::Timestamp,
        content::{definition::source::from_json, layout::Layout, model::Owner},
    };

    /// A type whose entries lead to each other.
    pub(in crate::content::transfer) fn notes() -> ContentType {
        let definition = from_json(&json!({
            "name": "note",
            "singular": "Note",
            "plural": "Notes",
            "fields": [
                { "name": "title", "kind": "text", "required": true },
                { "name": "slug", "kind": "slug", "from": "title", "required": true },
                { "name": "price", "kind": "number" },
                { "name": "related", "kind": "relation", "to": "note", "many": true },
            ],
        }));
        let mut layout = Layout::default();
        let definition = definition.unwrap();
        for field in &definition.fields {
            let key = layout.fresh();
            layout.keys.insert(field.name.to_string(), key);
        }
        let now = Timestamp::now();
        ContentType {
            number: 1,
            version: 1,
            owner: Owner::Api,
            enabled: true,
            definition,
            layout,
            created_at: now,
            updated_at: now,
        }
    }

    #[tokio::test]
    async fn lines_are_checked_without_a_site() {
        let text = concat!(
            "{\"status\":\"published\",\"fields\":{\"title\":\"A\"}}\n",
            "\n",
            "{\"fields\":{\"title\":\"A\",\"price\":\"much\",\"colour\":1}}\n",
            "{\"fields\":\n",
            "{\"status\":\"published\",\"fields\":{}}\n",
        );
        let lines = stream::iter([Ok(Bytes::from_static(text.as_bytes()))]);
        let summary = check(&notes(), lines, &|_| ()).await.unwrap();
        assert_eq!((summary.read, summary.created, summary.failed), (4, 1, 3));
        let named: Vec<(u64, Vec<&str>)> = summary
            .errors
            .iter()
            .map(|error| (error.line, error.errors.iter().map(|fault| fault.field.as_str()).collect()))
            .collect();
        assert_eq!(named[0].0, 3);
        assert!(named[0].1.contains(&"fields.price") && named[0].1.contains(&"fields.colour"), "{named:?}");
        assert_eq!(named[1], (4, vec![""]));
        assert_eq!(named[2], (5, vec!["fields.title"]));
    }
}
