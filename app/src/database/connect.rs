//! Opening connections with the settings that the guarantees rest on.

use std::{path::Path, time::Duration};

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};

use crate::{
    auth::keys::create_private_folder,
    config::{DatabaseConfig, DatabaseKind},
};

/// Readers on SQLite: enough for two busy workers, few enough to stay small.
const SQLITE_READERS: u32 = 4;

/// Connections for plugins' views: a scan that holds one leaves another to the other plugins.
const VIEW_CONNECTIONS: u32 = 2;
/// How long one of them is kept without work.
const VIEW_IDLE_TIME: Duration = Duration::from_secs(60);
/// After how long PostgreSQL ends a query of a plugin's view: nobody waits longer than a plugin's call may take, which is
/// a minute at most.
const VIEW_QUERY_TIME: Duration = Duration::from_secs(60);

/// A database that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It can't be reached or opened.
    #[error("cannot open the database {location}: {cause}")]
    Open {
        /// Where it was looked for, without a password.
        location: String,
        /// What the driver said.
        cause: DbErr,
    },
    /// Its folder or file can't be made.
    #[error("cannot create {folder}: {cause}")]
    Folder {
        /// The folder or file.
        folder: String,
        /// What the system said.
        cause: std::io::Error,
    },
}

pub(super) async fn readers(config: &DatabaseConfig) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = base(config);
    match config.kind() {
        DatabaseKind::Sqlite(path) => {
            if let Some(folder) = path.parent() {
                // The database holds password hashes and drafts.
                create_private_folder(folder)
                    .map_err(|cause| DatabaseError::Folder { folder: folder.display().to_string(), cause })?;
            }
            private_file(path)
                .map_err(|cause| DatabaseError::Folder { folder: path.display().to_string(), cause })?;
            options.max_connections(SQLITE_READERS).min_connections(1);
        }
        DatabaseKind::Postgres => {
            options.max_connections(config.max_connections).min_connections(1);
        }
    }
    open(config, options).await
}

pub(super) async fn writer(
    config: &DatabaseConfig,
    readers: &DatabaseConnection,
) -> Result<DatabaseConnection, DatabaseError> {
    match config.kind() {
        DatabaseKind::Sqlite(_) => single(config).await,
        DatabaseKind::Postgres => Ok(readers.clone()),
    }
}

/// A small pool for reading alone. Its connections are opened when they are first needed: a site whose plugins read no
/// views has none.
pub(super) async fn views(config: &DatabaseConfig) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = base(config);
    options
        .max_connections(VIEW_CONNECTIONS)
        .min_connections(0)
        .connect_lazy(true)
        .idle_timeout(VIEW_IDLE_TIME)
        .statement_timeout(VIEW_QUERY_TIME);
    if let DatabaseKind::Sqlite(path) = config.kind() {
        let path = path.clone();
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .read_only(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-2000")
        });
    }
    open(config, options).await
}

/// SQLite gives its other files the mode of this one.
fn private_file(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

/// A pool of exactly one connection that is never replaced.
pub(super) async fn single(config: &DatabaseConfig) -> Result<DatabaseConnection, DatabaseError> {
    let mut options = base(config);
    options.max_connections(1).min_connections(1);
    open(config, options).await
}

fn base(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(config.url());
    options
        .sqlx_logging(false)
        .test_before_acquire(matches!(config.kind(), DatabaseKind::Postgres))
        .acquire_timeout(Duration::from_secs(8))
        .connect_timeout(Duration::from_secs(8));
    if let DatabaseKind::Sqlite(path) = config.kind() {
        let path = path.clone();
        options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        // synchronous=FULL: an acknowledged write survives a power cut. WAL lets readers go on beside the writer.
        options.map_sqlx_sqlite_opts(move |sqlite| {
            sqlite
                .filename(&path)
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("temp_store", "MEMORY")
                .pragma("cache_size", "-4000")
                .optimize_on_close(true, None)
        });
    }
    options
}

async fn open(config: &DatabaseConfig, options: ConnectOptions) -> Result<DatabaseConnection, DatabaseError> {
    Database::connect(options)
        .await
        .map_err(|cause| DatabaseError::Open { location: config.location(), cause })
}
