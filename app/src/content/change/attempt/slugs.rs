//! Slugs that a change makes: like those of new entries, they are unique by themselves.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use super::hash;
use crate::posts::Slug;

/// How often a new slug is given the next number; then the number is taken from the entry's id.
const NUMBERED: u64 = 20;

/// Whose a slug is, by its hash, so that an entry gets the same whenever it is looked at.
#[derive(Default)]
pub(super) struct Slugs {
    owners: Mutex<HashMap<u64, Uuid>>,
}

impl Slugs {
    /// Notes a slug that an entry has already, and will keep.
    pub(super) fn keep(&self, slug: &str, id: Uuid) {
        self.owner(slug, id);
    }

    /// The slug, or the next with a number, that no other entry has or was given.
    pub(super) fn give(&self, slug: &Slug, id: Uuid) -> Slug {
        let is_own = |slug: &Slug| self.owner(slug.as_str(), id) == id;
        if is_own(slug) {
            return slug.clone();
        }
        let (_, low) = id.as_u64_pair();
        let mut numbered = (2..=NUMBERED).map(|number| slug.numbered(number));
        numbered.find(is_own).unwrap_or_else(|| slug.numbered(low))
    }

    /// Whose the slug is: this entry's, if it was nobody's.
    fn owner(&self, slug: &str, id: Uuid) -> Uuid {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        *owners.entry(hash(slug)).or_insert(id)
    }
}
