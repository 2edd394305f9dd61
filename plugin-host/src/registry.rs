//! Who listens to what: an immutable snapshot that is swapped as a whole, so that readers never wait and a request sees
//! one state of the plugins from its first listener to its last.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::hook::{COUNT, HookPoint};
use crate::manifest::{HookSettings, OnError};
use crate::plugin::Plugin;
use crate::plugin_id::PluginId;

/// All plugins at one moment.
#[derive(Default)]
pub(crate) struct Snapshot {
    pub(crate) generation: u64,
    pub(crate) plugins: BTreeMap<PluginId, Arc<Plugin>>,
    listeners: [Vec<Listener>; COUNT],
}

/// A plugin at one of its hooks.
pub(crate) struct Listener {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) on_error: OnError,
    priority: i64,
    /// Names of content types or events, each of which may end in `*`; none means all.
    topics: Option<Vec<String>>,
}

impl Listener {
    /// Whether it wants this topic; what has none is wanted by all.
    pub(crate) fn wants(&self, topic: Option<&str>) -> bool {
        match (&self.topics, topic) {
            (Some(topics), Some(topic)) => topics.iter().any(|wanted| covers(wanted, topic)),
            _ => true,
        }
    }
}

impl Snapshot {
    /// The listeners of a hook in the order in which they are called.
    pub(crate) fn listeners(&self, point: HookPoint) -> &[Listener] {
        self.listeners.get(point.index()).map_or(&[], Vec::as_slice)
    }

    fn new(generation: u64, plugins: BTreeMap<PluginId, Arc<Plugin>>) -> Snapshot {
        let mut listeners: [Vec<Listener>; COUNT] = Default::default();
        for plugin in plugins.values() {
            for (point, settings) in plugin.listened() {
                if let Some(listeners) = listeners.get_mut(point.index()) {
                    listeners.push(Listener {
                        plugin: Arc::clone(plugin),
                        on_error: settings.on_error,
                        priority: settings.priority,
                        topics: topics(point, settings),
                    });
                }
            }
        }
        for listeners in &mut listeners {
            // Plugins come in the order of their ids, and the sort is stable: ties are broken by id.
            listeners.sort_by_key(|listener| listener.priority);
        }
        Snapshot { generation, plugins, listeners }
    }
}

fn topics(point: HookPoint, settings: &HookSettings) -> Option<Vec<String>> {
    match point {
        HookPoint::OnEvent => Some(settings.events.clone()),
        _ => Some(settings.content_types.clone()).filter(|names| !names.is_empty()),
    }
}

fn covers(wanted: &str, topic: &str) -> bool {
    match wanted.strip_suffix('*') {
        // A star stands for one more part: the type of an event, which has no dots. `plugin.*` are all of them.
        Some(start) => {
            topic.strip_prefix(start).is_some_and(|rest| start == "plugin." || !rest.contains('.'))
        }
        None => wanted == topic,
    }
}

/// The current snapshot and the way to the next.
pub(crate) struct Registry {
    current: ArcSwap<Snapshot>,
    changes: watch::Sender<u64>,
    /// Held while a snapshot is replaced; true once no more plugins are taken.
    closed: Mutex<bool>,
}

impl Registry {
    pub(crate) fn new() -> Registry {
        Registry {
            current: ArcSwap::from_pointee(Snapshot::default()),
            changes: watch::Sender::new(0),
            closed: Mutex::new(false),
        }
    }

    /// The snapshot, for as long as it is needed.
    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// Whether anybody listens. Costs one load.
    pub(crate) fn listens(&self, point: HookPoint) -> bool {
        !self.current.load().listeners(point).is_empty()
    }

    /// The number of the snapshot.
    pub(crate) fn generation(&self) -> u64 {
        self.current.load().generation
    }

    /// Follows the number of the snapshot.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Puts a plugin in the place of the one with its id, which is answered. The plugin comes back as an error where
    /// the registry is closed.
    pub(crate) fn insert(&self, plugin: Arc<Plugin>) -> Result<Option<Arc<Plugin>>, Arc<Plugin>> {
        let closed = self.lock();
        if *closed {
            return Err(plugin);
        }
        let snapshot = self.snapshot();
        let mut plugins = snapshot.plugins.clone();
        let old = plugins.insert(plugin.manifest.id().clone(), plugin);
        self.swap(&snapshot, plugins);
        Ok(old)
    }

    /// Takes a plugin out.
    pub(crate) fn remove(&self, id: &PluginId) -> Option<Arc<Plugin>> {
        let _held = self.lock();
        let snapshot = self.snapshot();
        let mut plugins = snapshot.plugins.clone();
        let old = plugins.remove(id)?;
        self.swap(&snapshot, plugins);
        Some(old)
    }

    /// Takes all plugins out and lets no more in.
    pub(crate) fn close(&self) -> Vec<Arc<Plugin>> {
        let mut closed = self.lock();
        *closed = true;
        let snapshot = self.snapshot();
        self.swap(&snapshot, BTreeMap::new());
        snapshot.plugins.values().cloned().collect()
    }

    fn swap(&self, old: &Snapshot, plugins: BTreeMap<PluginId, Arc<Plugin>>) {
        let generation = old.generation + 1;
        self.current.store(Arc::new(Snapshot::new(generation, plugins)));
        self.changes.send_replace(generation);
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
