//! Slugs that entries had before.

use sea_orm::{ConnectionTrait, DbErr};

use super::sql::Sql;
use crate::{clock::Timestamp, database::Transaction, ids::EntryId};

/// Notes that the entry could be found by this slug.
pub(crate) async fn remember_slug(
    transaction: &Transaction,
    number: i64,
    slug: &str,
    id: EntryId,
) -> Result<(), DbErr> {
    let text = "INSERT INTO content_old_slugs (type_number, slug, entry_id, created_at) VALUES (";
    let mut sql = Sql::new(transaction.get_database_backend(), text);
    sql.bind(number).push(", ").bind(slug).push(", ").bind(id).push(", ").bind(Timestamp::now().millis());
    sql.push(
        ") ON CONFLICT (type_number, slug) DO UPDATE SET entry_id = excluded.entry_id, \
         created_at = excluded.created_at",
    );
    sql.execute(transaction).await.map(drop)
}

/// Nothing is found by this slug any more, since an entry has it now.
pub(crate) async fn forget_slug(transaction: &Transaction, number: i64, slug: &str) -> Result<(), DbErr> {
    let text = "DELETE FROM content_old_slugs WHERE type_number = ";
    let mut sql = Sql::new(transaction.get_database_backend(), text);
    sql.bind(number).push(" AND slug = ").bind(slug);
    sql.execute(transaction).await.map(drop)
}

/// The entry that could be found by this slug.
pub(crate) async fn moved_slug(
    database: &impl ConnectionTrait,
    number: i64,
    slug: &str,
) -> Result<Option<EntryId>, DbErr> {
    let text = "SELECT entry_id FROM content_old_slugs WHERE type_number = ";
    let mut sql = Sql::new(database.get_database_backend(), text);
    sql.bind(number).push(" AND slug = ").bind(slug);
    let found = sql.one(database).await?;
    found.map(|row| row.try_get_by_index(0).map(EntryId)).transpose()
}

/// Forgets all slugs that the entry had.
pub(super) async fn forget_all(transaction: &Transaction, number: i64, id: EntryId) -> Result<(), DbErr> {
    let text = "DELETE FROM content_old_slugs WHERE entry_id = ";
    let mut sql = Sql::new(transaction.get_database_backend(), text);
    let plus = if transaction.get_database_backend() == sea_orm::DbBackend::Sqlite { "+" } else { "" };
    sql.bind(id).push(&format!(" AND {plus}type_number = ")).bind(number);
    sql.execute(transaction).await.map(drop)
}
