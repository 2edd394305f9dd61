//! Packages that the server brings itself. Each runs for as long as no folder speaks for its id: one with the plugin's
//! code takes its place, one that is switched off keeps it from running.

use super::stamp::digest;
use super::watcher::{Loads, Source};
use crate::error::LoadError;
use crate::host::PluginHost;
use crate::manifest::Manifest;
use crate::package::Package;
use crate::plugin_id::PluginId;

/// Who runs under a package's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// The package itself.
    Package,
    /// The plugin in a folder.
    Folder,
    Nobody,
}

/// All such packages, and who holds the id of each.
pub(super) struct Standing(Vec<Entry>);

struct Entry {
    package: Package,
    holder: Holder,
    /// Whether it did not load. It is tried again when something has changed.
    failed: bool,
}

impl Standing {
    pub(super) fn new(packages: Vec<Package>) -> Standing {
        let entry = |package| Entry { package, holder: Holder::Nobody, failed: false };
        Standing(packages.into_iter().map(entry).collect())
    }

    /// Whether there is a package with this id.
    pub(super) fn has(&self, id: &PluginId) -> bool {
        self.0.iter().any(|entry| entry.package.manifest.id() == id)
    }

    /// Whether a package runs under this id.
    pub(super) fn holds(&self, id: &PluginId) -> bool {
        self.holder(id).is_some()
    }

    /// Starts to load the package that runs under an id anew. Where it does not load, it runs on as it did, and the log
    /// says why.
    pub(super) fn reload(&self, id: &PluginId, loads: &mut Loads) {
        if let Some(entry) = self.holder(id)
            && loads.under_way(id).is_none()
        {
            loads.start(Source::Standing, entry.package.clone(), digest(&entry.package));
        }
    }

    /// Has what failed to load tried again.
    pub(super) fn try_again(&mut self) {
        self.0.iter_mut().for_each(|entry| entry.failed = false);
    }

    /// Starts loads and unloads so that every id comes to be held as `wanted` says; none: that is not yet decided. What
    /// a folder left running is replaced without a gap.
    pub(super) fn settle(
        &mut self,
        host: &PluginHost,
        loads: &mut Loads,
        wanted: impl Fn(&Manifest) -> Option<Holder>,
    ) {
        for entry in &mut self.0 {
            let id = entry.package.manifest.id();
            let Some(wanted) = wanted(&entry.package.manifest) else { continue };
            let under_way = loads.under_way(id).map(|(source, _)| source.clone());
            if wanted != Holder::Package && under_way == Some(Source::Standing) {
                loads.call_off(id);
            }
            match wanted {
                Holder::Folder => entry.holder = Holder::Folder,
                Holder::Nobody if entry.holder != Holder::Nobody => {
                    host.unload(id);
                    entry.holder = Holder::Nobody;
                }
                Holder::Package
                    if entry.holder != Holder::Package && !entry.failed && under_way.is_none() =>
                {
                    loads.start(Source::Standing, entry.package.clone(), digest(&entry.package));
                }
                Holder::Nobody | Holder::Package => {}
            }
        }
    }

    /// Notes what became of a package's load. One that does not load is reported.
    pub(super) fn ended(&mut self, id: &PluginId, outcome: &Result<(), LoadError>) {
        let Some(entry) = self.0.iter_mut().find(|entry| entry.package.manifest.id() == id) else { return };
        match outcome {
            Ok(()) => entry.holder = Holder::Package,
            Err(error) => {
                entry.failed = true;
                tracing::error!(plugin = %id, %error, "a bundled plugin cannot be loaded");
            }
        }
    }

    fn holder(&self, id: &PluginId) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.holder == Holder::Package && entry.package.manifest.id() == id)
    }
}
