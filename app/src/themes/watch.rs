//! Reads a theme again when a file in its folder changes.

use std::{
    sync::{
        Arc, Weak,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use notify::{Event, RecursiveMode, Watcher};

use super::{Shared, source::Source};

/// Editors write a file in several steps, and tools write many files: this long nothing must have changed.
const QUIET: Duration = Duration::from_millis(150);

/// Starts to watch, if the theme is in a folder. Without a watcher the theme works, and needs a restart to change.
pub(super) fn start(shared: &Arc<Shared>) {
    let Source::Folder(folder) = &shared.source else { return };
    let (sender, changes) = mpsc::channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading the theme is an event, too; answering it would never end.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = sender.send(());
        }
    });
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    match watched {
        Ok(watcher) => {
            let theme = Arc::downgrade(shared);
            let thread = std::thread::Builder::new().name("theme-watch".into());
            match thread.spawn(move || follow(&changes, &theme)) {
                Ok(_) => drop(shared.watcher.set(watcher)),
                Err(error) => {
                    tracing::warn!(%error, theme = %shared.source, "changes of the theme need a restart")
                }
            }
        }
        Err(error) => tracing::warn!(%error, theme = %shared.source, "changes of the theme need a restart"),
    }
}

/// Ends when the watcher is gone, and the engine with it.
fn follow(changes: &Receiver<()>, theme: &Weak<Shared>) {
    while changes.recv().is_ok() {
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        match theme.upgrade() {
            Some(theme) => theme.reload(),
            None => return,
        }
    }
}
