//! Reads the files of content types again when one changes.

use std::{path::Path, time::Duration};

use notify::{Event, RecursiveMode, Watcher};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::content::TypeService;

/// Editors write a file in several steps: this long nothing must have changed.
const QUIET: Duration = Duration::from_millis(200);

/// Starts to watch the folder, if there is one. Without a watcher, changes need a restart.
pub(super) fn start(types: &TypeService, folder: &Path) -> Option<AbortHandle> {
    if !folder.is_dir() {
        return None;
    }
    let (sender, changes) = mpsc::channel(1);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading a file is an event, too; answering it would never end.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // One that waits already will see this change, too.
            let _ = sender.try_send(());
        }
    });
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    match watched {
        Ok(watcher) => Some(tokio::spawn(follow(changes, watcher, types.clone())).abort_handle()),
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "changes of content types need a restart");
            None
        }
    }
}

async fn follow(mut changes: mpsc::Receiver<()>, _watcher: notify::RecommendedWatcher, types: TypeService) {
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        if let Err(error) = types.reload_files().await {
            tracing::error!(%error, "the files of content types could not be applied");
        }
    }
}
