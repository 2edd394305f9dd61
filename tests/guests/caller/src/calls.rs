//! `host-api`, `verdict` and `context`.

use fleuron_plugin::{context, host_api, verdict};
use serde_json::{Value, json};

use crate::arguments::Arguments;

/// Performs a call by its name in the contract; none where the name is another interface's.
pub fn perform(name: &str, arguments: &Arguments<'_>) -> Option<Value> {
    let text = |position| arguments.text(position);
    Some(match name {
        "log" => {
            host_api::log(&text(0), &text(1));
            Value::Null
        }
        "get-config" => optional(host_api::get_config(&text(0))),
        "http-get" => optional(host_api::http_get(&text(0))),
        "http-post" => optional(host_api::http_post(&text(0), &text(1))),
        "get-data" => optional(host_api::get_data(&text(0))),
        "set-data" => host_api::set_data(&text(0), &text(1)).into(),
        "get-post" => parsed(host_api::get_post(&text(0))),
        "db-query" => parsed(Some(host_api::db_query(&text(0), arguments.optional(1).as_deref()))),
        "db-execute" => parsed(Some(host_api::db_execute(&text(0), arguments.optional(1).as_deref()))),
        "db-begin" => parsed(Some(host_api::db_begin())),
        "db-commit" => parsed(Some(host_api::db_commit())),
        "db-rollback" => parsed(Some(host_api::db_rollback())),
        "vfs-read" => optional(host_api::vfs_read(&text(0))),
        "vfs-write" => host_api::vfs_write(&text(0), &text(1)).into(),
        "vfs-delete" => host_api::vfs_delete(&text(0)).into(),
        "vfs-exists" => host_api::vfs_exists(&text(0)).into(),
        "vfs-list" => parsed(host_api::vfs_list(&text(0))),
        "vfs-stat" => parsed(host_api::vfs_stat(&text(0))),
        "emit-event" => parsed(Some(host_api::emit_event(&text(0), &text(1)))),
        "refuse" => {
            verdict::refuse(&text(0), &text(1));
            Value::Null
        }
        "hold" => {
            verdict::hold();
            Value::Null
        }
        "current" => current(),
        _ => return None,
    })
}

fn optional(answer: Option<String>) -> Value {
    answer.map_or(Value::Null, Value::String)
}

/// An answer that is JSON by contract; one that is not stands out.
fn parsed(answer: Option<String>) -> Value {
    let Some(text) = answer else { return Value::Null };
    serde_json::from_str(&text).unwrap_or_else(|error| json!({ "not-json": error.to_string(), "text": text }))
}

fn current() -> Value {
    let context = context::current();
    json!({
        "hook": context.hook,
        "event-id": context.event_id,
        "attempt": context.attempt,
        "entity-id": context.entity_id,
        "entity-version": context.entity_version,
        "parent-id": context.parent_id,
        "kind": context.kind,
        "acting-user": context.acting_user,
    })
}
