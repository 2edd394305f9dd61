//! The webhooks that are told of events, in memory: every write asks who listens.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::{Webhook, WebhookId, repo};
use crate::{database::Database, error::Result};

/// How often it is looked for changes of other processes of which no word came.
const LOOK: Duration = Duration::from_secs(5);
/// How long changes of other processes gather before they are read.
const GATHER: Duration = Duration::from_millis(50);

/// The webhooks that are switched on. Cheap to clone.
#[derive(Clone, Default)]
pub struct Webhooks {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    enabled: ArcSwap<Vec<Arc<Webhook>>>,
    /// Held while they are read, so that what was read later is not replaced by what was read before.
    reading: Mutex<()>,
}

impl Webhooks {
    /// Whether there are none.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.shared.enabled.load().is_empty()
    }

    /// Those that want to hear of events of this type. Allocates nothing where none do.
    pub fn listening(&self, event_type: &str) -> Vec<WebhookId> {
        let enabled = self.shared.enabled.load();
        enabled.iter().filter(|webhook| webhook.hears(event_type)).map(|webhook| webhook.id).collect()
    }

    /// One of them.
    pub fn get(&self, id: WebhookId) -> Option<Arc<Webhook>> {
        self.shared.enabled.load().iter().find(|webhook| webhook.id == id).cloned()
    }

    /// Reads them anew. One that cannot be read is left out, and the log says so.
    ///
    /// # Errors
    /// Where the database does not answer; then those of before stay.
    pub async fn reload(&self, database: &Database) -> Result<()> {
        let _turn = self.shared.reading.lock().await;
        let rows = repo::enabled(database.reader()).await?;
        let read = |row: crate::entities::webhooks::Model| {
            let id = row.id;
            repo::read(row).map_err(|error| tracing::error!(%id, %error, "a webhook cannot be read")).ok()
        };
        self.shared.enabled.store(Arc::new(rows.into_iter().filter_map(read).map(Arc::new).collect()));
        Ok(())
    }

    /// Reads them whenever another process has changed the database. Runs until it is dropped.
    pub async fn follow(self, database: Database) {
        loop {
            // What changes while they are read is read in the next round.
            let seen = database.changes().names();
            if let Err(error) = self.reload(&database).await {
                tracing::warn!(%error, "webhooks cannot be read; those of before stay");
            }
            while database.changes().names() == seen {
                // Word of a change may come while nobody waits for it, so it is looked for now and then.
                let _ = tokio::time::timeout(LOOK, database.changes().changed_elsewhere()).await;
            }
            tokio::time::sleep(GATHER).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{database, insert, webhook};
    use super::*;
    use crate::webhooks::EventPattern;

    #[tokio::test]
    async fn those_that_are_on_hear_what_they_want() {
        let (database, _folder) = database().await;
        let webhooks = Webhooks::default();
        assert!(webhooks.is_empty() && webhooks.listening("post.created").is_empty());
        let everything = webhook("https://example.com/");
        let mut posts = webhook("https://example.com/");
        posts.events = vec![EventPattern::parse("post.*").unwrap()];
        let mut off = webhook("https://example.com/");
        off.enabled = false;
        for new in [&everything, &posts, &off] {
            insert(&database, new).await;
        }
        webhooks.reload(&database).await.unwrap();
        assert_eq!(webhooks.listening("post.created"), [everything.id, posts.id]);
        assert_eq!(webhooks.listening("comment.created"), [everything.id]);
        assert_eq!(webhooks.get(posts.id).as_deref(), Some(&posts));
        assert!(webhooks.get(off.id).is_none());
        database.close().await;
    }
}
