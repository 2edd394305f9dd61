//! Scheduled work as a whole, with a clock that is turned by hand and several processes on one database.

mod trouble;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use fleuron_plugin_host::{cron::Schedule, manifest::CatchUp};
use sea_orm::{EntityTrait, PaginatorTrait};
use tokio::sync::Semaphore;

use super::{
    builtin::everywhere,
    claims::Starter,
    job::{JobDefinition, JobKey, Outcome, Timing, Trigger, look, work},
    repo::{self, RunFilter},
    testing::{Log, Site, at, idle_job, version},
};
use crate::{
    auth::Actor,
    clock::Timestamp,
    entities::cron_runs,
    error::{ApiError, ErrorCode},
};

fn told(due: &str, trigger: Trigger, attempt: i32, outcome: Outcome) -> (Timestamp, String, i32, Outcome) {
    (at(due), trigger.as_str().to_owned(), attempt, outcome)
}

fn succeeded(due: &str) -> (Timestamp, String, i32, Outcome) {
    told(due, Trigger::Schedule, 1, Outcome::Succeeded)
}

#[tokio::test]
async fn each_due_time_starts_once_over_all_processes() {
    let (site, log) = (Site::at("00:00:00").await, Log::default());
    let one = site.process(vec![log.job("often", "* * * * * *")]).await;
    let other = site.process(vec![log.job("often", "* * * * * *")]).await;
    let (one, other) = (one.engine(), other.engine());
    for _ in 0..200 {
        site.clock.turn(1);
        let (first, second) = tokio::join!(one.tick(), other.tick());
        first.unwrap();
        second.unwrap();
        tokio::join!(one.settle(), other.settle());
    }
    let runs = site.runs().await;
    let due: HashSet<i64> = runs.iter().map(|run| run.due_at).collect();
    assert_eq!((runs.len(), due.len(), log.len()), (200, 200, 200));
    assert!(runs.iter().all(|run| run.outcome == "succeeded" && run.attempt == 1));
    assert!(runs[0].output.as_deref().unwrap().contains("Noted."));
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_once_or_not_at_all() {
    let (site, log) = (Site::at("00:30:00").await, Log::default());
    let jobs = || {
        let mut skipping = log.job("b", "5 * * * *");
        skipping.catch_up = CatchUp::Skip;
        vec![log.job("a", "0 * * * *"), skipping]
    };
    site.process(jobs()).await;
    // Another process, hours later.
    site.clock.set(at("05:10:00"));
    let process = site.process(jobs()).await;
    process.engine().settle().await;
    let caught_up = told("05:00:00", Trigger::CatchUp, 1, Outcome::Succeeded);
    let missed = told("05:05:00", Trigger::Schedule, 1, Outcome::Missed);
    assert_eq!(site.told().await, [caught_up, missed]);
    site.tick_at("05:10:01", &process).await;
    assert_eq!(log.len(), 1);
    // The clock jumps forward while it runs: that is the same.
    site.tick_at("06:00:00", &process).await;
    site.tick_at("06:05:00", &process).await;
    site.tick_at("09:30:00", &process).await;
    let later = [
        succeeded("06:00:00"),
        succeeded("06:05:00"),
        told("09:00:00", Trigger::CatchUp, 1, Outcome::Succeeded),
        told("09:05:00", Trigger::Schedule, 1, Outcome::Missed),
    ];
    assert_eq!(site.told().await[2..], later);
}

#[tokio::test]
async fn a_run_that_finds_the_one_before_at_work_is_skipped() {
    let (site, log, gate) = (Site::at("00:00:00").await, Log::default(), Arc::new(Semaphore::new(0)));
    let process = site.process(vec![log.gated("slow", "* * * * * *", &gate)]).await;
    let engine = process.engine();
    for _ in 0..3 {
        site.clock.turn(1);
        engine.tick().await.unwrap();
    }
    gate.add_permits(1);
    engine.settle().await;
    let skipped = |due| told(due, Trigger::Schedule, 1, Outcome::Skipped);
    assert_eq!(site.told().await, [succeeded("00:00:01"), skipped("00:00:02"), skipped("00:00:03")]);
    // A tick that was late is no reason to skip one.
    site.clock.turn(3);
    for _ in 0..2 {
        engine.tick().await.unwrap();
    }
    assert_eq!(site.runs().await.len(), 4);
    gate.add_permits(3);
    for _ in 0..3 {
        engine.settle().await;
        engine.tick().await.unwrap();
    }
    engine.settle().await;
    assert_eq!(site.told().await[3..], ["00:00:04", "00:00:05", "00:00:06"].map(succeeded));
}

#[tokio::test]
async fn a_clock_that_goes_back_starts_nothing_twice_and_holds_nothing_up() {
    let (site, log) = (Site::at("10:30:00").await, Log::default());
    let process = site.process(vec![log.job("hourly", "0 * * * *")]).await;
    site.tick_at("11:00:00", &process).await;
    site.tick_at("10:45:00", &process).await;
    site.tick_at("11:00:00", &process).await;
    site.tick_at("12:00:00", &process).await;
    assert_eq!(site.told().await, ["11:00:00", "12:00:00"].map(succeeded));
    // By hours: the next due time is the next one by the clock.
    site.tick_at("03:30:00", &process).await;
    site.tick_at("04:00:00", &process).await;
    assert_eq!(site.told().await, ["04:00:00", "11:00:00", "12:00:00"].map(succeeded));
    assert_eq!(log.len(), 3);
}

#[tokio::test]
async fn what_a_dead_process_left_is_started_again() {
    let (site, log, gate) = (Site::at("00:59:50").await, Log::default(), Arc::new(Semaphore::new(0)));
    let dead = site.process(vec![log.gated("job", "0 * * * *", &gate)]).await;
    let heir = site.process(vec![log.job("job", "0 * * * *")]).await;
    site.clock.set(at("01:00:00"));
    dead.engine().tick().await.unwrap();
    // While its holder lives, nobody takes it, also when the clock jumps.
    for _ in 0..10 {
        site.clock.turn(2);
        heir.engine().tick().await.unwrap();
        dead.engine().tick().await.unwrap();
    }
    site.clock.turn(1200);
    heir.engine().tick().await.unwrap();
    dead.engine().tick().await.unwrap();
    site.clock.turn(2);
    heir.engine().tick().await.unwrap();
    assert_eq!(site.told().await, [told("01:00:00", Trigger::Schedule, 1, Outcome::Running)]);
    // Now it dies.
    for _ in 0..10 {
        site.clock.turn(2);
        heir.engine().tick().await.unwrap();
    }
    heir.engine().settle().await;
    let taken_over = [
        told("01:00:00", Trigger::Schedule, 1, Outcome::Aborted),
        told("01:00:00", Trigger::Schedule, 2, Outcome::Succeeded),
    ];
    assert_eq!(site.told().await, taken_over);
    // It was only very slow, and has nothing to say any more.
    gate.add_permits(1);
    dead.engine().settle().await;
    assert_eq!(site.told().await, taken_over);
    assert_eq!(log.len(), 2);
}

#[tokio::test]
async fn a_due_time_is_started_three_times_at_most() {
    let (site, log, gate) = (Site::at("00:59:50").await, Log::default(), Arc::new(Semaphore::new(0)));
    let mut processes = Vec::new();
    for _ in 0..4 {
        let process = site.process(vec![log.gated("job", "0 * * * *", &gate)]).await;
        if processes.is_empty() {
            site.clock.set(at("01:00:00"));
        }
        for _ in 0..10 {
            process.engine().tick().await.unwrap();
            if !processes.is_empty() {
                site.clock.turn(2);
            }
        }
        processes.push(process);
        site.clock.turn(11);
    }
    let attempts: Vec<_> =
        site.told().await.into_iter().map(|(_, _, attempt, outcome)| (attempt, outcome)).collect();
    assert_eq!(attempts, [1, 2, 3].map(|attempt| (attempt, Outcome::Aborted)));
}

#[tokio::test]
async fn a_paused_job_waits_and_goes_on_from_then() {
    let (site, log) = (Site::at("00:30:00").await, Log::default());
    let process = site.process(vec![log.job("hourly", "0 * * * *")]).await;
    let other = site.process(vec![log.job("hourly", "0 * * * *")]).await;
    let key = JobKey::new("site", "hourly");
    let view = process.pause(&Actor::System, &key).await.unwrap();
    assert_eq!((view.is_paused, view.next_due), (true, None));
    for time in ["01:00:00", "02:00:00"] {
        site.tick_at(time, &process).await;
        site.tick_at(time, &other).await;
    }
    assert_eq!(log.len(), 0);
    site.clock.set(at("02:30:00"));
    // Also after a restart.
    let process = site.process(vec![log.job("hourly", "0 * * * *")]).await;
    assert!(process.job(&key).await.unwrap().is_paused);
    let view = process.resume(&Actor::System, &key).await.unwrap();
    assert_eq!((view.is_paused, view.next_due), (false, Some(at("03:00:00"))));
    // The other process hears of it when it looks.
    site.tick_at("03:00:00", &other).await;
    site.tick_at("03:00:00", &process).await;
    assert_eq!(site.told().await, [succeeded("03:00:00")]);
}

#[tokio::test]
async fn a_job_that_is_off_by_itself_waits_for_a_word() {
    let (site, log) = (Site::at("00:30:00").await, Log::default());
    let mut job = log.job("hourly", "0 * * * *");
    job.enabled = false;
    let process = site.process(vec![job]).await;
    site.tick_at("01:00:00", &process).await;
    let key = JobKey::new("site", "hourly");
    assert!(process.jobs().await.unwrap()[0].is_paused);
    process.resume(&Actor::System, &key).await.unwrap();
    site.tick_at("02:00:00", &process).await;
    assert_eq!(site.told().await, [succeeded("02:00:00")]);
}

#[tokio::test]
async fn an_administrator_may_have_a_job_run_now() {
    let (site, log, gate) = (Site::at("00:30:00").await, Log::default(), Arc::new(Semaphore::new(0)));
    let process = site.process(vec![log.gated("job", "0 3 * * *", &gate)]).await;
    let key = JobKey::new("site", "job");
    let code = |error: ApiError| error.code();
    process.pause(&Actor::System, &key).await.unwrap();
    let run = process.run_now(&Actor::System, &key).await.unwrap();
    assert_eq!((run.trigger.as_str(), run.outcome.as_str()), ("manual", "running"));
    assert!(process.job(&key).await.unwrap().is_running);
    let refused = process.run_now(&Actor::System, &key).await.map_err(code);
    assert_eq!(refused, Err(ErrorCode::NotPossible));
    gate.add_permits(1);
    process.engine().settle().await;
    assert_eq!(process.read_run(run.id).await.unwrap().outcome, "succeeded");
    assert_eq!(process.job(&key).await.unwrap().last_run.unwrap().id, run.id);
    let unknown = process.run_now(&Actor::System, &JobKey::new("site", "other")).await.map_err(code);
    assert_eq!(unknown, Err(ErrorCode::NotFound));
}

#[tokio::test]
async fn a_job_that_fails_says_why() {
    let site = Site::at("00:59:59").await;
    let failing = work(|_now| async { Err(ApiError::not_found("moon")) });
    let panicking = work(|now| async move {
        assert!(now < at("00:00:00"), "as a job may");
        Ok(String::new())
    });
    let job = |name: &str, work| JobDefinition::builtin(name, name, "0 * * * *", work).unwrap();
    let process = site.process(vec![job("failing", failing), job("panicking", panicking)]).await;
    site.tick_at("01:00:00", &process).await;
    let runs =
        process.runs(&RunFilter { outcome: Some(Outcome::Failed), ..RunFilter::default() }, None, 10).await;
    let mut details: Vec<String> = runs.unwrap().items.into_iter().filter_map(|run| run.detail).collect();
    details.sort();
    assert_eq!(details, ["The run panicked.", "not_found: There is no such moon."]);
}

#[tokio::test]
async fn ten_thousand_jobs_may_be_due_at_once() {
    const JOBS: usize = 10_000;
    let site = Site::at("00:59:59").await;
    let jobs = (0..JOBS).map(|number| idle_job(&format!("job-{number}"), "0 * * * *")).collect();
    let process = site.process(jobs).await;
    site.tick_at("01:00:00", &process).await;
    let runs = cron_runs::Entity::find().count(site.database.reader()).await.unwrap();
    assert_eq!(runs, JOBS as u64);
    assert!(process.jobs().await.unwrap().iter().all(|view| view.next_due == Some(at("02:00:00"))));
    // While none is due, nothing is written.
    let onlooker = site.onlooker().await;
    let before = version(&onlooker).await;
    for _ in 0..1000 {
        site.clock.turn(1);
        process.engine().tick().await.unwrap();
    }
    assert_eq!(version(&onlooker).await, before);
    process.pause(&Actor::System, &JobKey::new("site", "job-0")).await.unwrap();
    assert_ne!(version(&onlooker).await, before, "it tells what is written");
}

#[tokio::test]
async fn what_every_process_does_leaves_few_rows() {
    let (site, fails) = (Site::at("00:00:00").await, Arc::new(Mutex::new(false)));
    let failing = Arc::clone(&fails);
    let counting = work(move |_now| {
        let fails = *failing.lock().unwrap();
        async move { if fails { Err(ApiError::internal("a full disk")) } else { Ok("Written.".to_owned()) } }
    });
    let expression = "*/15 * * * * *";
    let schedule = Schedule::parse(expression).unwrap();
    let timing = Timing::Schedule { expression: expression.to_owned(), schedule: Box::new(schedule) };
    let job = everywhere("flush", "Flush", timing, counting, Duration::from_secs(3600));
    let process = site.process(vec![job]).await;
    for _ in 0..4 {
        site.clock.turn(15);
        process.engine().tick().await.unwrap();
        process.engine().settle().await;
    }
    assert_eq!(site.told().await, [succeeded("00:00:15")]);
    *fails.lock().unwrap() = true;
    site.tick_at("00:01:15", &process).await;
    let failed = told("00:01:15", Trigger::Schedule, 1, Outcome::Failed);
    assert_eq!(site.told().await, [succeeded("00:00:15"), failed]);
    *fails.lock().unwrap() = false;
    site.tick_at("01:00:15", &process).await;
    assert_eq!(site.runs().await.len(), 3);
    process.pause(&Actor::System, &JobKey::new("site", "flush")).await.unwrap();
    site.tick_at("03:00:15", &process).await;
    assert_eq!(site.runs().await.len(), 3);
}

#[tokio::test]
async fn some_jobs_are_due_when_the_data_say_so() {
    let (site, log) = (Site::at("00:00:00").await, Log::default());
    let due = Arc::new(Mutex::new(Some(at("00:00:10"))));
    let (asked, done, noted) = (Arc::clone(&due), Arc::clone(&due), log.clone());
    let timing = Timing::Data(look(move || {
        let due = *asked.lock().unwrap();
        async move { Ok(due) }
    }));
    let publishing = work(move |now| {
        *done.lock().unwrap() = None;
        noted.note(now);
        async { Ok("Published.".to_owned()) }
    });
    let job = everywhere("publish", "Publish", timing, publishing, Duration::ZERO);
    let process = site.process(vec![job]).await;
    site.tick_at("00:00:09", &process).await;
    assert_eq!(log.len(), 0);
    site.tick_at("00:00:10", &process).await;
    site.tick_at("00:00:11", &process).await;
    assert_eq!(site.told().await, [succeeded("00:00:10")]);
    *due.lock().unwrap() = Some(at("00:00:20"));
    site.database.changes().touch_content();
    site.tick_at("00:00:12", &process).await;
    assert_eq!(process.jobs().await.unwrap()[0].next_due, Some(at("00:00:20")));
    site.tick_at("00:00:20", &process).await;
    assert_eq!((log.len(), site.runs().await.len()), (2, 2));
}

#[tokio::test]
async fn old_runs_are_removed() {
    let site = Site::at("12:00:00").await;
    let now = at("12:00:00");
    let starter = Starter { holder: uuid::Uuid::now_v7(), now };
    let run = |job_type: &str, seconds: i64| {
        let due = now.plus_seconds(-seconds);
        starter.run(&JobKey::new("site", job_type), due, 1, Trigger::Schedule, Outcome::Succeeded)
    };
    // One each minute, one of last week and one of before.
    let mut rows: Vec<_> = (0..700).map(|minutes| run("often", minutes * 60)).collect();
    rows.extend([6, 8].map(|days| run("seldom", days * 86_400)));
    site.database
        .write(rows, |transaction, rows| {
            Box::pin(async move { Ok(repo::add_runs(transaction, rows).await?.len()) })
        })
        .await
        .unwrap();
    assert_eq!(repo::clean_up(&site.database, now).await.unwrap(), 201);
    assert_eq!(site.runs().await.len(), 501);
}
