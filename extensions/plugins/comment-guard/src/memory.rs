//! What the plugin remembers, all of it in tables of its own; all of its SQL is here.

pub(crate) mod approvals;
pub(crate) mod corpus;
pub(crate) mod refusals;
pub(crate) mod reputations;
pub(crate) mod sightings;

/// So many rows go into one statement. A lesson has thousands, a call 2 000 statements, and a statement 4 000 values.
const ROWS_PER_STATEMENT: usize = 250;

/// `(?, ?), (?, ?)`: so many rows of so many values.
fn places(rows: usize, values: usize) -> String {
    let row = format!("({})", vec!["?"; values].join(", "));
    vec![row; rows].join(", ")
}

#[cfg(test)]
pub(crate) mod testing {
    use fleuron_plugin::testing::MemoryHost;

    use crate::signals::testing::NOW;

    /// A host with the plugin's tables, no comments, and a clock that stands at [`NOW`].
    pub(crate) fn host() -> MemoryHost {
        let host = MemoryHost::install();
        host.migrate(include_str!("../migrations/0001_memory.sql")).unwrap();
        host.seed_view("core_comments", []).unwrap();
        host.set_clock(NOW.unsigned_abs() * 1000);
        host
    }
}
