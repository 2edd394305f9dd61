//! The audit trail on the wire.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::AuditEntry;
use crate::{clock::Timestamp, ids::UserId};

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryResponse {
    /// Identity; later entries have greater ones.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who; null for the server itself and its command line.
    pub user_id: Option<UserId>,
    /// What, such as `plugin.enabled`.
    pub action: String,
    /// What it was done to, such as a plugin's id.
    pub subject: String,
    /// More about it; what depends on the action.
    #[schema(value_type = Object)]
    pub detail: Value,
}

impl From<AuditEntry> for AuditEntryResponse {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { id, at, user, action, subject, detail } = entry;
        Self { id, at, user_id: user, action, subject, detail }
    }
}
