//! Which content types the site has, for the connections that have tables of them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use fleuron_plugin_host::ports::DatabaseAccess;

use super::source::{failure, wait};
use crate::{
    content::{self, ContentType},
    database::Database,
};

/// The site's content types as they were when the site last told of a change. Shared by the databases of all plugins.
#[derive(Default)]
pub(in super::super) struct ContentTypes {
    cached: Mutex<Option<Cached>>,
}

#[derive(Clone, Default)]
struct Cached {
    /// Of [`crate::database::Changes::names`].
    generation: u64,
    types: Arc<content::ContentTypes>,
}

/// The types among those that a plugin was granted which the site has and serves, in the order of their names.
#[derive(Clone, Default)]
pub(in super::super) struct GrantedTypes(pub(super) Vec<Arc<ContentType>>);

impl GrantedTypes {
    /// Whether the same tables would be made of both.
    pub(in super::super) fn are_as(&self, others: &Self) -> bool {
        let made_of = |types: &Self| -> Vec<(i64, i64)> {
            types.0.iter().map(|content_type| (content_type.number, content_type.version)).collect()
        };
        made_of(self) == made_of(others)
    }
}

impl ContentTypes {
    /// The granted types as they stand. Blocks: for threads that may, within a runtime.
    pub(in super::super) fn granted(
        &self,
        access: &DatabaseAccess,
        site: &Database,
        until: Instant,
    ) -> rusqlite::Result<GrantedTypes> {
        if access.content.is_empty() {
            return Ok(GrantedTypes::default());
        }
        let types = self.current(site, until)?;
        let served = |name: &String| types.by_name(name).filter(|found| found.enabled).cloned();
        Ok(GrantedTypes(access.content.iter().filter_map(served).collect()))
    }

    fn current(&self, site: &Database, until: Instant) -> rusqlite::Result<Arc<content::ContentTypes>> {
        // Before the types are read: a change meanwhile makes them stale.
        let generation = site.changes().names();
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let known = match cached {
            Some(cached) if cached.generation == generation => return Ok(cached.types),
            cached => cached.unwrap_or_default().types,
        };
        let types = wait(until, Box::pin(known.refreshed(site.views())))?.map_err(|error| {
            tracing::error!(%error, "the content types cannot be read for a plugin");
            failure("the site's content types cannot be read now")
        })?;
        let cached = Cached { generation, types: Arc::clone(&types) };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        Ok(types)
    }
}
