//! Lines become entries, several at once, each by the same service as any other.

mod circles;

use std::{collections::HashSet, pin::pin, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::task::JoinSet;

use super::{
    line,
    lines::Lines,
    order::{Order, Work, own_relations},
    summary::{ImportProgress, ImportSummary},
};
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, EntryService, Field, Kind, entries::PutOutcome},
    error::{ApiError, ErrorCode, FieldError, Result},
    ids::EntryId,
};

/// As many entries are written at once: enough for commits to be shared.
const AT_ONCE: usize = 16;
/// How often a write is tried that somebody else is in the way of, and how long is waited at first.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);
/// As many bytes of lines wait at most for what they lead to.
const WAITING: usize = 64 * 1024 * 1024;

/// Imports entries. Lines that cannot become one are named in the summary and do not stop the others; only a site that
/// fails does. The ids of new entries, moments and authors are taken over where the actor may edit what others wrote.
pub async fn import(
    entries: &EntryService,
    actor: &Actor,
    content_type: &Arc<ContentType>,
    lines: impl Stream<Item = Result<Bytes>>,
    progress: &(dyn Fn(ImportProgress) + Send + Sync),
) -> Result<ImportSummary> {
    let lines = pin!(lines);
    let mut lines = Lines::new(lines);
    let mut import = Import {
        service: entries,
        actor,
        content_type,
        keeps: actor.may(Permission::EditOthers),
        progress,
        bytes: 0,
        running: JoinSet::new(),
        busy: HashSet::new(),
        waiting: Vec::new(),
        waiting_ids: HashSet::new(),
        waiting_bytes: 0,
        summary: ImportSummary::default(),
    };
    let read = import.read_all(&mut lines).await;
    // What was begun is finished, whatever happened to the rest.
    while let Some(ended) = import.settle().await? {
        import.judge(ended)?;
    }
    read?;
    import.carry_out_waiting().await?;
    import.summary.errors.sort_by_key(|error| error.line);
    Ok(import.summary)
}

/// An entry that was tried.
struct Ended {
    /// Its place in the order of those that waited.
    place: usize,
    work: Work,
    outcome: Result<PutOutcome>,
}

struct Import<'a> {
    service: &'a EntryService,
    actor: &'a Actor,
    content_type: &'a Arc<ContentType>,
    /// Whether new entries get their ids, and all of them their moments and authors.
    keeps: bool,
    progress: &'a (dyn Fn(ImportProgress) + Send + Sync),
    bytes: u64,
    running: JoinSet<Ended>,
    /// Entries that are being written: two lines of one entry keep their order.
    busy: HashSet<EntryId>,
    waiting: Vec<Work>,
    waiting_ids: HashSet<EntryId>,
    waiting_bytes: usize,
    summary: ImportSummary,
}

impl Import<'_> {
    async fn read_all<S>(&mut self, lines: &mut Lines<S>) -> Result<()>
    where
        S: Stream<Item = Result<Bytes>> + Unpin,
    {
        while let Some(found) = lines.next().await? {
            self.bytes = lines.bytes();
            self.summary.read += 1;
            match line::read(found.text.as_deref(), self.content_type) {
                Ok(new) => {
                    let size = found.text.map_or(0, |text| text.len());
                    self.begin(Work { line: found.number, size, new }).await?;
                }
                Err((id, errors)) => {
                    self.summary.fail(found.number, id, errors);
                    self.tell();
                }
            }
        }
        Ok(())
    }

    /// Starts to write an entry, as soon as there is room and no other line of the same entry is under way.
    async fn begin(&mut self, mut work: Work) -> Result<()> {
        if !self.keeps {
            let new = &mut work.new;
            (new.created_by, new.created_at, new.updated_at, new.published_at) = (None, None, None, None);
        }
        while self.must_settle(&work) {
            if let Some(ended) = self.settle().await? {
                self.judge(ended)?;
            }
        }
        if work.new.id.is_some_and(|id| self.waiting_ids.contains(&id)) {
            let error = ApiError::new(
                ErrorCode::EditConflict,
                "An earlier line of this entry could not be imported.",
            );
            self.wait_or_fail(work, &error);
        } else {
            self.spawn(0, work);
        }
        Ok(())
    }

    fn must_settle(&self, work: &Work) -> bool {
        self.running.len() >= AT_ONCE || work.new.id.is_some_and(|id| self.busy.contains(&id))
    }

    fn spawn(&mut self, place: usize, work: Work) {
        self.busy.extend(work.new.id);
        let (service, actor) = (self.service.clone(), self.actor.clone());
        let content_type = Arc::clone(self.content_type);
        self.running.spawn(async move {
            let outcome = patiently(&service, &actor, &content_type, &work).await;
            Ended { place, work, outcome }
        });
    }

    /// Waits for one of the entries that are under way; none if there are none.
    async fn settle(&mut self) -> Result<Option<Ended>> {
        let Some(ended) = self.running.join_next().await else { return Ok(None) };
        let ended = ended.map_err(ApiError::internal)?;
        if let Some(id) = ended.work.new.id {
            self.busy.remove(&id);
        }
        Ok(Some(ended))
    }

    /// What comes of a first try: lines that lead to later ones are put aside.
    fn judge(&mut self, ended: Ended) -> Result<()> {
        match ended.outcome {
            Err(error) if self.may_heal(&error) => self.wait_or_fail(ended.work, &error),
            outcome => self.note(&ended.work, outcome)?,
        }
        Ok(())
    }

    /// Counts what became of a line. Fails where the next line would fail for the same reason.
    fn note(&mut self, work: &Work, outcome: Result<PutOutcome>) -> Result<()> {
        match outcome {
            Ok(PutOutcome::Created(_)) => self.summary.created += 1,
            Ok(PutOutcome::Updated(_)) => self.summary.updated += 1,
            Ok(PutOutcome::Unchanged(_)) => self.summary.unchanged += 1,
            Err(error) if is_fatal(&error) => return Err(error),
            Err(error) => self.summary.fail(work.line, work.new.id, reasons(&error)),
        }
        self.tell();
        Ok(())
    }

    /// Whether what is wrong may be right once the other lines are in: what a relation leads to is there, a value that
    /// must be unique is free.
    fn may_heal(&self, error: &ApiError) -> bool {
        if error.code() == ErrorCode::SlugTaken {
            return true;
        }
        let definition = &self.content_type.definition;
        let own: Vec<&str> = own_relations(definition).map(|field| field.name.as_str()).collect();
        let heals = |fault: &FieldError| {
            let name = fault.field.strip_prefix("fields.").unwrap_or(&fault.field);
            let name = name.split(['[', '.']).next().unwrap_or_default();
            let is_unique = |field: &Field| field.unique || matches!(field.kind, Kind::Slug { .. });
            own.contains(&name) || definition.field(name).is_some_and(is_unique)
        };
        error.code() == ErrorCode::ValidationFailed
            && !error.fields().is_empty()
            && error.fields().iter().all(heals)
    }

    /// Puts a line aside, as long as there is room.
    fn wait_or_fail(&mut self, work: Work, error: &ApiError) {
        if self.waiting_bytes + work.size > WAITING {
            self.summary.fail(work.line, work.new.id, reasons(error));
            return;
        }
        self.waiting_bytes += work.size;
        self.waiting_ids.extend(work.new.id);
        self.waiting.push(work);
    }

    /// Tries the lines again that were put aside, those first that others lead to.
    async fn carry_out_waiting(&mut self) -> Result<()> {
        let works = std::mem::take(&mut self.waiting);
        let mut order = Order::new(&self.content_type.definition, works);
        loop {
            while self.running.len() < AT_ONCE
                && let Some((place, work)) = order.take_ready()
            {
                self.spawn(place, work);
            }
            let Some(ended) = self.settle().await? else { break };
            order.done(ended.place);
            self.note(&ended.work, ended.outcome)?;
        }
        Box::pin(self.tie(order.rest())).await
    }

    /// Writes all of these and answers what became of each, in their order.
    async fn try_all(&mut self, works: Vec<Work>) -> Result<Vec<Ended>> {
        let mut all = Vec::with_capacity(works.len());
        for (place, work) in works.into_iter().enumerate() {
            while self.must_settle(&work) {
                all.extend(self.settle().await?);
            }
            self.spawn(place, work);
        }
        while let Some(ended) = self.settle().await? {
            all.push(ended);
        }
        all.sort_by_key(|ended| ended.place);
        Ok(all)
    }

    fn tell(&self) {
        (self.progress)(ImportProgress {
            bytes: self.bytes,
            read: self.summary.read,
            done: self.summary.done(),
            failed: self.summary.failed,
        });
    }
}

/// Tries again while somebody else is in the way, with the type as it is by then.
async fn patiently(
    service: &EntryService,
    actor: &Actor,
    content_type: &Arc<ContentType>,
    work: &Work,
) -> Result<PutOutcome> {
    let (mut content_type, mut pause) = (Arc::clone(content_type), PAUSE);
    for _ in 1..TRIES {
        match Box::pin(service.put(actor, &content_type, work.new.clone())).await {
            Err(error) if matches!(error.code(), ErrorCode::Unavailable | ErrorCode::EditConflict) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            outcome => return outcome,
        }
        content_type = service.content_types().served(content_type.name()).await?;
    }
    Box::pin(service.put(actor, &content_type, work.new.clone())).await
}

/// Whether the next line would fail for the same reason.
fn is_fatal(error: &ApiError) -> bool {
    matches!(error.code(), ErrorCode::Internal | ErrorCode::Unauthenticated)
        || error.code() == ErrorCode::Unavailable && error.plugin().is_none()
}

fn reasons(error: &ApiError) -> Vec<FieldError> {
    if !error.fields().is_empty() {
        return error.fields().to_vec();
    }
    let words = match error.plugin() {
        Some(plugin) => format!("{} (the plugin {plugin})", error.detail()),
        None => error.detail().to_owned(),
    };
    vec![FieldError::new("", words)]
}
