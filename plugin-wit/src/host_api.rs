//! What a plugin may ask of the site, as plain functions.
//!
//! In WebAssembly they call the host. Anywhere else they call the [`HostBackend`](crate::HostBackend) of the current
//! thread, which is a [`testing::MemoryHost`](crate::testing::MemoryHost) unless a test installs another.
//!
//! A call that the manifest does not ask permission for is refused, and the reason stands in the plugin's log. Functions
//! that answer an `Option` then answer `None`, those that answer a `bool` answer `false`, and those that answer JSON
//! answer `{"error":"..."}`. The same holds for calls that fail.
//!
//! What speaks JSON here has a typed form in [`data`](crate::data) and [`database`](crate::database).

#[cfg(target_family = "wasm")]
use crate::backend::HostBackend;
use crate::backend::call;

/// Writes a line to the plugin's log. Levels: `debug`, `info`, `warn`, `error`; `trace` counts as `debug`, any other word
/// as `info`.
pub fn log(level: &str, message: &str) {
    call(|host| host.log(level, message));
}

/// The plugin's own setting of this name as the administrator set it, else its default.
pub fn get_config(key: &str) -> Option<String> {
    call(|host| host.get_config(key))
}

/// Fetches a page with GET and answers the body of a response with status 2xx. Needs the permission `http` for the
/// address's host. Refused while a transaction is open.
pub fn http_get(url: &str) -> Option<String> {
    call(|host| host.http_get(url))
}

/// Sends a body with POST, as JSON where it is JSON and else as plain text, and answers as [`http_get`] does.
pub fn http_post(url: &str, body: &str) -> Option<String> {
    call(|host| host.http_post(url, body))
}

/// Reads a value from the plugin's own key-value store.
pub fn get_data(key: &str) -> Option<String> {
    call(|host| host.get_data(key))
}

/// Writes a value of at most 1 MiB to the plugin's own key-value store, where it outlives restarts. A key has 1 to 512
/// bytes. Part of the open transaction, if there is one. `false`: not stored.
pub fn set_data(key: &str, value: &str) -> bool {
    call(|host| host.set_data(key, value))
}

/// The published post of this slug as a JSON object with the fields of [`PostOutput`](crate::PostOutput). One that is not
/// published needs `"read:drafts"` in the permission `database`.
pub fn get_post(slug: &str) -> Option<String> {
    call(|host| host.get_post(slug))
}

/// Runs one SQL query with `?` placeholders; `params` is a JSON array. Answers a JSON array of row objects, or
/// `{"error":"..."}`. Needs the permission `database`.
pub fn db_query(sql: &str, params: Option<&str>) -> String {
    call(|host| host.db_query(sql, params))
}

/// Runs one SQL statement with `?` placeholders; `params` is a JSON array. Answers `{"rows_affected":n}`, or
/// `{"error":"..."}`. Needs the permission `database`.
pub fn db_execute(sql: &str, params: Option<&str>) -> String {
    call(|host| host.db_execute(sql, params))
}

/// Opens a transaction, which ends with the hook call at the latest. Answers `{"ok":true}` or `{"error":"..."}`.
pub fn db_begin() -> String {
    call(|host| host.db_begin())
}

/// Commits the open transaction. Answers `{"ok":true}` or `{"error":"..."}`.
pub fn db_commit() -> String {
    call(|host| host.db_commit())
}

/// Rolls the open transaction back. Answers `{"ok":true}` or `{"error":"..."}`.
pub fn db_rollback() -> String {
    call(|host| host.db_rollback())
}

/// Reads a UTF-8 file beneath the plugin's own root.
pub fn vfs_read(path: &str) -> Option<String> {
    call(|host| host.vfs_read(path))
}

/// Writes a UTF-8 file beneath the plugin's own root; folders appear as needed. A path is relative, at most 512 bytes,
/// without `..`, empty parts, backslashes or NUL; anything else is refused. `false`: not written.
pub fn vfs_write(path: &str, content: &str) -> bool {
    call(|host| host.vfs_write(path, content))
}

/// Deletes a file. `false`: there was none, or it could not be deleted.
pub fn vfs_delete(path: &str) -> bool {
    call(|host| host.vfs_delete(path))
}

/// Whether there is a file or a folder of this name.
pub fn vfs_exists(path: &str) -> bool {
    call(|host| host.vfs_exists(path))
}

/// The names in a folder as a sorted JSON array of strings; folders end in `/`. The root is the empty path.
pub fn vfs_list(path: &str) -> Option<String> {
    call(|host| host.vfs_list(path))
}

/// Size in bytes, kind and time of last change (seconds since 1970) of a file or folder, as
/// `{"size":n,"is_dir":bool,"modified":n}`.
pub fn vfs_stat(path: &str) -> Option<String> {
    call(|host| host.vfs_stat(path))
}

/// Publishes an event of the plugin's own, `plugin.<id>.<event_type>`, with JSON data of at most 64 KiB. It is delivered
/// when the hook call ends well and vanishes when it fails. Answers `{"ok":true,"id":"..."}` or `{"error":"..."}`. Needs
/// the permission `events = ["emit"]`. Refused while a transaction is open.
///
/// The type has 1 to 64 lower-case letters, digits, `.`, `_` and `-`.
pub fn emit_event(event_type: &str, data: &str) -> String {
    call(|host| host.emit_event(event_type, data))
}
