//! The pages that stand alone, as every page of the site links to them.

use std::sync::Arc;

use super::{Site, encode};
use crate::{error::Result, posts::PostKind, themes::context::NavigationItem};

/// More pages do not fit a navigation.
const SHOWN: u64 = 12;

/// The navigation at one moment.
pub(super) struct Navigation {
    generation: u64,
    items: Vec<Item>,
}

struct Item {
    title: String,
    path: String,
}

impl Site {
    /// The navigation as the page at `current` shows it.
    pub(super) async fn navigation(&self, current: &str) -> Result<Vec<NavigationItem>> {
        let navigation = self.current_navigation().await?;
        let item = |item: &Item| NavigationItem {
            title: item.title.clone(),
            url: encode(&item.path).into_owned(),
            current: item.path == current,
        };
        Ok(navigation.items.iter().map(item).collect())
    }

    async fn current_navigation(&self) -> Result<Arc<Navigation>> {
        let generation = self.posts.content_generation();
        if let Some(navigation) = self.caches.navigation.load_full()
            && navigation.generation == generation
        {
            return Ok(navigation);
        }
        let pages = self.posts.published_headings(Some(PostKind::Page), SHOWN).await?;
        let items = pages.into_iter().map(|page| Item { title: page.title, path: page.path }).collect();
        let navigation = Arc::new(Navigation { generation, items });
        self.caches.navigation.store(Some(Arc::clone(&navigation)));
        Ok(navigation)
    }
}
