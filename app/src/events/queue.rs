//! Which entries of the outbox are delivered next.
//!
//! The oldest come first, but plugins' own events have places of their own in each go, and share them: however many a
//! plugin emits, the site's facts and other plugins' events do not wait behind them.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, DbErr};

use super::outbox::{self, Place};
use crate::entities;

/// Facts of the site in one go.
const OF_SITE: usize = 48;
/// Events of plugins in one go.
const OF_PLUGINS: u32 = 16;
/// How many of the site's facts are looked at first.
const FIRST_LOOK: u64 = 64;

/// Chooses entries, and remembers whose must wait.
#[derive(Default)]
pub(super) struct Queue {
    /// Entities with an entry that failed, and when it is tried again. Forgotten with the process: the next one tries at
    /// once.
    resting: HashMap<String, Instant>,
}

impl Queue {
    /// Lets what is about this entity wait.
    pub(super) fn rest(&mut self, entity_id: String, pause: Duration) {
        self.resting.insert(entity_id, Instant::now() + pause);
    }

    /// Whether what is about this entity waits.
    pub(super) fn rests(&self, entity_id: &str) -> bool {
        self.resting.contains_key(entity_id)
    }

    /// How long until the next that waits may be tried; none where nothing waits.
    pub(super) fn next_end(&self) -> Option<Duration> {
        let now = Instant::now();
        self.resting.values().map(|until| until.saturating_duration_since(now)).min()
    }

    /// The entries to deliver now, in this order; none where nothing is to be done.
    pub(super) async fn due(
        &mut self,
        database: &impl ConnectionTrait,
    ) -> Result<Vec<entities::outbox::Model>, DbErr> {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        let mut places = self.of_site(database).await?;
        let of_plugins = outbox::oldest_of_plugins(database, OF_PLUGINS).await?;
        let ready = of_plugins.into_iter().filter(|place| !self.rests(&place.entity_id));
        places.extend(ready.take(OF_PLUGINS as usize));
        let ids: Vec<_> = places.iter().map(|place| place.id).collect();
        let mut entries = outbox::whole(database, &ids).await?;
        let order: HashMap<_, _> = ids.into_iter().zip(0..).collect();
        entries.sort_by_key(|entry| order.get(&entry.id).copied().unwrap_or(usize::MAX));
        Ok(entries)
    }

    /// What waits does not keep the rest from being seen.
    async fn of_site(&self, database: &impl ConnectionTrait) -> Result<Vec<Place>, DbErr> {
        let mut limit = FIRST_LOOK;
        loop {
            let mut places = outbox::oldest_of_site(database, limit).await?;
            let is_all = (places.len() as u64) < limit;
            places.retain(|place| !self.rests(&place.entity_id));
            if is_all || !places.is_empty() {
                places.truncate(OF_SITE);
                return Ok(places);
            }
            limit *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Schema};
    use uuid::Uuid;

    use super::{OF_PLUGINS, OF_SITE, Queue};
    use crate::{entities::outbox::Entity, entities::outbox::Model, events::outbox};

    async fn empty() -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new("sqlite::memory:");
        options.max_connections(1);
        let database = Database::connect(options).await.unwrap();
        let table = Schema::new(database.get_database_backend()).create_table_from_entity(Entity);
        database.execute(&table).await.unwrap();
        database
    }

    async fn add(database: &DatabaseConnection, event_type: &str, entity_id: &str, count: usize) {
        for _ in 0..count {
            let row = Model {
                id: Uuid::now_v7(),
                event_type: event_type.to_owned(),
                entity_id: entity_id.to_owned(),
                payload: String::new(),
                attempts: 0,
                created_at: 0,
            };
            outbox::insert(database, row).await.unwrap();
        }
    }

    fn counts(entries: &[Model]) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for entry in entries {
            *counts.entry(entry.entity_id.as_str()).or_default() += 1;
        }
        counts
    }

    #[tokio::test]
    async fn storms_of_plugins_hold_nobody_else_up() {
        let database = empty().await;
        for number in 0..10 {
            let name = format!("plugin.com.example.storm-{number}.x");
            add(&database, &name, &format!("storm-{number}"), 40).await;
        }
        add(&database, "plugin.com.example.quiet.x", "quiet", 1).await;
        add(&database, "post.created", "post", 1).await;
        let due = Queue::default().due(&database).await.unwrap();
        assert_eq!(due[0].entity_id, "post");
        assert_eq!(due.len(), 1 + OF_PLUGINS as usize);
        let counts = counts(&due);
        assert_eq!((counts.len(), counts["quiet"]), (12, 1), "everybody gets a turn: {counts:?}");
        assert!(counts.values().all(|count| *count <= 2), "{counts:?}");
        assert_eq!(outbox::count_of(&database, "storm-3").await.unwrap(), 40);
    }

    #[tokio::test]
    async fn a_single_plugin_has_all_their_places_in_order() {
        let database = empty().await;
        add(&database, "plugin.com.example.storm.x", "storm", 40).await;
        let due = Queue::default().due(&database).await.unwrap();
        assert_eq!(due.len(), OF_PLUGINS as usize);
        assert!(due.is_sorted_by_key(|entry| entry.id));
    }

    #[tokio::test]
    async fn what_rests_is_passed_over() {
        let database = empty().await;
        add(&database, "post.updated", "resting", 200).await;
        add(&database, "plugin.com.example.a.x", "com.example.a", 2).await;
        add(&database, "post.updated", "ready", 100).await;
        let mut queue = Queue::default();
        for entity in ["resting", "com.example.a"] {
            queue.rest(entity.to_owned(), Duration::from_secs(60));
        }
        let due = queue.due(&database).await.unwrap();
        assert_eq!(counts(&due), BTreeMap::from([("ready", OF_SITE)]));
        assert!(queue.next_end().is_some_and(|end| end <= Duration::from_secs(60)));
        queue.rest("ready".to_owned(), Duration::from_secs(60));
        assert!(queue.due(&database).await.unwrap().is_empty());
        queue.resting.clear();
        assert_eq!(queue.due(&database).await.unwrap()[0].entity_id, "resting");
    }
}
