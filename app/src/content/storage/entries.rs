//! Entries of one type.

mod interval;
pub(super) mod list;
pub(super) mod plan;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult};
use serde_json::Map;

pub(crate) use super::{
    row::Row,
    slugs::{forget_slug, moved_slug, remember_slug},
};
pub(crate) use list::{list, slice};

use super::{
    expression::Expression,
    links, row, search, slugs,
    sql::{CHUNK, Sql, limit},
};
use crate::{
    clock::Timestamp,
    content::{ContentType, Entry, EntryStatus, check, definition::Field, model::Link},
    database::Transaction,
    ids::EntryId,
};

/// What is written of an entry beside its own columns. It is made before the transaction, which others wait for.
#[derive(Clone, Debug)]
pub(crate) struct Derived {
    data: String,
    words: Option<String>,
    links: Vec<Link>,
}

impl Derived {
    /// What follows from the values of the entry, and from what is stored.
    pub(crate) fn of(content_type: &ContentType, entry: &Entry) -> Result<Self, DbErr> {
        Ok(Self {
            data: json(&entry.stored)?,
            words: search::words_of(content_type, &entry.fields),
            links: check::links(content_type, &entry.fields),
        })
    }
}

/// Adds an entry, as it is stored. Answers whether it did: not where there is an entry with its id or with a value that
/// must be unique, nor where the type has another version by now or is switched off.
pub(crate) async fn insert(
    transaction: &Transaction,
    content_type: &ContentType,
    entry: &Entry,
    derived: &Derived,
) -> Result<bool, DbErr> {
    let backend = transaction.get_database_backend();
    let column = search::column(content_type, backend);
    let mut sql = Sql::new(
        backend,
        &format!(
            "INSERT INTO {} (id, status, created_by, updated_by, created_at, updated_at, published_at, \
             version, data{}) SELECT ",
            content_type.table(),
            column.as_ref().map(|column| format!(", {column}")).unwrap_or_default(),
        ),
    );
    sql.bind(entry.id).push(", ").bind(entry.status.as_str());
    sql.push(", ").bind(entry.created_by.map(|id| id.0)).push(", ").bind(entry.updated_by.map(|id| id.0));
    sql.push(", ").bind(entry.created_at.millis()).push(", ").bind(entry.updated_at.millis());
    sql.push(", ").bind(entry.published_at.map(|moment| moment.millis())).push(", ").bind(entry.version);
    push_data(sql.push(", "), backend, &derived.data);
    if column.is_some() {
        search::push_vector(sql.push(", "), derived.words.as_deref());
    }
    sql.push(" WHERE EXISTS (SELECT 1 FROM content_types WHERE number = ").bind(content_type.number);
    sql.push(" AND version = ").bind(content_type.version).push(" AND enabled) ON CONFLICT DO NOTHING");
    if sql.affected(transaction).await? == 0 {
        return Ok(false);
    }
    if backend == DbBackend::Sqlite
        && let (Some(table), Some(words)) = (search::table(content_type), &derived.words)
    {
        search::write_last(transaction, &table, words).await?;
    }
    links::insert(transaction, content_type.number, entry.id, &derived.links).await?;
    Ok(true)
}

/// Writes an entry over the one with its id, unless that has another version than `seen_version` by now. What the type
/// is being changed to, it is no longer prepared for.
pub(crate) async fn update(
    transaction: &Transaction,
    content_type: &ContentType,
    entry: &Entry,
    derived: &Derived,
    seen_version: i64,
) -> Result<bool, DbErr> {
    let backend = transaction.get_database_backend();
    let Derived { data, words, links: found } = derived;
    let mut sql = Sql::new(backend, &format!("UPDATE {} SET prepared = 0, status = ", content_type.table()));
    sql.bind(entry.status.as_str());
    sql.push(", created_by = ").bind(entry.created_by.map(|id| id.0));
    sql.push(", updated_by = ").bind(entry.updated_by.map(|id| id.0));
    sql.push(", created_at = ").bind(entry.created_at.millis());
    sql.push(", updated_at = ").bind(entry.updated_at.millis());
    sql.push(", published_at = ").bind(entry.published_at.map(|moment| moment.millis()));
    sql.push(", version = ").bind(entry.version);
    push_data(sql.push(", data = "), backend, data);
    if let Some(column) = search::column(content_type, backend) {
        search::push_vector(sql.push(&format!(", {column} = ")), words.as_deref());
    }
    sql.push(" WHERE id = ").bind(entry.id).push(" AND version = ").bind(seen_version);
    if sql.affected(transaction).await? == 0 {
        return Ok(false);
    }
    if backend == DbBackend::Sqlite
        && let (Some(table), Some(words)) = (search::table(content_type), words)
    {
        search::rewrite(transaction, content_type, &table, (entry.id.0, words.as_str())).await?;
    }
    links::replace(transaction, content_type, entry.id, found).await?;
    Ok(true)
}

/// Removes an entry with all that is known of it, unless it has another version than `seen_version` by now.
pub(crate) async fn delete(
    transaction: &Transaction,
    content_type: &ContentType,
    id: EntryId,
    seen_version: i64,
) -> Result<bool, DbErr> {
    let backend = transaction.get_database_backend();
    if backend == DbBackend::Sqlite
        && let Some(table) = search::table(content_type)
    {
        search::remove(transaction, content_type, &table, (id.0, seen_version)).await?;
    }
    let mut sql = Sql::new(backend, &format!("DELETE FROM {} WHERE id = ", content_type.table()));
    sql.bind(id).push(" AND version = ").bind(seen_version);
    if sql.affected(transaction).await? == 0 {
        return Ok(false);
    }
    links::remove(transaction, content_type.number, id).await?;
    slugs::forget_all(transaction, content_type.number, id).await?;
    Ok(true)
}

/// The entry with this id.
pub(crate) async fn find(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    id: EntryId,
) -> Result<Option<Entry>, DbErr> {
    let mut sql = row::select(content_type, database.get_database_backend());
    sql.push("id = ").bind(id);
    let row = row::rows(database, content_type, sql).await?.pop();
    Ok(row.map(|row| row.entry))
}

/// The entries with these ids, as far as there are any, in no order; to be shown, not to be written.
pub(crate) async fn find_many(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    ids: &[EntryId],
) -> Result<Vec<Entry>, DbErr> {
    let mut found = Vec::with_capacity(ids.len());
    for ids in ids.chunks(CHUNK) {
        let mut sql = row::select(content_type, database.get_database_backend());
        sql.push("id IN ").bind_all(ids.iter().map(|id| (*id).into()));
        found.extend(row::shown(database, content_type, sql).await?);
    }
    Ok(found)
}

/// The entry with this slug, whatever its status, to be shown and not to be written; none where the type has no slugs.
pub(crate) async fn find_by_slug(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    slug: &str,
) -> Result<Option<Entry>, DbErr> {
    let backend = database.get_database_backend();
    let field = content_type.definition.slug_field();
    let Some(unique) = field.and_then(|field| Expression::unique(content_type, field, backend)) else {
        return Ok(None);
    };
    let mut sql = row::select(content_type, backend);
    sql.push(&unique.sql).push(" = ").bind(slug);
    Ok(row::shown(database, content_type, sql).await?.pop())
}

/// Whether an entry other than `but` has this value in a unique field, whatever its status.
pub(crate) async fn taken(
    transaction: &impl ConnectionTrait,
    content_type: &ContentType,
    field: &Field,
    value: &serde_json::Value,
    but: EntryId,
) -> Result<bool, DbErr> {
    let backend = transaction.get_database_backend();
    let Some(unique) = Expression::unique(content_type, field, backend) else { return Ok(false) };
    let value = unique.value(&check::index_value(field, Some(value)));
    let text = format!("SELECT 1 FROM {} WHERE {} = ", content_type.table(), unique.sql);
    let mut sql = Sql::new(backend, &text);
    sql.bind(value).push(" AND id <> ").bind(but).push(" LIMIT 1");
    Ok(sql.one(transaction).await?.is_some())
}

/// What the address of an entry's page is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishedPath {
    /// Its place in the order of creation.
    pub(crate) seq: i64,
    /// The entry.
    pub(crate) id: EntryId,
    /// None where the type has no slugs.
    pub(crate) slug: Option<String>,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// Where the pages of published entries are, in the order of their creation, going on after this place in it. Zero is
/// before all. The rest of an entry is not read.
pub(crate) async fn published_paths(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    after_seq: i64,
    most: u64,
) -> Result<Vec<PublishedPath>, DbErr> {
    let backend = database.get_database_backend();
    let field = content_type.definition.slug_field();
    let slug = field.and_then(|field| Expression::unique(content_type, field, backend));
    let slug = slug.map_or_else(|| "CAST(NULL AS TEXT)".to_owned(), |slug| slug.sql);
    // The order is that of the rows: SQLite would find them by their status, and sort them.
    let guard = if backend == DbBackend::Sqlite { "+" } else { "" };
    let text =
        format!("SELECT seq, id, {slug}, updated_at FROM {} WHERE {guard}status = ", content_type.table());
    let mut sql = Sql::new(backend, &text);
    sql.bind(EntryStatus::Published.as_str()).push(" AND seq > ").bind(after_seq);
    sql.push(" ORDER BY seq LIMIT ").bind(limit(most));
    let path = |row: &QueryResult| {
        Ok(PublishedPath {
            seq: row.try_get_by_index(0)?,
            id: EntryId(row.try_get_by_index(1)?),
            slug: row.try_get_by_index(2)?,
            updated_at: Timestamp::from_millis(row.try_get_by_index(3)?),
        })
    };
    sql.all(database).await?.iter().map(path).collect()
}

/// How many entries there are, of one status or of all.
pub(crate) async fn count(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    status: Option<EntryStatus>,
) -> Result<u64, DbErr> {
    let text = format!("SELECT COUNT(*) FROM {}", content_type.table());
    let mut sql = Sql::new(database.get_database_backend(), &text);
    if let Some(status) = status {
        sql.push(" WHERE status = ").bind(status.as_str());
    }
    sql.number(database).await
}

/// Entries in the order of their creation, going on after this place in it. Zero is before all.
pub(crate) async fn batch(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    after_seq: i64,
    most: u64,
) -> Result<Vec<Row>, DbErr> {
    let mut sql = row::select(content_type, database.get_database_backend());
    sql.push("seq > ").bind(after_seq).push(" ORDER BY seq LIMIT ").bind(limit(most));
    row::rows(database, content_type, sql).await
}

/// The same, of the entries that were not prepared for `target_version`.
pub(crate) async fn unprepared(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    target_version: i64,
    after_seq: i64,
    most: u64,
) -> Result<Vec<Row>, DbErr> {
    let mut sql = row::select(content_type, database.get_database_backend());
    sql.push("seq > ").bind(after_seq).push(" AND prepared <> ").bind(target_version);
    sql.push(" ORDER BY seq LIMIT ").bind(limit(most));
    row::rows(database, content_type, sql).await
}

/// Makes an entry ready for `content_type`, the type as it shall be: writes what is stored, its links and its words,
/// and notes `target_version`, unless the entry has another version than `seen_version` by now. The version stays,
/// since to readers nothing has changed.
///
/// Words go to the full-text table or the column of the type as it shall be, and nowhere else, so that searches find
/// what they found; while there is none, [`super::indexes::build`] will add them.
pub(crate) async fn prepare(
    transaction: &Transaction,
    content_type: &ContentType,
    seq: i64,
    seen_version: i64,
    stored: &Map<String, serde_json::Value>,
    target_version: i64,
) -> Result<bool, DbErr> {
    let backend = transaction.get_database_backend();
    let table = content_type.table();
    let fields = Entry::named(&content_type.definition, &content_type.layout, stored);
    let words = search::words_of(content_type, &fields);
    let mut sql = Sql::new(backend, &format!("UPDATE {table} SET prepared = "));
    sql.bind(target_version);
    push_data(sql.push(", data = "), backend, &json(stored)?);
    if let Some(column) = search::standing_column(transaction, content_type).await? {
        search::push_vector(sql.push(&format!(", {column} = ")), words.as_deref());
    }
    sql.push(" WHERE seq = ").bind(seq).push(" AND version = ").bind(seen_version);
    if sql.affected(transaction).await? == 0 {
        return Ok(false);
    }
    if backend == DbBackend::Sqlite
        && let (Some(search), Some(words)) = (search::table(content_type), words)
        && search::tables(transaction, &table).await?.contains(&search)
    {
        search::write(transaction, &search, seq, &words).await?;
    }
    if !links::keys(content_type).is_empty() {
        let mut sql = Sql::new(backend, &format!("SELECT id FROM {table} WHERE seq = "));
        sql.bind(seq);
        if let Some(row) = sql.one(transaction).await? {
            let found = check::links(content_type, &fields);
            links::replace(transaction, content_type, EntryId(row.try_get_by_index(0)?), &found).await?;
        }
    }
    Ok(true)
}

fn json(stored: &Map<String, serde_json::Value>) -> Result<String, DbErr> {
    serde_json::to_string(stored).map_err(|error| DbErr::Json(error.to_string()))
}

fn push_data(sql: &mut Sql, backend: DbBackend, data: &str) {
    sql.bind(data);
    if backend == DbBackend::Postgres {
        sql.push("::jsonb");
    }
}
