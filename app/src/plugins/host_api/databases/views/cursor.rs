//! A walk through the rows that one search finds.

use std::{ffi::c_int, sync::Arc, vec::IntoIter};

use rusqlite::{
    ffi::sqlite3_vtab_cursor,
    vtab::{Context, Filters, VTabCursor},
};

use super::{
    condition::{Bound, bind},
    plan::Plan,
    scan::{Row, Scan},
    source::{Source, failure},
};

/// Where a statement is in one of the tables.
#[repr(C)]
pub(super) struct Cursor {
    base: sqlite3_vtab_cursor,
    source: Arc<Source>,
    columns: u64,
    /// None where nothing can be found.
    scan: Option<Scan>,
    fetched: IntoIter<Row>,
    current: Option<Row>,
}

impl Cursor {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self {
            base: sqlite3_vtab_cursor::default(),
            source,
            columns: 0,
            scan: None,
            fetched: Vec::new().into_iter(),
            current: None,
        }
    }

    fn advance(&mut self) -> rusqlite::Result<()> {
        loop {
            self.current = self.fetched.next();
            if self.current.is_some() {
                return Ok(());
            }
            let Some(scan) = &mut self.scan else { return Ok(()) };
            match scan.next_batch(&self.source)? {
                Some(rows) => self.fetched = rows.into_iter(),
                None => self.scan = None,
            }
        }
    }
}

/// The search that a plan and its values make; none where they contradict each other.
fn search(source: &Source, plan: Plan, values: &Filters<'_>) -> Option<Scan> {
    let mut conditions = Vec::with_capacity(plan.pushed.len());
    for (pushed, value) in plan.pushed.iter().zip(values.iter()) {
        match bind(&source.table, *pushed, value) {
            Bound::Nothing => return None,
            Bound::Left => {}
            Bound::Checked(condition) => conditions.push(condition),
        }
    }
    Some(Scan::new(source, plan, conditions))
}

#[expect(unsafe_code, reason = "rusqlite asks for the promise that the base comes first")]
// SAFETY: `#[repr(C)]` with the base as the first field.
unsafe impl VTabCursor for Cursor {
    fn filter(&mut self, _: c_int, plan: Option<&str>, values: &Filters<'_>) -> rusqlite::Result<()> {
        let plan = plan.and_then(Plan::parse).ok_or_else(|| failure("the plan cannot be read"))?;
        self.columns = plan.columns;
        self.fetched = Vec::new().into_iter();
        self.scan = search(&self.source, plan, values);
        self.advance()
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.advance()
    }

    fn eof(&self) -> bool {
        self.current.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> rusqlite::Result<()> {
        let row = self.current.as_ref().ok_or_else(|| failure("there is no row"))?;
        let bit = u32::try_from(column).ok().and_then(|column| 1_u64.checked_shl(column)).unwrap_or(0);
        let place = (self.columns & bit.wrapping_sub(1)).count_ones() as usize;
        let value = row.values.get(place).filter(|_| self.columns & bit != 0);
        context.set_result(value.ok_or_else(|| failure("the column was not read"))?)
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(self.current.as_ref().map_or(0, |row| row.rowid))
    }
}
