//! Rows of types.

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryOrder,
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
    let readable = |row: Model| {
        let name = row.name.clone();
        match read(row) {
            Ok(content_type) => Some(content_type),
            Err(error) => {
                tracing::error!(content_type = name, %error, "a content type can't be read, nor served");
                None
            }
        }
    };
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
