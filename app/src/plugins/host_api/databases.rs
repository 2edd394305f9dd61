//! Plugins' databases: one SQLite file for each, `data/plugins/<id>/plugin.sqlite`.
//!
//! The file is the plugin's: its load and its locks never reach the site's own database, its size is bounded, and its
//! uninstall is clean. It holds the plugin's own tables, and the host's tables for its key-value space and its
//! migrations. What keeps the plugin's SQL within it: SQLite's authorizer on every connection (`rules`), limits of
//! SQLite itself (`session`), a clock (`deadline`) and a look at the memory (`usage`), functions of the host's own where
//! SQLite's would look at neither (`functions`), an estimate of what no clock can stop (`growth`) and threads that survive
//! what it misses (`workers`), and that nothing of the site is in any file within reach: what was granted of it comes as
//! virtual tables (`views`).

mod deadline;
mod error;
mod functions;
mod growth;
mod guard;
mod key_values;
mod migrations;
mod names;
mod own;
mod pool;
mod rules;
mod session;
mod statement;
mod usage;
mod views;
mod words;
mod workers;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use fleuron_plugin_host::{
    Migration, PluginId,
    ports::{DatabaseAccess, DatabaseError, DatabasePort, LaterMigrations, PluginDatabase, PortError},
};
use tokio::sync::Semaphore;

use crate::database::Database;

/// How long the migrations of one plugin may take altogether, waiting included.
const MIGRATION_TIME: Duration = Duration::from_secs(30);

/// How much of everything one plugin's database may hold and answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// Bytes of the file, own tables and key-value space together. Default 100 MiB.
    pub file_bytes: u64,
    /// Bytes of one value in the key-value space. Default 1 MiB. A value in SQL has at most 1 MiB, whatever this is.
    pub value_bytes: usize,
    /// Bytes of one statement's text, in a migration too. Default 100 KB.
    pub sql_bytes: usize,
    /// Bytes of one answer. Default 4 MiB.
    pub answer_bytes: usize,
    /// Rows of one answer. Default 10 000.
    pub answer_rows: usize,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            file_bytes: 100 * 1024 * 1024,
            value_bytes: 1024 * 1024,
            sql_bytes: 100_000,
            answer_bytes: 4 * 1024 * 1024,
            answer_rows: 10_000,
        }
    }
}

/// The databases of all plugins.
pub(crate) struct PluginDatabases {
    root: PathBuf,
    site: Database,
    limits: DatabaseLimits,
    workers: workers::Workers,
    content: Arc<views::ContentTypes>,
    files: Mutex<HashMap<PluginId, PluginFile>>,
}

/// What everybody who has a plugin's file open must share.
#[derive(Clone)]
struct PluginFile {
    /// Held by whoever writes.
    writer: Arc<Semaphore>,
    /// Held by whoever opens.
    opening: Arc<Mutex<()>>,
    /// Counts the changes of the schema.
    schema: Arc<AtomicU64>,
}

impl PluginDatabases {
    /// Databases in folders below `root`, beside views of `site`.
    pub(crate) fn new(root: PathBuf, site: Database, limits: DatabaseLimits) -> Self {
        let (workers, content) = (workers::Workers::default(), Arc::default());
        Self { root, site, limits, workers, content, files: Mutex::default() }
    }

    fn file(&self, plugin: &PluginId) -> PluginFile {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || PluginFile {
            writer: Arc::new(Semaphore::new(1)),
            opening: Arc::default(),
            schema: Arc::default(),
        };
        files.entry(plugin.clone()).or_insert_with(new).clone()
    }

    /// Deletes the database of a plugin that does not run. May be done again after it was interrupted.
    ///
    /// # Errors
    /// Where something still writes to it after 30 seconds, or the disk fails.
    pub(crate) async fn remove(&self, plugin: &PluginId) -> Result<(), PortError> {
        let file = self.file(plugin);
        let writing = tokio::time::timeout(MIGRATION_TIME, file.writer.acquire_owned()).await;
        let permit = writing
            .map_err(|elapsed| PortError::new(format!("its database is in use: {elapsed}")))?
            .map_err(|closed| PortError::new(closed.to_string()))?;
        let (folder, schema, opening) = (self.root.join(plugin.as_str()), file.schema, file.opening);
        let work = move || {
            let _permit = permit;
            let _opening = opening.lock().unwrap_or_else(PoisonError::into_inner);
            // Connections that idle know by this that they are of no use any more.
            schema.fetch_add(1, Ordering::AcqRel);
            match std::fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(PortError::new(format!("its database cannot be deleted: {error}")))
                }
                _ => Ok(()),
            }
        };
        let done = self.workers.run(work).await;
        done.map_err(|lost| PortError::new(format!("its database cannot be deleted: {lost}")))?
    }

    fn source(&self, plugin: &PluginId, access: DatabaseAccess, file: &PluginFile) -> session::Source {
        session::Source {
            path: self.root.join(plugin.as_str()).join("plugin.sqlite"),
            access,
            site: self.site.clone(),
            content: Arc::clone(&self.content),
            limits: self.limits,
            opening: Arc::clone(&file.opening),
            schema: Arc::clone(&file.schema),
            workers: self.workers.clone(),
        }
    }
}

#[async_trait]
impl DatabasePort for PluginDatabases {
    fn open(&self, plugin: &PluginId, access: DatabaseAccess) -> Arc<dyn PluginDatabase> {
        let file = self.file(plugin);
        let source = self.source(plugin, access, &file);
        Arc::new(own::SharedDatabase(Arc::new(own::OwnDatabase::new(source, file.writer))))
    }

    async fn migrate(
        &self,
        plugin: &PluginId,
        migrations: &[Migration],
        later: LaterMigrations,
    ) -> Result<usize, PortError> {
        let until = Instant::now() + MIGRATION_TIME;
        let file = self.file(plugin);
        let source = self.source(plugin, DatabaseAccess::default(), &file);
        if migrations.is_empty() && !tokio::fs::try_exists(&source.path).await.unwrap_or(true) {
            return Ok(0);
        }
        let permit = tokio::time::timeout_at(until.into(), file.writer.acquire_owned())
            .await
            .map_err(|elapsed| {
                PortError::new(format!("the plugin's database was not free in time: {elapsed}"))
            })?
            .map_err(|closed| PortError::new(closed.to_string()))?;
        let migrations = migrations.to_vec();
        let work = move || {
            let _permit = permit;
            let session = session::Session::open(&source, session::Role::Migrations)?;
            session.start_alone(until)?;
            let outcome = migrations::run(&session, &migrations, later, source.limits.sql_bytes);
            source.schema.fetch_add(1, Ordering::AcqRel);
            Ok(outcome)
        };
        self.workers
            .run(work)
            .await
            .map_err(|lost| PortError::new(format!("the plugin's database failed: {lost}")))?
            .map_err(|error: DatabaseError| PortError::new(error.message))?
            .map_err(PortError::new)
    }
}
