//! What came of an import, and how far it is.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{error::FieldError, ids::EntryId};

/// As many lines are named that could not be imported.
const ERRORS: usize = 100;
/// As many faults of each.
const FAULTS: usize = 20;

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportProgress {
    /// Bytes that were read.
    pub bytes: u64,
    /// Entries that were read.
    pub read: u64,
    /// Entries that are done, in whatever way.
    pub done: u64,
    /// Entries that failed.
    pub failed: u64,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportSummary {
    /// Lines that were not blank.
    pub read: u64,
    /// Entries that were not there before. Where the import was only tried: lines that are right by themselves.
    pub created: u64,
    /// Entries that were there and are different now.
    pub updated: u64,
    /// Entries that were there as they are in the lines.
    pub unchanged: u64,
    /// Lines that could not be imported.
    pub failed: u64,
    /// The first hundred of them.
    pub errors: Vec<LineError>,
}

/// A line that could not be imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineError {
    /// Its number, from 1; blank lines count.
    pub line: u64,
    /// The entry's id, if the line has one that can be read.
    pub id: Option<EntryId>,
    /// The first twenty things that are wrong with it.
    pub errors: Vec<FieldError>,
}

impl ImportSummary {
    /// How many lines were dealt with.
    pub(super) fn done(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.failed
    }

    pub(super) fn fail(&mut self, line: u64, id: Option<EntryId>, mut errors: Vec<FieldError>) {
        self.failed += 1;
        if self.errors.len() < ERRORS {
            errors.truncate(FAULTS);
            self.errors.push(LineError { line, id, errors });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_stays_small() {
        let mut summary = ImportSummary::default();
        for line in 1..=150 {
            summary.fail(line, None, vec![FieldError::new("fields.title", "Must have a value."); 500]);
        }
        assert_eq!((summary.failed, summary.errors.len()), (150, 100));
        assert!(summary.errors.iter().all(|error| error.errors.len() == 20));
    }
}
