//! The steps of a package's life, each one transaction with its line in the audit trail.

use fleuron_plugin_host::{Manifest, PluginId, consent::Granted};
use serde_json::json;

use super::{
    model::{Install, Removal},
    repo,
};
use crate::{
    audit,
    auth::Actor,
    clock::Timestamp,
    cron,
    database::{Transaction, one_at_a_time},
    entities::plugin_packages,
    error::{ApiError, ErrorCode, Result},
    events::{self, Listener},
};

/// What all these steps wait for each other at.
const WRITERS: &str = "plugin-installs";

/// A package that was looked through and lies in the store.
#[derive(Clone, Debug)]
pub(in crate::plugins) struct NewPackage {
    /// The hash of its bytes.
    pub(in crate::plugins) sha256: String,
    /// Its bytes.
    pub(in crate::plugins) size: u64,
    /// What it says about itself.
    pub(in crate::plugins) manifest: Manifest,
    /// The same as it was written.
    pub(in crate::plugins) manifest_text: String,
}

/// Takes a package in. It waits for consent unless what was agreed to for the version in force covers it. Answers whether
/// anything changed: the same package once more changes nothing.
pub(in crate::plugins) async fn upload(
    transaction: &Transaction,
    actor: &Actor,
    package: &NewPackage,
) -> Result<bool> {
    one_at_a_time(transaction, WRITERS).await?;
    let (plugin, version) = (package.manifest.id(), package.manifest.plugin.version.to_string());
    let known = repo::package_of_version(transaction, plugin.as_str(), &version).await?;
    if let Some(known) = known.filter(|known| known.sha256 != package.sha256) {
        let detail = format!(
            "Version {version} of {plugin} was uploaded before with other content (SHA-256 {}). A version never \
             changes: give this one a new number.",
            known.sha256
        );
        return Err(ApiError::new(ErrorCode::VersionReused, detail));
    }
    let mut install = match repo::install(transaction, plugin).await? {
        Some(install) if install.is_deleted => {
            Install { revision: install.revision, ..Install::new(plugin.clone()) }
        }
        Some(install) => standing(install)?,
        None => Install::new(plugin.clone()),
    };
    let is = |part: Option<&String>| part == Some(&package.sha256);
    if is(install.active.as_ref().map(|(sha256, _)| sha256))
        || is(install.pending.as_ref().map(|(sha256, _)| sha256))
    {
        return Ok(false);
    }
    let granted = install.active.as_ref().filter(|(_, granted)| granted.covers(&package.manifest));
    let granted = granted.map(|_| Granted::of(&package.manifest));
    let waits = granted.is_none();
    install.pending = Some((package.sha256.clone(), granted));
    let row = plugin_packages::Model {
        sha256: package.sha256.clone(),
        plugin_id: plugin.to_string(),
        version: version.clone(),
        size: i64::try_from(package.size).map_err(ApiError::internal)?,
        manifest: package.manifest_text.clone(),
        is_stored: true,
        uploaded_by: actor.user_id().map(|id| id.0),
        uploaded_at: Timestamp::now().millis(),
    };
    repo::insert_package(transaction, row).await?;
    repo::save(transaction, &mut install).await?;
    let detail = json!({ "version": version, "sha256": package.sha256, "waits_for_consent": waits });
    audit::record(transaction, actor, "plugin.uploaded", plugin.as_str(), &detail).await?;
    Ok(true)
}

/// Notes that the actor agreed to what `manifest`, the one of the package that waits, asks for. Unless `enable` says
/// something else, a new plugin may run from now on, and one that was installed before as it may already.
pub(in crate::plugins) async fn consent(
    transaction: &Transaction,
    actor: &Actor,
    manifest: &Manifest,
    sha256: &str,
    enable: Option<bool>,
) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    let plugin = manifest.id();
    let mut install = existing(transaction, plugin).await?;
    match &mut install.pending {
        Some((pending, granted @ None)) if pending == sha256 => *granted = Some(Granted::of(manifest)),
        _ => return Err(mismatch()),
    }
    let granted = install.pending.as_ref().and_then(|(_, granted)| granted.clone());
    let enable = enable.or_else(|| install.active.is_none().then_some(true));
    repo::save(transaction, &mut install).await?;
    let detail = json!({
        "version": manifest.plugin.version.to_string(), "sha256": sha256, "granted": granted, "enabled": enable,
    });
    audit::record(transaction, actor, "plugin.consented", plugin.as_str(), &detail).await?;
    if let Some(enable) = enable {
        repo::decide(transaction, plugin, enable).await?;
    }
    Ok(())
}

/// What was agreed to is not what waits.
pub(in crate::plugins) fn mismatch() -> ApiError {
    let detail = "What you agreed to is not what waits for consent now. Read the plugin again and send the hash that is \
                  in `consent` there.";
    ApiError::new(ErrorCode::ConsentMismatch, detail)
}

/// Has the version before put in force again. A version that waits is given up.
pub(in crate::plugins) async fn roll_back(
    transaction: &Transaction,
    actor: &Actor,
    plugin: &PluginId,
) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    let mut install = existing(transaction, plugin).await?;
    let Some((sha256, granted)) = install.previous.clone() else {
        let detail = "There is no version before this one to go back to.";
        return Err(ApiError::new(ErrorCode::NotPossible, detail));
    };
    let detail = json!({
        "from": install.active.as_ref().map(|(sha256, _)| sha256), "to": sha256,
        "given_up": install.pending.as_ref().map(|(sha256, _)| sha256),
    });
    install.pending = Some((sha256, Some(granted)));
    repo::save(transaction, &mut install).await?;
    audit::record(transaction, actor, "plugin.rolled_back", plugin.as_str(), &detail).await
}

/// Notes whether a plugin, wherever it comes from, may run.
pub(in crate::plugins) async fn switch(
    transaction: &Transaction,
    actor: &Actor,
    plugin: &PluginId,
    enabled: bool,
) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    if let Some(install) = repo::install(transaction, plugin).await? {
        let install = standing(install)?;
        if enabled && install.active.is_none() && install.waits_for_consent() {
            let detail = "Nobody has agreed yet to what this plugin may do. Read its `consent`, then send the hash to \
                          `.../consent`.";
            return Err(ApiError::new(ErrorCode::ConsentRequired, detail));
        }
    }
    repo::decide(transaction, plugin, enabled).await?;
    if !enabled {
        cron::disarm(transaction, plugin.as_str()).await?;
    }
    let action = if enabled { "plugin.enabled" } else { "plugin.disabled" };
    audit::record(transaction, actor, action, plugin.as_str(), &json!({})).await
}

/// Begins to remove a plugin.
pub(in crate::plugins) async fn remove(
    transaction: &Transaction,
    actor: &Actor,
    plugin: &PluginId,
    removal: Removal,
) -> Result<()> {
    one_at_a_time(transaction, WRITERS).await?;
    let mut install = existing(transaction, plugin).await?;
    install.removing = Some(removal);
    repo::save(transaction, &mut install).await?;
    let detail = json!({ "data": removal.as_str() });
    audit::record(transaction, actor, "plugin.uninstalling", plugin.as_str(), &detail).await
}

/// Puts the version that was agreed to, and has started or need not, in force. Answers the packages that nothing names any
/// more; none where it was not `sha256` that waited.
pub(super) async fn promote(
    transaction: &Transaction,
    plugin: &PluginId,
    sha256: &str,
) -> Result<Vec<String>> {
    one_at_a_time(transaction, WRITERS).await?;
    let Some(mut install) = repo::install(transaction, plugin).await? else { return Ok(Vec::new()) };
    if !matches!(&install.pending, Some((pending, Some(_))) if pending == sha256) {
        return Ok(Vec::new());
    }
    install.promote();
    repo::save(transaction, &mut install).await?;
    let kept: Vec<&str> = install.packages().collect();
    let dropped = repo::drop_packages(transaction, plugin, &kept).await?;
    let detail = json!({ "sha256": sha256 });
    audit::record(transaction, &Actor::System, "plugin.activated", plugin.as_str(), &detail).await?;
    Ok(dropped)
}

/// Ends the removal of a plugin of which nothing runs and nothing is kept any more. Answers its packages.
pub(super) async fn finish_removal(
    transaction: &Transaction,
    plugin: &PluginId,
    removal: Removal,
) -> Result<Vec<String>> {
    one_at_a_time(transaction, WRITERS).await?;
    let Some(install) =
        repo::install(transaction, plugin).await?.filter(|install| install.removing.is_some())
    else {
        return Ok(Vec::new());
    };
    match removal {
        Removal::KeepData => repo::forget(transaction, plugin).await?,
        Removal::DeleteData => {
            repo::forget_data(transaction, plugin).await?;
            let revision = install.revision;
            let mut gone = Install { is_deleted: true, revision, ..Install::new(plugin.clone()) };
            repo::save(transaction, &mut gone).await?;
        }
    }
    repo::undecide(transaction, plugin).await?;
    cron::forget(transaction, plugin.as_str()).await?;
    let listener = Listener::Plugin(plugin.clone()).to_string();
    events::discard_listener(transaction, &listener, "the plugin was uninstalled").await?;
    let dropped = repo::drop_packages(transaction, plugin, &[]).await?;
    let detail = json!({ "data": removal.as_str() });
    audit::record(transaction, &Actor::System, "plugin.uninstalled", plugin.as_str(), &detail).await?;
    Ok(dropped)
}

async fn existing(transaction: &Transaction, plugin: &PluginId) -> Result<Install> {
    let install = repo::install(transaction, plugin).await?.filter(|install| !install.is_deleted);
    standing(install.ok_or_else(|| ApiError::not_found("installed plugin"))?)
}

fn standing(install: Install) -> Result<Install> {
    if install.removing.is_some() {
        let detail = "The plugin is being uninstalled. Try again in a moment.";
        return Err(ApiError::new(ErrorCode::NotPossible, detail));
    }
    Ok(install)
}
