//! Bringing the indexes in line with a definition. Nothing here is needed for what is served at the moment: it is done
//! before a definition is served, and undone after it is so no longer, and may be done again at any time.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::{IndexSpec, is_ours, wanted};
use crate::{
    content::{
        ContentType,
        storage::{
            row, search,
            sql::{CHUNK, Sql, limit},
            types,
        },
    },
    database::{Database, Transaction, is_unique_violation},
    error::{ApiError, FieldError, Result},
};

/// An index that there is.
struct Existing {
    name: String,
    /// Whether it was made to the end; PostgreSQL leaves those behind that were not.
    is_valid: bool,
}

/// Makes the indexes that are missing, with what a search finds entries by, while the site goes on.
///
/// # Errors
/// `validation_failed` where a field is to be unique and two entries have the same value.
pub(crate) async fn build(database: &Database, content_type: &ContentType) -> Result<()> {
    let existing = existing(database, &content_type.table()).await?;
    let stands = |index: &IndexSpec| existing.iter().any(|found| found.name == index.name && found.is_valid);
    let missing: Vec<IndexSpec> =
        wanted(content_type, database.backend()).into_iter().filter(|index| !stands(index)).collect();
    if database.backend() == DbBackend::Postgres {
        build_on_postgres(database, content_type, &missing, &existing).await
    } else {
        for index in missing {
            let made = execute(database, index.create(false)).await;
            made.map_err(|error| explained(content_type, &index, error))?;
        }
        build_search(database, content_type).await
    }
}

/// Removes the indexes that the definition does not ask for.
pub(crate) async fn drop_unwanted(database: &Database, content_type: &ContentType) -> Result<()> {
    let wanted = wanted(content_type, database.backend());
    let table = content_type.table();
    let is_postgres = database.backend() == DbBackend::Postgres;
    for index in existing(database, &table).await? {
        if wanted.iter().any(|wanted| wanted.name == index.name) {
            continue;
        }
        if is_postgres {
            drop_on_postgres(database, &index.name).await?;
        } else {
            execute(database, format!("DROP INDEX IF EXISTS {}", index.name)).await?;
        }
    }
    drop_unwanted_words(database, content_type).await
}

/// Removes the full-text tables (SQLite) and the columns (PostgreSQL) of what the type no longer finds entries by.
async fn drop_unwanted_words(database: &Database, content_type: &ContentType) -> Result<()> {
    let (reader, table) = (database.reader(), content_type.table());
    let is_postgres = database.backend() == DbBackend::Postgres;
    let (wanted, found) = if is_postgres {
        (search::column(content_type, DbBackend::Postgres), search::columns(reader, &table).await?)
    } else {
        (search::table(content_type), search::tables(reader, &table).await?)
    };
    for name in found.into_iter().filter(|name| wanted.as_ref() != Some(name)) {
        let sql = if is_postgres {
            format!("ALTER TABLE {table} DROP COLUMN IF EXISTS {name}")
        } else {
            format!("DROP TABLE IF EXISTS {name}")
        };
        drop_words(database, content_type, sql).await?;
    }
    Ok(())
}

/// Leaves them where the type has another version by now: whoever writes its entries may need them.
async fn drop_words(database: &Database, content_type: &ContentType, sql: String) -> Result<()> {
    let input = (content_type.number, content_type.version, sql);
    let written = database.write(input, |transaction, (number, version, sql)| {
        Box::pin(async move {
            if types::lock(transaction, *number).await? == Some(*version) {
                transaction.execute_unprepared(sql).await?;
            }
            Ok(())
        })
    });
    written.await
}

async fn existing(database: &Database, table: &str) -> Result<Vec<Existing>, DbErr> {
    let text = match database.backend() {
        DbBackend::Postgres => {
            "SELECT index_class.relname::text, pg_index.indisvalid FROM pg_index \
             JOIN pg_class AS index_class ON index_class.oid = pg_index.indexrelid \
             WHERE pg_index.indrelid = to_regclass("
        }
        _ => "SELECT name, TRUE FROM sqlite_master WHERE type = 'index' AND tbl_name = (",
    };
    let mut sql = Sql::new(database.backend(), text);
    sql.bind(table).push(")");
    let mut existing = Vec::new();
    for row in sql.all(database.reader()).await? {
        let name: String = row.try_get_by_index(0)?;
        if is_ours(table, &name) {
            existing.push(Existing { name, is_valid: row.try_get_by_index(1)? });
        }
    }
    Ok(existing)
}

/// A write of its own, so that others wait for one index at most.
async fn execute(database: &Database, sql: String) -> Result<()> {
    let written = database.write(sql, |transaction, sql| {
        Box::pin(async move { Ok(transaction.execute_unprepared(sql).await.map(|_| ())?) })
    });
    written.await
}

async fn build_on_postgres(
    database: &Database,
    content_type: &ContentType,
    missing: &[IndexSpec],
    existing: &[Existing],
) -> Result<()> {
    let of_search = search::described(content_type).map(|described| super::name(content_type, &described));
    for index in missing {
        if existing.iter().any(|found| found.name == index.name) {
            drop_on_postgres(database, &index.name).await?;
        }
        if of_search.as_deref() == Some(index.name.as_str()) {
            add_column(database, content_type).await?;
            fill(database, content_type).await?;
        }
        // Outside of any transaction: within one, it would keep all others from writing.
        if let Err(error) = database.reader().execute_unprepared(&index.create(true)).await {
            drop_on_postgres(database, &index.name).await?;
            return Err(explained(content_type, index, error.into()));
        }
    }
    if !missing.is_empty() {
        // The planner knows nothing of an expression that was never looked at.
        database.reader().execute_unprepared(&format!("ANALYZE {}", content_type.table())).await?;
    }
    Ok(())
}

/// Makes the column for words on PostgreSQL. It is empty at first, so that no row is written.
async fn add_column(database: &Database, content_type: &ContentType) -> Result<()> {
    let Some(column) = search::column(content_type, database.backend()) else { return Ok(()) };
    let table = content_type.table();
    execute(database, format!("ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column} TSVECTOR")).await
}

async fn drop_on_postgres(database: &Database, name: &str) -> Result<(), DbErr> {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
    database.reader().execute_unprepared(&sql).await.map(|_| ())
}

/// Makes the full-text table of SQLite, and fills in what is missing there, which is all of a new one.
async fn build_search(database: &Database, content_type: &ContentType) -> Result<()> {
    let Some(table) = search::table(content_type) else { return Ok(()) };
    execute(database, search::create_table(&table)).await?;
    fill(database, content_type).await
}

/// Writes the words of entries: of all on PostgreSQL, of those that have none on SQLite.
async fn fill(database: &Database, content_type: &ContentType) -> Result<()> {
    let mut after = Some(0);
    while let Some(seq) = after {
        let written = database.write((content_type.clone(), seq), |transaction, (content_type, seq)| {
            Box::pin(async move { Ok(fill_some(transaction, content_type, *seq).await?) })
        });
        after = written.await?;
    }
    Ok(())
}

/// Returns the last of the entries that it looked at; none at the end.
async fn fill_some(
    transaction: &Transaction,
    content_type: &ContentType,
    after: i64,
) -> Result<Option<i64>, DbErr> {
    let backend = transaction.get_database_backend();
    let search = match backend {
        DbBackend::Postgres => search::column(content_type, backend),
        _ => search::table(content_type),
    };
    let Some(search) = search else { return Ok(None) };
    let table = content_type.table();
    let mut sql = row::select(content_type, backend);
    sql.push("seq > ").bind(after);
    if backend == DbBackend::Postgres {
        // Nobody changes what is being read into words.
        sql.push(" ORDER BY seq LIMIT ").bind(limit(CHUNK as u64)).push(" FOR NO KEY UPDATE");
    } else {
        // FTS5 has a row here for each that it knows the words of.
        let known = format!("(SELECT 1 FROM {search}_docsize WHERE {search}_docsize.id = {table}.seq)");
        sql.push(&format!(" AND NOT EXISTS {known} ORDER BY seq LIMIT ")).bind(limit(CHUNK as u64));
    }
    let rows = row::rows(transaction, content_type, sql).await?;
    let words = |row: &row::Row| search::words_of(content_type, &row.entry.fields).unwrap_or_default();
    if backend == DbBackend::Postgres {
        let words: Vec<(i64, String)> = rows.iter().map(|row| (row.seq, words(row))).collect();
        write_vectors(transaction, (&table, &search), &words).await?;
    } else {
        for row in &rows {
            search::write(transaction, &search, row.seq, &words(row)).await?;
        }
    }
    Ok(rows.last().map(|row| row.seq))
}

async fn write_vectors(
    transaction: &Transaction,
    (table, column): (&str, &str),
    words: &[(i64, String)],
) -> Result<(), DbErr> {
    if words.is_empty() {
        return Ok(());
    }
    let text = format!(
        "UPDATE {table} SET {column} = array_to_tsvector(string_to_array(found.words, ' ')) FROM (VALUES "
    );
    let mut sql = Sql::new(DbBackend::Postgres, &text);
    for (place, (seq, words)) in words.iter().enumerate() {
        sql.push(if place == 0 { "(" } else { ", (" });
        sql.bind(*seq).push("::bigint, ").bind(words.as_str()).push("::text)");
    }
    sql.push(&format!(") AS found (seq, words) WHERE {table}.seq = found.seq"));
    sql.execute(transaction).await.map(|_| ())
}

/// A repeated value, in words.
fn explained(content_type: &ContentType, index: &IndexSpec, error: ApiError) -> ApiError {
    let is_repeated = error.database_cause().is_some_and(is_unique_violation);
    let field = index.unique.and_then(|place| Some((place, content_type.definition.fields.get(place)?)));
    match field {
        Some((place, field)) if is_repeated => {
            let message = format!(
                "Two entries have the same `{}`. Give each its own, or take the value out of all but one; \
                 then try again.",
                field.name
            );
            ApiError::validation(vec![FieldError::new(format!("fields[{place}].unique"), message)])
        }
        _ => error,
    }
}
