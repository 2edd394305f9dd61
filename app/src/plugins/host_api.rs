//! The ports of the plugin host, over the site's own stores.

mod content;
mod files;
mod key_values;
mod log;
mod settings;

use std::{path::Path, sync::Arc};

use fleuron_plugin_host::Ports;

pub use log::{LogLine, PluginLogs};

use crate::database::Database;

/// All ports over this database and data folder.
pub fn ports(database: &Database, data: &Path, logs: PluginLogs) -> Result<Ports, object_store::Error> {
    Ok(Ports {
        content: Arc::new(content::PublishedContent::new(database.clone())),
        key_values: Arc::new(key_values::KeyValueFiles::new(data.join("plugins"))),
        files: Arc::new(files::PluginFiles::new(&data.join("plugin-files"))?),
        settings: Arc::new(settings::StoredSettings::new(database.clone())),
        log: Arc::new(logs),
    })
}
