//! The one worker that tells listeners of events. It wakes at once when something was committed here, and soon when
//! another process wrote; a lease keeps a second worker on the same database idle.
//!
//! It is one task that owns all state and never calls a listener itself: turns of first attempts and goes on lanes run
//! beside it, a few at a time. What they came to is written down in batches; a process that dies before leaves the
//! events where they are, to be told of again under the same ids.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use fleuron_plugin_host::{Manifest, PluginHost, PluginId};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{
    DeliveryState, EventMetrics, EventRecorder, EventsConfig, Lease, Listener,
    lanes::{Lane, Lanes},
    lease::Fence,
    queue::Queues,
    repo,
    unit::{LaneOutcome, Teller, TurnOutcome},
};
use crate::{
    clock::Timestamp,
    database::Database,
    entities::deliveries,
    error::{ApiError, ErrorCode, Result},
    webhooks::WebhookSender,
};

/// Turns of first attempts at once: as many as a plugin has instances, so that each finds one.
const TURNS: usize = 4;
/// Outcomes that are written together at most, and how long the first of them waits for others while there is work.
const BATCH: usize = 256;
const BATCH_WAIT: Duration = Duration::from_millis(20);
/// How often the lease is looked after, and work looked for that nobody announced.
const IDLE: Duration = Duration::from_secs(2);
/// After so long without work the lease is given back: an idle site writes nothing.
const KEEP_LEASE: Duration = Duration::from_secs(60);
/// How long a stop waits for what runs.
const DRAIN_LIMIT: Duration = Duration::from_secs(3);
/// After an error.
const RECOVER: Duration = Duration::from_secs(1);

/// What a worker works with.
pub struct WorkerParts {
    /// The site's database.
    pub database: Database,
    /// The plugins.
    pub hooks: PluginHost,
    /// Sends to webhooks.
    pub webhooks: WebhookSender,
    /// Says when there is work.
    pub events: EventRecorder,
    /// How often and how long.
    pub config: Arc<EventsConfig>,
    /// Counts.
    pub metrics: EventMetrics,
}

/// A running worker.
pub struct OutboxWorker {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl OutboxWorker {
    /// Starts the worker.
    pub fn start(parts: WorkerParts) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(Worker::new(parts, stopped).run());
        Self { stop, task }
    }

    /// Finishes the events in hand and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// What runs beside the worker.
enum Done {
    Turn(TurnOutcome),
    Lane(Lane, Result<LaneOutcome>),
}

/// What is to be written together.
#[derive(Clone, Default)]
struct Batch {
    dispatched: Vec<i64>,
    added: Vec<deliveries::Model>,
    settled: Vec<deliveries::Model>,
}

impl Batch {
    fn len(&self) -> usize {
        self.dispatched.len() + self.added.len() + self.settled.len()
    }
}

struct Worker {
    database: Database,
    hooks: PluginHost,
    events: EventRecorder,
    teller: Teller,
    stopped: watch::Receiver<bool>,
    lease: Lease,
    /// Whether what is in memory is of the lease that is held.
    is_loaded: bool,
    /// Whether something that ran has panicked.
    is_broken: bool,
    /// When it was last looked for what nobody announced.
    looked: Instant,
    look_for_old: bool,
    /// What other processes have changed, as far as it is known.
    elsewhere: u64,
    last_work: Instant,
    queues: Queues,
    lanes: Lanes,
    batch: Batch,
    /// When the first of the batch came.
    batch_since: Option<Instant>,
    running: JoinSet<Done>,
    turns: usize,
    plugins: HashMap<PluginId, Arc<Manifest>>,
    generation: Option<u64>,
}

impl Worker {
    fn new(parts: WorkerParts, stopped: watch::Receiver<bool>) -> Self {
        let WorkerParts { database, hooks, webhooks, events, config, metrics } = parts;
        let teller = Teller {
            database: database.clone(),
            hooks: hooks.clone(),
            webhooks,
            config,
            metrics,
            stopped: stopped.clone(),
        };
        Self {
            lease: Lease::new(database.clone(), "outbox"),
            database,
            hooks,
            events,
            teller,
            stopped,
            is_loaded: false,
            is_broken: false,
            looked: Instant::now(),
            look_for_old: true,
            elsewhere: 0,
            last_work: Instant::now(),
            queues: Queues::default(),
            lanes: Lanes::default(),
            batch: Batch::default(),
            batch_since: None,
            running: JoinSet::new(),
            turns: 0,
            plugins: HashMap::new(),
            generation: None,
        }
    }

    async fn run(mut self) {
        let mut plugins = self.hooks.changes();
        while !*self.stopped.borrow() {
            if self.looked.elapsed() >= IDLE {
                // Word of what other processes did may have been missed.
                self.looked = Instant::now();
                self.queues.look_again();
                self.look_for_old = true;
            }
            if let Err(error) = self.step().await {
                tracing::error!(%error, "the outbox cannot be worked on; trying again");
                self.reset().await;
                self.pause(RECOVER).await;
                continue;
            }
            let wait = self.next_look();
            tokio::select! {
                Some(done) = self.running.join_next() => self.take(done),
                () = self.events.woken() => self.queues.look_again(),
                () = self.database.changes().changed_elsewhere() => {}
                _ = plugins.changed() => {}
                () = tokio::time::sleep(wait) => {}
                _ = self.stopped.changed() => {}
            }
        }
        self.finish().await;
    }

    /// Does what can be done without waiting for anybody but the database.
    async fn step(&mut self) -> Result<()> {
        if std::mem::take(&mut self.is_broken) {
            self.reset().await;
        }
        let elsewhere = self.database.changes().elsewhere();
        if std::mem::replace(&mut self.elsewhere, elsewhere) != elsewhere {
            self.look_everywhere();
        }
        while let Some(done) = self.running.try_join_next() {
            self.take(done);
        }
        if !self.may_work().await? {
            return Ok(());
        }
        self.notice_plugins();
        if std::mem::take(&mut self.look_for_old) && repo::has_outbox(self.database.reader()).await? {
            self.adopt_outbox().await?;
        }
        if self.events.must_replan() {
            self.flush().await?;
            self.plan_lanes().await?;
        }
        self.start_turns().await?;
        if self.lanes.next_due().is_some_and(|due| due <= Instant::now()) {
            // A lane is read from the database, which must know all of it.
            self.flush().await?;
            self.start_lanes();
        }
        if self.batch_is_ripe() {
            self.flush().await?;
            self.start_turns().await?;
        }
        Ok(())
    }

    /// Whether this process is the one that works. The lease is taken when there is work and kept for a while after it.
    async fn may_work(&mut self) -> Result<bool> {
        let is_busy = !self.running.is_empty() || self.batch.len() > 0;
        let is_late = self.last_work.elapsed() > KEEP_LEASE;
        let must_ask = is_late || !self.lease.is_held();
        // What waits for a plugin that was loaded anew need not wait for its time.
        let is_reloaded = self.generation != Some(self.hooks.generation());
        if is_busy || (must_ask && (!self.is_idle().await? || (is_reloaded && self.has_pending().await?))) {
            self.last_work = Instant::now();
        } else if is_late {
            self.generation = Some(self.hooks.generation());
            self.lease.release().await?;
            self.is_loaded = false;
            return Ok(false);
        } else if !self.lease.is_held() {
            return Ok(false);
        }
        if !self.lease.hold().await? {
            if self.is_loaded {
                tracing::warn!("another server delivers events now");
                self.reset().await;
            }
            return Ok(false);
        }
        if !self.is_loaded {
            self.load().await?;
            self.is_loaded = true;
        }
        Ok(true)
    }

    async fn is_idle(&self) -> Result<bool> {
        let soon = Timestamp::now().millis() + i64::try_from(KEEP_LEASE.as_millis()).unwrap_or_default();
        Ok(repo::is_idle(self.database.reader(), soon).await?)
    }

    /// Takes over from whoever worked before.
    async fn load(&mut self) -> Result<()> {
        self.queues = Queues::default();
        self.adopt_outbox().await?;
        self.plan_lanes().await
    }

    /// Takes over what a server of a version before has recorded.
    async fn adopt_outbox(&mut self) -> Result<()> {
        loop {
            let adopted = self
                .database
                .write((), |transaction, ()| {
                    Box::pin(async move { Ok(repo::adopt_outbox(transaction).await?) })
                })
                .await?;
            if adopted == 0 {
                self.queues.look_again();
                return Ok(());
            }
        }
    }

    async fn has_pending(&self) -> Result<bool> {
        Ok(repo::has_pending(self.database.reader()).await?)
    }

    async fn plan_lanes(&mut self) -> Result<()> {
        let found = repo::lanes(self.database.reader()).await?;
        let lanes = found.into_iter().filter_map(|found| {
            let listener = found.listener.parse().ok()?;
            Some((Lane { listener, entity_id: found.entity_id }, instant_of(found.next_at)))
        });
        self.lanes.replan(lanes);
        Ok(())
    }

    /// What waits for a plugin that was loaded anew is tried at once.
    fn notice_plugins(&mut self) {
        let generation = self.hooks.generation();
        if self.generation.replace(generation) == Some(generation) {
            return;
        }
        let loaded: HashMap<_, _> =
            self.hooks.plugins().into_iter().map(|plugin| (plugin.id, plugin.manifest)).collect();
        let now = Instant::now();
        for (id, manifest) in &loaded {
            if !self.plugins.get(id).is_some_and(|known| Arc::ptr_eq(known, manifest)) {
                self.lanes.hurry(&Listener::Plugin(id.clone()), now);
            }
        }
        self.plugins = loaded;
    }

    async fn start_turns(&mut self) -> Result<()> {
        while self.turns < TURNS {
            self.queues.fill(self.database.reader()).await?;
            let Some(turn) = self.queues.next() else { return Ok(()) };
            self.last_work = Instant::now();
            self.turns += 1;
            let behind = self.lanes.behind_with(&turn.entity_id);
            let teller = self.teller.clone();
            self.running.spawn(async move { Done::Turn(teller.first_attempts(turn, behind).await) });
        }
        Ok(())
    }

    fn start_lanes(&mut self) {
        let now = Instant::now();
        while let Some(lane) = self.lanes.start_next(now) {
            let teller = self.teller.clone();
            self.running.spawn(async move {
                let (lane, outcome) = teller.go_on(lane).await;
                Done::Lane(lane, outcome)
            });
        }
    }

    /// Takes over what something that ran came to.
    fn take(&mut self, done: std::result::Result<Done, tokio::task::JoinError>) {
        match done {
            Ok(Done::Turn(outcome)) => self.take_turn(outcome),
            Ok(Done::Lane(lane, Ok(outcome))) => {
                self.batch.settled.extend(outcome.settled);
                self.lanes.finished(lane, outcome.next.map(|pause| Instant::now() + pause));
            }
            Ok(Done::Lane(lane, Err(error))) => {
                tracing::error!(%error, listener = %lane.listener, "deliveries cannot be read; trying again");
                self.lanes.finished(lane, Some(Instant::now() + RECOVER));
            }
            // Nothing is known of what it did: everything is read anew, and told of again.
            Err(error) if error.is_panic() => {
                tracing::error!(%error, "telling of events ended in a panic");
                self.is_broken = true;
            }
            Err(_cancelled) => {}
        }
        if self.batch.len() > 0 && self.batch_since.is_none() {
            self.batch_since = Some(Instant::now());
        }
    }

    fn take_turn(&mut self, mut outcome: TurnOutcome) {
        self.turns = self.turns.saturating_sub(1);
        self.queues.finished(&outcome.entity_id);
        let pending = DeliveryState::Pending.as_str();
        for row in outcome.deliveries.iter_mut().filter(|row| row.state == pending) {
            let Ok(listener) = row.listener.parse() else { continue };
            if row.next_at.is_none() && !self.lanes.is_behind(&listener, &row.entity_id) {
                row.next_at = Some(Timestamp::now().millis());
            }
            let at = instant_of(row.next_at);
            self.lanes.add(Lane { listener, entity_id: row.entity_id.clone() }, at);
        }
        self.batch.dispatched.extend(outcome.dispatched);
        self.batch.added.extend(outcome.deliveries);
    }

    fn batch_is_ripe(&self) -> bool {
        let waited = self.batch_since.is_some_and(|since| since.elapsed() >= BATCH_WAIT);
        self.batch.len() >= BATCH || waited || (self.running.is_empty() && self.batch.len() > 0)
    }

    /// Writes the batch, if this is still the process that works.
    async fn flush(&mut self) -> Result<()> {
        self.batch_since = None;
        if self.batch.len() == 0 {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let dispatched = batch.dispatched.clone();
        let input = (self.lease.fence(), batch);
        self.database
            .write(input, |transaction, (fence, batch)| Box::pin(write_down(transaction, *fence, batch)))
            .await?;
        self.queues.forget(&dispatched);
        Ok(())
    }

    /// Forgets everything; what was not written down is told of again.
    async fn reset(&mut self) {
        self.running.shutdown().await;
        self.turns = 0;
        self.is_loaded = false;
        self.batch = Batch::default();
        self.batch_since = None;
        self.queues = Queues::default();
        self.lanes = Lanes::default();
    }

    /// Another process wrote: events, or what an administrator did to deliveries there.
    fn look_everywhere(&mut self) {
        self.queues.look_again();
        self.look_for_old = true;
        self.events.deliveries_changed();
    }

    fn next_look(&self) -> Duration {
        let now = Instant::now();
        let ripe = self.batch_since.map(|since| since + BATCH_WAIT);
        let due = self.lanes.next_due().filter(|_| self.is_loaded);
        let next = ripe.into_iter().chain(due).min();
        next.map_or(IDLE, |at| at.saturating_duration_since(now).min(IDLE))
    }

    async fn pause(&mut self, pause: Duration) {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = self.stopped.changed() => {}
        }
    }

    /// Waits for what runs, writes it down and lets another process go on.
    async fn finish(&mut self) {
        let ends = Instant::now() + DRAIN_LIMIT;
        while let Ok(Some(done)) = tokio::time::timeout_at(ends.into(), self.running.join_next()).await {
            self.take(done);
        }
        // What still runs, such as a request that hangs, is made again by whoever goes on.
        self.running.shutdown().await;
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "the last deliveries could not be written down; they will be told of again");
        }
        if let Err(error) = self.lease.release().await {
            tracing::warn!(%error, "the outbox lease was not given back");
        }
    }
}

/// When a moment of the database comes, on the clock that pauses are measured with; none and what has passed: now.
fn instant_of(at: Option<i64>) -> Instant {
    let rest = at.map_or(0, |at| (at - Timestamp::now().millis()).max(0));
    Instant::now() + Duration::from_millis(rest.unsigned_abs())
}

async fn write_down(transaction: &crate::database::Transaction, fence: Fence, batch: &Batch) -> Result<()> {
    if !fence.stands(transaction).await? {
        let detail = "Another server delivers events now.";
        return Err(ApiError::new(ErrorCode::Unavailable, detail));
    }
    repo::dispatched(transaction, &batch.dispatched).await?;
    repo::add_deliveries(transaction, &batch.added).await?;
    for row in &batch.settled {
        repo::settle_delivery(transaction, row).await?;
    }
    Ok(())
}
