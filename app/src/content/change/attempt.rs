//! What becomes of each entry in a change: the values that it holds then, and what is wrong with them.

mod slugs;

use std::{
    collections::{HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    convert::convert,
    diff::{Move, Origin, Transition},
    places::{Place, Places},
};
use crate::{
    content::{Entry, EntryStatus, Field, Fields, Kind, check, model::IndexValue, storage::entries::Row},
    error::FieldError,
    posts::Slug,
};

/// One attempt at a change.
pub(super) struct Attempt {
    /// From what to what.
    pub(super) transition: Transition,
    /// What rows are marked with that this attempt made ready. Another attempt would make other values of them.
    pub(super) mark: i64,
    /// What entries get that would have no valid value, normalised.
    fill: Fields,
    places: Places,
    slugs: slugs::Slugs,
}

/// What is there of what relations lead to, by the place of the field among those that are moved.
pub(super) type Existing = HashMap<usize, HashSet<Uuid>>;

/// An entry as it will be.
#[derive(Clone, Debug, Default)]
pub(super) struct Recast {
    /// What is stored of it then.
    pub(super) stored: Map<String, Value>,
    /// What is wrong with it.
    pub(super) faults: Vec<Fault>,
    /// The fields whose values were replaced, or taken away.
    pub(super) replaced: Vec<String>,
    /// The fields that got a value.
    pub(super) filled: Vec<String>,
    /// What its relations lead to, as far as they are moved.
    pub(super) targets: Vec<(Place, Uuid)>,
}

/// A value that would not be valid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) field: String,
    pub(super) value: Option<Value>,
    pub(super) reason: String,
}

/// What becomes of one value.
enum Outcome {
    Kept(Value),
    /// There is none, and need not be.
    Nothing,
    /// It is replaced by what was given, if anything was.
    Replaced(Option<Value>),
    /// There was none.
    Filled(Value),
    Invalid(Option<Value>, String),
}

impl Attempt {
    /// An attempt; `fill` must have been checked by [`checked_fill`].
    pub(super) fn new(transition: Transition, fill: Fields, places: Places) -> Self {
        // Positive, and never zero, which is the mark of a row that nobody made ready.
        let random = Uuid::new_v4().as_u128() % (i64::MAX as u128);
        let mark = i64::try_from(random).unwrap_or_default() | 1;
        Self { transition, mark, fill, places, slugs: slugs::Slugs::default() }
    }

    /// The keys of slugs that entries keep, where others are made beside them.
    pub(super) fn slug_keys(&self) -> impl Iterator<Item = &str> {
        let moves = self.transition.moves.iter().filter(|moved| is_slug(&moved.field.kind));
        let origins = moves.flat_map(Move::origins).filter(|origin| is_slug(&origin.field.kind));
        origins.map(|origin| origin.key.as_str())
    }

    /// Notes a slug that an entry has, before any is made.
    pub(super) fn keep_slug(&self, slug: &str, id: Uuid) {
        self.slugs.keep(slug, id);
    }

    /// What is there of what the relations of these entries would lead to.
    pub(super) async fn existing(
        &self,
        database: &impl ConnectionTrait,
        rows: &[Row],
    ) -> Result<Existing, DbErr> {
        let mut existing = Existing::new();
        for (index, moved) in self.transition.moves.iter().enumerate() {
            let Some(place) = self.place(moved) else { continue };
            let name = moved.field.name.as_str();
            let mut ids: Vec<Uuid> = rows
                .iter()
                .flat_map(|row| held(moved, &row.entry))
                .filter_map(|(origin, value)| match &origin.field.kind {
                    Kind::Relation { .. } => Some(value.clone()),
                    _ => carried(moved, origin, value),
                })
                .chain(self.fill.get(name).cloned())
                .flat_map(|value| check::relation_ids(&value))
                .collect();
            ids.sort_unstable();
            ids.dedup();
            existing.insert(index, place.existing(database, &ids).await?);
        }
        Ok(existing)
    }

    /// The entry as it will be.
    pub(super) fn recast(&self, entry: &Entry, existing: &Existing) -> Recast {
        let mut recast = Recast { stored: entry.stored.clone(), ..Recast::default() };
        // Slugs are made of other fields.
        let moves = |slugs: bool| {
            let moves = self.transition.moves.iter().enumerate();
            moves.filter(move |(_, moved)| is_slug(&moved.field.kind) == slugs)
        };
        let ordered = moves(false).chain(moves(true));
        for (index, moved) in ordered {
            let outcome = self.settle(moved, entry, &recast.stored, existing.get(&index));
            self.take(moved, outcome, &mut recast);
        }
        recast
    }

    fn take(&self, moved: &Move, outcome: Outcome, recast: &mut Recast) {
        let name = moved.field.name.to_string();
        let value = match outcome {
            Outcome::Kept(value) => Some(value),
            Outcome::Nothing => None,
            Outcome::Replaced(value) => {
                recast.replaced.push(name.clone());
                recast.filled.extend(value.is_some().then_some(name));
                value
            }
            Outcome::Filled(value) => {
                recast.filled.push(name);
                Some(value)
            }
            Outcome::Invalid(value, reason) => {
                recast.faults.push(Fault { field: name, value, reason });
                return;
            }
        };
        let Some(value) = value else {
            recast.stored.remove(&moved.key);
            return;
        };
        if let Some(place) = self.place(moved) {
            recast.targets.extend(check::relation_ids(&value).into_iter().map(|id| (place.clone(), id)));
        }
        recast.stored.insert(moved.key.clone(), value);
    }

    /// What becomes of the value of one field. `stored` has the values of fields that were settled before.
    fn settle(
        &self,
        moved: &Move,
        entry: &Entry,
        stored: &Map<String, Value>,
        existing: Option<&HashSet<Uuid>>,
    ) -> Outcome {
        let is_complete = self.is_complete(entry);
        let given = self.given(moved, existing);
        let mut wrong = None;
        for (origin, value) in held(moved, entry) {
            match valid(moved, (origin, value), existing, is_complete) {
                Ok(Some(kept)) => return Outcome::Kept(self.unique_slug(moved, origin, kept, entry)),
                Ok(None) => wrong = None,
                Err(reason) => wrong = Some((value.clone(), reason)),
            }
        }
        if let Some((value, reason)) = wrong {
            return match given {
                Err(lost) => Outcome::Invalid(Some(value), lost),
                Ok(None) => Outcome::Invalid(Some(value), reason),
                Ok(Some(Value::Null)) if moved.field.required && is_complete => {
                    let reason = format!("{reason} Null cannot stand in for it: there must be a value.");
                    Outcome::Invalid(Some(value), reason)
                }
                Ok(Some(Value::Null)) => Outcome::Replaced(None),
                Ok(Some(given)) => Outcome::Replaced(Some(given.clone())),
            };
        }
        if !moved.needs_value {
            return Outcome::Nothing;
        }
        if is_slug(&moved.field.kind) {
            return Outcome::Filled(self.new_slug(&moved.field, entry, stored));
        }
        // What a draft lacks of before is its author's affair.
        if !is_complete && !moved.is_new {
            return Outcome::Nothing;
        }
        let filling =
            given.map(|given| given.or(moved.field.default.as_ref()).filter(|value| !value.is_null()));
        match filling {
            Err(lost) => Outcome::Invalid(None, lost),
            Ok(Some(value)) => Outcome::Filled(value.clone()),
            Ok(None) if is_complete => Outcome::Invalid(None, "Has no value and must have one.".into()),
            Ok(None) => Outcome::Nothing,
        }
    }

    /// What was given for entries without a valid value, unless it leads to something that is not there.
    fn given(&self, moved: &Move, existing: Option<&HashSet<Uuid>>) -> Result<Option<&Value>, String> {
        let given = self.fill.get(moved.field.name.as_str());
        match given.and_then(|given| lost(&moved.field, given, existing)) {
            Some(reason) => Err(reason),
            None => Ok(given),
        }
    }

    /// Whether the entry will be published, and so must be complete.
    fn is_complete(&self, entry: &Entry) -> bool {
        entry.status == EntryStatus::Published || !self.transition.new.definition.drafts
    }

    /// Where the relations of a field lead to; nowhere for other kinds.
    fn place(&self, moved: &Move) -> Option<Place> {
        match &moved.field.kind {
            Kind::Relation { to, .. } => self.places.of(to),
            _ => None,
        }
    }

    /// A slug of what the field says that slugs are made of, as a new entry would get it.
    fn new_slug(&self, field: &Field, entry: &Entry, stored: &Map<String, Value>) -> Value {
        let new = &self.transition.new;
        let from = match &field.kind {
            Kind::Slug { from } => from.as_ref(),
            _ => None,
        };
        let text = from.and_then(|from| stored.get(new.layout.key(from.as_str())?)?.as_str());
        let slug = Slug::derive_below(text.unwrap_or_default(), new.name());
        self.slugs.give(&slug, entry.id.0).as_str().into()
    }

    /// A slug that was another kind of text before: those can be the same.
    fn unique_slug(&self, moved: &Move, origin: &Origin, kept: Value, entry: &Entry) -> Value {
        if !is_slug(&moved.field.kind) {
            return kept;
        }
        match kept.as_str().and_then(|text| Slug::parse_below(text).ok()) {
            Some(slug) if is_slug(&origin.field.kind) => {
                self.slugs.keep(slug.as_str(), entry.id.0);
                kept
            }
            Some(slug) => self.slugs.give(&slug, entry.id.0).as_str().into(),
            None => kept,
        }
    }
}

/// Checks what shall be given to entries, and normalises it.
///
/// # Errors
/// Every fault, beneath `fill`.
pub(super) fn checked_fill(
    transition: &Transition,
    fill: &Map<String, Value>,
) -> Result<Fields, Vec<FieldError>> {
    let definition = &transition.new.definition;
    let (mut checked, mut faults) = (Fields::new(), Vec::new());
    for (name, value) in fill {
        let path = format!("fill.{name}");
        let Some(field) = definition.field(name) else {
            let known: Vec<&str> = definition.fields.iter().map(|field| field.name.as_str()).collect();
            let message = format!("There is no such field; there are {}.", known.join(", "));
            faults.push(FieldError::at(path, message));
            continue;
        };
        match check::checked(field, value, &path, true) {
            Ok(value) => drop(checked.insert(name.clone(), value.unwrap_or_default())),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

/// What tells values of a unique field apart, as a number.
pub(super) fn fingerprint(field: &Field, value: &Value) -> u64 {
    match check::index_value(field, Some(value)) {
        // The two zeros are the same to an index.
        IndexValue::Number(number) => hash(&(number + 0.0).to_bits()),
        IndexValue::Text(text) => hash(text.as_str()),
    }
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The values of an entry that a field may take over, the best first, with where they are.
fn held<'a>(moved: &'a Move, entry: &'a Entry) -> Vec<(&'a Origin, &'a Value)> {
    let value = move |origin: &'a Origin| {
        let value = entry.stored.get(&origin.key).filter(|value| !value.is_null())?;
        Some((origin, value))
    };
    let original = moved.original.as_ref().and_then(value);
    let from = moved.from.as_ref().and_then(value);
    match (original, from) {
        (Some(original), _) if moved.is_new => vec![original],
        (Some(original), Some(from)) if became(original, from) => vec![original, from],
        (_, from) => from.into_iter().collect(),
    }
}

/// Whether the second value is what the first one became when the field changed its kind.
fn became((origin, value): (&Origin, &Value), (from, present): (&Origin, &Value)) -> bool {
    let value = convert(&origin.field.kind, &from.field.kind, value);
    let value = value.and_then(|value| check::checked(&from.field, &value, "", false).ok().flatten());
    value.as_ref() == Some(present)
}

/// The value as the field would hold it; none where it means nothing there.
fn carried(moved: &Move, origin: &Origin, value: &Value) -> Option<Value> {
    let (was, is) = (&origin.field.kind, &moved.field.kind);
    if was == is { Some(value.clone()) } else { convert(was, is, value) }
}

/// The value as the field holds it then; none where nothing remains of it.
fn valid(
    moved: &Move,
    (origin, value): (&Origin, &Value),
    existing: Option<&HashSet<Uuid>>,
    is_complete: bool,
) -> Result<Option<Value>, String> {
    let field = &moved.field;
    let remaining = remaining(moved, origin, value, existing);
    if remaining.is_null() {
        return Ok(None);
    }
    let value = carried(moved, origin, &remaining)
        .ok_or_else(|| format!("Cannot be read as {}.", described(&field.kind)))?;
    let path = format!("fields.{}", field.name);
    let checked =
        check::checked(field, &value, &path, is_complete).map_err(|faults| reason(&faults, &path))?;
    match checked.as_ref().and_then(|value| lost(field, value, existing)) {
        Some(reason) => Err(reason),
        None => Ok(checked),
    }
}

/// The value without what is gone, where it is the relation of a field that was gone itself: that kept nothing from
/// being removed.
fn remaining(moved: &Move, origin: &Origin, value: &Value, existing: Option<&HashSet<Uuid>>) -> Value {
    let is_relation = |field: &Field| matches!(field.kind, Kind::Relation { .. });
    if !moved.is_new || !is_relation(&moved.field) || !is_relation(&origin.field) {
        return value.clone();
    }
    let is_there = |value: &Value| {
        let ids = check::relation_ids(value);
        !ids.is_empty() && ids.iter().all(|id| existing.is_some_and(|existing| existing.contains(id)))
    };
    match value {
        Value::Array(values) => {
            let there: Vec<Value> = values.iter().filter(|value| is_there(value)).cloned().collect();
            if there.is_empty() { Value::Null } else { Value::Array(there) }
        }
        value if is_there(value) => value.clone(),
        _ => Value::Null,
    }
}

/// Says what of a relation is not there.
fn lost(field: &Field, value: &Value, existing: Option<&HashSet<Uuid>>) -> Option<String> {
    let Kind::Relation { to, .. } = &field.kind else { return None };
    let is_there = |id: &Uuid| existing.is_some_and(|existing| existing.contains(id));
    let gone = check::relation_ids(value).into_iter().find(|id| !is_there(id))?;
    Some(format!("There is no {} `{gone}`.", to.name()))
}

const fn is_slug(kind: &Kind) -> bool {
    matches!(kind, Kind::Slug { .. })
}

fn described(kind: &Kind) -> String {
    if kind.is_many() { format!("{} of several", kind.name()) } else { kind.name().to_owned() }
}

/// All faults of one value in a line. Those inside a group say where they are.
fn reason(faults: &[FieldError], path: &str) -> String {
    let words = |fault: &FieldError| match fault.field.strip_prefix(path).filter(|place| !place.is_empty()) {
        Some(place) => format!("{}: {}", place.trim_start_matches('.'), fault.message),
        None => fault.message.clone(),
    };
    faults.iter().map(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
