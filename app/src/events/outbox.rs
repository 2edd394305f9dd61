//! The queries of the outbox.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, Statement,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::entities::outbox;

/// What the names of plugins' own events begin with, and no others.
const OF_PLUGINS: &str = "plugin.";

/// An entry's place in the order: its id and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(super) struct Place {
    pub(super) id: Uuid,
    pub(super) entity_id: String,
}

/// Adds an entry.
pub(super) async fn insert(database: &impl ConnectionTrait, row: outbox::Model) -> Result<(), DbErr> {
    outbox::Entity::insert(outbox::ActiveModel::from(row)).exec_without_returning(database).await.map(|_| ())
}

/// How many entries there are of an entity.
pub(super) async fn count_of(database: &impl ConnectionTrait, entity_id: &str) -> Result<u64, DbErr> {
    outbox::Entity::find().filter(outbox::Column::EntityId.eq(entity_id)).count(database).await
}

/// The oldest facts of the site itself.
pub(super) async fn oldest_of_site(database: &impl ConnectionTrait, limit: u64) -> Result<Vec<Place>, DbErr> {
    outbox::Entity::find()
        .select_only()
        .columns([outbox::Column::Id, outbox::Column::EntityId])
        .filter(outbox::Column::EventType.not_like(format!("{OF_PLUGINS}%")))
        .order_by_asc(outbox::Column::Id)
        .limit(limit)
        .into_model()
        .all(database)
        .await
}

/// The oldest `of_each` events of every plugin: first the oldest of each, then the second of each, and so on, so that
/// nobody waits behind another's heap.
pub(super) async fn oldest_of_plugins(
    database: &impl ConnectionTrait,
    of_each: u32,
) -> Result<Vec<Place>, DbErr> {
    let sql = format!(
        "SELECT id, entity_id FROM (SELECT id, entity_id, ROW_NUMBER() OVER (PARTITION BY entity_id ORDER BY id) \
         AS place FROM outbox WHERE event_type LIKE '{OF_PLUGINS}%') AS queues WHERE place <= {of_each} \
         ORDER BY place, id"
    );
    Place::find_by_statement(Statement::from_string(database.get_database_backend(), sql)).all(database).await
}

/// These entries, whole, in no order; those that are gone are left out.
pub(super) async fn whole(
    database: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<outbox::Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    outbox::Entity::find().filter(outbox::Column::Id.is_in(ids.iter().copied())).all(database).await
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
