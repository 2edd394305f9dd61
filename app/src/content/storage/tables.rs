//! The tables of entries.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::{indexes, search};
use crate::{content::ContentType, database::Transaction};

/// Makes the table of a new type, with its indexes.
pub(crate) async fn create(transaction: &Transaction, content_type: &ContentType) -> Result<(), DbErr> {
    let backend = transaction.get_database_backend();
    let table = content_type.table();
    let column = search::column(content_type, backend);
    transaction.execute_unprepared(&table_of(&table, column.as_deref(), backend)).await?;
    if backend == DbBackend::Sqlite
        && let Some(search) = search::table(content_type)
    {
        transaction.execute_unprepared(&search::create_table(&search)).await?;
    }
    for index in indexes::wanted(content_type, backend) {
        transaction.execute_unprepared(&index.create(false)).await?;
    }
    Ok(())
}

/// Removes the table of a type with all that is in it.
pub(crate) async fn drop(transaction: &Transaction, number: i64) -> Result<(), DbErr> {
    let table = format!("content_{number}");
    if transaction.get_database_backend() == DbBackend::Sqlite {
        for search in search::tables(transaction, &table).await? {
            transaction.execute_unprepared(&format!("DROP TABLE IF EXISTS {search}")).await?;
        }
    }
    transaction.execute_unprepared(&format!("DROP TABLE IF EXISTS {table}")).await.map(|_| ())
}

/// `seq` is the order of creation, never given twice. `prepared` is what a row was last made ready for by a change of
/// the type. A `column` is for the words that a search finds the row by.
fn table_of(table: &str, column: Option<&str>, backend: DbBackend) -> String {
    let (seq, id, data) = match backend {
        DbBackend::Postgres => ("BIGSERIAL PRIMARY KEY", "UUID", "JSONB"),
        _ => ("INTEGER PRIMARY KEY AUTOINCREMENT", "BLOB", "TEXT"),
    };
    let search = column.map(|column| format!(", {column} TSVECTOR")).unwrap_or_default();
    format!(
        "CREATE TABLE {table} (\
         seq {seq}, \
         id {id} NOT NULL UNIQUE, \
         status TEXT NOT NULL, \
         data {data} NOT NULL, \
         created_by {id}, \
         updated_by {id}, \
         created_at BIGINT NOT NULL, \
         updated_at BIGINT NOT NULL, \
         published_at BIGINT, \
         version BIGINT NOT NULL, \
         prepared BIGINT NOT NULL DEFAULT 0{search})"
    )
}
