//! Entries that lead to each other: none of them can be the first to be whole.

use std::collections::{HashMap, HashSet};

use super::{Ended, Import, is_fatal};
use crate::{
    content::{
        EntryStatus, TypeDefinition,
        check::relation_ids,
        entries::PutOutcome,
        storage::entries::find_many,
        transfer::order::{Work, own_relations, with_followers},
    },
    error::{FieldError, Result},
    http::IfMatch,
    ids::EntryId,
};

/// As many entries are looked for at once; they are read whole.
const LOOKED_FOR: usize = 50;

/// Entries that this import has made, each at the version in which it left it.
type Made = HashMap<EntryId, i64>;

impl Import<'_> {
    /// Writes entries that lead to each other. Those that are missing are made first; what stands is written once and
    /// whole, or stays as it is.
    pub(super) async fn tie(&mut self, works: Vec<Work>) -> Result<()> {
        let standing = self.standing(&works).await?;
        // Nothing can lead to an entry that is not made under the id of its line.
        let keeps = self.keeps;
        let is_missing = |work: &Work| keeps && work.new.id.is_some_and(|id| !standing.contains(&id));
        let (missing, others): (Vec<Work>, Vec<Work>) = works.into_iter().partition(is_missing);
        self.make_together(missing).await?;
        for Ended { work, outcome, .. } in self.try_all(others).await? {
            self.note(&work, outcome)?;
        }
        Ok(())
    }

    /// Which of these entries are there.
    async fn standing(&self, works: &[Work]) -> Result<HashSet<EntryId>> {
        let ids: HashSet<EntryId> = works.iter().filter_map(|work| work.new.id).collect();
        let ids: Vec<EntryId> = ids.into_iter().collect();
        let database = self.service.content_types().database.reader();
        let mut standing = HashSet::new();
        for ids in ids.chunks(LOOKED_FOR) {
            let found = find_many(database, self.content_type, ids).await?;
            standing.extend(found.iter().map(|entry| entry.id));
        }
        Ok(standing)
    }

    /// Makes new entries without what leads to their own type, as drafts where there are drafts, and then whole. Those
    /// that cannot be whole are taken back, and those that lead to them.
    async fn make_together(&mut self, works: Vec<Work>) -> Result<()> {
        let (mut made, mut begun) = (Made::new(), Vec::with_capacity(works.len()));
        let loose = works.iter().map(|work| self.loose(work)).collect();
        for (tried, work) in self.try_all(loose).await?.into_iter().zip(works) {
            match tried.outcome {
                Ok(outcome) => {
                    note_version(&mut made, &outcome);
                    begun.push(work);
                }
                outcome => self.note(&work, outcome)?,
            }
        }
        let mut done = Vec::with_capacity(begun.len());
        for Ended { work, outcome, .. } in self.try_all(begun).await? {
            match outcome {
                Ok(outcome) => {
                    note_version(&mut made, &outcome);
                    done.push((work, outcome));
                }
                outcome => self.note(&work, outcome)?,
            }
        }
        let lost = lost(&self.content_type.definition, &made, &done);
        let is_lost = |work: &Work| work.new.id.is_some_and(|id| lost.contains(&id));
        let mut taken_back = Vec::new();
        for (work, outcome) in done {
            if is_lost(&work) {
                taken_back.push(work);
                continue;
            }
            // The first line of an entry that is new is the one that made it.
            let is_first = work.new.id.is_some_and(|id| made.remove(&id).is_some());
            let outcome = match outcome {
                PutOutcome::Updated(entry) | PutOutcome::Unchanged(entry) if is_first => {
                    PutOutcome::Created(entry)
                }
                outcome => outcome,
            };
            self.note(&work, Ok(outcome))?;
        }
        self.take_back(taken_back, made).await
    }

    /// Removes what was made of entries that cannot be whole; these are the lines of those that were so for a moment.
    /// What somebody else has changed or taken up by now stays.
    async fn take_back(&mut self, works: Vec<Work>, mut made: Made) -> Result<()> {
        for work in &works {
            let faults = lost_relations(&self.content_type.definition, work, &made);
            self.summary.fail(work.line, work.new.id, faults);
            self.tell();
        }
        // Once they lead nowhere, none of them keeps another from being removed.
        let loose = works.iter().map(|work| self.loose(work)).collect();
        for tried in self.try_all(loose).await? {
            match tried.outcome {
                Ok(outcome) => note_version(&mut made, &outcome),
                Err(error) if is_fatal(&error) => return Err(error),
                Err(_) => {}
            }
        }
        for (id, version) in made {
            let content_type = self.service.content_types().served(self.content_type.name()).await?;
            let removal = self.service.delete(self.actor, &content_type, id, IfMatch(Some(version)));
            if let Err(error) = Box::pin(removal).await
                && is_fatal(&error)
            {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The entry without what leads to its own type.
    fn loose(&self, work: &Work) -> Work {
        let mut loose = work.clone();
        for field in own_relations(&self.content_type.definition) {
            loose.new.fields.remove(field.name.as_str());
        }
        if self.content_type.definition.drafts {
            loose.new.status = Some(EntryStatus::Draft);
        }
        loose
    }
}

fn note_version(made: &mut Made, outcome: &PutOutcome) {
    match outcome {
        PutOutcome::Created(entry) => {
            made.insert(entry.id, entry.version);
        }
        PutOutcome::Updated(entry) | PutOutcome::Unchanged(entry) => {
            if let Some(version) = made.get_mut(&entry.id) {
                *version = entry.version;
            }
        }
    }
}

/// Those of the new entries of which no line could be written whole, and those that lead to them.
fn lost(definition: &TypeDefinition, made: &Made, done: &[(Work, PutOutcome)]) -> HashSet<EntryId> {
    let is_made = |work: &&Work| work.new.id.is_some_and(|id| made.contains_key(&id));
    let works: Vec<&Work> = done.iter().map(|(work, _)| work).filter(is_made).collect();
    let whole: HashSet<EntryId> = works.iter().filter_map(|work| work.new.id).collect();
    let failed = made.keys().copied().filter(|id| !whole.contains(id)).collect();
    with_followers(definition, &works, failed)
}

/// What is wrong with an entry that leads to others which could not be made.
fn lost_relations(definition: &TypeDefinition, work: &Work, lost: &Made) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for field in own_relations(definition) {
        let ids = work.new.fields.get(field.name.as_str()).map(relation_ids).unwrap_or_default();
        for (index, id) in ids.into_iter().map(EntryId).enumerate() {
            if work.new.id == Some(id) || !lost.contains_key(&id) {
                continue;
            }
            let place = if field.kind.is_many() { format!("[{index}]") } else { String::new() };
            let message = format!("The {} `{id}` could not be imported.", definition.name);
            faults.push(FieldError::at(format!("fields.{}{place}", field.name), message));
        }
    }
    if faults.is_empty() {
        faults.push(FieldError::new("", "Another line of this entry could not be imported."));
    }
    faults
}
