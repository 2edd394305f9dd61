//! Leases: of several processes on one database, one does a piece of work. A holder that dies is replaced when its
//! lease runs out.

use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::{
    clock::Timestamp,
    database::{Database, Transaction},
    entities::leases,
    error::Result,
};

/// How long a lease is good without being renewed.
const DURATION_SECONDS: i64 = 15;

/// A claim to do one piece of work alone.
pub struct Lease {
    database: Database,
    name: &'static str,
    holder: Uuid,
    good_until: Timestamp,
}

impl Lease {
    /// A claim that is not held yet.
    pub fn new(database: Database, name: &'static str) -> Self {
        Self { database, name, holder: Uuid::now_v7(), good_until: Timestamp::from_millis(0) }
    }

    /// Takes or renews the lease; says whether it is held now. Writes only when a third of it is used up.
    pub async fn hold(&mut self) -> Result<bool> {
        let now = Timestamp::now();
        if self.good_until > now.plus_seconds(DURATION_SECONDS * 2 / 3) {
            return Ok(true);
        }
        let input = (self.name, self.holder, now);
        let held = self
            .database
            .write(input, |transaction, (name, holder, now)| Box::pin(take(transaction, name, *holder, *now)))
            .await?;
        self.good_until = if held { now.plus_seconds(DURATION_SECONDS) } else { Timestamp::from_millis(0) };
        Ok(held)
    }

    /// Gives the lease back, so that another process need not wait.
    pub async fn release(&mut self) -> Result<()> {
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
}

async fn take(transaction: &Transaction, name: &str, holder: Uuid, now: Timestamp) -> Result<bool> {
    let expires_at = now.plus_seconds(DURATION_SECONDS).millis();
    let Some(row) = leases::Entity::find_by_id(name.to_owned()).one(transaction).await? else {
        let row = leases::Model { name: name.to_owned(), holder, token: 1, expires_at };
        leases::ActiveModel::from(row).insert(transaction).await?;
        return Ok(true);
    };
    if row.holder != holder && row.expires_at > now.millis() {
        return Ok(false);
    }
    let token = if row.holder == holder { row.token } else { row.token + 1 };
    let taken = leases::Entity::update_many()
        .col_expr(leases::Column::Holder, Expr::value(holder))
        .col_expr(leases::Column::Token, Expr::value(token))
        .col_expr(leases::Column::ExpiresAt, Expr::value(expires_at))
        .filter(leases::Column::Name.eq(name))
        .filter(leases::Column::Token.eq(row.token))
        .exec(transaction)
        .await?;
    Ok(taken.rows_affected == 1)
}
