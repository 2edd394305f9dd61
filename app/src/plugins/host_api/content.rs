//! `get-post`: published posts, as JSON.

use fleuron_plugin_host::{
    PluginId,
    ports::{ContentPort, PortError},
};

use crate::{database::Database, posts};

pub(super) struct PublishedContent {
    database: Database,
}

impl PublishedContent {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait::async_trait]
impl ContentPort for PublishedContent {
    async fn published_post(&self, _plugin: &PluginId, slug: &str) -> Result<Option<String>, PortError> {
        let post = posts::published_output(&self.database, slug)
            .await
            .map_err(|error| PortError::new(format!("the post cannot be read: {}", error.detail())))?;
        post.map(|post| serde_json::to_string(&post).map_err(|error| PortError::new(error.to_string())))
            .transpose()
    }
}
