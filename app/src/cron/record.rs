//! The record of runs: a row is there before its job starts, and tells afterwards how it ended.

use fleuron_plugin_host::CallError;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use super::job::Due;
use crate::{clock::Timestamp, database::Database, entities::cron_runs, error::Result};

/// How long the rows of a plugin's runs are kept, in seconds.
const KEPT: i64 = 7 * 24 * 60 * 60;
/// What a row says while its job runs.
const RUNNING: &str = "running";

/// Writes that a run starts; answers its id.
pub(super) async fn begin(database: &Database, due: &Due) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let row = cron_runs::Model {
        id,
        plugin_id: due.key.plugin.to_string(),
        job_type: due.key.job_type.clone(),
        due_at: due.at.timestamp_millis(),
        started_at: Timestamp::now().millis(),
        ended_at: None,
        outcome: RUNNING.to_owned(),
        detail: None,
    };
    database
        .write(row, |transaction, row| {
            Box::pin(async move {
                let row = cron_runs::ActiveModel::from(row.clone());
                cron_runs::Entity::insert(row).exec_without_returning(transaction).await?;
                Ok(())
            })
        })
        .await?;
    Ok(id)
}

/// Writes how a run ended, and takes away what is known of the plugin's runs of long ago.
pub(super) async fn end(
    database: &Database,
    id: Uuid,
    due: &Due,
    outcome: &Result<(), CallError>,
) -> Result<()> {
    let change = cron_runs::ActiveModel {
        id: Set(id),
        ended_at: Set(Some(Timestamp::now().millis())),
        outcome: Set(if outcome.is_ok() { "succeeded" } else { "failed" }.to_owned()),
        detail: Set(outcome.as_ref().err().map(ToString::to_string)),
        ..Default::default()
    };
    database
        .write((change, due.key.plugin.to_string()), |transaction, (change, plugin)| {
            Box::pin(async move {
                change.clone().update(transaction).await?;
                cron_runs::Entity::delete_many()
                    .filter(cron_runs::Column::PluginId.eq(plugin.as_str()))
                    .filter(cron_runs::Column::DueAt.lt(Timestamp::now().plus_seconds(-KEPT).millis()))
                    .filter(cron_runs::Column::Outcome.ne(RUNNING))
                    .exec(transaction)
                    .await?;
                Ok(())
            })
        })
        .await
}

/// Whether any row says that its job runs.
pub(super) async fn are_running(database: &Database) -> Result<bool> {
    let running = cron_runs::Entity::find().filter(cron_runs::Column::Outcome.eq(RUNNING));
    Ok(running.one(database.reader()).await?.is_some())
}

/// Marks the rows of runs whose process died. To be called by the holder of the lease while nothing runs here.
pub(super) async fn abort_left_behind(database: &Database) -> Result<()> {
    let aborted = database
        .write((), |transaction, ()| {
            Box::pin(async move {
                let change = cron_runs::Entity::update_many()
                    .col_expr(cron_runs::Column::Outcome, Expr::value("aborted"))
                    .col_expr(cron_runs::Column::EndedAt, Expr::value(Timestamp::now().millis()))
                    .col_expr(cron_runs::Column::Detail, Expr::value("the server ended during the run"))
                    .filter(cron_runs::Column::Outcome.eq(RUNNING))
                    .exec(transaction)
                    .await?;
                Ok(change.rows_affected)
            })
        })
        .await?;
    if aborted > 0 {
        tracing::warn!(aborted, "cron runs were cut short when a server ended");
    }
    Ok(())
}
