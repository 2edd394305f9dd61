//! Values of entries as themes show them. Private fields are left out here, at the one place where everything passes.

use std::{collections::HashMap, sync::Arc};

use minijinja::Value as TemplateValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    content::{
        Entry, Field, Fields, Kind, TypeDefinition,
        definition::{Choice, Target},
        relation_ids,
    },
    render::{plain, sanitize::SafeHtml},
    themes::context::{ContentField, ContentLink, safe},
};

/// Characters of an excerpt that is made of a text.
const EXCERPT_LENGTH: usize = 200;
/// Fields of these names hold what their author wants to be shown in lists.
const SUMMARIES: [&str; 3] = ["summary", "excerpt", "description"];

/// What takes the renderer and the database to know of an entry.
#[derive(Default)]
pub(super) struct Material {
    /// Markdown by where it stands, made into HTML.
    pub(super) html: HashMap<String, Arc<SafeHtml>>,
    /// What relations lead to, by the names of their fields.
    pub(super) relations: HashMap<String, Vec<ContentLink>>,
}

/// The fields that readers may see.
pub(super) fn public(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| !field.private)
}

/// The fields of a group that readers may see.
fn columns(field: &Field) -> Vec<&Field> {
    match &field.kind {
        Kind::Group { fields, .. } => public(fields).collect(),
        _ => Vec::new(),
    }
}

/// All values that readers may see, as the API gives them; null where there is none, so that a template may ask.
pub(super) fn values(fields: &[Field], of: &Fields) -> Map<String, Value> {
    let value = |field: &Field| match (of.get(field.name.as_str()), &field.kind) {
        (Some(Value::Array(items)), Kind::Group { fields, .. }) => {
            items.iter().map(|item| item.as_object().map(|item| values(fields, item))).collect::<Value>()
        }
        (value, _) => value.cloned().unwrap_or_default(),
    };
    public(fields).map(|field| (field.name.to_string(), value(field))).collect()
}

/// The Markdown that readers may see and where it stands: `body`, or `agenda[2].notes` in a group.
pub(super) fn markdown<'a>(fields: &[Field], of: &'a Fields) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    for field in public(fields) {
        match (of.get(field.name.as_str()), &field.kind) {
            (Some(Value::String(text)), Kind::Markdown(_)) => {
                found.push((field.name.to_string(), text.as_str()));
            }
            (Some(Value::Array(items)), Kind::Group { fields, .. }) => {
                for (index, item) in items.iter().enumerate() {
                    let inside = item.as_object().map(|item| markdown(fields, item)).unwrap_or_default();
                    let placed =
                        |(place, text): (String, &'a str)| (within(&field.name, index, &place), text);
                    found.extend(inside.into_iter().map(placed));
                }
            }
            _ => {}
        }
    }
    found
}

fn within(group: &impl std::fmt::Display, index: usize, place: &str) -> String {
    format!("{group}[{index}].{place}")
}

/// The relations that readers may see, and the ids that they lead to.
pub(super) fn relations<'a>(
    definition: &'a TypeDefinition,
    of: &Fields,
) -> Vec<(&'a Field, &'a Target, Vec<Uuid>)> {
    let relation = |field: &'a Field| match &field.kind {
        Kind::Relation { to, .. } => {
            Some((field, to, of.get(field.name.as_str()).map(relation_ids).unwrap_or_default()))
        }
        _ => None,
    };
    public(&definition.fields).filter_map(relation).collect()
}

/// A value as plain text for people; none for Markdown, groups and relations, which are more than that.
pub(super) fn display(field: &Field, value: &Value) -> Option<String> {
    let text = value.as_str();
    match &field.kind {
        Kind::Text(_) | Kind::Email(_) | Kind::Url(_) | Kind::Slug { .. } => text.map(str::to_owned),
        Kind::Number(_) | Kind::Integer(_) => Some(number(value)),
        Kind::Boolean => value.as_bool().map(|yes| if yes { "Yes" } else { "No" }.to_owned()),
        Kind::Date(_) => text.map(|text| moment(text, "%-d %B %Y")),
        Kind::DateTime(_) => text.map(|text| moment(text, "%-d %B %Y, %H:%M UTC")),
        Kind::Select { options, .. } => {
            Some(chosen(options, value).join(", ")).filter(|text| !text.is_empty())
        }
        Kind::Json => serde_json::to_string_pretty(value).ok(),
        Kind::Markdown(_) | Kind::Relation { .. } | Kind::Group { .. } => None,
    }
}

/// `5.0` is `5`.
fn number(value: &Value) -> String {
    let text = value.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

fn moment(text: &str, form: &str) -> String {
    match Timestamp::parse(text) {
        Ok(moment) => moment.to_datetime().format(form).to_string(),
        Err(_) => text.to_owned(),
    }
}

/// The labels of what was chosen.
fn chosen(options: &[Choice], value: &Value) -> Vec<String> {
    let label = |value: &Value| {
        let value = value.as_str()?;
        let option = options.iter().find(|option| option.value == value);
        Some(option.map_or(value, |option| option.label.as_str()).to_owned())
    };
    match value {
        Value::Array(values) => values.iter().filter_map(label).collect(),
        value => label(value).into_iter().collect(),
    }
}

/// The fields that have a value, ready to be shown.
pub(super) fn shown(fields: &[Field], of: &Fields, material: &Material) -> Vec<ContentField> {
    let with_value = |field: &Field| {
        let value = of.get(field.name.as_str()).filter(|value| !is_empty(value))?;
        Some(show(field, Some(value), field.name.as_str(), material))
    };
    let leads_nowhere = |field: &ContentField| field.kind == "relation" && field.links.is_empty();
    public(fields).filter_map(with_value).filter(|field| !leads_nowhere(field)).collect()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// One field; `place` is where its Markdown and its relations are found in the material.
fn show(field: &Field, value: Option<&Value>, place: &str, material: &Material) -> ContentField {
    let empty = ContentField {
        name: field.name.to_string(),
        label: field.label.clone(),
        kind: field.kind.name(),
        columns: columns(field).into_iter().map(|column| column.label.clone()).collect(),
        ..ContentField::default()
    };
    let Some(value) = value else { return empty };
    let text = || value.as_str().map(str::to_owned);
    let shown = ContentField { value: display(field, value), ..empty };
    match &field.kind {
        Kind::Date(_) | Kind::DateTime(_) => ContentField { datetime: text(), ..shown },
        Kind::Url(_) => ContentField { url: text(), ..shown },
        Kind::Email(_) => ContentField { url: text().map(|address| mailto(&address)), ..shown },
        Kind::Markdown(_) => ContentField { html: material.html.get(place).map(|html| safe(html)), ..shown },
        Kind::Select { options, many: Some(_) } => ContentField { items: chosen(options, value), ..shown },
        Kind::Relation { .. } => {
            let links = material.relations.get(place).cloned().unwrap_or_default();
            let titles: Vec<&str> = links.iter().map(|link| link.title.as_str()).collect();
            ContentField { value: Some(titles.join(", ")), links, ..shown }
        }
        Kind::Group { .. } => ContentField { rows: rows(field, value, material), ..shown },
        _ => shown,
    }
}

/// The items of a group, each with a cell for each of its fields.
fn rows(group: &Field, value: &Value, material: &Material) -> Vec<Vec<ContentField>> {
    let columns = columns(group);
    let row = |(index, item): (usize, &Value)| {
        let cell = |column: &&Field| {
            let value = item.get(column.name.as_str()).filter(|value| !is_empty(value));
            show(column, value, &within(&group.name, index, column.name.as_str()), material)
        };
        columns.iter().map(cell).collect::<Vec<ContentField>>()
    };
    value.as_array().map(|items| items.iter().enumerate().map(row).collect()).unwrap_or_default()
}

/// Whoever could write `?` or `&` into an address could fill in more than the receiver.
fn mailto(address: &str) -> String {
    let mut link = String::from("mailto:");
    for byte in address.bytes() {
        if byte.is_ascii_alphanumeric() || b"@.+-_".contains(&byte) {
            link.push(char::from(byte));
        } else {
            link.push_str(&format!("%{byte:02X}"));
        }
    }
    link
}

/// The HTML of the Markdown fields, by name; none where there is none.
pub(super) fn html(
    fields: &[Field],
    material: &Material,
) -> impl Iterator<Item = (String, Option<TemplateValue>)> {
    let markdown = public(fields).filter(|field| matches!(field.kind, Kind::Markdown(_)));
    markdown.map(|field| {
        let html = material.html.get(field.name.as_str()).map(|html| safe(html));
        (field.name.to_string(), html)
    })
}

/// What stands for the entry in titles. Types without pages may keep that to themselves.
pub(super) fn title(definition: &TypeDefinition, entry: &Entry) -> String {
    let field = definition.title_field.as_ref().and_then(|name| definition.field(name.as_str()));
    if field.is_some_and(|field| field.private) {
        return definition.singular.clone();
    }
    entry.title(definition)
}

/// A few words about the entry: its summary where it has a field of that name, else the beginning of its first
/// Markdown, else its first text that is not the title.
pub(super) fn excerpt(definition: &TypeDefinition, of: &Fields) -> Option<String> {
    let summary = |field: &&Field| SUMMARIES.contains(&field.name.as_str());
    let is_markdown = |field: &&Field| matches!(field.kind, Kind::Markdown(_));
    let all = || texts(definition);
    let mut candidates = all().filter(summary).chain(all().filter(is_markdown)).chain(all());
    let excerpt = |field: &Field| {
        let text = of.get(field.name.as_str())?.as_str()?;
        let excerpt = match &field.kind {
            Kind::Markdown(_) => plain::excerpt(text, EXCERPT_LENGTH),
            _ => plain::shorten(text, EXCERPT_LENGTH),
        };
        Some(excerpt).filter(|excerpt| !excerpt.is_empty())
    };
    candidates.find_map(excerpt)
}

fn texts(definition: &TypeDefinition) -> impl Iterator<Item = &Field> {
    let title = definition.title_field.as_ref();
    let is_text = |field: &&Field| matches!(field.kind, Kind::Text(_) | Kind::Markdown(_));
    public(&definition.fields).filter(is_text).filter(move |field| title != Some(&field.name))
}

#[cfg(test)]
mod tests;
