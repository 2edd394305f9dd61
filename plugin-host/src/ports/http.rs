//! Requests to other servers.

mod allow_list;
mod pattern;

use std::time::Instant;

use async_trait::async_trait;

use crate::plugin_id::PluginId;
pub use allow_list::{HostAllowList, HttpPermission};
pub use pattern::HostPattern;

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
