//! What administrators do with plugins: look at them, set their settings, load them anew, and all that comes between an
//! uploaded package and a plugin that is gone again.

mod inventory;
mod lifecycle;
mod timing;

use std::{collections::BTreeMap, sync::Arc};

use fleuron_plugin_host::{
    HookPoint, HookStatus, Manifest, PluginHost, PluginId, PluginState, PluginStatus,
    manifest::DatabasePermission, ports::LogLevel,
};
use sea_orm::DbBackend;
use serde_json::json;
use tokio::sync::Semaphore;

use self::inventory::{entry_of, inventory};
pub use self::{
    inventory::{EntryState, PluginEntry},
    lifecycle::{Inspection, Upload},
    timing::Timing,
};
use super::{
    PluginManager,
    host_api::{LogLine, PluginLogs},
    packages::{self, InstalledPlugin},
    settings::{self, GivenValues, StoredValues},
};
use crate::{
    audit,
    auth::{Actor, Permission},
    config::PluginsConfig,
    database::Database,
    egress::EgressConfig,
    error::{ApiError, ErrorCode, Result},
};

/// Packages that may arrive at once.
const RECEIVED_AT_ONCE: usize = 2;
/// Log lines shown beside everything else about a plugin.
const RECENT_LINES: usize = 50;

/// Plugins, for administrators. Cheap to clone.
#[derive(Clone)]
pub struct PluginService {
    hooks: PluginHost,
    manager: PluginManager,
    database: Database,
    logs: PluginLogs,
    config: Arc<PluginsConfig>,
    egress: Arc<EgressConfig>,
    /// Packages are large, and to look through one takes several times its size: one at a time.
    uploads: Arc<Semaphore>,
    /// Packages that arrive.
    receiving: Arc<Semaphore>,
}

/// All there is to know about a plugin.
#[derive(Debug)]
pub struct PluginDetails {
    /// What it is and how it is doing.
    pub entry: PluginEntry,
    /// What it says about itself.
    pub manifest: Arc<Manifest>,
    /// Its settings as they are stored.
    pub values: StoredValues,
    /// Its packages, where it was installed from one.
    pub installed: Option<InstalledPlugin>,
    /// Its last log lines, oldest first.
    pub log: Vec<LogLine>,
    /// The limits of all plugins.
    pub config: Arc<PluginsConfig>,
    /// The limits of their requests.
    pub egress: Arc<EgressConfig>,
}

/// A plugin at one of its hooks.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Who.
    pub plugin: PluginId,
    /// Whether it runs.
    pub state: PluginState,
    /// The hook.
    pub hook: HookStatus,
}

impl PluginService {
    /// Puts the service together. `config` and `egress` say which limits are in force.
    pub fn new(
        hooks: PluginHost,
        manager: PluginManager,
        database: Database,
        logs: PluginLogs,
        config: PluginsConfig,
        egress: EgressConfig,
    ) -> Self {
        warn_of_several_processes(&hooks, &database);
        let (config, egress, uploads) = (Arc::new(config), Arc::new(egress), Arc::new(Semaphore::new(1)));
        let receiving = Arc::new(Semaphore::new(RECEIVED_AT_ONCE));
        Self { hooks, manager, database, logs, config, egress, uploads, receiving }
    }

    /// Every plugin, by id: those that run, those that are switched off, and folders that cannot be loaded.
    ///
    /// # Errors
    /// Where the folders cannot be looked at.
    pub async fn list(&self) -> Result<Vec<PluginEntry>> {
        let known = self.manager.known().await?;
        // In this order, so that a plugin that is loaded meanwhile is seen in one of the two.
        let loading = self.hooks.loading();
        Ok(inventory(self.hooks.plugins(), self.hooks.faults(), &loading, &known))
    }

    /// One plugin, whether or not it runs.
    ///
    /// # Errors
    /// `not_found` where no plugin with a readable manifest has this id.
    pub async fn details(&self, id: &PluginId) -> Result<PluginDetails> {
        let (entry, manifest) = self.find(id).await?;
        let values = settings::stored(self.database.reader(), id).await?;
        let installed = packages::find(self.database.reader(), id).await?;
        let log = self.logs.last(id, RECENT_LINES, LogLevel::Debug);
        let (config, egress) = (Arc::clone(&self.config), Arc::clone(&self.egress));
        Ok(PluginDetails { entry, manifest, values, installed, log, config, egress })
    }

    /// At most the last `limit` lines that are at least this urgent, oldest first; only those after line `after`, where
    /// one is given.
    ///
    /// # Errors
    /// `not_found` where there is no such plugin and never was one that logged.
    pub async fn log(
        &self,
        id: &PluginId,
        limit: usize,
        level: LogLevel,
        after: Option<u64>,
    ) -> Result<Vec<LogLine>> {
        if !self.logs.has(id) {
            self.find(id).await?;
        }
        let after = after.filter(|after| *after <= self.logs.written(id)).unwrap_or(0);
        let mut lines = self.logs.last(id, limit, level);
        lines.retain(|line| line.number > after);
        Ok(lines)
    }

    /// What plugins logged.
    pub fn logs(&self) -> &PluginLogs {
        &self.logs
    }

    /// How many lines of each plugin's log are kept.
    pub fn kept_lines(&self) -> usize {
        self.config.log.lines
    }

    /// What the plugin declares and what is set.
    ///
    /// # Errors
    /// `not_found` where no plugin with a readable manifest has this id.
    pub async fn settings(&self, id: &PluginId) -> Result<(Arc<Manifest>, StoredValues)> {
        let (_, manifest) = self.find(id).await?;
        let values = settings::stored(self.database.reader(), id).await?;
        Ok((manifest, values))
    }

    /// Sets values; keys that are not given keep theirs. The plugin sees them at its next call.
    ///
    /// # Errors
    /// `validation_failed` with every fault, `not_found` where no plugin with a readable manifest has this id.
    pub async fn set_settings(
        &self,
        actor: &Actor,
        id: &PluginId,
        given: &GivenValues,
    ) -> Result<(Arc<Manifest>, StoredValues)> {
        actor.require(Permission::ManagePlugins)?;
        let (_, manifest) = self.find(id).await?;
        let changes = settings::check(&manifest.settings, given)?;
        // Which, never what: among them are secrets.
        let keys: Vec<&String> = given.keys().collect();
        let input = (manifest, changes, actor.clone(), json!({ "keys": keys }));
        self.database
            .write(input, |transaction, (manifest, changes, actor, detail)| {
                Box::pin(async move {
                    settings::store(transaction, manifest, changes).await?;
                    let id = manifest.id().as_str();
                    audit::record(transaction, actor, "plugin.settings_changed", id, detail).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        self.settings(id).await
    }

    /// Loads a plugin anew although nothing changed, which ends its quarantine and closes its breakers.
    ///
    /// # Errors
    /// `validation_failed` where it does not load, with every problem; what ran runs on. `not_found` where no plugin with
    /// a readable manifest has this id.
    pub async fn reload(&self, actor: &Actor, id: &PluginId) -> Result<PluginDetails> {
        actor.require(Permission::ManagePlugins)?;
        let (before, _) = self.find(id).await?;
        let input = (actor.clone(), id.clone());
        self.database
            .write(input, |transaction, (actor, id)| {
                Box::pin(async move {
                    audit::record(transaction, actor, "plugin.reloaded", id.as_str(), &json!({})).await
                })
            })
            .await?;
        let found = self.manager.reload(id).await?;
        let details = self.details(id).await?;
        if is_another(before.status.as_ref(), details.entry.status.as_ref()) {
            return Ok(details);
        }
        Err(not_loaded(&details.entry, found))
    }

    /// Every hook with its listeners in the order in which they are called.
    pub fn hooks(&self) -> Vec<(HookPoint, Vec<Listener>)> {
        let statuses = self.hooks.plugins().into_iter();
        let statuses: BTreeMap<PluginId, PluginStatus> =
            statuses.map(|status| (status.id.clone(), status)).collect();
        let listener = |point: HookPoint, id: &PluginId| {
            let status = statuses.get(id)?;
            let hook = status.hooks.iter().find(|hook| hook.point == point)?.clone();
            Some(Listener { plugin: id.clone(), state: status.state, hook })
        };
        let listeners = |point: HookPoint| {
            let ids = self.hooks.listeners(point);
            (point, ids.iter().filter_map(|id| listener(point, id)).collect())
        };
        HookPoint::ALL.into_iter().map(listeners).collect()
    }

    async fn find(&self, id: &PluginId) -> Result<(PluginEntry, Arc<Manifest>)> {
        let entry = entry_of(self.list().await?, id).ok_or_else(|| ApiError::not_found("plugin"))?;
        let manifest = entry.manifest.clone().ok_or_else(|| ApiError::not_found("plugin"))?;
        Ok((entry, manifest))
    }
}

/// A site on PostgreSQL may be served by several processes, whose plugins do not share what they keep in this one's data
/// folder: who runs one must hear of it once.
fn warn_of_several_processes(hooks: &PluginHost, database: &Database) {
    if database.backend() != DbBackend::Postgres {
        return;
    }
    let keepers: Vec<String> = hooks
        .plugins()
        .into_iter()
        .filter(|plugin| plugin.manifest.permissions.database.contains(&DatabasePermission::Own))
        .map(|plugin| plugin.id.to_string())
        .collect();
    tracing::warn!(
        with_tables = %keepers.join(", "),
        "the site is in PostgreSQL, but what plugins keep (tables, key-values, files) is in the data folder of each \
         server: where several serve the site, each has its own"
    );
}

/// Whether what is loaded now was not loaded before: each load reads a manifest of its own.
fn is_another(before: Option<&PluginStatus>, now: Option<&PluginStatus>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => !Arc::ptr_eq(&before.manifest, &now.manifest),
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// The plugin's own files break the rules, as fields of a request may.
fn not_loaded(entry: &PluginEntry, was_found: bool) -> ApiError {
    let detail = match (entry.state, was_found) {
        (EntryState::Disabled, _) | (_, false) => "The plugin is switched off, so it was not loaded.",
        (EntryState::Faulty, _) => "The plugin could not be loaded.",
        _ => "The plugin could not be loaded anew; the version before runs on.",
    };
    let problems = match entry.problems.as_slice() {
        [] if entry.state == EntryState::Disabled => String::new(),
        [] => " The server's log says why.".to_owned(),
        problems => format!(" {}", problems.join("; ")),
    };
    ApiError::new(ErrorCode::ValidationFailed, format!("{detail}{problems}"))
}
