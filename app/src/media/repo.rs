//! The only queries on media.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};

use crate::entities::media;

pub(super) async fn find_by_path(
    database: &impl ConnectionTrait,
    path: &str,
) -> Result<Option<media::Model>, DbErr> {
    media::Entity::find().filter(media::Column::Path.eq(path)).one(database).await
}

pub(super) async fn insert(database: &impl ConnectionTrait, row: media::Model) -> Result<(), DbErr> {
    media::Entity::insert(media::ActiveModel::from(row)).exec_without_returning(database).await.map(|_| ())
}
