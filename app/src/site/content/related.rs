//! What relations lead to, as links.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use uuid::Uuid;

use super::fields;
use crate::{
    auth::{Actor, Permission},
    content::{ContentType, Entry, definition::Target, entries::Related},
    error::Result,
    ids::UserId,
    site::{Site, author_path, encode},
    themes::context::ContentLink,
};

/// What is looked for at once: databases take no more than so many values in a statement.
const CHUNK: usize = 1_000;

/// What the relations of an entry lead to, by the names of their fields.
pub(super) type Relations = HashMap<String, Vec<ContentLink>>;

impl Site {
    /// What the relations of entries lead to, in the order of the entries. What is looked for in the same place is
    /// looked for at once, for all of them; what readers may not see is left out.
    pub(super) async fn content_relations(
        &self,
        content_type: &Arc<ContentType>,
        entries: &[Entry],
    ) -> Result<Vec<Relations>> {
        let relations = |entry: &Entry| fields::relations(&content_type.definition, &entry.fields);
        let all: Vec<_> = entries.iter().map(relations).collect();
        let mut wanted: Vec<(&Target, Vec<Uuid>)> = Vec::new();
        for (_, target, ids) in all.iter().flatten() {
            match wanted.iter_mut().find(|(other, _)| other == target) {
                Some((_, others)) => others.extend(ids),
                None => wanted.push((*target, ids.clone())),
            }
        }
        let mut found = HashMap::with_capacity(wanted.len());
        for (target, mut ids) in wanted {
            ids.sort_unstable();
            ids.dedup();
            found.insert(target.name(), self.links_to(target, &ids).await?);
        }
        let mut answered = Vec::with_capacity(all.len());
        for relations in all {
            let mut links = Relations::with_capacity(relations.len());
            for (field, target, ids) in relations {
                let found = found.get(target.name());
                let shown = ids.iter().filter_map(|id| found?.get(id).cloned()).collect();
                links.insert(field.name.to_string(), shown);
            }
            answered.push(links);
        }
        Ok(answered)
    }

    async fn links_to(&self, target: &Target, ids: &[Uuid]) -> Result<HashMap<Uuid, ContentLink>> {
        let mut links = HashMap::with_capacity(ids.len());
        for ids in ids.chunks(CHUNK) {
            let found = self.entries.related(&Actor::Anonymous, target, ids).await?;
            let writers = match target {
                Target::User => self.writers(ids).await?,
                Target::Post | Target::Page | Target::Type(_) => HashSet::new(),
            };
            links.extend(found.into_iter().map(|(id, related)| (id, self.link_to(related, &writers))));
        }
        Ok(links)
    }

    /// Those of these users that have a page: readers who only have an account have none.
    async fn writers(&self, ids: &[Uuid]) -> Result<HashSet<UserId>> {
        let ids: Vec<UserId> = ids.iter().copied().map(UserId).collect();
        let users = self.users.find_many(&ids).await?.into_iter();
        Ok(users.filter(|user| user.role.grants(Permission::WritePosts)).map(|user| user.id).collect())
    }

    fn link_to(&self, related: Related, writers: &HashSet<UserId>) -> ContentLink {
        let (title, path) = match related {
            Related::Entry(related) => {
                let definition = &related.content_type.definition;
                let has_page = self.content_pages(&related.content_type).entries;
                let path = related.entry.path(definition).filter(|_| has_page);
                (fields::title(definition, &related.entry), path)
            }
            Related::Post(post) => {
                let path = post.path();
                (post.title, Some(path))
            }
            Related::User(user) => {
                let path = writers.contains(&user.id).then(|| author_path(&user.username));
                (user.display_name, path)
            }
        };
        ContentLink { title, url: path.map(|path| encode(&path).into_owned()) }
    }
}
