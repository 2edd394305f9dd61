//! What is no longer needed is taken away, a little at a time, so that nobody waits for it.

use std::time::Duration;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement, sea_query::Expr};

use super::{DeliveryState, EventsConfig};
use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities::deliveries,
    error::Result,
};

/// What a listener that is gone will not take any more.
const UNSETTLED: [DeliveryState; 2] = [DeliveryState::Pending, DeliveryState::Dead];
/// Rows taken away in one transaction.
const AT_ONCE: u32 = 500;
/// How much longer dead letters are kept than what was delivered.
const DEAD_FACTOR: u32 = 4;

/// Takes away deliveries and events that are old enough. Events that wait, or of which a delivery is kept, stay. Answers
/// how many rows have gone.
///
/// # Errors
/// Where the database fails; what has gone by then is gone.
pub async fn clean_up(database: &Database, config: &EventsConfig, now: Timestamp) -> Result<u64> {
    let old = before(now, config.kept);
    let very_old = before(now, config.kept * DEAD_FACTOR);
    let deliveries = format!(
        "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE \
         (state IN ('delivered', 'discarded') AND updated_at < {old}) \
         OR (state = 'dead' AND updated_at < {very_old}) LIMIT {AT_ONCE})"
    );
    let events = format!(
        "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE created_at < {old} \
         AND NOT EXISTS (SELECT 1 FROM event_queue WHERE event_seq = events.seq) \
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_seq = events.seq) LIMIT {AT_ONCE})"
    );
    Ok(delete_all(database, deliveries).await? + delete_all(database, events).await?)
}

fn before(now: Timestamp, kept: Duration) -> i64 {
    now.millis().saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX))
}

/// Runs a statement that deletes so many rows until it finds no more.
async fn delete_all(database: &Database, sql: String) -> Result<u64> {
    let mut gone = 0;
    loop {
        let deleted = database
            .write(sql.clone(), |transaction, sql| {
                Box::pin(async move {
                    let statement = Statement::from_string(transaction.get_database_backend(), sql.as_str());
                    Ok(transaction.execute_raw(statement).await?.rows_affected())
                })
            })
            .await?;
        gone += deleted;
        if deleted < u64::from(AT_ONCE) {
            return Ok(gone);
        }
    }
}

/// Takes what waits for a listener that is gone out of the worker's hands, and its dead letters from their list. Answers
/// how many deliveries there were.
///
/// # Errors
/// Where the database fails.
pub async fn discard_listener(transaction: &Transaction, listener: &str, reason: &str) -> Result<u64> {
    let discarded = deliveries::Entity::update_many()
        .col_expr(deliveries::Column::State, Expr::value(DeliveryState::Discarded.as_str()))
        .col_expr(deliveries::Column::NextAt, Expr::value(None::<i64>))
        .col_expr(deliveries::Column::LastError, Expr::value(reason))
        .col_expr(deliveries::Column::UpdatedAt, Expr::value(Timestamp::now().millis()))
        .filter(deliveries::Column::Listener.eq(listener))
        .filter(deliveries::Column::State.is_in(UNSETTLED.map(DeliveryState::as_str)))
        .exec(transaction)
        .await?;
    Ok(discarded.rows_affected)
}
