//! What entries refer to, found from the other end: for relations, which are kept whole, and for filters by `contains`.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr};
use uuid::Uuid;

use super::sql::{CHUNK, Sql, limit};
use crate::{
    content::{
        ContentType,
        definition::{Field, Kind},
        model::Link,
    },
    database::Transaction,
    ids::EntryId,
};

/// An entry that refers to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Referrer {
    /// The number of its type.
    pub(crate) type_number: i64,
    /// The entry.
    pub(crate) entry: EntryId,
    /// The key of the field, which may be one that the type no longer has.
    pub(crate) key: String,
}

/// The keys of the fields whose values are links.
pub(super) fn keys(content_type: &ContentType) -> Vec<&str> {
    let linked = content_type.definition.fields.iter().filter(|field| is_linked(field));
    let mut keys: Vec<&str> =
        linked.filter_map(|field| content_type.layout.key(field.name.as_str())).collect();
    keys.sort_unstable();
    keys
}

fn is_linked(field: &Field) -> bool {
    matches!(field.kind, Kind::Relation { .. }) || field.kind.is_many()
}

/// Adds the links of an entry that has none under their keys.
pub(super) async fn insert(
    transaction: &Transaction,
    number: i64,
    source: EntryId,
    links: &[Link],
) -> Result<(), DbErr> {
    let mut seen = HashSet::new();
    let links: Vec<&Link> = links.iter().filter(|link| seen.insert((&link.key, &link.value))).collect();
    for links in links.chunks(CHUNK) {
        let text = "INSERT INTO content_links (source_type, field_key, value, source_id, target) VALUES ";
        let mut sql = Sql::new(transaction.get_database_backend(), text);
        for (place, link) in links.iter().enumerate() {
            sql.push(if place == 0 { "(" } else { ", (" });
            sql.bind(number).push(", ").bind(link.key.as_str()).push(", ").bind(link.value.as_str());
            sql.push(", ").bind(source).push(", ").bind(link.target).push(")");
        }
        sql.execute(transaction).await?;
    }
    Ok(())
}

/// Makes these the links of an entry. Those of fields that are gone stay: their values do, too.
pub(super) async fn replace(
    transaction: &Transaction,
    content_type: &ContentType,
    source: EntryId,
    links: &[Link],
) -> Result<(), DbErr> {
    let keys = keys(content_type);
    if keys.is_empty() {
        return Ok(());
    }
    let backend = transaction.get_database_backend();
    // There are few links of one entry and many of one type: `+` keeps SQLite from looking through the latter.
    let plus = if backend == DbBackend::Sqlite { "+" } else { "" };
    let of_entry = |sql: &mut Sql| {
        sql.bind(source).push(&format!(" AND {plus}source_type = ")).bind(content_type.number);
        sql.push(&format!(" AND {plus}field_key IN ")).bind_all(keys.iter().map(|key| (*key).into()));
    };
    let mut sql = Sql::new(backend, "SELECT field_key, value, target FROM content_links WHERE source_id = ");
    of_entry(&mut sql);
    let mut before = HashSet::new();
    for row in sql.all(transaction).await? {
        before.insert((
            row.try_get_by_index::<String>(0)?,
            row.try_get_by_index::<String>(1)?,
            row.try_get_by_index::<Option<String>>(2)?,
        ));
    }
    let now: HashSet<_> = links
        .iter()
        .map(|link| (link.key.clone(), link.value.clone(), link.target.map(str::to_owned)))
        .collect();
    if before == now {
        return Ok(());
    }
    if !before.is_empty() {
        let mut sql = Sql::new(backend, "DELETE FROM content_links WHERE source_id = ");
        of_entry(&mut sql);
        sql.execute(transaction).await?;
    }
    insert(transaction, content_type.number, source, links).await
}

/// Removes all links of an entry, also those of fields that are gone.
pub(super) async fn remove(transaction: &Transaction, number: i64, source: EntryId) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let mut sql = Sql::new(backend, "DELETE FROM content_links WHERE source_id = ");
    let plus = if backend == DbBackend::Sqlite { "+" } else { "" };
    sql.bind(source).push(&format!(" AND {plus}source_type = ")).bind(number);
    sql.execute(transaction).await.map(drop)
}

/// Removes the links under the key of a field whose values are purged.
pub(crate) async fn forget_key(transaction: &Transaction, number: i64, key: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM content_links WHERE source_type = ";
    let mut sql = Sql::new(transaction.get_database_backend(), text);
    sql.bind(number).push(" AND field_key = ").bind(key);
    sql.execute(transaction).await.map(drop)
}

/// At most so many entries that refer to the thing with this id; an entry that does so in two fields twice.
pub(crate) async fn referrers(
    database: &impl ConnectionTrait,
    target_id: Uuid,
    most: u64,
) -> Result<Vec<Referrer>, DbErr> {
    let text = "SELECT source_type, source_id, field_key FROM content_links \
                WHERE target IS NOT NULL AND value = ";
    let mut sql = Sql::new(database.get_database_backend(), text);
    sql.bind(text_of(target_id));
    sql.push(" ORDER BY source_type, source_id, field_key LIMIT ").bind(limit(most));
    let referrer = |row: &sea_orm::QueryResult| {
        Ok(Referrer {
            type_number: row.try_get_by_index(0)?,
            entry: EntryId(row.try_get_by_index(1)?),
            key: row.try_get_by_index(2)?,
        })
    };
    sql.all(database).await?.iter().map(referrer).collect()
}

/// Those of the ids that are in the table, which is `posts`, `users` or one of entries. None of them can be removed
/// until the transaction ends.
pub(crate) async fn lock_entries(
    transaction: &Transaction,
    table: &str,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, DbErr> {
    let backend = transaction.get_database_backend();
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let mut sql = Sql::new(backend, &format!("SELECT id FROM {table} WHERE id IN "));
        sql.bind_all(ids.iter().map(|id| (*id).into()));
        if backend == DbBackend::Postgres {
            // Keeps a removal waiting, and no change of anything else.
            sql.push(" ORDER BY id FOR KEY SHARE");
        }
        for row in sql.all(transaction).await? {
            found.push(row.try_get_by_index(0)?);
        }
    }
    Ok(found)
}

/// Waits until nobody holds the row by [`lock_entries`], and lets nobody do so until the transaction ends.
pub(crate) async fn lock_for_delete(transaction: &Transaction, table: &str, id: Uuid) -> Result<(), DbErr> {
    // On SQLite nobody else is writing.
    if transaction.get_database_backend() == DbBackend::Postgres {
        let mut sql = Sql::new(DbBackend::Postgres, &format!("SELECT 1 FROM {table} WHERE id = "));
        sql.bind(id).push(" FOR UPDATE");
        sql.one(transaction).await?;
    }
    Ok(())
}

/// Waits until nobody changes the entries with these ids, in this table, and lets nobody do so until the transaction
/// ends: what is read of them behind this stays as it is. Those who hold them by [`lock_entries`] are not in the way.
pub(crate) async fn lock_entries_for_update(
    transaction: &Transaction,
    table: &str,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    // On SQLite nobody else is writing.
    if transaction.get_database_backend() == DbBackend::Postgres {
        for ids in ids.chunks(CHUNK) {
            let mut sql = Sql::new(DbBackend::Postgres, &format!("SELECT 1 FROM {table} WHERE id IN "));
            sql.bind_all(ids.iter().map(|id| (*id).into())).push(" ORDER BY id FOR NO KEY UPDATE");
            sql.execute(transaction).await?;
        }
    }
    Ok(())
}

/// An id as links have it.
fn text_of(id: Uuid) -> String {
    id.hyphenated().to_string()
}
