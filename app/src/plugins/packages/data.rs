//! What a plugin keeps outside the site's database, for when it goes.

use std::{sync::Arc, time::Duration};

use fleuron_plugin_host::{PluginId, ports::PortError};

use crate::plugins::host_api::{PluginDatabases, PluginFiles, PluginLogs};

/// How often, and with what pause, it is tried to delete what somebody still writes to.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The stores of all plugins. Cheap to clone.
#[derive(Clone)]
pub struct PluginData {
    databases: Arc<PluginDatabases>,
    files: Arc<PluginFiles>,
    logs: PluginLogs,
}

impl PluginData {
    pub(crate) fn new(databases: Arc<PluginDatabases>, files: Arc<PluginFiles>, logs: PluginLogs) -> Self {
        Self { databases, files, logs }
    }

    /// Deletes the tables, key-values, files and log of a plugin that does not run. May be done again after it was
    /// interrupted.
    ///
    /// # Errors
    /// Where something still writes there after two seconds, or the disk fails.
    pub(super) async fn delete(&self, plugin: &PluginId) -> Result<(), PortError> {
        self.logs.forget(plugin);
        for _ in 0..TRIES {
            if self.try_delete(plugin).await.is_ok() {
                return Ok(());
            }
            // Another process may run the plugin until it notices, and write where this deletes.
            tokio::time::sleep(PAUSE).await;
        }
        self.try_delete(plugin).await
    }

    async fn try_delete(&self, plugin: &PluginId) -> Result<(), PortError> {
        self.databases.remove(plugin).await?;
        self.files.remove(plugin).await
    }
}
