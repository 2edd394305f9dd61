//! A host in memory, so that a plugin's own `cargo test` runs its hooks without a server.
//!
//! ```
//! use fleuron_plugin::{host_api, testing::MemoryHost};
//!
//! let host = MemoryHost::install();
//! host.set_config("greeting", "Hello");
//! host_api::log("info", &host_api::get_config("greeting").unwrap_or_default());
//! assert_eq!(host.log_lines(), ["info: Hello"]);
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::backend::{self, HostBackend};

/// Answers the current thread's host calls with `backend` from now on.
pub fn install(backend: impl HostBackend + 'static) {
    backend::install(Rc::new(backend));
}

/// A host that keeps everything in memory. Clones share the same contents.
///
/// Settings, key-values, files, posts, events and the log work as they do on the site. What depends on the world
/// outside answers what the test laid ready, and otherwise that it was not granted.
#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    state: Rc<RefCell<State>>,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<String>,
    config: BTreeMap<String, String>,
    data: BTreeMap<String, String>,
    posts: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    pages: BTreeMap<String, String>,
    answers: BTreeMap<String, String>,
    events: Vec<(String, String)>,
}

impl MemoryHost {
    /// Makes an empty host answer the current thread's host calls, and returns a handle to it.
    pub fn install() -> Self {
        let host = Self::default();
        install(host.clone());
        host
    }

    /// Sets one of the plugin's settings.
    pub fn set_config(&self, key: &str, value: &str) {
        self.state.borrow_mut().config.insert(key.to_owned(), value.to_owned());
    }

    /// Publishes a post: what `get_post` answers for this slug, a JSON object.
    pub fn set_post(&self, slug: &str, json: &str) {
        self.state.borrow_mut().posts.insert(slug.to_owned(), json.to_owned());
    }

    /// Lays ready what `http_get` and `http_post` answer for this address.
    pub fn set_page(&self, url: &str, body: &str) {
        self.state.borrow_mut().pages.insert(url.to_owned(), body.to_owned());
    }

    /// Lays ready what `db_query` and `db_execute` answer for exactly this SQL.
    pub fn set_sql_answer(&self, sql: &str, json: &str) {
        self.state.borrow_mut().answers.insert(sql.to_owned(), json.to_owned());
    }

    /// Every line logged so far, each as `level: message`.
    pub fn log_lines(&self) -> Vec<String> {
        self.state.borrow().log.clone()
    }

    /// The value that the plugin stored under a key.
    pub fn data(&self, key: &str) -> Option<String> {
        self.state.borrow().data.get(key).cloned()
    }

    /// The content of a file that the plugin wrote.
    pub fn file(&self, path: &str) -> Option<String> {
        self.state.borrow().files.get(path).cloned()
    }

    /// The events that the plugin emitted, each as its type and its data.
    pub fn events(&self) -> Vec<(String, String)> {
        self.state.borrow().events.clone()
    }

    fn sql_answer(&self, sql: &str) -> String {
        self.state.borrow().answers.get(sql).cloned().unwrap_or_else(|| not_granted("database"))
    }
}

impl HostBackend for MemoryHost {
    fn log(&self, level: &str, message: &str) {
        self.state.borrow_mut().log.push(format!("{level}: {message}"));
    }

    fn get_config(&self, key: &str) -> Option<String> {
        self.state.borrow().config.get(key).cloned()
    }

    fn http_get(&self, url: &str) -> Option<String> {
        self.state.borrow().pages.get(url).cloned()
    }

    fn http_post(&self, url: &str, _body: &str) -> Option<String> {
        self.state.borrow().pages.get(url).cloned()
    }

    fn get_data(&self, key: &str) -> Option<String> {
        self.data(key)
    }

    fn set_data(&self, key: &str, value: &str) -> bool {
        self.state.borrow_mut().data.insert(key.to_owned(), value.to_owned());
        true
    }

    fn get_post(&self, slug: &str) -> Option<String> {
        self.state.borrow().posts.get(slug).cloned()
    }

    fn db_query(&self, sql: &str, _params: Option<&str>) -> String {
        self.sql_answer(sql)
    }

    fn db_execute(&self, sql: &str, _params: Option<&str>) -> String {
        self.sql_answer(sql)
    }

    fn db_begin(&self) -> String {
        self.sql_answer("BEGIN")
    }

    fn db_commit(&self) -> String {
        self.sql_answer("COMMIT")
    }

    fn db_rollback(&self) -> String {
        self.sql_answer("ROLLBACK")
    }

    fn vfs_read(&self, path: &str) -> Option<String> {
        self.file(path)
    }

    fn vfs_write(&self, path: &str, content: &str) -> bool {
        let accepted = is_file_path(path);
        if accepted {
            self.state.borrow_mut().files.insert(path.to_owned(), content.to_owned());
        }
        accepted
    }

    fn vfs_delete(&self, path: &str) -> bool {
        self.state.borrow_mut().files.remove(path).is_some()
    }

    fn vfs_exists(&self, path: &str) -> bool {
        self.vfs_stat(path).is_some()
    }

    fn vfs_list(&self, path: &str) -> Option<String> {
        let folder = folder_prefix(path);
        let state = self.state.borrow();
        let names: std::collections::BTreeSet<&str> = state
            .files
            .keys()
            .filter_map(|file| file.strip_prefix(&folder))
            .map(|rest| rest.find('/').map_or(rest, |slash| &rest[..=slash]))
            .collect();
        let quoted: Vec<String> = names.into_iter().map(json_string).collect();
        Some(format!("[{}]", quoted.join(",")))
    }

    fn vfs_stat(&self, path: &str) -> Option<String> {
        let state = self.state.borrow();
        let folder = folder_prefix(path);
        if let Some(content) = state.files.get(path) {
            Some(format!(r#"{{"size":{},"is_dir":false,"modified":0}}"#, content.len()))
        } else if state.files.keys().any(|file| file.starts_with(&folder)) {
            Some(r#"{"size":0,"is_dir":true,"modified":0}"#.to_owned())
        } else {
            None
        }
    }

    fn emit_event(&self, event_type: &str, data: &str) -> String {
        self.state.borrow_mut().events.push((event_type.to_owned(), data.to_owned()));
        r#"{"ok":true}"#.to_owned()
    }
}

fn not_granted(permission: &str) -> String {
    format!(r#"{{"error":"not granted: {permission}"}}"#)
}

/// The site's own rule: refused, never cleaned.
fn is_file_path(path: &str) -> bool {
    path.len() <= 512
        && !path.contains(['\\', '\0'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn folder_prefix(path: &str) -> String {
    let path = path.trim_end_matches('/');
    if path.is_empty() { String::new() } else { format!("{path}/") }
}

fn json_string(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::MemoryHost;
    use crate::host_api;

    #[test]
    fn files_are_read_back_and_listed() {
        let host = MemoryHost::install();
        assert!(host_api::vfs_write("cache/posts/a.json", "{}"));
        assert!(host_api::vfs_write("cache/z\".txt", "four"));
        assert_eq!(host.file("cache/posts/a.json").as_deref(), Some("{}"));
        assert_eq!(host_api::vfs_read("cache/posts/a.json").as_deref(), Some("{}"));
        assert_eq!(host_api::vfs_list("").as_deref(), Some(r#"["cache/"]"#));
        assert_eq!(host_api::vfs_list("cache/").as_deref(), Some(r#"["posts/","z\".txt"]"#));
        assert_eq!(
            host_api::vfs_stat("cache/z\".txt").as_deref(),
            Some(r#"{"size":4,"is_dir":false,"modified":0}"#)
        );
        assert!(host_api::vfs_exists("cache/posts"));
        assert!(host_api::vfs_delete("cache/posts/a.json"));
        assert!(!host_api::vfs_exists("cache/posts"));
        assert!(!host_api::vfs_delete("cache/posts/a.json"));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        MemoryHost::install();
        for path in ["", "/etc/passwd", "a/../b", "a//b", "a/./b", "a\\b", "a\0b", "a".repeat(513).as_str()] {
            assert!(!host_api::vfs_write(path, "x"), "{path:?}");
        }
    }

    #[test]
    fn what_was_not_laid_ready_is_not_granted() {
        let host = MemoryHost::install();
        assert_eq!(host_api::http_get("https://example.com/"), None);
        assert_eq!(host_api::db_query("SELECT 1", None), r#"{"error":"not granted: database"}"#);
        host.set_page("https://example.com/", "hello");
        host.set_sql_answer("SELECT 1", r#"[{"1":1}]"#);
        assert_eq!(host_api::http_get("https://example.com/").as_deref(), Some("hello"));
        assert_eq!(host_api::db_query("SELECT 1", None), r#"[{"1":1}]"#);
    }

    #[test]
    fn a_fresh_host_is_empty() {
        let first = MemoryHost::install();
        assert!(host_api::set_data("visits", "1"));
        assert_eq!(first.data("visits").as_deref(), Some("1"));
        MemoryHost::install();
        assert_eq!(host_api::get_data("visits"), None);
        assert_eq!(first.data("visits").as_deref(), Some("1"));
    }
}
