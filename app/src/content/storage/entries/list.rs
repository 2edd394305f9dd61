//! Lists of entries, page by page.

use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::plan::{Drive, Plan};
use crate::content::{
    ContentType, Entry, EntryStatus,
    model::EntryList,
    storage::{
        expression::Expression,
        row,
        sql::{Sql, limit},
    },
};

/// More entries than this are never fetched and sorted, but looked for along the order.
pub(in crate::content::storage) const FEW: u64 = 500;
/// So few are always fetched and sorted.
const ALWAYS_FEW: u64 = 32;

/// The entries of a page, in its order.
pub(crate) async fn list(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    list: &EntryList,
) -> Result<Vec<Entry>, DbErr> {
    let Some(plan) = Plan::new(content_type, list, database.get_database_backend())? else {
        return Ok(Vec::new());
    };
    let drive = choose(database, &plan).await?;
    let mut entries = Vec::new();
    for run in plan.runs() {
        let missing = list.limit.saturating_sub(entries.len() as u64);
        if missing == 0 {
            break;
        }
        for row in database.query_all_raw(plan.statement(drive, &run, missing)).await? {
            entries.push(row::show(content_type, &row)?);
        }
    }
    Ok(entries)
}

/// By what the entries are found.
pub(in crate::content::storage) async fn choose(
    database: &impl ConnectionTrait,
    plan: &Plan<'_>,
) -> Result<Drive, DbErr> {
    if database.get_database_backend() == DbBackend::Postgres {
        return Ok(Drive::Order);
    }
    let choices = plan.choices();
    if let [] | [Drive::Equality(_)] = choices.as_slice() {
        return Ok(choices.first().copied().unwrap_or(Drive::Order));
    }
    let mut counted = Vec::with_capacity(choices.len());
    for choice in choices {
        let row = database.query_one_raw(plan.count(choice, FEW)).await?;
        let count: i64 = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
        counted.push((count.unsigned_abs(), choice));
    }
    counted.sort_by_key(|(count, _)| *count);
    let is_compound = |(_, choice): &&(u64, Drive)| matches!(choice, Drive::Equality(_));
    let fewest = match counted.first() {
        Some((count, choice)) if are_few(database, plan, *count).await? => Some(*choice),
        _ => None,
    };
    let compound = || counted.iter().find(is_compound).map(|(_, choice)| *choice);
    Ok(fewest.or_else(compound).unwrap_or(Drive::Order))
}

/// Whether it takes less to fetch and sort so many entries than to go along the order until a page of them is found. To
/// fetch one costs about four times as much as to pass one by, and of those that are passed by as many fit as there are
/// among all.
async fn are_few(database: &impl ConnectionTrait, plan: &Plan<'_>, count: u64) -> Result<bool, DbErr> {
    if !(ALWAYS_FEW..FEW).contains(&count) {
        return Ok(count < ALWAYS_FEW);
    }
    let row = database.query_one_raw(plan.size()).await?;
    let entries = row.map(|row| row.try_get_by_index::<Option<i64>>(0)).transpose()?.flatten();
    Ok(count < entries.unwrap_or(0).unsigned_abs().isqrt() * 5 / 2)
}

/// Published entries in the type's own order, by their place in it. The index alone is walked up to that place.
pub(crate) async fn slice(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    offset: u64,
    most: u64,
) -> Result<Vec<Entry>, DbErr> {
    match slice_sql(content_type, database.get_database_backend(), offset, most) {
        Some(sql) => row::shown(database, content_type, sql).await,
        None => Ok(Vec::new()),
    }
}

/// What [`slice`] runs.
pub(in crate::content::storage) fn slice_sql(
    content_type: &ContentType,
    backend: DbBackend,
    offset: u64,
    most: u64,
) -> Option<Sql> {
    let sort = &content_type.definition.default_sort;
    let order = Expression::of(content_type, &sort.key, backend)?;
    let direction = if sort.descending { "DESC" } else { "ASC" };
    let guard = if backend == DbBackend::Sqlite { "+" } else { "" };
    let by = |guard: &str| format!("ORDER BY {guard}{} {direction}, {guard}id {direction}", order.sql);
    let mut sql = row::select(content_type, backend);
    sql.push(&format!("seq IN (SELECT seq FROM {} WHERE status = ", content_type.table()));
    sql.bind(EntryStatus::Published.as_str()).push(&format!(" {} LIMIT ", by("")));
    sql.bind(limit(most)).push(" OFFSET ").bind(limit(offset)).push(&format!(") {}", by(guard)));
    Some(sql)
}
