//! `/api/v1/admin/cron`: jobs, their runs, and how to steer them.

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::{
    CronService, JobKey, Outcome,
    dto::{JobResponse, RunDetailResponse, RunResponse},
    repo::RunFilter,
};
use crate::{
    auth::{Guard, permission::ManageOperations},
    error::{Problem, Result},
    http::{Cursor, Page, Path, Query},
};

/// Registers the routes.
pub fn configure(config: &mut ServiceConfig<'_>) {
    config
        .service(list_cron_jobs)
        .service(read_cron_job)
        .service(run_cron_job)
        .service(pause_cron_job)
        .service(resume_cron_job)
        .service(list_cron_runs)
        .service(read_cron_run);
}

/// Which runs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunQuery {
    /// Only of this plugin's jobs; `site` for the site's own.
    owner: Option<String>,
    /// Only of jobs with this name.
    job_type: Option<String>,
    /// Only those that stand so.
    outcome: Option<Outcome>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u64>,
}

/// All scheduled jobs: those of plugins that are loaded and the site's own, by owner and name.
#[utoipa::path(tag = "cron", security(("bearer" = [])), responses(
    (status = 200, description = "All jobs", body = Page<JobResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/cron/jobs")]
async fn list_cron_jobs(
    cron: web::Data<CronService>,
    _actor: Guard<ManageOperations>,
) -> Result<HttpResponse> {
    let items = cron.jobs().await?.into_iter().map(JobResponse::from).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: None }))
}

/// A scheduled job.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(
    ("owner" = String, Path, description = "The plugin's id, or `site`"),
    ("job_type" = String, Path, description = "The owner's name for the job"),
), responses(
    (status = 200, description = "The job", body = JobResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/cron/jobs/{owner}/{job_type}")]
async fn read_cron_job(
    cron: web::Data<CronService>,
    _actor: Guard<ManageOperations>,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(JobResponse::from(cron.job(&key(&path)).await?)))
}

/// Run a job now, beside its schedule and also while it is paused. Where it is at work already, the answer is 409.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(
    ("owner" = String, Path, description = "The plugin's id, or `site`"),
    ("job_type" = String, Path, description = "The owner's name for the job"),
), responses(
    (status = 202, description = "The run, which has started", body = RunResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/cron/jobs/{owner}/{job_type}/run")]
async fn run_cron_job(
    cron: web::Data<CronService>,
    actor: Guard<ManageOperations>,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    let run = cron.run_now(&actor, &key(&path)).await?;
    Ok(HttpResponse::Accepted().json(RunResponse::from(run)))
}

/// Let a job start no more until it is resumed. A run that is at work goes on.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(
    ("owner" = String, Path, description = "The plugin's id, or `site`"),
    ("job_type" = String, Path, description = "The owner's name for the job"),
), responses(
    (status = 200, description = "The job, which is paused", body = JobResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/cron/jobs/{owner}/{job_type}/pause")]
async fn pause_cron_job(
    cron: web::Data<CronService>,
    actor: Guard<ManageOperations>,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(JobResponse::from(cron.pause(&actor, &key(&path)).await?)))
}

/// Let a job go on from now. What was due while it was paused is not made up for.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(
    ("owner" = String, Path, description = "The plugin's id, or `site`"),
    ("job_type" = String, Path, description = "The owner's name for the job"),
), responses(
    (status = 200, description = "The job, which goes on", body = JobResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[post("/admin/cron/jobs/{owner}/{job_type}/resume")]
async fn resume_cron_job(
    cron: web::Data<CronService>,
    actor: Guard<ManageOperations>,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(JobResponse::from(cron.resume(&actor, &key(&path)).await?)))
}

/// Runs of jobs, newest first. They are kept for a week, and of one job the newest 500.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(RunQuery), responses(
    (status = 200, description = "A page of runs", body = Page<RunResponse>),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/cron/runs")]
async fn list_cron_runs(
    cron: web::Data<CronService>,
    _actor: Guard<ManageOperations>,
    query: Query<RunQuery>,
) -> Result<HttpResponse> {
    let after = query.cursor.as_deref().map(Cursor::decode).transpose()?;
    let limit = Cursor::limit(query.limit)?;
    let query = query.into_inner();
    let filter = RunFilter { owner: query.owner, job_type: query.job_type, outcome: query.outcome };
    let page = cron.runs(&filter, after, limit).await?;
    Ok(HttpResponse::Ok().json(page.map(RunResponse::from)))
}

/// A run with the last lines that it wrote.
#[utoipa::path(tag = "cron", security(("bearer" = [])), params(("id" = Uuid, Path, description = "Its id")), responses(
    (status = 200, description = "The run", body = RunDetailResponse),
    (status = "4XX", description = "Problem", body = Problem, content_type = "application/problem+json"),
))]
#[get("/admin/cron/runs/{id}")]
async fn read_cron_run(
    cron: web::Data<CronService>,
    _actor: Guard<ManageOperations>,
    id: Path<Uuid>,
) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(RunDetailResponse::from(cron.read_run(*id).await?)))
}

fn key((owner, job_type): &(String, String)) -> JobKey {
    JobKey::new(owner, job_type)
}
