//! Packages that the server brings itself. Each runs for as long as no folder speaks for its id: one with the plugin's
//! code takes its place, one that is switched off keeps it from running.

use futures_util::future::join_all;

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
}

impl Standing {
    pub(super) fn new(packages: Vec<Package>) -> Standing {
        Standing(packages.into_iter().map(|package| Entry { package, holder: Holder::Nobody }).collect())
    }

    /// Whether there is a package with this id.
    pub(super) fn has(&self, id: &PluginId) -> bool {
        self.0.iter().any(|entry| entry.package.manifest.id() == id)
    }

    /// Loads the package that runs under an id anew. Answers whether there is one; where it does not load, it runs on
    /// as it did, and the log says why.
    pub(super) fn reload(&self, host: &PluginHost, id: &PluginId) -> bool {
        let Some(entry) = self.holder(id) else { return false };
        if let Err(error) = host.guests().block_on(host.load(entry.package.clone())) {
            report(id, &error);
        }
        true
    }

    /// Whether a package runs under this id.
    pub(super) fn holds(&self, id: &PluginId) -> bool {
        self.holder(id).is_some()
    }

    fn holder(&self, id: &PluginId) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.holder == Holder::Package && entry.package.manifest.id() == id)
    }

    /// Loads and unloads until every id is held as `wanted` says. What a folder left running is replaced without a gap;
    /// a package that does not load is reported and tried again the next time.
    pub(super) fn settle(&mut self, host: &PluginHost, wanted: impl Fn(&Manifest) -> Holder) {
        let mut due = Vec::new();
        for entry in &mut self.0 {
            match wanted(&entry.package.manifest) {
                Holder::Folder => entry.holder = Holder::Folder,
                Holder::Nobody if entry.holder != Holder::Nobody => {
                    host.unload(entry.package.manifest.id());
                    entry.holder = Holder::Nobody;
                }
                Holder::Package if entry.holder != Holder::Package => due.push(entry),
                Holder::Nobody | Holder::Package => {}
            }
        }
        let loads = due.into_iter().map(|entry| async move {
            let outcome = host.load(entry.package.clone()).await;
            (entry, outcome)
        });
        for (entry, outcome) in host.guests().block_on(join_all(loads)) {
            match outcome {
                Ok(()) => entry.holder = Holder::Package,
                Err(error) => report(entry.package.manifest.id(), &error),
            }
        }
    }
}

fn report(id: &PluginId, error: &LoadError) {
    tracing::error!(plugin = %id, %error, "a bundled plugin cannot be loaded");
}
