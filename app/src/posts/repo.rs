//! The only queries on posts.

mod upkeep;

use std::collections::HashMap;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select, Statement,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use uuid::Uuid;

pub(super) use upkeep::{due, next_scheduled, trashed};

use super::{Post, PostFilter, PostKind, PostStatus};
use crate::{
    clock::Timestamp,
    entities::{post_authors, post_tags, posts, redirects},
    http::Cursor,
    ids::{CategoryId, PostId, TagId, UserId},
};

/// Newest first: published and scheduled posts by publication, others by creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Publication,
    Creation,
}

impl Order {
    fn column(self) -> posts::Column {
        match self {
            Self::Publication => posts::Column::PublishedAt,
            Self::Creation => posts::Column::CreatedAt,
        }
    }

    pub(super) fn cursor(self, post: &Post) -> Cursor {
        let key = match self {
            Self::Publication => post.published_at.unwrap_or(post.created_at),
            Self::Creation => post.created_at,
        };
        Cursor { key: key.millis(), id: post.id.0 }
    }
}

fn post(row: posts::Model, tag_ids: Vec<TagId>, author_ids: Vec<UserId>) -> Post {
    Post {
        id: PostId(row.id),
        kind: PostKind::from_database(&row.kind),
        status: PostStatus::from_database(&row.status),
        title: row.title,
        slug: row.slug,
        excerpt: row.excerpt,
        content: row.content,
        cover_image: row.cover_image,
        category_id: row.category_id.map(CategoryId),
        tag_ids,
        author_ids,
        permalink: row.permalink,
        comments_open: row.comments_open,
        created_by: row.created_by.map(UserId),
        updated_by: row.updated_by.map(UserId),
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
        published_at: row.published_at.map(Timestamp::from_millis),
        view_count: row.view_count,
        version: row.version,
    }
}

#[derive(FromQueryResult)]
struct Link {
    post_id: Uuid,
    other_id: Uuid,
    is_tag: i32,
}

/// Adds tags and authors, for all posts in one query.
async fn complete(database: &impl ConnectionTrait, rows: Vec<posts::Model>) -> Result<Vec<Post>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let backend = database.get_database_backend();
    let marks = |first: usize| {
        let mark = |index| match backend {
            sea_orm::DbBackend::Postgres => format!("${index}"),
            _ => "?".to_owned(),
        };
        (first..first + rows.len()).map(mark).collect::<Vec<_>>().join(",")
    };
    let sql = format!(
        "SELECT post_id, tag_id AS other_id, 1 AS is_tag, position FROM post_tags WHERE post_id IN ({}) UNION ALL \
         SELECT post_id, user_id AS other_id, 0 AS is_tag, position FROM post_authors WHERE post_id IN ({}) \
         ORDER BY position",
        marks(1),
        marks(1 + rows.len())
    );
    let ids = rows.iter().map(|row| row.id.into());
    let values: Vec<sea_orm::Value> = ids.clone().chain(ids).collect();
    let links =
        Link::find_by_statement(Statement::from_sql_and_values(backend, sql, values)).all(database).await?;
    let mut tags: HashMap<Uuid, Vec<TagId>> = HashMap::new();
    let mut authors: HashMap<Uuid, Vec<UserId>> = HashMap::new();
    for link in links {
        if link.is_tag == 1 {
            tags.entry(link.post_id).or_default().push(TagId(link.other_id));
        } else {
            authors.entry(link.post_id).or_default().push(UserId(link.other_id));
        }
    }
    let complete = rows.into_iter().map(|row| {
        let (tags, authors) = (tags.remove(&row.id), authors.remove(&row.id));
        post(row, tags.unwrap_or_default(), authors.unwrap_or_default())
    });
    Ok(complete.collect())
}

async fn one(database: &impl ConnectionTrait, query: Select<posts::Entity>) -> Result<Option<Post>, DbErr> {
    let row = query.one(database).await?;
    Ok(complete(database, row.into_iter().collect()).await?.pop())
}

pub(super) async fn find(database: &impl ConnectionTrait, id: PostId) -> Result<Option<Post>, DbErr> {
    one(database, posts::Entity::find_by_id(id.0)).await
}

/// These, in no order.
pub(super) async fn find_many(database: &impl ConnectionTrait, ids: &[PostId]) -> Result<Vec<Post>, DbErr> {
    let query = posts::Entity::find().filter(posts::Column::Id.is_in(ids.iter().map(|id| id.0)));
    complete(database, query.all(database).await?).await
}

/// Those of these ids whose post is of the kind.
pub(super) async fn of_kind(
    database: &impl ConnectionTrait,
    kind: PostKind,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, DbErr> {
    let query = posts::Entity::find().select_only().column(posts::Column::Id);
    let query = query
        .filter(posts::Column::Kind.eq(kind.as_str()))
        .filter(posts::Column::Id.is_in(ids.iter().copied()));
    query.into_tuple::<Uuid>().all(database).await
}

pub(super) async fn find_by_slug(database: &impl ConnectionTrait, slug: &str) -> Result<Option<Post>, DbErr> {
    one(database, posts::Entity::find().filter(posts::Column::Slug.eq(slug))).await
}

pub(super) async fn find_by_permalink(
    database: &impl ConnectionTrait,
    path: &str,
) -> Result<Option<Post>, DbErr> {
    one(database, posts::Entity::find().filter(posts::Column::Permalink.eq(path))).await
}

/// Whether another post has this slug, or lives at the address that it would have.
pub(super) async fn slug_exists(
    database: &impl ConnectionTrait,
    slug: &str,
    but: PostId,
) -> Result<bool, DbErr> {
    let either = Condition::any()
        .add(posts::Column::Slug.eq(slug))
        .add(posts::Column::Permalink.eq(format!("/{slug}")));
    other_exists(database, either, but).await
}

async fn other_exists(database: &impl ConnectionTrait, taken: Condition, but: PostId) -> Result<bool, DbErr> {
    let query = posts::Entity::find().select_only().column(posts::Column::Id).filter(taken);
    let others = query.filter(posts::Column::Id.ne(but.0)).limit(1).into_tuple::<Uuid>();
    Ok(others.one(database).await?.is_some())
}

/// Whether another post lives at this path.
pub(super) async fn permalink_exists(
    database: &impl ConnectionTrait,
    path: &str,
    but: PostId,
) -> Result<bool, DbErr> {
    let mut either = Condition::any().add(posts::Column::Permalink.eq(path));
    if let Some(slug) = path.strip_prefix('/').filter(|slug| !slug.contains('/')) {
        either = either.add(posts::Column::Slug.eq(slug));
    }
    other_exists(database, either, but).await
}

fn filtered(filter: &PostFilter) -> Select<posts::Entity> {
    let mut query = posts::Entity::find();
    if let Some(kind) = filter.kind {
        query = query.filter(posts::Column::Kind.eq(kind.as_str()));
    }
    if let Some(status) = filter.status {
        query = query.filter(posts::Column::Status.eq(status.as_str()));
    }
    if let Some(categories) = &filter.categories {
        query = query.filter(posts::Column::CategoryId.is_in(categories.iter().map(|id| id.0)));
    }
    if let Some(tag) = filter.tag {
        let tagged = Query::select()
            .column(post_tags::Column::PostId)
            .from(post_tags::Entity)
            .and_where(post_tags::Column::TagId.eq(tag.0))
            .to_owned();
        query = query.filter(posts::Column::Id.in_subquery(tagged));
    }
    if let Some(author) = filter.author {
        let written = Query::select()
            .column(post_authors::Column::PostId)
            .from(post_authors::Entity)
            .and_where(post_authors::Column::UserId.eq(author.0))
            .to_owned();
        query = query.filter(posts::Column::Id.in_subquery(written));
    }
    query
}

/// `limit` posts after the cursor.
pub(super) async fn after(
    database: &impl ConnectionTrait,
    filter: &PostFilter,
    order: Order,
    cursor: Option<Cursor>,
    limit: u64,
) -> Result<Vec<Post>, DbErr> {
    let column = order.column();
    let mut query = filtered(filter);
    if let Some(Cursor { key, id }) = cursor {
        let tie = Condition::all().add(column.eq(key)).add(posts::Column::Id.lt(id));
        query = query.filter(column.lte(key)).filter(Condition::any().add(column.lt(key)).add(tie));
    }
    let rows =
        query.order_by_desc(column).order_by_desc(posts::Column::Id).limit(limit).all(database).await?;
    complete(database, rows).await
}

/// `limit` posts after the first `offset`.
pub(super) async fn slice(
    database: &impl ConnectionTrait,
    filter: &PostFilter,
    order: Order,
    offset: u64,
    limit: u64,
) -> Result<Vec<Post>, DbErr> {
    // The inner query runs over an index alone; whole rows are read for the few that are shown.
    let ids = filtered(filter)
        .select_only()
        .column(posts::Column::Id)
        .order_by_desc(order.column())
        .order_by_desc(posts::Column::Id)
        .offset(offset)
        .limit(limit)
        .into_query();
    let rows = posts::Entity::find()
        .filter(posts::Column::Id.in_subquery(ids))
        .order_by_desc(order.column())
        .order_by_desc(posts::Column::Id)
        .all(database)
        .await?;
    complete(database, rows).await
}

pub(super) async fn count(database: &impl ConnectionTrait, filter: &PostFilter) -> Result<u64, DbErr> {
    filtered(filter).count(database).await
}

/// A post's neighbour in the stream, without its content: title and path.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Heading {
    pub(super) title: String,
    pub(super) slug: String,
    pub(super) permalink: Option<String>,
    pub(super) updated_at: i64,
}

fn headings(query: Select<posts::Entity>) -> Select<posts::Entity> {
    query.select_only().columns([
        posts::Column::Title,
        posts::Column::Slug,
        posts::Column::Permalink,
        posts::Column::UpdatedAt,
    ])
}

/// The published post just before (`older`) or after this one.
pub(super) async fn neighbour(
    database: &impl ConnectionTrait,
    post: &Post,
    older: bool,
) -> Result<Option<Heading>, DbErr> {
    let Some(at) = post.published_at.map(Timestamp::millis) else { return Ok(None) };
    let filter = PostFilter {
        kind: Some(PostKind::Post),
        status: Some(PostStatus::Published),
        ..PostFilter::default()
    };
    let (column, id) = (posts::Column::PublishedAt, posts::Column::Id);
    let mut query = filtered(&filter);
    query = if older {
        let tie = Condition::all().add(column.eq(at)).add(id.lt(post.id.0));
        query.filter(Condition::any().add(column.lt(at)).add(tie)).order_by_desc(column).order_by_desc(id)
    } else {
        let tie = Condition::all().add(column.eq(at)).add(id.gt(post.id.0));
        query.filter(Condition::any().add(column.gt(at)).add(tie)).order_by_asc(column).order_by_asc(id)
    };
    headings(query).limit(1).into_model().one(database).await
}

/// Title and path of everything published of a kind, for navigation and the sitemap.
pub(super) async fn published_headings(
    database: &impl ConnectionTrait,
    kind: Option<PostKind>,
    limit: u64,
) -> Result<Vec<Heading>, DbErr> {
    let filter = PostFilter { kind, status: Some(PostStatus::Published), ..PostFilter::default() };
    let query = filtered(&filter).order_by_asc(posts::Column::CreatedAt).order_by_asc(posts::Column::Id);
    headings(query).limit(limit).into_model().all(database).await
}

/// Where an old path leads.
pub(super) async fn redirect(database: &impl ConnectionTrait, path: &str) -> Result<Option<PostId>, DbErr> {
    Ok(redirects::Entity::find_by_id(path.to_owned()).one(database).await?.map(|row| PostId(row.post_id)))
}

pub(super) async fn insert(database: &impl ConnectionTrait, row: posts::Model) -> Result<(), DbErr> {
    posts::Entity::insert(posts::ActiveModel::from(row)).exec_without_returning(database).await.map(|_| ())
}

/// Writes the row if it is still at `version`; says whether it was.
pub(super) async fn update(
    database: &impl ConnectionTrait,
    row: posts::Model,
    version: i64,
) -> Result<bool, DbErr> {
    let id = row.id;
    let mut change = posts::ActiveModel::from(row).reset_all();
    // Counted by another road; a change of the text must not set it back.
    change.not_set(posts::Column::ViewCount);
    change.not_set(posts::Column::Id);
    let outcome = posts::Entity::update_many()
        .set(change)
        .filter(posts::Column::Id.eq(id))
        .filter(posts::Column::Version.eq(version))
        .exec(database)
        .await?;
    Ok(outcome.rows_affected == 1)
}

pub(super) async fn delete(database: &impl ConnectionTrait, id: PostId, version: i64) -> Result<bool, DbErr> {
    let outcome = posts::Entity::delete_many()
        .filter(posts::Column::Id.eq(id.0))
        .filter(posts::Column::Version.eq(version))
        .exec(database)
        .await?;
    Ok(outcome.rows_affected == 1)
}

pub(super) async fn replace_tags(
    database: &impl ConnectionTrait,
    id: PostId,
    tags: &[TagId],
) -> Result<(), DbErr> {
    post_tags::Entity::delete_many().filter(post_tags::Column::PostId.eq(id.0)).exec(database).await?;
    insert_tags(database, id, tags).await
}

pub(super) async fn insert_tags(
    database: &impl ConnectionTrait,
    id: PostId,
    tags: &[TagId],
) -> Result<(), DbErr> {
    if tags.is_empty() {
        return Ok(());
    }
    let rows = tags.iter().zip(0..).map(|(tag, position)| {
        post_tags::ActiveModel::from(post_tags::Model { post_id: id.0, tag_id: tag.0, position })
    });
    post_tags::Entity::insert_many(rows).exec_without_returning(database).await.map(|_| ())
}

pub(super) async fn replace_authors(
    database: &impl ConnectionTrait,
    id: PostId,
    authors: &[UserId],
) -> Result<(), DbErr> {
    post_authors::Entity::delete_many().filter(post_authors::Column::PostId.eq(id.0)).exec(database).await?;
    insert_authors(database, id, authors).await
}

pub(super) async fn insert_authors(
    database: &impl ConnectionTrait,
    id: PostId,
    authors: &[UserId],
) -> Result<(), DbErr> {
    if authors.is_empty() {
        return Ok(());
    }
    let rows = authors.iter().zip(0..).map(|(user, position)| {
        post_authors::ActiveModel::from(post_authors::Model { post_id: id.0, user_id: user.0, position })
    });
    post_authors::Entity::insert_many(rows).exec_without_returning(database).await.map(|_| ())
}

/// Makes old paths lead to the post.
pub(super) async fn add_redirects(
    database: &impl ConnectionTrait,
    id: PostId,
    paths: &[String],
    now: Timestamp,
) -> Result<(), DbErr> {
    for path in paths {
        let row = redirects::Model { path: path.clone(), post_id: id.0, created_at: now.millis() };
        let conflict =
            OnConflict::column(redirects::Column::Path).update_column(redirects::Column::PostId).to_owned();
        redirects::Entity::insert(redirects::ActiveModel::from(row))
            .on_conflict(conflict)
            .exec_without_returning(database)
            .await?;
    }
    Ok(())
}

/// Adds to the count of views, without a new version.
pub(super) async fn add_views(database: &impl ConnectionTrait, id: PostId, views: i64) -> Result<(), DbErr> {
    posts::Entity::update_many()
        .col_expr(posts::Column::ViewCount, Expr::col(posts::Column::ViewCount).add(views))
        .filter(posts::Column::Id.eq(id.0))
        .exec(database)
        .await
        .map(|_| ())
}

/// Gives posts that nobody has made to a user: the welcome post to the first administrator.
pub(super) async fn adopt(database: &impl ConnectionTrait, user: UserId) -> Result<(), DbErr> {
    let orphans = posts::Entity::find().filter(posts::Column::CreatedBy.is_null()).all(database).await?;
    for orphan in orphans {
        let id = PostId(orphan.id);
        let mut change = posts::ActiveModel::from(orphan);
        change.created_by = sea_orm::ActiveValue::Set(Some(user.0));
        change.update(database).await?;
        replace_authors(database, id, &[user]).await?;
    }
    Ok(())
}
