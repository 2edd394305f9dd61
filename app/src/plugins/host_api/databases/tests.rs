//! The databases as the host's calls reach them.

use std::time::{Duration, Instant};

use fleuron_plugin_host::{
    Migration, PluginId,
    ports::{
        DatabaseAccess, DatabaseError, DatabaseErrorKind, DatabasePort as _, DatabaseTransaction,
        PluginDatabase, Rows, SiteView, SqlValue, Statement, StatementKind,
    },
};
use tempfile::TempDir;

use super::*;
use crate::config::DatabaseConfig;

mod allowed;
mod limits;
mod migrating;
mod refused;
mod transactions;

struct Site {
    folder: TempDir,
    databases: PluginDatabases,
    plugin: PluginId,
}

impl Site {
    async fn new() -> Self {
        Self::with(DatabaseLimits::default()).await
    }

    async fn with(limits: DatabaseLimits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site =
            Database::connect(&DatabaseConfig::sqlite(folder.path().join("site.sqlite"))).await.unwrap();
        site.migrate().await.unwrap();
        let databases = PluginDatabases::new(folder.path().join("plugins"), site, limits);
        Self { folder, databases, plugin: PluginId::parse("com.example.shop").unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("plugins").join(self.plugin.as_str()).join("plugin.sqlite")
    }

    fn open(&self, access: DatabaseAccess) -> Arc<dyn PluginDatabase> {
        self.databases.open(&self.plugin, access)
    }

    fn own(&self) -> Arc<dyn PluginDatabase> {
        self.open(own(&[]))
    }

    async fn migrate(&self, files: &[(&str, &str)]) -> Result<usize, String> {
        let migrations: Vec<Migration> =
            files.iter().map(|(name, sql)| Migration { name: (*name).into(), sql: (*sql).into() }).collect();
        self.migrate_with(&migrations, LaterMigrations::Missing).await
    }

    async fn migrate_with(&self, migrations: &[Migration], later: LaterMigrations) -> Result<usize, String> {
        let run = self.databases.migrate(&self.plugin, migrations, later).await;
        run.map_err(|error| error.to_string())
    }

    /// A site with a table `notes (id, body unique)` that holds `a`, `b`, `c`.
    async fn with_notes() -> Self {
        let site = Self::new().await;
        site.migrate(&[("0001_notes.sql", NOTES)]).await.unwrap();
        site
    }
}

const NOTES: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT UNIQUE);
    INSERT INTO notes VALUES (1, 'a'), (2, 'b'), (3, 'c');";

fn own(views: &[SiteView]) -> DatabaseAccess {
    DatabaseAccess { own_tables: true, views: views.iter().copied().collect(), ..DatabaseAccess::default() }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn statement(kind: StatementKind, sql: &str, params: &[SqlValue]) -> Statement {
    Statement { kind, sql: sql.to_owned(), params: params.to_vec() }
}

fn text(words: &str) -> SqlValue {
    SqlValue::Text(words.to_owned())
}

async fn query(database: &dyn PluginDatabase, sql: &str) -> Result<Rows, DatabaseError> {
    database.run(statement(StatementKind::Query, sql, &[]), soon()).await
}

async fn execute(database: &dyn PluginDatabase, sql: &str) -> Result<Rows, DatabaseError> {
    database.run(statement(StatementKind::Execute, sql, &[]), soon()).await
}

/// The one value of the one row.
async fn value(database: &dyn PluginDatabase, sql: &str) -> SqlValue {
    let rows = query(database, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    assert_eq!((rows.rows.len(), rows.columns.len()), (1, 1), "{sql}: {rows:?}");
    rows.rows[0][0].clone()
}

async fn count(database: &dyn PluginDatabase) -> i64 {
    match value(database, "SELECT count(*) FROM notes").await {
        SqlValue::Integer(count) => count,
        other => panic!("{other:?}"),
    }
}

async fn insert(transaction: &mut Box<dyn DatabaseTransaction>, body: &str) -> Result<Rows, DatabaseError> {
    let sql = "INSERT INTO notes (body) VALUES (?)";
    transaction.run(statement(StatementKind::Execute, sql, &[text(body)]), soon()).await
}

#[tokio::test]
async fn rows_come_with_their_names_and_types() {
    let site = Site::with_notes().await;
    let database = site.own();
    let sql = "SELECT 1 AS a, 1.5 AS b, 'c' AS c, NULL AS d, x'00ff' AS e, ? AS f";
    let rows = database.run(statement(StatementKind::Query, sql, &[text("g")]), soon()).await.unwrap();
    assert_eq!(rows.columns, ["a", "b", "c", "d", "e", "f"]);
    let expected = [
        SqlValue::Integer(1),
        SqlValue::Real(1.5),
        text("c"),
        SqlValue::Null,
        SqlValue::Blob(vec![0, 255]),
        text("g"),
    ];
    assert_eq!(rows.rows, [expected]);
}

#[tokio::test]
async fn changes_and_ids_are_counted() {
    let site = Site::with_notes().await;
    let database = site.own();
    let rows = execute(&*database, "INSERT INTO notes (body) VALUES ('d'), ('e')").await.unwrap();
    assert_eq!((rows.changed, rows.last_insert_id), (2, 5));
    let rows =
        execute(&*database, "INSERT INTO notes (body) VALUES ('d') ON CONFLICT DO NOTHING").await.unwrap();
    assert_eq!((rows.changed, rows.last_insert_id), (0, 0));
    let rows = execute(&*database, "UPDATE notes SET body = body || '!' WHERE id > 3").await.unwrap();
    assert_eq!((rows.changed, rows.last_insert_id), (2, 0));
    let rows = query(&*database, "INSERT INTO notes (body) VALUES ('f') RETURNING id, body").await.unwrap();
    assert_eq!((rows.rows, rows.changed), (vec![vec![SqlValue::Integer(7), text("f")]], 1));
    let rows = execute(&*database, "DELETE FROM notes").await.unwrap();
    assert_eq!(rows.changed, 6);
}

#[tokio::test]
async fn key_values_need_no_grant_and_outlive_the_process() {
    let site = Site::new().await;
    let old = rusqlite::Connection::open({
        std::fs::create_dir_all(site.file().parent().unwrap()).unwrap();
        site.file()
    });
    let old = old.unwrap();
    let table = "CREATE TABLE fleuron_key_values (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO fleuron_key_values VALUES ('old', 'kept')";
    old.execute_batch(table).unwrap();
    drop(old);
    let database = site.open(DatabaseAccess::default());
    assert_eq!(database.get("old", soon()).await.unwrap().as_deref(), Some("kept"));
    assert_eq!(database.get("new", soon()).await.unwrap(), None);
    database.set("new", "one", soon()).await.unwrap();
    database.set("new", "two", soon()).await.unwrap();
    drop(database);
    let database = site.open(DatabaseAccess::default());
    assert_eq!(database.get("new", soon()).await.unwrap().as_deref(), Some("two"));
    for key in ["", &"k".repeat(513), "a\0b"] {
        assert_eq!(database.set(key, "", soon()).await.unwrap_err().kind, DatabaseErrorKind::Invalid);
    }
    let long = "v".repeat(1024 * 1024 + 1);
    assert_eq!(database.set("long", &long, soon()).await.unwrap_err().kind, DatabaseErrorKind::OverLimit);
    database.set("long", &long[1..], soon()).await.unwrap();
    assert_eq!(database.get("long", soon()).await.unwrap().map(|value| value.len()), Some(1024 * 1024));
}

#[tokio::test]
async fn plugins_have_files_of_their_own() {
    let site = Site::with_notes().await;
    site.own().set("key", "mine", soon()).await.unwrap();
    let other = site.databases.open(&PluginId::parse("com.example.shop-2").unwrap(), own(&[]));
    assert_eq!(other.get("key", soon()).await.unwrap(), None);
    assert!(query(&*other, "SELECT * FROM notes").await.is_err());
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error_until_it_is_mended() {
    let site = Site::with_notes().await;
    let good = std::fs::read(site.file()).unwrap();
    std::fs::write(site.file(), "this is no database, however long one looks at it".repeat(100)).unwrap();
    let database = site.own();
    for _ in 0..2 {
        let error = database.get("key", soon()).await.unwrap_err();
        assert_eq!(error.kind, DatabaseErrorKind::Failed);
        assert!(error.message.contains("cannot be opened"), "{error}");
    }
    std::fs::write(site.file(), good).unwrap();
    assert_eq!(database.get("key", soon()).await.unwrap(), None);
    assert_eq!(count(&*database).await, 3);
}

#[tokio::test]
async fn granted_views_are_joined_with_own_tables() {
    let site = Site::with_notes().await;
    let database = site.open(own(&[SiteView::Posts]));
    assert_eq!(value(&*database, "SELECT count(*) FROM core_posts").await, SqlValue::Integer(0));
    let sql = "INSERT INTO notes (body) SELECT title FROM core_posts";
    assert_eq!(execute(&*database, sql).await.unwrap().changed, 0);
    let views = DatabaseAccess { views: [SiteView::Posts].into(), ..DatabaseAccess::default() };
    let reader = site.open(views);
    let sql = "WITH p AS (SELECT * FROM core_posts) SELECT count(*) FROM p";
    assert_eq!(value(&*reader, sql).await, SqlValue::Integer(0));
    let mut transaction = reader.begin(soon()).await.unwrap();
    transaction.set("key", "value", soon()).await.unwrap();
    assert!(transaction.run(statement(StatementKind::Query, sql, &[]), soon()).await.is_ok());
    transaction.commit().await.unwrap();
    assert_eq!(reader.get("key", soon()).await.unwrap().as_deref(), Some("value"));
}
