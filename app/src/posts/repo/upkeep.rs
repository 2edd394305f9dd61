//! What scheduled work looks for among the posts: ids only, since each post is read again when its turn has come.

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::{clock::Timestamp, entities::posts, ids::PostId, posts::PostStatus};

/// When the first of the scheduled posts is due.
pub(in crate::posts) async fn next_scheduled(
    database: &impl ConnectionTrait,
) -> Result<Option<Timestamp>, DbErr> {
    let first = scheduled()
        .select_only()
        .column(posts::Column::PublishedAt)
        .filter(posts::Column::PublishedAt.is_not_null())
        .order_by_asc(posts::Column::PublishedAt)
        .limit(1)
        .into_tuple::<i64>()
        .one(database)
        .await?;
    Ok(first.map(Timestamp::from_millis))
}

/// The scheduled posts whose date has come by `now`, the oldest date first.
pub(in crate::posts) async fn due(
    database: &impl ConnectionTrait,
    now: Timestamp,
    limit: u64,
) -> Result<Vec<PostId>, DbErr> {
    let due = scheduled()
        .filter(posts::Column::PublishedAt.lte(now.millis()))
        .order_by_asc(posts::Column::PublishedAt)
        .order_by_asc(posts::Column::Id);
    ids(due, database, limit).await
}

/// What has been in the trash since before this moment, in the order of ids, behind one of them.
pub(in crate::posts) async fn trashed(
    database: &impl ConnectionTrait,
    before: Timestamp,
    after: Option<PostId>,
    limit: u64,
) -> Result<Vec<PostId>, DbErr> {
    let mut trashed = posts::Entity::find()
        .filter(posts::Column::Status.eq(PostStatus::Trash.as_str()))
        .filter(posts::Column::UpdatedAt.lt(before.millis()));
    if let Some(after) = after {
        trashed = trashed.filter(posts::Column::Id.gt(after.0));
    }
    ids(trashed.order_by_asc(posts::Column::Id), database, limit).await
}

fn scheduled() -> Select<posts::Entity> {
    // Written out, so that the index of the scheduled ones is used, which a parameter would prevent.
    posts::Entity::find().filter(Expr::cust("status = 'scheduled'"))
}

async fn ids(
    query: Select<posts::Entity>,
    database: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<PostId>, DbErr> {
    let query = query.select_only().column(posts::Column::Id).limit(limit);
    let ids = query.into_tuple::<Uuid>().all(database).await?;
    Ok(ids.into_iter().map(PostId).collect())
}
