//! What is found when all entries are looked through for a change, and the plan that is made of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};

use serde_json::Value;
use uuid::Uuid;

use super::{
    attempt::{Attempt, Fault, Recast, fingerprint},
    plan::{ChangePlan, FieldCount, InvalidEntry, InvalidField},
};
use crate::{
    content::Entry,
    error::{ApiError, FieldError},
};

/// How many examples of invalid entries are told of a field.
const EXAMPLES: usize = 5;
/// As much of a value as is shown, in characters.
const SHOWN: usize = 80;

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    invalid: BTreeMap<String, InvalidField>,
    filled: BTreeMap<String, u64>,
    replaced: BTreeMap<String, u64>,
    /// Which entry has a value of a field that must be unique: two small numbers an entry, not the values.
    seen: HashMap<(usize, u64), Uuid>,
}

/// What is known of a type as a whole.
pub(super) struct Surroundings {
    /// How many entries it has.
    pub(super) entries: u64,
    /// How many of them are drafts.
    pub(super) drafts: u64,
    /// How many entries have a value that is set aside, in the order of [`super::diff::Transition::set_aside`].
    pub(super) kept: Vec<u64>,
    /// How many indexes must be built.
    pub(super) indexes: u64,
}

impl Findings {
    /// Notes what becomes of an entry.
    pub(super) fn note(&mut self, attempt: &Attempt, entry: &Entry, recast: &Recast) {
        for fault in &recast.faults {
            self.fault(attempt, entry, fault);
        }
        for name in &recast.filled {
            *self.filled.entry(name.clone()).or_default() += 1;
        }
        for name in &recast.replaced {
            *self.replaced.entry(name.clone()).or_default() += 1;
        }
        self.repeats(attempt, entry, recast);
    }

    /// Whether every entry would be valid.
    pub(super) fn are_right(&self) -> bool {
        self.invalid.is_empty()
    }

    /// Fields of which some values would be overwritten where they are, or given to entries that have none, and so must
    /// be written under another key first: where they are, everybody would see them at once.
    pub(super) fn overwritten(&self, attempt: &Attempt) -> BTreeSet<String> {
        let moves = attempt.transition.moves.iter().filter(|moved| moved.is_in_place());
        let names = moves.map(|moved| moved.field.name.to_string());
        let is_written = |name: &String| self.replaced.contains_key(name) || self.filled.contains_key(name);
        names.filter(is_written).collect()
    }

    /// The plan of it all.
    pub(super) fn plan(self, attempt: &Attempt, is_filled: bool, surroundings: &Surroundings) -> ChangePlan {
        let transition = &attempt.transition;
        let kept = transition.set_aside.iter().zip(&surroundings.kept);
        let kept = kept.map(|((_, name), entries)| FieldCount { field: name.clone(), entries: *entries });
        let mut warnings = transition.warnings.clone();
        if transition.publishes() && surroundings.drafts > 0 {
            warnings.push(format!(
                "{} drafts become published: everybody who may read the type sees them. No events are told of it.",
                surroundings.drafts
            ));
        }
        let count = |(field, entries)| FieldCount { field, entries };
        let is_applicable = self.invalid.is_empty();
        ChangePlan {
            from_version: transition.old.version,
            steps: transition.steps.clone(),
            entries: surroundings.entries,
            invalid: self.invalid.into_values().collect(),
            filled: self.filled.into_iter().map(count).collect(),
            kept: kept.collect(),
            is_safe: is_applicable && !is_filled && warnings.is_empty(),
            warnings,
            indexes_to_build: surroundings.indexes,
            is_applicable,
        }
    }

    /// The refusal of a change that was found wrong only when entries were made ready: somebody wrote them meanwhile.
    pub(super) fn refusal(self) -> ApiError {
        refused(self.invalid.into_values())
    }

    fn fault(&mut self, attempt: &Attempt, entry: &Entry, fault: &Fault) {
        let field = fault.field.clone();
        let empty = InvalidField { field: field.clone(), count: 0, examples: Vec::new() };
        let invalid = self.invalid.entry(field).or_insert(empty);
        invalid.count += 1;
        if invalid.examples.len() < EXAMPLES {
            invalid.examples.push(InvalidEntry {
                id: entry.id,
                title: entry.title(&attempt.transition.old.definition),
                value: fault.value.as_ref().map(shown),
                reason: fault.reason.clone(),
            });
        }
    }

    fn repeats(&mut self, attempt: &Attempt, entry: &Entry, recast: &Recast) {
        let new = &attempt.transition.new;
        for (index, name) in attempt.transition.newly_unique.iter().enumerate() {
            let (Some(field), Some(key)) = (new.definition.field(name), new.layout.key(name)) else {
                continue;
            };
            let Some(value) = recast.stored.get(key).filter(|value| !value.is_null()) else { continue };
            let other = match self.seen.entry((index, fingerprint(field, value))) {
                hash_map::Entry::Occupied(other) => *other.get(),
                hash_map::Entry::Vacant(free) => *free.insert(entry.id.0),
            };
            if other != entry.id.0 {
                let reason = format!("The entry `{other}` has the same value. Change one of them.");
                self.fault(
                    attempt,
                    entry,
                    &Fault { field: name.clone(), value: Some(value.clone()), reason },
                );
            }
        }
    }
}

/// Why a plan is not applied.
pub(super) fn refusal(plan: &ChangePlan) -> ApiError {
    refused(plan.invalid.iter().cloned())
}

fn refused(invalid: impl Iterator<Item = InvalidField>) -> ApiError {
    let fault = |invalid: InvalidField| {
        let example = invalid.examples.first().map(|example| {
            let value = example.value.as_deref().map(|value| format!(" with {value}")).unwrap_or_default();
            format!(", such as `{}`{value}: {}", example.id, example.reason)
        });
        let message = format!(
            "{} would not be valid{} Say what such entries get, or null to leave them without a value.",
            if invalid.count == 1 { "1 entry".to_owned() } else { format!("{} entries", invalid.count) },
            example.unwrap_or_else(|| ".".to_owned())
        );
        FieldError::at(format!("fill.{}", invalid.field), message)
    };
    ApiError::validation(invalid.map(fault).collect())
}

/// A value as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::shown;

    #[test]
    fn long_values_are_cut_between_characters() {
        assert_eq!(shown(&json!("a")), "\"a\"");
        let long = shown(&json!("ü".repeat(500)));
        assert_eq!(long.chars().count(), 83);
        assert!(long.ends_with("ü..."));
    }
}
