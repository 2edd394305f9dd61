//! What is different about a type beside its fields. No value depends on it.

use crate::{
    auth::{Permission, Role},
    content::{
        TypeDefinition,
        change::plan::ChangeStep,
        definition::{Access, FieldName, Permalink, Requirement},
    },
};

/// Every difference, in words.
pub(super) fn steps(old: &TypeDefinition, new: &TypeDefinition) -> Vec<ChangeStep> {
    let mut words: Vec<String> = Vec::new();
    if (&old.singular, &old.plural) != (&new.singular, &new.plural) {
        words.push(format!("it is called `{}`, several `{}`", new.singular, new.plural));
    }
    if old.description != new.description {
        words.push("it has another description".into());
    }
    switched(&mut words, (old.drafts, new.drafts), "entries are drafts first", "every entry is published");
    let (says, hides) =
        ("answers say when entries were made", "answers no longer say when entries were made");
    switched(&mut words, (old.timestamps, new.timestamps), says, hides);
    let (says, hides) = ("whose entry it is matters", "whose entry it is no longer matters");
    switched(&mut words, (old.authorship, new.authorship), says, hides);
    if old.permalink != new.permalink {
        words.push(match (&old.permalink, &new.permalink) {
            (_, None) => "entries have no pages any longer".into(),
            (None, Some(new)) => format!("entries have pages at {}", pattern(new)),
            (Some(old), Some(new)) => format!("pages move from {} to {}", pattern(old), pattern(new)),
        });
    }
    if old.title_field != new.title_field {
        let title = new.title_field.as_ref().map_or("its id", FieldName::as_str);
        words.push(format!("an entry is known by `{title}`"));
    }
    if old.default_sort != new.default_sort {
        words.push(format!("lists are in the order `{}`", new.default_sort));
    }
    words.extend(access(old.access, new.access));
    if old.indexes != new.indexes {
        words.push("other filters and orders are found through one index".into());
    }
    if is_reordered(old, new) {
        words.push("fields are shown in another order".into());
    }
    words.into_iter().map(ChangeStep::of_type).collect()
}

fn switched(words: &mut Vec<String>, (was, is): (bool, bool), on: &str, off: &str) {
    if was != is {
        words.push(if is { on } else { off }.into());
    }
}

fn access(old: Access, new: Access) -> Vec<String> {
    let mut words = Vec::new();
    if old.read != new.read {
        words.push(format!("read by {}", requirement(new.read)));
    }
    if old.write != new.write {
        words.push(format!("written by {}", requirement(new.write)));
    }
    words
}

fn requirement(requirement: Requirement) -> String {
    match requirement {
        Requirement::Anyone => "anyone".into(),
        Requirement::Role(role) => format!("the role `{}` and above", Role::as_str(role)),
        Requirement::Permission(permission) => {
            let named = Permission::NAMES.into_iter().find(|(named, _)| *named == permission);
            format!("whoever has the permission `{}`", named.map_or("", |(_, name)| name))
        }
    }
}

fn pattern(permalink: &Permalink) -> String {
    let last = if permalink.by_slug { "{slug}" } else { "{id}" };
    format!("{}/{last}", permalink.prefix)
}

/// Whether fields that both have follow each other in another order.
fn is_reordered(old: &TypeDefinition, new: &TypeDefinition) -> bool {
    let shared = |of: &TypeDefinition, other: &TypeDefinition| -> Vec<FieldName> {
        let is_shared = |name: &&FieldName| other.field(name.as_str()).is_some();
        of.fields.iter().map(|field| &field.name).filter(is_shared).cloned().collect()
    };
    shared(old, new) != shared(new, old)
}
