//! What fields have to do with each other, and where a type names its fields: the permalink, the title, orders and
//! indexes.

use serde_json::Value;

use super::{field::Declared, nearest, table::Table};
use crate::{
    content::definition::{CompoundIndex, Field, FieldName, Kind, Permalink, Sort, SortKey},
    site::reserved::is_reserved,
};

/// Most segments of a permalink before the last.
const SEGMENTS: usize = 3;
/// The longest segment, in bytes.
const SEGMENT_LENGTH: usize = 60;
/// Most compound indexes.
const INDEXES: usize = 20;

/// What a type says about its fields.
pub(super) struct References {
    pub(super) permalink: Option<Permalink>,
    pub(super) title_field: Option<FieldName>,
    pub(super) default_sort: Sort,
    pub(super) indexes: Vec<CompoundIndex>,
}

impl References {
    /// Reads and checks it all. What refers to a field that is faulty itself is left alone.
    pub(super) fn read(table: &mut Table<'_>, declared: &[Declared]) -> Self {
        among_fields(table, declared);
        let title_field = title_field(table, declared);
        Self {
            permalink: permalink(table, declared, title_field.as_ref()),
            title_field,
            default_sort: default_sort(table, declared),
            indexes: indexes(table, declared),
        }
    }
}

/// The title of a type whose author names none: its first text field, if possible one that is public.
pub(super) fn default_title<'a>(fields: impl Iterator<Item = &'a Field> + Clone) -> Option<&'a FieldName> {
    let mut texts = fields.filter(|field| matches!(field.kind, Kind::Text(_)));
    let public = texts.clone().find(|field| !field.private);
    public.or_else(|| texts.next()).map(|field| &field.name)
}

/// The order of a type whose author names none.
pub(super) const fn first_order() -> Sort {
    Sort { key: SortKey::CreatedAt, descending: true }
}

/// Every field that is right.
fn right(declared: &[Declared]) -> impl Iterator<Item = (usize, &Field)> + Clone {
    declared.iter().enumerate().filter_map(|(index, one)| Some((index, one.field.as_ref().ok()?)))
}

/// The field of this name; none with a fault where there is none, and without one where it is faulty.
fn find<'a>(table: &mut Table<'_>, key: &str, declared: &'a [Declared], name: &str) -> Option<&'a Field> {
    let is_meant = |one: &&Declared| one.name.as_ref().is_some_and(|known| known.as_str() == name);
    match declared.iter().find(is_meant) {
        Some(one) => one.field.as_ref().ok(),
        None => {
            let names: Vec<&str> =
                declared.iter().filter_map(|one| one.name.as_ref()).map(FieldName::as_str).collect();
            table.fault(key, format!("There is no such field. {}", nearest::unknown(name, &names)));
            None
        }
    }
}

/// Names, the slug, and what fields take from each other.
fn among_fields(table: &mut Table<'_>, declared: &[Declared]) {
    for (index, one) in declared.iter().enumerate() {
        let earlier = declared[..index].iter().position(|other| other.name == one.name);
        if let (Some(name), Some(earlier)) = (&one.name, earlier) {
            let message = format!("Field `{name}`: fields[{earlier}] is called so already.");
            table.fault(&format!("fields[{index}].name"), message);
        }
    }
    let mut slugs = right(declared).filter(|(_, field)| matches!(field.kind, Kind::Slug { .. }));
    if let Some((_, first)) = slugs.next() {
        for (index, field) in slugs {
            let message =
                format!("Field `{}`: `{}` is the slug already; a type has one.", field.name, first.name);
            table.fault(&format!("fields[{index}].kind"), message);
        }
    }
    for (index, field) in right(declared) {
        if let Kind::Slug { from: Some(from) } = &field.kind {
            slug_source(table, declared, index, (field, from.as_str()));
        }
        if let Some(was) = &field.was {
            former_name(table, declared, index, (field, was));
        }
    }
}

/// A slug is made from a text that may be as public as the slug.
fn slug_source(table: &mut Table<'_>, declared: &[Declared], index: usize, (slug, from): (&Field, &str)) {
    let key = format!("fields[{index}].from");
    let Some(source) = find(table, &key, declared, from) else { return };
    if !matches!(source.kind, Kind::Text(_)) {
        let message = format!("Must be a field of kind text; `{from}` is of kind {}.", source.kind.name());
        table.fault(&key, message);
    } else if source.private && !slug.private {
        table.fault(&key, format!("`{from}` is private, and the slug would tell it."));
    }
}

/// A former name is nobody's name today, and one field's alone.
fn former_name(
    table: &mut Table<'_>,
    declared: &[Declared],
    index: usize,
    (field, was): (&Field, &FieldName),
) {
    let key = format!("fields[{index}].was");
    if *was == field.name {
        table.fault(&key, format!("Must be another name than `{was}`, which the field has today."));
    } else if declared.iter().any(|other| other.name.as_ref() == Some(was)) {
        table.fault(&key, format!("`{was}` is a field of its own; only one of them can have its values."));
    } else if right(declared).any(|(other, field)| other < index && field.was.as_ref() == Some(was)) {
        table.fault(&key, format!("Another field says that it was `{was}`; only one can have its values."));
    }
}

fn title_field(table: &mut Table<'_>, declared: &[Declared]) -> Option<FieldName> {
    let Some(name) = table.text("title_field") else {
        return default_title(right(declared).map(|(_, field)| field)).cloned();
    };
    let field = find(table, "title_field", declared, name)?;
    if !matches!(field.kind, Kind::Text(_)) {
        let message = format!("Must be a field of kind text; `{name}` is of kind {}.", field.kind.name());
        table.fault("title_field", message);
    }
    Some(field.name.clone())
}

fn permalink(table: &mut Table<'_>, declared: &[Declared], title: Option<&FieldName>) -> Option<Permalink> {
    let text = table.text("permalink")?;
    let parts: Vec<&str> = text.strip_prefix('/').unwrap_or_default().split('/').collect();
    let (last, segments) = parts.split_last()?;
    let variable = last.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    let Some(variable) = variable.filter(|_| (1..=SEGMENTS).contains(&segments.len())) else {
        let message = "Must be 1 to 3 segments and then `{slug}` or `{id}`, for example `/events/{slug}`.";
        table.fault("permalink", message);
        return None;
    };
    if let Some(wrong) = segments.iter().find(|segment| !is_segment(segment)) {
        let message = format!(
            "Segments have 1 to {SEGMENT_LENGTH} lower-case letters (a to z), digits and dashes; this has `{wrong}`."
        );
        table.fault("permalink", message);
    }
    let first = segments.first().copied().unwrap_or_default();
    if is_reserved(first) {
        table.fault("permalink", format!("`/{first}` belongs to the site itself; choose another."));
    }
    let by_slug = variable != "id";
    if by_slug {
        names_slug(table, declared, variable);
    }
    let title = right(declared).find(|(_, field)| Some(&field.name) == title);
    if let Some((_, title)) = title.filter(|(_, field)| field.private) {
        let message = format!("`{}` is private and would be the title of public pages.", title.name);
        table.fault("title_field", message);
    }
    Some(Permalink { prefix: format!("/{}", segments.join("/")), by_slug })
}

fn is_segment(segment: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=SEGMENT_LENGTH).contains(&segment.len()) && segment.bytes().all(is_letter)
}

/// The last segment is the slug, by the name of its field or as `slug`.
fn names_slug(table: &mut Table<'_>, declared: &[Declared], variable: &str) {
    let mut slugs = right(declared).map(|(_, field)| field);
    match slugs.find(|field| matches!(field.kind, Kind::Slug { .. })) {
        Some(slug) if variable != "slug" && variable != slug.name.as_str() => {
            let message = format!("`{{{variable}}}` is unknown here; write `{{slug}}` or `{{id}}`.");
            table.fault("permalink", message);
        }
        Some(slug) if slug.private => {
            table.fault("permalink", format!("`{}` is private and would stand in addresses.", slug.name));
        }
        Some(_) => {}
        // One of them may be meant to be the slug.
        None if declared.iter().any(|one| one.field.is_err()) => {}
        None => {
            let message = "Takes a field of kind slug, which there is not; add one, or write `{id}`.";
            table.fault("permalink", message);
        }
    }
}

fn default_sort(table: &mut Table<'_>, declared: &[Declared]) -> Sort {
    let Some(text) = table.text("default_sort") else { return first_order() };
    let (key, descending) = direction(text);
    let Some(key) = sort_key(table, "default_sort", declared, key) else { return first_order() };
    let private =
        right(declared).any(|(_, field)| field.private && key == SortKey::Field(field.name.clone()));
    if private {
        table.fault("default_sort", "Is private, and the order of public lists would tell it.");
    }
    Sort { key, descending }
}

/// The largest first where a dash stands in front.
fn direction(text: &str) -> (&str, bool) {
    text.strip_prefix('-').map_or((text, false), |key| (key, true))
}

/// Something to sort by.
fn sort_key(table: &mut Table<'_>, key: &str, declared: &[Declared], name: &str) -> Option<SortKey> {
    if let Some(moment) = SortKey::MOMENTS.into_iter().find(|moment| moment.as_str() == name) {
        return Some(moment);
    }
    let field = find(table, key, declared, name)?;
    if !field.sortable {
        let message = format!(
            "`{name}` is not sortable; write `sortable = true` there, or name created_at, updated_at or published_at."
        );
        table.fault(key, message);
    }
    Some(SortKey::Field(field.name.clone()))
}

fn indexes(table: &mut Table<'_>, declared: &[Declared]) -> Vec<CompoundIndex> {
    let values = table.list("indexes");
    if values.len() > INDEXES {
        table.fault("indexes", format!("Must be at most {INDEXES}; these are {}.", values.len()));
        return Vec::new();
    }
    let mut indexes = Vec::with_capacity(values.len());
    for (position, value) in values.iter().enumerate() {
        let key = format!("indexes[{position}]");
        let Some(index) = index(table, &key, declared, value) else { continue };
        if indexes.contains(&index) {
            table.fault(&key, "Is there already; one index serves both directions.");
        }
        indexes.push(index);
    }
    indexes
}

fn index(table: &mut Table<'_>, key: &str, declared: &[Declared], value: &Value) -> Option<CompoundIndex> {
    let pair = match value.as_array().map(Vec::as_slice) {
        Some([Value::String(filter), Value::String(sort)]) => Some((filter, sort)),
        _ => None,
    };
    let Some((filter, sort)) = pair else {
        let message = "Must be a pair of a filterable field and an order: `[\"category\", \"-starts_at\"]`.";
        table.fault(key, message);
        return None;
    };
    let sort = sort_key(table, &format!("{key}[1]"), declared, direction(sort).0);
    let key = format!("{key}[0]");
    let field = find(table, &key, declared, filter)?;
    if !field.filterable || field.kind.is_many() {
        table.fault(&key, format!("`{filter}` must be filterable (`filterable = true`) and of one value."));
    }
    let (filter, sort) = (field.name.clone(), sort?);
    if sort == SortKey::Field(filter.clone()) {
        table.fault(&key, format!("Must pair `{filter}` with another order than its own."));
    }
    Some(CompoundIndex { filter, sort })
}
