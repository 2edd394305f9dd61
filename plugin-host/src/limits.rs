//! What a guest may use of the machine: memory over its whole store, and slots of the engine's pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

/// Bytes that one table element takes in the host.
const TABLE_ELEMENT: usize = size_of::<usize>();

/// Core instances of one store. A guest in Rust takes three, one in Python about twenty, each library by itself.
const MAX_INSTANCES: usize = 64;
/// Memories of one store. Guests have one; each takes a slot of a pool that all plugins share.
const MAX_MEMORIES: usize = 4;
/// Tables of one store. Guests have two or three; each takes a slot of a pool that all plugins share.
const MAX_TABLES: usize = 32;

/// Counts every memory and table of a store against one limit; wasmtime's own limits count each memory by itself.
///
/// What was allowed once stays counted, also where the machine then has no memory for it: wasmtime reports such a
/// failure with the same call as a growth that it never asked about, so a guest could have the former undone by the
/// latter and grow without end.
#[derive(Debug)]
pub(crate) struct StoreMemory {
    limit: usize,
    used: usize,
    total: Arc<TotalMemory>,
    refused: Option<Shortage>,
}

/// Why memory was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    /// The store has all that it may have.
    Own,
    /// All stores together have all that they may have.
    Total,
}

/// What all stores of a host hold together.
#[derive(Debug)]
pub(crate) struct TotalMemory {
    limit: usize,
    used: AtomicUsize,
}

impl TotalMemory {
    pub(crate) fn new(limit: usize) -> TotalMemory {
        TotalMemory { limit, used: AtomicUsize::new(0) }
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|total| *total <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

impl Drop for StoreMemory {
    fn drop(&mut self) {
        self.total.used.fetch_sub(self.used, Ordering::Relaxed);
    }
}

impl StoreMemory {
    pub(crate) fn new(limit: usize, total: Arc<TotalMemory>) -> StoreMemory {
        StoreMemory { limit, used: 0, total, refused: None }
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
        self.refused = None;
    }

    /// Whether the running call has asked for more than it may have.
    pub(crate) fn refused(&self) -> Option<Shortage> {
        self.refused
    }

    fn grow(&mut self, current: usize, desired: usize) -> bool {
        let growth = desired.saturating_sub(current);
        if self.used.checked_add(growth).is_none_or(|total| total > self.limit) {
            self.refused = Some(Shortage::Own);
        } else if !self.total.take(growth) {
            self.refused = Some(Shortage::Total);
        } else {
            self.used += growth;
            return true;
        }
        false
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

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
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
        let mut memory = store(10 * PAGE);
        assert!(memory.memory_growing(0, 6 * PAGE, None).expect("an answer"));
        assert!(!memory.memory_growing(0, 6 * PAGE, None).expect("an answer"), "a second memory counts too");
        assert_eq!(memory.refused(), Some(Shortage::Own));
        assert!(memory.memory_growing(0, 4 * PAGE, None).expect("an answer"));
        assert!(!memory.table_growing(0, 1, None).expect("an answer"), "tables count too");
        assert_eq!(memory.used(), 10 * PAGE);
    }

    fn store(limit: usize) -> StoreMemory {
        StoreMemory::new(limit, Arc::new(TotalMemory::new(usize::MAX)))
    }

    #[test]
    fn all_stores_share_what_there_is() {
        let total = Arc::new(TotalMemory::new(10 * PAGE));
        let mut first = StoreMemory::new(8 * PAGE, Arc::clone(&total));
        let mut second = StoreMemory::new(8 * PAGE, Arc::clone(&total));
        assert!(first.memory_growing(0, 8 * PAGE, None).expect("an answer"));
        assert!(!second.memory_growing(0, 3 * PAGE, None).expect("an answer"));
        assert_eq!(second.refused(), Some(Shortage::Total));
        drop(first);
        assert!(
            second.memory_growing(0, 3 * PAGE, None).expect("an answer"),
            "what is dropped is given back"
        );
    }

    #[test]
    fn a_failure_undoes_nothing() {
        let mut memory = store(10 * PAGE);
        assert!(memory.memory_growing(0, 8 * PAGE, None).expect("an answer"));
        memory.memory_grow_failed(wasmtime::Error::msg("never asked about")).expect("noted");
        memory.table_grow_failed(wasmtime::Error::msg("never asked about")).expect("noted");
        assert_eq!(memory.used(), 8 * PAGE);
    }

    #[test]
    fn a_guests_own_maximum_is_not_our_refusal() {
        let mut memory = store(10 * PAGE);
        assert!(!memory.memory_growing(0, 2 * PAGE, Some(PAGE)).expect("an answer"));
        assert!(!memory.table_growing(0, usize::MAX, Some(3)).expect("an answer"));
        assert_eq!(memory.refused(), None);
        assert!(!memory.table_growing(0, usize::MAX, None).expect("an answer"), "no overflow");
    }

    /// A module with one page of memory and a function `grow` that hands `memory.grow` its argument.
    const GROWS: &[u8] = b"\0asm\x01\0\0\0\
        \x01\x06\x01\x60\x01\x7f\x01\x7f\
        \x03\x02\x01\x00\
        \x05\x03\x01\x00\x01\
        \x07\x08\x01\x04grow\x00\x00\
        \x0a\x08\x01\x06\x00\x20\x00\x40\x00\x0b";

    #[test]
    fn impossible_growth_does_not_make_room() {
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, GROWS).expect("a module");
        let mut store = wasmtime::Store::new(&engine, store(10 * PAGE));
        store.limiter(|memory| memory);
        let instance = wasmtime::Instance::new(&mut store, &module, &[]).expect("an instance");
        let grow = instance.get_typed_func::<i32, i32>(&mut store, "grow").expect("a function");
        let mut ask = |pages: i32| grow.call(&mut store, pages).expect("no trap");
        assert_eq!(ask(4), 1);
        assert_eq!(ask(65_536), -1, "more than a memory can have");
        assert_eq!(ask(4), 5);
        assert_eq!(ask(65_536), -1);
        assert_eq!(ask(2), -1, "the store has nine pages of ten");
        assert_eq!(ask(1), 9);
    }

    #[test]
    fn memories_take_slots_of_a_pool() {
        // Five memories, each of no page.
        let module = b"\0asm\x01\0\0\0\x05\x0b\x05\0\0\0\0\0\0\0\0\0\0";
        let engine = wasmtime::Engine::default();
        let module = wasmtime::Module::new(&engine, module).expect("a module");
        let mut store = wasmtime::Store::new(&engine, store(10 * PAGE));
        store.limiter(|memory| memory);
        let refused = wasmtime::Instance::new(&mut store, &module, &[]).expect_err("too many memories");
        assert!(format!("{refused:#}").contains("memory count too high"), "{refused:#}");
    }
}
