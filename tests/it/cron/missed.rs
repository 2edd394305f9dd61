//! What was due while no server ran.

use fleuron::clock::Timestamp;
use fleuron::entities::cron_jobs;
use fleuron_tests::{TestApp, both, eventually, text};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::{CLOCKWORK, YEARLY, job, job_of, moment, runs_of, site};

/// Has all jobs of the clockwork been due at this moment, as far as the database knows.
async fn was_due(app: &TestApp, due: Timestamp) {
    let changed = app
        .within(move |services| async move {
            let write = services.database.write(due, |transaction, due| {
                Box::pin(async move {
                    let changed = cron_jobs::Entity::update_many()
                        .col_expr(cron_jobs::Column::NextDue, Expr::value(due.millis()))
                        .filter(cron_jobs::Column::Owner.eq(CLOCKWORK))
                        .exec(transaction)
                        .await?;
                    Ok(changed.rows_affected)
                })
            });
            write.await.unwrap()
        })
        .await;
    assert_eq!(changed, 2);
}

both! {
    async fn it_is_made_up_for_once_or_not_at_all(
        app: TestApp = site(&format!("{}{}", job("once", YEARLY, ""), job("skip", YEARLY, "catch_up = \"skip\"")))
    ) {
        let administrator = app.administrator().await;
        for job_type in ["once", "skip"] {
            assert!(job_of(&administrator, job_type).await["next_due"].is_string());
        }
        let due = Timestamp::from_millis(Timestamp::now().plus_seconds(-7200).millis() / 1000 * 1000);
        was_due(&app, due).await;
        let app = app.restart().await;
        let administrator = app.administrator().await;
        for (job_type, trigger, outcome) in [("once", "catch_up", "succeeded"), ("skip", "schedule", "missed")] {
            let runs = eventually(&format!("{job_type} is {outcome}"), async || {
                let runs = runs_of(&administrator, job_type).await;
                runs.iter().any(|run| run["outcome"] == outcome).then_some(runs)
            })
            .await;
            assert_eq!(runs.len(), 1, "{runs:#?}");
            assert_eq!((text(&runs[0], "trigger"), moment(&runs[0], "due_at")), (trigger, due));
            assert_eq!(runs[0]["attempt"], json!(1));
            assert!(moment(&job_of(&administrator, job_type).await, "next_due") > Timestamp::now());
        }
    }
}
