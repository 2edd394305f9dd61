//! The first run: a welcome post, an about page, and a one-time link to make the first administrator.

use crate::{
    auth::{Actor, Role, keys, password::Password},
    database::Database,
    error::{ApiError, ErrorCode, Result},
    posts::{NewPost, PostFilter, PostKind, PostService, PostStatus},
    settings::SettingsService,
    users::{NewUser, User, UserService},
};

const TOKEN_SETTING: &str = "setup.token_hash";
const CREATED_SETTING: &str = "site.created";
/// Bytes of a set-up token.
const TOKEN_LENGTH: usize = 24;

/// The set-up of a new site. Cheap to clone.
#[derive(Clone)]
pub struct SetupService {
    settings: SettingsService,
    users: UserService,
    posts: PostService,
    database: Database,
}

impl SetupService {
    /// Puts the service together.
    pub fn new(
        database: Database,
        settings: SettingsService,
        users: UserService,
        posts: PostService,
    ) -> Self {
        Self { settings, users, posts, database }
    }

    /// Writes the first post and page, once in a site's life.
    pub async fn create_site(&self) -> Result<()> {
        if self.settings.get(CREATED_SETTING).await?.is_some() {
            return Ok(());
        }
        let empty = self.posts.count_published(PostFilter::default()).await? == 0;
        if empty {
            let welcome = include_str!("../assets/content/welcome.md");
            self.publish(PostKind::Post, "Welcome to Fleuron", welcome).await?;
            self.publish(PostKind::Page, "About", include_str!("../assets/content/about.md")).await?;
        }
        self.settings.set(CREATED_SETTING, "1").await
    }

    async fn publish(&self, kind: PostKind, title: &str, content: &str) -> Result<()> {
        let new = NewPost {
            status: Some(PostStatus::Published),
            comments_open: kind == PostKind::Post,
            ..NewPost::draft(kind, title, content)
        };
        self.posts.create(&Actor::System, new).await.map(|_| ())
    }

    /// A new token for the set-up page; the one before is void. `None` when somebody runs the site already.
    pub async fn open(&self) -> Result<Option<String>> {
        if !self.is_open().await? {
            return Ok(None);
        }
        let token = keys::random_token(TOKEN_LENGTH).map_err(ApiError::internal)?;
        self.settings.set(TOKEN_SETTING, &keys::token_hash(&token)).await?;
        Ok(Some(token))
    }

    /// Whether the site still waits for its first administrator.
    pub async fn is_open(&self) -> Result<bool> {
        Ok(!self.users.has_administrator().await?)
    }

    /// Whether this is the token of the link that was printed.
    pub async fn accepts(&self, token: &str) -> Result<bool> {
        if !self.is_open().await? {
            return Ok(false);
        }
        let stored = self.settings.get(TOKEN_SETTING).await?;
        Ok(stored.is_some_and(|stored| stored == keys::token_hash(token)))
    }

    /// Creates the first administrator and names the site. The token is void afterwards.
    pub async fn complete(
        &self,
        token: &str,
        site_title: &str,
        email: &str,
        username: &str,
        password: Password,
    ) -> Result<User> {
        if !self.accepts(token).await? {
            return Err(ApiError::new(ErrorCode::Forbidden, "This set-up link is not valid any more."));
        }
        let new = NewUser::parse(email, username, "", Role::Administrator, password);
        let title = site_title.trim();
        let title_fault = (title.is_empty()
            || title.chars().count() > 120
            || title.chars().any(char::is_control))
        .then(|| crate::error::FieldError::new("site_title", "Must be one line of 1 to 120 characters."));
        let new = match (new, title_fault) {
            (Ok(new), None) => new,
            (Ok(_), Some(fault)) => return Err(ApiError::validation(vec![fault])),
            (Err(mut faults), fault) => {
                faults.extend(fault);
                return Err(ApiError::validation(faults));
            }
        };
        let user = self.users.create_first_administrator(new).await?;
        self.settings.set("site.title", title).await?;
        self.adopted(&user).await?;
        Ok(user)
    }

    /// After the first administrator was made: the first posts are theirs, the set-up link is void.
    pub async fn adopted(&self, user: &User) -> Result<()> {
        self.posts.adopt_orphans(user.id).await?;
        self.settings.remove(TOKEN_SETTING).await?;
        self.database.changes().touch_names();
        Ok(())
    }
}
