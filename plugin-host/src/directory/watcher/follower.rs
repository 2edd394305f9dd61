//! Decides about every folder: load what is in it, leave it alone, or unload what came from it.
//!
//! A folder whose plugin is loading, or whose id somebody else's plugin is loading under, waits for that load to end
//! before anything else becomes of it; where its outcome is not wanted any more, the load is called off.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use super::loads::{Ended, Loads, Source};
use super::notices::Notices;
use super::{Message, Policy};
use crate::directory::folder::{Folder, Settled};
use crate::directory::stamp::{Stamp, digest};
use crate::directory::standing::{Holder, Standing};
use crate::directory::{Candidate, Role, folders, taken};
use crate::host::PluginHost;
use crate::package::Package;
use crate::plugin_id::PluginId;
use crate::status::PluginFault;

/// What is known of a directory of plugins.
pub(super) struct Follower {
    directory: PathBuf,
    host: PluginHost,
    policy: Policy,
    standing: Standing,
    notices: Notices,
    folders: BTreeMap<PathBuf, Folder>,
    loads: Loads,
}

impl Follower {
    pub(super) fn new(
        directory: PathBuf,
        host: PluginHost,
        standing: Vec<Package>,
        policy: Policy,
        messages: &Sender<Message>,
    ) -> Follower {
        Follower {
            directory,
            policy,
            standing: Standing::new(standing),
            notices: Notices::new(messages.clone()),
            folders: BTreeMap::new(),
            loads: Loads::new(host.clone(), messages.clone()),
            host,
        }
    }

    /// Acts on every folder that has settled, or on all of them. Answers whether something is still to settle.
    pub(super) fn act(&mut self, all: bool) -> bool {
        let present = match folders(&self.directory) {
            Ok(present) => present,
            Err(error) => {
                // What cannot be seen is not gone.
                tracing::warn!(directory = %self.directory.display(), error = %error, "cannot look for plugins");
                self.standing.try_again();
                self.settle_standing();
                return false;
            }
        };
        self.notices.follow(&self.directory, &present);
        let known: Vec<PathBuf> =
            self.folders.keys().filter(|path| !present.contains(path)).cloned().collect();
        let (mut changed, mut unsettled) = (false, false);
        for path in present.iter().chain(&known) {
            let stamp = path.is_dir().then(|| Stamp::of(path));
            let gone = stamp.is_none();
            match self.folders.entry(path.clone()).or_default().settle(stamp, all) {
                Settled::Unchanged => {}
                Settled::NotYet => unsettled = true,
                Settled::Act => {
                    changed = true;
                    self.act_on(path, gone);
                }
            }
        }
        if changed || all {
            self.standing.try_again();
            self.settle_standing();
            self.publish_faults();
        }
        unsettled
    }

    /// Starts to load one plugin although nothing changed.
    pub(super) fn reload(&mut self, id: &PluginId) {
        match self.folder_of(id) {
            Some(path) => {
                self.folders.entry(path.clone()).or_default().anew = true;
                self.act_on(&path, false);
                let folder = self.folders.entry(path).or_default();
                folder.anew = folder.waits_for.is_some();
            }
            None => self.standing.reload(id, &mut self.loads),
        }
        self.settle_standing();
        self.publish_faults();
    }

    /// Notes what became of a load, and goes on with the folders that waited for its end.
    pub(super) fn ended(&mut self, ended: Ended) {
        let Ended { id, source, digest, outcome } = ended;
        self.loads.forget(&id);
        match (source, outcome) {
            (_, None) => self.look_at_faulty_again(),
            (Source::Standing, Some(outcome)) => self.standing.ended(&id, &outcome),
            (Source::Folder(path), Some(Ok(()))) => self.loaded(&path, id.clone(), digest),
            (Source::Folder(path), Some(Err(error))) => {
                self.report(&path, vec![format!("{}: {error}", path.display())]);
            }
        }
        let waited = |folder: &mut Folder| folder.waits_for.take_if(|other| *other == id).is_some();
        let waiting: Vec<PathBuf> = self
            .folders
            .iter_mut()
            .filter_map(|(path, folder)| waited(folder).then(|| path.clone()))
            .collect();
        for path in waiting {
            self.act_on(&path, !path.is_dir());
        }
        self.settle_standing();
        self.publish_faults();
    }

    /// Whether nothing is loading any more, or nothing that must be waited for.
    pub(super) fn is_over(&self, all: bool) -> bool {
        self.loads.are_over(all)
    }

    /// Whether the plugin with this id is loading, or to be loaded once another load has ended.
    pub(super) fn is_loading(&self, id: &PluginId) -> bool {
        let waits = |folder: &Folder| folder.waits_for.is_some() && folder.claims.as_ref() == Some(id);
        self.loads.under_way(id).is_some() || self.folders.values().any(waits)
    }

    /// Whether there is a plugin under this id that may run.
    pub(super) fn has(&self, id: &PluginId) -> bool {
        self.folder_of(id).is_some() || self.standing.holds(id)
    }

    /// The folder that this plugin runs from, or else the first that would be it if it could be loaded.
    fn folder_of(&self, id: &PluginId) -> Option<PathBuf> {
        let claims = || self.folders.iter().find(|(_, folder)| folder.claims.as_ref() == Some(id));
        let owner = self.folders.iter().find(|(_, folder)| folder.has_loaded(id)).or_else(claims);
        owner.map(|(path, _)| path.clone())
    }

    fn act_on(&mut self, path: &Path, gone: bool) {
        if gone {
            self.forget(path);
        } else {
            self.examine(path);
        }
    }

    /// Unloads what came from a folder that is gone.
    fn forget(&mut self, path: &Path) {
        if let Some(folder) = self.folders.get_mut(path) {
            (folder.switches_off, folder.claims) = (None, None);
        }
        if self.waits_for_its_load(path) {
            return;
        }
        if let Some(folder) = self.folders.remove(path) {
            self.unload(folder.loaded);
        }
    }

    /// Reads a folder and decides.
    fn examine(&mut self, path: &Path) {
        match Candidate::read(path) {
            None => {
                let folder = self.folders.entry(path.to_owned()).or_default();
                (folder.switches_off, folder.claims) = (None, None);
                self.drop_plugin(path);
            }
            Some(Err(problems)) => self.report(path, problems),
            Some(Ok(candidate)) => self.consider(path, candidate),
        }
    }

    fn consider(&mut self, path: &Path, candidate: Candidate) {
        let role = candidate.role(&self.policy, |id| self.standing.has(id));
        let id = |wanted: bool| wanted.then(|| candidate.manifest.id().clone());
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.switches_off = id(matches!(role, Role::SwitchedOff));
        folder.claims = id(matches!(role, Role::Plugin));
        if !matches!(role, Role::Plugin) {
            self.drop_plugin(path);
            return;
        }
        if let Some(other) = self.owner(candidate.manifest.id(), path) {
            self.report(path, vec![taken(path, candidate.manifest.id(), &other)]);
            return;
        }
        match candidate.into_package() {
            Ok(package) => self.load(path, package),
            Err(problems) => self.report(path, problems),
        }
    }

    /// Loads a folder's plugin, unless it runs or is loading as it is.
    fn load(&mut self, path: &Path, package: Package) {
        let digest = digest(&package);
        let id = package.manifest.id();
        let own = Source::Folder(path.to_owned());
        if self.loads.under_way(id) == Some((&own, &digest)) {
            return;
        }
        if self.waits_for_its_load(path) || self.waits_for(path, id) {
            return;
        }
        let folder = self.folders.entry(path.to_owned()).or_default();
        let running = folder.loaded.as_ref().is_some_and(|(_, loaded)| *loaded == digest);
        if std::mem::take(&mut folder.anew) || !running {
            self.loads.start(own, package, digest);
        } else if !std::mem::take(&mut folder.problems).is_empty() {
            let (plugin, version) = (package.manifest.id(), &package.manifest.plugin.version);
            tracing::info!(folder = %path.display(), %plugin, %version, "the folder is fine again; its plugin ran on");
        }
    }

    /// Whether a plugin is loading from the folder: then that is called off, and the folder waits for its end.
    fn waits_for_its_load(&mut self, path: &Path) -> bool {
        let id = self.loads.of_folder(path).cloned();
        id.is_some_and(|id| self.waits_for(path, &id))
    }

    /// Whether a plugin is loading under this id: then that is called off, and the folder waits for its end.
    fn waits_for(&mut self, path: &Path, id: &PluginId) -> bool {
        if self.loads.under_way(id).is_none() {
            return false;
        }
        self.loads.call_off(id);
        self.folders.entry(path.to_owned()).or_default().waits_for = Some(id.clone());
        true
    }

    /// The other folder that has this id.
    fn owner(&self, id: &PluginId, path: &Path) -> Option<PathBuf> {
        if let Some((Source::Folder(other), _)) = self.loads.under_way(id)
            && other != path
        {
            return Some(other.clone());
        }
        self.folders
            .iter()
            .find(|(other, folder)| other.as_path() != path && folder.has_loaded(id))
            .map(|(other, _)| other.clone())
    }

    fn loaded(&mut self, path: &Path, id: PluginId, digest: [u8; 32]) {
        let folder = self.folders.entry(path.to_owned()).or_default();
        folder.problems.clear();
        let before = folder.loaded.replace((id.clone(), digest));
        self.unload(before.filter(|(former, _)| *former != id));
    }

    fn drop_plugin(&mut self, path: &Path) {
        if self.waits_for_its_load(path) {
            return;
        }
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
        self.look_at_faulty_again();
    }

    /// A folder that was refused because the id was taken may have it now.
    fn look_at_faulty_again(&mut self) {
        for folder in self.folders.values_mut().filter(|folder| !folder.problems.is_empty()) {
            folder.look_again();
        }
    }

    /// Lets the server's own packages run where no folder speaks for their ids.
    fn settle_standing(&mut self) {
        let (folders, policy) = (&self.folders, &self.policy);
        let of_folders = self.loads.of_folders();
        self.standing.settle(&self.host, &mut self.loads, |manifest| {
            let id = manifest.id();
            let off = || folders.values().any(|folder| folder.switches_off.as_ref() == Some(id));
            if folders.values().any(|folder| folder.has_loaded(id)) {
                Some(Holder::Folder)
            } else if of_folders.contains(id) {
                None
            } else if !policy(manifest) || off() {
                Some(Holder::Nobody)
            } else {
                Some(Holder::Package)
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
