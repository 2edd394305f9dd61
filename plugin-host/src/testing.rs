//! Ports in memory, for tests and benchmarks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use url::Url;

use crate::package::Migration;
use crate::plugin_id::PluginId;
use crate::ports::{
    ContentPort, DatabaseAccess, DatabaseError, DatabaseErrorKind, DatabasePort, DatabaseTransaction,
    EmittedEvent, EventPort, FilePort, FileStat, HostAllowList, HttpError, HttpPort, HttpRequest,
    LaterMigrations, LogLevel, LogPort, PluginDatabase, PortError, Ports, Rows, SettingsPort, Statement,
    VfsPath,
};

pub use crate::bare::BareGuest;

/// The smallest plugin there is: a component that imports and exports nothing.
pub const EMPTY_COMPONENT: &[u8] = &[0, b'a', b's', b'm', 0x0d, 0, 1, 0];

/// Everything that plugins store, in memory. Cheap to clone; clones share their contents.
#[derive(Clone, Default)]
pub struct MemoryPorts {
    inner: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    posts: BTreeMap<String, String>,
    values: BTreeMap<(PluginId, String), String>,
    files: BTreeMap<(PluginId, String), String>,
    settings: BTreeMap<(PluginId, String), String>,
    events: Vec<EmittedEvent>,
    lines: Vec<LogLine>,
}

/// One line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Whose it is.
    pub plugin: PluginId,
    /// How urgent it is.
    pub level: LogLevel,
    /// The text.
    pub line: String,
}

impl MemoryPorts {
    /// The ports to make a host with.
    pub fn ports(&self) -> Ports {
        let port = Arc::new(self.clone());
        Ports {
            content: Arc::<MemoryPorts>::clone(&port),
            databases: Arc::<MemoryPorts>::clone(&port),
            http: Arc::<MemoryPorts>::clone(&port),
            events: Arc::<MemoryPorts>::clone(&port),
            files: Arc::<MemoryPorts>::clone(&port),
            settings: Arc::<MemoryPorts>::clone(&port),
            log: port,
        }
    }

    /// Publishes a post for `get-post`.
    pub fn publish(&self, slug: &str, json: &str) {
        self.lock().posts.insert(slug.to_owned(), json.to_owned());
    }

    /// Sets a setting for `get-config`.
    pub fn set_setting(&self, plugin: &PluginId, key: &str, value: &str) {
        self.lock().settings.insert((plugin.clone(), key.to_owned()), value.to_owned());
    }

    /// What a plugin has stored under a key.
    pub fn value(&self, plugin: &PluginId, key: &str) -> Option<String> {
        self.lock().values.get(&(plugin.clone(), key.to_owned())).cloned()
    }

    /// What a plugin has written into a file.
    pub fn file(&self, plugin: &PluginId, path: &str) -> Option<String> {
        self.lock().files.get(&(plugin.clone(), path.to_owned())).cloned()
    }

    /// All events so far.
    pub fn events(&self) -> Vec<EmittedEvent> {
        self.lock().events.clone()
    }

    /// All log lines so far.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lock().lines.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ContentPort for MemoryPorts {
    async fn post(&self, _plugin: &PluginId, slug: &str, _drafts: bool) -> Result<Option<String>, PortError> {
        Ok(self.lock().posts.get(slug).cloned())
    }
}

#[async_trait]
impl DatabasePort for MemoryPorts {
    fn open(&self, plugin: &PluginId, _access: DatabaseAccess) -> Arc<dyn PluginDatabase> {
        Arc::new(MemoryValues { ports: self.clone(), plugin: plugin.clone() })
    }

    async fn migrate(
        &self,
        _plugin: &PluginId,
        migrations: &[Migration],
        _later: LaterMigrations,
    ) -> Result<usize, PortError> {
        match migrations {
            [] => Ok(0),
            _ => Err(PortError::new(NO_SQL)),
        }
    }
}

/// There is no SQL in memory: what needs it is tested with the application's own databases.
const NO_SQL: &str = "these ports hold key-values only";

/// One plugin's key-values.
struct MemoryValues {
    ports: MemoryPorts,
    plugin: PluginId,
}

#[async_trait]
impl PluginDatabase for MemoryValues {
    async fn run(&self, _statement: Statement, _until: Instant) -> Result<Rows, DatabaseError> {
        Err(DatabaseError::new(DatabaseErrorKind::Failed, NO_SQL))
    }

    async fn begin(&self, _until: Instant) -> Result<Box<dyn DatabaseTransaction>, DatabaseError> {
        Err(DatabaseError::new(DatabaseErrorKind::Failed, NO_SQL))
    }

    async fn get(&self, key: &str, _until: Instant) -> Result<Option<String>, DatabaseError> {
        Ok(self.ports.value(&self.plugin, key))
    }

    async fn set(&self, key: &str, value: &str, _until: Instant) -> Result<(), DatabaseError> {
        self.ports.lock().values.insert((self.plugin.clone(), key.to_owned()), value.to_owned());
        Ok(())
    }
}

#[async_trait]
impl HttpPort for MemoryPorts {
    async fn send(
        &self,
        _plugin: &PluginId,
        request: HttpRequest,
        allowed: &HostAllowList,
        _until: Instant,
    ) -> Result<String, HttpError> {
        let url = Url::parse(&request.url);
        let url = url.map_err(|error| HttpError::Failed(format!("this is no address: {error}")))?;
        allowed.check(&url).map_err(HttpError::NotGranted)?;
        Err(HttpError::Failed(format!("{} cannot be reached from memory", request.url)))
    }
}

#[async_trait]
impl EventPort for MemoryPorts {
    async fn publish(
        &self,
        _plugin: &PluginId,
        events: Vec<EmittedEvent>,
        _chain: Vec<PluginId>,
    ) -> Result<(), PortError> {
        self.lock().events.extend(events);
        Ok(())
    }
}

#[async_trait]
impl SettingsPort for MemoryPorts {
    async fn get(&self, plugin: &PluginId, key: &str) -> Result<Option<String>, PortError> {
        Ok(self.lock().settings.get(&(plugin.clone(), key.to_owned())).cloned())
    }
}

#[async_trait]
impl FilePort for MemoryPorts {
    async fn read(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<String>, PortError> {
        Ok(self.file(plugin, path.as_str()))
    }

    async fn write(&self, plugin: &PluginId, path: &VfsPath, content: &str) -> Result<(), PortError> {
        self.lock().files.insert((plugin.clone(), path.as_str().to_owned()), content.to_owned());
        Ok(())
    }

    async fn delete(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        Ok(self.lock().files.remove(&(plugin.clone(), path.as_str().to_owned())).is_some())
    }

    async fn exists(&self, plugin: &PluginId, path: &VfsPath) -> Result<bool, PortError> {
        Ok(self.stat(plugin, path).await?.is_some())
    }

    async fn list(&self, plugin: &PluginId, folder: &VfsPath) -> Result<Option<Vec<String>>, PortError> {
        let prefix = if folder.is_root() { String::new() } else { format!("{folder}/") };
        let contents = self.lock();
        let below = contents.files.keys().filter(|(owner, _)| owner == plugin);
        let mut names: Vec<String> = below
            .filter_map(|(_, path)| path.strip_prefix(&prefix))
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        names.sort();
        names.dedup();
        Ok((folder.is_root() || !names.is_empty()).then_some(names))
    }

    async fn stat(&self, plugin: &PluginId, path: &VfsPath) -> Result<Option<FileStat>, PortError> {
        if let Some(content) = self.file(plugin, path.as_str()) {
            return Ok(Some(FileStat { size: content.len() as u64, is_dir: false, modified: 0 }));
        }
        let folder = self.list(plugin, path).await?;
        Ok(folder.map(|_| FileStat { size: 0, is_dir: true, modified: 0 }))
    }
}

impl LogPort for MemoryPorts {
    fn log(&self, plugin: &PluginId, level: LogLevel, line: &str, _call: Option<&str>) {
        self.lock().lines.push(LogLine { plugin: plugin.clone(), level, line: line.to_owned() });
    }
}
