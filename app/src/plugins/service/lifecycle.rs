//! From an uploaded package to a plugin that is gone again: what administrators do, one method a step.

use std::{cmp::Ordering, path::Path, sync::Arc};

use fleuron_plugin_host::{
    Manifest, Origin, PackageLimits, PluginId, UploadedPackage, consent, read_package,
};
use tokio::sync::OwnedSemaphorePermit;
use uuid::Uuid;

use super::{EntryState, PluginDetails, PluginService, not_loaded};
use crate::{
    auth::{Actor, Permission, keys::create_private_folder},
    error::{ApiError, ErrorCode, FieldError, Result},
    plugins::{
        PluginManager, host_api,
        packages::{self, NewPackage, Removal},
    },
};

/// What came of an upload.
pub struct Upload {
    /// The plugin as it is now.
    pub details: PluginDetails,
    /// Whether the package was new.
    pub is_new: bool,
}

/// A package that was looked through and not taken.
#[derive(Debug)]
pub struct Inspection {
    /// What it says about itself.
    pub manifest: Manifest,
    /// The hash of its bytes.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// What it would ask for beyond what was agreed to before.
    pub difference: consent::Difference,
}

impl PluginService {
    /// A place to receive a package in: packages are large, and as many are received at once as there are places.
    ///
    /// # Errors
    /// Where the server is stopping.
    pub async fn receiving(&self) -> Result<OwnedSemaphorePermit> {
        Arc::clone(&self.receiving).acquire_owned().await.map_err(ApiError::internal)
    }

    /// Looks a package through without taking it.
    ///
    /// # Errors
    /// As [`Self::upload`].
    pub async fn inspect(&self, actor: &Actor, bytes: Vec<u8>, sha256: Option<&str>) -> Result<Inspection> {
        actor.require(Permission::ManagePlugins)?;
        let _turn = self.uploads.acquire().await.map_err(ApiError::internal)?;
        let package = self.look_through(bytes, sha256).await?.0;
        let manifest = package.package.manifest;
        let difference = self.difference(&manifest).await?;
        Ok(Inspection { sha256: package.sha256, size: package.size, difference, manifest })
    }

    /// Takes a package in, once all of it was looked through and its code was compiled. It runs at once where it asks for
    /// nothing that was not agreed to before, and else waits for [`Self::consent`], while the version before runs on.
    ///
    /// # Errors
    /// `validation_failed` with every reason why the package is refused, `plugin_id_taken`, `version_reused`.
    pub async fn upload(&self, actor: &Actor, bytes: Vec<u8>, sha256: Option<&str>) -> Result<Upload> {
        actor.require(Permission::ManagePlugins)?;
        let _turn = self.uploads.acquire().await.map_err(ApiError::internal)?;
        let (uploaded, bytes) = self.look_through(bytes, sha256).await?;
        let id = uploaded.package.manifest.id().clone();
        let installed = self.manager.installed();
        let turn = installed.turn(&id).await;
        installed.store().put(&uploaded.sha256, bytes).await?;
        let stored = vec![uploaded.sha256.clone()];
        let package = NewPackage {
            sha256: uploaded.sha256,
            size: uploaded.size,
            manifest: uploaded.package.manifest,
            manifest_text: uploaded.manifest_text,
        };
        let input = (actor.clone(), package);
        let taken = self
            .database
            .write(input, |transaction, (actor, package)| {
                Box::pin(packages::upload(transaction, actor, package))
            })
            .await;
        if taken.is_err() {
            installed.discard(&stored).await?;
        }
        drop(turn);
        let is_new = taken?;
        self.manager.settle_one(&id).await?;
        Ok(Upload { details: self.details(&id).await?, is_new })
    }

    /// Agrees to what the version that waits asks for, and puts it in force. `hash` is what [`consent::hash`] makes of that
    /// very package. `enable` says whether the plugin may run from now on; left out, a new one may.
    ///
    /// # Errors
    /// `consent_mismatch` where something else waits, `not_possible` where nothing does, `validation_failed` where the
    /// version does not start; what ran runs on then.
    pub async fn consent(
        &self,
        actor: &Actor,
        id: &PluginId,
        hash: &str,
        enable: Option<bool>,
    ) -> Result<PluginDetails> {
        actor.require(Permission::ManagePlugins)?;
        let installed = packages::find(self.database.reader(), id).await?;
        let installed = installed.ok_or_else(|| ApiError::not_found("installed plugin"))?;
        let waiting = installed.pending().filter(|_| installed.install.waits_for_consent());
        let Some(waiting) = waiting.cloned() else {
            let detail = "No version of this plugin waits for consent.";
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        };
        if hash != consent::hash(&waiting.manifest, &waiting.sha256) {
            return Err(packages::mismatch());
        }
        let input = (actor.clone(), waiting, enable);
        self.database
            .write(input, |transaction, (actor, waiting, enable)| {
                Box::pin(packages::consent(transaction, actor, &waiting.manifest, &waiting.sha256, *enable))
            })
            .await?;
        self.settled(id).await
    }

    /// Goes back to the version before.
    ///
    /// # Errors
    /// `not_possible` where there is none, `validation_failed` where it does not start; what ran runs on then.
    pub async fn roll_back(&self, actor: &Actor, id: &PluginId) -> Result<PluginDetails> {
        actor.require(Permission::ManagePlugins)?;
        let input = (actor.clone(), id.clone());
        self.database
            .write(input, |transaction, (actor, id)| Box::pin(packages::roll_back(transaction, actor, id)))
            .await?;
        self.settled(id).await
    }

    /// Lets a plugin run, wherever it comes from, or keeps it from running.
    ///
    /// # Errors
    /// `consent_required` where nobody agreed yet to what it may do, `validation_failed` where it may run now and does not
    /// start, `not_found` where no plugin with a readable manifest has this id.
    pub async fn switch(&self, actor: &Actor, id: &PluginId, enabled: bool) -> Result<PluginDetails> {
        actor.require(Permission::ManagePlugins)?;
        self.find(id).await?;
        let input = (actor.clone(), id.clone(), enabled);
        self.database
            .write(input, |transaction, (actor, id, enabled)| {
                Box::pin(packages::switch(transaction, actor, id, *enabled))
            })
            .await?;
        if enabled {
            return self.settled(id).await;
        }
        // At once, also while it is being compiled; whatever is loaded then is unloaded again.
        self.manager.installed().stop(id);
        match self.hooks.loading().contains(id) {
            true => drop(tokio::spawn(settle_later(self.manager.clone(), id.clone()))),
            false => self.manager.settle_one(id).await?,
        }
        self.details(id).await
    }

    /// Removes a plugin that was installed from a package, with or without what it kept.
    ///
    /// # Errors
    /// `not_possible` where it came another way, `not_found` where there is none.
    pub async fn uninstall(&self, actor: &Actor, id: &PluginId, removal: Removal) -> Result<()> {
        actor.require(Permission::ManagePlugins)?;
        if let Ok((entry, _)) = self.find(id).await
            && let Some(detail) = not_uninstallable(&entry.origin)
        {
            return Err(ApiError::new(ErrorCode::NotPossible, detail));
        }
        let input = (actor.clone(), id.clone(), removal);
        self.database
            .write(input, |transaction, (actor, id, removal)| {
                Box::pin(packages::remove(transaction, actor, id, *removal))
            })
            .await?;
        self.database.changes().touch_names();
        self.manager.settle_one(id).await?;
        let left = packages::find(self.database.reader(), id).await?;
        match left.filter(|plugin| plugin.install.removing.is_some()) {
            None => Ok(()),
            Some(_) => {
                let problems = self.manager.installed().problems(id).join("; ");
                let detail =
                    format!("The plugin does not run any more, but {problems}. The next start tries again.");
                Err(ApiError::new(ErrorCode::Unavailable, detail))
            }
        }
    }

    /// What a version asks for beyond what was agreed to for the one in force, and no longer.
    pub(super) async fn difference(&self, manifest: &Manifest) -> Result<consent::Difference> {
        let installed = packages::find(self.database.reader(), manifest.id()).await?;
        let granted = installed.and_then(|plugin| plugin.install.active).map(|(_, granted)| granted);
        Ok(consent::difference(&granted.unwrap_or_default(), manifest))
    }

    /// Has what runs follow, and says how the plugin is doing.
    async fn settled(&self, id: &PluginId) -> Result<PluginDetails> {
        self.manager.settle_one(id).await?;
        let details = self.details(id).await?;
        let entry = &details.entry;
        let runs = entry.state != EntryState::Faulty && self.manager.installed().problems(id).is_empty();
        if runs { Ok(details) } else { Err(not_loaded(entry, true)) }
    }

    /// Everything that can be said of a package without running it.
    async fn look_through(&self, bytes: Vec<u8>, sha256: Option<&str>) -> Result<(UploadedPackage, Vec<u8>)> {
        let read = move || (read_package(&bytes, &PackageLimits::default()), bytes);
        let (read, bytes) = tokio::task::spawn_blocking(read).await.map_err(ApiError::internal)?;
        let uploaded = read.map_err(refused)?;
        let mut reasons = Vec::new();
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&uploaded.sha256)) {
            reasons.push(format!(
                "its SHA-256 is {}, not {expected}, as the request says: it was changed on the way",
                uploaded.sha256
            ));
        }
        let manifest = &uploaded.package.manifest;
        self.check_owner(manifest).await?;
        reasons.extend(self.check_version(manifest).await?);
        reasons.extend(self.check_code(&uploaded).await);
        reasons.extend(check_migrations(&uploaded).await?);
        if reasons.is_empty() { Ok((uploaded, bytes)) } else { Err(refused(reasons)) }
    }

    /// An id belongs to whoever had it first.
    async fn check_owner(&self, manifest: &Manifest) -> Result<()> {
        if self.manager.installed().has(manifest.id()) {
            return Ok(());
        }
        let taken = match self.find(manifest.id()).await.map(|(entry, _)| entry.origin) {
            Ok(Origin::Bundled) => "a plugin that comes with the server".to_owned(),
            Ok(Origin::Directory(folder)) => format!("the plugin in {}", folder.display()),
            Ok(Origin::Uploaded) | Err(_) => return Ok(()),
        };
        let detail = format!("The id {} belongs to {taken}. Choose another id.", manifest.id());
        Err(ApiError::new(ErrorCode::PluginIdTaken, detail))
    }

    async fn check_version(&self, manifest: &Manifest) -> Result<Option<String>> {
        let installed = packages::find(self.database.reader(), manifest.id()).await?;
        let active = installed.as_ref().and_then(packages::InstalledPlugin::active);
        let Some(active) = active.map(|active| &active.manifest.plugin.version) else { return Ok(None) };
        let version = &manifest.plugin.version;
        Ok((version.cmp_precedence(active) == Ordering::Less).then(|| {
            format!(
                "its version {version} is older than {active}, which is installed: roll back to the version before, or \
                 uninstall first and keep the data"
            )
        }))
    }

    async fn check_code(&self, uploaded: &UploadedPackage) -> Vec<String> {
        let package = &uploaded.package;
        match self.hooks.examine(package.wasm.clone()).await {
            Err(refusal) => vec![format!("`{}`: {refusal}", package.manifest.plugin.entry)],
            Ok(exported) => {
                let missing = package.manifest.hooks.keys().filter(|point| !exported.contains(point));
                missing
                    .map(|point| format!("the manifest lists {point}, which the code does not export"))
                    .collect()
            }
        }
    }
}

/// Follows a decision once whatever is being done with the plugin has ended.
async fn settle_later(manager: PluginManager, id: PluginId) {
    if let Err(error) = manager.settle_one(&id).await {
        tracing::error!(plugin = %id, %error, "a plugin that was disabled cannot be settled");
    }
}

/// Runs the migrations where nothing of the site is.
async fn check_migrations(uploaded: &UploadedPackage) -> Result<Option<String>> {
    let package = &uploaded.package;
    if package.migrations.is_empty() {
        return Ok(None);
    }
    let scratch = std::env::temp_dir().join(format!("fleuron-upload-{}", Uuid::now_v7()));
    create_private_folder(&scratch).map_err(ApiError::internal)?;
    let outcome = host_api::try_migrations(&scratch, package.manifest.id(), &package.migrations).await;
    remove(&scratch);
    Ok(outcome.map_err(ApiError::internal)?.map(|fault| fault.to_string()))
}

fn remove(scratch: &Path) {
    if let Err(error) = std::fs::remove_dir_all(scratch) {
        tracing::warn!(folder = %scratch.display(), %error, "a scratch folder cannot be removed");
    }
}

fn refused(reasons: Vec<String>) -> ApiError {
    ApiError::validation(reasons.into_iter().map(|reason| FieldError::new("package", reason)).collect())
}

fn not_uninstallable(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Uploaded => None,
        Origin::Bundled => Some("The plugin comes with the server. Disable it instead.".to_owned()),
        Origin::Directory(folder) => {
            let folder = folder.display();
            Some(format!("The plugin runs from the folder {folder}. Disable it, or remove the folder."))
        }
    }
}
