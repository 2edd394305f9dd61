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
        definition::{Choice, source},
        layout::{Layout, Retired},
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
    /// What they are.
    pub(super) kind: Kind,
}

impl Move {
    /// Whether the values stay where they are, so that what replaces one would be the end of it.
    pub(super) fn is_in_place(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.key == self.key)
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
        let keys = BTreeMap::new();
        let layout = Layout { keys, retired: old.layout.retired.clone(), next: old.layout.next };
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
        let moves = difference.converts || is_replaced;
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
        let is_new_slug = matches!(field.kind, Kind::Slug { .. }) && difference.converts;
        let needs_value = is_new_slug || (field.required && (difference.is_newly_required || moves));
        if moves || difference.checks_values || needs_value {
            let from = Some(Origin { key: key.to_owned(), kind: before.kind.clone() });
            let moved = Move { field: field.clone(), key: new_key, from, needs_value, is_new: false };
            self.moves.push(moved);
        }
    }

    /// A field that was not there, though perhaps before.
    fn add(&mut self, field: &Field, is_replaced: bool) {
        let name = field.name.as_str();
        let kept = self.old.layout.retired.iter().rev().filter(|retired| retired.name == name);
        let mut kept =
            kept.filter_map(|kept| Some((kept.clone(), source::field_from_json(&kept.field).ok()?)));
        let kept = kept.find(|(_, before)| is_possible(&before.kind, &field.kind));
        let (key, from) = match kept {
            Some((kept, before)) => {
                let words = format!("`{name}` was removed before; the values that were kept come back");
                self.steps.push(ChangeStep::of_field(StepKind::Returned, name, words));
                if before.private && !field.private {
                    let words =
                        format!("The values of `{name}` that were kept were private and become public.");
                    self.warnings.push(words);
                }
                let stays = !compare(&before, field).converts && !is_replaced;
                let key = if stays { kept.key.clone() } else { self.new.layout.fresh() };
                self.new.layout.retired.retain(|retired| retired.key != key);
                (key, Some(Origin { key: kept.key, kind: before.kind }))
            }
            None => {
                let words = format!("`{name}` is new: {}", field.kind.name());
                self.steps.push(ChangeStep::of_field(StepKind::Added, name, words));
                (self.new.layout.fresh(), None)
            }
        };
        self.new.layout.keys.insert(name.to_owned(), key.clone());
        let needs_value = field.required || matches!(field.kind, Kind::Slug { .. });
        if from.is_some() || needs_value {
            if is_unique(field) {
                self.newly_unique.push(name.to_owned());
            }
            self.moves.push(Move { field: field.clone(), key, from, needs_value, is_new: true });
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
