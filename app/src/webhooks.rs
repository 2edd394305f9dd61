//! Webhooks: other servers that are told of events, signed as the Standard Webhooks specification has it.
//!
//! Which webhook hears an event is decided when the event is recorded, from a snapshot in memory; the outbox tells
//! them, through [`WebhookSender`], as it tells plugins. One that fails for days, or that answers 410, is paused.

mod attempt;
pub mod dto;
mod health;
pub mod http;
mod model;
mod pattern;
mod registry;
mod repo;
mod secret;
mod sender;
mod service;
mod signature;

#[cfg(test)]
mod testing;

pub use crate::ids::WebhookId;
pub use attempt::Answer;
pub use model::Webhook;
pub use pattern::EventPattern;
pub use registry::Webhooks;
pub use secret::Secret;
pub use sender::WebhookSender;
pub use service::WebhookService;
