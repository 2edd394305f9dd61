//! What is different between a type as it stands and as it shall be, field by field, and where the values will be.

mod properties;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    compare::{Comparison, compare, is_unique},
    convert::{is_possible, predecessor},
    plan::{ChangeStep, StepKind},
};
use crate::{
    clock::Timestamp,
    content::{
        ContentType, Field, Kind, TypeDefinition,
        definition::{Choice, Permalink, source},
        layout::{Layout, Retired},
        model::Owner,
    },
};

/// A type on its way from one definition to another.
#[derive(Clone, Debug)]
pub(super) struct Transition {
    /// As it stands.
    pub(super) old: ContentType,
    /// As it shall be.
    pub(super) new: ContentType,
    /// What changes, in words.
    pub(super) steps: Vec<ChangeStep>,
    /// Fields whose values must be looked at in every entry.
    pub(super) moves: Vec<Move>,
    /// Fields whose values may not repeat any longer, by name.
    pub(super) newly_unique: Vec<String>,
    /// Keys whose values are set aside, with the names of their fields.
    pub(super) set_aside: Vec<(String, String)>,
    /// What should be thought about first.
    pub(super) warnings: Vec<String>,
}

/// What happens to the values of one field.
#[derive(Clone, Debug)]
pub(super) struct Move {
    /// The field as it shall be.
    pub(super) field: Field,
    /// Where its values will be.
    pub(super) key: String,
    /// Where they are; none of a field that never had any.
    pub(super) from: Option<Origin>,
    /// Where values are kept of before the field became what its values are now, if it is to be that again.
    pub(super) original: Option<Origin>,
    /// Whether entries that have no value need one now.
    pub(super) needs_value: bool,
    /// Whether the field was not there before.
    pub(super) is_new: bool,
}

/// Where the values of a field come from.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    /// Their key.
    pub(super) key: String,
    /// The field that they are of.
    pub(super) field: Field,
}

impl Move {
    /// Where values may come from.
    pub(super) fn origins(&self) -> impl Iterator<Item = &Origin> {
        [&self.original, &self.from].into_iter().flatten()
    }

    /// Whether values stay where they are, so that what replaces one would be the end of it.
    pub(super) fn is_in_place(&self) -> bool {
        self.origins().any(|origin| origin.key == self.key)
    }
}

impl Transition {
    /// The way of a type to a definition. The values of the fields named in `replaced` are set aside also where they
    /// could stay, since some of them will be replaced.
    pub(super) fn new(
        old: &ContentType,
        definition: &TypeDefinition,
        replaced: &BTreeSet<String>,
        now: Timestamp,
    ) -> Self {
        let mut layout = Layout { keys: BTreeMap::new(), ..old.layout.clone() };
        layout.move_pages(prefix(&old.definition), prefix(definition));
        let new = ContentType {
            version: old.version + 1,
            definition: definition.clone(),
            layout,
            updated_at: now,
            ..old.clone()
        };
        let mut transition = Self {
            old: old.clone(),
            new,
            steps: properties::steps(&old.definition, definition),
            moves: Vec::new(),
            newly_unique: Vec::new(),
            set_aside: Vec::new(),
            warnings: Vec::new(),
        };
        let mut gone: Vec<&Field> = old.definition.fields.iter().collect();
        for field in &definition.fields {
            let before = predecessor(&old.definition.fields, field);
            // One field cannot become two.
            let before = before.filter(|before| gone.iter().any(|gone| gone.name == before.name));
            let is_replaced = replaced.contains(field.name.as_str());
            match before.and_then(|before| Some((before, old.layout.key(before.name.as_str())?))) {
                Some((before, key)) => {
                    gone.retain(|gone| gone.name != before.name);
                    transition.keep(before, key, field, is_replaced);
                }
                None => transition.add(field, is_replaced),
            }
        }
        for field in gone {
            let words = format!("`{}` goes; its values are kept until they are purged", field.name);
            transition.steps.push(ChangeStep::of_field(StepKind::Removed, field.name.as_str(), words));
            if let Some(key) = old.layout.key(field.name.as_str()) {
                transition.retire(field, key);
            }
        }
        if transition.steps.is_empty() && old.definition != *definition {
            transition.steps.push(ChangeStep::of_type("what is noted beside the fields changes"));
        }
        transition
    }

    /// Takes the type over from its file, which is gone.
    pub(super) fn take_over(&mut self) {
        self.new.owner = Owner::Api;
        let words = "its file is gone: from now on it is changed through the API";
        self.steps.push(ChangeStep::of_type(words));
    }

    /// Whether there is anything to do.
    pub(super) fn changes_anything(&self) -> bool {
        self.old.definition != self.new.definition || self.old.owner != self.new.owner
    }

    /// Whether all drafts become published.
    pub(super) fn publishes(&self) -> bool {
        self.old.definition.drafts && !self.new.definition.drafts
    }

    /// Whether no entry needs to be looked at.
    pub(super) fn touches_no_entry(&self) -> bool {
        self.moves.is_empty() && self.newly_unique.is_empty()
    }

    /// Whether every entry must be written: some hold other values, or other words that a search finds them by. Links
    /// need no look of their own, since a field that has any has them already, or is moved.
    pub(super) fn writes_entries(&self) -> bool {
        !self.moves.is_empty() || searched(&self.old) != searched(&self.new)
    }

    /// A field that was there.
    fn keep(&mut self, before: &Field, key: &str, field: &Field, is_replaced: bool) {
        let difference = compare(before, field);
        self.tell(before, field, &difference);
        let publishes = self.publishes();
        let moves = difference.converts || is_replaced;
        let original = if difference.converts { self.original(before, field) } else { None };
        let new_key = if moves {
            self.retire(before, key);
            self.new.layout.fresh()
        } else {
            key.to_owned()
        };
        self.new.layout.keys.insert(field.name.to_string(), new_key.clone());
        // Unique values may be the same after they were converted.
        if is_unique(field) && (difference.is_newly_unique || moves) {
            self.newly_unique.push(field.name.to_string());
        }
        // A draft may be without a slug, and without what a published entry must have.
        let needs_slug = matches!(field.kind, Kind::Slug { .. }) && (difference.converts || publishes);
        let needs_value =
            needs_slug || (field.required && (difference.is_newly_required || moves || publishes));
        let has_members = publishes && matches!(field.kind, Kind::Group { .. });
        if moves || difference.checks_values || needs_value || has_members {
            let from = Some(Origin { key: key.to_owned(), field: before.clone() });
            let field = field.clone();
            self.moves.push(Move { field, key: new_key, from, original, needs_value, is_new: false });
        }
    }

    /// What is kept of fields of this name, the latest first.
    fn kept(&self, name: &str) -> Vec<Origin> {
        let kept = self.old.layout.retired.iter().rev().filter(|retired| retired.name == name);
        let origin = |kept: &Retired| {
            Some(Origin { key: kept.key.clone(), field: source::field_from_json(&kept.field).ok()? })
        };
        kept.filter_map(origin).collect()
    }

    /// Where values are kept of before the field became what it is, if it was then what it is to be again.
    fn original(&mut self, before: &Field, field: &Field) -> Option<Origin> {
        let kept = self.kept(before.name.as_str());
        let original = kept.into_iter().find(|kept| !compare(&kept.field, field).converts)?;
        self.warn_of_private(&[&original], field);
        Some(original)
    }

    /// What nobody was to see may be seen when it comes back.
    fn warn_of_private(&mut self, kept: &[&Origin], field: &Field) {
        if !field.private && kept.iter().any(|kept| kept.field.private) {
            let words =
                format!("The values of `{}` that were kept were private and become public.", field.name);
            self.warnings.push(words);
        }
    }

    /// A field that was not there, though perhaps before: then as what it was, it finds its values again. Entries that
    /// have none of those keep what it last was.
    fn add(&mut self, field: &Field, is_replaced: bool) {
        let name = field.name.as_str();
        let (mut same, mut other) = (None, None);
        for kept in self.kept(name) {
            if !compare(&kept.field, field).converts {
                same.get_or_insert(kept);
            } else if is_possible(&kept.field.kind, &field.kind) {
                other.get_or_insert(kept);
            }
        }
        let kept: Vec<&Origin> = same.iter().chain(&other).collect();
        if kept.is_empty() {
            let words = format!("`{name}` is new: {}", field.kind.name());
            self.steps.push(ChangeStep::of_field(StepKind::Added, name, words));
        } else {
            let words = format!("`{name}` was removed before; the values that were kept come back");
            self.steps.push(ChangeStep::of_field(StepKind::Returned, name, words));
            self.warn_of_private(&kept, field);
        }
        let key = match &same {
            // Links are made anew, where nobody sees them before their time.
            Some(same) if !is_replaced && !is_linked(&field.kind) => same.key.clone(),
            _ => self.new.layout.fresh(),
        };
        self.new.layout.retired.retain(|retired| retired.key != key);
        self.new.layout.keys.insert(name.to_owned(), key.clone());
        let (original, from) = match (same, other) {
            (Some(same), None) => (None, Some(same)),
            (same, other) => (same, other),
        };
        let needs_value = field.required || matches!(field.kind, Kind::Slug { .. });
        if from.is_some() || needs_value {
            if is_unique(field) {
                self.newly_unique.push(name.to_owned());
            }
            let field = field.clone();
            self.moves.push(Move { field, key, from, original, needs_value, is_new: true });
        }
    }

    /// Sets the values under the key aside.
    fn retire(&mut self, field: &Field, key: &str) {
        self.set_aside.push((key.to_owned(), field.name.to_string()));
        self.new.layout.retired.push(Retired {
            key: key.to_owned(),
            name: field.name.to_string(),
            field: source::field_to_json(field),
            since: self.new.updated_at,
        });
    }

    /// Says what happens to a field that stays.
    fn tell(&mut self, before: &Field, field: &Field, difference: &Comparison) {
        let name = field.name.as_str();
        if before.name != field.name {
            let words = format!("`{}` is called `{name}`; its values come along", before.name);
            self.steps.push(ChangeStep::of_field(StepKind::Renamed, name, words));
        }
        if difference.converts {
            let many = |kind: &Kind| if kind.is_many() { " (several)" } else { "" };
            let words = format!(
                "`{name}` was {}{} and is {}{}; its values are converted, and kept as they were until they are purged",
                before.kind.name(),
                many(&before.kind),
                field.kind.name(),
                many(&field.kind),
            );
            self.steps.push(ChangeStep::of_field(StepKind::Converted, name, words));
        }
        for (kind, words) in [
            (StepKind::Tightened, &difference.tightened),
            (StepKind::Loosened, &difference.loosened),
            (StepKind::Changed, &difference.changed),
        ] {
            if !words.is_empty() {
                let words = format!("`{name}`: {}", words.join("; "));
                self.steps.push(ChangeStep::of_field(kind, name, words));
            }
        }
    }
}

/// Where the pages of entries are.
fn prefix(definition: &TypeDefinition) -> Option<&str> {
    definition.permalink.as_ref().map(|Permalink { prefix, .. }| prefix.as_str())
}

/// Whether its values are kept as links, too.
const fn is_linked(kind: &Kind) -> bool {
    matches!(kind, Kind::Relation { .. }) || kind.is_many()
}

/// What the words of a search are made of: the keys of fields, and what is shown of their options.
fn searched(content_type: &ContentType) -> Vec<(&str, &[Choice])> {
    let searchable = content_type.definition.fields.iter().filter(|field| field.searchable);
    let mut parts = Vec::new();
    for field in searchable {
        let Some(key) = content_type.layout.key(field.name.as_str()) else { continue };
        let options = match &field.kind {
            Kind::Select { options, .. } => options.as_slice(),
            _ => &[],
        };
        parts.push((key, options));
    }
    parts.sort_unstable_by_key(|(key, _)| *key);
    parts
}

#[cfg(test)]
mod tests;
