//! Which events are told of next.
//!
//! The site's own facts and each plugin's events queue by themselves, and the queues take turns: however many a plugin
//! emits, nobody else waits behind them. Within a queue the oldest come first, and the events of one entity are never
//! told of side by side.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sea_orm::{ConnectionTrait, DbErr};

use super::{event::SITE_QUEUE, repo};
use crate::entities::events;

/// Events read at once.
const READ: u64 = 64;
/// A queue with fewer is read again.
const LOW: usize = 32;
/// Events told of in one go.
const UNIT: usize = 32;
/// Text in memory, in bytes, beyond which nothing more is read, and text told of in one go.
const TEXT: usize = 16 * 1024 * 1024;
const UNIT_TEXT: usize = 2 * 1024 * 1024;

/// Events of one entity, in order.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) entity_id: String,
    pub(super) events: Vec<events::Model>,
}

/// What waits, as far as it is in memory.
#[derive(Default)]
pub(super) struct Queues {
    queues: BTreeMap<String, Queue>,
    /// The entities whose events are being told of.
    busy: HashMap<String, Busy>,
    /// The queue that had the last turn.
    last: String,
    text: usize,
    /// Whether there may be queues that are not known.
    stale: bool,
}

/// What is being told of.
struct Busy {
    queue: String,
    text: usize,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<events::Model>,
    /// Read and not yet taken out of the database.
    in_hand: HashSet<i64>,
    /// Whether the database may have more.
    more: bool,
}

impl Queues {
    /// There may be new events.
    pub(super) fn look_again(&mut self) {
        self.stale = true;
        for queue in self.queues.values_mut() {
            queue.more = true;
        }
    }

    /// Reads what there is room for.
    pub(super) async fn fill(&mut self, database: &impl ConnectionTrait) -> Result<(), DbErr> {
        if std::mem::take(&mut self.stale) {
            for name in repo::queues(database).await? {
                self.queues.entry(name).or_default().more = true;
            }
        }
        let busy: Vec<String> = self.busy.keys().cloned().collect();
        for (name, queue) in &mut self.queues {
            // A post with many events keeps no other post waiting. A plugin's events are all about one entity.
            let (free, busy) = match name == SITE_QUEUE {
                true => (queue.free(&self.busy), busy.as_slice()),
                false => (queue.ready.len(), [].as_slice()),
            };
            if !queue.more || free >= LOW || self.text > TEXT {
                continue;
            }
            let in_hand: Vec<i64> = queue.in_hand.iter().copied().collect();
            let found = repo::waiting(database, name, &in_hand, busy, READ).await?;
            queue.more = found.len() as u64 == READ;
            for event in found {
                self.text += event.payload.len();
                queue.in_hand.insert(event.seq);
                queue.ready.push_back(event);
            }
        }
        Ok(())
    }

    /// The next events to tell of; their entity is busy until [`Self::finished`].
    pub(super) fn next(&mut self) -> Option<Turn> {
        let after = self
            .queues
            .range::<String, _>((std::ops::Bound::Excluded(&self.last), std::ops::Bound::Unbounded));
        let names: Vec<String> = after.chain(self.queues.range(..=self.last.clone())).map(named).collect();
        for name in names {
            let Some(queue) = self.queues.get_mut(&name) else { continue };
            let Some(entity_id) = queue
                .ready
                .iter()
                .map(|event| &event.entity_id)
                .find(|id| !self.busy.contains_key(*id))
                .cloned()
            else {
                continue;
            };
            let events = queue.take(&entity_id);
            let text = events.iter().map(|event| event.payload.len()).sum();
            self.busy.insert(entity_id.clone(), Busy { queue: name.clone(), text });
            self.last = name;
            return Some(Turn { entity_id, events });
        }
        None
    }

    /// The turn of this entity is over.
    pub(super) fn finished(&mut self, entity_id: &str) {
        let Some(Busy { queue, text }) = self.busy.remove(entity_id) else { return };
        self.text = self.text.saturating_sub(text);
        // There may be more about it, which was passed over.
        if let Some(queue) = self.queues.get_mut(&queue) {
            queue.more = true;
        }
    }

    /// These events are out of the database's queue.
    pub(super) fn forget(&mut self, seqs: &[i64]) {
        for queue in self.queues.values_mut() {
            for seq in seqs {
                queue.in_hand.remove(seq);
            }
        }
        self.queues.retain(|_, queue| queue.more || !queue.in_hand.is_empty());
    }
}

fn named<T>((name, _): (&String, T)) -> String {
    name.clone()
}

impl Queue {
    /// How many of those that are read can be told of now.
    fn free(&self, busy: &HashMap<String, Busy>) -> usize {
        self.ready.iter().filter(|event| !busy.contains_key(&event.entity_id)).count()
    }

    /// Takes the oldest events of this entity.
    fn take(&mut self, entity_id: &str) -> Vec<events::Model> {
        let (mut taken, mut text) = (Vec::new(), 0);
        let mut rest = VecDeque::with_capacity(self.ready.len());
        for event in self.ready.drain(..) {
            if event.entity_id == entity_id && taken.len() < UNIT && text < UNIT_TEXT {
                text += event.payload.len();
                taken.push(event);
            } else {
                rest.push_back(event);
            }
        }
        self.ready = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseConnection;
    use uuid::Uuid;

    use super::*;
    use crate::events::repo::tests::empty;

    async fn add(database: &DatabaseConnection, queue: &str, entity_id: &str, count: usize) {
        for _ in 0..count {
            let row = events::Model {
                seq: 0,
                id: Uuid::now_v7(),
                event_type: "test".to_owned(),
                queue: queue.to_owned(),
                entity_id: entity_id.to_owned(),
                payload: "{}".to_owned(),
                listeners: None,
                created_at: 0,
            };
            repo::insert(database, row).await.unwrap();
        }
    }

    async fn filled(database: &DatabaseConnection) -> Queues {
        let mut queues = Queues::default();
        queues.look_again();
        queues.fill(database).await.unwrap();
        queues
    }

    #[tokio::test]
    async fn queues_take_turns() {
        let database = empty().await;
        add(&database, "com.example.storm", "com.example.storm", 500).await;
        add(&database, "site", "post", 1).await;
        add(&database, "com.example.quiet", "com.example.quiet", 1).await;
        let mut queues = filled(&database).await;
        let mut turns = Vec::new();
        while let Some(turn) = queues.next() {
            turns.push((turn.entity_id, turn.events.len()));
        }
        turns.sort();
        assert_eq!(
            turns,
            [
                ("com.example.quiet".to_owned(), 1),
                ("com.example.storm".to_owned(), UNIT),
                ("post".to_owned(), 1)
            ]
        );
    }

    #[tokio::test]
    async fn an_entity_is_told_of_in_order_and_alone() {
        let database = empty().await;
        add(&database, "site", "a", 2).await;
        add(&database, "site", "b", 1).await;
        add(&database, "site", "a", 1).await;
        let mut queues = filled(&database).await;
        let first = queues.next().unwrap();
        assert_eq!(first.entity_id, "a");
        assert_eq!(first.events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 4]);
        add(&database, "site", "a", 1).await;
        queues.look_again();
        queues.fill(&database).await.unwrap();
        assert_eq!(queues.next().unwrap().entity_id, "b");
        assert!(queues.next().is_none(), "a is busy");
        queues.finished("a");
        queues.fill(&database).await.unwrap();
        assert_eq!(queues.next().unwrap().events[0].seq, 5);
    }

    #[tokio::test]
    async fn one_post_with_many_events_keeps_no_other_waiting() {
        let database = empty().await;
        add(&database, "site", "busy", 200).await;
        add(&database, "site", "other", 1).await;
        let mut queues = filled(&database).await;
        assert_eq!(queues.next().unwrap().entity_id, "busy");
        queues.fill(&database).await.unwrap();
        assert_eq!(queues.next().unwrap().entity_id, "other");
        queues.finished("busy");
        queues.fill(&database).await.unwrap();
        assert_eq!(queues.next().unwrap().events[0].seq, 33, "and it goes on in order");
    }

    #[tokio::test]
    async fn what_is_in_hand_is_not_read_again() {
        let database = empty().await;
        add(&database, "site", "a", 100).await;
        let mut queues = filled(&database).await;
        let mut seen = Vec::new();
        loop {
            while let Some(turn) = queues.next() {
                seen.extend(turn.events.iter().map(|event| event.seq));
                queues.finished("a");
            }
            queues.fill(&database).await.unwrap();
            if seen.len() == 100 {
                break;
            }
        }
        assert_eq!(seen, (1..=100).collect::<Vec<_>>());
        repo::dispatched(&database, &seen).await.unwrap();
        queues.forget(&seen);
        queues.look_again();
        queues.fill(&database).await.unwrap();
        assert!(queues.next().is_none());
        assert!(repo::queues(&database).await.unwrap().is_empty());
    }
}
