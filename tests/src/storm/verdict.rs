//! What the ledger must show after a storm, compared with what the writers noted and what the server says.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbBackend, Statement};
use serde_json::Value;

use super::settling::list;
use super::writers::Notes;
use super::{Aftermath, HOOKS};
use crate::actor::Actor;
use crate::wait::{id, text};

/// What stands before the hook in the rows of the events that the other plugin emitted.
const SEEN: &str = "seen ";

/// What is found after a storm.
pub(super) struct Evidence {
    /// The posts that are left, with their versions.
    pub(super) posts: BTreeMap<String, i64>,
    /// Dead letters.
    pub(super) dead: Vec<Value>,
    /// The ledger, in its order.
    pub(super) rows: Vec<Row>,
}

/// A delivery that was written down.
pub(super) struct Row {
    event_id: String,
    attempt: i64,
    change: Change,
}

/// A change of a post, as it was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Change {
    post: String,
    version: i64,
    hook: String,
}

impl Change {
    fn new(hook: &str, post: &str, version: i64) -> Self {
        Self { post: post.to_owned(), version, hook: hook.to_owned() }
    }

    /// Its place among the changes of its post: a removal has the number of the version that it removes.
    fn place(&self) -> (i64, bool) {
        (self.version, self.is_removal())
    }

    fn is_removal(&self) -> bool {
        self.hook.strip_prefix(SEEN).unwrap_or(&self.hook) == "on-post-deleted"
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} in version {}", self.hook, self.post, self.version)
    }
}

/// The posts that the storm has left.
pub(super) async fn posts(administrator: &Actor) -> BTreeMap<String, i64> {
    let posts = list(administrator, "/api/v1/posts?status=draft").await;
    posts.iter().map(|post| (id(post).to_owned(), post["version"].as_i64().unwrap_or_default())).collect()
}

/// Reads the ledger.
pub(super) async fn rows(ledger: &Path) -> Vec<Row> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=ro", ledger.display()));
    options.max_connections(1).sqlx_logging(false);
    let database = Database::connect(options).await.expect("the plugin's database can be opened");
    let sql = "SELECT event_id, hook, post_id, version, attempt FROM ledger ORDER BY seq";
    let found = database.query_all_raw(Statement::from_string(DbBackend::Sqlite, sql)).await;
    let found = found.expect("the ledger can be read");
    let _ = database.close().await;
    let rows = found.iter().map(|row| {
        let column = |index: usize| row.try_get_by_index::<String>(index).expect("a text");
        let number = |index: usize| row.try_get_by_index::<i64>(index).expect("a number");
        let change = Change::new(&column(1), &column(2), number(3));
        Row { event_id: column(0), attempt: number(4), change }
    });
    rows.collect()
}

/// Says what there was, and what should not be.
pub(super) fn reach(notes: &Notes, evidence: &Evidence) -> Aftermath {
    let told: BTreeSet<&Change> = evidence.rows.iter().map(|row| &row.change).collect();
    let changes = told.iter().filter(|change| is_told_by_site(change)).count();
    let events: HashSet<&str> = evidence.rows.iter().map(|row| row.event_id.as_str()).collect();
    let mut violations = notes.surprises();
    violations.extend(lost(notes, evidence, &told));
    violations.extend(other_ids(&evidence.rows));
    violations.extend(out_of_order(&evidence.rows));
    violations.extend(not_emitted(&told));
    violations.extend(evidence.dead.iter().map(|delivery| {
        let words = delivery["last_error"].as_str().unwrap_or_default();
        format!(
            "a dead letter of {} for {}: {words}",
            text(delivery, "event_type"),
            text(delivery, "listener")
        )
    }));
    Aftermath {
        acknowledged: notes.count(),
        changes,
        deliveries: evidence.rows.len(),
        repeats: evidence.rows.len() - events.len(),
        retried: evidence.rows.iter().filter(|row| row.attempt > 1).count(),
        violations,
    }
}

fn is_told_by_site(change: &Change) -> bool {
    HOOKS.contains(&change.hook.as_str())
}

/// Every acknowledged change, and every version that there was, was told at least once.
fn lost(notes: &Notes, evidence: &Evidence, told: &BTreeSet<&Change>) -> Vec<String> {
    let mut last = evidence.posts.clone();
    let removed: HashMap<&str, i64> = told
        .iter()
        .filter(|change| is_told_by_site(change) && change.is_removal())
        .map(|change| (change.post.as_str(), change.version))
        .collect();
    last.extend(removed.iter().map(|(post, version)| ((*post).to_owned(), *version)));
    let mut wanted: BTreeSet<Change> = BTreeSet::new();
    let mut violations = Vec::new();
    for change in notes.acknowledged() {
        match change.version {
            Some(version) => {
                wanted.insert(Change::new(change.hook, &change.post, version));
                if !last.contains_key(&change.post) {
                    violations.push(format!("{} is gone, and its removal was not told", change.post));
                }
            }
            None if !removed.contains_key(change.post.as_str()) => {
                violations.push(format!("the removal of {} was acknowledged and not told", change.post));
            }
            None => {}
        }
    }
    for (post, version) in &last {
        wanted.insert(Change::new("on-post-created", post, 1));
        wanted.extend((2..=*version).map(|version| Change::new("on-post-updated", post, version)));
    }
    let missing = wanted.iter().filter(|change| !told.contains(change));
    violations.extend(missing.map(|change| format!("not told: {change}")));
    violations
}

/// A repetition carries the id of the first delivery, and an id stands for one change.
fn other_ids(rows: &[Row]) -> Vec<String> {
    let (mut ids, mut changes) = (HashMap::new(), HashMap::new());
    let mut violations = Vec::new();
    for Row { event_id, change, .. } in rows {
        // The plugin that emits makes a new event at each attempt of its own.
        if is_told_by_site(change) && *ids.entry(change).or_insert(event_id) != event_id {
            violations.push(format!("{change} was told with two ids"));
        }
        let first = *changes.entry(event_id).or_insert(change);
        if first != change {
            violations.push(format!("{event_id} stands for {first} and for {change}"));
        }
    }
    violations
}

/// Whatever is told for the first time of a post comes after all that was told of it before: by the site, also where a
/// delivery failed in between, and by the other plugin, which heard of the post in order and emitted its events so.
fn out_of_order(rows: &[Row]) -> Vec<String> {
    let (mut seen, mut latest) = (HashSet::new(), HashMap::new());
    let mut violations = Vec::new();
    for Row { change, .. } in rows {
        if !seen.insert(change) {
            continue;
        }
        let line = (is_told_by_site(change), change.post.as_str());
        if let Some(before) = latest.insert(line, change)
            && before.place() > change.place()
        {
            violations.push(format!("{change} was told after {before}"));
        }
    }
    violations
}

/// Of every change that was told, the other plugin has emitted an event, which was told too.
fn not_emitted(told: &BTreeSet<&Change>) -> Vec<String> {
    let changes = told.iter().filter(|change| is_told_by_site(change));
    let missing = changes.filter(|change| {
        let seen = Change::new(&format!("{SEEN}{}", change.hook), &change.post, change.version);
        !told.contains(&seen)
    });
    missing.map(|change| format!("no event was emitted about {change}")).collect()
}
