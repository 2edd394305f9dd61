//! The plugin `caller`, which makes the host calls that a test lists and answers what the host answered; and the
//! neighbour beside it, which must notice nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::actor::Actor;
use crate::answer::Answer;
use crate::app::{TestApp, TestAppBuilder};
use crate::builders::post;
use crate::guests;
use crate::plugins::{manifest, write_migrations};
use crate::wait::{eventually, text};

/// The neighbour's id.
pub const NEIGHBOUR: &str = "com.example.neighbour";
/// What the neighbour puts behind the content of every new post.
const STAMP: &str = "\n\nstamp:v000";
/// How long a call may take where a test says nothing else, in milliseconds.
const TIMEOUT: u64 = 5000;

/// A caller that is to be installed.
#[must_use]
pub struct NewCaller {
    id: String,
    permissions: Vec<String>,
    hooks: Vec<String>,
    settings: String,
    migrations: Vec<(String, String)>,
    timeout: u64,
}

/// A caller with this id that listens to `on-post-creating` and has no permission.
pub fn caller(id: &str) -> NewCaller {
    NewCaller {
        id: id.to_owned(),
        permissions: Vec::new(),
        hooks: vec!["on-post-creating".to_owned()],
        settings: String::new(),
        migrations: Vec::new(),
        timeout: TIMEOUT,
    }
}

impl NewCaller {
    /// One more line of `[permissions]`.
    pub fn permission(mut self, line: &str) -> Self {
        self.permissions.push(line.to_owned());
        self
    }

    /// The permission `database`, such as `own` and `read:posts`.
    pub fn database(self, views: &[&str]) -> Self {
        self.permission(&format!("database = {}", json!(views)))
    }

    /// One more hook, as [`manifest`] takes them.
    pub fn hook(mut self, hook: &str) -> Self {
        self.hooks.push(hook.to_owned());
        self
    }

    /// More lines of the manifest, behind all others.
    pub fn lines(mut self, lines: &str) -> Self {
        self.settings.push_str(lines);
        self.settings.push('\n');
        self
    }

    /// A migration, as a file's name and SQL.
    pub fn migration(mut self, name: &str, sql: &str) -> Self {
        self.migrations.push((name.to_owned(), sql.to_owned()));
        self
    }

    /// How long a call may take, in milliseconds.
    pub fn timeout(mut self, milliseconds: u64) -> Self {
        self.timeout = milliseconds;
        self
    }

    /// The manifest.
    pub fn manifest(&self) -> String {
        let hooks: Vec<&str> = self.hooks.iter().map(String::as_str).collect();
        let mut text = manifest(&self.id, &hooks);
        text.push_str(&format!("\n[permissions]\ntimeout_ms = {}\n", self.timeout));
        text.push_str(&self.permissions.join("\n"));
        text.push_str("\n\n");
        text.push_str(&self.settings);
        text.push_str(&format!("\n[settings.caller_id]\ntype = \"string\"\ndefault = \"{}\"\n", self.id));
        text
    }

    /// Installs it, whatever comes of it: a fault shows among the host's faults. Answers the folder's name.
    ///
    /// # Panics
    /// When it cannot be written.
    pub async fn lay(&self, app: &TestApp) -> String {
        let name = self.id.replace('.', "_");
        if !self.migrations.is_empty() {
            write_migrations(app.extensions(), &name, &self.migrations);
        }
        let module = std::fs::read(guests::CALLER).expect("the guest is built");
        app.install(&name, &self.manifest(), &module).await;
        name
    }

    /// Installs it.
    ///
    /// # Panics
    /// When it cannot be loaded.
    pub async fn install<'a>(&self, app: &'a TestApp) -> Caller<'a> {
        self.lay(app).await;
        let loaded = app.services().hooks.plugins().iter().any(|plugin| plugin.id.as_str() == self.id);
        assert!(loaded, "{} is not loaded: {:#?}", self.id, app.services().hooks.faults());
        Caller {
            app,
            id: self.id.clone(),
            author: app.author().await,
            administrator: app.administrator().await,
            scripts: AtomicU32::new(0),
        }
    }
}

/// A caller in a running site.
pub struct Caller<'a> {
    app: &'a TestApp,
    /// Its id.
    pub id: String,
    /// Who sends the scripts.
    pub author: Actor,
    administrator: Actor,
    scripts: AtomicU32,
}

impl<'a> Caller<'a> {
    /// Makes calls, each an array of a name and arguments, within one hook call, and gives back the answers.
    ///
    /// # Panics
    /// When the hook call fails.
    pub fn run<'c>(&'c self, calls: &[Value]) -> impl Future<Output = Vec<Value>> + use<'a, 'c> {
        let outcome = self.try_run(calls);
        async move { outcome.await.unwrap_or_else(|| panic!("the call failed:\n{}", self.log().join("\n"))) }
    }

    /// As [`Caller::run`]; none when the hook call failed, as one that traps does.
    ///
    /// # Panics
    /// When the post is not created.
    pub fn try_run<'c>(&'c self, calls: &[Value]) -> impl Future<Output = Option<Vec<Value>>> + use<'a, 'c> {
        let (script, count) = (self.script(calls), calls.len());
        async move {
            let created = self.send(&script).await.expect(201).json();
            let content = text(&created, "content").strip_suffix(STAMP).unwrap_or(text(&created, "content"));
            if content == script {
                return None;
            }
            let answers: Vec<Value> = serde_json::from_str(content)
                .unwrap_or_else(|error| panic!("no list of answers ({error}): {content}"));
            assert_eq!(answers.len(), count, "{answers:?}");
            Some(answers)
        }
    }

    /// Makes one call.
    ///
    /// # Panics
    /// When the hook call fails.
    pub async fn call(&self, call: Value) -> Value {
        self.run(&[call]).await.remove(0)
    }

    /// Sends calls in a post and gives back how that went.
    pub async fn attempt(&self, calls: &[Value]) -> Answer {
        self.send(&self.script(calls)).await
    }

    /// A script that no other caller minds.
    fn script(&self, calls: &[Value]) -> String {
        json!({ "for": self.id, "calls": calls }).to_string()
    }

    async fn send(&self, script: &str) -> Answer {
        let number = self.scripts.fetch_add(1, Ordering::Relaxed);
        post(&format!("Script {number} of {}", self.id)).content(script).send(&self.author).await
    }

    /// Makes calls within `on-post-created`, to which the caller must listen, and gives back the answers.
    ///
    /// # Panics
    /// When there are none in time.
    pub async fn run_in_action(&self, calls: &[Value]) -> Vec<Value> {
        let results = || {
            let lines = self.log().into_iter();
            lines.filter_map(|line| line.strip_prefix("results ").map(str::to_owned)).collect::<Vec<_>>()
        };
        let before = results().len();
        self.call(json!(["set-data", "script", self.script(calls)])).await;
        let answers = eventually("the action's answers", async || results().get(before).cloned()).await;
        serde_json::from_str(&answers).expect("a list of answers")
    }

    /// Its page in the admin API.
    pub async fn details(&self) -> Value {
        self.administrator.get(&format!("/api/v1/admin/plugins/{}", self.id)).await.expect(200).json()
    }

    /// What it was denied: of each call how often, and the reasons in words.
    pub async fn denials(&self) -> Vec<(String, String, u64)> {
        let details = self.details().await;
        let denials = details["denials"].as_array().cloned().unwrap_or_default();
        denials
            .iter()
            .map(|denial| {
                let count = denial["count"].as_u64().unwrap_or_default();
                (text(denial, "call").to_owned(), text(denial, "reason").to_owned(), count)
            })
            .collect()
    }

    /// The lines of its log.
    pub fn log(&self) -> Vec<String> {
        let id = self.id.parse().expect("a plugin's id");
        self.app.services().plugin_logs.of(&id).into_iter().map(|line| line.text).collect()
    }

    /// Where its files are kept.
    pub fn files(&self) -> PathBuf {
        self.app.data().join("plugin-files").join(&self.id)
    }

    /// The file of its database.
    pub fn database_file(&self) -> PathBuf {
        self.app.data().join("plugins").join(&self.id).join("plugin.sqlite")
    }
}

impl TestAppBuilder {
    /// A second plugin, which stamps every new post after all others, and must go on doing so.
    ///
    /// # Panics
    /// When the module cannot be read.
    pub fn neighbour(self) -> Self {
        let manifest = manifest(NEIGHBOUR, &["on-post-creating: priority = 900"]);
        self.plugin("neighbour", &manifest, guests::STAMPER)
    }
}

impl TestApp {
    /// Asserts that the site answers, that it is ready, and that the neighbour still stamps new posts.
    ///
    /// # Panics
    /// When one of these does not hold.
    pub async fn assert_unharmed(&self) {
        let guest = self.guest();
        guest.get("/").await.expect(200);
        guest.get("/readyz").await.expect(200);
        let created = post("Unharmed").content("Unharmed.").create(&self.author().await).await;
        assert_eq!(text(&created, "content"), format!("Unharmed.{STAMP}"));
        let neighbour =
            self.services().hooks.plugins().into_iter().find(|plugin| plugin.id.as_str() == NEIGHBOUR);
        let neighbour = neighbour.expect("the neighbour is loaded");
        assert!(neighbour.hooks.iter().all(|hook| hook.counts.errors == 0), "{neighbour:?}");
    }
}
