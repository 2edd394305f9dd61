//! What a plugin keeps outside the site's database, for when it goes.

use std::sync::Arc;

use fleuron_plugin_host::{PluginId, ports::PortError};

use crate::plugins::host_api::{PluginDatabases, PluginFiles};

/// The stores of all plugins. Cheap to clone.
#[derive(Clone)]
pub struct PluginData {
    databases: Arc<PluginDatabases>,
    files: Arc<PluginFiles>,
}

impl PluginData {
    pub(crate) fn new(databases: Arc<PluginDatabases>, files: Arc<PluginFiles>) -> Self {
        Self { databases, files }
    }

    /// Deletes the tables, key-values and files of a plugin that does not run. May be done again after it was interrupted.
    pub(super) async fn delete(&self, plugin: &PluginId) -> Result<(), PortError> {
        self.databases.remove(plugin).await?;
        self.files.remove(plugin).await
    }
}
