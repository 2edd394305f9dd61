//! The site's own settings: title, description, language. Kept in the database, read from a snapshot.

pub mod http;

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    auth::{Actor, Permission},
    database::Database,
    entities::settings,
    error::{ApiError, FieldError, Result},
};

/// Posts on one page of a list, unless the site says otherwise.
pub const POSTS_PER_PAGE: u64 = 10;

/// What a site says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteSettings {
    /// The name of the site.
    pub title: String,
    /// A sentence about it.
    pub description: String,
    /// The language of its content, as BCP 47 has it.
    pub language: String,
    /// Posts on one page of a list.
    pub posts_per_page: u64,
}

/// What to change of the settings; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettingsRequest {
    /// The name of the site; 1 to 120 characters.
    pub title: Option<String>,
    /// A sentence about it; at most 500 characters.
    pub description: Option<String>,
    /// The language of its content, such as `en` or `pt-BR`.
    pub language: Option<String>,
    /// Posts on one page of a list; 1 to 100.
    pub posts_per_page: Option<u64>,
}

impl UpdateSettingsRequest {
    /// The rows to write, or every fault.
    fn rows(&self) -> Result<Vec<(&'static str, String)>> {
        let mut rows = Vec::new();
        let mut faults = Vec::new();
        let is_line =
            |text: &str, longest| text.chars().count() <= longest && !text.chars().any(char::is_control);
        if let Some(title) = self.title.as_deref().map(str::trim) {
            if title.is_empty() || !is_line(title, 120) {
                faults.push(FieldError::new("title", "Must be one line of 1 to 120 characters."));
            }
            rows.push(("site.title", title.to_owned()));
        }
        if let Some(description) = self.description.as_deref().map(str::trim) {
            if !is_line(description, 500) {
                faults.push(FieldError::new("description", "Must be one line of at most 500 characters."));
            }
            rows.push(("site.description", description.to_owned()));
        }
        if let Some(language) = &self.language {
            let is_tag =
                |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
            if !language.split('-').all(is_tag) {
                faults.push(FieldError::new("language", "Must be a language tag such as `en` or `pt-BR`."));
            }
            rows.push(("site.language", language.clone()));
        }
        if let Some(number) = self.posts_per_page {
            if !(1..=100).contains(&number) {
                faults.push(FieldError::new("posts_per_page", "Must be 1 to 100."));
            }
            rows.push(("site.posts_per_page", number.to_string()));
        }
        if faults.is_empty() { Ok(rows) } else { Err(ApiError::validation(faults)) }
    }
}

impl Default for SiteSettings {
    fn default() -> Self {
        Self {
            title: "Fleuron".into(),
            description: "A new site, made with Fleuron".into(),
            language: "en".into(),
            posts_per_page: POSTS_PER_PAGE,
        }
    }
}

/// Settings. Cheap to clone.
#[derive(Clone)]
pub struct SettingsService {
    database: Database,
    snapshot: Arc<ArcSwapOption<(u64, Arc<SiteSettings>)>>,
}

impl SettingsService {
    /// Puts the service together.
    pub fn new(database: Database) -> Self {
        Self { database, snapshot: Arc::default() }
    }

    /// The settings as they stand.
    pub async fn site(&self) -> Result<Arc<SiteSettings>> {
        let generation = self.database.changes().names();
        if let Some(snapshot) = self.snapshot.load().as_deref()
            && snapshot.0 == generation
        {
            return Ok(Arc::clone(&snapshot.1));
        }
        let mut site = SiteSettings::default();
        for row in settings::Entity::find().all(self.database.reader()).await? {
            match row.key.as_str() {
                "site.title" => site.title = row.value,
                "site.description" => site.description = row.value,
                "site.language" => site.language = row.value,
                "site.posts_per_page" => site.posts_per_page = row.value.parse().unwrap_or(POSTS_PER_PAGE),
                _ => {}
            }
        }
        let site = Arc::new(site);
        self.snapshot.store(Some(Arc::new((generation, Arc::clone(&site)))));
        Ok(site)
    }

    /// Changes settings.
    pub async fn update(&self, actor: &Actor, request: UpdateSettingsRequest) -> Result<Arc<SiteSettings>> {
        actor.require(Permission::ManageSettings)?;
        let rows = request.rows()?;
        self.database
            .write(rows, |transaction, rows| {
                Box::pin(async move {
                    for (key, value) in rows {
                        put(transaction, key, value).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.database.changes().touch_names();
        self.site().await
    }

    /// One value by its key.
    pub async fn get(&self, key: &str) -> Result<Option<String>> {
        let row = settings::Entity::find_by_id(key.to_owned()).one(self.database.reader()).await?;
        Ok(row.map(|row| row.value))
    }

    /// Sets a value.
    pub async fn set(&self, key: &str, value: &str) -> Result<()> {
        self.database
            .write((key.to_owned(), value.to_owned()), |transaction, (key, value)| {
                Box::pin(async move { Ok(put(transaction, key, value).await?) })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(())
    }

    /// Forgets a value.
    pub async fn remove(&self, key: &str) -> Result<()> {
        self.database
            .write(key.to_owned(), |transaction, key| {
                Box::pin(async move {
                    settings::Entity::delete_by_id(key.clone()).exec(transaction).await?;
                    Ok(())
                })
            })
            .await?;
        self.database.changes().touch_names();
        Ok(())
    }
}

async fn put(database: &impl ConnectionTrait, key: &str, value: &str) -> Result<(), DbErr> {
    let row = settings::Model { key: key.to_owned(), value: value.to_owned() };
    let conflict =
        OnConflict::column(settings::Column::Key).update_column(settings::Column::Value).to_owned();
    settings::Entity::insert(settings::ActiveModel::from(row))
        .on_conflict(conflict)
        .exec_without_returning(database)
        .await
        .map(|_| ())
}
