//! Events that plugins emit.

use async_trait::async_trait;

use super::PortError;
use crate::plugin_id::PluginId;

/// An event that a plugin emitted, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmittedEvent {
    /// A new UUIDv7, which the plugin was told.
    pub id: String,
    /// The full name, `plugin.<id>.<type>`.
    pub event_type: String,
    /// JSON.
    pub data: String,
}

/// Takes events to those who listen.
#[async_trait]
pub trait EventPort: Send + Sync + 'static {
    /// Takes the events of one hook call that ended well, all or none. `chain` are the plugins whose work led to them,
    /// the emitting one last; none of them is told.
    async fn publish(
        &self,
        plugin: &PluginId,
        events: Vec<EmittedEvent>,
        chain: Vec<PluginId>,
    ) -> Result<(), PortError>;
}
