//! What every page has: the site around it, and how its title and address are made.

use super::Site;
use crate::{
    error::Result,
    themes::{
        GENERATOR,
        context::{FeedContext, Frame, PageContext, SiteContext},
    },
};

/// Where the site's Atom feed is.
pub(crate) const FEED: &str = "/feed.xml";

impl Site {
    /// The frame of the page at `path` (decoded, with a leading slash). An empty title becomes the site's own; any other
    /// gets it appended.
    pub(super) async fn frame(&self, path: &str, mut page: PageContext) -> Result<Frame> {
        let settings = self.settings.site().await?;
        page.title = match page.title.as_str() {
            "" => settings.title.clone(),
            title => format!("{title} · {}", settings.title),
        };
        Ok(Frame {
            navigation: self.navigation(path).await?,
            feed: FeedContext { title: settings.title.clone(), url: FEED.to_owned() },
            site: SiteContext {
                title: settings.title.clone(),
                description: settings.description.clone(),
                url: self.links.base().to_owned(),
                language: settings.language.clone(),
                generator: GENERATOR,
            },
            page,
        })
    }
}
