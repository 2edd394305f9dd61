//! What is done with posts when their time has come: scheduled ones are published, old ones in the trash removed.

use super::PostService;
use crate::{
    clock::Timestamp,
    error::{ErrorCode, Result},
    ids::PostId,
    posts::{repo, write},
};

/// How many posts are looked up at once.
const LOOKED_UP: u64 = 200;
/// How many posts are removed in one transaction, so that nobody waits long behind it.
const REMOVED_AT_ONCE: u64 = 50;

impl PostService {
    /// When the next of the scheduled posts is due; none if no post is scheduled. A moment of the past means that there
    /// is something to publish.
    pub async fn next_scheduled(&self) -> Result<Option<Timestamp>> {
        Ok(repo::next_scheduled(self.database.reader()).await?)
    }

    /// Publishes the scheduled posts whose date has come by `now`, each in a transaction of its own, and answers how many
    /// this process has published. Whoever else is at it at the same moment publishes others. What is changed at that
    /// very moment may be left for the next time.
    pub async fn publish_due(&self, now: Timestamp) -> Result<u64> {
        let mut published = 0;
        loop {
            let mut in_this_round = 0;
            for id in repo::due(self.database.reader(), now, LOOKED_UP).await? {
                in_this_round += u64::from(self.publish_if_due(id, now).await?);
            }
            if in_this_round == 0 {
                return Ok(published);
            }
            published += in_this_round;
        }
    }

    /// Removes the posts and pages for good that have been in the trash since before this moment, and answers how many.
    pub async fn purge_trash(&self, before: Timestamp) -> Result<u64> {
        let (mut purged, mut after) = (0, None);
        loop {
            let ids = repo::trashed(self.database.reader(), before, after, REMOVED_AT_ONCE).await?;
            if ids.is_empty() {
                return Ok(purged);
            }
            // What is kept, since an entry needs it, is passed by.
            after = ids.last().copied();
            purged += match self.purge(ids.clone(), before).await {
                // Entries that refer to them are being edited: one post need not keep the others.
                Err(error) if error.code() == ErrorCode::EditConflict => {
                    self.purge_each(&ids, before).await?
                }
                outcome => outcome?,
            };
        }
    }

    async fn purge_each(&self, ids: &[PostId], before: Timestamp) -> Result<u64> {
        let mut purged = 0;
        for id in ids {
            match self.purge(vec![*id], before).await {
                Err(error) if error.code() == ErrorCode::EditConflict => {}
                outcome => purged += outcome?,
            }
        }
        Ok(purged)
    }

    async fn purge(&self, ids: Vec<PostId>, before: Timestamp) -> Result<u64> {
        let events = self.events.clone();
        let (removed, facts) = self
            .database
            .write((ids, before), move |transaction, (ids, before)| {
                let events = events.clone();
                Box::pin(async move { write::purge(transaction, ids, *before, &events).await })
            })
            .await?;
        self.changed(facts);
        Ok(removed)
    }

    async fn publish_if_due(&self, id: PostId, now: Timestamp) -> Result<bool> {
        let events = self.events.clone();
        let facts = self
            .database
            .write((id, now), move |transaction, (id, now)| {
                let events = events.clone();
                Box::pin(async move { write::publish(transaction, *id, *now, &events).await })
            })
            .await?;
        let Some(facts) = facts else { return Ok(false) };
        self.changed(facts);
        Ok(true)
    }
}
