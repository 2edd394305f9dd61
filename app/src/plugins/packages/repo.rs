//! The only queries on installed plugins and their packages.

use std::collections::{HashMap, HashSet};

use fleuron_plugin_host::PluginId;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use super::model::{Install, StoredPackage};
use crate::{
    clock::Timestamp,
    database::Transaction,
    entities::{cron_runs, plugin_installs, plugin_packages, plugin_settings, plugins},
    error::{ApiError, ErrorCode, Result},
};

/// An installed plugin with the packages that it names.
#[derive(Clone, Debug)]
pub struct InstalledPlugin {
    /// Which package is what.
    pub install: Install,
    /// By hash.
    pub packages: HashMap<String, StoredPackage>,
}

impl InstalledPlugin {
    /// The package in force.
    pub fn active(&self) -> Option<&StoredPackage> {
        self.package(self.install.active.as_ref().map(|(sha256, _)| sha256))
    }

    /// The package that waits.
    pub fn pending(&self) -> Option<&StoredPackage> {
        self.package(self.install.pending.as_ref().map(|(sha256, _)| sha256))
    }

    /// The package that can be gone back to.
    pub fn previous(&self) -> Option<&StoredPackage> {
        self.package(self.install.previous.as_ref().map(|(sha256, _)| sha256))
    }

    /// The package that says what the plugin is: the one in force, or else the one that waits.
    pub fn current(&self) -> Option<&StoredPackage> {
        self.active().or_else(|| self.pending())
    }

    fn package(&self, sha256: Option<&String>) -> Option<&StoredPackage> {
        self.packages.get(sha256?)
    }
}

/// All installed plugins, by id.
///
/// # Errors
/// Where the database does not answer, or a row is not what this server writes.
pub async fn all(database: &impl ConnectionTrait) -> Result<Vec<InstalledPlugin>> {
    let rows = plugin_installs::Entity::find().all(database).await?;
    let mut installed = Vec::with_capacity(rows.len());
    for row in rows {
        let install = Install::read(row)?;
        if !install.is_deleted {
            installed.push(complete(database, install).await?);
        }
    }
    installed.sort_by(|one, other| one.install.plugin.cmp(&other.install.plugin));
    Ok(installed)
}

/// One installed plugin.
///
/// # Errors
/// As [`all`].
pub async fn find(database: &impl ConnectionTrait, plugin: &PluginId) -> Result<Option<InstalledPlugin>> {
    match install(database, plugin).await? {
        Some(install) if !install.is_deleted => Ok(Some(complete(database, install).await?)),
        _ => Ok(None),
    }
}

async fn complete(database: &impl ConnectionTrait, install: Install) -> Result<InstalledPlugin> {
    let wanted: Vec<&str> = install.packages().collect();
    let rows = plugin_packages::Entity::find()
        .filter(plugin_packages::Column::Sha256.is_in(wanted))
        .all(database)
        .await?;
    let packages = rows.into_iter().map(|row| Ok((row.sha256.clone(), StoredPackage::read(row)?)));
    Ok(InstalledPlugin { packages: packages.collect::<Result<_>>()?, install })
}

pub(super) async fn install(database: &impl ConnectionTrait, plugin: &PluginId) -> Result<Option<Install>> {
    let row = plugin_installs::Entity::find_by_id(plugin.to_string()).one(database).await?;
    row.map(Install::read).transpose()
}

/// Stores an install that was read before; it must not have changed since.
pub(super) async fn save(transaction: &Transaction, install: &mut Install) -> Result<()> {
    let before = install.revision;
    install.revision += 1;
    let row = install.write()?;
    if before == 0 {
        row.into_active_model().insert(transaction).await?;
        return Ok(());
    }
    let id = row.plugin_id.clone();
    let changed = plugin_installs::Entity::update_many()
        .set(row.into_active_model().reset_all())
        .filter(plugin_installs::Column::PluginId.eq(id))
        .filter(plugin_installs::Column::Revision.eq(before))
        .exec(transaction)
        .await?;
    match changed.rows_affected {
        1 => Ok(()),
        _ => Err(ApiError::new(
            ErrorCode::EditConflict,
            "Somebody else has just changed this plugin. Look again.",
        )),
    }
}

pub(super) async fn package_of_version(
    transaction: &Transaction,
    plugin: &str,
    version: &str,
) -> Result<Option<plugin_packages::Model>> {
    let query = plugin_packages::Entity::find()
        .filter(plugin_packages::Column::PluginId.eq(plugin))
        .filter(plugin_packages::Column::Version.eq(version));
    Ok(query.one(transaction).await?)
}

/// Notes a package, or that it is stored again.
pub(super) async fn insert_package(transaction: &Transaction, row: plugin_packages::Model) -> Result<()> {
    let again = OnConflict::column(plugin_packages::Column::Sha256)
        .update_columns([
            plugin_packages::Column::IsStored,
            plugin_packages::Column::UploadedBy,
            plugin_packages::Column::UploadedAt,
        ])
        .to_owned();
    let insert = plugin_packages::Entity::insert(row.into_active_model()).on_conflict(again);
    insert.exec_without_returning(transaction).await?;
    Ok(())
}

/// The hashes of the plugin's stored packages that nothing names any more, marked as no longer stored.
pub(super) async fn drop_packages(
    transaction: &Transaction,
    plugin: &PluginId,
    kept: &[&str],
) -> Result<Vec<String>> {
    let surplus = plugin_packages::Entity::find()
        .filter(plugin_packages::Column::PluginId.eq(plugin.as_str()))
        .filter(plugin_packages::Column::IsStored.eq(true))
        .filter(plugin_packages::Column::Sha256.is_not_in(kept.iter().copied()));
    let hashes: Vec<String> =
        surplus.select_only().column(plugin_packages::Column::Sha256).into_tuple().all(transaction).await?;
    plugin_packages::Entity::update_many()
        .col_expr(plugin_packages::Column::IsStored, Expr::value(false))
        .filter(plugin_packages::Column::Sha256.is_in(&hashes))
        .exec(transaction)
        .await?;
    Ok(hashes)
}

/// The hashes of all packages that should be in the store.
pub(super) async fn stored_packages(database: &impl ConnectionTrait) -> Result<Vec<String>> {
    let stored = plugin_packages::Entity::find().filter(plugin_packages::Column::IsStored.eq(true));
    let hashes = stored.select_only().column(plugin_packages::Column::Sha256).into_tuple();
    Ok(hashes.all(database).await?)
}

/// Whether each plugin that somebody decided on may run.
pub(in crate::plugins) async fn decisions(database: &impl ConnectionTrait) -> Result<HashMap<String, bool>> {
    let rows = plugins::Entity::find().all(database).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.enabled)).collect())
}

/// Whether a plugin may run, where somebody decided that.
pub(super) async fn decision(database: &impl ConnectionTrait, plugin: &PluginId) -> Result<Option<bool>> {
    let row = plugins::Entity::find_by_id(plugin.to_string()).one(database).await?;
    Ok(row.map(|row| row.enabled))
}

/// Notes whether a plugin may run.
pub(super) async fn decide(transaction: &Transaction, plugin: &PluginId, enabled: bool) -> Result<()> {
    let row =
        plugins::Model { id: plugin.as_str().to_owned(), enabled, updated_at: Timestamp::now().millis() };
    let conflict = OnConflict::column(plugins::Column::Id)
        .update_columns([plugins::Column::Enabled, plugins::Column::UpdatedAt])
        .to_owned();
    let insert = plugins::Entity::insert(row.into_active_model()).on_conflict(conflict);
    insert.exec_without_returning(transaction).await?;
    Ok(())
}

/// Which plugins are installed, and which are gone with all that they kept.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) installed: HashSet<PluginId>,
    pub(super) deleted: HashSet<PluginId>,
}

/// The ids of all plugins that are or were installed from packages.
pub(super) async fn ids(database: &impl ConnectionTrait) -> Result<Ids> {
    let mut ids = Ids::default();
    for row in plugin_installs::Entity::find().all(database).await? {
        let Install { plugin, is_deleted, .. } = Install::read(row)?;
        if is_deleted {
            ids.deleted.insert(plugin)
        } else {
            ids.installed.insert(plugin)
        };
    }
    Ok(ids)
}

/// Forgets an install.
pub(super) async fn forget(transaction: &Transaction, plugin: &PluginId) -> Result<()> {
    plugin_installs::Entity::delete_by_id(plugin.to_string()).exec(transaction).await?;
    Ok(())
}

/// Forgets what was decided on a plugin.
pub(super) async fn undecide(transaction: &Transaction, plugin: &PluginId) -> Result<()> {
    plugins::Entity::delete_by_id(plugin.to_string()).exec(transaction).await?;
    Ok(())
}

/// Forgets what the site's database holds of a plugin.
pub(super) async fn forget_data(transaction: &Transaction, plugin: &PluginId) -> Result<()> {
    plugin_settings::Entity::delete_by_id(plugin.to_string()).exec(transaction).await?;
    cron_runs::Entity::delete_many()
        .filter(cron_runs::Column::Owner.eq(plugin.as_str()))
        .exec(transaction)
        .await?;
    Ok(())
}
