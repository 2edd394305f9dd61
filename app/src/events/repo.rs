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

/// The oldest events that wait in a queue, but for those that are in hand and those about entities that are busy.
pub(super) async fn waiting(
    database: &impl ConnectionTrait,
    queue: &str,
    in_hand: &[i64],
    busy: &[String],
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
    if !busy.is_empty() {
        query = query.filter(event_queue::Column::EntityId.is_not_in(busy.iter().map(String::as_str)));
    }
    query.all(database).await
}

fn queued() -> RelationDef {
    events::Entity::belongs_to(event_queue::Entity)
        .from(events::Column::Seq)
        .to(event_queue::Column::EventSeq)
        .into()
}

/// The first delivery of each lane: it alone says when the lane is looked at.
const HEADS: &str = "FROM deliveries WHERE state = 'pending' AND NOT EXISTS (SELECT 1 FROM deliveries AS earlier \
    WHERE earlier.state = 'pending' AND earlier.listener = deliveries.listener \
    AND earlier.entity_id = deliveries.entity_id AND earlier.event_seq < deliveries.event_seq)";

/// Whether nothing is to be done before this moment.
pub(super) async fn is_idle(database: &impl ConnectionTrait, until: i64) -> Result<bool, DbErr> {
    let sql = format!(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM event_queue) OR EXISTS (SELECT 1 FROM outbox) \
         OR EXISTS (SELECT 1 {HEADS} AND (next_at IS NULL OR next_at <= {until})) THEN 1 ELSE 0 END"
    );
    Ok(!is_so(database, sql).await?)
}

/// Whether any delivery is to be tried again, however late.
pub(super) async fn has_pending(database: &impl ConnectionTrait) -> Result<bool, DbErr> {
    const SQL: &str =
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending') THEN 1 ELSE 0 END";
    is_so(database, SQL.to_owned()).await
}

/// Whether a server of a version before has left something in its outbox.
pub(super) async fn has_outbox(database: &impl ConnectionTrait) -> Result<bool, DbErr> {
    const SQL: &str = "SELECT CASE WHEN EXISTS (SELECT 1 FROM outbox) THEN 1 ELSE 0 END";
    is_so(database, SQL.to_owned()).await
}

async fn is_so(database: &impl ConnectionTrait, sql: String) -> Result<bool, DbErr> {
    let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index::<i32>(0)).transpose()? == Some(1))
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
    let sql = format!("SELECT listener, entity_id, next_at {HEADS}");
    WaitingLane::find_by_statement(Statement::from_string(database.get_database_backend(), sql))
        .all(database)
        .await
}

/// The next deliveries of a lane, in order.
pub(super) async fn next_of(
    database: &impl ConnectionTrait,
    lane: &Lane,
    limit: u64,
) -> Result<Vec<deliveries::Model>, DbErr> {
    deliveries::Entity::find()
        .filter(is_pending())
        .filter(deliveries::Column::Listener.eq(lane.listener.to_string()))
        .filter(deliveries::Column::EntityId.eq(lane.entity_id.as_str()))
        .order_by_asc(deliveries::Column::EventSeq)
        .limit(limit)
        .all(database)
        .await
}

/// An event; none where it is not kept any more.
pub(super) async fn event(database: &impl ConnectionTrait, seq: i64) -> Result<Option<events::Model>, DbErr> {
    events::Entity::find_by_id(seq).one(database).await
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

#[cfg(test)]
pub(super) mod tests {
    use sea_orm::{Database, DatabaseConnection, Schema};

    use super::*;

    /// A database with the tables of events and nothing in them.
    pub(in crate::events) async fn empty() -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let database = Database::connect(options).await.unwrap();
        let schema = Schema::new(database.get_database_backend());
        for table in [
            schema.create_table_from_entity(events::Entity),
            schema.create_table_from_entity(event_queue::Entity),
            schema.create_table_from_entity(deliveries::Entity),
            schema.create_table_from_entity(outbox::Entity),
        ] {
            database.execute(&table).await.unwrap();
        }
        let unique = "CREATE UNIQUE INDEX by_event ON deliveries (event_seq, listener)";
        database.execute_unprepared(unique).await.unwrap();
        database
    }

    fn delivery(event_seq: i64, state: DeliveryState, next_at: Option<i64>) -> deliveries::Model {
        deliveries::Model {
            id: Uuid::now_v7(),
            event_seq,
            event_id: Uuid::now_v7(),
            event_type: "post.created".to_owned(),
            entity_id: "post".to_owned(),
            listener: "plugin:com.example.a".to_owned(),
            state: state.as_str().to_owned(),
            attempts: 0,
            next_at,
            last_error: None,
            last_status: None,
            duration_ms: None,
            log: "[]".to_owned(),
            created_at: 0,
            updated_at: 0,
        }
    }

    #[tokio::test]
    async fn the_first_of_a_lane_says_when_it_is_looked_at() {
        let database = empty().await;
        assert!(is_idle(&database, 100).await.unwrap());
        let head = delivery(1, DeliveryState::Pending, Some(500));
        // Behind it: one that was put back together with others, and one that has no time of its own.
        let rows = [
            head.clone(),
            delivery(2, DeliveryState::Pending, Some(50)),
            delivery(3, DeliveryState::Pending, None),
        ];
        add_deliveries(&database, &rows).await.unwrap();
        assert!(is_idle(&database, 100).await.unwrap(), "the head rests");
        assert!(!is_idle(&database, 500).await.unwrap());
        let lanes = lanes(&database).await.unwrap();
        assert_eq!(lanes.iter().map(|lane| lane.next_at).collect::<Vec<_>>(), [Some(500)]);
    }

    #[tokio::test]
    async fn what_was_behind_is_next_once_the_first_is_settled() {
        let database = empty().await;
        let mut head = delivery(1, DeliveryState::Pending, Some(500));
        add_deliveries(&database, &[head.clone(), delivery(2, DeliveryState::Pending, None)]).await.unwrap();
        DeliveryState::Discarded.as_str().clone_into(&mut head.state);
        settle_delivery(&database, &head).await.unwrap();
        assert!(!is_idle(&database, 100).await.unwrap());
        assert_eq!(lanes(&database).await.unwrap()[0].next_at, None);
        assert!(has_pending(&database).await.unwrap() && !has_outbox(&database).await.unwrap());
    }
}
