//! What was imported before: posts, and the marks that say which file each came from.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    database::Transaction,
    entities::{import_sources, posts},
    ids::PostId,
    posts::PostStatus,
};

/// A post that stands, as far as the importer must know it.
#[derive(Clone, Debug)]
pub(super) struct KnownPost {
    pub(super) id: PostId,
    pub(super) slug: String,
    pub(super) permalink: Option<String>,
    pub(super) title: String,
    pub(super) created_at: Timestamp,
    pub(super) published_at: Option<Timestamp>,
    pub(super) trashed: bool,
    pub(super) mark: Option<Mark>,
}

/// Which file a post came from, and what that was like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The file, relative to the folder.
    pub(super) source: String,
    /// Of the file and what it refers to.
    pub(super) fingerprint: String,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    permalink: Option<String>,
    title: String,
    created_at: i64,
    published_at: Option<i64>,
    status: String,
}

/// Every post and page, without its content.
pub(super) async fn known(database: &impl ConnectionTrait) -> Result<Vec<KnownPost>, DbErr> {
    let marks = import_sources::Entity::find().all(database).await?;
    let mut marks: HashMap<Uuid, Mark> = marks
        .into_iter()
        .map(|row| (row.post_id, Mark { source: row.source, fingerprint: row.content_hash }))
        .collect();
    let columns = [
        posts::Column::Id,
        posts::Column::Slug,
        posts::Column::Permalink,
        posts::Column::Title,
        posts::Column::CreatedAt,
        posts::Column::PublishedAt,
        posts::Column::Status,
    ];
    let rows: Vec<Row> =
        posts::Entity::find().select_only().columns(columns).into_model().all(database).await?;
    let known = rows.into_iter().map(|row| KnownPost {
        id: PostId(row.id),
        slug: row.slug,
        permalink: row.permalink,
        title: row.title,
        created_at: Timestamp::from_millis(row.created_at),
        published_at: row.published_at.map(Timestamp::from_millis),
        trashed: PostStatus::from_database(&row.status) == PostStatus::Trash,
        mark: marks.remove(&row.id),
    });
    Ok(known.collect())
}

/// Marks the post as made from this file, and from no other.
pub(super) async fn mark(transaction: &Transaction, post: PostId, mark: &Mark) -> Result<(), DbErr> {
    import_sources::Entity::delete_many()
        .filter(import_sources::Column::PostId.eq(post.0))
        .filter(import_sources::Column::Source.ne(mark.source.as_str()))
        .exec(transaction)
        .await?;
    let row = import_sources::Model {
        source: mark.source.clone(),
        post_id: post.0,
        content_hash: mark.fingerprint.clone(),
        imported_at: Timestamp::now().millis(),
    };
    let conflict = OnConflict::column(import_sources::Column::Source)
        .update_columns([
            import_sources::Column::PostId,
            import_sources::Column::ContentHash,
            import_sources::Column::ImportedAt,
        ])
        .to_owned();
    import_sources::Entity::insert(import_sources::ActiveModel::from(row))
        .on_conflict(conflict)
        .exec_without_returning(transaction)
        .await
        .map(|_| ())
}
