//! The ports of the plugin host, over the site's own stores.

mod content;
mod databases;
mod events;
mod files;
mod http;
mod log;
mod settings;

use std::{path::Path, sync::Arc};

use fleuron_plugin_host::{
    Migration, PluginId, Ports,
    ports::{DatabasePort, LaterMigrations, PortError},
};

pub use databases::DatabaseLimits;
pub(crate) use databases::PluginDatabases;
pub use files::FileLimits;
pub(crate) use files::PluginFiles;
pub use log::{LogLimits, LogLine, PluginLogs};

use crate::{
    config::{Config, DatabaseConfig},
    database::{Database, DatabaseError},
    egress::Egress,
    events::RecorderHandle,
    plugins::packages::PluginData,
};

/// All ports of a site over its database, its data folder and its way out, and what plugins keep there. Events are
/// recorded by what `recorder` will hold.
///
/// # Errors
/// Where the folder of plugins' files cannot be made.
pub fn ports(
    config: &Config,
    database: &Database,
    egress: Egress,
    recorder: RecorderHandle,
    logs: PluginLogs,
) -> Result<(Ports, PluginData), object_store::Error> {
    let (data, limits) = (&config.data, &config.plugins);
    let databases = PluginDatabases::new(data.join("plugins"), database.clone(), limits.databases);
    let databases = Arc::new(databases);
    let files = Arc::new(PluginFiles::new(&data.join("plugin-files"), limits.files)?);
    let kept = PluginData::new(Arc::clone(&databases), Arc::clone(&files), logs.clone());
    let ports = Ports {
        content: Arc::new(content::SiteContent::new(database.clone())),
        databases,
        http: Arc::new(http::PluginHttp::new(egress)),
        events: Arc::new(events::PluginEvents::new(recorder, database.clone())),
        files,
        settings: Arc::new(settings::StoredSettings::new(database.clone())),
        log: Arc::new(logs),
    };
    Ok((ports, kept))
}

/// Runs a plugin's migrations on a database of their own in an empty folder, to see whether they can be run. Answers what
/// is wrong with them.
///
/// # Errors
/// Where the folder cannot be used.
pub(crate) async fn try_migrations(
    folder: &Path,
    plugin: &PluginId,
    migrations: &[Migration],
) -> Result<Option<PortError>, DatabaseError> {
    let site = Database::connect(&DatabaseConfig::sqlite(folder.join("site.sqlite"))).await?;
    let databases =
        databases::PluginDatabases::new(folder.join("plugins"), site.clone(), DatabaseLimits::default());
    let outcome = databases.migrate(plugin, migrations, LaterMigrations::Missing).await;
    site.close().await;
    Ok(outcome.err())
}
