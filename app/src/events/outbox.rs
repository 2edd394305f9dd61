//! The outbox: rows written in the transaction of the change they tell of, and only when somebody listens.

use std::sync::Arc;

use fleuron_plugin_host::PluginHost;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{DomainEvent, bridge};
use crate::{
    clock::Timestamp,
    database::Transaction,
    entities::outbox,
    error::{ApiError, Result},
    ids::EventId,
};

/// Records facts. Cheap to clone.
#[derive(Clone)]
pub struct EventRecorder {
    hooks: PluginHost,
    work: Arc<Notify>,
}

impl EventRecorder {
    /// A recorder for the listeners of this host.
    pub fn new(hooks: PluginHost) -> Self {
        Self { hooks, work: Arc::default() }
    }

    /// Writes the fact into the transaction of its change, if somebody listens.
    pub async fn record(&self, transaction: &Transaction, event: &DomainEvent) -> Result<()> {
        if !self.hooks.listens(bridge::hook_of(event)) {
            return Ok(());
        }
        let row = outbox::Model {
            id: EventId::generate().0,
            event_type: event.name().to_owned(),
            entity_id: event.entity_id(),
            payload: serde_json::to_string(event).map_err(ApiError::internal)?,
            attempts: 0,
            created_at: Timestamp::now().millis(),
        };
        outbox::Entity::insert(outbox::ActiveModel::from(row)).exec_without_returning(transaction).await?;
        Ok(())
    }

    /// To be called after the commit: there may be something to deliver.
    pub fn wake(&self) {
        self.work.notify_one();
    }

    /// Returns when [`Self::wake`] was called.
    pub(super) async fn woken(&self) {
        self.work.notified().await;
    }
}

/// The oldest entries.
pub(super) async fn oldest(database: &impl ConnectionTrait, limit: u64) -> Result<Vec<outbox::Model>, DbErr> {
    outbox::Entity::find().order_by_asc(outbox::Column::Id).limit(limit).all(database).await
}

/// Takes delivered entries away.
pub(super) async fn acknowledge(database: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    outbox::Entity::delete_many()
        .filter(outbox::Column::Id.is_in(ids.iter().copied()))
        .exec(database)
        .await
        .map(|_| ())
}

/// Notes that an attempt to deliver these entries failed.
pub(super) async fn count_attempt(database: &impl ConnectionTrait, ids: &[Uuid]) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    outbox::Entity::update_many()
        .col_expr(outbox::Column::Attempts, Expr::col(outbox::Column::Attempts).add(1))
        .filter(outbox::Column::Id.is_in(ids.iter().copied()))
        .exec(database)
        .await
        .map(|_| ())
}
