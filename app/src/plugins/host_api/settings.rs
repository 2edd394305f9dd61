//! `get-config`: what the administrator set. Defaults come from the manifest, in the host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use fleuron_plugin_host::{
    PluginId,
    ports::{PortError, SettingsPort},
};
use sea_orm::EntityTrait;

use crate::{database::Database, entities::plugins};

type Values = Arc<HashMap<String, String>>;

pub(super) struct StoredSettings {
    database: Database,
    /// Each plugin's values, and the database's generation they were read at.
    cache: Mutex<HashMap<PluginId, (u64, Values)>>,
}

impl StoredSettings {
    pub(super) fn new(database: Database) -> Self {
        Self { database, cache: Mutex::default() }
    }

    fn cached(&self, plugin: &PluginId, generation: u64) -> Option<Values> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(plugin).filter(|(read_at, _)| *read_at == generation).map(|(_, values)| Arc::clone(values))
    }
}

#[async_trait::async_trait]
impl SettingsPort for StoredSettings {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<String>, PortError> {
        let generation = self.database.changes().names();
        if let Some(values) = self.cached(plugin, generation) {
            return Ok(values.get(key).cloned());
        }
        let row = plugins::Entity::find_by_id(plugin.as_str().to_owned())
            .one(self.database.reader())
            .await
            .map_err(|error| PortError::new(format!("the settings cannot be read: {error}")))?;
        let values: HashMap<String, String> = match row {
            Some(row) => serde_json::from_str(&row.settings)
                .map_err(|error| PortError::new(format!("the settings cannot be read: {error}")))?,
            None => HashMap::new(),
        };
        let found = values.get(key).cloned();
        self.cache
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(plugin.clone(), (generation, Arc::new(values)));
        Ok(found)
    }
}
