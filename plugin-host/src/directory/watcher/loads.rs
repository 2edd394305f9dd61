//! The loads that are under way: side by side, at most one for each id, so that a slow one holds up nobody else's and an
//! old one never comes after a new one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use tokio::sync::oneshot;

use super::Message;
use crate::error::LoadError;
use crate::host::PluginHost;
use crate::manifest::OnError;
use crate::package::Package;
use crate::plugin_id::PluginId;

/// Loads plugins and sends word of each that has ended.
pub(in crate::directory) struct Loads {
    host: PluginHost,
    messages: Sender<Message>,
    running: BTreeMap<PluginId, Load>,
}

struct Load {
    source: Source,
    digest: [u8; 32],
    /// Whether something must not happen without the plugin's agreement.
    guards: bool,
    /// Dropped to call it off.
    wanted: Option<oneshot::Sender<()>>,
}

/// Where a plugin that is loading comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::directory) enum Source {
    Folder(PathBuf),
    /// The server itself brings it.
    Standing,
}

/// A load that has ended.
pub(in crate::directory) struct Ended {
    pub(super) id: PluginId,
    pub(super) source: Source,
    pub(super) digest: [u8; 32],
    /// None where it was called off.
    pub(super) outcome: Option<Result<(), LoadError>>,
}

impl Loads {
    pub(super) fn new(host: PluginHost, messages: Sender<Message>) -> Loads {
        Loads { host, messages, running: BTreeMap::new() }
    }

    /// Starts to load a plugin. Nobody else may be loading under its id.
    pub(in crate::directory) fn start(&mut self, source: Source, package: Package, digest: [u8; 32]) {
        let id = package.manifest.id().clone();
        let (wanted, called_off) = oneshot::channel();
        let guards = package.manifest.hooks.values().any(|hook| hook.on_error == OnError::Abort);
        let load = Load { source: source.clone(), digest, guards, wanted: Some(wanted) };
        self.running.insert(id.clone(), load);
        let (host, messages) = (self.host.clone(), self.messages.clone());
        let task = self.host.guests().spawn(async move {
            // An error is the sender's end.
            let called_off = async { drop(called_off.await) };
            Box::pin(host.load_unless(package, called_off)).await
        });
        self.host.guests().spawn(async move {
            let failed = |_| Some(Err(LoadError::Code("the host fails on it".to_owned())));
            let outcome = task.await.unwrap_or_else(failed);
            // A failure means that the thread has ended; nobody needs to know then.
            let _ = messages.send(Message::Ended(Ended { id, source, digest, outcome }));
        });
    }

    /// Has a load end without an outcome, unless its code is compiled already.
    pub(in crate::directory) fn call_off(&mut self, id: &PluginId) {
        if let Some(load) = self.running.get_mut(id) {
            load.wanted = None;
        }
    }

    /// Notes that a load has ended.
    pub(super) fn forget(&mut self, id: &PluginId) {
        self.running.remove(id);
    }

    /// Where the plugin that is loading under this id comes from, and the digest of what it is made of.
    pub(in crate::directory) fn under_way(&self, id: &PluginId) -> Option<(&Source, &[u8; 32])> {
        self.running.get(id).map(|load| (&load.source, &load.digest))
    }

    /// The plugin that is loading from this folder.
    pub(super) fn of_folder(&self, path: &Path) -> Option<&PluginId> {
        let comes_from = |load: &Load| matches!(&load.source, Source::Folder(folder) if folder == path);
        self.running.iter().find(|(_, load)| comes_from(load)).map(|(id, _)| id)
    }

    /// The plugins that are loading from folders.
    pub(super) fn of_folders(&self) -> Vec<PluginId> {
        let from_folder = |load: &Load| matches!(load.source, Source::Folder(_));
        self.running.iter().filter(|(_, load)| from_folder(load)).map(|(id, _)| id.clone()).collect()
    }

    /// Whether nothing is under way, or nothing that must be waited for.
    pub(super) fn are_over(&self, all: bool) -> bool {
        !self.running.values().any(|load| all || load.guards)
    }
}
