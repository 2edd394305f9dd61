//! Packages of plugins to upload.

use std::fs;

use crate::actor::Actor;
use crate::answer::Answer;
use crate::guests::{self, stamped};
use crate::plugins::{manifest, write_migrations, write_plugin};
use reqwest::Method;
use serde_json::Value;

/// The package of a plugin: a manifest, its module, and migrations, each a name and SQL.
///
/// # Panics
/// When they make no good package.
pub fn package(manifest: &str, module: &[u8], migrations: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    if !migrations.is_empty() {
        let migrations = migrations.iter().map(|(name, sql)| ((*name).to_owned(), (*sql).to_owned()));
        write_migrations(folder.path(), "it", &migrations.collect::<Vec<_>>());
    }
    write_plugin(folder.path(), "it", manifest, module);
    let packed = fleuron_plugin_host::pack(&folder.path().join("plugins/it"));
    packed.unwrap_or_else(|reasons| panic!("{}", reasons.join("\n")))
}

/// The id of [`stamper`].
pub const STAMPER_ID: &str = "com.example.stamper";

/// A package of the stamper in version `0.N.0`, which stamps `vN` into new posts, with these lines for its permissions.
///
/// # Panics
/// As [`package`].
pub fn stamper(version: u16, permissions: &str) -> Vec<u8> {
    package(&stamper_manifest(version, permissions), &stamper_module(version), &[])
}

/// The manifest of [`stamper`].
pub fn stamper_manifest(version: u16, permissions: &str) -> String {
    let manifest = manifest(STAMPER_ID, &["on-post-creating"]);
    let manifest = manifest.replace("version = \"0.1.0\"", &format!("version = \"0.{version}.0\""));
    format!("{manifest}\n[permissions]\n{permissions}\n")
}

/// The module of [`stamper`].
///
/// # Panics
/// When it was not built.
pub fn stamper_module(version: u16) -> Vec<u8> {
    stamped(&fs::read(guests::STAMPER).expect("the stamper was built"), version)
}

impl Actor {
    /// Uploads a package, with this query, such as `?dry_run=true`.
    pub async fn upload(&self, package: Vec<u8>, query: &str) -> Answer {
        let request = self.request(Method::POST, &format!("/api/v1/admin/plugins{query}"));
        self.send(request.header("content-type", "application/zip").body(package)).await
    }

    /// As [`Actor::upload`], for servers that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_upload(&self, package: Vec<u8>) -> Result<Answer, reqwest::Error> {
        let request = self.request(Method::POST, "/api/v1/admin/plugins");
        self.try_send(request.body(package)).await
    }

    /// As [`Actor::consent`], for servers that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_consent(&self, id: &str) -> Result<Answer, reqwest::Error> {
        let path = format!("/api/v1/admin/plugins/{id}");
        let plugin = self.try_send(self.request(Method::GET, &path)).await?.json();
        let hash = plugin["consent"]["hash"].as_str().unwrap_or_default();
        let body = serde_json::json!({ "hash": hash });
        self.try_send(self.request(Method::POST, &format!("{path}/consent")).json(&body)).await
    }

    /// As [`Actor::plugin_step`], for servers that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_step(&self, id: &str, step: &str) -> Result<Answer, reqwest::Error> {
        self.try_send(self.request(Method::POST, &format!("/api/v1/admin/plugins/{id}/{step}"))).await
    }

    /// Removes a plugin and what it kept, for servers that may be gone.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_uninstall(&self, id: &str) -> Result<Answer, reqwest::Error> {
        self.try_send(self.request(Method::DELETE, &format!("/api/v1/admin/plugins/{id}?data=delete"))).await
    }

    /// Takes a step with a plugin: `enable`, `disable`, `rollback`, `reload`.
    pub async fn plugin_step(&self, id: &str, step: &str) -> Answer {
        self.send(self.request(Method::POST, &format!("/api/v1/admin/plugins/{id}/{step}"))).await
    }

    /// Agrees to whatever version of a plugin waits now.
    pub async fn consent(&self, id: &str) -> Answer {
        let plugin = self.get(&format!("/api/v1/admin/plugins/{id}")).await.expect(200).json();
        let hash = plugin["consent"]["hash"].as_str().unwrap_or_default();
        let body = serde_json::json!({ "hash": hash });
        self.post(&format!("/api/v1/admin/plugins/{id}/consent"), &body).await
    }

    /// Sets settings of a plugin.
    pub async fn set_plugin(&self, id: &str, values: &Value) -> Answer {
        let request = self.request(Method::PUT, &format!("/api/v1/admin/plugins/{id}/settings"));
        self.send(request.json(&serde_json::json!({ "values": values }))).await
    }

    /// Uploads a package and agrees to what it asks for.
    ///
    /// # Panics
    /// When the site does not take it.
    pub async fn install(&self, package: Vec<u8>) -> Answer {
        let plugin = self.upload(package, "").await.expect(201).json();
        self.consent(plugin["id"].as_str().expect("an id")).await.expect(200)
    }
}
