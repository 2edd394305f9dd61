//! The only queries on webhooks.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{EventPattern, Secret, Webhook, WebhookId};
use crate::{
    clock::Timestamp,
    entities::webhooks::{self, Column, Entity},
    error::{ApiError, Result},
    ids::UserId,
};

/// A webhook as it is kept. Fails where somebody else has written the row.
pub(super) fn read(row: webhooks::Model) -> Result<Webhook> {
    let events: Vec<String> = serde_json::from_str(&row.events).map_err(ApiError::internal)?;
    let previous = match (row.previous_secret, row.previous_until) {
        (Some(secret), Some(until)) => Some((secret_of(&secret)?, Timestamp::from_millis(until))),
        _ => None,
    };
    Ok(Webhook {
        id: WebhookId(row.id),
        name: row.name,
        url: row.url,
        events: events.into_iter().map(EventPattern::from_database).collect(),
        secret: secret_of(&row.secret)?,
        previous,
        enabled: row.enabled,
        paused_reason: row.paused_reason,
        failing_since: row.failing_since.map(Timestamp::from_millis),
        created_by: row.created_by.map(UserId),
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}

fn secret_of(text: &str) -> Result<Secret> {
    Secret::parse(text).map_err(|_fault| ApiError::internal("the secret of a webhook cannot be read"))
}

fn row(webhook: &Webhook) -> webhooks::ActiveModel {
    let events: Vec<&str> = webhook.events.iter().map(EventPattern::as_str).collect();
    let previous = webhook.previous.as_ref();
    webhooks::ActiveModel::from(webhooks::Model {
        id: webhook.id.0,
        name: webhook.name.clone(),
        url: webhook.url.clone(),
        events: serde_json::Value::from(events).to_string(),
        secret: webhook.secret.reveal(),
        previous_secret: previous.map(|(secret, _)| secret.reveal()),
        previous_until: previous.map(|(_, until)| until.millis()),
        enabled: webhook.enabled,
        paused_reason: webhook.paused_reason.clone(),
        failing_since: webhook.failing_since.map(Timestamp::millis),
        created_by: webhook.created_by.map(|id| id.0),
        created_at: webhook.created_at.millis(),
        updated_at: webhook.updated_at.millis(),
    })
}

/// Those that are switched on, oldest first.
pub(super) async fn enabled(database: &impl ConnectionTrait) -> Result<Vec<webhooks::Model>, DbErr> {
    Entity::find().filter(Column::Enabled.eq(true)).order_by_asc(Column::Id).all(database).await
}

/// Some, oldest first.
pub(super) async fn page(
    database: &impl ConnectionTrait,
    after: Option<WebhookId>,
    limit: u64,
) -> Result<Vec<webhooks::Model>, DbErr> {
    let mut query = Entity::find().order_by_asc(Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(Column::Id.gt(after.0));
    }
    query.all(database).await
}

/// One, whether it is switched on or not.
pub(super) async fn find(database: &impl ConnectionTrait, id: WebhookId) -> Result<Option<Webhook>> {
    Entity::find_by_id(id.0).one(database).await?.map(read).transpose()
}

pub(super) async fn count(database: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(database).await
}

pub(super) async fn insert(database: &impl ConnectionTrait, webhook: &Webhook) -> Result<(), DbErr> {
    Entity::insert(row(webhook)).exec_without_returning(database).await.map(|_| ())
}

pub(super) async fn update(database: &impl ConnectionTrait, webhook: &Webhook) -> Result<(), DbErr> {
    row(webhook).reset_all().update(database).await.map(|_| ())
}

pub(super) async fn delete(database: &impl ConnectionTrait, id: WebhookId) -> Result<bool, DbErr> {
    Ok(Entity::delete_by_id(id.0).exec(database).await?.rows_affected == 1)
}

/// Notes since when a webhook fails, or that it does not. An earlier moment stays.
pub(super) async fn set_failing_since(
    database: &impl ConnectionTrait,
    id: WebhookId,
    since: Option<Timestamp>,
) -> Result<(), DbErr> {
    let changes = match since {
        Some(_) => Column::FailingSince.is_null(),
        None => Column::FailingSince.is_not_null(),
    };
    Entity::update_many()
        .col_expr(Column::FailingSince, Expr::value(since.map(Timestamp::millis)))
        .filter(Column::Id.eq(id.0))
        .filter(changes)
        .exec(database)
        .await
        .map(|_| ())
}
