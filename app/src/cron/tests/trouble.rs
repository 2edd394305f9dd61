//! What goes wrong around jobs: clocks that are put back, a database that refuses, clients that go away, and stops.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::sync::Semaphore;

use super::super::{
    CronRunner,
    job::{JobDefinition, JobKey, Outcome, Trigger},
    testing::{Log, Site, at, idle_job},
};
use super::{succeeded, told};
use crate::{auth::Actor, entities::cron_runs};

const CLOCKWORK: &str = "com.example.clockwork";

async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
}

/// A job that waits for its turn as those of plugins do.
fn of_plugin(mut job: JobDefinition) -> JobDefinition {
    job.key = JobKey::new(CLOCKWORK, &job.key.job_type);
    job
}

fn count(runs: &[cron_runs::Model], attempt: i32, outcome: Outcome) -> usize {
    runs.iter().filter(|run| run.attempt == attempt && run.outcome == outcome.as_str()).count()
}

#[tokio::test]
async fn a_clock_that_goes_back_is_noticed_soon() {
    let (site, log) = (Site::at("11:30:00").await, Log::default());
    let process = site.process(vec![log.job("hourly", "0 * * * *")]).await;
    let (engine, key) = (process.engine(), JobKey::new("site", "hourly"));
    assert!(engine.wait(at("11:30:00")) <= Duration::from_secs(1));
    let runner = CronRunner::start(&process);
    site.clock.set(at("10:30:00"));
    until(|| engine.state().timetable.next(&key) == Some(at("11:00:00"))).await;
    site.clock.set(at("11:00:00"));
    until(|| log.len() == 1).await;
    runner.stop().await;
    assert_eq!(site.told().await, [succeeded("11:00:00")]);
}

#[tokio::test]
async fn a_due_time_starts_once_whatever_the_reason() {
    let (site, log) = (Site::at("00:30:00").await, Log::default());
    let jobs = || vec![log.job("hourly", "0 * * * *")];
    site.process(jobs()).await;
    site.clock.set(at("05:10:00"));
    let process = site.process(jobs()).await;
    process.engine().settle().await;
    let caught_up = told("05:00:00", Trigger::CatchUp, 1, Outcome::Succeeded);
    // The clock goes back to before what was made up for.
    for time in ["04:30:00", "05:00:00", "06:00:00"] {
        site.tick_at(time, &process).await;
    }
    assert_eq!(site.told().await, [caught_up.clone(), succeeded("06:00:00")]);
    // What an administrator wants at that very moment takes no due time.
    site.clock.set(at("07:00:00"));
    let manual = process.run_now(&Actor::System, &JobKey::new("site", "hourly")).await.unwrap();
    process.engine().settle().await;
    site.tick_at("07:00:00", &process).await;
    assert_eq!(site.told().await[..3], [caught_up, succeeded("06:00:00"), succeeded("07:00:00")]);
    assert_eq!((manual.due_at, log.len()), (at("07:00:00").millis() + 1, 4));
}

#[tokio::test]
async fn what_cannot_be_scheduled_lets_no_lease_run_out() {
    let (site, log, gate) = (Site::at("10:59:50").await, Log::default(), Arc::new(Semaphore::new(0)));
    let jobs = vec![log.gated("slow", "0 * * * *", &gate), idle_job("other", "0 */2 * * *")];
    let process = site.process(jobs).await;
    let (engine, other) = (process.engine(), JobKey::new("site", "other"));
    site.clock.set(at("11:00:00"));
    engine.tick().await.unwrap();
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON cron_jobs BEGIN SELECT RAISE(ABORT, 'refused'); END";
    site.change(refuse).await;
    // The clock goes back, and nothing can be scheduled anew.
    site.clock.set(at("09:59:30"));
    engine.tick().await.unwrap();
    assert_eq!(engine.state().timetable.next(&other), Some(at("12:00:00")), "as before");
    assert_eq!(site.runs().await[0].lease_until, Some(at("09:59:40").millis()));
    site.change("DROP TRIGGER refuse").await;
    engine.tick().await.unwrap();
    assert_eq!(engine.state().timetable.next(&other), Some(at("10:00:00")));
    gate.add_permits(1);
    engine.settle().await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_run_behind() {
    let (site, log) = (Site::at("00:30:00").await, Log::default());
    let process = site.process(vec![log.job("job", "0 3 * * *")]).await;
    let key = JobKey::new("site", "job");
    assert!(process.run_now(&Actor::System, &key).now_or_never().is_none(), "it has begun");
    until(|| log.len() == 1).await;
    process.engine().settle().await;
    assert_eq!(count(&site.runs().await, 1, Outcome::Succeeded), 1);
}

#[tokio::test]
async fn a_run_starts_when_it_has_its_turn() {
    let (site, log, gate) = (Site::at("00:59:59").await, Log::default(), Arc::new(Semaphore::new(0)));
    let jobs = ["a", "b", "c", "d"].map(|name| of_plugin(log.gated(name, "0 * * * *", &gate)));
    let process = site.process(jobs.into()).await;
    let engine = process.engine();
    site.clock.set(at("01:00:00"));
    engine.tick().await.unwrap();
    until(|| log.len() == 3).await;
    site.clock.turn(5);
    gate.add_permits(4);
    engine.settle().await;
    let mut started: Vec<i64> = site.runs().await.iter().map(|run| run.started_at).collect();
    started.sort_unstable();
    assert_eq!(started, ["01:00:00", "01:00:00", "01:00:00", "01:00:05"].map(|time| at(time).millis()));
}

#[tokio::test]
async fn what_waits_at_a_stop_is_left_to_whoever_comes_next() {
    let (site, log, gate) = (Site::at("00:59:59").await, Log::default(), Arc::new(Semaphore::new(0)));
    let names = ["a", "b", "c", "d", "e"];
    let jobs = names.map(|name| of_plugin(log.gated(name, "0 * * * *", &gate)));
    let process = site.process(jobs.into()).await;
    let engine = process.engine();
    site.clock.set(at("01:00:00"));
    engine.tick().await.unwrap();
    until(|| log.len() == 3).await;
    engine.stop();
    engine.abandon();
    engine.give_up_leases().await.unwrap();
    gate.add_permits(names.len());
    until(|| engine.state().known.len() == 2).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let runs = site.runs().await;
    assert_eq!((count(&runs, 1, Outcome::Succeeded), count(&runs, 1, Outcome::Running)), (3, 2));
    assert_eq!(log.len(), 3, "the others did not start");
    let heir = site.process(names.map(|name| of_plugin(log.job(name, "0 * * * *"))).into()).await;
    for _ in 0..5 {
        site.clock.turn(2);
        heir.engine().tick().await.unwrap();
    }
    heir.engine().settle().await;
    let runs = site.runs().await;
    assert_eq!((count(&runs, 1, Outcome::Aborted), count(&runs, 2, Outcome::Succeeded)), (2, 2));
    assert_eq!(log.len(), 5);
}
