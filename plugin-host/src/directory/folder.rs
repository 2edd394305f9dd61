//! What is known of one plugin folder, and when its files have settled.

use std::time::Instant;

use super::SETTLE;
use super::stamp::Stamp;
use crate::plugin_id::PluginId;

/// What is known of one folder.
#[derive(Default)]
pub(super) struct Folder {
    /// The files as they have been since a moment ago, until they have settled; none in a folder that is gone.
    unsettled: Option<(Option<Stamp>, Instant)>,
    /// The files that were acted on last.
    settled: Option<Stamp>,
    /// The plugin that was loaded from here, and the digest of what it was made of.
    pub(super) loaded: Option<(PluginId, [u8; 32])>,
    /// The plugin that this folder would be, as its manifest was last read.
    pub(super) claims: Option<PluginId>,
    /// The plugin whose load must end before anything becomes of this folder.
    pub(super) waits_for: Option<PluginId>,
    /// Whether the plugin is to be loaded although it runs as it is.
    pub(super) anew: bool,
    /// The plugin that must not run, as this folder's manifest was last read.
    pub(super) switches_off: Option<PluginId>,
    /// What is wrong with the folder.
    pub(super) problems: Vec<String>,
}

/// Whether a folder is to be acted on.
pub(super) enum Settled {
    Unchanged,
    NotYet,
    Act,
}

impl Folder {
    pub(super) fn has_loaded(&self, id: &PluginId) -> bool {
        self.loaded.as_ref().is_some_and(|(loaded, _)| loaded == id)
    }

    /// Has the folder looked at again although its files stay as they are.
    pub(super) fn look_again(&mut self) {
        self.settled = None;
    }

    /// Whether the folder with these files (none: it is gone) is to be acted on; `now`: whether or not it has settled.
    pub(super) fn settle(&mut self, stamp: Option<Stamp>, now: bool) -> Settled {
        if now {
            self.unsettled = None;
            self.settled = stamp;
            return Settled::Act;
        }
        if stamp.is_some() && self.settled == stamp {
            self.unsettled = None;
            return Settled::Unchanged;
        }
        match &self.unsettled {
            Some((seen, since)) if *seen == stamp => {
                if since.elapsed() < SETTLE {
                    return Settled::NotYet;
                }
                self.unsettled = None;
                self.settled = stamp;
                Settled::Act
            }
            _ => {
                self.unsettled = Some((stamp, Instant::now()));
                Settled::NotYet
            }
        }
    }
}
