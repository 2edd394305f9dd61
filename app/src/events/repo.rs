//! The queries of the worker and the recorder.

use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, JoinType,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, Statement,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::{delivery::DeliveryState, lanes::Lane};
use crate::{
    clock::Timestamp,
    entities::{deliveries, event_queue, events, outbox},
};

/// As many parameters as one statement is given; both databases take far more.
const CHUNK: usize = 400;

/// Adds an event that waits to be delivered.
pub(super) async fn insert(database: &impl ConnectionTrait, row: events::Model) -> Result<(), DbErr> {
    let (queue, entity_id) = (row.queue.clone(), row.entity_id.clone());
    let mut event = row.into_active_model();
    event.seq = NotSet;
    let event_seq = events::Entity::insert(event).exec(database).await?.last_insert_id;
    let place = event_queue::Model { event_seq, queue, entity_id }.into_active_model();
    event_queue::Entity::insert(place).exec_without_returning(database).await.map(|_| ())
}

/// How many events of a queue wait.
pub(super) async fn count_waiting(database: &impl ConnectionTrait, queue: &str) -> Result<u64, DbErr> {
    event_queue::Entity::find().filter(event_queue::Column::Queue.eq(queue)).count(database).await
}

/// How many deliveries about an entity are to be tried again; more than `most` are not counted.
pub(super) async fn count_pending(
    database: &impl ConnectionTrait,
    entity_id: &str,
    most: u64,
) -> Result<u64, DbErr> {
    deliveries::Entity::find()
        .select_only()
        .column(deliveries::Column::Id)
        .filter(is_pending())
        .filter(deliveries::Column::EntityId.eq(entity_id))
        .limit(most)
        .count(database)
        .await
}

/// The queues in which something waits. Each costs one look into the index, however long it is.
pub(super) async fn queues(database: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    const SQL: &str = "WITH RECURSIVE names(queue) AS ( \
        SELECT MIN(queue) FROM event_queue \
        UNION ALL \
        SELECT (SELECT MIN(queue) FROM event_queue WHERE queue > names.queue) FROM names \
        WHERE names.queue IS NOT NULL \
        ) SELECT queue FROM names WHERE queue IS NOT NULL";
    let rows = database.query_all_raw(Statement::from_string(database.get_database_backend(), SQL)).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The oldest events that wait in a queue, but for those that are in hand.
pub(super) async fn waiting(
    database: &impl ConnectionTrait,
    queue: &str,
    in_hand: &[i64],
    limit: u64,
) -> Result<Vec<events::Model>, DbErr> {
    let mut query = events::Entity::find()
        .join(JoinType::InnerJoin, queued())
        .filter(event_queue::Column::Queue.eq(queue))
        .order_by_asc(event_queue::Column::EventSeq)
        .limit(limit);
    if !in_hand.is_empty() {
        query = query.filter(event_queue::Column::EventSeq.is_not_in(in_hand.iter().copied()));
    }
    query.all(database).await
}

fn queued() -> RelationDef {
    events::Entity::belongs_to(event_queue::Entity)
        .from(events::Column::Seq)
        .to(event_queue::Column::EventSeq)
        .into()
}

/// Whether nothing is to be done before this moment.
pub(super) async fn is_idle(database: &impl ConnectionTrait, until: i64) -> Result<bool, DbErr> {
    let sql = format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM event_queue) OR EXISTS (SELECT 1 FROM outbox) \
         OR EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending' AND next_at <= {until}) THEN 1 ELSE 0 END"
    );
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index::<i32>(0)).transpose()? != Some(1))
}

/// A lane with deliveries to be tried again, and when its first one is.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct WaitingLane {
    pub(super) listener: String,
    pub(super) entity_id: String,
    /// None: as soon as possible.
    pub(super) next_at: Option<i64>,
}

/// All lanes with deliveries to be tried again.
pub(super) async fn lanes(database: &impl ConnectionTrait) -> Result<Vec<WaitingLane>, DbErr> {
    deliveries::Entity::find()
        .select_only()
        .columns([deliveries::Column::Listener, deliveries::Column::EntityId])
        .column_as(deliveries::Column::NextAt.min(), "next_at")
        .filter(is_pending())
        .group_by(deliveries::Column::Listener)
        .group_by(deliveries::Column::EntityId)
        .into_model()
        .all(database)
        .await
}

/// The next deliveries of a lane with their events, in order. One whose event is gone comes without it.
pub(super) async fn next_of(
    database: &impl ConnectionTrait,
    lane: &Lane,
    limit: u64,
) -> Result<Vec<(deliveries::Model, Option<events::Model>)>, DbErr> {
    let rows = deliveries::Entity::find()
        .filter(is_pending())
        .filter(deliveries::Column::Listener.eq(lane.listener.to_string()))
        .filter(deliveries::Column::EntityId.eq(lane.entity_id.as_str()))
        .order_by_asc(deliveries::Column::EventSeq)
        .limit(limit)
        .all(database)
        .await?;
    let seqs = rows.iter().map(|row| row.event_seq);
    let events = events::Entity::find().filter(events::Column::Seq.is_in(seqs)).all(database).await?;
    let mut events: std::collections::HashMap<i64, events::Model> =
        events.into_iter().map(|event| (event.seq, event)).collect();
    Ok(rows
        .into_iter()
        .map(|row| {
            let event = events.remove(&row.event_seq);
            (row, event)
        })
        .collect())
}

fn is_pending() -> Expr {
    // Written out, so that the index of the pending ones is used, which a parameter would prevent.
    Expr::cust("state = 'pending'")
}

/// Takes events out of the queue.
pub(super) async fn dispatched(database: &impl ConnectionTrait, seqs: &[i64]) -> Result<(), DbErr> {
    for chunk in seqs.chunks(CHUNK) {
        event_queue::Entity::delete_many()
            .filter(event_queue::Column::EventSeq.is_in(chunk.iter().copied()))
            .exec(database)
            .await?;
    }
    Ok(())
}

/// Adds deliveries. One that is there already, since a process died or was late, stays as it is.
pub(super) async fn add_deliveries(
    database: &impl ConnectionTrait,
    rows: &[deliveries::Model],
) -> Result<(), DbErr> {
    let known = [deliveries::Column::EventSeq, deliveries::Column::Listener];
    for chunk in rows.chunks(CHUNK / 15) {
        deliveries::Entity::insert_many(chunk.iter().cloned().map(IntoActiveModel::into_active_model))
            .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
            .exec_without_returning(database)
            .await?;
    }
    Ok(())
}

/// Writes what became of a delivery, unless somebody took it out of the worker's hands.
pub(super) async fn settle_delivery(
    database: &impl ConnectionTrait,
    row: &deliveries::Model,
) -> Result<(), DbErr> {
    use deliveries::Column;
    deliveries::Entity::update_many()
        .col_expr(Column::State, Expr::value(row.state.as_str()))
        .col_expr(Column::Attempts, Expr::value(row.attempts))
        .col_expr(Column::NextAt, Expr::value(row.next_at))
        .col_expr(Column::LastError, Expr::value(row.last_error.clone()))
        .col_expr(Column::LastStatus, Expr::value(row.last_status))
        .col_expr(Column::DurationMs, Expr::value(row.duration_ms))
        .col_expr(Column::Log, Expr::value(row.log.as_str()))
        .col_expr(Column::UpdatedAt, Expr::value(row.updated_at))
        .filter(Column::Id.eq(row.id))
        .filter(Column::State.eq(DeliveryState::Pending.as_str()))
        .exec(database)
        .await
        .map(|_| ())
}

/// Moves what a server of a version before has written into its outbox.
pub(super) async fn adopt_outbox(database: &impl ConnectionTrait) -> Result<usize, DbErr> {
    let rows =
        outbox::Entity::find().order_by_asc(outbox::Column::Id).limit(CHUNK as u64).all(database).await?;
    for row in &rows {
        let is_of_plugin = row.event_type.starts_with("plugin.");
        let event = events::Model {
            seq: 0,
            id: row.id,
            event_type: row.event_type.clone(),
            queue: if is_of_plugin { row.entity_id.clone() } else { super::event::SITE_QUEUE.to_owned() },
            entity_id: row.entity_id.clone(),
            payload: row.payload.clone(),
            listeners: None,
            created_at: row.created_at,
        };
        insert(database, event).await?;
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    if !ids.is_empty() {
        outbox::Entity::delete_many().filter(outbox::Column::Id.is_in(ids)).exec(database).await?;
    }
    Ok(rows.len())
}

/// How many events wait, and since when the oldest does.
pub(super) async fn backlog(database: &impl ConnectionTrait) -> Result<(u64, Option<Timestamp>), DbErr> {
    let count = event_queue::Entity::find().count(database).await?;
    if count == 0 {
        return Ok((0, None));
    }
    let oldest = events::Entity::find()
        .join(JoinType::InnerJoin, queued())
        .order_by_asc(event_queue::Column::EventSeq)
        .one(database)
        .await?;
    Ok((count, oldest.map(|event| Timestamp::from_millis(event.created_at))))
}

/// How many deliveries are in this state.
pub(super) async fn count_deliveries(
    database: &impl ConnectionTrait,
    state: DeliveryState,
) -> Result<u64, DbErr> {
    deliveries::Entity::find().filter(deliveries::Column::State.eq(state.as_str())).count(database).await
}
