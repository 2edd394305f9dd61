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
        let allowed = environment.allowed_hosts().await;
        port.send(&environment.plugin, request, &allowed, self.deadline).await
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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::config::HostConfig;
    use crate::guest_state::Environment;
    use crate::limits::TotalMemory;
    use crate::manifest::Manifest;
    use crate::testing::MemoryPorts;

    fn guest(ports: &MemoryPorts, http: &str, default: &str) -> GuestState {
        let manifest = format!(
            "[plugin]\nid = \"com.example.caller\"\nname = \"Caller\"\nversion = \"1.0.0\"\n[permissions]\n\
             http = {http}\n[settings.target]\ntype = \"url\"\n{default}\n"
        );
        let manifest = Manifest::parse(&manifest, Path::new("manifest.toml")).expect("a good manifest");
        let memory = Arc::new(TotalMemory::new(usize::MAX));
        let environment =
            Environment::new(&manifest, &ports.ports(), &Arc::new(HostConfig::default()), &memory);
        GuestState::new(Arc::new(environment), Instant::now() + Duration::from_secs(60))
    }

    /// Whether a request is denied; in memory nothing answers one that is not.
    async fn is_denied(guest: &mut GuestState, url: &str) -> bool {
        let denied = |guest: &GuestState| {
            guest.environment.denials.all().iter().map(|denial| denial.count).sum::<u64>()
        };
        let before = denied(guest);
        assert_eq!(guest.request("http-get", url.to_owned(), None).await, None);
        denied(guest) > before
    }

    #[tokio::test]
    async fn a_setting_opens_its_host_from_the_next_request_on() {
        let ports = MemoryPorts::default();
        let mut guest = guest(&ports, "[\"setting:target\"]", "");
        let plugin = guest.environment.plugin.clone();
        assert!(is_denied(&mut guest, "https://one.example.com/").await);
        let reason = guest.environment.denials.all()[0].reason.clone();
        assert!(reason.contains("`target`, whose host it may reach, is empty"), "{reason}");

        ports.set_setting(&plugin, "target", "https://one.example.com/hook");
        assert!(!is_denied(&mut guest, "https://one.example.com/").await);
        assert!(is_denied(&mut guest, "https://two.example.com/").await);

        ports.set_setting(&plugin, "target", "https://two.example.com:8443/hook");
        assert!(is_denied(&mut guest, "https://one.example.com/").await);
        assert!(is_denied(&mut guest, "https://two.example.com/").await);
        assert!(!is_denied(&mut guest, "https://two.example.com:8443/other").await);
    }

    #[tokio::test]
    async fn a_default_opens_nothing() {
        let ports = MemoryPorts::default();
        let default = "default = \"https://one.example.com/\"";
        let mut guest = guest(&ports, "[\"setting:target\", \"api.example.com\"]", default);
        let plugin = guest.environment.plugin.clone();
        assert!(is_denied(&mut guest, "https://one.example.com/").await);
        ports.set_setting(&plugin, "target", "https://one.example.com/");
        assert!(!is_denied(&mut guest, "https://one.example.com/").await);
        assert!(!is_denied(&mut guest, "https://api.example.com/").await);
    }

    #[tokio::test]
    async fn any_host_is_any_host() {
        let mut guest = guest(&MemoryPorts::default(), "[\"*\"]", "");
        assert!(!is_denied(&mut guest, "http://example.com:8080/").await);
    }
}
