//! Word of changes, so that caches of what the database holds know when they are stale.
//!
//! This process says what it has changed itself. What other processes change shows in SQLite's `data_version`, asked for
//! on the writing connection (which does not count its own commits), or comes as a PostgreSQL notification.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, sqlx};
use tokio::sync::Notify;
use uuid::Uuid;

/// The channel that PostgreSQL nodes tell each other of changes on.
const CHANNEL: &str = "fleuron_changes";
const POLL: Duration = Duration::from_millis(100);

/// Tells when the database has changed. Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    inner: Arc<Inner>,
}

struct Inner {
    /// This process, in notifications.
    process: Uuid,
    names: AtomicU64,
    content: AtomicU64,
    elsewhere: Notify,
    elsewhere_count: AtomicU64,
}

impl Changes {
    /// Grows when users, categories, tags or settings change.
    pub fn names(&self) -> u64 {
        self.inner.names.load(Ordering::Acquire)
    }

    /// Grows when posts, pages or comments change.
    pub fn content(&self) -> u64 {
        self.inner.content.load(Ordering::Acquire)
    }

    /// To be called after users, categories, tags or settings were changed.
    pub fn touch_names(&self) {
        self.inner.names.fetch_add(1, Ordering::AcqRel);
    }

    /// To be called after posts, pages or comments were changed.
    pub fn touch_content(&self) {
        self.inner.content.fetch_add(1, Ordering::AcqRel);
    }

    /// Grows when another process has changed something, for whoever cannot wait for it all the time.
    pub fn elsewhere(&self) -> u64 {
        self.inner.elsewhere_count.load(Ordering::Acquire)
    }

    /// Returns when another process has changed something.
    pub async fn changed_elsewhere(&self) {
        self.inner.elsewhere.notified().await;
    }

    /// What a PostgreSQL transaction ends with, so that other nodes hear of it.
    pub(super) fn notification(&self) -> Statement {
        Statement::from_string(DbBackend::Postgres, format!("NOTIFY {CHANNEL}, '{}'", self.inner.process))
    }

    fn touched_elsewhere(&self) {
        self.touch_names();
        self.touch_content();
        self.inner.elsewhere_count.fetch_add(1, Ordering::AcqRel);
        self.inner.elsewhere.notify_waiters();
    }
}

/// Starts to watch through the writing connection. Ends by itself when nobody holds the changes any more.
pub(super) fn start(writer: &DatabaseConnection) -> Changes {
    let changes = Changes {
        inner: Arc::new(Inner {
            process: Uuid::new_v4(),
            names: AtomicU64::new(1),
            content: AtomicU64::new(1),
            elsewhere: Notify::new(),
            elsewhere_count: AtomicU64::new(0),
        }),
    };
    let watched = Arc::downgrade(&changes.inner);
    match writer.get_database_backend() {
        DbBackend::Sqlite => drop(tokio::spawn(poll(writer.clone(), watched))),
        _ => drop(tokio::spawn(listen(writer.clone(), watched))),
    }
    changes
}

async fn poll(writer: DatabaseConnection, watched: Weak<Inner>) {
    let mut last: Option<i64> = None;
    loop {
        tokio::time::sleep(POLL).await;
        let Some(inner) = watched.upgrade() else { return };
        let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA data_version");
        let Ok(Some(row)) = writer.query_one_raw(statement).await else { continue };
        let Ok(version) = row.try_get_by_index::<i64>(0) else { continue };
        if last.replace(version).is_some_and(|last| last != version) {
            Changes { inner }.touched_elsewhere();
        }
    }
}

async fn listen(pool: DatabaseConnection, watched: Weak<Inner>) {
    while watched.strong_count() > 0 {
        if listen_once(&pool, &watched).await.is_err() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

async fn listen_once(pool: &DatabaseConnection, watched: &Weak<Inner>) -> Result<(), sqlx::Error> {
    let mut listener = sqlx::postgres::PgListener::connect_with(pool.get_postgres_connection_pool()).await?;
    listener.listen(CHANNEL).await?;
    // Whatever happened while nobody listened counts as a change.
    let Some(inner) = watched.upgrade() else { return Ok(()) };
    let own = inner.process.to_string();
    Changes { inner }.touched_elsewhere();
    loop {
        let notification = listener.recv().await?;
        let Some(inner) = watched.upgrade() else { return Ok(()) };
        if notification.payload() != own {
            Changes { inner }.touched_elsewhere();
        }
    }
}
