//! Requests to other servers.

use std::time::Instant;

use async_trait::async_trait;

use crate::plugin_id::PluginId;

/// Hosts that a plugin may reach, as its manifest names them: `api.example.com`, `*.example.com`, each with an optional
/// `:port`. Without a port the scheme's own is meant, 80 or 443.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostAllowList(Vec<String>);

impl HostAllowList {
    /// Of entries in lower case that were checked by the manifest's parser.
    pub fn new(entries: Vec<String>) -> HostAllowList {
        HostAllowList(entries)
    }

    /// Whether nothing may be reached.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a host may be reached at a port. `default_port` says whether that is the scheme's own. A name's trailing
    /// dot and its case do not matter. `*.example.com` covers `a.example.com` and `a.b.example.com`, not `example.com`.
    pub fn allows(&self, host: &str, port: u16, default_port: bool) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.0.iter().any(|entry| {
            let (name, wanted) = match entry.rsplit_once(':') {
                Some((name, wanted)) => (name, Some(wanted)),
                None => (entry.as_str(), None),
            };
            let port_fits = match wanted {
                Some(wanted) => wanted.parse() == Ok(port),
                None => default_port,
            };
            port_fits && name_fits(name, &host)
        })
    }
}

fn name_fits(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => host
            .strip_suffix(parent)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|label| !label.is_empty()),
        None => pattern == host,
    }
}

/// One request of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// The address as the plugin gave it.
    pub url: String,
    /// The body of a POST; none for a GET.
    pub body: Option<String>,
}

/// Why there is no answer, in words for the plugin's author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The address or one that it leads to is not among the allowed hosts.
    #[error("{0}")]
    NotGranted(String),
    /// The request failed.
    #[error("{0}")]
    Failed(String),
}

/// Sends requests for plugins.
#[async_trait]
pub trait HttpPort: Send + Sync + 'static {
    /// Sends a request to one of the allowed hosts and answers the body. Every redirect is checked like the first
    /// address. Nothing goes on past `until`.
    ///
    /// # Errors
    /// Where the address is not allowed, the answer is not a success or not UTF-8, or a limit is reached.
    async fn send(
        &self,
        plugin: &PluginId,
        request: HttpRequest,
        allowed: &HostAllowList,
        until: Instant,
    ) -> Result<String, HttpError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_matched_exactly() {
        let list = HostAllowList::new(vec![
            "api.example.com".to_owned(),
            "*.example.org".to_owned(),
            "local.example.net:8443".to_owned(),
        ]);
        assert!(list.allows("api.example.com", 443, true));
        assert!(list.allows("API.example.com.", 80, true));
        assert!(list.allows("a.b.example.org", 443, true));
        assert!(list.allows("local.example.net", 8443, false));
        for (host, port, default_port) in [
            ("example.com", 443, true),
            ("api.example.com", 8080, false),
            ("example.org", 443, true),
            ("badexample.org", 443, true),
            (".example.org", 443, true),
            ("api.example.com.evil.test", 443, true),
            ("local.example.net", 443, true),
        ] {
            assert!(!list.allows(host, port, default_port), "{host}:{port}");
        }
    }
}
