//! The site's own settings: title, description, language. Kept in the database, read from a snapshot.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};

use crate::{database::Database, entities::settings, error::Result};

/// Posts on one page of a list, unless the site says otherwise.
pub const POSTS_PER_PAGE: u64 = 10;

/// What a site says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
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
