//! Rows of entries.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::sql::Sql;
use crate::{
    clock::Timestamp,
    content::{ContentType, Entry, EntryStatus},
    ids::{EntryId, UserId},
};

/// An entry with what only the storage knows of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Its place in the order of creation.
    pub(crate) seq: i64,
    /// The entry.
    pub(crate) entry: Entry,
}

/// The columns that [`read`] wants, in its order.
pub(super) fn columns(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => {
            "seq, id, status, data::text, created_by, updated_by, created_at, updated_at, \
             published_at, version"
        }
        _ => {
            "seq, id, status, data, created_by, updated_by, created_at, updated_at, \
             published_at, version"
        }
    }
}

/// `SELECT <columns> FROM <table> WHERE `.
pub(super) fn select(content_type: &ContentType, backend: DbBackend) -> Sql {
    let text = format!("SELECT {} FROM {} WHERE ", columns(backend), content_type.table());
    Sql::new(backend, &text)
}

/// Runs a statement that selects [`columns`].
pub(super) async fn rows(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    sql: Sql,
) -> Result<Vec<Row>, DbErr> {
    sql.all(database).await?.iter().map(|row| read(content_type, row)).collect()
}

/// The same, for the entries alone.
pub(super) async fn entries(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    sql: Sql,
) -> Result<Vec<Entry>, DbErr> {
    let rows = sql.all(database).await?;
    rows.iter().map(|row| read(content_type, row).map(|row| row.entry)).collect()
}

/// Reads a row of [`columns`].
pub(super) fn read(content_type: &ContentType, row: &QueryResult) -> Result<Row, DbErr> {
    let status: String = row.try_get_by_index(2)?;
    let data: String = row.try_get_by_index(3)?;
    let stored: Map<String, Value> =
        serde_json::from_str(&data).map_err(|error| DbErr::Json(error.to_string()))?;
    let user = |place: usize| row.try_get_by_index::<Option<Uuid>>(place).map(|id| id.map(UserId));
    let moment = |place: usize| row.try_get_by_index::<i64>(place).map(Timestamp::from_millis);
    let entry = Entry {
        id: EntryId(row.try_get_by_index(1)?),
        status: EntryStatus::parse(&status)
            .ok_or_else(|| DbErr::Type(format!("`{status}` is no status of an entry")))?,
        fields: Entry::named(&content_type.definition, &content_type.layout, &stored),
        stored,
        created_by: user(4)?,
        updated_by: user(5)?,
        created_at: moment(6)?,
        updated_at: moment(7)?,
        published_at: row.try_get_by_index::<Option<i64>>(8)?.map(Timestamp::from_millis),
        version: row.try_get_by_index(9)?,
    };
    Ok(Row { seq: row.try_get_by_index(0)?, entry })
}
