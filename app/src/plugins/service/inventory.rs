//! Every plugin that an administrator should know of: those that run, those that are switched off, and the folders whose
//! plugins cannot be loaded.

use std::{ffi::OsStr, path::Path, sync::Arc};

use fleuron_plugin_host::{Manifest, Origin, PluginFault, PluginId, PluginState, PluginStatus};

use crate::plugins::manager::KnownPlugin;

/// Why a plugin that the server brings is missing; the reason itself is in the server's log alone.
const BUNDLED_FAULT: &str = "It comes with the server and could not be loaded; the server's log says why.";

/// What a plugin is doing, the liveliest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryState {
    /// It runs.
    Active,
    /// It is loaded, and its instances do not start; it waits to be loaded anew.
    Quarantined,
    /// It cannot be loaded.
    Faulty,
    /// It is being compiled, and runs as soon as that is done.
    Loading,
    /// It waits for an administrator to agree to what it may do.
    AwaitingConsent,
    /// It is switched off, by its manifest or an administrator.
    Disabled,
}

/// A plugin, or a folder that should hold one.
#[derive(Clone, Debug)]
pub struct PluginEntry {
    /// What it says about itself; none where that cannot be read.
    pub manifest: Option<Arc<Manifest>>,
    /// Where it comes from.
    pub origin: Origin,
    /// What it is doing.
    pub state: EntryState,
    /// How it is doing, where it is loaded.
    pub status: Option<PluginStatus>,
    /// What keeps it, or a newer version of it, from being loaded.
    pub problems: Vec<String>,
}

impl PluginEntry {
    /// Its id; none where the manifest cannot be read.
    pub fn id(&self) -> Option<&PluginId> {
        self.manifest.as_ref().map(|manifest| manifest.id())
    }

    /// The name of its folder; none where it comes with the server.
    pub fn folder(&self) -> Option<String> {
        match &self.origin {
            Origin::Bundled | Origin::Uploaded => None,
            Origin::Directory(path) => path.file_name().map(OsStr::to_string_lossy).map(String::from),
        }
    }

    fn loaded(status: PluginStatus) -> Self {
        let state = match status.state {
            PluginState::Active => EntryState::Active,
            PluginState::Quarantined => EntryState::Quarantined,
        };
        Self {
            manifest: Some(Arc::clone(&status.manifest)),
            origin: status.origin.clone(),
            state,
            status: Some(status),
            problems: Vec::new(),
        }
    }

    fn known(plugin: &KnownPlugin, state: EntryState) -> Self {
        let (manifest, problems) = (Some(Arc::clone(&plugin.manifest)), plugin.problems.clone());
        Self { manifest, origin: plugin.origin.clone(), state, status: None, problems }
    }
}

/// Puts together what the host, which loads some of them, and the folders say. By id; folders without a readable manifest come last.
pub(super) fn inventory(
    statuses: Vec<PluginStatus>,
    faults: Vec<PluginFault>,
    loading: &[PluginId],
    known: &[KnownPlugin],
) -> Vec<PluginEntry> {
    let mut entries: Vec<PluginEntry> = statuses.into_iter().map(PluginEntry::loaded).collect();
    // Where a version before runs, that is what the plugin is doing.
    for plugin in known.iter().filter(|plugin| plugin.is_wanted && loading.contains(plugin.manifest.id())) {
        if !has(&entries, plugin.manifest.id()) {
            entries.push(PluginEntry::known(plugin, EntryState::Loading));
        }
    }
    for fault in faults {
        match entries.iter_mut().find(|entry| is_from(&entry.origin, &fault.folder)) {
            Some(entry) => entry.problems.extend(fault.problems),
            None => entries.push(faulty(fault, known)),
        }
    }
    for plugin in known.iter().filter(|plugin| plugin.origin == Origin::Uploaded) {
        let running = entries.iter_mut().find(|entry| entry.id() == Some(plugin.manifest.id()));
        match running {
            // A version that was to take its place does not start.
            Some(entry) => entry.problems.extend(plugin.problems.iter().cloned()),
            None => entries.push(PluginEntry::known(plugin, idle_state(plugin))),
        }
    }
    // A folder may claim the id of an installed plugin; the reason stands beside it.
    for plugin in
        known.iter().filter(|plugin| plugin.origin != Origin::Uploaded && !plugin.problems.is_empty())
    {
        entries.push(PluginEntry::known(plugin, EntryState::Faulty));
    }
    for plugin in known.iter().filter(|plugin| !plugin.is_wanted) {
        if !has(&entries, plugin.manifest.id()) {
            entries.push(PluginEntry::known(plugin, EntryState::Disabled));
        }
    }
    for plugin in known.iter().filter(|plugin| plugin.is_wanted && plugin.origin == Origin::Bundled) {
        if !has(&entries, plugin.manifest.id()) {
            let entry = PluginEntry::known(plugin, EntryState::Faulty);
            entries.push(PluginEntry { problems: vec![BUNDLED_FAULT.to_owned()], ..entry });
        }
    }
    entries.sort_by(|one, other| key(one).cmp(&key(other)));
    entries
}

/// What an installed plugin is doing that does not run.
fn idle_state(plugin: &KnownPlugin) -> EntryState {
    if plugin.waits {
        EntryState::AwaitingConsent
    } else if plugin.is_wanted {
        EntryState::Faulty
    } else {
        EntryState::Disabled
    }
}

/// The liveliest plugin with this id, with the problems of every folder that claims the id.
pub(super) fn entry_of(entries: Vec<PluginEntry>, id: &PluginId) -> Option<PluginEntry> {
    let mut same: Vec<PluginEntry> = entries.into_iter().filter(|entry| entry.id() == Some(id)).collect();
    // The id of an installed plugin is its own, whatever folder claims it, too.
    let owner = same.iter().position(|entry| entry.origin == Origin::Uploaded).unwrap_or(0);
    let mut entry = (!same.is_empty()).then(|| same.remove(owner))?;
    entry.problems.extend(same.into_iter().flat_map(|other| other.problems));
    Some(entry)
}

fn faulty(fault: PluginFault, known: &[KnownPlugin]) -> PluginEntry {
    let plugin = known.iter().find(|plugin| is_from(&plugin.origin, &fault.folder));
    PluginEntry {
        manifest: plugin.map(|plugin| Arc::clone(&plugin.manifest)),
        origin: Origin::Directory(fault.folder),
        state: EntryState::Faulty,
        status: None,
        problems: fault.problems,
    }
}

fn has(entries: &[PluginEntry], id: &PluginId) -> bool {
    entries.iter().any(|entry| entry.id() == Some(id))
}

fn is_from(origin: &Origin, folder: &Path) -> bool {
    matches!(origin, Origin::Directory(path) if path == folder)
}

fn key(entry: &PluginEntry) -> (bool, Option<&PluginId>, EntryState, Option<&Path>) {
    let folder = match &entry.origin {
        Origin::Bundled | Origin::Uploaded => None,
        Origin::Directory(path) => Some(path.as_path()),
    };
    (entry.manifest.is_none(), entry.id(), entry.state, folder)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn known(id: &str, origin: Origin, is_wanted: bool) -> KnownPlugin {
        let text = format!("[plugin]\nid = \"{id}\"\nname = \"{id}\"\nversion = \"1.0.0\"\n");
        let manifest = Manifest::parse(&text, Path::new("manifest.toml")).unwrap();
        KnownPlugin { manifest: Arc::new(manifest), origin, is_wanted, waits: false, problems: Vec::new() }
    }

    fn folder(name: &str) -> Origin {
        Origin::Directory(PathBuf::from(name))
    }

    fn fault(name: &str, problem: &str) -> PluginFault {
        PluginFault { folder: PathBuf::from(name), problems: vec![problem.to_owned()] }
    }

    fn told(entries: &[PluginEntry]) -> Vec<(Option<&str>, EntryState, Option<String>)> {
        entries.iter().map(|entry| (entry.id().map(PluginId::as_str), entry.state, entry.folder())).collect()
    }

    #[test]
    fn what_is_not_loaded_is_listed_once() {
        let plugins = [
            known("com.example.off", folder("off"), false),
            known("com.example.off", Origin::Bundled, true),
            known("com.example.broken", folder("broken"), true),
            known("com.example.settling", folder("settling"), true),
            known("com.example.missing", Origin::Bundled, true),
        ];
        let faults = vec![fault("nameless", "no id"), fault("broken", "no code")];
        let entries = inventory(Vec::new(), faults, &[], &plugins);
        let expected = [
            (Some("com.example.broken"), EntryState::Faulty, Some("broken".to_owned())),
            (Some("com.example.missing"), EntryState::Faulty, None),
            (Some("com.example.off"), EntryState::Disabled, Some("off".to_owned())),
            (None, EntryState::Faulty, Some("nameless".to_owned())),
        ];
        assert_eq!(told(&entries), expected);
        assert_eq!(entries[0].problems, ["no code"]);
    }

    #[test]
    fn what_is_being_compiled_is_listed_as_such() {
        let plugins =
            [known("com.example.slow", folder("slow"), true), known("com.example.off", folder("off"), false)];
        let loading = ["com.example.slow".parse().unwrap(), "com.example.off".parse().unwrap()];
        let entries = inventory(Vec::new(), Vec::new(), &loading, &plugins);
        let expected = [
            (Some("com.example.off"), EntryState::Disabled, Some("off".to_owned())),
            (Some("com.example.slow"), EntryState::Loading, Some("slow".to_owned())),
        ];
        assert_eq!(told(&entries), expected);
    }

    #[test]
    fn one_id_has_one_entry_with_all_problems() {
        let plugins =
            [known("com.example.a", folder("one"), true), known("com.example.a", folder("two"), true)];
        let faults = vec![fault("one", "no code"), fault("two", "taken")];
        let id = plugins[0].manifest.id();
        let entry = entry_of(inventory(Vec::new(), faults, &[], &plugins), id).unwrap();
        assert_eq!(
            (entry.folder().as_deref(), entry.problems.as_slice()),
            (Some("one"), &["no code".to_owned(), "taken".to_owned()][..])
        );
        assert!(entry_of(Vec::new(), id).is_none());
    }
}
