//! A plugin's packaged migrations: the only way to its schema.
//!
//! All that are pending are one transaction, so that an upgrade that fails leaves nothing behind. They are judged by rules
//! of their own, and the schema is looked at after each file: what SQLite asks for while it prepares does not tell every
//! name that a schema ends up with.

use std::collections::BTreeMap;

use fleuron_plugin_host::{Migration, ports::LaterMigrations};
use rusqlite::{Batch, fallible_iterator::FallibleIterator as _, params};
use sha2::{Digest, Sha256};

use super::{
    growth::{LARGEST, Views},
    names::{Table, foreign_name},
    session::Session,
    words::{longest_part, words},
};
use crate::clock::Timestamp;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS fleuron_migrations \
     (name TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at TEXT NOT NULL) WITHOUT ROWID";

/// Triggers and foreign keys that a schema may have: one may set off the next, each deeper in the thread's stack.
const MOST_LINKS: usize = 250;

/// Runs what has not been run yet, in order, and answers how many that were. Where one fails, none was run. A statement
/// may have `longest` bytes. The error names the file.
pub(super) fn run(
    session: &Session,
    migrations: &[Migration],
    later: LaterMigrations,
    longest: usize,
) -> Result<usize, String> {
    session.begin().map_err(|error| error.message)?;
    let outcome = run_pending(session, migrations, later, longest)
        .and_then(|count| session.commit().map(|()| count).map_err(|error| error.message));
    if outcome.is_err()
        && let Err(error) = session.roll_back()
    {
        tracing::error!(error = error.message, "a plugin's failed migrations cannot be rolled back");
    }
    outcome
}

fn run_pending(
    session: &Session,
    migrations: &[Migration],
    later: LaterMigrations,
    longest: usize,
) -> Result<usize, String> {
    let applied = applied(session)?;
    let pending = pending(&applied, migrations, later)?;
    for migration in &pending {
        apply(session, migration, longest)
            .map_err(|reason| format!("`migrations/{}`: {reason}", migration.name))?;
    }
    Ok(pending.len())
}

/// Names and checksums of what was run.
type Applied = BTreeMap<String, String>;

fn applied(session: &Session) -> Result<Applied, String> {
    session.host_statement(TABLE).map_err(|error| error.message)?;
    let _host = session.guard().host();
    let read = || -> rusqlite::Result<Applied> {
        let mut statement = session.connection().prepare("SELECT name, checksum FROM fleuron_migrations")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    read().map_err(|error| session.explain(error).message)
}

/// What remains to be run, once all files agree with what was run. All faults are told at once.
fn pending<'a>(
    applied: &Applied,
    migrations: &'a [Migration],
    later: LaterMigrations,
) -> Result<Vec<&'a Migration>, String> {
    let mut faults = Vec::new();
    let newest = migrations.last().map(|migration| migration.name.as_str());
    let is_later = |name: &str| newest.is_none_or(|newest| name > newest);
    let must_be_there = |name: &&String| later == LaterMigrations::Missing || !is_later(name);
    for name in applied.keys().filter(must_be_there) {
        if !migrations.iter().any(|migration| migration.name == *name) {
            faults.push(format!("`migrations/{name}` was run before and is missing now; put it back"));
        }
    }
    let last = applied.keys().next_back();
    let mut before: Option<&str> = None;
    let mut pending = Vec::new();
    for migration in migrations {
        let name = migration.name.as_str();
        if before.is_some_and(|before| before >= name) {
            faults.push(format!("`migrations/{name}` is out of order"));
        }
        before = Some(name);
        match applied.get(name) {
            Some(checksum) if *checksum != checksum_of(migration) => faults.push(format!(
                "`migrations/{name}` differs from what was run before; undo that and add a new file instead"
            )),
            Some(_) => {}
            None => {
                if let Some(last) = last.filter(|last| last.as_str() > name) {
                    faults.push(format!(
                        "`migrations/{name}` is new but comes before `{last}`, which was run already; give it a later \
                         name"
                    ));
                }
                pending.push(migration);
            }
        }
    }
    if faults.is_empty() { Ok(pending) } else { Err(faults.join("; ")) }
}

fn checksum_of(migration: &Migration) -> String {
    Sha256::digest(migration.sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn apply(session: &Session, migration: &Migration, longest: usize) -> Result<(), String> {
    if longest_part(&migration.sql)? > longest {
        return Err(format!("a statement has more than {longest} bytes"));
    }
    views_of(&schema(session)?).check(&migration.sql).map_err(|error| error.message)?;
    run_statements(session, &migration.sql, longest)?;
    check_schema(session)?;
    record(session, migration)
}

fn run_statements(session: &Session, sql: &str, longest: usize) -> Result<(), String> {
    if sql.contains('\0') {
        return Err("holds a NUL character".to_owned());
    }
    let mut batch = Batch::new(session.connection(), sql);
    let mut offset = 0;
    loop {
        let at = |error: rusqlite::Error| {
            format!("line {}: {}", line(sql, offset), session.explain(error).message)
        };
        session.begin_statement();
        let Some(mut statement) = batch.next().map_err(at)? else { return Ok(()) };
        let length = statement.expanded_sql().map_or(0, |text| text.len());
        if statement.parameter_count() > 0 {
            return Err(format!("line {}: there are no parameters in a migration", line(sql, offset)));
        }
        // One that makes a trigger has semicolons within.
        if length > longest {
            return Err(format!("line {}: the statement has more than {longest} bytes", line(sql, offset)));
        }
        let mut rows = statement.raw_query();
        while rows.next().map_err(at)?.is_some() {}
        offset += length;
    }
}

/// The line on which the statement begins that follows what takes the first `offset` bytes.
fn line(sql: &str, offset: usize) -> usize {
    let rest = sql.get(offset..).unwrap_or("");
    let blank =
        rest.len() - rest.trim_start_matches(|first: char| first.is_whitespace() || first == ';').len();
    1 + sql.get(..offset + blank).unwrap_or(sql).matches('\n').count()
}

/// Something in the schema.
struct Entry {
    kind: String,
    name: String,
    sql: String,
}

fn schema(session: &Session) -> Result<Vec<Entry>, String> {
    let _host = session.guard().host();
    let read = || -> rusqlite::Result<Vec<Entry>> {
        let mut statement = session.connection().prepare("SELECT type, name, sql FROM sqlite_schema")?;
        let entries = statement.query_map([], |row| {
            let sql: Option<String> = row.get(2)?;
            Ok(Entry { kind: row.get(0)?, name: row.get(1)?, sql: sql.unwrap_or_default() })
        })?;
        entries.collect()
    };
    let mut entries = read().map_err(|error| session.explain(error).message)?;
    entries.retain(|entry| {
        let is_host = ["fleuron_key_values", "fleuron_migrations"].contains(&entry.name.as_str());
        !is_host && !entry.name.starts_with("sqlite_")
    });
    Ok(entries)
}

fn views_of(entries: &[Entry]) -> Views {
    let views = entries.iter().filter(|entry| entry.kind == "view");
    Views::of(&views.map(|view| (view.name.clone(), view.sql.clone())).collect::<Vec<_>>())
}

/// Refuses names that a plugin may not have, wherever they came from (`ALTER TABLE .. RENAME TO` tells nobody), and
/// anything that would reach for the host's tables or the site's, or be too much work whenever it is used.
fn check_schema(session: &Session) -> Result<(), String> {
    let entries = schema(session)?;
    let views = views_of(&entries);
    let mut faults = Vec::new();
    let (mut growth, mut links) = (0_u64, 0);
    for Entry { kind, name, sql } in &entries {
        if Table::of(name) != Table::Own {
            faults.push(format!("the name `{name}` is not a plugin's to give"));
        } else if let Some(foreign) = foreign_name(sql) {
            faults.push(format!("`{name}` mentions `{foreign}`, which no table, index, view or trigger may"));
        } else if let Err(reason) = views.check(sql) {
            faults.push(format!("`{name}`: {}", reason.message));
        }
        // What a single change of a row may set off is prepared with it.
        if kind == "trigger" {
            growth = growth.saturating_add(views.growth(sql)?.0);
            links += 1;
        }
        links += words(sql)?.iter().filter(|word| word.is("references")).count();
    }
    if growth > LARGEST {
        faults.push(format!("the triggers together grow by more than {LARGEST} words"));
    }
    if links > MOST_LINKS {
        faults.push(format!("there are {links} triggers and foreign keys; {MOST_LINKS} are allowed"));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

fn record(session: &Session, migration: &Migration) -> Result<(), String> {
    let _host = session.guard().host();
    session
        .connection()
        .execute(
            "INSERT INTO fleuron_migrations (name, checksum, applied_at) VALUES (?1, ?2, ?3)",
            params![migration.name, checksum_of(migration), Timestamp::now().to_rfc3339()],
        )
        .map(drop)
        .map_err(|error| session.explain(error).message)
}
