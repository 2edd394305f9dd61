//! Content types as a person sees them.

use super::{origin, state};
use crate::{
    auth::Permission,
    cli::{
        Failure,
        terminal::{count, line},
    },
    content::{
        ContentType, Field, Kind,
        definition::{Requirement, source::to_json},
        types::TypeOverview,
    },
};

/// Prints all types; an error where the files of some are not right.
pub(super) fn list(types: &[TypeOverview]) -> Result<(), Failure> {
    types.iter().for_each(row);
    let is_faulty =
        |overview: &&TypeOverview| overview.file.as_ref().is_some_and(|file| !file.faults.is_empty());
    match types.iter().filter(is_faulty).count() {
        0 => Ok(()),
        1 => Err("the file of 1 content type is not right".into()),
        faulty => Err(format!("the files of {faulty} content types are not right").into()),
    }
}

fn row(overview: &TypeOverview) {
    let entries = overview.entries.map(|entries| count(entries, "entry", "entries")).unwrap_or_default();
    println!("{:<24} {:<10} {entries:>15}  {}", overview.name, state(overview), origin(overview));
    notes(overview);
}

/// What somebody should look at.
fn notes(overview: &TypeOverview) {
    for fault in overview.file.iter().flat_map(|file| &file.faults) {
        println!("  - {}", line(fault));
    }
    if overview.is_pending {
        println!("  - its file was changed; `fleuron content-type diff {}` tells what waits", overview.name);
    }
}

/// Prints everything about a type.
pub(super) fn all(overview: &TypeOverview) -> Result<(), Failure> {
    println!("{} is {} ({}).", overview.name, state(overview), origin(overview));
    notes(overview);
    if let Some(entries) = overview.entries {
        println!("It has {}.", count(entries, "entry", "entries"));
    }
    let file = overview.file.as_ref().and_then(|file| file.definition.as_ref());
    let standing = overview.content_type.as_deref();
    let Some(definition) = standing.map(|found| &found.definition).or(file) else { return Ok(()) };
    println!("\n{} / {}", definition.singular, definition.plural);
    if !definition.description.is_empty() {
        println!("{}", definition.description);
    }
    println!("read by      {}", who(definition.access.read));
    println!("written by   {}", who(definition.access.write));
    println!("order        {}", definition.default_sort);
    println!("drafts       {}", if definition.drafts { "yes" } else { "no" });
    if let Some(permalink) = &definition.permalink {
        let last = if permalink.by_slug { "{slug}" } else { "{id}" };
        println!("pages        {}/{last}", permalink.prefix);
    }
    println!("\nFields:");
    definition.fields.iter().for_each(|field| println!("  {}", about(field)));
    standing.into_iter().for_each(retired);
    Ok(())
}

/// Prints the definition as JSON.
pub(super) fn json(overview: &TypeOverview) -> Result<(), Failure> {
    let file = overview.file.as_ref().and_then(|file| file.definition.as_ref());
    let standing = overview.content_type.as_deref().map(|found| &found.definition);
    let definition = standing.or(file).ok_or("its file is not right; see `fleuron content-type show`")?;
    println!("{}", serde_json::to_string_pretty(&to_json(definition))?);
    Ok(())
}

fn retired(content_type: &ContentType) {
    if content_type.layout.retired.is_empty() {
        return;
    }
    println!("\nRemoved fields whose values are kept:");
    for field in &content_type.layout.retired {
        println!("  {:<24} since {}", field.name, field.since);
    }
}

fn about(field: &Field) -> String {
    let kind = match &field.kind {
        Kind::Relation { to, .. } => format!("relation to {}", to.name()),
        kind => kind.name().to_owned(),
    };
    let many = if field.kind.is_many() { ", many" } else { "" };
    let properties = [
        (field.required, "required"),
        (field.unique, "unique"),
        (field.private, "private"),
        (field.filterable, "filterable"),
        (field.sortable, "sortable"),
        (field.searchable, "searchable"),
    ];
    let properties: Vec<&str> =
        properties.into_iter().filter(|(holds, _)| *holds).map(|(_, property)| property).collect();
    let text =
        format!("{:<24} {:<24} {}", field.name.as_str(), format!("{kind}{many}"), properties.join(", "));
    text.trim_end().to_owned()
}

fn who(requirement: Requirement) -> String {
    match requirement {
        Requirement::Anyone => "anyone".to_owned(),
        Requirement::Role(role) => format!("{} and above", role.as_str()),
        Requirement::Permission(permission) => {
            let named = Permission::NAMES.iter().find(|(known, _)| *known == permission);
            format!("whoever has the permission {}", named.map_or("", |(_, name)| *name))
        }
    }
}
