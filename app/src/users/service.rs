//! The rules of accounts.

use std::collections::HashMap;

use moka::future::Cache;
use sea_orm::DbErr;
use uuid::Uuid;

use super::{
    NewUser, User, UserStatus, Username,
    dto::{AuthorResponse, UpdateUserRequest},
    repo,
};
use crate::{
    auth::{Actor, Permission, Role},
    clock::Timestamp,
    database::{Database, Transaction, one_at_a_time},
    entities::users,
    error::{ApiError, ErrorCode, FieldError, Result},
    ids::UserId,
};

/// What changes to the circle of administrators wait for each other by.
const ADMINISTRATORS: &str = "administrators";
/// How many authors' names are kept at hand.
const AUTHORS_KEPT: u64 = 10_000;

/// Accounts. Cheap to clone.
#[derive(Clone)]
pub struct UserService {
    database: Database,
    /// Names for bylines. The key holds the database's generation, so a change anywhere makes it miss.
    authors: Cache<(UserId, u64), AuthorResponse>,
}

/// A change of an account, ready to be written.
struct Change {
    id: UserId,
    request: UpdateUserRequest,
    hash: Option<String>,
}

impl UserService {
    /// Puts the service together.
    pub fn new(database: Database) -> Self {
        Self { database, authors: Cache::new(AUTHORS_KEPT) }
    }

    /// The user with this id.
    pub async fn find(&self, id: UserId) -> Result<Option<User>> {
        Ok(repo::find(self.database.reader(), id).await?.map(User::from))
    }

    /// The users with these ids, as far as there are any, in no order.
    pub async fn find_many(&self, ids: &[UserId]) -> Result<Vec<User>> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        Ok(repo::find_many(self.database.reader(), &ids).await?.into_iter().map(User::from).collect())
    }

    /// The user with this user name.
    pub async fn find_by_username(&self, username: &str) -> Result<Option<User>> {
        if username.contains('\0') {
            return Ok(None);
        }
        Ok(repo::find_by_username(self.database.reader(), &username.to_lowercase()).await?.map(User::from))
    }

    /// The user of this e-mail address or user name, with the password hash. For the login alone.
    pub(crate) async fn credentials(&self, login: &str) -> Result<Option<(User, Option<String>)>> {
        if login.contains('\0') {
            return Ok(None);
        }
        let row = repo::find_by_login(self.database.reader(), login).await?;
        Ok(row.map(|mut row| {
            let hash = row.password_hash.take();
            (User::from(row), hash)
        }))
    }

    /// Names for bylines, in the order asked for; unknown ids are left out.
    pub async fn authors(&self, ids: &[UserId]) -> Result<Vec<AuthorResponse>> {
        let generation = self.database.changes().names();
        let mut known = HashMap::with_capacity(ids.len());
        for id in ids {
            if let Some(author) = self.authors.get(&(*id, generation)).await {
                known.insert(*id, author);
            }
        }
        let missing: Vec<Uuid> = ids.iter().filter(|id| !known.contains_key(id)).map(|id| id.0).collect();
        if !missing.is_empty() {
            for row in repo::find_many(self.database.reader(), &missing).await? {
                let id = UserId(row.id);
                let author = AuthorResponse { id, username: row.username, display_name: row.display_name };
                self.authors.insert((id, generation), author.clone()).await;
                known.insert(id, author);
            }
        }
        Ok(ids.iter().filter_map(|id| known.get(id).cloned()).collect())
    }

    /// Whether somebody runs the site yet.
    pub async fn has_administrator(&self) -> Result<bool> {
        Ok(repo::count_role(self.database.reader(), Role::Administrator).await? > 0)
    }

    /// A page of users in the order they came.
    pub async fn list(&self, actor: &Actor, after: Option<UserId>, limit: u64) -> Result<Vec<User>> {
        actor.require(Permission::ManageUsers)?;
        let rows = repo::page(self.database.reader(), after.map(|id| id.0), limit).await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// Creates an account. Fails with `email_taken` or `username_taken`.
    pub async fn create(&self, actor: &Actor, new: NewUser) -> Result<User> {
        actor.require(Permission::ManageUsers)?;
        let row = self.new_row(new).await?;
        let user = self
            .database
            .write(row, |transaction, row| Box::pin(insert_unique(transaction, row.clone())))
            .await?;
        self.database.changes().touch_names();
        Ok(User::from(user))
    }

    /// Creates the first administrator, once: fails with `already_set_up` when there is one.
    pub async fn create_first_administrator(&self, new: NewUser) -> Result<User> {
        let row = self.new_row(NewUser { role: Role::Administrator, ..new }).await?;
        let user = self
            .database
            .write(row, |transaction, row| {
                Box::pin(async move {
                    one_at_a_time(transaction, ADMINISTRATORS).await?;
                    if repo::count_role(transaction, Role::Administrator).await? > 0 {
                        let detail = "This site has an administrator already. Sign in instead.";
                        return Err(ApiError::new(ErrorCode::AlreadySetUp, detail));
                    }
                    insert_unique(transaction, row.clone()).await
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(User::from(user))
    }

    /// The author of this display name: found by the user name that derives from it, or created without a password.
    pub async fn ensure_author(&self, display_name: &str) -> Result<User> {
        let username = Username::derive(display_name);
        if let Some(user) = self.find_by_username(username.as_str()).await? {
            return Ok(user);
        }
        let new = NewUser {
            email: None,
            username,
            display_name: display_name.trim().to_owned(),
            role: Role::Author,
            password: None,
        };
        let row = self.new_row(new).await?;
        let user = self
            .database
            .write(row, |transaction, row| {
                Box::pin(async move {
                    match repo::find_by_username(transaction, &row.username).await? {
                        Some(existing) => Ok(existing),
                        None => Ok(repo::insert(transaction, row.clone()).await?),
                    }
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(User::from(user))
    }

    /// Changes an account. A new password, role or status ends all its sessions at once. The last administrator keeps
    /// that role.
    pub async fn update(&self, actor: &Actor, id: UserId, request: UpdateUserRequest) -> Result<User> {
        actor.require(Permission::ManageUsers)?;
        let mut faults: Vec<FieldError> =
            request.password.iter().filter_map(|password| password.fault()).collect();
        if request.display_name.as_deref().is_some_and(|name| !is_display_name(name)) {
            faults.push(FieldError::new("display_name", "Must be one line of 1 to 120 characters."));
        }
        if request.bio.as_deref().is_some_and(|bio| bio.chars().count() > 2000 || bio.contains('\0')) {
            faults.push(FieldError::new("bio", "Must have at most 2000 characters and no NUL."));
        }
        if !faults.is_empty() {
            return Err(ApiError::validation(faults));
        }
        let hash = match &request.password {
            Some(password) => Some(password.hash().await?),
            None => None,
        };
        let change = Change { id, request, hash };
        let user =
            self.database.write(change, |transaction, change| Box::pin(apply(transaction, change))).await?;
        self.database.changes().touch_names();
        Ok(User::from(user))
    }

    /// Replaces the hash of a password, unless the password was changed meanwhile.
    pub(crate) async fn store_hash(&self, id: UserId, old: String, new: String) -> Result<()> {
        self.database
            .write((id, old, new), |transaction, (id, old, new)| {
                Box::pin(async move { Ok(repo::replace_hash(transaction, *id, old, new).await?) })
            })
            .await
    }

    /// Fails with `invalid_token` unless the account is as it was when `user` was read: for work that took a while.
    pub(crate) async fn still_holds(transaction: &Transaction, user: &User) -> Result<()> {
        match repo::find(transaction, user.id).await?.map(User::from) {
            Some(now) if now.is_active() && now.token_version == user.token_version => Ok(()),
            _ => Err(ApiError::new(
                ErrorCode::InvalidToken,
                "This account has just been changed. Sign in again.",
            )),
        }
    }

    async fn new_row(&self, new: NewUser) -> Result<users::Model> {
        let now = Timestamp::now().millis();
        let password_hash = match &new.password {
            Some(password) => Some(password.hash().await?),
            None => None,
        };
        let username = new.username.as_str().to_owned();
        Ok(users::Model {
            id: UserId::generate().0,
            email: new.email.map(|email| email.as_str().to_owned()),
            display_name: if new.display_name.is_empty() { username.clone() } else { new.display_name },
            username,
            bio: String::new(),
            password_hash,
            role: new.role.as_str().to_owned(),
            status: UserStatus::Active.as_str().to_owned(),
            token_version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

fn is_display_name(name: &str) -> bool {
    !name.trim().is_empty() && name.chars().count() <= 120 && !name.chars().any(char::is_control)
}

async fn insert_unique(transaction: &Transaction, row: users::Model) -> Result<users::Model> {
    if repo::find_by_username(transaction, &row.username).await?.is_some() {
        let detail = format!("There is a user `{}` already.", row.username);
        return Err(ApiError::new(ErrorCode::UsernameTaken, detail));
    }
    if let Some(email) = &row.email
        && repo::email_exists(transaction, email).await?
    {
        return Err(ApiError::new(
            ErrorCode::EmailTaken,
            format!("There is a user with the address {email} already."),
        ));
    }
    Ok(repo::insert(transaction, row).await?)
}

async fn apply(transaction: &Transaction, change: &Change) -> Result<users::Model> {
    one_at_a_time(transaction, ADMINISTRATORS).await?;
    let mut row = repo::find(transaction, change.id).await?.ok_or_else(|| ApiError::not_found("user"))?;
    let (role, status) = (row.role.clone(), row.status.clone());
    let request = &change.request;
    if let Some(name) = &request.display_name {
        row.display_name = name.trim().to_owned();
    }
    if let Some(bio) = &request.bio {
        row.bio = bio.trim().to_owned();
    }
    if let Some(role) = request.role {
        row.role = role.as_str().to_owned();
    }
    if let Some(status) = request.status {
        row.status = status.as_str().to_owned();
    }
    if row.role != role || row.status != status || change.hash.is_some() {
        row.token_version += 1;
        repo::end_sessions(transaction, change.id).await?;
    }
    if let Some(hash) = &change.hash {
        row.password_hash = Some(hash.clone());
    }
    row.updated_at = Timestamp::now().millis();
    let row = repo::update(transaction, row).await?;
    keep_an_administrator(transaction).await?;
    Ok(row)
}

async fn keep_an_administrator(transaction: &Transaction) -> Result<()> {
    let left: Result<u64, DbErr> = repo::count_role(transaction, Role::Administrator).await;
    if left? > 0 {
        return Ok(());
    }
    let fault =
        FieldError::new("role", "This is the last active administrator. Make somebody else one first.");
    Err(ApiError::validation(vec![fault]))
}
