//! Rows of types.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder, QueryResult,
    sea_query::Expr,
};

use super::sql::Sql;
use crate::{
    clock::Timestamp,
    content::{ContentType, definition::source, model::Owner},
    database::Transaction,
    entities::content_types::{ActiveModel, Column, Entity, Model},
    error::FieldError,
};

/// All types. One that this version cannot read is told to the log and left out.
pub(crate) async fn all(database: &impl ConnectionTrait) -> Result<Vec<ContentType>, DbErr> {
    let rows = Entity::find().order_by_asc(Column::Name).all(database).await?;
    Ok(rows.into_iter().filter_map(readable).collect())
}

fn readable(row: Model) -> Option<ContentType> {
    let name = row.name.clone();
    match read(row) {
        Ok(content_type) => Some(content_type),
        Err(error) => {
            tracing::error!(content_type = name, %error, "a content type can't be read, nor served");
            None
        }
    }
}

/// What tells whether a type is still what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Names its table.
    pub(crate) number: i64,
    pub(crate) version: i64,
    pub(crate) enabled: bool,
    pub(crate) updated_at: i64,
}

impl Head {
    pub(crate) fn of(content_type: &ContentType) -> Self {
        let ContentType { number, version, enabled, updated_at, .. } = content_type;
        Self { number: *number, version: *version, enabled: *enabled, updated_at: updated_at.millis() }
    }
}

/// Of all types, without reading what they are.
pub(crate) async fn heads(database: &impl ConnectionTrait) -> Result<Vec<Head>, DbErr> {
    let text = "SELECT number, version, enabled, updated_at FROM content_types";
    let rows = Sql::new(database.get_database_backend(), text).all(database).await?;
    let head = |row: &QueryResult| {
        Ok(Head {
            number: row.try_get_by_index(0)?,
            version: row.try_get_by_index(1)?,
            enabled: row.try_get_by_index(2)?,
            updated_at: row.try_get_by_index(3)?,
        })
    };
    rows.iter().map(head).collect()
}

/// The types of these numbers. One that this version cannot read is told to the log and left out.
pub(crate) async fn some(
    database: &impl ConnectionTrait,
    numbers: &[i64],
) -> Result<Vec<ContentType>, DbErr> {
    let rows = Entity::find().filter(Column::Number.is_in(numbers.iter().copied())).all(database).await?;
    Ok(rows.into_iter().filter_map(readable).collect())
}

/// The type of this name. Fails where this version cannot read it.
pub(crate) async fn find(database: &impl ConnectionTrait, name: &str) -> Result<Option<ContentType>, DbErr> {
    let row = Entity::find().filter(Column::Name.eq(name)).one(database).await?;
    row.map(read).transpose()
}

/// Adds a type, whatever its number says. Returns its number, which was never given before.
pub(crate) async fn insert(transaction: &Transaction, content_type: &ContentType) -> Result<i64, DbErr> {
    let row = ActiveModel {
        number: NotSet,
        name: Set(content_type.name().to_owned()),
        owner: Set(content_type.owner.as_str().to_owned()),
        enabled: Set(content_type.enabled),
        definition: Set(definition(content_type)),
        layout: Set(layout(content_type)?),
        version: Set(content_type.version),
        created_at: Set(content_type.created_at.millis()),
        updated_at: Set(content_type.updated_at.millis()),
    };
    row.insert(transaction).await.map(|row| row.number)
}

/// Writes a type over the row of its number, unless that has another version than `seen_version` by now.
pub(crate) async fn update(
    transaction: &Transaction,
    content_type: &ContentType,
    seen_version: i64,
) -> Result<bool, DbErr> {
    let updated = Entity::update_many()
        .col_expr(Column::Owner, Expr::value(content_type.owner.as_str()))
        .col_expr(Column::Enabled, Expr::value(content_type.enabled))
        .col_expr(Column::Definition, Expr::value(definition(content_type)))
        .col_expr(Column::Layout, Expr::value(layout(content_type)?))
        .col_expr(Column::Version, Expr::value(content_type.version))
        .col_expr(Column::UpdatedAt, Expr::value(content_type.updated_at.millis()))
        .filter(Column::Number.eq(content_type.number))
        .filter(Column::Version.eq(seen_version))
        .exec(transaction)
        .await?;
    Ok(updated.rows_affected == 1)
}

/// The version of a type and whether it is served, which stay so until the transaction ends. Many may ask at once.
pub(crate) async fn version_for_share(
    transaction: &Transaction,
    number: i64,
) -> Result<Option<(i64, bool)>, DbErr> {
    let sql = held(transaction, number, " FOR SHARE");
    let Some(row) = sql.one(transaction).await? else { return Ok(None) };
    Ok(Some((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
}

/// The version of a type. Waits until nobody writes entries of it, and lets nobody do so until the transaction ends.
pub(crate) async fn lock(transaction: &Transaction, number: i64) -> Result<Option<i64>, DbErr> {
    let sql = held(transaction, number, " FOR UPDATE");
    sql.one(transaction).await?.map(|row| row.try_get_by_index(0)).transpose()
}

/// Notes that somebody is at work on a type; nothing else of it changes, whatever its version is.
pub(crate) async fn touch(transaction: &Transaction, number: i64, now: Timestamp) -> Result<(), DbErr> {
    let mut sql = Sql::new(transaction.get_database_backend(), "UPDATE content_types SET updated_at = ");
    sql.bind(now.millis()).push(" WHERE number = ").bind(number);
    sql.execute(transaction).await.map(drop)
}

/// Removes a type with what its entries referred to and the slugs that they had. Its table is not removed.
pub(crate) async fn delete(transaction: &Transaction, number: i64) -> Result<(), DbErr> {
    for (table, column) in
        [("content_links", "source_type"), ("content_old_slugs", "type_number"), ("content_types", "number")]
    {
        let text = format!("DELETE FROM {table} WHERE {column} = ");
        let mut sql = Sql::new(transaction.get_database_backend(), &text);
        sql.bind(number);
        sql.execute(transaction).await?;
    }
    Ok(())
}

/// On SQLite nobody else is writing.
fn held(transaction: &Transaction, number: i64, lock: &str) -> Sql {
    let backend = transaction.get_database_backend();
    let mut sql = Sql::new(backend, "SELECT version, enabled FROM content_types WHERE number = ");
    sql.bind(number);
    if backend == DbBackend::Postgres {
        sql.push(lock);
    }
    sql
}

fn definition(content_type: &ContentType) -> String {
    source::to_json(&content_type.definition).to_string()
}

fn layout(content_type: &ContentType) -> Result<String, DbErr> {
    serde_json::to_string(&content_type.layout).map_err(|error| DbErr::Json(error.to_string()))
}

fn read(row: Model) -> Result<ContentType, DbErr> {
    let json = |error: serde_json::Error| DbErr::Json(error.to_string());
    let definition = serde_json::from_str(&row.definition).map_err(json)?;
    let owner = [Owner::File, Owner::Api].into_iter().find(|owner| owner.as_str() == row.owner);
    Ok(ContentType {
        number: row.number,
        version: row.version,
        owner: owner.ok_or_else(|| DbErr::Type(format!("`{}` owns no content type", row.owner)))?,
        enabled: row.enabled,
        definition: source::from_json(&definition)
            .map_err(|faults| DbErr::Type(FieldError::line(&faults)))?,
        layout: serde_json::from_str(&row.layout).map_err(json)?,
        created_at: Timestamp::from_millis(row.created_at),
        updated_at: Timestamp::from_millis(row.updated_at),
    })
}
