//! `raisfast:plugin-wit/host-api`.

use super::contract_bindings::raisfast::plugin_wit::host_api;
use super::json;
use crate::guest_state::GuestState;
use crate::ports::{LogLevel, PortError, StatementKind, VfsPath};

/// The largest key of `get-data` and `set-data`, in bytes.
const MAX_KEY: usize = 512;

impl GuestState {
    /// A port's answer, or the contract's empty one with the reason in the log.
    fn or_logged<T>(&self, call: &str, outcome: Result<T, PortError>, empty: T) -> T {
        outcome.unwrap_or_else(|error| {
            self.complain(call, &error.0);
            empty
        })
    }

    fn path(&self, call: &str, path: Result<VfsPath, String>) -> Option<VfsPath> {
        path.map_err(|reason| self.complain(call, &reason)).ok()
    }

    fn key_fits(&self, call: &str, key: &str) -> bool {
        let fits = !key.is_empty() && key.len() <= MAX_KEY && !key.contains('\0');
        if !fits {
            self.complain(
                call,
                &format!("a key has 1 to {MAX_KEY} bytes and no NUL; this one has {}", key.len()),
            );
        }
        fits
    }
}

impl host_api::Host for GuestState {
    fn log(&mut self, level: String, msg: String) -> wasmtime::Result<()> {
        self.call.spend_host_call()?;
        self.log.guest(LogLevel::from_guest(&level), &msg);
        Ok(())
    }

    async fn get_config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        let environment = &self.environment;
        let Some(declared) = environment.settings.get(&key) else { return Ok(None) };
        let value = environment.setting_values.get(&environment.plugin, &key).await;
        Ok(self.or_logged("get-config", value, None).or_else(|| declared.default.clone()))
    }

    async fn http_get(&mut self, url: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        Ok(self.request("http-get", url, None).await)
    }

    async fn http_post(&mut self, url: String, body: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        Ok(self.request("http-post", url, Some(body)).await)
    }

    async fn get_data(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        if !self.key_fits("get-data", &key) {
            return Ok(None);
        }
        let value = self.get_value(&key).await;
        Ok(self.or_logged("get-data", value, None))
    }

    async fn set_data(&mut self, key: String, value: String) -> wasmtime::Result<bool> {
        self.call.spend_host_call()?;
        if !self.key_fits("set-data", &key) {
            return Ok(false);
        }
        let stored = self.set_value(&key, &value).await;
        Ok(self.or_logged("set-data", stored.map(|()| true), false))
    }

    async fn get_post(&mut self, slug: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        // It costs the site what a statement does.
        if let Err(reason) = self.call.spend_statement() {
            self.complain("get-post", &reason);
            return Ok(None);
        }
        let environment = &self.environment;
        let drafts = environment.grants.reads_drafts();
        let post = environment.content.post(&environment.plugin, &slug, drafts).await;
        Ok(self.or_logged("get-post", post, None))
    }

    async fn db_query(&mut self, sql: String, params: Option<String>) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        let rows = self.statement("db-query", StatementKind::Query, sql, params).await;
        Ok(json::answer(rows.and_then(|rows| json::rows(&rows))))
    }

    async fn db_execute(&mut self, sql: String, params: Option<String>) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        let rows = self.statement("db-execute", StatementKind::Execute, sql, params).await;
        Ok(json::answer(rows.map(|rows| serde_json::json!({ "rows_affected": rows.changed }).to_string())))
    }

    async fn db_begin(&mut self) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        Ok(json::acknowledged(self.begin().await))
    }

    async fn db_commit(&mut self) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        Ok(json::acknowledged(self.commit().await))
    }

    async fn db_rollback(&mut self) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        Ok(json::acknowledged(self.rollback().await))
    }

    async fn vfs_read(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-read", VfsPath::parse(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let content = environment.files.read(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-read", content, None))
    }

    async fn vfs_write(&mut self, path: String, content: String) -> wasmtime::Result<bool> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-write", VfsPath::parse(&path)) else { return Ok(false) };
        let environment = &self.environment;
        let written = environment.files.write(&environment.plugin, &path, &content).await;
        Ok(self.or_logged("vfs-write", written.map(|()| true), false))
    }

    async fn vfs_delete(&mut self, path: String) -> wasmtime::Result<bool> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-delete", VfsPath::parse(&path)) else { return Ok(false) };
        let environment = &self.environment;
        let deleted = environment.files.delete(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-delete", deleted, false))
    }

    async fn vfs_exists(&mut self, path: String) -> wasmtime::Result<bool> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-exists", VfsPath::parse_folder(&path)) else { return Ok(false) };
        if path.is_root() {
            return Ok(true);
        }
        let environment = &self.environment;
        let exists = environment.files.exists(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-exists", exists, false))
    }

    async fn vfs_list(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-list", VfsPath::parse_folder(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let names = environment.files.list(&environment.plugin, &path).await;
        let names = self.or_logged("vfs-list", names, None).map(|mut names| {
            names.sort();
            serde_json::Value::from(names).to_string()
        });
        Ok(names)
    }

    async fn vfs_stat(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.call.spend_host_call()?;
        let Some(path) = self.path("vfs-stat", VfsPath::parse_folder(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let stat = environment.files.stat(&environment.plugin, &path).await;
        let stat = self.or_logged("vfs-stat", stat, None).map(|stat| {
            serde_json::json!({ "size": stat.size, "is_dir": stat.is_dir, "modified": stat.modified })
                .to_string()
        });
        Ok(stat)
    }

    async fn emit_event(&mut self, event_type: String, data: String) -> wasmtime::Result<String> {
        self.call.spend_host_call()?;
        let id = self.emit(&event_type, data);
        Ok(json::answer(id.map(|id| serde_json::json!({ "ok": true, "id": id }).to_string())))
    }
}
