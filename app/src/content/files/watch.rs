//! Applies the files of content types, and reads them again when one changes.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::{sync::mpsc, task::AbortHandle};

use crate::{clock::Timestamp, content::TypeService};

/// Editors write a file in several steps: this long nothing must have changed.
const QUIET: Duration = Duration::from_millis(200);
/// How long ago a type must have been changed last before its indexes are looked over, in seconds.
const UNCHANGED: i64 = 5 * 60;
/// How often it is looked for a folder that is not there yet.
const LOOK: Duration = Duration::from_secs(1);

/// Starts to follow the folder; it may be made later. Without a watcher, changes need a restart.
pub(super) fn start(types: &TypeService, folder: &Path) -> AbortHandle {
    tokio::spawn(follow(types.clone(), folder.to_owned())).abort_handle()
}

async fn follow(types: TypeService, folder: PathBuf) {
    tell(types.apply_now().await);
    tell(types.tidy_indexes(Timestamp::now().plus_seconds(-UNCHANGED)).await);
    while !folder.is_dir() {
        tokio::time::sleep(LOOK).await;
    }
    let (watcher, mut changes) = match watch(&folder) {
        Ok(watched) => watched,
        Err(error) => {
            tracing::warn!(%error, folder = %folder.display(), "changes of content types need a restart");
            return;
        }
    };
    // What was written before somebody watched.
    if types.are_files_stale() {
        tell(types.reload_files().await);
    }
    while changes.recv().await.is_some() {
        while let Ok(Some(())) = tokio::time::timeout(QUIET, changes.recv()).await {}
        tell(types.reload_files().await);
    }
    drop(watcher);
}

fn watch(folder: &Path) -> notify::Result<(RecommendedWatcher, mpsc::Receiver<()>)> {
    let (sender, changes) = mpsc::channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading a file is an event, too; answering it would never end.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            // One that waits already will see this change, too.
            let _ = sender.try_send(());
        }
    })?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok((watcher, changes))
}

fn tell(outcome: crate::error::Result<()>) {
    if let Err(error) = outcome {
        tracing::error!(%error, "the files of content types could not be applied");
    }
}
