//! The audit trail: who did what, written in the transaction that does it. Rows are only ever added.

mod dto;
pub mod http;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect,
};
use serde_json::Value;
use uuid::Uuid;

pub use dto::AuditEntryResponse;

use crate::{
    auth::Actor,
    clock::Timestamp,
    database::{Database, Transaction},
    entities::audit_log,
    error::{ApiError, Result},
    http::{Cursor, Page},
    ids::UserId,
};

/// Something that was done.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Identity; later entries have greater ones.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who; none for the server itself and its command line.
    pub user: Option<UserId>,
    /// What, such as `plugin.enabled`.
    pub action: String,
    /// What it was done to, such as a plugin's id.
    pub subject: String,
    /// More about it.
    pub detail: Value,
}

/// Notes that `actor` did something to `subject`, as part of the transaction that does it.
///
/// # Errors
/// Where the database fails; the transaction must fail with it.
pub async fn record(
    transaction: &Transaction,
    actor: &Actor,
    action: &str,
    subject: &str,
    detail: &Value,
) -> Result<()> {
    let row = audit_log::Model {
        id: Uuid::now_v7(),
        at: Timestamp::now().millis(),
        user_id: actor.user_id().map(|id| id.0),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_string(),
    };
    row.into_active_model().insert(transaction).await?;
    Ok(())
}

/// Reads the trail. Cheap to clone.
#[derive(Clone)]
pub struct AuditService {
    database: Database,
}

impl AuditService {
    /// The trail in this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }

    /// A page of entries, newest first, of one subject or of all.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn list(
        &self,
        subject: Option<&str>,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page<AuditEntry>> {
        let rows = rows(self.database.reader(), subject, after, limit + 1).await?;
        let entries = rows.into_iter().map(AuditEntry::read).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(entries, limit, |entry| Cursor { key: 0, id: entry.id }))
    }
}

impl AuditEntry {
    fn read(row: audit_log::Model) -> Result<Self> {
        Ok(Self {
            id: row.id,
            at: Timestamp::from_millis(row.at),
            user: row.user_id.map(UserId),
            action: row.action,
            subject: row.subject,
            detail: serde_json::from_str(&row.detail).map_err(ApiError::internal)?,
        })
    }
}

async fn rows(
    database: &impl ConnectionTrait,
    subject: Option<&str>,
    after: Option<Cursor>,
    limit: u64,
) -> Result<Vec<audit_log::Model>> {
    let mut query = audit_log::Entity::find().order_by_desc(audit_log::Column::Id).limit(limit);
    if let Some(subject) = subject {
        query = query.filter(audit_log::Column::Subject.eq(subject));
    }
    if let Some(after) = after {
        query = query.filter(audit_log::Column::Id.lt(after.id));
    }
    Ok(query.all(database).await?)
}
