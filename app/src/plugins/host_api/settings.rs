//! `get-config`: what the administrator set. Defaults come from the manifest, in the host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fleuron_plugin_host::{
    PluginId,
    ports::{PortError, SettingsPort},
};

use crate::{
    database::Database,
    plugins::settings::{self, StoredValues},
};

pub(super) struct StoredSettings {
    database: Database,
    /// Each plugin's values, and the database's generation they were read at.
    cache: Mutex<HashMap<PluginId, (u64, Arc<StoredValues>)>>,
}

impl StoredSettings {
    pub(super) fn new(database: Database) -> Self {
        Self { database, cache: Mutex::default() }
    }

    fn cached(&self, plugin: &PluginId, generation: u64) -> Option<Arc<StoredValues>> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(plugin).filter(|(read_at, _)| *read_at == generation).map(|(_, values)| Arc::clone(values))
    }

    async fn values(&self, plugin: &PluginId) -> Result<Arc<StoredValues>, PortError> {
        // Taken before the reading: values that change meanwhile are read again at the next call.
        let generation = self.database.changes().names();
        if let Some(values) = self.cached(plugin, generation) {
            return Ok(values);
        }
        let values = settings::stored(self.database.reader(), plugin)
            .await
            .map_err(|error| PortError::new(format!("the settings cannot be read: {error}")))?;
        let values = Arc::new(values);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(plugin.clone(), (generation, Arc::clone(&values)));
        Ok(values)
    }
}

#[async_trait::async_trait]
impl SettingsPort for StoredSettings {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<String>, PortError> {
        Ok(self.values(plugin).await?.for_plugin(key).map(str::to_owned))
    }
}
