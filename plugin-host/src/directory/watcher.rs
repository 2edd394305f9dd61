//! Follows a directory: the file system's notices wake it at once, a slow poll covers file systems that give none.
//!
//! A folder is acted on when two looks a short while apart have found the same files, so that a file being written is
//! left to settle. What has been acted on, well or not, is not touched again until its files change.

mod notices;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use notices::Notices;
use tokio::sync::oneshot;

use super::folder::{Folder, Settled};
use super::stamp::{Stamp, digest};
use super::standing::{Holder, Standing};
use super::{Candidate, POLL, Role, SETTLE, folders, taken};
use crate::host::PluginHost;
use crate::manifest::Manifest;
use crate::package::Package;
use crate::plugin_id::PluginId;
use crate::status::PluginFault;

/// Decides whether the plugin with this manifest may run.
pub(super) type Policy = Box<dyn Fn(&Manifest) -> bool + Send + Sync>;

/// What reaches the watching thread.
enum Message {
    /// Something in the directory may have changed.
    Changed,
    /// Look now, whatever has settled, ask the policy anew, and say when it is done.
    Rescan(oneshot::Sender<()>),
    /// Load this plugin now, although nothing changed, and say whether there is one.
    Reload(PluginId, oneshot::Sender<bool>),
    Stop,
}

/// Keeps a directory being followed. Dropping it ends that; what is loaded stays loaded.
pub struct WatchHandle {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl WatchHandle {
    /// Looks at the whole directory now, asking the policy about every plugin anew, and waits until everything found
    /// has been loaded or reported.
    pub async fn rescan(&self) {
        let (done, finished) = oneshot::channel();
        if self.messages.send(Message::Rescan(done)).is_ok() {
            // An error means that the thread has ended; there is nothing to wait for then.
            let _ = finished.await;
        }
    }

    /// Loads a plugin anew from its folder, or the package that the server brings, although nothing changed; ends a
    /// quarantine. Answers whether there is one under this id that may run. Where it does not load, what ran runs on and
    /// the host's faults, or for a package the log, say why.
    pub async fn reload(&self, id: &PluginId) -> bool {
        let (done, finished) = oneshot::channel();
        let sent = self.messages.send(Message::Reload(id.clone(), done)).is_ok();
        // An error means that the thread has ended, and nothing is loaded any more.
        sent && finished.await.unwrap_or(false)
    }
}

impl Drop for WatchHandle {
    fn drop(&mut self) {
        // A failure means that the thread has ended already.
        let _ = self.messages.send(Message::Stop);
        // The thread ends by itself. It is not waited for: it may be in the middle of a load, which would block here.
        drop(self.thread.take());
    }
}

pub(super) fn start(
    directory: PathBuf,
    host: PluginHost,
    standing: Vec<Package>,
    policy: Policy,
) -> std::io::Result<WatchHandle> {
    let (messages, inbox) = channel();
    let notices = messages.clone();
    let thread = Builder::new().name("plugin-watch".to_owned()).spawn(move || {
        Follower {
            directory,
            host,
            policy,
            standing: Standing::new(standing),
            notices: Notices::new(notices),
            folders: BTreeMap::new(),
        }
        .run(&inbox);
    })?;
    Ok(WatchHandle { messages, thread: Some(thread) })
}

struct Follower {
    directory: PathBuf,
    host: PluginHost,
    policy: Policy,
    standing: Standing,
    notices: Notices,
    folders: BTreeMap<PathBuf, Folder>,
}

/// A folder that is to be loaded, and from what.
struct Due {
    folder: PathBuf,
    package: Package,
    digest: [u8; 32],
}

impl Follower {
    fn run(mut self, inbox: &Receiver<Message>) {
        let mut next_look = self.look(true);
        loop {
            match inbox.recv_timeout(next_look.saturating_duration_since(Instant::now())) {
                Ok(Message::Changed) => {
                    // Notices come in swarms; one look a short while after the first serves them all.
                    let now = Instant::now();
                    next_look = next_look.min(now + SETTLE / 4);
                    if next_look <= now {
                        next_look = self.look(false);
                    }
                }
                Err(RecvTimeoutError::Timeout) => next_look = self.look(false),
                Ok(Message::Rescan(done)) => {
                    next_look = self.look(true);
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(());
                }
                Ok(Message::Reload(id, done)) => {
                    let found = self.reload(&id);
                    // Whoever asked may have stopped waiting.
                    let _ = done.send(found);
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Looks at the directory and answers when to look again if nothing happens.
    fn look(&mut self, all: bool) -> Instant {
        let unsettled = self.act(all);
        Instant::now() + if unsettled { SETTLE } else { POLL }
    }

    /// Acts on every folder that has settled, or on all of them. Answers whether something is still to settle.
    fn act(&mut self, all: bool) -> bool {
        let present = match folders(&self.directory) {
            Ok(present) => present,
            Err(error) => {
                // What cannot be seen is not gone.
                tracing::warn!(directory = %self.directory.display(), error = %error, "cannot look for plugins");
                self.settle_standing();
                return false;
            }
        };
        self.notices.follow(&self.directory, &present);
        let known: Vec<PathBuf> =
            self.folders.keys().filter(|path| !present.contains(path)).cloned().collect();
        let (mut changed, mut unsettled) = (false, false);
        let mut due = Vec::new();
        for path in present.iter().chain(&known) {
            let stamp = path.is_dir().then(|| Stamp::of(path));
            let gone = stamp.is_none();
            match self.folders.entry(path.clone()).or_default().settle(stamp, all) {
                Settled::Unchanged => {}
                Settled::NotYet => unsettled = true,
                Settled::Act if gone => {
                    changed = true;
                    self.forget(path);
                }
                Settled::Act => {
                    changed = true;
                    due.extend(self.examine(path));
                }
            }
        }
        if changed || all {
            self.load(due);
            self.settle_standing();
            self.publish_faults();
        }
        unsettled
    }

    /// Loads one plugin although nothing changed. Answers whether there is one.
    fn reload(&mut self, id: &PluginId) -> bool {
        let Some(path) = self.folder_of(id) else { return self.standing.reload(&self.host, id) };
        self.folders.entry(path.clone()).or_default().anew = true;
        let due = self.examine(&path);
        self.folders.entry(path).or_default().anew = false;
        self.load(due.into_iter().collect());
        self.settle_standing();
        self.publish_faults();
        self.folder_of(id).is_some() || self.standing.holds(id)
    }

    /// The folder that this plugin runs from, or else the first that would be it if it could be loaded.
    fn folder_of(&self, id: &PluginId) -> Option<PathBuf> {
        let claims = || self.folders.iter().find(|(_, folder)| folder.claims.as_ref() == Some(id));
        let owner = self.folders.iter().find(|(_, folder)| folder.has_loaded(id)).or_else(claims);
        owner.map(|(path, _)| path.clone())
    }

    /// Unloads what came from a folder that is gone.
    fn forget(&mut self, path: &Path) {
        if let Some(folder) = self.folders.remove(path) {
            self.unload(folder.loaded);
        }
    }

    /// Reads a folder and decides: load it, leave it, or unload what came from it.
    fn examine(&mut self, path: &Path) -> Option<Due> {
        match Candidate::read(path) {
            None => {
                let folder = self.folders.entry(path.to_owned()).or_default();
                (folder.switches_off, folder.claims) = (None, None);
                self.drop_plugin(path);
            }
            Some(Err(problems)) => self.report(path, problems),
            Some(Ok(candidate)) => return self.consider(path, candidate),
        }
        None
    }

    fn consider(&mut self, path: &Path, candidate: Candidate) -> Option<Due> {
        let role = candidate.role(&self.policy, |id| self.standing.has(id));
        let id = |wanted: bool| wanted.then(|| candidate.manifest.id().clone());
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.switches_off = id(matches!(role, Role::SwitchedOff));
        folder.claims = id(matches!(role, Role::Plugin));
        let anew = folder.anew;
        if !matches!(role, Role::Plugin) {
            self.drop_plugin(path);
            return None;
        }
        if let Some(other) = self.owner(candidate.manifest.id(), path) {
            self.report(path, vec![taken(path, candidate.manifest.id(), &other)]);
            return None;
        }
        let package = match candidate.into_package() {
            Ok(package) => package,
            Err(problems) => {
                self.report(path, problems);
                return None;
            }
        };
        let digest = digest(&package);
        let folder = self.folders.get_mut(path)?;
        let running = folder.loaded.as_ref().is_some_and(|(_, loaded)| *loaded == digest);
        if running && !anew {
            if !std::mem::take(&mut folder.problems).is_empty() {
                let (plugin, version) = (package.manifest.id(), &package.manifest.plugin.version);
                tracing::info!(folder = %path.display(), %plugin, %version, "the folder is fine again; its plugin ran on");
            }
            return None;
        }
        Some(Due { folder: path.to_owned(), package, digest })
    }

    /// The other folder that has this id.
    fn owner(&self, id: &PluginId, path: &Path) -> Option<PathBuf> {
        self.folders
            .iter()
            .find(|(other, folder)| other.as_path() != path && folder.has_loaded(id))
            .map(|(other, _)| other.clone())
    }

    /// Loads side by side and notes what became of each.
    fn load(&mut self, due: Vec<Due>) {
        let due = self.without_twins(due);
        let host = &self.host;
        let loads = due.into_iter().map(|due| async move {
            let id = due.package.manifest.id().clone();
            let outcome = host.load(due.package).await;
            (due.folder, id, due.digest, outcome)
        });
        let outcomes = self.host.guests().block_on(join_all(loads));
        for (path, id, digest, outcome) in outcomes {
            match outcome {
                Ok(()) => self.loaded(&path, id, digest),
                Err(error) => self.report(&path, vec![format!("{}: {error}", path.display())]),
            }
        }
    }

    /// Where two folders that are due claim one id, the first has it.
    fn without_twins(&mut self, due: Vec<Due>) -> Vec<Due> {
        let mut kept: Vec<Due> = Vec::new();
        for candidate in due {
            let id = candidate.package.manifest.id();
            match kept.iter().find(|other| other.package.manifest.id() == id) {
                None => kept.push(candidate),
                Some(other) => {
                    let problem = taken(&candidate.folder, id, &other.folder);
                    self.report(&candidate.folder, vec![problem]);
                }
            }
        }
        kept
    }

    fn loaded(&mut self, path: &Path, id: PluginId, digest: [u8; 32]) {
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.problems.clear();
        let before = folder.loaded.replace((id.clone(), digest));
        self.unload(before.filter(|(former, _)| *former != id));
    }

    fn drop_plugin(&mut self, path: &Path) {
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.problems.clear();
        let loaded = folder.loaded.take();
        self.unload(loaded);
    }

    fn unload(&mut self, loaded: Option<(PluginId, [u8; 32])>) {
        let Some((id, _)) = loaded else { return };
        // A package that stands for this id takes the plugin's place, or ends it, once all folders have been looked at.
        if !self.standing.has(&id) {
            self.host.unload(&id);
        }
        // A folder that was refused because the id was taken may have it now.
        for folder in self.folders.values_mut().filter(|folder| !folder.problems.is_empty()) {
            folder.look_again();
        }
    }

    /// Lets the server's own packages run where no folder speaks for their ids.
    fn settle_standing(&mut self) {
        let (folders, policy) = (&self.folders, &self.policy);
        self.standing.settle(&self.host, |manifest| {
            let id = manifest.id();
            let off = || folders.values().any(|folder| folder.switches_off.as_ref() == Some(id));
            if folders.values().any(|folder| folder.has_loaded(id)) {
                Holder::Folder
            } else if !policy(manifest) || off() {
                Holder::Nobody
            } else {
                Holder::Package
            }
        });
    }

    /// Notes and logs problems, unless they have been reported already.
    fn report(&mut self, path: &Path, problems: Vec<String>) {
        let folder = self.folders.entry(path.to_owned()).or_default();
        if folder.problems == problems {
            return;
        }
        let goes_on = folder.loaded.is_some();
        for problem in &problems {
            tracing::error!(folder = %path.display(), version_before_runs_on = goes_on, "plugin not loaded: {problem}");
        }
        folder.problems = problems;
    }

    fn publish_faults(&self) {
        let faulty = self.folders.iter().filter(|(_, folder)| !folder.problems.is_empty());
        let faults = faulty
            .map(|(path, folder)| PluginFault { folder: path.clone(), problems: folder.problems.clone() })
            .collect();
        self.host.set_faults(faults);
    }
}

/// Both waits together, twice, stay below the two seconds promised.
const _: () = assert!(Duration::as_millis(&POLL) + 2 * Duration::as_millis(&SETTLE) < 2000);

#[cfg(test)]
mod tests;
