//! What leaves the plugin: requests to other servers, and events.

use std::sync::Arc;

use uuid::Uuid;

use crate::capability::Capability;
use crate::guest_state::GuestState;
use crate::ports::{DatabaseError, DatabaseErrorKind, EmittedEvent, HttpError, HttpRequest};

/// The longest type of an event, in bytes.
const MAX_EVENT_TYPE: usize = 64;
/// Why nothing leaves while a transaction is open.
const TRANSACTION_OPEN: &str =
    "a transaction is open; commit it or roll it back first, so that nobody waits for it";

impl GuestState {
    /// `http-get` and `http-post`.
    pub(super) async fn request(
        &mut self,
        call: &'static str,
        url: String,
        body: Option<String>,
    ) -> Option<String> {
        self.permit(Capability::Http, call).ok()?;
        match self.send(HttpRequest { url, body }).await {
            Ok(answer) => Some(answer),
            Err(HttpError::NotGranted(reason)) => {
                self.denied(call, &reason);
                None
            }
            Err(HttpError::Failed(reason)) => {
                self.complain(call, &reason);
                None
            }
        }
    }

    async fn send(&mut self, request: HttpRequest) -> Result<String, HttpError> {
        if self.has_transaction() {
            return Err(HttpError::Failed(TRANSACTION_OPEN.to_owned()));
        }
        self.call.spend_request().map_err(HttpError::Failed)?;
        let environment = &self.environment;
        // What the grants allow, `Environment` holds.
        let Some(port) = &environment.http else {
            return Err(HttpError::NotGranted("no host is granted".to_owned()));
        };
        port.send(&environment.plugin, request, environment.grants.hosts(), self.deadline).await
    }

    /// `emit-event`: keeps an event until the call has ended well, and answers its id.
    pub(super) fn emit(&mut self, event_type: &str, data: String) -> Result<String, DatabaseError> {
        let refused = |reason: String| DatabaseError::new(DatabaseErrorKind::Invalid, reason);
        self.permit(Capability::Emit, "emit-event").map_err(refused)?;
        if let Err(reason) = self.check_event(event_type, &data) {
            self.complain("emit-event", &reason);
            return Err(refused(reason));
        }
        let id = Uuid::now_v7().to_string();
        let event_type = format!("plugin.{}.{event_type}", self.environment.plugin);
        self.call.outcome.emitted.push(EmittedEvent { id: id.clone(), event_type, data });
        Ok(id)
    }

    fn check_event(&mut self, event_type: &str, data: &str) -> Result<(), String> {
        let config = Arc::clone(&self.environment.config);
        // No dots: the type is what stands behind the last one of the full name, so that no plugin speaks for another.
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if event_type.is_empty() || event_type.len() > MAX_EVENT_TYPE || !event_type.bytes().all(fits) {
            return Err(format!(
                "an event's type has 1 to {MAX_EVENT_TYPE} lower-case letters, digits, `_` and `-`, as in \
                 `order-paid`"
            ));
        }
        if self.call.hook.is_none() {
            return Err(
                "an instance that starts belongs to no call, so nothing can be emitted yet".to_owned()
            );
        }
        if self.has_transaction() {
            return Err(TRANSACTION_OPEN.to_owned());
        }
        let (chain, depth) = (self.call.context.chain.len(), config.chain_depth);
        if chain >= depth {
            return Err(format!("{chain} plugins have led to this call already, at most {depth} may"));
        }
        if self.call.outcome.emitted.len() >= config.event_budget as usize {
            return Err(format!("{} events in one hook call", config.event_budget));
        }
        if data.len() > config.event_bytes {
            return Err(format!(
                "the data has {} bytes; at most {} are allowed",
                data.len(),
                config.event_bytes
            ));
        }
        serde_json::from_str::<serde::de::IgnoredAny>(data)
            .map(drop)
            .map_err(|error| format!("the data is not valid JSON: {error}"))
    }
}
