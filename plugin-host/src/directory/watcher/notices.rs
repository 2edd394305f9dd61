//! Asks the file system for notices about a directory of plugins. Where it gives none, the poll finds what changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Message;
use crate::directory::migrations;

/// What is watched, and where notices go.
pub(super) struct Notices {
    messages: Sender<Message>,
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Notices {
    pub(super) fn new(messages: Sender<Message>) -> Notices {
        Notices { messages, watcher: None, watched: BTreeSet::new() }
    }

    /// Has the directory watched, once it is there, the folders in it and their migrations. Not what is deeper: sources
    /// and build folders may be large and do not matter.
    pub(super) fn follow(&mut self, directory: &Path, folders: &[PathBuf]) {
        if !directory.is_dir() {
            self.watcher = None;
            self.watched.clear();
            return;
        }
        if self.watcher.is_none() {
            self.watched.clear();
            self.watcher = watcher(self.messages.clone());
        }
        let Some(watcher) = &mut self.watcher else { return };
        let mut wanted = BTreeSet::from([directory.to_owned()]);
        for folder in folders {
            let migrations = folder.join(migrations::FOLDER);
            wanted.extend(migrations.is_dir().then_some(migrations));
            wanted.insert(folder.clone());
        }
        self.watched.retain(|path| wanted.contains(path));
        for path in wanted {
            if !self.watched.contains(&path) {
                match watcher.watch(&path, RecursiveMode::NonRecursive) {
                    Ok(()) => {
                        self.watched.insert(path);
                    }
                    Err(error) => {
                        tracing::debug!(path = %path.display(), error = %error, "no notices about plugins; polling");
                    }
                }
            }
        }
    }
}

/// A watcher that wakes the thread whenever something has been written, moved or removed.
fn watcher(messages: Sender<Message>) -> Option<RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Looking reads files, which is noticed too; only writing matters.
        let reading = event.is_ok_and(|event| {
            matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
        });
        if !reading {
            // A failure means that the thread has ended; the watcher ends with it.
            let _ = messages.send(Message::Changed);
        }
    });
    watcher.map_err(|error| tracing::debug!(error = %error, "no notices about plugins; polling")).ok()
}
