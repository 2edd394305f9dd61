//! What SQLite asks before it runs a statement. Everything that is not allowed here is refused.

use std::sync::PoisonError;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::{Granted, Reason};
use crate::testing::views;

/// Functions that reach out of the database.
const FORBIDDEN_FUNCTIONS: [&str; 5] = ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"];
/// Names that begin so are the site's or SQLite's own.
const RESERVED: [&str; 2] = ["fleuron_", "sqlite_"];
/// Names that begin so are views of the site.
const VIEW: &str = "core_";
const SCHEMA_IS_FIXED: &str =
    "tables are created and changed by the files in the plugin's folder `migrations`, not by its calls";

/// For the plugin's own statements.
pub(super) fn plugin(
    granted: Granted,
    reason: Reason,
) -> impl for<'a> FnMut(AuthContext<'a>) -> Authorization + Send + 'static {
    move |context| {
        let verdict = match context.action {
            AuthAction::Select | AuthAction::Recursive => Ok(()),
            AuthAction::Function { function_name } => function(function_name),
            // SQLite names no database for common table expressions, and for tables of which only rows are counted.
            AuthAction::Read { table_name, .. } => {
                read(table_name, context.database_name.is_none(), &granted)
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. } => write(table_name, granted.own_tables),
            AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => {
                Err("a transaction is begun and ended by calls, not by SQL; use db-begin".to_owned())
            }
            other => Err(beyond(&other)),
        };
        settle(verdict, &reason)
    }
}

/// For migrations: the shape of the plugin's own tables may change too.
pub(super) fn migration(
    reason: Reason,
) -> impl for<'a> FnMut(AuthContext<'a>) -> Authorization + Send + 'static {
    move |context| {
        let verdict = match context.action {
            AuthAction::Function { function_name } => function(function_name),
            AuthAction::CreateTable { table_name }
            | AuthAction::DropTable { table_name }
            | AuthAction::AlterTable { table_name, .. } => own_name(table_name),
            AuthAction::CreateView { view_name } | AuthAction::DropView { view_name } => own_name(view_name),
            AuthAction::CreateTrigger { trigger_name, .. } | AuthAction::DropTrigger { trigger_name, .. } => {
                own_name(trigger_name)
            }
            AuthAction::Read { table_name, .. }
            | AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. }
                // The statements that change the shape of tables are written down in SQLite's own.
                if !table_name.starts_with("sqlite_") =>
            {
                own_name(table_name)
            }
            // Adding a column that may not be NULL has SQLite check the table with this.
            AuthAction::Pragma { pragma_name: "quick_check", .. } => Ok(()),
            AuthAction::Transaction { .. }
            | AuthAction::Savepoint { .. }
            | AuthAction::Attach { .. }
            | AuthAction::Detach { .. }
            | AuthAction::Pragma { .. }
            | AuthAction::Analyze { .. }
            | AuthAction::CreateVtable { .. }
            | AuthAction::DropVtable { .. }
            | AuthAction::CreateTempTable { .. }
            | AuthAction::CreateTempView { .. }
            | AuthAction::CreateTempTrigger { .. }
            | AuthAction::CreateTempIndex { .. } => Err(format!("a migration may not do this: {:?}", context.action)),
            _ => Ok(()),
        };
        settle(verdict, &reason)
    }
}

fn settle(verdict: Result<(), String>, reason: &Reason) -> Authorization {
    match verdict {
        Ok(()) => Authorization::Allow,
        Err(refusal) => {
            *reason.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
            Authorization::Deny
        }
    }
}

fn begins_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn function(name: &str) -> Result<(), String> {
    match FORBIDDEN_FUNCTIONS.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden)) {
        true => Err(format!("the function {name} is not within reach of a plugin")),
        false => Ok(()),
    }
}

fn own_name(name: &str) -> Result<(), String> {
    match RESERVED.iter().chain([&VIEW]).find(|prefix| begins_with(name, prefix)) {
        Some(prefix) => Err(format!("`{name}`: names that begin with `{prefix}` are not for plugins")),
        None => Ok(()),
    }
}

fn read(table: &str, unnamed: bool, granted: &Granted) -> Result<(), String> {
    if begins_with(table, VIEW) {
        return match granted.lacks_view(table) {
            true => Err(format!(
                "not granted: `{table}` needs \"{}\" in `permissions.database`, which the manifest does not ask for",
                views::permission(table)
            )),
            false => Ok(()),
        };
    }
    if table.eq_ignore_ascii_case("json_each") || table.eq_ignore_ascii_case("json_tree") {
        return Ok(());
    }
    if begins_with(table, "pragma_") {
        return Err(format!("`{table}` is not within reach of a plugin"));
    }
    own(table, granted.own_tables || unnamed)
}

fn write(table: &str, own_tables: bool) -> Result<(), String> {
    if begins_with(table, VIEW) {
        return Err(format!("`{table}` can only be read"));
    }
    // SQLite writes down there what is created and dropped.
    if begins_with(table, "sqlite_") {
        return Err(SCHEMA_IS_FIXED.to_owned());
    }
    own(table, own_tables)
}

fn own(table: &str, own_tables: bool) -> Result<(), String> {
    own_name(table)?;
    match own_tables {
        true => Ok(()),
        false => Err(format!(
            "not granted: `{table}` needs \"own\" in `permissions.database`, which the manifest does not ask for"
        )),
    }
}

fn beyond(action: &AuthAction<'_>) -> String {
    match action {
        AuthAction::Pragma { pragma_name, .. } => {
            format!("PRAGMA {pragma_name} is not within reach of a plugin")
        }
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => "a plugin has one database".to_owned(),
        _ => SCHEMA_IS_FIXED.to_owned(),
    }
}
