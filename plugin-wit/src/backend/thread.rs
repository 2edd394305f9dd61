//! One backend per thread, because tests run one to a thread.

use std::cell::RefCell;
use std::rc::Rc;

use super::HostBackend;
use crate::testing::MemoryHost;

thread_local! {
    static BACKEND: RefCell<Rc<dyn HostBackend>> = RefCell::new(Rc::new(MemoryHost::default()));
}

pub(crate) fn install(backend: Rc<dyn HostBackend>) {
    BACKEND.with(|slot| *slot.borrow_mut() = backend);
}

pub(crate) fn call<T>(answer: impl FnOnce(&dyn HostBackend) -> T) -> T {
    let backend = BACKEND.with(|slot| Rc::clone(&slot.borrow()));
    answer(backend.as_ref())
}
