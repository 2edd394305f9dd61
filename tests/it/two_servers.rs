//! Two servers on one database: each due time starts once, what a server leaves behind when it dies is taken over, and a
//! file that both see makes one content type.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use fleuron::clock::Timestamp;
use fleuron_tests::{
    Actor, PASSWORD, PostgresDatabase, Program, Serving, Silence, eventually, eventually_within, guests, id,
    manifest, text, write_plugin,
};
use serde_json::{Value, json};

use crate::PROGRAM;

const CLOCKWORK: &str = "com.example.clockwork";
const RUNS: &str = "/api/v1/admin/cron/runs";
/// Jobs that are due each second, and as many due times must have had a run that succeeded.
const JOBS: usize = 20;
const DUE_TIMES: usize = 200;
/// Each second is a race of its own for what is due in it, so that both servers win some before long.
const SHARED: Duration = Duration::from_secs(90);
/// A lease runs out after ten seconds.
const TAKE_OVER: Duration = Duration::from_secs(60);

/// As many files are dropped into the folder of content types, one after the other.
const FILES: usize = 5;
/// So long after the last of them, both servers have done what they do about it.
const SETTLED: Duration = Duration::from_secs(2);

/// A content type.
const GATHERING: &str = r#"
singular = "Gathering"
plural = "Gatherings"
drafts = false

[[fields]]
name = "title"
kind = "text"
"#;
/// What it gets later.
const PLACE: &str = r#"
[[fields]]
name = "place"
kind = "text"
filterable = true
"#;

/// A job each second many times over, and one that waits for long.
fn write_jobs(folder: &Path, silence: &Silence) {
    let mut text = manifest(CLOCKWORK, &[]);
    text.push_str(&format!("\n[permissions]\nhttp = [\"{}\"]\n", silence.host()));
    let task = json!({ "do": "wait", "url": silence.url() });
    text.push_str(&format!(
        "\n[[cron]]\nlabel = \"Long\"\njob_type = \"long\"\ncron_expr = \"0 0 1 1 *\"\ntimeout_ms = 60000\n\
         payload = '{task}'\n"
    ));
    for number in 0..JOBS {
        text.push_str(&format!(
            "\n[[cron]]\nlabel = \"{number}\"\njob_type = \"job-{number}\"\ncron_expr = \"* * * * * *\"\n"
        ));
    }
    let module = fs::read(guests::CLOCKWORK).unwrap();
    write_plugin(&folder.join("extensions"), "clockwork", &text, &module);
}

/// Both servers with an administrator each.
struct Two {
    servers: [Serving; 2],
    administrators: [Actor; 2],
    /// Since when there are both.
    since: Timestamp,
}

impl Two {
    async fn start(program: &Program) -> Self {
        let words =
            ["user", "create", "--email", "ada@example.com", "--username", "ada", "--role", "administrator"];
        program.run(&words, &format!("{PASSWORD}\n")).await.succeeded();
        let servers = [program.serve().await, program.serve().await];
        let administrators =
            [servers[0].sign_in("ada", PASSWORD).await, servers[1].sign_in("ada", PASSWORD).await];
        Self { servers, administrators, since: Timestamp::now() }
    }
}

/// All runs of the plugin's jobs.
async fn runs(administrator: &Actor) -> Vec<Value> {
    let (mut runs, first) = (Vec::new(), format!("{RUNS}?limit=100&owner={CLOCKWORK}"));
    let mut next = first.clone();
    loop {
        let page = administrator.get(&next).await.expect(200);
        runs.extend(page.items());
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => next = format!("{first}&cursor={cursor}"),
            None => return runs,
        }
    }
}

fn due(run: &Value) -> (String, i64) {
    let due = Timestamp::parse(text(run, "due_at")).unwrap();
    (text(run, "job_type").to_owned(), due.millis())
}

fn has_succeeded(run: &Value) -> bool {
    run["outcome"] == "succeeded"
}

/// The runs that a server's plugin was called for, each as often as it was.
async fn calls(administrator: &Actor) -> Vec<String> {
    let path = format!("/api/v1/admin/plugins/{CLOCKWORK}/logs?limit=500");
    let lines = administrator.get(&path).await.expect(200).items();
    let run = |line: &Value| Some(text(line, "text").strip_prefix("tick ")?.split(' ').next()?.to_owned());
    lines.iter().filter_map(run).collect()
}

/// Whether one of these calls was for a due time that both servers could have started.
fn has_won(two: &Two, runs: &[Value], calls: &[String]) -> bool {
    let mut contested = runs.iter().filter(|run| due(run).1 > two.since.millis());
    contested.any(|run| calls.iter().any(|call| call == id(run)))
}

/// Each due time has one run, at its first attempt, and the plugin was called for it once, by one server or the other.
async fn assert_each_starts_once(two: &Two) {
    let [first, second] = &two.administrators;
    let ended = eventually_within(SHARED, "both servers have started enough due times", async || {
        let mut runs = runs(first).await;
        runs.retain(|run| run["ended_at"].is_string());
        let succeeded: BTreeSet<_> = runs.iter().filter(|run| has_succeeded(run)).map(due).collect();
        let both = has_won(two, &runs, &calls(first).await) && has_won(two, &runs, &calls(second).await);
        (succeeded.len() >= DUE_TIMES && both).then_some(runs)
    })
    .await;
    let mut seconds: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for run in &ended {
        let (job_type, due) = due(run);
        assert_eq!((&run["attempt"], text(run, "trigger")), (&json!(1), "schedule"), "{run:#}");
        assert!(matches!(text(run, "outcome"), "succeeded" | "skipped"), "{run:#}");
        assert!(seconds.entry(job_type).or_default().insert(due), "a second run for one due time: {run:#}");
    }
    assert_eq!(seconds.len(), JOBS);
    let mut called = calls(first).await;
    called.extend(calls(second).await);
    let distinct: HashSet<&String> = called.iter().collect();
    assert_eq!(distinct.len(), called.len(), "no run is two calls");
    // Those of the beginning may have left the logs, which hold 500 lines each.
    for run in ended.iter().filter(|run| has_succeeded(run)).take(DUE_TIMES) {
        assert!(called.iter().any(|call| call == id(run)), "the plugin was not called for {run:#}");
    }
}

/// None of the due times between the first and the last one of a job is missing, whoever ran.
async fn assert_none_is_missing(administrator: &Actor) {
    let mut seconds: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for run in runs(administrator).await.iter().filter(|run| text(run, "job_type") != "long") {
        let (job_type, due) = due(run);
        seconds.entry(job_type).or_default().insert(due);
    }
    for (job_type, due_times) in seconds {
        let (first, last) = (due_times.first().unwrap(), due_times.last().unwrap());
        let expected: BTreeSet<i64> = (*first..=*last).step_by(1000).collect();
        assert_eq!(due_times, expected, "{job_type}");
    }
}

async fn of_long_job(administrator: &Actor) -> Vec<Value> {
    let path = format!("{RUNS}?owner={CLOCKWORK}&job_type=long");
    administrator.get(&path).await.expect(200).items()
}

/// The server that runs a job dies, and the other one starts the same due time again.
async fn assert_is_taken_over(two: &mut Two) {
    let path = format!("/api/v1/admin/cron/jobs/{CLOCKWORK}/long/run");
    let started = two.administrators[0].post(&path, &json!({})).await.expect(202).json();
    let survivor = &two.administrators[1];
    eventually("the other server knows of it", async || {
        let runs = of_long_job(survivor).await;
        (runs.len() == 1 && runs[0]["outcome"] == "running").then_some(())
    })
    .await;
    survivor.post(&path, &json!({})).await.problem(409, "not_possible");
    two.servers[0].running.kill();
    let again = eventually_within(TAKE_OVER, "the other server goes on with it", async || {
        of_long_job(survivor).await.into_iter().find(|run| run["attempt"] == 2)
    })
    .await;
    assert_eq!(text(&again, "due_at"), text(&started, "due_at"));
    assert_ne!(id(&again), id(&started));
    let first = survivor.get(&format!("{RUNS}/{}", id(&started))).await.expect(200).json();
    assert_eq!((text(&first, "outcome"), &first["attempt"]), ("aborted", &json!(1)));
    assert!(first["ended_at"].is_string() && first["detail"].is_string(), "{first:#}");
    eventually("the plugin is called", async || {
        calls(survivor).await.iter().any(|call| call == id(&again)).then_some(())
    })
    .await;
    assert_eq!(of_long_job(survivor).await.len(), 2);
}

/// All of it, on SQLite or where `DATABASE_URL` says.
async fn share_the_jobs(database: Option<&str>) {
    let (folder, silence) = (tempfile::tempdir().unwrap(), Silence::begin());
    write_jobs(folder.path(), &silence);
    let mut program = Program::new(PROGRAM, folder.path())
        .with("FLEURON_EGRESS_ALLOW", &silence.host())
        .with("FLEURON_EGRESS_TIMEOUT_MS", "30000");
    if let Some(database) = database {
        program = program.with("DATABASE_URL", database);
    }
    let mut two = Two::start(&program).await;
    assert_each_starts_once(&two).await;
    assert_is_taken_over(&mut two).await;
    assert_none_is_missing(&two.administrators[1]).await;
}

#[tokio::test]
async fn jobs_are_shared_on_sqlite() {
    Box::pin(share_the_jobs(None)).await;
}

#[tokio::test]
async fn jobs_are_shared_on_postgres() {
    if let Some(database) = PostgresDatabase::create().await {
        Box::pin(share_the_jobs(Some(&database.url()))).await;
    }
}

/// Puts a whole file into a folder in one step.
fn drop_in(folder: &Path, name: &str, text: &str) {
    let beside = folder.join(format!(".{name}.new"));
    fs::write(&beside, text).unwrap();
    fs::rename(beside, folder.join(name)).unwrap();
}

/// What an administrator sees of a content type once it is served at this version.
async fn served_at(administrator: &Actor, name: &str, version: i64) -> Value {
    let path = format!("/api/v1/admin/content-types/{name}");
    eventually_within(TAKE_OVER, "the content type is served at this version", async || {
        let answer = administrator.get(&path).await;
        let described = (answer.status == 200).then(|| answer.json())?;
        (described["state"] == "served" && described["version"] == version).then_some(described)
    })
    .await
}

/// Each writes an entry with these fields, and both see all of them.
async fn assert_both_serve(two: &Two, name: &str, fields: &Value) {
    let path = format!("/api/v1/content/{name}");
    for administrator in &two.administrators {
        administrator.post(&path, &json!({ "fields": fields })).await.expect(201);
    }
    for server in &two.servers {
        let guest = server.guest();
        eventually("both entries are there", async || {
            let items = guest.get(&path).await.expect(200).items();
            let has = |item: &Value, (name, value): (&String, &Value)| item["fields"][name] == *value;
            let is_written = |item: &&Value| fields.as_object().unwrap().iter().all(|field| has(item, field));
            (items.iter().filter(is_written).count() == 2).then_some(())
        })
        .await;
    }
}

/// Files of content types that both servers see at the same moment, new ones and changed ones.
async fn share_the_files(database: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let types = folder.path().join("extensions/content-types");
    fs::create_dir_all(&types).unwrap();
    let mut program = Program::new(PROGRAM, folder.path());
    if let Some(database) = database {
        program = program.with("DATABASE_URL", database);
    }
    let two = Two::start(&program).await;
    let names: Vec<String> = (0..FILES).map(|number| format!("gathering_{number}")).collect();
    for name in &names {
        drop_in(&types, &format!("{name}.toml"), GATHERING);
        for administrator in &two.administrators {
            served_at(administrator, name, 1).await;
        }
        assert_both_serve(&two, name, &json!({ "title": "T" })).await;
        drop_in(&types, &format!("{name}.toml"), &format!("{GATHERING}{PLACE}"));
        for administrator in &two.administrators {
            served_at(administrator, name, 2).await;
        }
        assert_both_serve(&two, name, &json!({ "title": "U", "place": "Hall" })).await;
    }
    tokio::time::sleep(SETTLED).await;
    for (server, administrator) in two.servers.iter().zip(&two.administrators) {
        for name in &names {
            let described = served_at(administrator, name, 2).await;
            assert_eq!(text(&described, "owner"), "file", "{described:#}");
            assert_eq!(described["is_pending"], false, "{described:#}");
            assert_eq!(described["entries"], 4, "{described:#}");
            assert_eq!(described["file"]["faults"], json!([]), "{described:#}");
            let trail = format!("/api/v1/admin/audit?subject={name}");
            let trail = administrator.get(&trail).await.expect(200).items();
            let actions: Vec<&str> = trail.iter().map(|entry| text(entry, "action")).collect();
            assert_eq!(actions, ["content_type.changed", "content_type.created"], "each happens once");
        }
        let said = server.running.said();
        assert!(!said.contains("content type not used"), "{said}");
    }
}

#[tokio::test]
async fn files_of_content_types_are_shared_on_sqlite() {
    Box::pin(share_the_files(None)).await;
}

#[tokio::test]
async fn files_of_content_types_are_shared_on_postgres() {
    if let Some(database) = PostgresDatabase::create().await {
        Box::pin(share_the_files(Some(&database.url()))).await;
    }
}
