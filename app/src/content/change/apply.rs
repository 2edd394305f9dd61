//! Bringing a change into force while the site goes on.
//!
//! Entries are made ready for the new definition row by row: new values stand under keys that today's definition does
//! not know, so that nobody sees them. Whoever writes an entry meanwhile takes its mark away, and it is made ready
//! again. Then the indexes are built, and one short transaction keeps writers out, makes the last few rows ready and
//! switches the definition. Whatever fails or crashes before that leaves the type as it was.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    attempt::{Attempt, Existing},
    examine::Progress,
    findings::Findings,
    places::Place,
    plan::{ChangePhase, ChangePlan, ChangeProgress},
};
use crate::{
    audit,
    auth::Actor,
    clock::Timestamp,
    content::{
        ContentType, ContentTypes, EntryStatus, TypeService,
        storage::{
            self,
            entries::{self, Row},
            indexes, links,
        },
        types::{TYPES, conflict, surroundings},
    },
    database::{Transaction, one_at_a_time},
    error::{ApiError, Result},
};

/// Rows that are made ready in one write.
const CHUNK: u64 = 200;
/// Rows that are made ready while writers are kept out, at most.
const LAST: u64 = 500;
/// How often the last rows are waited for to become few.
const ROUNDS: usize = 20;
/// How often it is noted that a change is under way: whoever tidies up leaves such a type alone.
const HEARTBEAT: Duration = Duration::from_secs(60);

/// What the last transaction needs.
struct Last {
    attempt: Arc<Attempt>,
    actor: Actor,
    detail: Value,
}

/// A row as it will be.
struct Ready {
    seq: i64,
    version: i64,
    stored: Map<String, Value>,
    targets: Vec<(Place, Uuid)>,
}

impl TypeService {
    /// Does what was found out.
    pub(super) async fn bring_into_force(
        &self,
        actor: &Actor,
        attempt: &Arc<Attempt>,
        plan: &ChangePlan,
        progress: Progress<'_>,
    ) -> Result<()> {
        self.reserve_keys(attempt).await?;
        let number = attempt.transition.old.number;
        let outcome = tokio::select! {
            biased;
            outcome = Box::pin(self.carry_out(actor, attempt, plan, progress)) => outcome,
            never = self.keep_alive(number) => never,
        };
        let tidied = match &outcome {
            Ok(()) => self.settle(attempt).await,
            Err(_) => self.clear(attempt).await,
        };
        // What is left over slows writers down, and goes with the next change.
        if let Err(error) = tidied {
            let name = attempt.transition.old.name();
            tracing::warn!(content_type = name, %error, "what a change leaves behind could not be removed");
        }
        outcome
    }

    /// Notes now and then that the type is being changed, and never ends by itself: what goes wrong thereby is no
    /// reason to give the change up.
    async fn keep_alive(&self, number: i64) -> Result<()> {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let noted = self.database.write(number, |transaction, number| {
                Box::pin(
                    async move { Ok(storage::types::touch(transaction, *number, Timestamp::now()).await?) },
                )
            });
            if let Err(error) = noted.await {
                tracing::warn!(%error, "it could not be noted that a content type is being changed");
            }
        }
    }

    /// Keys are given once: what an attempt leaves behind under its keys must never be taken for values of a later one.
    /// Whoever tidies up sees that the type is being changed.
    async fn reserve_keys(&self, attempt: &Arc<Attempt>) -> Result<()> {
        self.database
            .write(Arc::clone(attempt), |transaction, attempt| {
                Box::pin(async move {
                    let transition = &attempt.transition;
                    standing(transaction, &transition.old).await?;
                    let mut reserved = transition.old.clone();
                    reserved.layout.next = transition.new.layout.next;
                    reserved.updated_at = transition.new.updated_at;
                    let is_written =
                        storage::types::update(transaction, &reserved, transition.old.version).await?;
                    if is_written { Ok(()) } else { Err(conflict()) }
                })
            })
            .await
    }

    async fn carry_out(
        &self,
        actor: &Actor,
        attempt: &Arc<Attempt>,
        plan: &ChangePlan,
        progress: Progress<'_>,
    ) -> Result<()> {
        let new = &attempt.transition.new;
        let total = plan.entries;
        let tell = |phase, done| progress(ChangeProgress { phase, done, total });
        if attempt.transition.writes_entries() {
            self.make_ready(attempt, &|done| tell(ChangePhase::Preparing, done)).await?;
        }
        tell(ChangePhase::Indexing, 0);
        Box::pin(indexes::build(&self.database, new)).await?;
        let detail =
            json!({ "version": new.version, "steps": plan.steps, "filled": plan.filled, "kept": plan.kept });
        for _ in 0..ROUNDS {
            tell(ChangePhase::Finishing, total);
            let last = Last { attempt: Arc::clone(attempt), actor: actor.clone(), detail: detail.clone() };
            let is_done =
                self.database.write(last, |transaction, last| Box::pin(finish(transaction, last))).await?;
            if is_done {
                self.changed();
                return Ok(());
            }
            // Too much was written meanwhile.
            self.make_ready(attempt, &|_done| {}).await?;
        }
        Err(conflict())
    }

    /// Makes every row ready that is not.
    async fn make_ready(&self, attempt: &Arc<Attempt>, told: &(dyn Fn(u64) + Send + Sync)) -> Result<()> {
        let old = &attempt.transition.old;
        let (mut after, mut done) = (0, 0);
        loop {
            let reader = self.database.reader();
            let rows = entries::unprepared(reader, old, attempt.mark, after, CHUNK).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.seq;
            done += rows.len() as u64;
            let existing = attempt.existing(reader, &rows).await?;
            let ready = recast(attempt, &rows, &existing)?;
            self.database
                .write((Arc::clone(attempt), ready), |transaction, (attempt, ready)| {
                    Box::pin(async move {
                        // Those that were written meanwhile are looked at again.
                        write(transaction, attempt, ready).await.map(|_| ())
                    })
                })
                .await?;
            told(done);
        }
    }

    /// After the change: what is set aside keeps nothing from being removed. Another process that changed the type at
    /// the same time may have taken an index for its own that was not needed.
    async fn settle(&self, attempt: &Arc<Attempt>) -> Result<()> {
        self.database
            .write(Arc::clone(attempt), |transaction, attempt| {
                Box::pin(async move {
                    let new = &attempt.transition.new;
                    // Fields with links never take such a key again.
                    for retired in &new.layout.retired {
                        links::forget_key(transaction, new.number, &retired.key).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        let new = &attempt.transition.new;
        Box::pin(indexes::build(&self.database, new)).await?;
        Box::pin(indexes::drop_unwanted(&self.database, new)).await
    }

    /// Removes what a failed attempt leaves behind. Values under its keys go with the next purge.
    async fn clear(&self, attempt: &Arc<Attempt>) -> Result<()> {
        self.database
            .write(Arc::clone(attempt), |transaction, attempt| {
                Box::pin(async move {
                    let old = &attempt.transition.old;
                    storage::types::lock(transaction, old.number).await?;
                    let current = storage::types::find(transaction, old.name()).await?;
                    // A commit may have succeeded whose answer was lost.
                    let is_in_use = |key: &str| {
                        let mut keys = current.iter().flat_map(|current| current.layout.keys.values());
                        keys.any(|used| used == key)
                    };
                    for key in attempt.own_keys().filter(|key| !is_in_use(key)) {
                        links::forget_key(transaction, old.number, key).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        let current = self.current(attempt.transition.old.name()).await?;
        Box::pin(indexes::drop_unwanted(&self.database, &current)).await
    }
}

impl Attempt {
    /// The keys that it was the first to give.
    fn own_keys(&self) -> impl Iterator<Item = &str> {
        let (old, new) = (&self.transition.old.layout, &self.transition.new.layout);
        let is_known = move |key: &str| {
            old.keys.values().any(|known| known == key) || old.retired.iter().any(|known| known.key == key)
        };
        new.keys.values().map(String::as_str).filter(move |key| !is_known(key))
    }
}

/// The last step. Answers whether the change is in force; if not, too many rows wait to be made ready.
async fn finish(transaction: &Transaction, last: &Last) -> Result<bool> {
    let attempt = &last.attempt;
    let transition = &attempt.transition;
    one_at_a_time(transaction, TYPES).await?;
    let mut expected = transition.old.clone();
    expected.layout.next = transition.new.layout.next;
    let current = standing(transaction, &expected).await?;
    let types = ContentTypes::new(storage::types::all(transaction).await?);
    let faults = surroundings(&types, &transition.new.definition);
    if !faults.is_empty() {
        return Err(ApiError::validation(faults));
    }
    if transition.writes_entries() && !make_last_ready(transaction, attempt).await? {
        return Ok(false);
    }
    let updated_at = Timestamp::now();
    let new = ContentType { enabled: current.enabled, updated_at, ..transition.new.clone() };
    if transition.publishes() {
        publish_drafts(transaction, &new).await?;
    }
    if !storage::types::update(transaction, &new, transition.old.version).await? {
        return Err(conflict());
    }
    audit::record(transaction, &last.actor, "content_type.changed", new.name(), &last.detail).await?;
    Ok(true)
}

/// Keeps writers of entries out, and fails unless the type is still the one that was looked at.
async fn standing(transaction: &Transaction, expected: &ContentType) -> Result<ContentType> {
    storage::types::lock(transaction, expected.number).await?;
    let current = storage::types::find(transaction, expected.name()).await?.ok_or_else(conflict)?;
    let is_same = current.number == expected.number
        && current.version == expected.version
        && current.layout == expected.layout;
    if is_same { Ok(current) } else { Err(conflict()) }
}

async fn make_last_ready(transaction: &Transaction, attempt: &Attempt) -> Result<bool> {
    let old = &attempt.transition.old;
    let rows = entries::unprepared(transaction, old, attempt.mark, 0, LAST + 1).await?;
    if rows.len() as u64 > LAST {
        return Ok(false);
    }
    let existing = attempt.existing(transaction, &rows).await?;
    let ready = recast(attempt, &rows, &existing)?;
    write(transaction, attempt, &ready).await
}

/// The rows as they will be. Fails where one of them would not be valid.
fn recast(attempt: &Attempt, rows: &[Row], existing: &Existing) -> Result<Vec<Ready>> {
    let mut findings = Findings::default();
    let mut ready = Vec::with_capacity(rows.len());
    for row in rows {
        let recast = attempt.recast(&row.entry, existing);
        findings.note(attempt, &row.entry, &recast);
        ready.push(Ready {
            seq: row.seq,
            version: row.entry.version,
            stored: recast.stored,
            targets: recast.targets,
        });
    }
    if !findings.are_right() {
        return Err(findings.refusal());
    }
    // It was found before that nothing is overwritten; what was written since then would be.
    if findings.overwritten(attempt).is_empty() { Ok(ready) } else { Err(conflict()) }
}

/// Writes rows as they will be. Answers whether all were written: those are not that somebody else wrote meanwhile, or
/// that would lead to something that is gone.
async fn write(transaction: &Transaction, attempt: &Attempt, rows: &[Ready]) -> Result<bool> {
    let mut wanted: HashMap<&str, Vec<Uuid>> = HashMap::new();
    for (place, id) in rows.iter().flat_map(|row| &row.targets) {
        wanted.entry(place.table.as_str()).or_default().push(*id);
    }
    let mut held: HashMap<&str, HashSet<Uuid>> = HashMap::new();
    for (table, mut ids) in wanted {
        ids.sort_unstable();
        ids.dedup();
        held.insert(table, links::lock_entries(transaction, table, &ids).await?.into_iter().collect());
    }
    let new = &attempt.transition.new;
    let mut are_written = true;
    for row in rows {
        let is_held = |(place, id): &(Place, Uuid)| {
            held.get(place.table.as_str()).is_some_and(|held| held.contains(id))
        };
        let is_written = row.targets.iter().all(is_held)
            && entries::prepare(transaction, new, row.seq, row.version, &row.stored, attempt.mark).await?;
        are_written &= is_written;
    }
    Ok(are_written)
}

/// A type without drafts has published entries alone.
async fn publish_drafts(transaction: &Transaction, content_type: &ContentType) -> Result<()> {
    let now = content_type.updated_at.millis();
    let sql = format!(
        "UPDATE {} SET status = '{}', published_at = COALESCE(published_at, {now}), updated_at = {now}, \
         version = version + 1 WHERE status = '{}'",
        content_type.table(),
        EntryStatus::Published.as_str(),
        EntryStatus::Draft.as_str(),
    );
    let statement = Statement::from_string(transaction.get_database_backend(), sql);
    transaction.execute_raw(statement).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
