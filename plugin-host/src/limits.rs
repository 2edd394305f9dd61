//! What a guest may use: memory over its whole store, host calls per call.

use wasmtime::ResourceLimiter;

/// Bytes that one table element takes in the host.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Counts every memory and table of a store against one limit; wasmtime's own limits count each memory by itself.
#[derive(Debug)]
pub(crate) struct StoreMemory {
    limit: usize,
    used: usize,
    /// The last growth, undone where the allocation behind it fails.
    last_growth: usize,
    refused: bool,
}

impl StoreMemory {
    pub(crate) fn new(limit: usize) -> StoreMemory {
        StoreMemory { limit, used: 0, last_growth: 0, refused: false }
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> usize {
        self.used
    }

    /// The limit in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Forgets what was refused to the call before.
    pub(crate) fn begin_call(&mut self) {
        self.refused = false;
    }

    /// Whether the running call has asked for more than it may have.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, current: usize, desired: usize) -> bool {
        let growth = desired.saturating_sub(current);
        let fits = self.used.checked_add(growth).is_some_and(|total| total <= self.limit);
        if fits {
            self.used += growth;
            self.last_growth = growth;
        } else {
            self.refused = true;
        }
        fits
    }

    fn undo(&mut self) {
        self.used = self.used.saturating_sub(self.last_growth);
        self.last_growth = 0;
    }
}

impl ResourceLimiter for StoreMemory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(current, desired))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        Ok(self.grow(current.saturating_mul(TABLE_ELEMENT), desired.saturating_mul(TABLE_ELEMENT)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo();
        Ok(())
    }
}

/// A guest used up what it may use; ends the call.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BudgetExceeded(pub(crate) String);

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 65_536;

    #[test]
    fn all_memories_share_one_limit() {
        let mut memory = StoreMemory::new(10 * PAGE);
        assert!(memory.memory_growing(0, 6 * PAGE, None).expect("an answer"));
        assert!(!memory.memory_growing(0, 6 * PAGE, None).expect("an answer"), "a second memory counts too");
        assert!(memory.refused());
        assert!(memory.memory_growing(0, 4 * PAGE, None).expect("an answer"));
        assert!(!memory.table_growing(0, 1, None).expect("an answer"), "tables count too");
        assert_eq!(memory.used(), 10 * PAGE);
    }

    #[test]
    fn failed_growth_is_given_back() {
        let mut memory = StoreMemory::new(10 * PAGE);
        assert!(memory.memory_growing(0, 6 * PAGE, None).expect("an answer"));
        assert!(memory.memory_growing(6 * PAGE, 8 * PAGE, None).expect("an answer"));
        memory.memory_grow_failed(wasmtime::Error::msg("no memory")).expect("undone");
        assert_eq!(memory.used(), 6 * PAGE);
    }

    #[test]
    fn a_guests_own_maximum_is_not_our_refusal() {
        let mut memory = StoreMemory::new(10 * PAGE);
        assert!(!memory.memory_growing(0, 2 * PAGE, Some(PAGE)).expect("an answer"));
        assert!(!memory.table_growing(0, usize::MAX, Some(3)).expect("an answer"));
        assert!(!memory.refused());
        assert!(!memory.table_growing(0, usize::MAX, None).expect("an answer"), "no overflow");
    }
}
