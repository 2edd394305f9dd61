//! The queries of scheduled work.

use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QueryOrder, QuerySelect, Statement,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::job::{JobKey, Outcome};
use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities::{cron_jobs, cron_runs},
    error::Result,
    http::Cursor,
};

/// Rows in one statement: thirteen values each, of which both databases take more than 32 000.
pub(super) const AT_ONCE: usize = 500;
/// Rows taken away in one transaction.
const REMOVED_AT_ONCE: u32 = 2000;
/// How long runs are kept, in seconds, and how many of one job at most.
const KEPT: i64 = 7 * 24 * 60 * 60;
const KEPT_OF_EACH: u32 = 500;
/// Those of the last hour are kept however many there are: they are what keeps a due time from starting twice where the
/// clock goes back.
const KEPT_IN_ANY_CASE: i64 = 60 * 60;

/// Which runs.
#[derive(Clone, Debug, Default)]
pub(super) struct RunFilter {
    /// Of this plugin, or `site`.
    pub(super) owner: Option<String>,
    /// Of the jobs of this name.
    pub(super) job_type: Option<String>,
    /// That stand so.
    pub(super) outcome: Option<Outcome>,
}

/// What tells jobs apart.
const JOB: (cron_jobs::Column, cron_jobs::Column) = (cron_jobs::Column::Owner, cron_jobs::Column::JobType);
const JOB_OF_RUN: (cron_runs::Column, cron_runs::Column) =
    (cron_runs::Column::Owner, cron_runs::Column::JobType);

/// All jobs that were ever scheduled and belong to a plugin that is installed.
pub(super) async fn all_jobs(
    database: &impl ConnectionTrait,
) -> Result<HashMap<JobKey, cron_jobs::Model>, DbErr> {
    Ok(by_key(cron_jobs::Entity::find().all(database).await?))
}

/// These jobs, at most [`AT_ONCE`].
pub(super) async fn jobs(
    database: &impl ConnectionTrait,
    keys: &[JobKey],
) -> Result<HashMap<JobKey, cron_jobs::Model>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    Ok(by_key(cron_jobs::Entity::find().filter(are(keys, JOB)).all(database).await?))
}

/// These jobs, which nobody else changes before the end of the transaction.
pub(super) async fn jobs_to_change(
    transaction: &Transaction,
    keys: &[JobKey],
) -> Result<HashMap<JobKey, cron_jobs::Model>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    // In one order, so that two who want the same do not wait for each other.
    let query = cron_jobs::Entity::find()
        .filter(are(keys, JOB))
        .order_by_asc(cron_jobs::Column::Owner)
        .order_by_asc(cron_jobs::Column::JobType)
        .lock_exclusive();
    Ok(by_key(query.all(transaction).await?))
}

fn by_key(rows: Vec<cron_jobs::Model>) -> HashMap<JobKey, cron_jobs::Model> {
    rows.into_iter().map(|row| (JobKey::new(&row.owner, &row.job_type), row)).collect()
}

/// Rows of these jobs, in the table with these columns.
fn are<C: ColumnTrait>(keys: &[JobKey], (owner_column, job_type_column): (C, C)) -> Condition {
    let mut by_owner: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in keys {
        by_owner.entry(&key.owner).or_default().push(&key.job_type);
    }
    let of_owner = |(owner, job_types): (&str, Vec<&str>)| {
        Condition::all().add(owner_column.eq(owner)).add(job_type_column.is_in(job_types))
    };
    by_owner.into_iter().map(of_owner).fold(Condition::any(), |any, of| any.add(of))
}

/// Takes over how jobs are scheduled. Whether an administrator paused one stays.
pub(super) async fn save_schedules(
    transaction: &Transaction,
    rows: &[cron_jobs::Model],
) -> Result<(), DbErr> {
    use cron_jobs::Column::{Expression, NextDue, TimeZone, UpdatedAt};
    save(transaction, rows, &[Expression, TimeZone, NextDue, UpdatedAt]).await
}

/// Takes over when jobs are due next.
pub(super) async fn save_next(transaction: &Transaction, rows: &[cron_jobs::Model]) -> Result<(), DbErr> {
    save(transaction, rows, &[cron_jobs::Column::NextDue, cron_jobs::Column::UpdatedAt]).await
}

/// Takes over whether a job is paused, and when it is due next.
pub(super) async fn save_paused(transaction: &Transaction, row: cron_jobs::Model) -> Result<(), DbErr> {
    use cron_jobs::Column::{NextDue, Paused, UpdatedAt};
    save(transaction, &[row], &[Paused, NextDue, UpdatedAt]).await
}

async fn save(
    transaction: &Transaction,
    rows: &[cron_jobs::Model],
    columns: &[cron_jobs::Column],
) -> Result<(), DbErr> {
    for chunk in rows.chunks(AT_ONCE) {
        let conflict = OnConflict::columns([cron_jobs::Column::Owner, cron_jobs::Column::JobType])
            .update_columns(columns.iter().copied())
            .to_owned();
        cron_jobs::Entity::insert_many(chunk.iter().cloned().map(IntoActiveModel::into_active_model))
            .on_conflict(conflict)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Forgets the jobs of a plugin that is uninstalled. What is known of their runs stays.
///
/// # Errors
/// Where the database fails.
pub async fn forget(transaction: &Transaction, owner: &str) -> Result<()> {
    cron_jobs::Entity::delete_many().filter(cron_jobs::Column::Owner.eq(owner)).exec(transaction).await?;
    Ok(())
}

/// Has the jobs of a plugin wait that is switched off: once it is on again, they go on from that moment.
///
/// # Errors
/// Where the database fails.
pub async fn disarm(transaction: &Transaction, owner: &str) -> Result<()> {
    cron_jobs::Entity::update_many()
        .col_expr(cron_jobs::Column::NextDue, Expr::value(None::<i64>))
        .filter(cron_jobs::Column::Owner.eq(owner))
        .exec(transaction)
        .await?;
    Ok(())
}

/// All runs that are at work, as far as the database knows.
pub(super) async fn running(database: &impl ConnectionTrait) -> Result<Vec<cron_runs::Model>, DbErr> {
    cron_runs::Entity::find()
        .filter(cron_runs::Column::Outcome.eq(Outcome::Running.as_str()))
        .all(database)
        .await
}

/// Since when those of these jobs are at work of which a run is.
pub(super) async fn at_work(
    database: &impl ConnectionTrait,
    keys: &[JobKey],
) -> Result<HashMap<JobKey, Timestamp>, DbErr> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let running: Vec<(String, String, i64)> = cron_runs::Entity::find()
        .select_only()
        .columns([cron_runs::Column::Owner, cron_runs::Column::JobType, cron_runs::Column::StartedAt])
        .filter(cron_runs::Column::Outcome.eq(Outcome::Running.as_str()))
        .filter(are(keys, JOB_OF_RUN))
        .order_by_desc(cron_runs::Column::StartedAt)
        .into_tuple()
        .all(database)
        .await?;
    // The earliest comes last and stays.
    let since = |(owner, job_type, at): (String, String, i64)| {
        (JobKey::new(&owner, &job_type), Timestamp::from_millis(at))
    };
    Ok(running.into_iter().map(since).collect())
}

/// Adds runs, and answers which of them are new. A due time of a job that has a run already gets no other.
pub(super) async fn add_runs(
    transaction: &Transaction,
    rows: &[cron_runs::Model],
) -> Result<HashSet<Uuid>, DbErr> {
    use cron_runs::Column::{Attempt, DueAt, JobType, Owner};
    let mut added = HashSet::new();
    for chunk in rows.chunks(AT_ONCE) {
        let conflict = OnConflict::columns([Owner, JobType, DueAt, Attempt]).do_nothing().to_owned();
        cron_runs::Entity::insert_many(chunk.iter().cloned().map(IntoActiveModel::into_active_model))
            .on_conflict(conflict)
            .exec_without_returning(transaction)
            .await?;
        let ids: Vec<Uuid> = cron_runs::Entity::find()
            .select_only()
            .column(cron_runs::Column::Id)
            .filter(cron_runs::Column::Id.is_in(chunk.iter().map(|row| row.id)))
            .into_tuple()
            .all(transaction)
            .await?;
        added.extend(ids);
    }
    Ok(added)
}

/// Keeps the leases of a process good until this moment.
pub(super) async fn renew(transaction: &Transaction, holder: Uuid, until: Timestamp) -> Result<u64, DbErr> {
    let renewed = cron_runs::Entity::update_many()
        .col_expr(cron_runs::Column::LeaseUntil, Expr::value(until.millis()))
        .filter(cron_runs::Column::Outcome.eq(Outcome::Running.as_str()))
        .filter(cron_runs::Column::Holder.eq(holder))
        .exec(transaction)
        .await?;
    Ok(renewed.rows_affected)
}

/// Ends a run as it stands here, if nobody else has changed it meanwhile. Answers whether that was so.
pub(super) async fn abort(
    transaction: &Transaction,
    run: &cron_runs::Model,
    now: Timestamp,
    detail: &str,
) -> Result<bool, DbErr> {
    let holder = match run.holder {
        Some(holder) => cron_runs::Column::Holder.eq(holder),
        None => cron_runs::Column::Holder.is_null(),
    };
    let lease = match run.lease_until {
        Some(until) => cron_runs::Column::LeaseUntil.eq(until),
        None => cron_runs::Column::LeaseUntil.is_null(),
    };
    let aborted = cron_runs::Entity::update_many()
        .col_expr(cron_runs::Column::Outcome, Expr::value(Outcome::Aborted.as_str()))
        .col_expr(cron_runs::Column::EndedAt, Expr::value(now.millis()))
        .col_expr(cron_runs::Column::Detail, Expr::value(detail))
        .col_expr(cron_runs::Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(cron_runs::Column::Id.eq(run.id))
        .filter(cron_runs::Column::Outcome.eq(Outcome::Running.as_str()))
        .filter(holder)
        .filter(lease)
        .exec(transaction)
        .await?;
    Ok(aborted.rows_affected == 1)
}

/// Writes when a run began in the end and how it ended, if this process holds it still. Answers whether it does.
pub(super) async fn end(
    transaction: &Transaction,
    run: &cron_runs::Model,
    holder: Uuid,
) -> Result<bool, DbErr> {
    let ended = cron_runs::Entity::update_many()
        .col_expr(cron_runs::Column::Outcome, Expr::value(run.outcome.as_str()))
        .col_expr(cron_runs::Column::StartedAt, Expr::value(run.started_at))
        .col_expr(cron_runs::Column::EndedAt, Expr::value(run.ended_at))
        .col_expr(cron_runs::Column::Detail, Expr::value(run.detail.clone()))
        .col_expr(cron_runs::Column::Output, Expr::value(run.output.clone()))
        .col_expr(cron_runs::Column::LeaseUntil, Expr::value(None::<i64>))
        .filter(cron_runs::Column::Id.eq(run.id))
        .filter(cron_runs::Column::Outcome.eq(Outcome::Running.as_str()))
        .filter(cron_runs::Column::Holder.eq(holder))
        .exec(transaction)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// The last run of each job that is scheduled, without what it wrote.
pub(super) async fn last_runs(
    database: &impl ConnectionTrait,
) -> Result<HashMap<JobKey, cron_runs::Model>, DbErr> {
    // One look into the index for each job, however many runs it has.
    const SQL: &str = "SELECT r.id, r.owner, r.job_type, r.due_at, r.attempt, r.\"trigger\", r.started_at, \
        r.ended_at, r.outcome, r.detail, NULL AS output, r.holder, r.lease_until \
        FROM cron_jobs j JOIN cron_job_runs r ON r.id = (\
        SELECT x.id FROM cron_job_runs x WHERE x.owner = j.owner AND x.job_type = j.job_type \
        ORDER BY x.due_at DESC, x.attempt DESC LIMIT 1)";
    let statement = Statement::from_string(database.get_database_backend(), SQL);
    let runs = cron_runs::Entity::find().from_raw_sql(statement).all(database).await?;
    Ok(runs.into_iter().map(|run| (JobKey::new(&run.owner, &run.job_type), run)).collect())
}

/// The last run of a job.
pub(super) async fn last_run(
    database: &impl ConnectionTrait,
    key: &JobKey,
) -> Result<Option<cron_runs::Model>, DbErr> {
    cron_runs::Entity::find()
        .filter(cron_runs::Column::Owner.eq(&*key.owner))
        .filter(cron_runs::Column::JobType.eq(&*key.job_type))
        .order_by_desc(cron_runs::Column::DueAt)
        .order_by_desc(cron_runs::Column::Attempt)
        .one(database)
        .await
}

/// One run.
pub(super) async fn run(
    database: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<cron_runs::Model>, DbErr> {
    cron_runs::Entity::find_by_id(id).one(database).await
}

/// Runs, newest first, without what they wrote.
pub(super) async fn runs(
    database: &impl ConnectionTrait,
    filter: &RunFilter,
    after: Option<Cursor>,
    limit: u64,
) -> Result<Vec<cron_runs::Model>, DbErr> {
    let mut query = cron_runs::Entity::find()
        .select_only()
        .columns(cron_runs::Column::iter().filter(|column| !matches!(column, cron_runs::Column::Output)))
        .expr_as(Expr::cust("NULL"), "output")
        .order_by_desc(cron_runs::Column::Id)
        .limit(limit);
    if let Some(owner) = &filter.owner {
        query = query.filter(cron_runs::Column::Owner.eq(owner.as_str()));
    }
    if let Some(job_type) = &filter.job_type {
        query = query.filter(cron_runs::Column::JobType.eq(job_type.as_str()));
    }
    if let Some(outcome) = filter.outcome {
        query = query.filter(cron_runs::Column::Outcome.eq(outcome.as_str()));
    }
    if let Some(after) = after {
        query = query.filter(cron_runs::Column::Id.lt(after.id));
    }
    query.all(database).await
}

/// Takes away what is known of runs of long ago, and of more runs of a job than anybody reads. Answers how many.
pub(super) async fn clean_up(database: &Database, now: Timestamp) -> Result<u64> {
    let (old, recent) = (now.plus_seconds(-KEPT).millis(), now.plus_seconds(-KEPT_IN_ANY_CASE).millis());
    let outdated = format!(
        "DELETE FROM cron_job_runs WHERE id IN (SELECT id FROM cron_job_runs \
         WHERE outcome <> 'running' AND due_at < {old} LIMIT {REMOVED_AT_ONCE})"
    );
    let too_many = format!(
        "DELETE FROM cron_job_runs WHERE id IN (SELECT id FROM (SELECT id, due_at, \
         ROW_NUMBER() OVER (PARTITION BY owner, job_type ORDER BY due_at DESC, attempt DESC) AS place \
         FROM cron_job_runs WHERE outcome <> 'running') ranked \
         WHERE place > {KEPT_OF_EACH} AND due_at < {recent} LIMIT {REMOVED_AT_ONCE})"
    );
    Ok(remove_all(database, outdated).await? + remove_all(database, too_many).await?)
}

/// Runs a statement that removes so many rows until it finds no more.
async fn remove_all(database: &Database, sql: String) -> Result<u64> {
    let mut gone = 0;
    loop {
        let removed = database
            .write(sql.clone(), |transaction, sql| {
                Box::pin(async move {
                    let statement = Statement::from_string(transaction.get_database_backend(), sql.as_str());
                    Ok(transaction.execute_raw(statement).await?.rows_affected())
                })
            })
            .await?;
        gone += removed;
        if removed < u64::from(REMOVED_AT_ONCE) {
            return Ok(gone);
        }
    }
}
