//! Creating posts through a WebAssembly filter, beside what it stands on: a bare route that takes the same bytes, and a
//! bare insert with a commit of its own, in the same folder and with the same durability.

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, Value};

use crate::client::post;
use crate::content::{SHORT, markdown, new_post, new_posts};
use crate::load::{Load, percentile};
use crate::report::{Report, amount};
use crate::site::Site;
use crate::{Bench, CONNECTIONS, Result, bare};

pub(crate) async fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let site = Site::create(bench)?;
    let server = site.open().await?;
    let example = server.publish("An example", &markdown(SHORT)).await?.to_string();
    let (address, process) = (server.process.address, &server.process);

    let bare = bare::start(bench, &site.path(), "application/json", example.as_bytes()).await?;
    let request = post("/", Some(&server.token), &new_post("An example", &markdown(SHORT)));
    let load = Load::new(bare.address, CONNECTIONS, 201, crate::load::in_turn(vec![request]));
    let route = load.measure(bench.time, &bare).await?;
    bare.stop().await?;

    // Half of the bare commits before and half after, since disks have moods.
    let mut commits = BareCommits::open(&site.path()).await?;
    commits.measure(bench.time / 2).await?;
    let many =
        Load::new(address, CONNECTIONS, 201, new_posts(&server.token)).measure(bench.time, process).await?;
    let one = Load::new(address, 1, 201, alone(&server.token)).measure(bench.time, process).await?;
    commits.measure(bench.time / 2).await?;
    let (commit_rate, commit_p50, commit_p99) = commits.close().await?;

    report.load("create a post: bare route", &route, None);
    report.line("create a post: bare insert and commit", commit_rate, commit_p50, commit_p99);
    report.load("create a post, 16 clients", &many, Some(&route));
    report.load("create a post, 1 client", &one, None);
    let ratio = many.outcome.rate() / commit_rate;
    report.bar(
        "create a post, 16 clients",
        format!("{ratio:.1} x one commit per request"),
        ">= 5 x",
        ratio >= 5.0,
    );
    let p50 = one.outcome.percentile(50);
    let ratio = p50.as_secs_f64() / commit_p50.as_secs_f64().max(f64::EPSILON);
    let measured = format!("p50 {} = {ratio:.2} x a bare commit", amount(p50));
    report.bar("create a post, 1 client", measured, "<= 1.3 x", ratio <= 1.3);
    server.process.stop().await
}

/// Posts by a lone client, with titles that the sixteen did not use: their slugs would have to be told apart.
fn alone(token: &str) -> crate::load::Source {
    let (token, content) = (token.to_owned(), markdown(SHORT));
    let next = std::sync::atomic::AtomicU64::new(1);
    std::sync::Arc::new(move || {
        let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        post(
            "/api/v1/posts",
            Some(&token),
            &new_post(&format!("Alone in the press room, {number}"), &content),
        )
    })
}

/// A loop of inserts, each durable before the next begins.
struct BareCommits {
    database: DatabaseConnection,
    latencies: Vec<Duration>,
}

impl BareCommits {
    /// Opens a database of its own in the site's folder, with the settings that the server's writer has.
    async fn open(folder: &Path) -> Result<Self> {
        let url = format!("sqlite://{}?mode=rwc", folder.join("bare.sqlite").display());
        let mut options = ConnectOptions::new(url);
        options.sqlx_logging(false).test_before_acquire(false).max_connections(1).min_connections(1);
        options.map_sqlx_sqlite_opts(|sqlite| {
            sqlite.pragma("journal_mode", "WAL").pragma("synchronous", "FULL")
        });
        let database = Database::connect(options).await?;
        database
            .execute_unprepared(
                "CREATE TABLE posts (id BLOB PRIMARY KEY, slug TEXT NOT NULL UNIQUE, title TEXT NOT NULL, \
                 content TEXT NOT NULL, created_at INTEGER NOT NULL)",
            )
            .await?;
        Ok(Self { database, latencies: Vec::new() })
    }

    async fn measure(&mut self, time: Duration) -> Result<()> {
        let content = markdown(SHORT);
        let started = Instant::now();
        while started.elapsed() < time {
            let number = self.latencies.len();
            let values: [Value; 5] = [
                uuid::Uuid::now_v7().as_bytes().to_vec().into(),
                format!("notes-from-the-press-room-number-{number}").into(),
                format!("Notes from the press room, number {number}").into(),
                content.clone().into(),
                0_i64.into(),
            ];
            let insert = "INSERT INTO posts (id, slug, title, content, created_at) VALUES (?, ?, ?, ?, ?)";
            let begun = Instant::now();
            self.database
                .execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, insert, values))
                .await?;
            self.latencies.push(begun.elapsed());
        }
        Ok(())
    }

    /// Commits per second, and their p50 and p99.
    async fn close(mut self) -> Result<(f64, Duration, Duration)> {
        self.database.close().await?;
        self.latencies.sort_unstable();
        let total: Duration = self.latencies.iter().sum();
        let rate = self.latencies.len() as f64 / total.as_secs_f64().max(f64::EPSILON);
        Ok((rate, percentile(&self.latencies, 50), percentile(&self.latencies, 99)))
    }
}
