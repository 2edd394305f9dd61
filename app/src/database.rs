//! The database: many readers, one writer seam, and word of what other processes change.

mod connect;
mod watch;
mod writer;

use std::{sync::Arc, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, SqlErr, Statement};

pub use connect::DatabaseError;
pub use watch::Changes;
pub use writer::{CommitHold, WriteFuture};

use crate::{config::DatabaseConfig, error::Result};

/// What a piece of work inside [`Database::write`] writes through.
pub type Transaction = sea_orm::DatabaseTransaction;

/// How often, and with what pause, a migration is tried that another process may be running.
const MIGRATION_TRIES: u32 = 10;
const MIGRATION_PAUSE: Duration = Duration::from_millis(300);

/// A site's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    views: DatabaseConnection,
    writer: Arc<writer::Writer>,
    changes: Changes,
}

impl Database {
    /// Connects and, on SQLite, creates the file if it is missing. Migrations are not run.
    pub async fn connect(config: &DatabaseConfig) -> Result<Self, DatabaseError> {
        let reader = connect::readers(config).await?;
        let views = connect::views(config).await?;
        let connection = connect::writer(config, &reader).await?;
        let changes = watch::start(&connection);
        let writer = writer::Writer::start(connection, changes.clone());
        Ok(Self { reader, views, writer: Arc::new(writer), changes })
    }

    /// Brings the schema up to date. Returns how many migrations were applied. Another process may be at it too; then
    /// this waits for it.
    pub async fn migrate(&self) -> Result<usize, DbErr> {
        use fleuron_migrations::{Migrator, MigratorTrait};
        let connection = self.writer.connection();
        let mut tries = 0;
        loop {
            let outcome = async {
                let pending = Migrator::get_pending_migrations(connection).await?.len();
                Migrator::up(connection, None).await?;
                Ok(pending)
            };
            match outcome.await {
                // The other process has made the tables that this one wanted to make.
                Err(_) if tries < MIGRATION_TRIES => tries += 1,
                settled => return settled,
            }
            tokio::time::sleep(MIGRATION_PAUSE).await;
        }
    }

    /// For reading only: what it returns may be older than an unfinished write, never torn.
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For the queries that plugins cause through their views of the site: two connections of their own, opened when
    /// they are first needed and closed when they idle, so that a plugin's scan keeps no page of the site waiting.
    pub fn views(&self) -> &DatabaseConnection {
        &self.views
    }

    /// Which kind of database this is.
    pub fn backend(&self) -> DbBackend {
        self.reader.get_database_backend()
    }

    /// Word of changes, by this process or another.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The one way to write. `work` runs in a transaction of its own; when this returns `Ok`, the change is durable.
    ///
    /// `work` may be run more than once (a lost race, a busy database), so it must have no side effects outside the
    /// transaction. On SQLite the COMMIT is shared by the requests that wait for it.
    pub async fn write<I, T, F>(&self, input: I, work: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'a> Fn(&'a Transaction, &'a I) -> WriteFuture<'a, T> + Send + Sync + 'static,
    {
        self.writer.write(input, work).await
    }

    /// Holds every COMMIT back until the returned guard is dropped: for backups that need a still database, and for
    /// tests of what is acknowledged when.
    pub async fn hold_commits(&self) -> CommitHold {
        self.writer.hold_commits().await
    }

    /// Finishes what is queued and closes the connections.
    pub async fn close(&self) {
        self.writer.stop().await;
        let _ = self.views.clone().close().await;
        let _ = self.writer.connection().clone().close().await;
        let _ = self.reader.clone().close().await;
    }
}

/// Lets the transactions that ask for the same `what` run one after the other. On SQLite all do anyway.
pub async fn one_at_a_time(transaction: &Transaction, what: &str) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = "SELECT pg_advisory_xact_lock(hashtext($1))";
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, lock, [what.into()]);
        transaction.execute_raw(statement).await?;
    }
    Ok(())
}

/// Whether an error says that a unique constraint was broken.
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

#[cfg(test)]
mod tests {
    use fleuron_migrations::{Migrator, MigratorTrait};

    use super::*;

    async fn texts(connection: &DatabaseConnection, sql: &str) -> Vec<String> {
        let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }

    #[tokio::test]
    async fn settings_of_plugins_move_there_and_back() {
        let folder = tempfile::tempdir().unwrap();
        let config = DatabaseConfig::sqlite(folder.path().join("site.sqlite"));
        let database = Database::connect(&config).await.unwrap();
        database.migrate().await.unwrap();
        let connection = database.writer.connection();
        let rows = "INSERT INTO plugins (id, enabled, updated_at) VALUES ('com.example.a', TRUE, 1); \
                    INSERT INTO plugin_settings (plugin_id, settings, updated_at) \
                    VALUES ('com.example.a', '{\"key\":\"value\"}', 1), ('com.example.b', '{}', 1)";
        connection.execute_unprepared(rows).await.unwrap();
        let later = Migrator::migrations()
            .iter()
            .rev()
            .take_while(|migration| migration.name() != "m20261120_000004_plugin_settings")
            .count();
        Migrator::down(connection, Some(u32::try_from(later + 1).unwrap())).await.unwrap();
        let before = "SELECT settings FROM plugins";
        assert_eq!(texts(connection, before).await, [r#"{"key":"value"}"#]);
        database.migrate().await.unwrap();
        assert_eq!(texts(connection, before).await, ["{}"], "secrets are kept in one place");
        let now = "SELECT plugin_id || settings FROM plugin_settings";
        assert_eq!(texts(connection, now).await, [r#"com.example.a{"key":"value"}"#]);
        database.close().await;
    }
}
