//! Leases: of several processes on one database, one does a piece of work. A holder that dies is replaced when its
//! lease runs out. Each change of hands has a number of its own, so that a holder that was late writes nothing any more.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::Expr};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities::leases,
    error::Result,
};

/// How long a lease is good without being renewed.
const DURATION_SECONDS: i64 = 6;

/// A claim to do one piece of work alone.
pub struct Lease {
    database: Database,
    name: &'static str,
    holder: Uuid,
    token: i64,
    good_until: Timestamp,
}

/// What proves in a transaction that a lease is still held.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    name: &'static str,
    holder: Uuid,
    token: i64,
}

impl Lease {
    /// A claim that is not held yet.
    pub fn new(database: Database, name: &'static str) -> Self {
        let good_until = Timestamp::from_millis(0);
        Self { database, name, holder: Uuid::now_v7(), token: 0, good_until }
    }

    /// Takes or renews the lease; says whether it is held now. Writes only when half of it is used up, and not at all
    /// while somebody else holds it.
    pub async fn hold(&mut self) -> Result<bool> {
        let now = Timestamp::now();
        let left = self.good_until.millis() - now.millis();
        // More than there ever was: the clock went back.
        if left > DURATION_SECONDS * 500 && left <= DURATION_SECONDS * 1000 {
            return Ok(true);
        }
        let row = leases::Entity::find_by_id(self.name.to_owned()).one(self.database.reader()).await?;
        if row.is_some_and(|row| self.is_anothers(&row, now)) {
            self.good_until = Timestamp::from_millis(0);
            return Ok(false);
        }
        let input = (self.name, self.holder, now);
        let token = self
            .database
            .write(input, |transaction, (name, holder, now)| Box::pin(take(transaction, name, *holder, *now)))
            .await?;
        self.good_until = match token {
            Some(_) => now.plus_seconds(DURATION_SECONDS),
            None => Timestamp::from_millis(0),
        };
        self.token = token.unwrap_or_default();
        Ok(token.is_some())
    }

    /// Whether it is held, as far as is known without asking.
    pub fn is_held(&self) -> bool {
        self.good_until > Timestamp::now()
    }

    /// What a transaction of the holder proves itself with.
    pub fn fence(&self) -> Fence {
        Fence { name: self.name, holder: self.holder, token: self.token }
    }

    /// Gives the lease back, so that another process need not wait.
    pub async fn release(&mut self) -> Result<()> {
        if self.good_until == Timestamp::from_millis(0) {
            return Ok(());
        }
        self.good_until = Timestamp::from_millis(0);
        self.database
            .write((self.name, self.holder), |transaction, (name, holder)| {
                Box::pin(async move {
                    leases::Entity::update_many()
                        .col_expr(leases::Column::ExpiresAt, Expr::value(0_i64))
                        .filter(leases::Column::Name.eq(*name))
                        .filter(leases::Column::Holder.eq(*holder))
                        .exec(transaction)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    fn is_anothers(&self, row: &leases::Model, now: Timestamp) -> bool {
        row.holder != self.holder && is_good(row, now)
    }
}

impl Fence {
    /// Whether the lease is still held by whoever took this from it; nobody else takes it before the transaction ends.
    pub async fn stands(&self, transaction: &Transaction) -> Result<bool> {
        let row = leases::Entity::find_by_id(self.name.to_owned()).lock_shared().one(transaction).await?;
        Ok(row.is_some_and(|row| row.holder == self.holder && row.token == self.token))
    }
}

/// Whether a lease still counts. One that is good for longer than any can be was made by a clock that has gone back.
fn is_good(row: &leases::Model, now: Timestamp) -> bool {
    row.expires_at > now.millis() && row.expires_at <= now.plus_seconds(DURATION_SECONDS * 3).millis()
}

async fn take(transaction: &Transaction, name: &str, holder: Uuid, now: Timestamp) -> Result<Option<i64>> {
    let expires_at = now.plus_seconds(DURATION_SECONDS).millis();
    let Some(row) = leases::Entity::find_by_id(name.to_owned()).one(transaction).await? else {
        let row = leases::Model { name: name.to_owned(), holder, token: 1, expires_at };
        leases::ActiveModel::from(row).insert(transaction).await?;
        return Ok(Some(1));
    };
    if row.holder != holder && is_good(&row, now) {
        return Ok(None);
    }
    let token = if row.holder == holder { row.token } else { row.token + 1 };
    let taken = leases::Entity::update_many()
        .col_expr(leases::Column::Holder, Expr::value(holder))
        .col_expr(leases::Column::Token, Expr::value(token))
        .col_expr(leases::Column::ExpiresAt, Expr::value(expires_at))
        .filter(leases::Column::Name.eq(name))
        .filter(leases::Column::Token.eq(row.token))
        .filter(leases::Column::Holder.eq(row.holder))
        // It may have been renewed since it was read.
        .filter(leases::Column::ExpiresAt.eq(row.expires_at))
        .exec(transaction)
        .await?;
    Ok((taken.rows_affected == 1).then_some(token))
}
