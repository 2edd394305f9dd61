//! Facts that already happened. They are the only thing that fires action hooks: recorded with the change they tell of,
//! delivered after it was committed, at least once.

mod bridge;
mod event;
mod lease;
mod outbox;
mod queue;
mod recorder;
mod worker;

pub use event::{DomainEvent, Origin};
pub use lease::Lease;
pub use recorder::{EventRecorder, RecorderHandle};
pub use worker::OutboxWorker;
