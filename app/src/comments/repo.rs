//! The only queries on comments.

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{Comment, CommentStatus};
use crate::{
    clock::Timestamp,
    entities::comments,
    http::Cursor,
    ids::{CommentId, PostId, UserId},
};

/// Of how many comments the answers are looked up at once.
const PARENTS: usize = 400;

impl From<comments::Model> for Comment {
    fn from(row: comments::Model) -> Self {
        Self {
            id: CommentId(row.id),
            post_id: PostId(row.post_id),
            parent_id: row.parent_id.map(CommentId),
            user_id: row.user_id.map(UserId),
            nickname: row.nickname,
            email: row.email,
            content: row.content,
            status: CommentStatus::from_database(&row.status),
            created_at: Timestamp::from_millis(row.created_at),
            updated_at: Timestamp::from_millis(row.updated_at),
            version: row.version,
        }
    }
}

fn row(comment: &Comment) -> comments::ActiveModel {
    comments::ActiveModel::from(comments::Model {
        id: comment.id.0,
        post_id: comment.post_id.0,
        parent_id: comment.parent_id.map(|id| id.0),
        user_id: comment.user_id.map(|id| id.0),
        nickname: comment.nickname.clone(),
        email: comment.email.clone(),
        content: comment.content.clone(),
        status: comment.status.as_str().to_owned(),
        created_at: comment.created_at.millis(),
        updated_at: comment.updated_at.millis(),
        version: comment.version,
    })
}

pub(super) async fn find(database: &impl ConnectionTrait, id: CommentId) -> Result<Option<Comment>, DbErr> {
    Ok(comments::Entity::find_by_id(id.0).one(database).await?.map(Comment::from))
}

pub(super) async fn insert(database: &impl ConnectionTrait, comment: &Comment) -> Result<(), DbErr> {
    comments::Entity::insert(row(comment)).exec_without_returning(database).await.map(|_| ())
}

/// Writes the comment if it is still at the version before; says whether it was.
pub(super) async fn update(database: &impl ConnectionTrait, comment: &Comment) -> Result<bool, DbErr> {
    let outcome = comments::Entity::update_many()
        .set(row(comment).reset_all())
        .filter(comments::Column::Id.eq(comment.id.0))
        .filter(comments::Column::Version.eq(comment.version - 1))
        .exec(database)
        .await?;
    Ok(outcome.rows_affected == 1)
}

pub(super) async fn delete(database: &impl ConnectionTrait, id: CommentId) -> Result<bool, DbErr> {
    Ok(comments::Entity::delete_by_id(id.0).exec(database).await?.rows_affected == 1)
}

/// Removes the comment if it is still at this version; says whether it was.
pub(super) async fn delete_unchanged(
    database: &impl ConnectionTrait,
    comment: &Comment,
) -> Result<bool, DbErr> {
    let outcome = comments::Entity::delete_many()
        .filter(comments::Column::Id.eq(comment.id.0))
        .filter(comments::Column::Version.eq(comment.version))
        .exec(database)
        .await?;
    Ok(outcome.rows_affected == 1)
}

/// The comment and all answers beneath it, each after what it answers.
pub(super) async fn thread(database: &impl ConnectionTrait, root: Comment) -> Result<Vec<Comment>, DbErr> {
    let (mut thread, mut asked) = (vec![root], 0);
    while asked < thread.len() {
        let parents: Vec<Uuid> =
            thread.iter().skip(asked).take(PARENTS).map(|comment: &Comment| comment.id.0).collect();
        asked += parents.len();
        let answers =
            comments::Entity::find().filter(comments::Column::ParentId.is_in(parents)).all(database).await?;
        thread.extend(answers.into_iter().map(Comment::from));
    }
    Ok(thread)
}

/// Some of the comments that have been spam or in the trash since before this moment, and that nobody answered.
pub(super) async fn purgeable(
    database: &impl ConnectionTrait,
    before: Timestamp,
    limit: u64,
) -> Result<Vec<Comment>, DbErr> {
    const UNANSWERED: &str =
        "NOT EXISTS (SELECT 1 FROM comments AS answers WHERE answers.parent_id = comments.id)";
    let rows = comments::Entity::find()
        .filter(comments::Column::Status.is_in([CommentStatus::Spam.as_str(), CommentStatus::Trash.as_str()]))
        .filter(comments::Column::UpdatedAt.lt(before.millis()))
        .filter(Expr::cust(UNANSWERED))
        .limit(limit)
        .all(database)
        .await?;
    Ok(rows.into_iter().map(Comment::from).collect())
}

/// The oldest `limit` approved comments of a post.
pub(super) async fn approved(
    database: &impl ConnectionTrait,
    post: PostId,
    limit: u64,
) -> Result<Vec<Comment>, DbErr> {
    let rows = comments::Entity::find()
        .filter(comments::Column::PostId.eq(post.0))
        .filter(comments::Column::Status.eq(CommentStatus::Approved.as_str()))
        .order_by_asc(comments::Column::CreatedAt)
        .order_by_asc(comments::Column::Id)
        .limit(limit)
        .all(database)
        .await?;
    Ok(rows.into_iter().map(Comment::from).collect())
}

/// Comments with a status after the cursor: of one post oldest first, of all posts newest first.
pub(super) async fn page(
    database: &impl ConnectionTrait,
    post: Option<PostId>,
    status: CommentStatus,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Comment>, DbErr> {
    let (at, id) = (comments::Column::CreatedAt, comments::Column::Id);
    let mut query = comments::Entity::find().filter(comments::Column::Status.eq(status.as_str()));
    if let Some(post) = post {
        query = query.filter(comments::Column::PostId.eq(post.0)).order_by_asc(at).order_by_asc(id);
        if let Some(cursor) = cursor {
            let tie = Condition::all().add(at.eq(cursor.key)).add(id.gt(cursor.id));
            query = query.filter(Condition::any().add(at.gt(cursor.key)).add(tie));
        }
    } else {
        query = query.order_by_desc(at).order_by_desc(id);
        if let Some(cursor) = cursor {
            let tie = Condition::all().add(at.eq(cursor.key)).add(id.lt(cursor.id));
            query = query.filter(Condition::any().add(at.lt(cursor.key)).add(tie));
        }
    }
    let rows = query.limit(limit).all(database).await?;
    Ok(rows.into_iter().map(Comment::from).collect())
}

#[derive(FromQueryResult)]
struct Count {
    post_id: Uuid,
    number: i64,
}

/// How many approved comments each of the posts has.
pub(super) async fn counts(
    database: &impl ConnectionTrait,
    posts: &[PostId],
) -> Result<HashMap<PostId, i64>, DbErr> {
    if posts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<Count> = comments::Entity::find()
        .select_only()
        .column(comments::Column::PostId)
        .column_as(comments::Column::Id.count(), "number")
        .filter(comments::Column::PostId.is_in(posts.iter().map(|id| id.0)))
        .filter(comments::Column::Status.eq(CommentStatus::Approved.as_str()))
        .group_by(comments::Column::PostId)
        .into_model()
        .all(database)
        .await?;
    Ok(rows.into_iter().map(|row| (PostId(row.post_id), row.number)).collect())
}
