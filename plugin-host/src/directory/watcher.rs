//! Follows a directory: the file system's notices wake it at once, a slow poll covers file systems that give none.
//!
//! A folder is acted on when two looks a short while apart have found the same files, so that a file being written is
//! left to settle. What has been acted on, well or not, is not touched again until its files change. Loads run beside the
//! thread that watches, which hears of their ends as it hears of changes.

mod follower;
mod loads;
mod notices;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{POLL, SETTLE};
use crate::host::PluginHost;
use crate::manifest::Manifest;
use crate::package::Package;
use crate::plugin_id::PluginId;
use follower::Follower;
pub(super) use loads::{Ended, Loads, Source};

/// Decides whether the plugin with this manifest may run.
pub(super) type Policy = Box<dyn Fn(&Manifest) -> bool + Send + Sync>;

/// What reaches the watching thread.
pub(super) enum Message {
    /// Something in the directory may have changed.
    Changed,
    /// Look now, whatever has settled, ask the policy anew, and say when it is done.
    Rescan(oneshot::Sender<()>),
    /// Load this plugin now, although nothing changed, and say whether there is one.
    Reload(PluginId, oneshot::Sender<bool>),
    /// A plugin was loaded, or was not.
    Ended(Ended),
    Stop,
}

/// Keeps a directory being followed. Dropping it ends that, and what is being compiled for it; what is loaded stays
/// loaded.
pub struct WatchHandle {
    messages: Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

impl WatchHandle {
    /// Looks at the whole directory now, asking the policy about every plugin anew, and waits until everything found
    /// has been loaded or reported.
    ///
    /// Where plugins are compiled in a process of their own, it waits no longer than [`crate::HostConfig::load_patience`]:
    /// a server with a cold code cache is there for its readers while large plugins are compiled. Those at which
    /// something must not happen without their agreement are waited for all the same.
    pub async fn rescan(&self) {
        let (done, finished) = oneshot::channel();
        if self.messages.send(Message::Rescan(done)).is_ok() {
            // An error means that the thread has ended; there is nothing to wait for then.
            let _ = finished.await;
        }
    }

    /// Loads a plugin anew from its folder, or the package that the server brings, although nothing changed; ends a
    /// quarantine. Waits for its load and for no other. Answers whether there is one under this id that may run. Where it
    /// does not load, what ran runs on and the host's faults, or for a package the log, say why.
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
        // The thread ends by itself. It is not waited for: it may be reading a file, which would block here.
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
    let sender = messages.clone();
    let thread = Builder::new().name("plugin-watch".to_owned()).spawn(move || {
        let config = host.config();
        let patience = config.compiler.is_some().then_some(config.load_patience);
        let follower = Follower::new(directory, host, standing, policy, &sender);
        drop(sender);
        Watching { follower, patience, rescans: Vec::new(), reloads: Vec::new() }.run(&inbox);
    })?;
    Ok(WatchHandle { messages, thread: Some(thread) })
}

/// The watching thread: when to look, and who waits for what.
struct Watching {
    follower: Follower,
    /// How long a rescan waits for loads; none: until they have ended.
    patience: Option<Duration>,
    /// Who waits for all loads, and until when.
    rescans: Vec<(oneshot::Sender<()>, Option<Instant>)>,
    /// Who waits for one plugin's load.
    reloads: Vec<(PluginId, oneshot::Sender<bool>)>,
}

impl Watching {
    fn run(mut self, inbox: &Receiver<Message>) {
        let mut next_look = self.look(true);
        loop {
            let patience = self.rescans.iter().filter_map(|(_, until)| *until).filter(is_ahead).min();
            let wake = patience.map_or(next_look, |until| until.min(next_look));
            match inbox.recv_timeout(wake.saturating_duration_since(Instant::now())) {
                // Notices come in swarms; one look a short while after the first serves them all.
                Ok(Message::Changed) => next_look = next_look.min(Instant::now() + SETTLE / 4),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Rescan(done)) => {
                    next_look = self.look(true);
                    self.rescans.push((done, self.patience.map(|patience| Instant::now() + patience)));
                }
                Ok(Message::Reload(id, done)) => {
                    self.follower.reload(&id);
                    self.reloads.push((id, done));
                }
                Ok(Message::Ended(ended)) => self.follower.ended(ended),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if next_look <= Instant::now() {
                next_look = self.look(false);
            }
            self.answer();
        }
    }

    /// Looks at the directory and answers when to look again if nothing happens.
    fn look(&mut self, all: bool) -> Instant {
        let unsettled = self.follower.act(all);
        Instant::now() + if unsettled { SETTLE } else { POLL }
    }

    /// Answers those who have waited long enough. They may have stopped waiting.
    fn answer(&mut self) {
        let follower = &self.follower;
        let over = |until: &Option<Instant>| follower.is_over(until.as_ref().is_none_or(is_ahead));
        for (done, _) in self.rescans.extract_if(.., |(_, until)| over(until)) {
            let _ = done.send(());
        }
        for (id, done) in self.reloads.extract_if(.., |(id, _)| !follower.is_loading(id)) {
            let _ = done.send(follower.has(&id));
        }
    }
}

fn is_ahead(until: &Instant) -> bool {
    *until > Instant::now()
}

/// Both waits together, twice, stay below the two seconds promised.
const _: () = assert!(Duration::as_millis(&POLL) + 2 * Duration::as_millis(&SETTLE) < 2000);

#[cfg(test)]
mod tests;
