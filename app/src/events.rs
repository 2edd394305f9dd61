//! Facts that already happened. They are the only thing that fires action hooks and webhooks: recorded with the change
//! they tell of, delivered after it was committed, at least once.

mod bridge;
mod cleanup;
mod config;
mod delivery;
mod dto;
mod envelope;
mod event;
mod health;
pub mod http;
mod lanes;
mod lease;
mod listener;
mod live;
mod metrics;
mod queue;
mod recorder;
mod repo;
mod retry;
mod service;
mod stream;
mod unit;
mod worker;

pub use cleanup::{clean_up, discard_listener};
pub use config::EventsConfig;
pub(crate) use delivery::Outcome;
pub use delivery::{Attempt, DeliveryState};
pub use envelope::EventEnvelope;
pub(crate) use event::{
    CONTENT_CREATED, CONTENT_DELETED, CONTENT_PUBLISHED, CONTENT_UNPUBLISHED, CONTENT_UPDATED,
};
pub use event::{ContentOutput, DomainEvent, Origin};
pub use health::Backlog;
pub use lease::Lease;
pub use listener::Listener;
pub use live::LiveFeed;
pub use metrics::EventMetrics;
pub use recorder::{EventRecorder, Fact, RecorderHandle};
pub use service::EventService;
pub use worker::{OutboxWorker, WorkerParts};
