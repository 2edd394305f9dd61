//! Views are counted in memory and written now and then, so that a read costs no write.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::repo;
use crate::{database::Database, error::Result, ids::PostId};

/// Counts views. Cheap to clone.
#[derive(Clone, Default)]
pub struct ViewCounter {
    counts: Arc<Mutex<HashMap<PostId, i64>>>,
}

impl ViewCounter {
    /// Counts one view.
    pub fn count(&self, post: PostId) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(post).or_default() += 1;
    }

    /// Writes what has been counted, and answers of how many posts. What can't be written is counted again next time.
    pub async fn flush(&self, database: &Database) -> Result<u64> {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(0);
        }
        let mut rows: Vec<(PostId, i64)> = counts.into_iter().collect();
        rows.sort_unstable();
        let written = database
            .write(rows.clone(), |transaction, rows| {
                Box::pin(async move {
                    for (post, views) in rows {
                        repo::add_views(transaction, *post, *views).await?;
                    }
                    Ok(rows.len() as u64)
                })
            })
            .await;
        if written.is_err() {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            for (post, views) in rows {
                *counts.entry(post).or_default() += views;
            }
        }
        written
    }
}
