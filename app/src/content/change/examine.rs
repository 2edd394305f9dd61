//! Looking through all entries of a type for what a change would do to them.

use std::{collections::BTreeSet, sync::Arc};

use sea_orm::{ConnectionTrait, DbErr, Statement};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    attempt::{Attempt, checked_fill},
    diff::Transition,
    findings::{Findings, Surroundings},
    places::Places,
    plan::{ChangePhase, ChangePlan, ChangeProgress},
};
use crate::{
    clock::Timestamp,
    content::{
        ContentType, ContentTypes, EntryStatus, TypeDefinition, TypeService,
        model::Owner,
        storage::{self, entries, indexes},
        types::surroundings,
    },
    error::{ApiError, Result},
};

/// Entries that are looked at in one go.
const BATCH: u64 = 500;

/// Who wants to hear how far a change is.
pub(super) type Progress<'a> = &'a (dyn Fn(ChangeProgress) + Send + Sync);

impl TypeService {
    /// Finds out what a change would do, and how it would be done.
    ///
    /// # Errors
    /// `validation_failed` where the definition contradicts other types, or `fill` is not right.
    pub(super) async fn examine(
        &self,
        old: &ContentType,
        (definition, owner): (&TypeDefinition, Owner),
        fill: &Map<String, Value>,
        progress: Progress<'_>,
    ) -> Result<(Arc<Attempt>, ChangePlan)> {
        let types = ContentTypes::new(storage::types::all(self.database.reader()).await?);
        let faults = surroundings(&types, definition);
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let mut replaced = BTreeSet::new();
        loop {
            let mut transition = Transition::new(old, definition, &replaced, Timestamp::now());
            if owner != old.owner {
                transition.take_over();
            }
            let given = checked_fill(&transition, fill).map_err(ApiError::validation)?;
            let places = Places::new(types.all().map(|content_type| &**content_type));
            let attempt = Arc::new(Attempt::new(transition, given, places));
            let surroundings = self.look_around(&attempt).await?;
            let findings = self.look_through(&attempt, surroundings.entries, progress).await?;
            let overwritten = findings.overwritten(&attempt);
            if overwritten.is_empty() || !findings.are_right() {
                let plan = findings.plan(&attempt, !fill.is_empty(), &surroundings);
                return Ok((attempt, plan));
            }
            // What would be overwritten is set aside, which takes other keys.
            replaced.extend(overwritten);
        }
    }

    async fn look_through(&self, attempt: &Attempt, total: u64, progress: Progress<'_>) -> Result<Findings> {
        let mut findings = Findings::default();
        if attempt.transition.touches_no_entry() {
            return Ok(findings);
        }
        self.note_slugs(attempt).await?;
        let (mut after, mut done) = (0, 0);
        loop {
            progress(ChangeProgress { phase: ChangePhase::Examining, done, total });
            let reader = self.database.reader();
            let rows = entries::batch(reader, &attempt.transition.old, after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(findings) };
            after = last.seq;
            let existing = attempt.existing(reader, &rows).await?;
            for row in &rows {
                findings.note(attempt, &row.entry, &attempt.recast(&row.entry, &existing));
            }
            done += rows.len() as u64;
        }
    }

    /// Notes the slugs that entries keep, so that what is made for others is none of them.
    async fn note_slugs(&self, attempt: &Attempt) -> Result<()> {
        let reader = self.database.reader();
        for key in attempt.slug_keys() {
            let mut after = 0;
            loop {
                let found = slugs(reader, &attempt.transition.old, key, after).await?;
                let Some((last, ..)) = found.last() else { break };
                after = *last;
                for (_, id, slug) in &found {
                    attempt.keep_slug(slug, *id);
                }
            }
        }
        Ok(())
    }

    async fn look_around(&self, attempt: &Attempt) -> Result<Surroundings> {
        let (reader, backend) = (self.database.reader(), self.database.backend());
        let transition = &attempt.transition;
        let stands = indexes::wanted(&transition.old, backend);
        let wanted = indexes::wanted(&transition.new, backend);
        let missing = wanted.iter().filter(|index| !stands.iter().any(|there| there.name == index.name));
        let mut kept = Vec::with_capacity(transition.set_aside.len());
        for (key, _) in &transition.set_aside {
            kept.push(count_with_value(reader, &transition.old, key).await?);
        }
        Ok(Surroundings {
            entries: entries::count(reader, &transition.old, None).await?,
            drafts: entries::count(reader, &transition.old, Some(EntryStatus::Draft)).await?,
            kept,
            indexes: missing.count() as u64,
        })
    }
}

/// The slugs of the next entries that have one under the key, with their places and ids.
async fn slugs(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    key: &str,
    after: i64,
) -> Result<Vec<(i64, Uuid, String)>, DbErr> {
    let sql = format!(
        "SELECT seq, id, data ->> '{key}' FROM {} WHERE seq > {after} AND data ->> '{key}' IS NOT NULL \
         ORDER BY seq LIMIT {BATCH}",
        content_type.table()
    );
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let mut slugs = Vec::new();
    for row in database.query_all_raw(statement).await? {
        slugs.push((row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?));
    }
    Ok(slugs)
}

/// How many entries have a value under the key.
async fn count_with_value(
    database: &impl ConnectionTrait,
    content_type: &ContentType,
    key: &str,
) -> Result<u64, DbErr> {
    let sql = format!("SELECT COUNT(*) FROM {} WHERE data ->> '{key}' IS NOT NULL", content_type.table());
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let count: i64 = match database.query_one_raw(statement).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    Ok(u64::try_from(count).unwrap_or_default())
}
