//! What a plugin's SQL costs beside bare rusqlite on a file with the same settings: one row by its key, and a
//! transaction of ten inserts. Through the same port as the plugin host, with authorizer, deadline and the way to a
//! thread that may block and back. The bare side works where it stands.
//!
//! `cargo bench --bench plugin_database`. Both sides are measured in turns and figures are medians, so that the
//! machine's mood hits both alike. Commits wait for no disk here, as in WAL mode with synchronous=NORMAL.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fleuron::config::{Config, DatabaseConfig};
use fleuron::database::Database;
use fleuron::egress::{Egress, EgressConfig};
use fleuron::events::RecorderHandle;
use fleuron::plugins::host_api::{self, PluginLogs};
use fleuron_plugin_host::ports::{
    DatabaseAccess, LaterMigrations, PluginDatabase, SqlValue, Statement, StatementKind,
};
use fleuron_plugin_host::{Migration, PluginId};
use rusqlite::{Connection, TransactionBehavior, params};

const SCHEMA: &str =
    "CREATE TABLE visits (id INTEGER PRIMARY KEY, path TEXT NOT NULL, count INTEGER NOT NULL)";
const SELECT: &str = "SELECT path, count FROM visits WHERE id = ?";
const INSERT: &str = "INSERT INTO visits (path, count) VALUES (?, ?)";
/// Rows that are there before anything is measured.
const ROWS: i64 = 1_000;
const INSERTS: i64 = 10;
const ROUNDS: usize = 5;
/// Queries of either side in one round. There are a tenth as many transactions.
const CALLS: usize = 4_000;
const QUERY_BAR: Duration = Duration::from_micros(60);
const TRANSACTION_BAR: Duration = Duration::from_millis(1);
/// No statement takes as long.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let plugin = runtime.block_on(plugin_database(folder.path()))?;
    let mut bare = Bare::open(&folder.path().join("bare.sqlite"))?;
    let (mut query, mut transaction) = (Times::default(), Times::default());
    for _round in 0..ROUNDS {
        query.bare.extend(bare.queries()?);
        // On the runtime's own threads, where guests' calls are made as well.
        query.plugin.extend(runtime.block_on(runtime.spawn(queries(Arc::clone(&plugin))))??);
        transaction.bare.extend(bare.transactions()?);
        transaction.plugin.extend(runtime.block_on(runtime.spawn(transactions(Arc::clone(&plugin))))??);
    }
    println!(
        "{:<28} {:>10} {:>10} {:>10} {:>7} {:>10}  met",
        "median", "bare", "plugin", "p99", "ratio", "bar"
    );
    query.print("query of one row", QUERY_BAR);
    transaction.print("transaction of ten inserts", TRANSACTION_BAR);
    Ok(())
}

/// A plugin's database as the plugin host gets it, with rows in it.
async fn plugin_database(folder: &Path) -> Result<Arc<dyn PluginDatabase>, Failure> {
    let config = Config::in_folder(folder);
    let site = Database::connect(&DatabaseConfig::sqlite(folder.join("site.sqlite"))).await?;
    let egress = Egress::new(EgressConfig::default())?;
    let (ports, _kept) =
        host_api::ports(&config, &site, egress, RecorderHandle::default(), PluginLogs::default())?;
    let id: PluginId = "bench.database".parse()?;
    let migration = Migration { name: "0001_visits.sql".to_owned(), sql: SCHEMA.to_owned() };
    ports.databases.migrate(&id, &[migration], LaterMigrations::Missing).await?;
    let access = DatabaseAccess { own_tables: true, ..DatabaseAccess::default() };
    let database = ports.databases.open(&id, access);
    let until = Instant::now() + PATIENCE;
    let mut transaction = database.begin(until).await?;
    for number in 0..ROWS {
        transaction.run(insert(number), until).await?;
    }
    transaction.commit().await?;
    Ok(database)
}

fn insert(number: i64) -> Statement {
    let params = vec![SqlValue::Text(path(number)), SqlValue::Integer(number)];
    Statement { kind: StatementKind::Execute, sql: INSERT.to_owned(), params }
}

fn path(number: i64) -> String {
    format!("/posts/a-quiet-morning-at-the-harbour-{number}")
}

async fn queries(database: Arc<dyn PluginDatabase>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(CALLS);
    for id in (1..=ROWS).cycle().take(CALLS) {
        let statement = Statement {
            kind: StatementKind::Query,
            sql: SELECT.to_owned(),
            params: vec![SqlValue::Integer(id)],
        };
        let started = Instant::now();
        let rows = database.run(statement, started + PATIENCE).await?;
        times.push(started.elapsed());
        assert_eq!(black_box(rows).rows.len(), 1, "there is such a row");
    }
    Ok(times)
}

async fn transactions(database: Arc<dyn PluginDatabase>) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::with_capacity(CALLS / 10);
    for _ in 0..CALLS / 10 {
        let statements: Vec<Statement> = (0..INSERTS).map(insert).collect();
        let started = Instant::now();
        let until = started + PATIENCE;
        let mut transaction = database.begin(until).await?;
        for statement in statements {
            transaction.run(statement, until).await?;
        }
        transaction.commit().await?;
        times.push(started.elapsed());
    }
    Ok(times)
}

/// The same work on a connection of rusqlite and nothing else.
struct Bare(Connection);

impl Bare {
    fn open(file: &Path) -> rusqlite::Result<Bare> {
        let connection = Connection::open(file)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.execute_batch(SCHEMA)?;
        let mut bare = Bare(connection);
        bare.insert(0..ROWS)?;
        Ok(bare)
    }

    fn insert(&mut self, numbers: impl Iterator<Item = i64>) -> rusqlite::Result<()> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for number in numbers {
            transaction.prepare_cached(INSERT)?.execute(params![path(number), number])?;
        }
        transaction.commit()
    }

    fn queries(&self) -> rusqlite::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(CALLS);
        for id in (1..=ROWS).cycle().take(CALLS) {
            let started = Instant::now();
            let mut statement = self.0.prepare_cached(SELECT)?;
            let row =
                statement.query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
            times.push(started.elapsed());
            black_box(row);
        }
        Ok(times)
    }

    fn transactions(&mut self) -> rusqlite::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(CALLS / 10);
        for _ in 0..CALLS / 10 {
            let started = Instant::now();
            self.insert(0..INSERTS)?;
            times.push(started.elapsed());
        }
        Ok(times)
    }
}

/// How long each call of either side took.
#[derive(Default)]
struct Times {
    bare: Vec<Duration>,
    plugin: Vec<Duration>,
}

impl Times {
    fn print(&mut self, name: &str, bar: Duration) {
        self.bare.sort_unstable();
        self.plugin.sort_unstable();
        let (bare, plugin) = (percentile(&self.bare, 50), percentile(&self.plugin, 50));
        let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
        let ratio = plugin.as_secs_f64() / bare.as_secs_f64().max(f64::EPSILON);
        println!(
            "{name:<28} {:>10} {:>10} {:>10} {ratio:>6.1}x {:>10}  {}",
            micros(bare),
            micros(plugin),
            micros(percentile(&self.plugin, 99)),
            micros(bar),
            if plugin <= bar { "yes" } else { "NO" },
        );
    }
}

/// The value that this many of a hundred stay within; the values must be in rising order.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}
