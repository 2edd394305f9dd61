//! What is known of installed plugins and their packages.

use std::path::Path;

use fleuron_plugin_host::{Manifest, PluginId, consent::Granted};
use serde::de::DeserializeOwned;

use crate::{
    clock::Timestamp,
    entities::{plugin_installs, plugin_packages},
    error::{ApiError, Result},
    ids::UserId,
};

/// A package that was taken.
#[derive(Clone, Debug)]
pub struct StoredPackage {
    /// The hash of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// What it says about itself.
    pub manifest: Manifest,
    /// When it was taken.
    pub uploaded_at: Timestamp,
    /// Who brought it; none for the command line.
    pub uploaded_by: Option<UserId>,
}

/// A plugin that is installed from packages, each named by its hash.
#[derive(Clone, Debug, PartialEq)]
pub struct Install {
    /// The plugin.
    pub plugin: PluginId,
    /// The package in force, and what was agreed to for it.
    pub active: Option<(String, Granted)>,
    /// The package that waits: for consent where nothing was agreed to yet, else to be started.
    pub pending: Option<(String, Option<Granted>)>,
    /// The package that can be gone back to.
    pub previous: Option<(String, Granted)>,
    /// Set while the plugin is being removed.
    pub removing: Option<Removal>,
    /// Whether it is gone with all that it kept: nothing but this remains.
    pub is_deleted: bool,
    /// Counts the changes, so that of two at once one is told.
    pub revision: i64,
}

/// What happens to what a removed plugin kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It stays, for the next time the plugin is installed.
    KeepData,
    /// It goes: tables, key-values, files, settings, runs of jobs.
    DeleteData,
}

/// What stands in place of [`Removal`] once a plugin is gone with all that it kept: other processes that had it running
/// see by it that what they keep of it must go, too.
const DELETED: &str = "deleted";

impl Removal {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::KeepData => "keep",
            Self::DeleteData => "delete",
        }
    }

    fn from_database(text: &str) -> Self {
        match text {
            "delete" => Self::DeleteData,
            _ => Self::KeepData,
        }
    }
}

impl Install {
    /// A plugin that nothing is known of yet.
    pub(super) fn new(plugin: PluginId) -> Self {
        let (active, pending, previous, removing) = (None, None, None, None);
        Self { plugin, active, pending, previous, removing, is_deleted: false, revision: 0 }
    }

    /// Whether a version waits for an administrator's consent.
    pub fn waits_for_consent(&self) -> bool {
        matches!(&self.pending, Some((_, None)))
    }

    /// The package that should run where the plugin is enabled: one that was agreed to and not started yet, or else the
    /// one in force.
    pub(super) fn wanted(&self) -> Option<(&str, &Granted)> {
        match &self.pending {
            Some((sha256, Some(granted))) => Some((sha256, granted)),
            _ => self.active.as_ref().map(|(sha256, granted)| (sha256.as_str(), granted)),
        }
    }

    /// The packages that must be kept.
    pub(super) fn packages(&self) -> impl Iterator<Item = &str> {
        let active = self.active.iter().map(|(sha256, _)| sha256);
        let pending = self.pending.iter().map(|(sha256, _)| sha256);
        let previous = self.previous.iter().map(|(sha256, _)| sha256);
        active.chain(pending).chain(previous).map(String::as_str)
    }

    /// Puts the package that was agreed to in force.
    pub(super) fn promote(&mut self) {
        if let Some((sha256, Some(granted))) = self.pending.take_if(|(_, granted)| granted.is_some()) {
            self.previous = self.active.replace((sha256, granted)).or(self.previous.take());
        }
    }

    pub(super) fn read(row: plugin_installs::Model) -> Result<Self> {
        let granted = |text: Option<&str>| text.map(json::<Granted>).transpose();
        let both = |sha256: Option<String>, text: Option<String>| {
            let granted = granted(text.as_deref())?.unwrap_or_default();
            Ok::<_, ApiError>(sha256.map(|sha256| (sha256, granted)))
        };
        let pending_granted = granted(row.pending_granted.as_deref())?;
        Ok(Self {
            plugin: row.plugin_id.parse().map_err(|reason: String| ApiError::internal(reason))?,
            active: both(row.active, row.granted)?,
            pending: row.pending.map(|sha256| (sha256, pending_granted)),
            previous: both(row.previous, row.previous_granted)?,
            is_deleted: row.removing.as_deref() == Some(DELETED),
            removing: row.removing.as_deref().filter(|text| *text != DELETED).map(Removal::from_database),
            revision: row.revision,
        })
    }

    pub(super) fn write(&self) -> Result<plugin_installs::Model> {
        let text = |granted: &Granted| serde_json::to_string(granted).map_err(ApiError::internal);
        let both = |part: &Option<(String, Granted)>| match part {
            Some((sha256, granted)) => Ok((Some(sha256.clone()), Some(text(granted)?))),
            None => Ok::<_, ApiError>((None, None)),
        };
        let (active, granted) = both(&self.active)?;
        let (previous, previous_granted) = both(&self.previous)?;
        let (pending, pending_granted) = match &self.pending {
            Some((sha256, granted)) => (Some(sha256.clone()), granted.as_ref().map(text).transpose()?),
            None => (None, None),
        };
        Ok(plugin_installs::Model {
            plugin_id: self.plugin.to_string(),
            active,
            granted,
            pending,
            pending_granted,
            previous,
            previous_granted,
            removing: match (self.is_deleted, self.removing) {
                (true, _) => Some(DELETED.to_owned()),
                (false, removal) => removal.map(|removal| removal.as_str().to_owned()),
            },
            revision: self.revision,
            updated_at: Timestamp::now().millis(),
        })
    }
}

impl StoredPackage {
    pub(super) fn read(row: plugin_packages::Model) -> Result<Self> {
        let file = format!("{} {}", row.plugin_id, row.version);
        Ok(Self {
            sha256: row.sha256,
            size: u64::try_from(row.size).map_err(ApiError::internal)?,
            manifest: Manifest::parse(&row.manifest, Path::new(&file)).map_err(ApiError::internal)?,
            uploaded_at: Timestamp::from_millis(row.uploaded_at),
            uploaded_by: row.uploaded_by.map(UserId),
        })
    }
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(ApiError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(keys: &[&str]) -> Granted {
        serde_json::from_value(serde_json::json!(keys)).unwrap()
    }

    #[test]
    fn rows_survive_the_journey() {
        let mut install = Install::new("com.example.a".parse().unwrap());
        assert_eq!(Install::read(install.write().unwrap()).unwrap(), install);
        install.pending = Some(("b".to_owned(), None));
        assert!(install.waits_for_consent() && install.wanted().is_none());
        assert_eq!(Install::read(install.write().unwrap()).unwrap(), install);
        install.active = Some(("a".to_owned(), granted(&["database:own"])));
        install.previous = Some(("z".to_owned(), granted(&[])));
        install.removing = Some(Removal::DeleteData);
        install.revision = 7;
        assert_eq!(Install::read(install.write().unwrap()).unwrap(), install);
        let gone = Install { is_deleted: true, revision: 8, ..Install::new(install.plugin) };
        assert_eq!(Install::read(gone.write().unwrap()).unwrap(), gone);
    }

    #[test]
    fn a_version_is_in_force_only_once_it_was_agreed_to() {
        let mut install = Install::new("com.example.a".parse().unwrap());
        install.active = Some(("a".to_owned(), granted(&[])));
        install.pending = Some(("b".to_owned(), None));
        install.promote();
        assert_eq!(install.wanted().map(|(sha256, _)| sha256), Some("a"));
        assert!(install.waits_for_consent());
        install.pending = Some(("b".to_owned(), Some(granted(&["events:emit"]))));
        assert_eq!(install.wanted().map(|(sha256, _)| sha256), Some("b"));
        install.promote();
        assert_eq!(install.active, Some(("b".to_owned(), granted(&["events:emit"]))));
        assert_eq!(
            (install.previous.map(|(sha256, _)| sha256), install.pending),
            (Some("a".to_owned()), None)
        );
    }
}
