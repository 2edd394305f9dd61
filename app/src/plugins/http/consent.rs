//! What plugins ask for, in words that a site's owner understands, and the packages that they come in.

use fleuron_plugin_host::{
    Manifest,
    consent::{self, Ask},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::plugins::PluginResponse;
use crate::{
    clock::Timestamp,
    ids::UserId,
    plugins::{
        packages::{InstalledPlugin, StoredPackage},
        service::{Inspection, PluginDetails},
    },
};

/// How much harm a permission could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RiskName {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

/// One thing that a plugin asks for.
#[derive(Debug, Serialize, ToSchema)]
pub struct AskResponse {
    /// For programs, such as `database:read:posts`.
    pub key: String,
    /// For people.
    pub sentence: String,
    /// How much harm it could do.
    pub risk: RiskName,
}

/// What a version that waits asks an administrator to agree to.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentResponse {
    /// To be sent to `.../consent` by who agrees. It stands for these very bytes and everything that they ask for.
    pub hash: String,
    /// The version.
    pub version: String,
    /// Everything that it asks for, the riskiest first.
    pub asks: Vec<AskResponse>,
    /// What together is more than its parts.
    pub warnings: Vec<String>,
    /// What the version in force was not granted.
    pub added: Vec<AskResponse>,
    /// What the version in force was granted and this one does not want.
    pub removed: Vec<AskResponse>,
}

/// A package that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackageResponse {
    /// Its version.
    pub version: String,
    /// The hash of its bytes.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// When it was taken.
    pub uploaded_at: Timestamp,
    /// Who brought it; null for the command line.
    pub uploaded_by: Option<UserId>,
}

/// The packages of a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub struct PackagesResponse {
    /// The one in force.
    pub active: Option<PackageResponse>,
    /// The one that waits for consent, or does not start.
    pub pending: Option<PackageResponse>,
    /// The one that can be gone back to.
    pub previous: Option<PackageResponse>,
}

/// A plugin whose package was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewPluginResponse {
    /// The plugin.
    #[serde(flatten)]
    pub plugin: PluginResponse,
    /// Whether it waits for consent before this version runs.
    pub waits_for_consent: bool,
}

/// A package that changed nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum UnchangedResponse {
    /// Of a dry run: what the package is.
    Inspection(Box<InspectionResponse>),
    /// The plugin, which has this package already.
    Plugin(Box<NewPluginResponse>),
}

/// A package that was looked through and not taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct InspectionResponse {
    /// The plugin's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it does, in a sentence.
    pub description: Option<String>,
    /// The hash of its bytes.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// What an administrator would be asked.
    pub consent: ConsentResponse,
}

impl From<&Ask> for AskResponse {
    fn from(ask: &Ask) -> Self {
        let risk = match ask.risk {
            consent::Risk::Low => RiskName::Low,
            consent::Risk::Medium => RiskName::Medium,
            consent::Risk::High => RiskName::High,
        };
        Self { key: ask.key.clone(), sentence: ask.sentence.clone(), risk }
    }
}

impl AskResponse {
    /// All of them.
    pub fn all(asks: &[Ask]) -> Vec<Self> {
        asks.iter().map(Self::from).collect()
    }
}

impl ConsentResponse {
    fn new(manifest: &Manifest, sha256: &str, difference: &consent::Difference) -> Self {
        Self {
            hash: consent::hash(manifest, sha256),
            version: manifest.plugin.version.to_string(),
            asks: AskResponse::all(&consent::asks(manifest)),
            warnings: consent::warnings(manifest),
            added: AskResponse::all(&difference.added),
            removed: AskResponse::all(&difference.removed),
        }
    }

    /// What the version that waits for consent asks, if one does.
    pub fn of(installed: &InstalledPlugin) -> Option<Self> {
        let waiting = installed.pending().filter(|_| installed.install.waits_for_consent())?;
        let granted = installed.install.active.as_ref().map(|(_, granted)| granted.clone());
        let difference = consent::difference(&granted.unwrap_or_default(), &waiting.manifest);
        Some(Self::new(&waiting.manifest, &waiting.sha256, &difference))
    }
}

impl From<&StoredPackage> for PackageResponse {
    fn from(package: &StoredPackage) -> Self {
        Self {
            version: package.manifest.plugin.version.to_string(),
            sha256: package.sha256.clone(),
            size: package.size,
            uploaded_at: package.uploaded_at,
            uploaded_by: package.uploaded_by,
        }
    }
}

impl From<&InstalledPlugin> for PackagesResponse {
    fn from(installed: &InstalledPlugin) -> Self {
        Self {
            active: installed.active().map(PackageResponse::from),
            pending: installed.pending().map(PackageResponse::from),
            previous: installed.previous().map(PackageResponse::from),
        }
    }
}

impl From<&PluginDetails> for NewPluginResponse {
    fn from(details: &PluginDetails) -> Self {
        let plugin = PluginResponse::from(details);
        Self { waits_for_consent: plugin.consent.is_some(), plugin }
    }
}

impl From<&Inspection> for InspectionResponse {
    fn from(inspection: &Inspection) -> Self {
        let info = &inspection.manifest.plugin;
        Self {
            id: info.id.to_string(),
            name: info.name.clone(),
            description: info.description.clone(),
            sha256: inspection.sha256.clone(),
            size: inspection.size,
            consent: ConsentResponse::new(&inspection.manifest, &inspection.sha256, &inspection.difference),
        }
    }
}
