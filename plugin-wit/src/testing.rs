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
//!
//! With the feature `sqlite` it has a database too, which keeps the plugin to its own tables and the views as a site does,
//! and is laxer with functions and limits:
//!
//! ```toml
//! [dev-dependencies]
//! fleuron-plugin = { path = "sdk", features = ["sqlite"] }
//! ```

mod backend;
mod clock;
#[cfg(feature = "sqlite")]
mod database;
#[cfg(not(feature = "sqlite"))]
#[path = "testing/no_database.rs"]
mod database;
mod events;
mod files;
#[cfg(feature = "sqlite")]
mod sqlite;
mod state;
#[cfg(feature = "sqlite")]
mod typed;
#[cfg(feature = "sqlite")]
mod views;

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use crate::backend::{self as host_backend, HostBackend};
use crate::context::CallContext;
#[cfg(feature = "sqlite")]
use crate::data::{Error, Row};
use state::State;

/// Answers the current thread's host calls with `backend` from now on.
pub fn install(backend: impl HostBackend + 'static) {
    host_backend::install(Rc::new(backend));
}

/// A permission that a test can take away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// `database`, whatever it names: all SQL.
    Database,
    /// `"own"` in `database`: the plugin's own tables.
    OwnTables,
    /// One view of the site, such as `core_users`: what `"read:users"` in `database` opens.
    View(&'static str),
    /// `http`: requests to other servers.
    Http,
    /// `"emit"` in `events`.
    Emit,
}

/// What a filter said through [`verdict`](crate::verdict).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It refused, with a code for programs and a message for people.
    Refused {
        /// The code.
        code: String,
        /// The message.
        message: String,
    },
    /// It held the change back from the public.
    Held,
}

/// A request that the plugin sent to another server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// The address.
    pub url: String,
    /// The body of a POST; `None` for a GET.
    pub body: Option<String>,
}

/// A host that keeps everything in memory. Clones share the same contents.
///
/// Settings, key-values, files, posts, events, verdicts and the log work as they do on the site, and everything is
/// granted until [`MemoryHost::deny`] takes it away. Other servers answer what the test laid ready. Budgets and time
/// limits are the site's own matter: here a call may take as long, and make as many calls, as it likes.
#[derive(Clone, Debug, Default)]
pub struct MemoryHost {
    state: Rc<RefCell<State>>,
}

/// Before the call.
impl MemoryHost {
    /// Makes an empty host answer the current thread's host calls, and returns a handle to it.
    pub fn install() -> Self {
        let host = Self::default();
        install(host.clone());
        host
    }

    /// Sets one of the plugin's settings.
    pub fn set_config(&self, key: &str, value: &str) {
        self.state().config.insert(key.to_owned(), value.to_owned());
    }

    /// Publishes a post: what `get_post` answers for this slug, a JSON object.
    pub fn set_post(&self, slug: &str, json: &str) {
        self.state().posts.insert(slug.to_owned(), json.to_owned());
    }

    /// Lays ready what another server answers to `http_get` and `http_post` at this address. Any other address fails.
    pub fn answer_http(&self, url: &str, body: &str) {
        self.state().http_answers.insert(url.to_owned(), body.to_owned());
    }

    /// Lays ready what `db_query` and `db_execute` answer for exactly this SQL, and `db_begin`, `db_commit` and
    /// `db_rollback` for `BEGIN`, `COMMIT` and `ROLLBACK`. For tests that do without the feature `sqlite`.
    pub fn set_sql_answer(&self, sql: &str, json: &str) {
        self.state().sql_answers.insert(sql.to_owned(), json.to_owned());
    }

    /// Sets what [`context::current`](crate::context::current) answers. Where `hook` names an action, `render-markdown`
    /// or `filter-html`, verdicts are ignored as on the site.
    pub fn set_context(&self, context: CallContext) {
        self.state().context = context;
    }

    /// Stops the clock at this many milliseconds since 1970: what [`clock`](crate::clock) answers from now on, when files
    /// are written, and the time within new ids. Until then it is the machine's.
    pub fn set_clock(&self, unix_millis: u64) {
        self.state().clock.set(unix_millis);
    }

    /// Takes a permission away: calls that need it are refused and the reason is logged, as for a plugin whose manifest
    /// does not ask for it.
    pub fn deny(&self, permission: Permission) {
        self.state().denied.insert(permission);
    }

    /// Gives back what [`MemoryHost::deny`] took away.
    pub fn grant(&self, permission: Permission) {
        self.state().denied.remove(&permission);
    }

    /// Runs the statements of a migration, as the site does with the files in the plugin's folder `migrations`:
    /// `host.migrate(include_str!("../migrations/0001_visits.sql"))?`. All of them or none.
    ///
    /// # Errors
    /// Where a statement fails, or does what a migration may not.
    #[cfg(feature = "sqlite")]
    pub fn migrate(&self, sql: &str) -> Result<(), Error> {
        self.state().database()?.migrate(sql)
    }

    /// Puts rows into a view of the site, such as `core_posts`, from where the plugin's SQL reads them. Columns that a
    /// row leaves out are NULL. Call it with no rows for an empty view.
    ///
    /// # Errors
    /// Where the site has no such view, or the view no such column.
    #[cfg(feature = "sqlite")]
    pub fn seed_view(&self, view: &str, rows: impl IntoIterator<Item = Row>) -> Result<(), Error> {
        self.state().database()?.seed_view(view, rows)
    }

    /// Takes all rows out of a view of the site, to be filled anew where the site's content changes during a test.
    ///
    /// # Errors
    /// Where the site has no such view.
    #[cfg(feature = "sqlite")]
    pub fn clear_view(&self, view: &str) -> Result<(), Error> {
        self.state().database()?.clear_view(view)
    }

    /// Lets the next [`MemoryHost::call`] make so many calls on the database, `db_begin`, `db_commit` and `db_rollback`
    /// included, and panics before the one after them: what is left is what a server leaves that is killed there.
    #[cfg(feature = "sqlite")]
    pub fn interrupt_after(&self, calls: u32) {
        self.state().interruption = Some(calls);
    }
}

/// The call.
impl MemoryHost {
    /// Runs a hook as the site does: a transaction that is left open is rolled back; events are published when the hook
    /// ends well and vanish when it panics. The panic goes on.
    ///
    /// A hook may also be called directly; then events are published at once, and no end of a call tidies up.
    ///
    /// # Panics
    /// When called within a call.
    pub fn call<T>(&self, hook: impl FnOnce() -> T) -> T {
        self.state().begin_call();
        let mut end = EndOfCall { host: self, ended_well: false };
        let answer = hook();
        end.ended_well = true;
        answer
    }

    fn state(&self) -> RefMut<'_, State> {
        self.state.borrow_mut()
    }
}

/// Ends a call also when the hook panics.
struct EndOfCall<'a> {
    host: &'a MemoryHost,
    ended_well: bool,
}

impl Drop for EndOfCall<'_> {
    fn drop(&mut self) {
        self.host.state().end_call(self.ended_well);
    }
}

/// After the call.
impl MemoryHost {
    /// Every line logged so far, each as `level: message`; also the host's own about calls that it refused.
    pub fn log_lines(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// The value that the plugin stored under a key.
    pub fn data(&self, key: &str) -> Option<String> {
        self.state().data.get(key).cloned()
    }

    /// The content of a file that the plugin wrote.
    pub fn file(&self, path: &str) -> Option<String> {
        self.state().files.get(path).cloned()
    }

    /// The requests that the plugin sent to other servers, also those that nothing was laid ready for.
    pub fn requests(&self) -> Vec<SentRequest> {
        self.state().requests.clone()
    }

    /// The events that were published, each as the type that the plugin gave it and its data.
    pub fn events(&self) -> Vec<(String, String)> {
        self.state().events.clone()
    }

    /// How many calls on the database the last [`MemoryHost::call`] made. A site allows 2 000 SQL statements and calls of
    /// `data`.
    #[cfg(feature = "sqlite")]
    pub fn statements(&self) -> u32 {
        self.state().statements
    }

    /// What the last call said through [`verdict`](crate::verdict); `None` where it said nothing.
    pub fn verdict(&self) -> Option<Verdict> {
        self.state().verdict.clone()
    }
}

#[cfg(test)]
mod tests;
