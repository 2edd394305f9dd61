//! One connection to a plugin's database, with everything that fences its SQL in.

use std::{
    cell::Cell,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use fleuron_plugin_host::ports::{DatabaseAccess, DatabaseError};
use rusqlite::{Connection, OpenFlags, config::DbConfig, hooks::Action, limits::Limit};

use super::{
    DatabaseLimits,
    deadline::{Caller, Deadline},
    error::{Failure, failed, log_is_full},
    functions,
    growth::Views,
    guard::Guard,
    rules::Mode,
    statement::Place,
    usage::Watch,
    views::{self, GrantedTypes},
    workers::Workers,
};
use crate::{auth::keys::create_private_folder, database::Database};

/// Instructions of SQLite's machine between two looks at the clock: some microseconds, unless each is heavy.
const OPERATIONS_PER_LOOK: i32 = 100;
/// How long to wait for another process at most.
const BUSY: Duration = Duration::from_secs(2);
/// How long opening may take: nothing but another process holds it up.
const OPENING: Duration = Duration::from_secs(5);
/// How long the end of a transaction may take, which nobody waits for.
const ROLLBACK: Duration = Duration::from_secs(10);

/// Bytes of the largest value or row in SQL: room for a value of 1 MiB in its row. No larger, because one instruction of
/// SQLite, which nothing can interrupt, may work on that much.
const LONGEST: usize = (1024 + 64) * 1024;

/// Bytes of a row of the key-value space beside its value.
const BESIDE_VALUE: usize = 64 * 1024;

/// The table of the key-value space, which is older than everything else in these files.
const KEY_VALUES: &str =
    "CREATE TABLE IF NOT EXISTS fleuron_key_values (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Reads and writes the plugin's file.
    Writer,
    /// Reads the plugin's file.
    Reader,
    /// Reads the views of the site, beside an empty database: the plugin has no tables of its own.
    Views,
    /// Changes the schema of the plugin's file.
    Migrations,
}

/// Where sessions of one plugin are opened, and with what.
pub(super) struct Source {
    /// The plugin's file.
    pub(super) path: PathBuf,
    /// What the SQL may reach.
    pub(super) access: DatabaseAccess,
    /// The site behind the views.
    pub(super) site: Database,
    /// The site's content types, of which tables are made.
    pub(super) content: Arc<views::ContentTypes>,
    /// Sizes.
    pub(super) limits: DatabaseLimits,
    /// Held while the file is opened: the first opening changes the kind of its journal.
    pub(super) opening: Arc<Mutex<()>>,
    /// Counts the changes of the file's schema.
    pub(super) schema: Arc<AtomicU64>,
    /// The threads that its statements run on.
    pub(super) workers: Workers,
}

/// A connection, its guard and its deadline.
pub(super) struct Session {
    connection: Connection,
    guard: Arc<Guard>,
    deadline: Deadline,
    watch: Watch,
    has_inserted: Arc<AtomicBool>,
    is_broken: Cell<bool>,
    access: DatabaseAccess,
    /// The content types that it has tables of.
    types: GrantedTypes,
    limits: DatabaseLimits,
    /// The plugin's own views, as they were when the connection was opened.
    views: Views,
    schema: u64,
}

impl Session {
    /// Opens a connection. Blocks: not for async threads.
    pub(super) fn open(source: &Source, role: Role) -> Result<Self, DatabaseError> {
        Self::try_open(source, role).map_err(|error| {
            tracing::warn!(file = %source.path.display(), %error, "a plugin's database cannot be opened");
            let reason = match &error {
                OpenError::Folder(_) => "its folder cannot be made".to_owned(),
                OpenError::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => failure.to_string(),
                OpenError::Sqlite(_) => "SQLite refuses it".to_owned(),
            };
            failed(format!("the plugin's database cannot be opened: {reason}"))
        })
    }

    fn try_open(source: &Source, role: Role) -> Result<Self, OpenError> {
        let connection = match role {
            Role::Views => Connection::open_in_memory()?,
            Role::Writer | Role::Reader | Role::Migrations => open_file(source, role)?,
        };
        let (access, mode) = match role {
            Role::Migrations => {
                (DatabaseAccess { own_tables: true, ..DatabaseAccess::default() }, Mode::Migration)
            }
            Role::Writer | Role::Reader | Role::Views => (source.access.clone(), Mode::Plugin),
        };
        fence(&connection)?;
        let deadline = Deadline::new(Instant::now() + OPENING);
        let types = source.content.granted(&access, &source.site, deadline.until())?;
        views::register(&connection, &access, &types, &source.site, &deadline)?;
        let watch = Watch::new(deadline.clone());
        let looking = watch.clone();
        connection.progress_handler(OPERATIONS_PER_LOOK, Some(move || looking.must_end()))?;
        let has_inserted = Arc::new(AtomicBool::new(false));
        let inserted = Arc::clone(&has_inserted);
        connection.update_hook(Some(move |action: Action, _: &str, _: &str, _: i64| {
            if action == Action::SQLITE_INSERT {
                inserted.store(true, Ordering::Relaxed);
            }
        }))?;
        let schema = source.schema.load(Ordering::Acquire);
        let own_views = if access.own_tables { read_views(&connection)? } else { Views::default() };
        functions::register(&connection, &watch, LONGEST)?;
        let guard = Guard::install(&connection, access.clone(), mode)?;
        Ok(Self {
            connection,
            guard,
            deadline,
            watch,
            has_inserted,
            is_broken: Cell::new(false),
            access,
            types,
            limits: source.limits,
            views: own_views,
            schema,
        })
    }

    /// Begins a piece of work that ends at `until`, or when its caller goes away.
    pub(super) fn start(&self, until: Instant, caller: &Caller) -> Result<(), DatabaseError> {
        self.deadline.set_for(until, caller);
        self.watch.begin();
        self.wait_for_others(until)
    }

    /// Begins a piece of work that ends at `until`, whoever waits for it.
    pub(super) fn start_alone(&self, until: Instant) -> Result<(), DatabaseError> {
        self.deadline.set(until);
        self.watch.begin();
        self.wait_for_others(until)
    }

    fn wait_for_others(&self, until: Instant) -> Result<(), DatabaseError> {
        let left = until.saturating_duration_since(Instant::now());
        self.connection.busy_timeout(left.min(BUSY)).map_err(|error| self.explain(error))
    }

    /// The connection, for what the plugin's SQL may do and no more, unless [`Guard::host`] says otherwise.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// To be called before each statement of a plugin is prepared.
    pub(super) fn begin_statement(&self) {
        self.guard.begin_statement();
        self.watch.begin();
    }

    /// Until the returned value is dropped, the key-value space's values pass, which may be larger than those in SQL.
    pub(super) fn room_for_values(&self) -> rusqlite::Result<RoomForValues<'_>> {
        let bytes = self.limits.value_bytes.saturating_add(BESIDE_VALUE).max(LONGEST);
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        let before = self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, bytes)?;
        Ok(RoomForValues { connection: &self.connection, before })
    }

    /// Moves what was written into the file itself, and empties what it was written to first. Nobody may read meanwhile.
    pub(super) fn checkpoint(&self) -> Result<(), DatabaseError> {
        let _host = self.guard.host();
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self
            .connection
            .query_row(checkpoint, [], |row| row.get(0))
            .map_err(|error| self.explain(error))?;
        if busy == 0 { Ok(()) } else { Err(log_is_full()) }
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.guard
    }

    /// The plugin's own views.
    pub(super) fn views(&self) -> &Views {
        &self.views
    }

    /// Whether the schema and the content types are still those that the connection was opened with. Blocks: not for
    /// async threads.
    pub(super) fn is_current(&self, source: &Source) -> bool {
        self.schema == source.schema.load(Ordering::Acquire) && self.has_current_types(source)
    }

    fn has_current_types(&self, source: &Source) -> bool {
        // A transaction goes on with the tables that it began with.
        if !self.is_at_rest() {
            return true;
        }
        match source.content.granted(&self.access, &source.site, Instant::now() + OPENING) {
            Ok(types) => self.types.are_as(&types),
            // Whatever keeps them from being read is told by the statement that reads entries.
            Err(_unreadable) => true,
        }
    }

    /// Whether no transaction is open.
    pub(super) fn is_at_rest(&self) -> bool {
        self.connection.is_autocommit()
    }

    /// Whether the connection should be opened anew.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    pub(super) fn forget_insert(&self) {
        self.has_inserted.store(false, Ordering::Relaxed);
    }

    /// Whether a row was inserted since [`Session::forget_insert`].
    pub(super) fn has_inserted(&self) -> bool {
        self.has_inserted.load(Ordering::Relaxed)
    }

    /// Begins a transaction that writes.
    pub(super) fn begin(&self) -> Result<(), DatabaseError> {
        self.host_statement("BEGIN IMMEDIATE")
    }

    /// Keeps what the transaction did, or else undoes it.
    pub(super) fn commit(&self) -> Result<(), DatabaseError> {
        let outcome = self.host_statement("COMMIT");
        if outcome.is_err() {
            self.roll_back()?;
        }
        outcome
    }

    /// Undoes what the transaction did, where one is open.
    pub(super) fn roll_back(&self) -> Result<(), DatabaseError> {
        if self.is_at_rest() {
            return Ok(());
        }
        self.deadline.set(Instant::now() + ROLLBACK);
        self.watch.begin();
        self.host_statement("ROLLBACK")
    }

    /// Begins what [`Session::end_step`] can undo by itself.
    pub(super) fn begin_step(&self, place: Place) -> Result<(), DatabaseError> {
        match place {
            Place::Transaction => self.host_statement("SAVEPOINT fleuron_step"),
            Place::Alone | Place::Reader => self.begin(),
        }
    }

    /// Keeps or undoes what was done since [`Session::begin_step`].
    pub(super) fn end_step(&self, place: Place, keep: bool) -> Result<(), DatabaseError> {
        match (place, keep) {
            // SQLite itself has undone everything.
            _ if self.is_at_rest() => Ok(()),
            (Place::Transaction, true) => self.host_statement("RELEASE fleuron_step"),
            (Place::Transaction, false) => {
                self.host_statement("ROLLBACK TO fleuron_step; RELEASE fleuron_step")
            }
            (Place::Alone | Place::Reader, true) => self.commit(),
            (Place::Alone | Place::Reader, false) => self.roll_back(),
        }
    }

    /// Runs statements of the host.
    pub(super) fn host_statement(&self, sql: &str) -> Result<(), DatabaseError> {
        let _host = self.guard.host();
        self.connection.execute_batch(sql).map_err(|error| self.explain(error))
    }

    /// What a failed statement's author is told.
    pub(super) fn explain(&self, error: rusqlite::Error) -> DatabaseError {
        let failure = Failure {
            refusal: self.guard.take_refusal(),
            is_hoarding: self.watch.was_too_much(),
            is_late: self.deadline.is_over(),
            access: &self.access,
            quota: self.limits.file_bytes,
        };
        let (explained, is_broken) = failure.explain(error);
        if is_broken {
            self.is_broken.set(true);
        }
        explained
    }
}

/// See [`Session::room_for_values`].
pub(super) struct RoomForValues<'a> {
    connection: &'a Connection,
    before: i32,
}

impl Drop for RoomForValues<'_> {
    fn drop(&mut self) {
        let _ = self.connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, self.before);
    }
}

fn read_views(connection: &Connection) -> rusqlite::Result<Views> {
    let mut statement = connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'view'")?;
    let definitions = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Views::of(&definitions.collect::<rusqlite::Result<Vec<_>>>()?))
}

#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("its folder cannot be made: {0}")]
    Folder(#[from] std::io::Error),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

fn open_file(source: &Source, role: Role) -> Result<Connection, OpenError> {
    let _one_at_a_time = source.opening.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = source.path.parent() {
        create_private_folder(folder)?;
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&source.path, flags)?;
    connection.busy_timeout(OPENING)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "journal_size_limit", 4 * 1024 * 1024)?;
    let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let quota = i64::try_from(source.limits.file_bytes).unwrap_or(i64::MAX);
    let pages = (quota / page.max(1)).max(1);
    connection.pragma_update(None, "max_page_count", pages)?;
    connection.execute_batch(KEY_VALUES)?;
    if role == Role::Reader {
        connection.pragma_update(None, "query_only", true)?;
    }
    Ok(connection)
}

/// Takes from a connection what no plugin needs, and bounds the rest.
fn fence(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -512)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // What a statement sorts or keeps for itself counts as memory, whose limit ends the statement; the size of a
    // temporary file is told only once it is gone.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    for (setting, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
    ] {
        connection.set_db_config(setting, value)?;
    }
    let bytes = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, bytes(LONGEST)),
        // Of a whole migration; a single statement has the limit that is set.
        (Limit::SQLITE_LIMIT_SQL_LENGTH, bytes(LONGEST)),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_COLUMN, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 16),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 4000),
        // Room is doubled from 42 instructions on: that makes 10 752, with which 1 500 rows of two values are inserted.
        (Limit::SQLITE_LIMIT_VDBE_OP, 11_000),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        connection.set_limit(limit, value)?;
    }
    Ok(())
}
