//! `get-post`: posts and pages, as JSON.

use fleuron_plugin_host::{
    PluginId,
    ports::{ContentPort, PortError},
};

use crate::{database::Database, posts};

pub(super) struct SiteContent {
    database: Database,
}

impl SiteContent {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait::async_trait]
impl ContentPort for SiteContent {
    async fn post(&self, plugin: &PluginId, slug: &str, drafts: bool) -> Result<Option<String>, PortError> {
        let post = posts::output(&self.database, slug, drafts).await.map_err(|error| {
            tracing::error!(%plugin, %error, "a plugin's get-post failed");
            PortError::new("the post cannot be read now")
        })?;
        post.map(|post| serde_json::to_string(&post).map_err(|error| PortError::new(error.to_string())))
            .transpose()
    }
}
