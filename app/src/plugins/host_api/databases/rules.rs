//! What SQL may do: one answer to each question that SQLite's authorizer asks while it prepares a statement.
//!
//! Everything that is not allowed here by name is refused. The accessor (the trigger or view a table is reached
//! through) is never asked: a common table expression can bear any view's name, so it proves nothing, and what may not
//! be reached directly may not be reached through a trigger or view either.

use fleuron_plugin_host::ports::DatabaseAccess;
use rusqlite::hooks::{AuthAction, AuthContext};

use super::names::{Table, content_type, is_allowed_function};

/// Whose statement is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The plugin's, from a hook.
    Plugin,
    /// The plugin's, from one of its migrations.
    Migration,
    /// The host's own.
    Host,
}

/// How the statement of a migration that is prepared changes the schema, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Change {
    /// It doesn't.
    #[default]
    None,
    /// It creates something. SQLite writes into the schema's table.
    Creation,
    /// It alters or drops something. SQLite also reads the schema's table, and calls functions made for that.
    Alteration,
}

/// What is allowed on one connection.
pub(super) struct Rules {
    access: DatabaseAccess,
}

type Verdict = Result<(), String>;

impl Rules {
    pub(super) fn new(access: DatabaseAccess) -> Self {
        Self { access }
    }

    /// Judges one question. The error says what was reached for, and which permission is missing or why there is none.
    pub(super) fn judge(&self, mode: Mode, change: &mut Change, question: &AuthContext<'_>) -> Verdict {
        match mode {
            Mode::Plugin => self.judge_plugin(question),
            Mode::Migration => self.judge_migration(change, question),
            Mode::Host => judge_host(question),
        }
    }

    fn judge_plugin(&self, question: &AuthContext<'_>) -> Verdict {
        match question.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Function { function_name } => function(function_name),
            AuthAction::Read { table_name, .. } => self.read(question.database_name, table_name),
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => self.write(question.database_name, table_name),
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                Err("transactions are begun and ended with db-begin, db-commit and db-rollback, not in SQL"
                    .to_owned())
            }
            AuthAction::CreateIndex { .. }
            | AuthAction::CreateTable { .. }
            | AuthAction::CreateTrigger { .. }
            | AuthAction::CreateView { .. }
            | AuthAction::DropIndex { .. }
            | AuthAction::DropTable { .. }
            | AuthAction::DropTrigger { .. }
            | AuthAction::DropView { .. }
            | AuthAction::AlterTable { .. }
            | AuthAction::Reindex { .. } => Err(SCHEMA_IS_FIXED.to_owned()),
            _ => Err(never(&question.action)),
        }
    }

    fn read(&self, database: Option<&str>, table: &str) -> Verdict {
        in_main(database, table)?;
        match Table::of(table) {
            Table::Json => Ok(()),
            Table::Own if self.access.own_tables => Ok(()),
            // Without its own tables a plugin has a database without any: this is the name of a common table expression.
            Table::Own if database.is_none() => Ok(()),
            Table::Own => Err(own_tables_missing(table)),
            Table::Site(view) if self.access.views.contains(&view) => Ok(()),
            Table::Content if self.access.content.contains(&content_type(table)) => Ok(()),
            other => Err(out_of_reach(other, table)),
        }
    }

    fn write(&self, database: Option<&str>, table: &str) -> Verdict {
        in_main(database, table)?;
        match Table::of(table) {
            Table::Own if self.access.own_tables => Ok(()),
            Table::Own => Err(own_tables_missing(table)),
            // No permission would help.
            Table::Site(_) | Table::Content => Err(site_is_read_only(table)),
            Table::Schema => Err(SCHEMA_IS_FIXED.to_owned()),
            Table::Json => Err(format!("`{table}` is not to be written")),
            other => Err(out_of_reach(other, table)),
        }
    }

    fn judge_migration(&self, change: &mut Change, question: &AuthContext<'_>) -> Verdict {
        let database = question.database_name;
        match question.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Function { function_name } => match *change {
                Change::Alteration if is_for_alterations(function_name) => Ok(()),
                _ => function(function_name),
            },
            AuthAction::Read { table_name, column_name } => match (Table::of(table_name), *change) {
                (Table::Schema | Table::Internal, Change::Alteration) => Ok(()),
                (Table::Schema, Change::Creation) if column_name == "ROWID" => Ok(()),
                _ => self.read(database, table_name),
            },
            AuthAction::Insert { table_name } if Table::of(table_name) == Table::Schema => {
                // Nothing but the creation of something gets past SQLite's own guard here.
                in_main(database, table_name)?;
                if *change == Change::None {
                    *change = Change::Creation;
                }
                Ok(())
            }
            AuthAction::Update { table_name, .. } if Table::of(table_name) == Table::Schema => {
                match *change {
                    Change::None => Err(out_of_reach(Table::Schema, table_name)),
                    Change::Creation | Change::Alteration => Ok(()),
                }
            }
            AuthAction::Delete { table_name } if Table::of(table_name) == Table::Schema => {
                in_main(database, table_name)?;
                *change = Change::Alteration;
                Ok(())
            }
            AuthAction::Update { table_name, .. } | AuthAction::Delete { table_name }
                if Table::of(table_name) == Table::Internal && *change == Change::Alteration =>
            {
                Ok(())
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => self.write(database, table_name),
            AuthAction::Pragma { pragma_name: "quick_check", .. } if *change == Change::Alteration => Ok(()),
            AuthAction::AlterTable { database_name, table_name } => {
                *change = Change::Alteration;
                own_name(Some(database_name), table_name)
            }
            AuthAction::Reindex { .. } if *change != Change::None => Ok(()),
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                Err("the migrations are one transaction, which none of them may end".to_owned())
            }
            _ => schema_change(question),
        }
    }
}

const SCHEMA_IS_FIXED: &str = "the schema is changed by the plugin's migrations alone";

/// What creates and drops things within a migration.
fn schema_change(question: &AuthContext<'_>) -> Verdict {
    let database = question.database_name;
    match question.action {
        // AUTOINCREMENT makes SQLite create it.
        AuthAction::CreateTable { table_name: "sqlite_sequence" } => in_main(database, "sqlite_sequence"),
        AuthAction::CreateTable { table_name: name }
        | AuthAction::CreateView { view_name: name }
        | AuthAction::DropTable { table_name: name }
        | AuthAction::DropView { view_name: name } => own_name(database, name),
        AuthAction::CreateIndex { index_name: name, table_name }
        | AuthAction::DropIndex { index_name: name, table_name } => {
            own_name(database, table_name)?;
            // The indexes that SQLite itself makes for constraints.
            if name.starts_with("sqlite_autoindex_") { Ok(()) } else { own_name(database, name) }
        }
        AuthAction::CreateTrigger { trigger_name: name, table_name }
        | AuthAction::DropTrigger { trigger_name: name, table_name } => {
            own_name(database, table_name)?;
            own_name(database, name)
        }
        _ => Err(never(&question.action)),
    }
}

/// The host's own statements reach the host's own tables, and the schema for creating them.
fn judge_host(question: &AuthContext<'_>) -> Verdict {
    let is_host = |name: &str| matches!(Table::of(name), Table::Host | Table::Schema);
    let allowed = match question.action {
        AuthAction::Select | AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => true,
        AuthAction::Read { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name }
        | AuthAction::CreateTable { table_name }
        | AuthAction::CreateIndex { table_name, .. } => is_host(table_name),
        AuthAction::Pragma { pragma_name, .. } => pragma_name == "wal_checkpoint",
        _ => false,
    };
    if allowed { Ok(()) } else { Err(never(&question.action)) }
}

fn function(name: &str) -> Verdict {
    if is_allowed_function(name) {
        Ok(())
    } else if name.eq_ignore_ascii_case("json_patch") {
        Err("the function `json_patch` is not available to plugins; use `json_set` and `json_remove`"
            .to_owned())
    } else {
        Err(format!("the function `{name}` is not available to plugins"))
    }
}

fn is_for_alterations(function: &str) -> bool {
    function.starts_with("sqlite_rename_") || matches!(function, "sqlite_drop_column" | "sqlite_fail")
}

/// A plugin has one database; `temp` is none of it. SQLite names none for common table expressions.
fn in_main(database: Option<&str>, table: &str) -> Verdict {
    match database {
        Some(name) if !name.eq_ignore_ascii_case("main") => {
            Err(format!("`{name}.{table}` is out of reach: a plugin has the database `main` alone"))
        }
        _ => Ok(()),
    }
}

/// Whether a migration may create, alter or drop something of this name.
fn own_name(database: Option<&str>, name: &str) -> Verdict {
    in_main(database, name)?;
    match Table::of(name) {
        Table::Own => Ok(()),
        Table::Host => {
            Err(format!("`{name}` is not the plugin's: names that start with `fleuron_` are the host's"))
        }
        Table::Site(_) | Table::Content | Table::Reserved => {
            Err(format!("`{name}` is not the plugin's: names that start with `core_` are the site's tables"))
        }
        Table::Json | Table::Schema | Table::Internal => {
            Err(format!("`{name}` is not the plugin's: the name is SQLite's own"))
        }
    }
}

/// Says that reading or writing a plugin's own tables was not asked for.
pub(super) fn own_tables_missing(table: &str) -> String {
    format!("not granted: `{table}` needs the permission `own` (`database = [\"own\"]` in the manifest)")
}

/// Says that a table of the site is for reading.
pub(super) fn site_is_read_only(table: &str) -> String {
    format!("`{table}` can only be read: the site's content is changed through the site, never in SQL")
}

/// Says why a table cannot be had, or what is missing for it.
pub(super) fn out_of_reach(kind: Table, table: &str) -> String {
    match kind {
        Table::Site(view) => site_not_granted(table, view.name()),
        Table::Content => site_not_granted(table, &format!("content:{}", content_type(table))),
        Table::Reserved => format!("there is no table `{table}` of the site"),
        Table::Host => format!("`{table}` is the host's own and never available to plugins"),
        Table::Own | Table::Json | Table::Schema | Table::Internal => {
            format!("`{table}` is SQLite's own and never available to plugins")
        }
    }
}

fn site_not_granted(table: &str, part: &str) -> String {
    format!(
        "not granted: `{table}` needs the permission `read:{part}` (`database = [\"read:{part}\"]` in the \
         manifest)"
    )
}

/// Says that a table that was granted is not there.
pub(super) fn no_content_type(table: &str) -> String {
    let name = content_type(table);
    format!("no such table: {table} (this site has no content type `{name}`, or it is switched off)")
}

fn never(action: &AuthAction<'_>) -> String {
    let what = match action {
        AuthAction::Pragma { pragma_name, .. } => {
            return format!("PRAGMA {pragma_name} is never available to plugins");
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => "another database (ATTACH, DETACH, VACUUM)",
        AuthAction::Analyze { .. } => "ANALYZE",
        AuthAction::Reindex { .. } => "REINDEX",
        AuthAction::CreateVtable { .. } | AuthAction::DropVtable { .. } => "a virtual table",
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. }
        | AuthAction::DropTempIndex { .. }
        | AuthAction::DropTempTable { .. }
        | AuthAction::DropTempTrigger { .. }
        | AuthAction::DropTempView { .. } => "something temporary",
        _ => "such a statement",
    };
    format!("{what} is never available to plugins")
}
