//! `raisfast:plugin-wit/host-api`: each function checks, asks a port and answers in the contract's terms.
//!
//! The contract has no errors: an absent value or `false` stands for every failure, so the reason goes to the plugin's
//! log.

use wasmtime::component::{HasSelf, Linker};

use crate::capability::Capability;
use crate::guest_state::GuestState;
use crate::ports::{LogLevel, PortError, VfsPath};
use bindings::raisfast::plugin_wit::host_api;

/// Generated from the contract: the imports alone, since exports are looked up by name.
mod bindings {
    wasmtime::component::bindgen!({
        path: "../plugin-wit/plugin.wit",
        interfaces: "import raisfast:plugin-wit/host-api;",
        imports: {
            "raisfast:plugin-wit/host-api.log": trappable,
            default: async | trappable,
        },
    });
}

/// The largest key of `get-data` and `set-data`, in bytes.
const MAX_KEY: usize = 512;

/// Adds the interface to a linker.
pub(crate) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    host_api::add_to_linker::<_, HasSelf<GuestState>>(linker, |state| state)
}

impl GuestState {
    /// A port's answer, or the contract's empty one with the reason in the log.
    fn or_logged<T>(&self, call: &str, outcome: Result<T, PortError>, empty: T) -> T {
        outcome.unwrap_or_else(|error| {
            self.complain(call, &error.0);
            empty
        })
    }

    fn complain(&self, call: &str, reason: &str) {
        self.log.guest(LogLevel::Warn, &format!("{call}: {reason}"));
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

    fn denied_json(&self, capability: Capability, call: &str) -> String {
        serde_json::json!({ "error": self.deny(capability, call) }).to_string()
    }
}

impl host_api::Host for GuestState {
    fn log(&mut self, level: String, msg: String) -> wasmtime::Result<()> {
        self.spend_host_call()?;
        self.log.guest(LogLevel::from_guest(&level), &msg);
        Ok(())
    }

    async fn get_config(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        let environment = &self.environment;
        let Some(declared) = environment.settings.get(&key) else { return Ok(None) };
        let value = environment.ports.settings.get(&environment.plugin, &key).await;
        Ok(self.or_logged("get-config", value, None).or_else(|| declared.default.clone()))
    }

    async fn http_get(&mut self, _url: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        self.deny(Capability::Http, "http-get");
        Ok(None)
    }

    async fn http_post(&mut self, _url: String, _body: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        self.deny(Capability::Http, "http-post");
        Ok(None)
    }

    async fn get_data(&mut self, key: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        if !self.key_fits("get-data", &key) {
            return Ok(None);
        }
        let environment = &self.environment;
        let value = environment.ports.key_values.get(&environment.plugin, &key).await;
        Ok(self.or_logged("get-data", value, None))
    }

    async fn set_data(&mut self, key: String, value: String) -> wasmtime::Result<bool> {
        self.spend_host_call()?;
        if !self.key_fits("set-data", &key) {
            return Ok(false);
        }
        let environment = &self.environment;
        let stored = environment.ports.key_values.set(&environment.plugin, &key, &value).await;
        Ok(self.or_logged("set-data", stored.map(|()| true), false))
    }

    async fn get_post(&mut self, slug: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        let environment = &self.environment;
        let post = environment.ports.content.published_post(&environment.plugin, &slug).await;
        Ok(self.or_logged("get-post", post, None))
    }

    async fn db_query(&mut self, _sql: String, _params: Option<String>) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Database, "db-query"))
    }

    async fn db_execute(&mut self, _sql: String, _params: Option<String>) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Database, "db-execute"))
    }

    async fn db_begin(&mut self) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Database, "db-begin"))
    }

    async fn db_commit(&mut self) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Database, "db-commit"))
    }

    async fn db_rollback(&mut self) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Database, "db-rollback"))
    }

    async fn vfs_read(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-read", VfsPath::parse(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let content = environment.ports.files.read(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-read", content, None))
    }

    async fn vfs_write(&mut self, path: String, content: String) -> wasmtime::Result<bool> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-write", VfsPath::parse(&path)) else { return Ok(false) };
        let environment = &self.environment;
        let written = environment.ports.files.write(&environment.plugin, &path, &content).await;
        Ok(self.or_logged("vfs-write", written.map(|()| true), false))
    }

    async fn vfs_delete(&mut self, path: String) -> wasmtime::Result<bool> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-delete", VfsPath::parse(&path)) else { return Ok(false) };
        let environment = &self.environment;
        let deleted = environment.ports.files.delete(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-delete", deleted, false))
    }

    async fn vfs_exists(&mut self, path: String) -> wasmtime::Result<bool> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-exists", VfsPath::parse_folder(&path)) else { return Ok(false) };
        if path.is_root() {
            return Ok(true);
        }
        let environment = &self.environment;
        let exists = environment.ports.files.exists(&environment.plugin, &path).await;
        Ok(self.or_logged("vfs-exists", exists, false))
    }

    async fn vfs_list(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-list", VfsPath::parse_folder(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let names = environment.ports.files.list(&environment.plugin, &path).await;
        let names = self.or_logged("vfs-list", names, None).map(|mut names| {
            names.sort();
            serde_json::Value::from(names).to_string()
        });
        Ok(names)
    }

    async fn vfs_stat(&mut self, path: String) -> wasmtime::Result<Option<String>> {
        self.spend_host_call()?;
        let Some(path) = self.path("vfs-stat", VfsPath::parse_folder(&path)) else { return Ok(None) };
        let environment = &self.environment;
        let stat = environment.ports.files.stat(&environment.plugin, &path).await;
        let stat = self.or_logged("vfs-stat", stat, None).map(|stat| {
            serde_json::json!({ "size": stat.size, "is_dir": stat.is_dir, "modified": stat.modified })
                .to_string()
        });
        Ok(stat)
    }

    async fn emit_event(&mut self, _event_type: String, _data: String) -> wasmtime::Result<String> {
        self.spend_host_call()?;
        Ok(self.denied_json(Capability::Events, "emit-event"))
    }
}
