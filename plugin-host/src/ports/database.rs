//! A plugin's own database, and the read-only views of the site beside it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;

use super::PortError;
use crate::package::Migration;
use crate::plugin_id::PluginId;

/// A part of the site that a plugin may be granted to read (`database = ["read:<view>"]`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SiteView {
    /// Published posts.
    Posts,
    /// Published pages.
    Pages,
    /// Beside published posts, pages and entries of content types also those that are not, where these are granted,
    /// and in `get-post`.
    Drafts,
    /// Approved comments on published posts.
    Comments,
    /// Categories.
    Categories,
    /// Tags, and which posts carry them.
    Tags,
    /// Who writes here: names and roles, never addresses or passwords.
    Users,
}

impl SiteView {
    /// Every view.
    pub const ALL: [SiteView; 7] = [
        SiteView::Posts,
        SiteView::Pages,
        SiteView::Drafts,
        SiteView::Comments,
        SiteView::Categories,
        SiteView::Tags,
        SiteView::Users,
    ];

    /// The name in manifests, such as `posts`.
    pub fn name(self) -> &'static str {
        match self {
            SiteView::Posts => "posts",
            SiteView::Pages => "pages",
            SiteView::Drafts => "drafts",
            SiteView::Comments => "comments",
            SiteView::Categories => "categories",
            SiteView::Tags => "tags",
            SiteView::Users => "users",
        }
    }

    /// The view of that name.
    pub fn from_name(name: &str) -> Option<SiteView> {
        SiteView::ALL.into_iter().find(|view| view.name() == name)
    }
}

impl fmt::Display for SiteView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The longest name of a content type, in bytes.
const CONTENT_TYPE_LENGTH: usize = 40;

/// Whether a content type may have this name: a lower-case letter, then lower-case letters, digits and underscores, at
/// most 40. It stands in manifests (`read:content:<name>`) and in SQL (`core_content_<name>`).
pub fn is_content_type_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= CONTENT_TYPE_LENGTH
        && name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
        && name.bytes().all(is_letter)
}

/// What a plugin's SQL may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatabaseAccess {
    /// Its own tables.
    pub own_tables: bool,
    /// Views of the site.
    pub views: BTreeSet<SiteView>,
    /// The site's own content types, by name, whose entries it may read.
    pub content: BTreeSet<String>,
}

impl DatabaseAccess {
    /// Whether any SQL may run at all.
    pub fn is_any(&self) -> bool {
        self.own_tables || !self.views.is_empty() || !self.content.is_empty()
    }
}

/// A value in a database.
#[derive(Clone, Debug, PartialEq)]
pub enum SqlValue {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// What a statement is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Its rows are wanted. It may also change something (`INSERT .. RETURNING`).
    Query,
    /// It changes something; one that only reads is refused.
    Execute,
}

/// One statement and the values of its placeholders, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Whether rows or a change is wanted.
    pub kind: StatementKind,
    /// The text of one statement.
    pub sql: String,
    /// As many as there are placeholders.
    pub params: Vec<SqlValue>,
}

/// What came of a statement.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<SqlValue>>,
    /// How many rows it inserted, changed or removed.
    pub changed: u64,
    /// The rowid of the last row that it inserted; 0 for none.
    pub last_insert_id: i64,
}

/// Why a statement was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseErrorKind {
    /// It reaches for what was not granted.
    Denied,
    /// It is not a good statement.
    Invalid,
    /// A constraint of a table forbids it.
    Constraint,
    /// It takes too long, answers too much or fills the quota.
    OverLimit,
    /// The database failed.
    Failed,
}

/// Why a statement was not carried out, in words for the plugin's author.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// What kind of reason.
    pub kind: DatabaseErrorKind,
    /// The reason.
    pub message: String,
}

impl DatabaseError {
    /// An error of this kind.
    pub fn new(kind: DatabaseErrorKind, message: impl Into<String>) -> DatabaseError {
        DatabaseError { kind, message: message.into() }
    }
}

/// What it means that migrations were run which come after all that a version brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaterMigrations {
    /// A file is missing.
    Missing,
    /// A later version ran them before it was rolled back. Code that knows nothing of them goes on working, as an older
    /// server does with a newer schema.
    RolledBack,
}

/// The databases of all plugins: one file for each, with its tables and its key-value space.
#[async_trait]
pub trait DatabasePort: Send + Sync + 'static {
    /// The plugin's database, within what it was granted. Nothing is opened before its first use.
    fn open(&self, plugin: &PluginId, access: DatabaseAccess) -> Arc<dyn PluginDatabase>;

    /// Runs the migrations that have not been run on the plugin's database, in order, each in a transaction of its own.
    /// Answers how many.
    ///
    /// # Errors
    /// Where one fails, does what a migration may not, or differs from what was run under its name.
    async fn migrate(
        &self,
        plugin: &PluginId,
        migrations: &[Migration],
        later: LaterMigrations,
    ) -> Result<usize, PortError>;
}

/// One plugin's database, within what it was granted. No call goes on past `until`, also where the caller went away.
#[async_trait]
pub trait PluginDatabase: Send + Sync + 'static {
    /// Carries out one statement by itself.
    async fn run(&self, statement: Statement, until: Instant) -> Result<Rows, DatabaseError>;
    /// Begins a transaction, once the plugin's other transactions are over.
    async fn begin(&self, until: Instant) -> Result<Box<dyn DatabaseTransaction>, DatabaseError>;
    /// The value under a key of the key-value space, which needs no grant.
    async fn get(&self, key: &str, until: Instant) -> Result<Option<String>, DatabaseError>;
    /// Stores a value in the key-value space, which needs no grant.
    async fn set(&self, key: &str, value: &str, until: Instant) -> Result<(), DatabaseError>;
}

/// An open transaction. Dropping it rolls it back, also while a call on it is under way.
#[async_trait]
pub trait DatabaseTransaction: Send {
    /// Carries out one statement within the transaction. A statement that fails leaves the transaction open.
    async fn run(&mut self, statement: Statement, until: Instant) -> Result<Rows, DatabaseError>;
    /// The value under a key, as this transaction sees it.
    async fn get(&mut self, key: &str, until: Instant) -> Result<Option<String>, DatabaseError>;
    /// Stores a value as part of the transaction.
    async fn set(&mut self, key: &str, value: &str, until: Instant) -> Result<(), DatabaseError>;
    /// Keeps everything.
    async fn commit(self: Box<Self>) -> Result<(), DatabaseError>;
    /// Undoes everything.
    async fn rollback(self: Box<Self>) -> Result<(), DatabaseError>;
}

#[cfg(test)]
mod tests {
    use super::is_content_type_name;

    #[test]
    fn content_types_have_plain_names() {
        for right in ["event", "a", "team_member2", "x".repeat(40).as_str()] {
            assert!(is_content_type_name(right), "{right}");
        }
        for wrong in ["", "Event", "2days", "_a", "a-b", "a.b", "\u{e9}", "x".repeat(41).as_str()] {
            assert!(!is_content_type_name(wrong), "{wrong}");
        }
    }
}
