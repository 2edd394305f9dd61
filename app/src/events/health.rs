//! Whether events flow.

use std::time::Duration;

use super::{DeliveryState, repo};
use crate::{clock::Timestamp, database::Database, error::Result};

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Events that nobody was told of yet.
    pub waiting: u64,
    /// When the oldest of them was recorded.
    pub oldest: Option<Timestamp>,
    /// Deliveries to be tried again.
    pub retrying: u64,
    /// Dead letters.
    pub dead: u64,
}

impl Backlog {
    /// Asks the database.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn of(database: &Database) -> Result<Self> {
        let reader = database.reader();
        let (waiting, oldest) = repo::backlog(reader).await?;
        let retrying = repo::count_deliveries(reader, DeliveryState::Pending).await?;
        let dead = repo::count_deliveries(reader, DeliveryState::Dead).await?;
        Ok(Self { waiting, oldest, retrying, dead })
    }

    /// The age of the oldest event that nobody was told of.
    pub fn lag(&self) -> Duration {
        let age = self.oldest.map_or(0, |oldest| Timestamp::now().millis() - oldest.millis());
        Duration::from_millis(age.max(0).unsigned_abs())
    }
}
