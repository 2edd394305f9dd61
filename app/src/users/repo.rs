//! The only queries on users.

use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::{User, UserStatus};
use crate::{
    auth::Role,
    clock::Timestamp,
    entities::{refresh_tokens, users},
    ids::UserId,
};

/// Users that are asked for at once: databases take no more than so many values in a statement.
const CHUNK: usize = 1_000;

impl From<users::Model> for User {
    fn from(row: users::Model) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            username: row.username,
            display_name: row.display_name,
            bio: row.bio,
            // A role that this version does not know may do the least.
            role: row.role.parse().unwrap_or(Role::Subscriber),
            status: UserStatus::from_database(&row.status),
            token_version: row.token_version,
            created_at: Timestamp::from_millis(row.created_at),
        }
    }
}

pub(super) async fn find(database: &impl ConnectionTrait, id: UserId) -> Result<Option<users::Model>, DbErr> {
    users::Entity::find_by_id(id.0).one(database).await
}

pub(super) async fn find_many(
    database: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<users::Model>, DbErr> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let query = users::Entity::find().filter(users::Column::Id.is_in(ids.iter().copied()));
        found.extend(query.all(database).await?);
    }
    Ok(found)
}

/// By e-mail address or user name; both are kept in lower case.
pub(super) async fn find_by_login(
    database: &impl ConnectionTrait,
    login: &str,
) -> Result<Option<users::Model>, DbErr> {
    let either = Condition::any().add(users::Column::Email.eq(login)).add(users::Column::Username.eq(login));
    users::Entity::find().filter(either).one(database).await
}

pub(super) async fn find_by_username(
    database: &impl ConnectionTrait,
    username: &str,
) -> Result<Option<users::Model>, DbErr> {
    users::Entity::find().filter(users::Column::Username.eq(username)).one(database).await
}

pub(super) async fn email_exists(database: &impl ConnectionTrait, email: &str) -> Result<bool, DbErr> {
    Ok(users::Entity::find().filter(users::Column::Email.eq(email)).count(database).await? > 0)
}

pub(super) async fn page(
    database: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<users::Model>, DbErr> {
    let mut query = users::Entity::find().order_by_asc(users::Column::Id).limit(limit);
    if let Some(after) = after {
        query = query.filter(users::Column::Id.gt(after));
    }
    query.all(database).await
}

pub(super) async fn count_role(database: &impl ConnectionTrait, role: Role) -> Result<u64, DbErr> {
    users::Entity::find()
        .filter(users::Column::Role.eq(role.as_str()))
        .filter(users::Column::Status.eq(UserStatus::Active.as_str()))
        .count(database)
        .await
}

pub(super) async fn insert(
    database: &impl ConnectionTrait,
    row: users::Model,
) -> Result<users::Model, DbErr> {
    users::ActiveModel::from(row).insert(database).await
}

pub(super) async fn update(
    database: &impl ConnectionTrait,
    row: users::Model,
) -> Result<users::Model, DbErr> {
    users::ActiveModel::from(row).reset_all().update(database).await
}

/// Makes every refresh token of the user void.
pub(super) async fn end_sessions(database: &impl ConnectionTrait, id: UserId) -> Result<(), DbErr> {
    refresh_tokens::Entity::delete_many()
        .filter(refresh_tokens::Column::UserId.eq(id.0))
        .exec(database)
        .await
        .map(|_| ())
}

pub(super) async fn replace_hash(
    database: &impl ConnectionTrait,
    id: UserId,
    old: &str,
    new: &str,
) -> Result<(), DbErr> {
    users::Entity::update_many()
        .col_expr(users::Column::PasswordHash, Expr::value(new))
        .filter(users::Column::Id.eq(id.0))
        .filter(users::Column::PasswordHash.eq(old))
        .exec(database)
        .await
        .map(|_| ())
}
