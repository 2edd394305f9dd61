//! Scheduled jobs: when they run, what is known of their runs, and how they are steered.

mod missed;

use std::time::Duration;

use fleuron::clock::Timestamp;
use fleuron_tests::{
    Actor, Silence, TestApp, TestAppBuilder, both, eventually, guests, id, manifest, post, text,
};
use serde_json::{Value, json};

const JOBS: &str = "/api/v1/admin/cron/jobs";
const RUNS: &str = "/api/v1/admin/cron/runs";
const CLOCKWORK: &str = "com.example.clockwork";
/// No test sees the turn of a year.
const YEARLY: &str = "0 0 1 1 *";
const EACH_SECOND: &str = "* * * * * *";

/// A job of a manifest, with further lines.
fn job(job_type: &str, cron_expr: &str, lines: &str) -> String {
    format!(
        "\n[[cron]]\nlabel = \"The {job_type}\"\njob_type = \"{job_type}\"\ncron_expr = \"{cron_expr}\"\n{lines}\n"
    )
}

/// A payload as a line of a manifest.
fn payload(task: &Value) -> String {
    format!("payload = '{task}'")
}

/// A manifest of the clockwork with these lines.
fn clockwork(lines: &str) -> String {
    format!("{}{lines}", manifest(CLOCKWORK, &[]))
}

/// A site with these jobs.
fn site(jobs: &str) -> TestAppBuilder {
    TestApp::builder().plugin("clockwork", &clockwork(jobs), guests::CLOCKWORK)
}

fn path(owner: &str, job_type: &str) -> String {
    format!("{JOBS}/{owner}/{job_type}")
}

async fn job_of(administrator: &Actor, job_type: &str) -> Value {
    administrator.get(&path(CLOCKWORK, job_type)).await.expect(200).json()
}

async fn steer(administrator: &Actor, job_type: &str, step: &str) -> Value {
    let path = format!("{}/{step}", path(CLOCKWORK, job_type));
    administrator.post(&path, &json!({})).await.expect(200).json()
}

/// The runs with this query, newest first.
async fn runs(administrator: &Actor, query: &str) -> Vec<Value> {
    administrator.get(&format!("{RUNS}?limit=100&{query}")).await.expect(200).items()
}

/// The runs of a job of the clockwork, newest first.
async fn runs_of(administrator: &Actor, job_type: &str) -> Vec<Value> {
    runs(administrator, &format!("owner={CLOCKWORK}&job_type={job_type}")).await
}

/// Has a job run now and waits for its end; answers the run with what it wrote.
async fn run_now(administrator: &Actor, owner: &str, job_type: &str) -> Value {
    let started =
        administrator.post(&format!("{}/run", path(owner, job_type)), &json!({})).await.expect(202).json();
    assert_eq!((text(&started, "trigger"), text(&started, "outcome")), ("manual", "running"));
    eventually(&format!("{job_type} ends"), async || {
        let run = administrator.get(&format!("{RUNS}/{}", id(&started))).await.expect(200).json();
        run["ended_at"].is_string().then_some(run)
    })
    .await
}

/// What a run wrote.
fn output(run: &Value) -> Vec<String> {
    let lines = run["output"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| text(line, "text").to_owned()).collect()
}

#[track_caller]
fn moment(value: &Value, field: &str) -> Timestamp {
    Timestamp::parse(text(value, field)).unwrap()
}

both! {
    async fn the_published_manifest_runs_as_printed(
        app: TestApp = TestApp::builder().plugin("my-plugin", guests::QUICK_START_MANIFEST, guests::QUICK_START)
    ) {
        const OWNER: &str = "com.example.my-plugin";
        let administrator = app.administrator().await;
        let job = administrator.get(&path(OWNER, "my_task")).await.expect(200).json();
        let facts = ["owner", "job_type", "label", "cron_expr", "time_zone", "catch_up"].map(|field| text(&job, field));
        assert_eq!(facts, [OWNER, "my_task", "Scheduled Task", "0 */6 * * *", "UTC", "once"]);
        assert_eq!((&job["enabled"], &job["paused"], &job["running"]), (&json!(true), &json!(false), &json!(false)));
        assert!(job["last_run"].is_null() && job["timeout_ms"] == 500, "{job:#}");
        let next = text(&job, "next_due").to_owned();
        let marks = ["00", "06", "12", "18"].map(|hour| format!("T{hour}:00:00.000Z"));
        assert!(marks.iter().any(|mark| next.ends_with(mark)), "{next}");
        assert!(moment(&job, "next_due") > Timestamp::now());
        let listed = administrator.get(JOBS).await.expect(200).items();
        assert!(listed.contains(&job), "{listed:#?}");

        let run = run_now(&administrator, OWNER, "my_task").await;
        assert_eq!((text(&run, "outcome"), &run["attempt"], &run["detail"]), ("succeeded", &json!(1), &Value::Null));
        assert!(run["duration_ms"].is_u64(), "{run:#}");
        let lines = output(&run);
        let payload: Value = serde_json::from_str(lines[0].strip_prefix("cron fired: ").unwrap()).unwrap();
        assert_eq!((text(&payload, "label"), text(&payload, "job_type")), ("Scheduled Task", "my_task"));
        assert_eq!(moment(&payload, "due"), moment(&run, "due_at"));
        let job = administrator.get(&path(OWNER, "my_task")).await.expect(200).json();
        assert_eq!((id(&job["last_run"]), text(&job["last_run"], "outcome")), (id(&run), "succeeded"));
        assert_eq!(text(&job, "next_due"), next, "its schedule is as it was");
    }

    async fn a_job_is_paused_run_and_resumed(app: TestApp = site(&job("tick", EACH_SECOND, ""))) {
        let administrator = app.administrator().await;
        eventually("it runs", async || (runs_of(&administrator, "tick").await.len() >= 2).then_some(())).await;
        let paused = steer(&administrator, "tick", "pause").await;
        let paused_at = Timestamp::now();
        assert_eq!((&paused["paused"], &paused["enabled"]), (&json!(true), &json!(true)));
        assert!(paused["next_due"].is_null(), "{paused:#}");
        // The one that was at work as it was paused goes on.
        eventually("it is idle", async || {
            (job_of(&administrator, "tick").await["running"] == false).then_some(())
        })
        .await;
        let manual = run_now(&administrator, CLOCKWORK, "tick").await;
        assert_eq!(text(&manual, "outcome"), "succeeded");
        tokio::time::sleep(Duration::from_millis(2200)).await;
        let resumed_at = Timestamp::now();
        let resumed = steer(&administrator, "tick", "resume").await;
        assert_eq!(resumed["paused"], false);
        assert!(resumed["next_due"].is_string(), "{resumed:#}");
        let runs = eventually("it runs again", async || {
            let runs = runs_of(&administrator, "tick").await;
            runs.iter().any(|run| moment(run, "due_at") > resumed_at).then_some(runs)
        })
        .await;
        let by_schedule: Vec<&Value> = runs.iter().filter(|run| run["trigger"] == "schedule").collect();
        for run in &by_schedule {
            let due = moment(run, "due_at");
            assert!(due <= paused_at || due > resumed_at, "it was due at {due}, and paused: {run:#}");
            assert_eq!(due.millis() % 1000, 0);
            assert_eq!(run["attempt"], 1);
        }
        let mut due: Vec<i64> = by_schedule.iter().map(|run| moment(run, "due_at").millis()).collect();
        due.dedup();
        assert_eq!(due.len(), by_schedule.len(), "each due time has one run");
        let audit = administrator.get("/api/v1/admin/audit?limit=100").await.expect(200).items();
        let mut done: Vec<&str> = audit.iter().map(|entry| text(entry, "action")).collect();
        done.retain(|action| action.starts_with("cron."));
        assert_eq!(done, ["cron.resumed", "cron.run", "cron.paused"]);
    }

    async fn the_sites_own_jobs_are_there(app: TestApp) {
        let administrator = app.administrator().await;
        let jobs = administrator.get(JOBS).await.expect(200).items();
        let own: Vec<&str> =
            jobs.iter().filter(|job| job["owner"] == "site").map(|job| text(job, "job_type")).collect();
        assert_eq!(own, ["clean-up", "flush-view-counts", "publish-scheduled-posts", "purge-trash"]);
        for job_type in ["clean-up", "purge-trash"] {
            let run = run_now(&administrator, "site", job_type).await;
            assert_eq!(text(&run, "outcome"), "succeeded", "{run:#}");
        }
        for nobody in ["site/nothing", "com.example.nobody/clean-up", "nonsense/nonsense"] {
            administrator.get(&format!("{JOBS}/{nobody}")).await.problem(404, "not_found");
            for step in ["run", "pause", "resume"] {
                let path = format!("{JOBS}/{nobody}/{step}");
                administrator.post(&path, &json!({})).await.problem(404, "not_found");
            }
        }
        let nothing = format!("{RUNS}/00000000-0000-0000-0000-000000000000");
        administrator.get(&nothing).await.problem(404, "not_found");
        administrator.get(&format!("{RUNS}?outcome=lost")).await.problem(400, "malformed_request");
        assert_eq!(administrator.get(&format!("{RUNS}?limit=0")).await.faulty_fields(), ["limit"]);
        let editor = app.editor().await;
        for path in [JOBS, RUNS, &path("site", "clean-up"), &nothing] {
            editor.get(path).await.problem(403, "forbidden");
        }
        for step in ["run", "pause", "resume"] {
            let path = format!("{}/{step}", path("site", "clean-up"));
            editor.post(&path, &json!({})).await.problem(403, "forbidden");
        }
    }
}

#[tokio::test]
async fn a_run_that_is_at_work_is_not_joined_by_another() {
    let silence = Silence::begin();
    let task = json!({ "do": "wait", "url": silence.url() });
    let slow = job("slow", EACH_SECOND, &format!("timeout_ms = 8000\n{}", payload(&task)));
    let permission = format!("\n[permissions]\nhttp = [\"{}\"]\n", silence.host());
    let app = site(&format!("{permission}{slow}"))
        .egress_allow(&silence.host())
        .egress_timeout(Duration::from_millis(2500))
        .spawn()
        .await;
    let administrator = app.administrator().await;
    let run = format!("{}/run", path(CLOCKWORK, "slow"));
    eventually("it is at work", async || {
        (administrator.post(&run, &json!({})).await.status == 409).then_some(())
    })
    .await;
    administrator.post(&run, &json!({})).await.problem(409, "not_possible");
    let seen = eventually("a due time is left out", async || {
        let runs = runs_of(&administrator, "slow").await;
        let has = |outcome: &str| runs.iter().any(|run| run["outcome"] == outcome);
        (has("skipped") && has("succeeded")).then_some(runs)
    })
    .await;
    let skipped = seen.iter().find(|run| run["outcome"] == "skipped").unwrap();
    assert!(text(skipped, "detail").contains("at work"), "{skipped:#}");
    steer(&administrator, "slow", "pause").await;
    eventually("it is idle", async || {
        (job_of(&administrator, "slow").await["running"] == false).then_some(())
    })
    .await;
    let mut runs = runs_of(&administrator, "slow").await;
    runs.retain(|run| run["outcome"] != "skipped");
    runs.sort_by_key(|run| moment(run, "started_at").millis());
    for pair in runs.windows(2) {
        assert!(moment(&pair[0], "ended_at") <= moment(&pair[1], "started_at"), "{pair:#?}");
    }
}

#[tokio::test]
async fn runs_that_fail_say_why() {
    let endless = job("endless", YEARLY, &format!("timeout_ms = 300\n{}", payload(&json!({ "do": "loop" }))));
    let failing = job("failing", YEARLY, &payload(&json!({ "do": "fail" })));
    let app = site(&format!("{endless}{failing}{}", job("calm", YEARLY, "payload = 'words'"))).spawn().await;
    let administrator = app.administrator().await;
    let run = run_now(&administrator, CLOCKWORK, "endless").await;
    assert_eq!(text(&run, "outcome"), "timed_out", "{run:#}");
    assert!(!text(&run, "detail").is_empty() && run["duration_ms"].as_i64() >= Some(250), "{run:#}");
    assert_eq!(job_of(&administrator, "endless").await["timeout_ms"], 300);
    let run = run_now(&administrator, CLOCKWORK, "failing").await;
    assert_eq!(text(&run, "outcome"), "failed", "{run:#}");
    assert!(text(&run, "detail").contains("trap"), "{run:#}");
    let tick = format!("tick {} attempt 1 payload {{\"do\":\"fail\"}}", id(&run));
    assert!(output(&run).contains(&tick), "{run:#}");
    let run = run_now(&administrator, CLOCKWORK, "calm").await;
    assert_eq!(text(&run, "outcome"), "succeeded", "who failed harms no other job");
    assert_eq!(output(&run), [format!("tick {} attempt 1 payload words", id(&run))]);
    for (outcome, job_type) in [("timed_out", "endless"), ("failed", "failing"), ("succeeded", "calm")] {
        let found = runs(&administrator, &format!("owner={CLOCKWORK}&outcome={outcome}")).await;
        assert_eq!(found.iter().map(|run| text(run, "job_type")).collect::<Vec<_>>(), [job_type]);
        let line = format!("fleuron_cron_runs_total{{owner=\"{CLOCKWORK}\",outcome=\"{outcome}\"}} 1");
        let metrics = app.guest().get("/metrics").await.expect(200).text();
        assert!(metrics.lines().any(|found| found == line), "no {line} in {metrics}");
    }
}

#[tokio::test]
async fn a_manifest_says_when_and_whether() {
    let off = job("off", EACH_SECOND, "enabled = false");
    let berlin = job("berlin", "0 3 * * *", "time_zone = \"Europe/Berlin\"\ncatch_up = \"skip\"");
    let app = site(&format!("{off}{berlin}{}", job("on", EACH_SECOND, ""))).spawn().await;
    let administrator = app.administrator().await;
    let job = job_of(&administrator, "berlin").await;
    assert_eq!((text(&job, "time_zone"), text(&job, "catch_up")), ("Europe/Berlin", "skip"));
    let next = text(&job, "next_due");
    assert!(["T01:00:00.000Z", "T02:00:00.000Z"].iter().any(|end| next.ends_with(end)), "{next}");
    eventually("the one runs", async || (runs_of(&administrator, "on").await.len() >= 3).then_some(())).await;
    let job = job_of(&administrator, "off").await;
    assert_eq!(
        (&job["enabled"], &job["paused"], &job["next_due"]),
        (&json!(false), &json!(true), &Value::Null)
    );
    assert!(runs_of(&administrator, "off").await.is_empty());
    steer(&administrator, "off", "resume").await;
    eventually("the other one runs too", async || {
        (!runs_of(&administrator, "off").await.is_empty()).then_some(())
    })
    .await;

    // Jobs come and go with their plugin.
    administrator.plugin_step(CLOCKWORK, "disable").await.expect(200);
    eventually("the jobs are gone", async || {
        (administrator.get(&path(CLOCKWORK, "on")).await.status == 404).then_some(())
    })
    .await;
    let before = runs_of(&administrator, "on").await.len();
    administrator.plugin_step(CLOCKWORK, "enable").await.expect(200);
    eventually("they are back", async || (runs_of(&administrator, "on").await.len() > before).then_some(()))
        .await;
    assert_eq!(job_of(&administrator, "off").await["paused"], false, "what was decided stays");
}

#[tokio::test]
async fn faults_of_a_job_are_told_all_at_once() {
    let app = TestApp::spawn().await;
    let wrong = "time_zone = \"Berlin\"\ncatch_up = \"all\"\ntimeout_ms = 0\nenabled = \"yes\"";
    let module = std::fs::read(guests::CLOCKWORK).unwrap();
    app.install("clockwork", &clockwork(&job("wrong", "every day", wrong)), &module).await;
    let faults = app.services().hooks.faults();
    let problems = &faults[0].problems;
    for key in ["time_zone", "catch_up", "timeout_ms", "enabled", "cron_expr"] {
        let key = format!("`cron[0].{key}` ");
        assert!(problems.iter().any(|problem| problem.contains(&key)), "{key} is not among {problems:#?}");
    }
    assert_eq!(problems.len(), 5, "{problems:#?}");
    app.administrator().await.get(&path(CLOCKWORK, "wrong")).await.problem(404, "not_found");
    post("The site runs on").create(&app.author().await).await;
}
