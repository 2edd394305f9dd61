//! The key-value space: a table in each plugin's own SQLite file, `data/plugins/<id>/plugin.sqlite`.
//!
//! The file is the plugin's: its uninstall is clean, its load never reaches the site's own database, and
//! synchronous=NORMAL spares the disk that the site's commits need.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fleuron_plugin_host::{
    PluginId,
    ports::{KeyValuePort, PortError},
};
use rusqlite::{Connection, OptionalExtension, params};

/// Longest key, in bytes.
const KEY_LENGTH: usize = 512;
/// Longest value, in bytes.
const VALUE_LENGTH: usize = 1024 * 1024;

/// One plugin's file, opened when it is first used. An opening that failed is tried again.
type PluginFile = Arc<Mutex<Option<Connection>>>;

pub(super) struct KeyValueFiles {
    root: PathBuf,
    files: Mutex<HashMap<PluginId, PluginFile>>,
}

impl KeyValueFiles {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root, files: Mutex::default() }
    }

    /// Runs `work` on the plugin's file, on a blocking thread: the disk may make it wait.
    async fn blocking<T: Send + 'static>(
        &self,
        plugin: &PluginId,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let folder = self.root.join(plugin.as_str());
        let file = {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(files.entry(plugin.clone()).or_default())
        };
        let run = move || {
            let mut open = file.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match open.take() {
                Some(connection) => connection,
                None => connect(&folder)?,
            };
            work(open.insert(connection)).map_err(failed)
        };
        tokio::task::spawn_blocking(run).await.map_err(|error| PortError::new(error.to_string()))?
    }
}

fn connect(folder: &Path) -> Result<Connection, PortError> {
    std::fs::create_dir_all(folder)
        .map_err(|error| PortError::new(format!("the key-value store's folder cannot be made: {error}")))?;
    open(&folder.join("plugin.sqlite")).map_err(failed)
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS fleuron_key_values (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    )?;
    Ok(connection)
}

fn failed(error: rusqlite::Error) -> PortError {
    PortError::new(format!("the key-value store failed: {error}"))
}

#[async_trait::async_trait]
impl KeyValuePort for KeyValueFiles {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<String>, PortError> {
        let key = key.to_owned();
        self.blocking(plugin, move |connection| {
            let mut statement =
                connection.prepare_cached("SELECT value FROM fleuron_key_values WHERE key = ?1")?;
            statement.query_row(params![key], |row| row.get(0)).optional()
        })
        .await
    }

    async fn set(&self, plugin: &PluginId, key: &str, value: &str) -> Result<(), PortError> {
        if key.is_empty() || key.len() > KEY_LENGTH {
            return Err(PortError::new(format!("a key must have 1 to {KEY_LENGTH} bytes")));
        }
        if value.len() > VALUE_LENGTH {
            return Err(PortError::new(format!("a value must have at most {VALUE_LENGTH} bytes")));
        }
        let (key, value) = (key.to_owned(), value.to_owned());
        self.blocking(plugin, move |connection| {
            let mut statement = connection.prepare_cached(
                "INSERT INTO fleuron_key_values (key, value) VALUES (?1, ?2) \
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            )?;
            statement.execute(params![key, value]).map(|_| ())
        })
        .await
    }
}
