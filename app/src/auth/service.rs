//! Signing in, staying signed in, signing out.

use std::net::IpAddr;

use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use super::{
    Actor, keys,
    limits::{Limiter, address_key},
    password::{Password, Verdict},
    token::TokenSigner,
};
use crate::{
    clock::Timestamp,
    config::AuthConfig,
    database::{Database, Transaction},
    entities::refresh_tokens,
    error::{ApiError, ErrorCode, Result},
    events::{DomainEvent, EventRecorder},
    ids::UserId,
    users::{User, UserService},
};

/// Bytes of a refresh token.
const REFRESH_TOKEN_LENGTH: usize = 32;
/// No e-mail address and no user name is longer, in bytes.
const LOGIN_LENGTH: usize = 254;
/// How long a refresh token is kept after its end, in seconds.
const KEPT: i64 = 24 * 3600;
/// How many refresh tokens are removed in one transaction.
const REMOVED_AT_ONCE: u64 = 1000;

/// What signing in or refreshing gives.
pub struct Session {
    /// The access token.
    pub access_token: String,
    /// The next refresh token; the one before is used up.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: i64,
}

/// Signing in, staying signed in, signing out.
pub struct AuthService {
    database: Database,
    users: UserService,
    events: EventRecorder,
    signer: TokenSigner,
    refresh_lifetime: i64,
    by_guess: Limiter<(String, IpAddr)>,
    by_address: Limiter<IpAddr>,
}

impl AuthService {
    /// Puts the service together.
    pub fn new(
        database: Database,
        users: UserService,
        events: EventRecorder,
        signer: TokenSigner,
        config: &AuthConfig,
    ) -> Self {
        Self {
            database,
            users,
            events,
            signer,
            refresh_lifetime: i64::try_from(config.refresh_token_lifetime.as_secs()).unwrap_or(i64::MAX),
            by_guess: Limiter::new(config.login_burst, config.login_interval),
            by_address: Limiter::new(config.login_burst * 2, config.login_interval),
        }
    }

    /// Checks name and password. Unknown users get the same answer after the same time.
    pub async fn login(&self, login: &str, password: &Password, address: IpAddr) -> Result<Session> {
        let wrong =
            || ApiError::new(ErrorCode::InvalidCredentials, "The e-mail address or the password is wrong.");
        if login.len() > LOGIN_LENGTH {
            return Err(wrong());
        }
        let account = login.trim().to_lowercase();
        let guess = (account.clone(), address_key(address));
        // An account is guarded per address, so that nobody can lock its owner out from elsewhere.
        self.by_address.check(&guess.1, "logins from this address")?;
        self.by_guess.check(&guess, "logins to this account")?;
        let (user, hash) = self.users.credentials(&account).await?.unzip();
        let hash = hash.flatten();
        let verdict = password.verify(hash.clone()).await?;
        let user = user.filter(|user| verdict != Verdict::Wrong && user.is_active()).ok_or_else(wrong)?;
        if let (Verdict::RightButRehash, Some(old)) = (verdict, hash) {
            self.users.store_hash(user.id, old, password.hash().await?).await?;
        }
        self.open_session(&user).await
    }

    /// Trades a refresh token for a new session. One that was used before ends its whole family: it was stolen.
    pub async fn refresh(&self, refresh_token: &str) -> Result<Session> {
        let now = Timestamp::now();
        let new_token = new_refresh_token()?;
        let input =
            (keys::token_hash(refresh_token), keys::token_hash(&new_token), now, self.refresh_lifetime);
        let rotated = self
            .database
            .write(input, |transaction, (old, new, now, lifetime)| {
                Box::pin(rotate(transaction, old, new, *now, *lifetime))
            })
            .await?;
        let invalid =
            || ApiError::new(ErrorCode::InvalidToken, "The refresh token is not valid. Sign in again.");
        let user = self.users.find(rotated.ok_or_else(invalid)?).await?.filter(User::is_active);
        self.session(&user.ok_or_else(invalid)?, new_token)
    }

    /// Ends the session that the refresh token belongs to. An unknown token is no error.
    pub async fn logout(&self, refresh_token: &str) -> Result<()> {
        self.database
            .write(keys::token_hash(refresh_token), |transaction, hash| {
                Box::pin(async move {
                    if let Some(row) = find(transaction, hash).await? {
                        end_family(transaction, row.family_id).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Who an access token speaks for. The user's role, status and token version are read anew each time.
    pub async fn authenticate(&self, access_token: &str) -> Result<Actor> {
        let claims = self.signer.verify(access_token)?;
        match self.users.find(claims.sub).await? {
            Some(user) if user.is_active() && user.token_version == claims.ver => {
                Ok(Actor::User { id: user.id, role: user.role })
            }
            _ => Err(ApiError::new(ErrorCode::InvalidToken, "This session has ended. Sign in again.")),
        }
    }

    /// Opens a session without a password: after the set-up, and for tools that act for a user.
    pub async fn open_session(&self, user: &User) -> Result<Session> {
        let refresh_token = new_refresh_token()?;
        let now = Timestamp::now();
        let row = refresh_tokens::Model {
            id: Uuid::now_v7(),
            family_id: Uuid::now_v7(),
            user_id: user.id.0,
            token_hash: keys::token_hash(&refresh_token),
            created_at: now.millis(),
            expires_at: now.plus_seconds(self.refresh_lifetime).millis(),
            used_at: None,
        };
        let events = self.events.clone();
        let fact = self
            .database
            .write((row, user.clone()), move |transaction, (row, user)| {
                let events = events.clone();
                Box::pin(async move {
                    UserService::still_holds(transaction, user).await?;
                    refresh_tokens::ActiveModel::from(row.clone()).insert(transaction).await?;
                    events.record(transaction, DomainEvent::UserLoggedIn { id: user.id }).await
                })
            })
            .await?;
        self.events.committed([fact]);
        self.session(user, refresh_token)
    }

    /// Removes the refresh tokens that ended more than a day before `now`, and answers how many. Those that were used are
    /// kept until then as well: their second use tells of a theft.
    pub async fn purge_sessions(&self, now: Timestamp) -> Result<u64> {
        let mut purged = 0;
        loop {
            let removed = self
                .database
                .write(now.plus_seconds(-KEPT), |transaction, before| {
                    Box::pin(async move { Ok(delete_expired(transaction, *before).await?) })
                })
                .await?;
            purged += removed;
            if removed < REMOVED_AT_ONCE {
                return Ok(purged);
            }
        }
    }

    fn session(&self, user: &User, refresh_token: String) -> Result<Session> {
        let access_token = self.signer.sign(user.id, user.token_version)?;
        Ok(Session { access_token, refresh_token, expires_in: self.signer.lifetime() })
    }
}

fn new_refresh_token() -> Result<String> {
    keys::random_token(REFRESH_TOKEN_LENGTH).map_err(ApiError::internal)
}

async fn find(transaction: &Transaction, hash: &str) -> Result<Option<refresh_tokens::Model>, DbErr> {
    refresh_tokens::Entity::find().filter(refresh_tokens::Column::TokenHash.eq(hash)).one(transaction).await
}

async fn end_family(transaction: &Transaction, family: Uuid) -> Result<(), DbErr> {
    refresh_tokens::Entity::delete_many()
        .filter(refresh_tokens::Column::FamilyId.eq(family))
        .exec(transaction)
        .await
        .map(|_| ())
}

/// Removes some of the tokens that ended before this moment, and says how many.
async fn delete_expired(transaction: &Transaction, before: Timestamp) -> Result<u64, DbErr> {
    let some = Query::select()
        .column(refresh_tokens::Column::Id)
        .from(refresh_tokens::Entity)
        .and_where(refresh_tokens::Column::ExpiresAt.lt(before.millis()))
        .limit(REMOVED_AT_ONCE)
        .to_owned();
    let outcome = refresh_tokens::Entity::delete_many()
        .filter(refresh_tokens::Column::Id.in_subquery(some))
        .exec(transaction)
        .await?;
    Ok(outcome.rows_affected)
}

/// Marks the old token used and adds the new one. `None`: the old one is unknown, over, or was used before; in the last
/// case its family has been ended, which must be committed, so this is no error.
async fn rotate(
    transaction: &Transaction,
    old: &str,
    new: &str,
    now: Timestamp,
    lifetime: i64,
) -> Result<Option<UserId>> {
    let Some(row) = find(transaction, old).await? else { return Ok(None) };
    if row.expires_at <= now.millis() {
        return Ok(None);
    }
    let taken = refresh_tokens::Entity::update_many()
        .col_expr(refresh_tokens::Column::UsedAt, Expr::value(now.millis()))
        .filter(refresh_tokens::Column::Id.eq(row.id))
        .filter(refresh_tokens::Column::UsedAt.is_null())
        .exec(transaction)
        .await?;
    if taken.rows_affected == 0 {
        end_family(transaction, row.family_id).await?;
        return Ok(None);
    }
    let next = refresh_tokens::ActiveModel {
        id: Set(Uuid::now_v7()),
        family_id: Set(row.family_id),
        user_id: Set(row.user_id),
        token_hash: Set(new.to_owned()),
        created_at: Set(now.millis()),
        expires_at: Set(now.plus_seconds(lifetime).millis()),
        used_at: Set(None),
    };
    next.insert(transaction).await?;
    Ok(Some(UserId(row.user_id)))
}
