//! Plugins as administrators see them.

use fleuron_plugin_host::{
    Denial, Manifest, Origin, consent,
    manifest::{CronEntry, DatabasePermission, Isolation, Permissions},
    ports::LogLevel,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    consent::{AskResponse, ConsentResponse, PackagesResponse},
    hooks::HookResponse,
    limits::PluginLimits,
    settings::SettingResponse,
};
use crate::{
    clock::Timestamp,
    plugins::{
        host_api::LogLine,
        service::{EntryState, PluginDetails, PluginEntry},
    },
};

/// What a plugin is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginStateName {
    /// It runs.
    Active,
    /// Its instances do not start; it waits to be loaded anew.
    Quarantined,
    /// It cannot be loaded.
    Faulty,
    /// It is being compiled, and runs as soon as that is done.
    Loading,
    /// It waits for an administrator to agree to what it may do.
    #[serde(rename = "awaiting_consent")]
    AwaitingConsent,
    /// It is switched off, by its manifest or an administrator.
    Disabled,
}

/// Where a plugin comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PluginOriginName {
    /// The server brings it.
    Bundled,
    /// A folder of the site.
    Directory,
    /// A package that was uploaded.
    Uploaded,
}

/// Whether an instance serves more than one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IsolationName {
    /// Instances are used again.
    Instance,
    /// Every call gets a fresh one.
    Call,
}

/// How urgent a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevelName {
    /// Details for the plugin's author.
    Debug,
    /// What happened.
    Info,
    /// What one may want to look at.
    Warn,
    /// What failed.
    Error,
}

/// A plugin in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginSummary {
    /// The id; null where the manifest cannot be read.
    pub id: Option<String>,
    /// The name that people read.
    pub name: Option<String>,
    /// The version: of what runs, or else of what should.
    pub version: Option<String>,
    /// What it does, in a sentence.
    pub description: Option<String>,
    /// What it is doing.
    pub state: PluginStateName,
    /// Where it comes from.
    pub origin: PluginOriginName,
    /// The name of its folder; null where it has none.
    pub folder: Option<String>,
    /// What keeps it, or a newer version of it, from being loaded.
    pub problems: Vec<String>,
    /// How many hooks fire for it.
    pub hook_count: usize,
    /// Hook calls since it was loaded.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Host calls that it was denied since it was loaded.
    pub denied_calls: u64,
    /// Instances alive.
    pub instances: usize,
    /// Bytes of memory and tables that they hold.
    pub memory_bytes: usize,
}

/// Everything about a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginResponse {
    /// What the list says.
    #[serde(flatten)]
    pub summary: PluginSummary,
    /// Who wrote it.
    pub author: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// The file with its code.
    pub entry: String,
    /// Whether its manifest wants it to run.
    pub enabled: bool,
    /// Whether its instances are used again.
    pub isolation: IsolationName,
    /// What it asks for beyond the basics, all of which it has.
    pub permissions: PluginPermissions,
    /// The same in words, the riskiest first, with the hooks that it listens to.
    pub asks: Vec<AskResponse>,
    /// What together is more than its parts.
    pub warnings: Vec<String>,
    /// What a version that waits asks an administrator to agree to; null where none waits.
    pub consent: Option<ConsentResponse>,
    /// Its packages; null where it did not come in one.
    pub packages: Option<PackagesResponse>,
    /// The limits that are in force for it.
    pub limits: PluginLimits,
    /// The hooks that fire for it.
    pub hooks: Vec<HookResponse>,
    /// Hooks that its manifest lists and its code does not export, or that it has while it does not run.
    pub idle_hooks: Vec<String>,
    /// What it was denied since it was loaded.
    pub denials: Vec<DenialResponse>,
    /// Its jobs.
    pub cron: Vec<CronResponse>,
    /// The settings that it declares.
    pub settings: Vec<SettingResponse>,
    /// The last lines of its log, newest last.
    pub log: Vec<LogLineResponse>,
}

/// What a plugin asks for beyond the basics.
#[derive(Debug, Serialize, ToSchema)]
pub struct PluginPermissions {
    /// Databases.
    pub database: DatabasePermissions,
    /// Hosts that it may reach.
    pub http: Vec<String>,
    /// Settings that it names; its own need no permission.
    pub config: Vec<String>,
    /// Whether it may emit events.
    pub emit_events: bool,
}

/// Databases that a plugin asks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct DatabasePermissions {
    /// Its own tables.
    pub own: bool,
    /// Views of the site that it reads.
    pub read: Vec<String>,
}

/// What a plugin was denied.
#[derive(Debug, Serialize, ToSchema)]
pub struct DenialResponse {
    /// The host call.
    pub call: String,
    /// Which permission is missing, or why it is never possible.
    pub reason: String,
    /// How often since the plugin was loaded.
    pub count: u64,
}

/// A job of a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub struct CronResponse {
    /// The name that people read.
    pub label: String,
    /// The name that the plugin knows it by.
    pub job_type: String,
    /// When, as the manifest says it; in its time zone.
    pub cron_expr: String,
    /// The time zone.
    pub time_zone: String,
    /// Whether it runs unless an administrator says otherwise.
    pub enabled: bool,
    /// What the plugin is handed; null: label, job type and due time.
    pub payload: Option<String>,
    /// When it is due next, while the plugin runs.
    pub next_at: Option<Timestamp>,
}

/// A line of a plugin's log.
#[derive(Debug, Serialize, ToSchema)]
pub struct LogLineResponse {
    /// Its number; lines after it follow with `after`. It starts anew with the server.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// How urgent.
    pub level: LogLevelName,
    /// What.
    pub text: String,
    /// The event whose delivery, or the run of a job whose call it was written in; null where it was neither.
    pub call_id: Option<String>,
}

impl From<&PluginEntry> for PluginSummary {
    fn from(entry: &PluginEntry) -> Self {
        let info = entry.manifest.as_ref().map(|manifest| &manifest.plugin);
        let status = entry.status.as_ref();
        let hooks = status.map(|status| status.hooks.as_slice()).unwrap_or_default();
        Self {
            id: info.map(|info| info.id.to_string()),
            name: info.map(|info| info.name.clone()),
            version: info.map(|info| info.version.to_string()),
            description: info.and_then(|info| info.description.clone()),
            state: entry.state.into(),
            origin: PluginOriginName::from(&entry.origin),
            folder: entry.folder(),
            problems: entry.problems.clone(),
            hook_count: hooks.len(),
            calls: hooks.iter().map(|hook| hook.counts.calls).sum(),
            errors: hooks.iter().map(|hook| hook.counts.errors).sum(),
            denied_calls: status.map_or(0, |status| status.denied_calls),
            instances: status.map_or(0, |status| status.instances),
            memory_bytes: status.map_or(0, |status| status.memory),
        }
    }
}

impl From<&PluginDetails> for PluginResponse {
    fn from(details: &PluginDetails) -> Self {
        let manifest = details.manifest.as_ref();
        let (info, status) = (manifest.plugin.clone(), details.entry.status.as_ref());
        let hooks = status.map(|status| status.hooks.as_slice()).unwrap_or_default();
        let denials = status.map(|status| status.denials.as_slice()).unwrap_or_default();
        Self {
            summary: PluginSummary::from(&details.entry),
            author: info.author,
            homepage: info.homepage,
            license: info.license,
            entry: info.entry,
            enabled: manifest.enabled,
            isolation: manifest.isolation.into(),
            permissions: PluginPermissions::from(&manifest.permissions),
            asks: AskResponse::all(&consent::asks(manifest)),
            warnings: consent::warnings(manifest),
            consent: details.installed.as_ref().and_then(ConsentResponse::of),
            packages: details.installed.as_ref().map(PackagesResponse::from),
            limits: PluginLimits::new(&manifest.limits, &details.config, &details.egress),
            hooks: hooks.iter().map(HookResponse::from).collect(),
            idle_hooks: idle_hooks(details),
            denials: denials.iter().map(DenialResponse::from).collect(),
            cron: manifest.cron.iter().map(|entry| CronResponse::new(entry, status.is_some())).collect(),
            settings: SettingResponse::all(manifest, &details.values),
            log: details.log.iter().map(LogLineResponse::from).collect(),
        }
    }
}

fn idle_hooks(details: &PluginDetails) -> Vec<String> {
    let Manifest { hooks: listed, .. } = details.manifest.as_ref();
    let fires = |point| {
        let status = details.entry.status.as_ref();
        status.is_some_and(|status| status.hooks.iter().any(|hook| hook.point == point))
    };
    listed.keys().filter(|point| !fires(**point)).map(|point| point.name().to_owned()).collect()
}

impl From<EntryState> for PluginStateName {
    fn from(state: EntryState) -> Self {
        match state {
            EntryState::Active => Self::Active,
            EntryState::Quarantined => Self::Quarantined,
            EntryState::Faulty => Self::Faulty,
            EntryState::Loading => Self::Loading,
            EntryState::AwaitingConsent => Self::AwaitingConsent,
            EntryState::Disabled => Self::Disabled,
        }
    }
}

impl From<&Origin> for PluginOriginName {
    fn from(origin: &Origin) -> Self {
        match origin {
            Origin::Bundled => Self::Bundled,
            Origin::Directory(_) => Self::Directory,
            Origin::Uploaded => Self::Uploaded,
        }
    }
}

impl From<Isolation> for IsolationName {
    fn from(isolation: Isolation) -> Self {
        match isolation {
            Isolation::Instance => Self::Instance,
            Isolation::Call => Self::Call,
        }
    }
}

impl From<&Permissions> for PluginPermissions {
    fn from(asked: &Permissions) -> Self {
        let read = asked.database.iter().filter_map(|permission| match permission {
            DatabasePermission::Own => None,
            DatabasePermission::Read(view) => Some(view.name().to_owned()),
            DatabasePermission::ReadContent(name) => Some(format!("content:{name}")),
        });
        let own = asked.database.contains(&DatabasePermission::Own);
        Self {
            database: DatabasePermissions { own, read: read.collect() },
            http: asked.http.iter().map(ToString::to_string).collect(),
            config: asked.config.clone(),
            emit_events: asked.emit,
        }
    }
}

impl From<&Denial> for DenialResponse {
    fn from(denial: &Denial) -> Self {
        Self { call: denial.call.clone(), reason: denial.reason.clone(), count: denial.count }
    }
}

impl CronResponse {
    fn new(entry: &CronEntry, runs: bool) -> Self {
        let next = if runs { entry.schedule.next_after(Timestamp::now().to_datetime()) } else { None };
        Self {
            label: entry.label.clone(),
            job_type: entry.job_type.clone(),
            cron_expr: entry.cron_expr.clone(),
            time_zone: entry.schedule.zone().to_owned(),
            enabled: entry.enabled,
            payload: entry.payload.clone(),
            next_at: next.map(Timestamp::from),
        }
    }
}

impl From<&LogLine> for LogLineResponse {
    fn from(line: &LogLine) -> Self {
        Self {
            number: line.number,
            at: line.at,
            level: line.level.into(),
            text: line.text.clone(),
            call_id: line.call.clone(),
        }
    }
}

impl From<LogLevel> for LogLevelName {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

impl From<LogLevelName> for LogLevel {
    fn from(level: LogLevelName) -> Self {
        match level {
            LogLevelName::Debug => Self::Debug,
            LogLevelName::Info => Self::Info,
            LogLevelName::Warn => Self::Warn,
            LogLevelName::Error => Self::Error,
        }
    }
}
